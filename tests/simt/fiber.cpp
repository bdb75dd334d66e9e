#include "fiber.h"

#include <pthread.h>
#include <sys/mman.h>

#include <cstdint>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(SEGUE_SIMT_ASAN)
#define SEGUE_ANNOTATE 1
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if !defined(__x86_64__)
#error "fibers are written for x86-64 only"
#endif

// void segue_simt_switch(void** save, void* restore): pushes the registers that a callee keeps, changes stacks, pops.
extern "C" void segue_simt_switch(void** save, void* restore);
extern "C" void segue_simt_fiber_start();
asm(R"(
.text
.globl segue_simt_switch
.type segue_simt_switch,@function
segue_simt_switch:
  .cfi_startproc
  pushq %rbp
  .cfi_adjust_cfa_offset 8
  pushq %rbx
  .cfi_adjust_cfa_offset 8
  pushq %r12
  .cfi_adjust_cfa_offset 8
  pushq %r13
  .cfi_adjust_cfa_offset 8
  pushq %r14
  .cfi_adjust_cfa_offset 8
  pushq %r15
  .cfi_adjust_cfa_offset 8
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  .cfi_adjust_cfa_offset -8
  popq %r14
  .cfi_adjust_cfa_offset -8
  popq %r13
  .cfi_adjust_cfa_offset -8
  popq %r12
  .cfi_adjust_cfa_offset -8
  popq %rbx
  .cfi_adjust_cfa_offset -8
  popq %rbp
  .cfi_adjust_cfa_offset -8
  ret
  .cfi_endproc
.size segue_simt_switch,.-segue_simt_switch
.globl segue_simt_fiber_start
.type segue_simt_fiber_start,@function
segue_simt_fiber_start:
  .cfi_startproc
  .cfi_undefined %rip
  xorl %ebp,%ebp
  call segue_simt_fiber_main
  ud2
  .cfi_endproc
.size segue_simt_fiber_start,.-segue_simt_fiber_start
)");

namespace segue::simt {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kStack = 256 * 1024;  // pages appear when touched; sanitizers need the room
constexpr int kSavedRegisters = 6;

}  // namespace

FiberPool::FiberPool(size_t capacity) : capacity_(capacity) {
  void* p = mmap(nullptr, capacity * (kStack + kPage), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  memory_ = static_cast<char*>(p);
}

FiberPool::~FiberPool() { munmap(memory_, capacity_ * (kStack + kPage)); }

void FiberPool::prepare(Fiber& fiber) {
  void** top = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(fiber.high) & ~uintptr_t(15));
  *--top = nullptr;  // ends the call chain for a debugger, and aligns
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(&segue_simt_fiber_start);
  for (int i = 0; i < kSavedRegisters; ++i) *--top = nullptr;
  fiber.stack_pointer = top;
  fiber.fake_stack = nullptr;
#if SEGUE_ANNOTATE
  __asan_unpoison_memory_region(fiber.low, size_t(fiber.high - fiber.low));
#endif
}

Fiber* FiberPool::take() {
  if (free_.empty()) {
    const size_t i = all_.size();
    char* low = memory_ + i * (kStack + kPage) + kPage;
    if (i >= capacity_ || mprotect(low, kStack, PROT_READ | PROT_WRITE) != 0) throw std::bad_alloc();
    auto fiber = std::make_unique<Fiber>();
    fiber->low = low;
    fiber->high = low + kStack - (i % 32) * 128;  // else all stack tops compete for the same cache sets
    prepare(*fiber);
    all_.push_back(std::move(fiber));
    return all_.back().get();
  }
  Fiber* fiber = free_.back();
  free_.pop_back();
  return fiber;
}

void FiberPool::reset() {
  free_.clear();
  for (auto& fiber : all_) {
    prepare(*fiber);
    free_.push_back(fiber.get());
  }
}

bool FiberPool::contains(const void* p) const {
  return size_t(static_cast<const char*>(p) - memory_) < capacity_ * (kStack + kPage);
}

Fiber host_fiber() {
  Fiber f;
  pthread_attr_t attributes;
  void* low = nullptr;
  size_t size = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  f.low = static_cast<char*>(low);
  f.high = f.low + size;
  return f;
}

void switch_fiber(Fiber& from, Fiber& to) {
#if SEGUE_ANNOTATE
  __sanitizer_start_switch_fiber(&from.fake_stack, to.low, size_t(to.high - to.low));
#endif
  segue_simt_switch(&from.stack_pointer, to.stack_pointer);
#if SEGUE_ANNOTATE
  __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
}

void fiber_entered() {
#if SEGUE_ANNOTATE
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

}  // namespace segue::simt
