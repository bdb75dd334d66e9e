#include "check_case.h"

#include <cctype>
#include <cstdlib>

namespace segue::testing {

void* HostScratch::get(size_t bytes) {
  std::free(block_);
  // posix_memalign, not a rounded size: the redzone lies directly behind the last byte asked for.
  if (posix_memalign(&block_, 256, bytes ? bytes : 1) != 0) throw std::bad_alloc();
  std::memset(block_, 0xff, bytes);
  return block_;
}

HostScratch::~HostScratch() { std::free(block_); }

double expect_close(const cases::Array& got, const cases::Array& want, const Tolerance& tolerance, int64_t rms_group,
                    const std::string& what, double widen) {
  EXPECT_EQ(got.shape, want.shape) << what;
  if (got.count() != want.count()) return 0;
  const int64_t group = rms_group > 0 ? rms_group : std::max<int64_t>(want.count(), 1);
  double worst = 0;
  int64_t where = -1;
  for (int64_t begin = 0; begin < want.count(); begin += group) {
    const int64_t end = std::min(begin + group, want.count());
    const double scale = rms({want.v.begin() + begin, want.v.begin() + end});
    for (int64_t i = begin; i < end; ++i) {
      double ratio;
      if (!std::isfinite(want[i]) || !std::isfinite(got[i])) {
        const bool same = std::isnan(want[i]) ? std::isnan(got[i]) : want[i] == got[i];
        ratio = same ? 0 : HUGE_VAL;
      } else {
        const double error = std::abs(got[i] - want[i]);
        const double allowed = widen * tolerance.allowed(want[i], scale);
        ratio = error == 0 ? 0 : allowed > 0 ? error / allowed : HUGE_VAL;
      }
      if (ratio > worst) {
        worst = ratio;
        where = i;
      }
    }
  }
  if (where >= 0) {
    EXPECT_LE(worst, 1.0) << what << ": error / allowed = " << worst << " at element " << where << " of " << got.shape
                          << ": got " << got[where] << ", want " << want[where];
  }
  return worst;
}

void check_case(const cases::Case& k, const std::function<void(cases::Io&)>& launch) {
  using cases::Io;
  Io io = k.make();
  std::vector<cases::Buffer> in_before, out_before;
  for (const auto& b : io.in) in_before.push_back(cases::clone(b));
  for (const auto& b : io.out) out_before.push_back(cases::clone(b));
  Io initial{in_before, out_before};
  launch(io);

  const std::vector<cases::Array> want = k.reference(initial);
  ASSERT_EQ(want.size(), io.out.size()) << k.op << ": the reference must give one array for each output";
  double worst = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    const std::string what = k.op + " " + k.name + " output " + std::to_string(i);
    EXPECT_TRUE(io.out[i].guards_intact()) << what << ": written outside its memory";
    EXPECT_TRUE(io.out[i].padding_is_zero()) << what << ": a padding lane is not zero";
    if (want[i].count() == 0) continue;
    const auto pick = [i](const std::vector<int64_t>& v) { return v.size() == 1 ? v[0] : v.at(i); };
    const Tolerance tolerance(io.out[i].dtype(), pick(k.longest_sum), DType::f32, k.partial);
    worst = std::max(worst, expect_close(io.out[i].array(), want[i], tolerance, pick(k.rms_group), what, k.widen));
  }
  if (k.widen != 1) {
    ASSERT_NE(k.widen_reason, nullptr) << k.op << " " << k.name << " widens its bound without a reason";
  }
  for (size_t i = 0; i < io.in.size(); ++i) {
    EXPECT_TRUE(io.in[i].guards_intact()) << k.op << " input " << i << ": written outside its memory";
    EXPECT_EQ(io.in[i].payload(), in_before[i].payload()) << k.op << " input " << i << " was changed";
  }

  Io again = k.make();
  launch(again);
  for (size_t i = 0; i < io.out.size(); ++i)
    EXPECT_EQ(io.out[i].payload(), again.out[i].payload()) << k.op << " " << k.name << ": other bits the second time";
  ::testing::Test::RecordProperty("error_over_allowed", std::to_string(worst));
}

std::string identifier(const std::string& text) {
  std::string s;
  for (char c : text) s += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return s;
}

std::string case_test_name(const ::testing::TestParamInfo<const cases::Case*>& info) {
  return identifier(info.param->op + "_" + info.param->name);
}

}  // namespace segue::testing
