// Scheduler: launches, blocks, threads, barriers. A thread gets a fiber only when its turn comes, and a fiber whose
// thread has ended takes up the next fresh one, so kernels without barriers run as plain calls.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "machine.h"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace segue::simt {
namespace {

Machine* the_machine = nullptr;

uint64_t next_random() {
  uint64_t& x = machine().random;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return x;
}

Thread* pick() {
  Machine& m = machine();
  if (m.ready.empty()) return nullptr;
  // A random schedule is more than a random order of arrival: now and then a late comer goes first.
  if (options().order == Order::random && next_random() % 4 == 0)
    std::swap(m.ready.back(), m.ready[next_random() % m.ready.size()]);
  Thread* t = &m.thread[m.ready.back()];
  m.ready.pop_back();
  return t;
}

void make_current(Thread* t) {
  machine().current = t;
  t->state = State::running;
  threadIdx = t->index;
}

void switch_to(Fiber* to) {
  Machine& m = machine();
  Fiber* from = m.fiber;
  m.fiber = to;
  ++m.stats.switches;
  switch_fiber(*from, *to);
}

/// Lets everybody at the barrier go if nobody is missing. Sets `failed` on a barrier that CUDA leaves undefined.
void release_barrier() {
  Machine& m = machine();
  if (m.at_barrier == 0 || m.at_barrier != m.alive) return;
  uint16_t waiting[kMaxThreads];
  int count = 0;
  const Thread *first = nullptr, *gone = nullptr;
  for (int i = 0; i < m.threads; ++i) {
    const Thread& t = m.thread[size_t(i)];
    if (t.state == State::done && !gone) gone = &t;
    if (t.state != State::at_barrier) continue;
    if (!first) first = &t;
    if (t.site.line != first->site.line || t.site.file != first->site.file) {
      m.error = "divergent barrier: " + name_of(*first) + " is at " + name_of(first->site) + ", " + name_of(t) +
                " at " + name_of(t.site);
      m.failed = true;
      return;
    }
    waiting[count++] = uint16_t(i);
  }
  if (gone) {
    m.error = "barrier at " + name_of(first->site) + " is reached by " + std::to_string(count) + " threads, but " +
              std::to_string(m.exited) + " have exited, e.g. " + name_of(*gone);
    m.failed = true;
    return;
  }
  m.at_barrier = 0;
  m.spins = 0;
  m.vote_result = m.vote_value;
  m.vote = Vote::none;
  ++m.stats.barriers;
  race_barrier();
  make_ready(waiting, count);
}

void thread_ended() {
  Machine& m = machine();
  Thread& t = *m.current;
  t.state = State::done;
  t.fiber = nullptr;
  ++m.exited;
  --m.alive;
  m.spins = 0;
  m.warp[t.warp].exited |= 1u << t.lane;
  warp_lane_exited(t.warp);
  if (!m.failed) release_barrier();
}

void run_block(uint3 index, size_t smem) {
  Machine& m = machine();
  blockIdx = index;
  m.shared.begin_block(smem);
  race_block_begins(index);
  m.alive = m.threads;
  m.exited = m.at_barrier = 0;
  m.spins = 0;
  m.vote = Vote::none;
  m.failed = false;
  m.ready.clear();
  for (int w = 0; w * 32 < m.threads; ++w) {
    const int lanes = std::min(32, m.threads - w * 32);
    m.warp[size_t(w)] = {.exists = lanes == 32 ? ~0u : (1u << lanes) - 1};
  }
  uint16_t all[kMaxThreads];
  std::iota(all, all + m.threads, uint16_t(0));
  make_ready(all, m.threads);
  for (int i = 0; i < m.threads; ++i) {
    m.thread[size_t(i)].fiber = nullptr;
    m.thread[size_t(i)].state = State::fresh;
  }
  Thread* first = pick();
  first->fiber = m.fibers.take();
  make_current(first);
  m.fiber = &m.host;
  switch_to(first->fiber);
  m.current = nullptr;
  ++m.stats.blocks;
  m.stats.threads += uint64_t(m.threads);
  if (!m.failed && m.alive > 0) m.error = deadlock_report();
  if (m.failed || m.alive > 0) {
    m.failed = true;
    m.fibers.reset();
  } else if (m.error = m.shared.check(); !m.error.empty()) {
    m.failed = true;
  }
}

/// The k-th block to run: a permutation of all blocks that depends on the schedule.
struct BlockOrder {
  uint64_t blocks, step = 1, offset = 0;

  explicit BlockOrder(uint64_t n) : blocks(n) {
    if (options().order != Order::random || n < 3) return;
    offset = next_random() % n;
    do step = next_random() % n;
    while (std::gcd(step, n) != 1);
  }
  uint64_t operator()(uint64_t k) const {
    return options().order == Order::descending ? blocks - 1 - k : (offset + k * step) % blocks;
  }
};

}  // namespace

Machine& machine() {
  if (!the_machine) {
    static Machine m;  // on the first stack that launches: that of the tests
    m.host = host_fiber();
    m.ready.reserve(kMaxThreads);
    the_machine = &m;
  }
  return *the_machine;
}
bool in_kernel() { return the_machine && the_machine->current; }
Options& options() {
  static Options o;
  return o;
}
const Stats& stats() { return machine().stats; }

void make_ready(const uint16_t* threads, int count) {
  std::vector<uint16_t>& ready = machine().ready;
  const size_t begin = ready.size();
  ready.insert(ready.end(), threads, threads + count);
  if (options().order == Order::ascending) std::reverse(ready.begin() + ptrdiff_t(begin), ready.end());
  if (options().order == Order::random)
    for (size_t i = ready.size() - 1; i > begin; --i)
      std::swap(ready[i], ready[begin + next_random() % (i - begin + 1)]);
  for (int i = 0; i < count; ++i) machine().thread[threads[i]].state = State::ready;
}

void block_current() {
  Machine& m = machine();
  Thread* me = m.current;
  Thread* next = pick();
  if (next == me) return make_current(me);
  if (!next) return switch_to(&m.host);  // nobody can run; the host reports the deadlock
  if (!next->fiber) next->fiber = m.fibers.take();
  make_current(next);
  switch_to(next->fiber);
}

void kernel_error(const std::string& message, Site site) {
  abandon(message + " at " + name_of(site) + "\n  in " + name_of(*machine().current));
}

void abandon(std::string error) {
  machine().error = std::move(error);
  machine().failed = true;
  throw Abandoned{};
}

int barrier(Vote vote, int predicate, Site site) {
  Machine& m = machine();
  Thread& t = *m.current;
  if (m.at_barrier == 0) {
    m.vote = vote;
    m.vote_value = vote == Vote::all ? 1 : 0;
  }
  if (m.vote != vote) kernel_error("barriers of two kinds meet", site);
  const int p = predicate != 0;
  m.vote_value = vote == Vote::count ? m.vote_value + p : vote == Vote::all ? m.vote_value & p : m.vote_value | p;
  t.state = State::at_barrier;
  t.site = site;
  ++m.at_barrier;
  release_barrier();
  if (m.failed) throw Abandoned{};
  block_current();
  return m.vote_result;  // stays until everybody has come to the next barrier
}

void yield(Site site) {
  Machine& m = machine();
  Thread& t = *m.current;
  if (m.ready.empty() || ++m.spins > options().max_spins)
    kernel_error("livelock: a thread polls and no other can change what it polls for", site);
  t.state = State::ready;
  m.ready.insert(m.ready.begin(), t.linear);
  block_current();
}

void resume(Fiber* fiber) { switch_to(fiber); }
void leave_for_host() { switch_to(&machine().host); }

void fence(bool device_wide) { race_fence(device_wide); }

void run(const Launch& launch, void (*kernel)(void*), void* argument) {
  Machine& m = machine();
  const auto refuse = [&](const std::string& why) { throw Error(std::string(launch.name) + ": " + why); };
  const dim3 &g = launch.grid, &b = launch.block;
  const uint64_t threads = uint64_t(b.x) * b.y * b.z, blocks = uint64_t(g.x) * g.y * g.z;
  if (m.kernel) refuse("a launch within a launch");
  if (threads == 0 || threads > kMaxThreads || b.z > 64) refuse("expects blocks of 1 to 1024 threads, z at most 64");
  if (blocks == 0 || g.x > 0x7fffffffu || g.y > 65535 || g.z > 65535)
    refuse("expects a grid within 2^31-1 x 65535 x 65535");
  if (launch.smem > options().max_shared_bytes) refuse("expects less dynamic shared memory");

  struct Reset {
    Machine& m;
    ~Reset() {
      m.kernel = nullptr;
      m.current = nullptr;
    }
  } reset{m};
  m.kernel = kernel;
  m.name = launch.name;
  m.argument = argument;
  if (launch.smem > 0) m.stats.dynamic_shared_bytes = launch.smem;
  m.threads = int(threads);
  m.random = options().seed * 0x9e3779b97f4a7c15ull | 1;
  blockDim = b;
  gridDim = g;
  for (uint16_t i = 0; i < threads; ++i) {
    Thread& t = m.thread[i];
    t.index = {i % b.x, i / b.x % b.y, i / (b.x * b.y)};
    t.linear = i;
    t.warp = uint8_t(i / 32);
    t.lane = uint8_t(i % 32);
  }
  ++m.stats.launches;
  race_launch_begins();
  const BlockOrder order(blocks);
  for (uint64_t k = 0; k < blocks; ++k) {
    const uint64_t i = order(k);
    run_block({unsigned(i % g.x), unsigned(i / g.x % g.y), unsigned(i / (uint64_t(g.x) * g.y))}, launch.smem);
    if (m.failed) refuse(m.error);
  }
  if (const std::string races = race_report(); !races.empty()) refuse(races);
}

}  // namespace segue::simt

using namespace segue::simt;

extern "C" __attribute__((used)) void segue_simt_fiber_main() {
  fiber_entered();
  Machine& m = machine();
  for (;;) {
    Fiber* mine = m.fiber;
    try {
      m.kernel(m.argument);
      thread_ended();
    } catch (const Abandoned&) {  // the error is in the machine
    }
    Thread* next = m.failed ? nullptr : pick();
    if (next) {
      make_current(next);
      if (!next->fiber) {
        next->fiber = mine;
        continue;
      }
    }
    m.fibers.give(mine);
    next ? resume(next->fiber) : leave_for_host();
  }
}

// assert() in a kernel is an error of the launch that names the thread. It may not throw, so its stack is left as it
// is.
extern "C" void __assert_fail(const char* expression, const char* file, unsigned line, const char* function) noexcept {
  if (!in_kernel()) {
    std::fprintf(stderr, "%s:%u: %s: assertion failed: %s\n", file, line, function, expression);
    std::abort();
  }
  Machine& m = machine();
  m.error =
      std::string("assert(") + expression + ") at " + name_of(Site{file, int(line)}) + "\n  in " + name_of(*m.current);
  m.failed = true;
  leave_for_host();
  std::abort();
}
