#include "checked.h"

#include <algorithm>
#include <cmath>

#include "tests/tolerance.h"

namespace segue::bench {

bool correct(const cases::Case& k, const Launch& launch) {
  cases::Io io = k.make();
  const cases::Io initial = k.make();
  launch(k, io);
  const std::vector<cases::Array> want = k.reference(initial);
  for (size_t i = 0; i < want.size(); ++i) {
    if (want[i].count() == 0) continue;
    const auto pick = [i](const std::vector<int64_t>& v) { return v.size() == 1 ? v[0] : v.at(i); };
    const testing::Tolerance tolerance(io.out[i].dtype(), pick(k.longest_sum), DType::f32, k.partial);
    const cases::Array got = io.out[i].array();
    const int64_t group = pick(k.rms_group) > 0 ? pick(k.rms_group) : want[i].count();
    for (int64_t begin = 0; begin < want[i].count(); begin += group) {
      const int64_t end = std::min(begin + group, want[i].count());
      const double scale = testing::rms({want[i].v.begin() + begin, want[i].v.begin() + end});
      for (int64_t j = begin; j < end; ++j)
        if (std::isfinite(want[i][j]) &&
            !(std::abs(got[j] - want[i][j]) <= k.widen * tolerance.allowed(want[i][j], scale)))
          return false;
    }
  }
  return true;
}

bool Checked::operator()(const cases::Case& k) {
  if (!k.bench_only) return correct(k, launch_);
  auto [it, fresh] = by_op_.emplace(k.op, true);
  if (fresh)
    for (const cases::Case& twin : cases::registry().cases)
      if (twin.op == k.op && runs_(twin) && !twin.bench_only) it->second = it->second && correct(twin, launch_);
  return it->second;
}

}  // namespace segue::bench
