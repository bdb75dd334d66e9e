#include "init.h"

#include <cmath>

#include "kernels/parallel.h"
#include "kernels/philox.h"

// Built with -ffp-contract=off (runtime/CMakeLists.txt): only +, -, *, / and sqrt in double precision, each rounded
// once by IEEE 754, so that a seed names the same network everywhere. libm's log and cos differ by machine.

namespace segue {
namespace {

constexpr double kPi = 3.14159265358979323846;
/// The random step of initial values: no training step reaches it.
constexpr uint64_t kInitStep = 0xffffffffu;

/// ln(x) for x in (0, 1): x = m 2^e, ln m = 2 atanh((m - 1) / (m + 1)), |m - 1| / (m + 1) <= 0.172.
double log_of(double x) {
  int e;
  double m = std::frexp(x, &e);
  if (m < 0.70710678118654752) {
    m *= 2;
    --e;
  }
  const double s = (m - 1) / (m + 1), s2 = s * s;
  double p = 0;
  for (int k = 21; k >= 1; k -= 2) p = p * s2 + 1.0 / k;
  return 2 * s * p + e * 0.69314718055994530942;
}

/// cos and sin of 2 pi u, u in [0, 1), by their series on an eighth of the circle.
void circle(double u, double* cosine, double* sine) {
  const int quarter = int(u * 4 + 0.5);  // nearest multiple of pi / 2
  const double a = (u - quarter * 0.25) * 2 * kPi, a2 = a * a;
  double c = 0, s = 0;
  for (int k = 16; k >= 2; k -= 2) {
    c = (1 + c) * -a2 / (k * (k - 1));
    s = (1 + s) * -a2 / (k * (k + 1));
  }
  c = 1 + c;
  s = a * (1 + s);
  const double cs[4] = {c, -s, -c, s}, ss[4] = {s, c, -s, -c};
  *cosine = cs[quarter & 3];
  *sine = ss[quarter & 3];
}

/// FNV-1a: names become random calls.
uint32_t hash_of(const std::string& name) {
  uint32_t h = 2166136261u;
  for (unsigned char c : name) h = (h ^ c) * 16777619u;
  return h;
}

void normal_quad(const Philox4& bits, double out[4]) {
  for (int i = 0; i < 4; i += 2) {
    const double radius = std::sqrt(-2 * log_of((double(bits.v[i] >> 8) + 0.5) / 16777216.0));
    double c, s;
    circle(double(bits.v[i + 1] >> 8) / 16777216.0, &c, &s);
    out[i] = radius * c;
    out[i + 1] = radius * s;
  }
}

}  // namespace

Init Init::kaiming_normal(int64_t fan) { return normal(float(std::sqrt(2.0 / double(fan)))); }

Init Init::torch_default(int64_t fan_in) { return uniform(float(1.0 / std::sqrt(double(fan_in)))); }

std::vector<float> initial_values(const Init& init, uint64_t seed, const std::string& name, int64_t count) {
  std::vector<float> values(size_t(count), init.value);
  if (init.kind == Init::Kind::constant) return values;
  const RandomKey key{seed, hash_of(name)};
  parallel_for((count + 3) / 4, kElementGrain, [&](int64_t begin, int64_t end) {
    for (int64_t quad = begin; quad < end; ++quad) {
      const Philox4 bits = random_quad(key, kInitStep, uint64_t(quad));
      double v[4];
      if (init.kind == Init::Kind::normal)
        normal_quad(bits, v);
      else
        for (int i = 0; i < 4; ++i) v[i] = 2 * double(to_uniform(bits.v[i])) - 1;
      for (int64_t i = 0; i < 4 && quad * 4 + i < count; ++i) values[size_t(quad * 4 + i)] = float(init.value * v[i]);
    }
  });
  return values;
}

}  // namespace segue
