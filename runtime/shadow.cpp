#include "shadow.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/philox.h"
#include "memory.h"
#include "shown.h"

namespace segue {
namespace {

constexpr size_t kAlignBytes = 64;

bool is_float(DType t) { return t == DType::f32 || t == DType::bf16 || t == DType::f16; }

double eps_of(DType t) {
  switch (t) {
    case DType::bf16: return 0x1p-7;
    case DType::f16: return 0x1p-10;
    default: return 0x1p-23;
  }
}
constexpr double kTf32Eps = 0x1p-10, kLeastF16 = 0x1p-24, kMostF16 = 65504;

std::byte* aligned(std::vector<std::byte>& memory, size_t bytes) {
  memory.resize(bytes + kAlignBytes);
  const auto at = reinterpret_cast<uintptr_t>(memory.data());
  return memory.data() + (kAlignBytes - at % kAlignBytes) % kAlignBytes;
}

double rms_of(const std::vector<float>& v) {
  double sum = 0;
  for (float x : v)
    if (std::isfinite(x)) sum += double(x) * x;
  return std::sqrt(sum / double(std::max<size_t>(v.size(), 1)));
}

/// |b - a|, 0 where that is no number.
std::vector<double> differences(const std::vector<float>& a, const std::vector<float>& b) {
  std::vector<double> d(a.size());
  for (size_t i = 0; i < a.size(); ++i) {
    d[i] = std::abs(double(b[i]) - double(a[i]));
    if (!std::isfinite(d[i])) d[i] = 0;
  }
  return d;
}

/// What nine values in ten do not exceed.
double ninth_decile(std::vector<double> v) {
  if (v.empty()) return 0;
  const auto at = v.begin() + std::ptrdiff_t(v.size() * 9 / 10);
  std::nth_element(v.begin(), at, v.end());
  return *at;
}

/// Both the same value, or both no number.
bool same(float a, float b) { return a == b || (std::isnan(a) && std::isnan(b)); }

}  // namespace

void* Shadow::HostScratch::get(size_t bytes) { return aligned(memory, bytes); }

const Shadow::Copy& Shadow::copy_of(const View& v) {
  copies_.emplace_back();
  Copy& c = copies_.back();
  if (!v) return c;
  largest_ = std::max(largest_, v.count());
  if (is_float(v.dtype)) {
    if (v.dtype != DType::f32) narrow_eps_ = std::max(narrow_eps_, eps_of(v.dtype));
    std::vector<float> values = host_values(v);
    if (copies_kind_ == Copies::shaken)
      for (size_t i = 0; i < values.size(); ++i)
        values[i] += values[i] * float(eps_of(DType::f32)) * (2 * random_uniform({copies_.size(), 0}, 0, i) - 1);
    c.view = View(aligned(c.memory, values.size() * sizeof(float)), v.shape, DType::f32);
    std::copy(values.begin(), values.end(), static_cast<float*>(c.view.data));
  } else {
    check_dense(v, kernel_, "an operand of integers or f64", v.dtype);
    c.view = View(aligned(c.memory, size_t(v.bytes())), v.shape, v.dtype);
    copy_memory(c.view.data, v.data, size_t(v.bytes()));
  }
  return c;
}

View Shadow::twin(const Out& o) {
  const View host = twin(o.view);
  if (o.view) written_.push_back({o.view, host});
  return host;
}

std::vector<View> Shadow::twin(const std::vector<View>& views) {
  std::vector<View> twins;
  for (const View& v : views) twins.push_back(twin(v));
  return twins;
}

void Shadow::compare(const Shadow& shaken, ShadowReport& report) const {
  ++report.calls;
  const auto note = [&](double ratio, auto&&... words) {
    if (ratio <= report.worst) return;
    report.worst = ratio;
    report.where = cat(words...);
  };
  for (size_t o = 0; o < written_.size(); ++o) {
    const View &device = written_[o].device, &host = written_[o].host;
    if (!is_float(device.dtype)) {
      std::vector<std::byte> got(size_t(device.bytes()));
      copy_memory(got.data(), device.data, got.size());
      const size_t size = size_t(size_of(device.dtype));
      const auto* want = static_cast<const std::byte*>(host.data);
      int64_t wrong = 0;
      for (size_t at = 0; at < got.size(); at += size)
        wrong += !std::equal(got.begin() + std::ptrdiff_t(at), got.begin() + std::ptrdiff_t(at + size), want + at);
      // What wider integers count are decisions about all elements of the largest operand, each of them in two places.
      const double allowed =
          size == 1 ? std::max(1.0, double(device.count()) / 1000) : 2 * std::max(1.0, double(largest_) / 1000);
      if (wrong)
        note(double(wrong) / allowed, "result ", o, " ", device.shape, " differs at ", wrong, " of ", device.count(),
             " elements");
      continue;
    }
    const std::vector<float> want = host_values(host), got = host_values(device);
    const bool f16 = device.dtype == DType::f16;
    const double narrow = std::max(narrow_eps_, precision_ == Precision::tf32 ? kTf32Eps : 0);
    const double unit = 4 * (eps_of(DType::f32) * std::sqrt(double(largest_)) + narrow);
    const std::vector<double> moved = differences(want, host_values(shaken.written_[o].host));
    const double size = std::max(rms_of(want), 3 * ninth_decile(moved) / eps_of(DType::f32));
    for (size_t i = 0; i < want.size(); ++i) {
      if (same(want[i], got[i]) || (f16 && !(std::abs(want[i]) <= kMostF16) && !std::isfinite(got[i]))) continue;
      const double allowed = 8 * eps_of(device.dtype) * std::abs(double(want[i])) +
                             unit * std::max(size, 4 * moved[i] / eps_of(DType::f32)) + (f16 ? kLeastF16 : 0);
      const double error = std::abs(double(got[i]) - double(want[i]));
      const double ratio =
          std::isfinite(error) && allowed > 0 ? error / allowed : std::numeric_limits<double>::infinity();
      note(ratio, "result ", o, " ", device.dtype, " ", device.shape, " expects ", shown(want[i]), " at element ", i,
           ", as the CPU has it; got ", shown(got[i]), " (error / allowed ", ratio, ")");
    }
  }
}

}  // namespace segue
