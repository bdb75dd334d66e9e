// Every case of every CUDA kernel on a device: against the float64 reference, guard zones, same bits twice, and the same
// bits from a replayed graph.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "device.h"
#include "tests/check_case.h"

namespace segue {
namespace {

class GpuCase : public ::testing::TestWithParam<const cases::Case*> {
 protected:
  static void SetUpTestSuite() { reason_ = testing::no_device_reason(); }
  static void TearDownTestSuite() { device_.reset(); }

  void SetUp() override {
    if (!reason_.empty()) {
      const char* required = std::getenv("SEGUE_REQUIRE_GPU");
      if (required && std::string(required) == "1") FAIL() << "SEGUE_REQUIRE_GPU=1, but " << reason_;
      GTEST_SKIP() << reason_;
    }
    ASSERT_TRUE(lost_.empty()) << "the device was lost in " << lost_;
    if (!device_) device_.emplace();
  }

  const cases::Case& the_case() const { return *GetParam(); }

  /// Runs `body` with the device; what it throws is a failure of this case, and of those that follow if it came from
  /// the device.
  template <class F>
  void with_device(F&& body) {
    try {
      body(*device_);
    } catch (const Error& e) {
      if (e.fault() == Fault::device) lost_ = the_case().op + " " + the_case().name;
      ADD_FAILURE() << e.what();
    }
  }

  testing::Device::Call call(cases::Io& io) const {
    return [&](const CudaExec& exec) { the_case().cuda(exec, io); };
  }

 private:
  static inline std::string reason_, lost_;
  static inline std::optional<testing::Device> device_;
};

TEST_P(GpuCase, EqualsReference) {
  with_device([&](testing::Device& device) {
    testing::check_case(the_case(), [&](cases::Io& io) {
      device.upload(io);
      device.run(call(io));
      device.download(io);
      EXPECT_TRUE(device.scratch_intact()) << "written behind its scratch";
    });
  });
}

TEST_P(GpuCase, SameBitsFromAGraph) {
  with_device([&](testing::Device& device) {
    cases::Io eager = the_case().make();
    device.upload(eager);
    device.run(call(eager));
    device.download(eager);
    for (int replay = 0; replay < 2; ++replay) {
      cases::Io io = the_case().make();
      device.upload(io);
      if (replay == 0) device.record(call(io));
      device.replay();
      device.download(io);
      for (size_t i = 0; i < io.out.size(); ++i)
        EXPECT_EQ(io.out[i].payload(), eager.out[i].payload()) << "output " << i << ", replay " << replay;
    }
  });
}

std::vector<const cases::Case*> cuda_cases() {
  std::vector<const cases::Case*> selected;
  for (const cases::Case& k : cases::registry().cases)
    if (k.cuda && !k.bench_only) selected.push_back(&k);
  return selected;
}

/// "reduce__sum_3x5": the case file first, by which CTest runs them.
std::string name_of_case(const ::testing::TestParamInfo<const cases::Case*>& info) {
  return info.param->file + "__" + testing::case_test_name(info);
}

INSTANTIATE_TEST_SUITE_P(Gpu, GpuCase, ::testing::ValuesIn(cuda_cases()), name_of_case);

}  // namespace
}  // namespace segue
