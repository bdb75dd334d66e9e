// Every case of every CUDA kernel, run on the CPU by the executor: against the float64 reference, guard zones, same
// bits under every schedule. In the sanitizer builds the guard zones are poisoned, so that reading them is found too.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "simt.h"
#include "tests/check_case.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace segue {
namespace {

/// Makes the guard zones of all operands unreadable while it lives.
class PoisonedGuards {
 public:
  explicit PoisonedGuards(cases::Io& io) {
    for (auto* buffers : {&io.in, &io.out})
      for (cases::Buffer& b : *buffers) views_.push_back(b.view());
    for (const View& v : views_) zones(v, true);
  }
  ~PoisonedGuards() {
    for (const View& v : views_) zones(v, false);
  }
  PoisonedGuards(const PoisonedGuards&) = delete;
  PoisonedGuards& operator=(const PoisonedGuards&) = delete;

 private:
  static void zones([[maybe_unused]] const View& v, [[maybe_unused]] bool poison) {
#if defined(__SANITIZE_ADDRESS__)
    char* data = static_cast<char*>(v.data);
    for (char* zone : {data - cases::Buffer::kGuardBytes, data + v.bytes()})
      poison ? __asan_poison_memory_region(zone, cases::Buffer::kGuardBytes)
             : __asan_unpoison_memory_region(zone, cases::Buffer::kGuardBytes);
#endif
  }
  std::vector<View> views_;
};

void launch_case(const cases::Case& k, cases::Io& io) {
  testing::HostScratch scratch;
  const CudaExec exec{nullptr, &scratch};
  const PoisonedGuards guards(io);
  k.cuda(exec, io);
}

class SimtCase : public ::testing::TestWithParam<const cases::Case*> {};

TEST_P(SimtCase, EqualsReferenceUnderEverySchedule) {
  const cases::Case& k = *GetParam();
  testing::check_case(k, [&](cases::Io& io) { launch_case(k, io); });
  std::vector<std::vector<std::byte>> first;
  simt::for_each_schedule([&](const char* schedule) {
    cases::Io io = k.make();
    launch_case(k, io);
    std::vector<std::vector<std::byte>> bits;
    for (const cases::Buffer& b : io.out) bits.push_back(b.payload());
    if (first.empty()) first = bits;
    EXPECT_TRUE(bits == first) << k.op << " " << k.name << ": other bits under the " << schedule << " schedule";
  });
}

std::vector<const cases::Case*> cuda_cases() {
  std::vector<const cases::Case*> selected;
  for (const cases::Case& k : cases::registry().cases)
    if (k.cuda && !k.bench_only) selected.push_back(&k);
  return selected;
}

INSTANTIATE_TEST_SUITE_P(Simt, SimtCase, ::testing::ValuesIn(cuda_cases()), testing::case_test_name);

// What a kernel would write into the padding lanes of a slice are values of others: a launcher that does not know slices
// refuses them, in every operand.
TEST(SimtCases, SlicesAreRefused) {
  // These take slices; what they refuse is in their cases and in refusals_test.cpp.
  const std::set<std::string> take = {"batch_norm_train",
                                      "batch_norm_infer",
                                      "batch_norm_grad",
                                      "batch_norm_infer_grad",
                                      "instance_norm",
                                      "instance_norm_grad",
                                      "concat",
                                      "concat_grad",
                                      "copy",
                                      "resize_bilinear",
                                      "resize_bilinear_grad",
                                      "to_phases",
                                      "from_phases"};
  std::set<std::string> refused;
  for (const cases::Case* k : cuda_cases()) {
    if (take.count(k->op)) continue;
    const cases::Io operands = k->make();
    for (size_t i = 0; i < operands.in.size() + operands.out.size(); ++i) {
      cases::Io io = operands;
      cases::Buffer& b = i < io.in.size() ? io.in[i] : io.out[i - io.in.size()];
      if (!b.has_padding()) continue;
      b.make_slice();
      testing::HostScratch scratch;
      EXPECT_THROW(k->cuda({nullptr, &scratch}, io), Error) << k->op << " " << k->name << ", operand " << i;
      refused.insert(k->op);
    }
  }
  EXPECT_FALSE(refused.empty());
}

// Every launcher that has a CUDA overload is run: read from the headers, as the contracts are.
TEST(SimtCases, EveryCudaLauncherHasCases) {
  std::set<std::string> cased;
  for (const cases::Case* k : cuda_cases()) cased.insert(k->op);
  std::istringstream ops(SEGUE_CUDA_OPS);
  const std::string arguments = "(const CudaExec&";
  for (std::string op; ops >> op;) {
    std::ifstream file(SEGUE_SOURCE_DIR "/kernels/" + op + ".h");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    for (size_t end = text.find(arguments); end != text.npos; end = text.find(arguments, end + 1)) {
      const size_t begin = text.find_last_of(" \n", end) + 1;
      const std::string launcher = text.substr(begin, end - begin);
      EXPECT_TRUE(cased.count(launcher)) << op << ".h: " << launcher << " has a CUDA overload but no CUDA case";
    }
  }
}

}  // namespace
}  // namespace segue
