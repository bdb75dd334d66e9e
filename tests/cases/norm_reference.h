// Batch norm and instance norm in double precision: groups of pixels, channel by channel.
#pragma once

#include <cmath>

#include "cases_of.h"

namespace segue::cases {

/// Statistics of `groups` groups of consecutive pixels; element g * C + c.
struct GroupStatistics {
  int64_t groups, channels;
  std::vector<double> mean, variance;  ///< biased

  GroupStatistics(const Array& x, int64_t groups) : groups(groups), channels(x.shape.channels()) {
    mean.assign(size_t(groups * channels), 0);
    variance = mean;
    const double pixels = double(x.shape.pixels() / groups);
    for (int64_t i = 0; i < x.count(); ++i) mean[at(x, i)] += x[i] / pixels;
    for (int64_t i = 0; i < x.count(); ++i) variance[at(x, i)] += std::pow(x[i] - mean[at(x, i)], 2) / pixels;
  }
  /// Statistics that are given: one group.
  GroupStatistics(const Array& running_mean, const Array& running_var)
      : groups(1), channels(running_mean.count()), mean(running_mean.v), variance(running_var.v) {}

  size_t at(const Array& x, int64_t i) const {
    const int64_t per_group = x.count() / groups;
    return size_t(i / per_group * channels + i % channels);
  }
  double rstd(size_t k, double eps) const { return 1 / std::sqrt(variance[k] + eps); }
  /// The means as two f32, (2, ...): what the kernels keep.
  Array mean_pair(const Shape& shape) const {
    Array pair(shape);
    for (size_t k = 0; k < mean.size(); ++k) {
      pair.v[k] = float(mean[k]);
      pair.v[mean.size() + k] = mean[k] - double(float(mean[k]));
    }
    return pair;
  }
  Array rstds(const Shape& shape, double eps) const {
    Array r(shape);
    for (size_t k = 0; k < mean.size(); ++k) r.v[k] = rstd(k, eps);
    return r;
  }
};

inline double activate(double v, double slope) { return v < 0 ? slope * v : v; }

/// norm(x) + residual, in front of the activation. Empty gamma and beta: 1 and 0.
inline Array norm_sum(const Array& x, const GroupStatistics& s, const Array& gamma, const Array& beta,
                      const Array& residual, double eps) {
  Array v(x.shape);
  for (int64_t i = 0; i < x.count(); ++i) {
    const size_t k = s.at(x, i);
    const int64_t c = i % s.channels;
    v[i] = (x[i] - s.mean[k]) * s.rstd(k, eps);
    if (gamma.count()) v[i] = v[i] * gamma[c] + beta[c];
    if (residual.count()) v[i] += residual[i];
  }
  return v;
}

inline Array activated(Array v, double slope) {
  for (double& e : v.v) e = activate(e, slope);
  return v;
}

/// The gradient behind the activation, from its result or what it was made of.
inline Array masked(const Array& dy, const Array& y, double slope) {
  Array g(dy.shape);
  for (int64_t i = 0; i < dy.count(); ++i) g[i] = y[i] > 0 ? dy[i] : slope * dy[i];
  return g;
}

struct NormGradient {
  Array dx, dgamma, dbeta;
};
/// Gradient of norm(x), from means and rstds by group and channel; `frozen`: the statistics are constants.
inline NormGradient norm_gradient(const Array& g, const Array& x, const GroupStatistics& place,
                                  const std::vector<double>& mean, const std::vector<double>& rstd, const Array& gamma,
                                  bool frozen) {
  const int64_t channels = place.channels;
  const double pixels = double(x.shape.pixels() / place.groups);
  std::vector<double> sum(mean.size()), sum_z(mean.size());
  NormGradient r{Array(x.shape), Array(Shape{channels}), Array(Shape{channels})};
  const auto z = [&](int64_t i) { return (x[i] - mean[place.at(x, i)]) * rstd[place.at(x, i)]; };
  for (int64_t i = 0; i < x.count(); ++i) {
    sum[place.at(x, i)] += g[i];
    sum_z[place.at(x, i)] += g[i] * z(i);
    r.dbeta[i % channels] += g[i];
    r.dgamma[i % channels] += g[i] * z(i);
  }
  for (int64_t i = 0; i < x.count(); ++i) {
    const size_t k = place.at(x, i);
    const double scale = rstd[k] * (gamma.count() ? gamma[i % channels] : 1);
    r.dx[i] = scale * (frozen ? g[i] : g[i] - sum[k] / pixels - z(i) * sum_z[k] / pixels);
  }
  return r;
}

/// The means that a pair of f32 stands for.
inline std::vector<double> pair_sum(const Array& pair) {
  const size_t n = pair.v.size() / 2;
  std::vector<double> mean(n);
  for (size_t k = 0; k < n; ++k) mean[k] = pair.v[k] + pair.v[n + k];
  return mean;
}

/// Leaves a case to the CPU where its variants are many and the executor of CUDA kernels would take long.
inline Case cpu_only(Case c) {
  c.cuda = nullptr;
  return c;
}

/// f32 values around `center` for a norm, different in scale and place by channel.
inline Array around(const Shape& shape, double center, double spread, uint64_t salt = 1) {
  Array x = uniform(shape, -1, 1, salt);
  for (int64_t i = 0; i < x.count(); ++i) {
    const double c = double(i % shape.channels() % 7);
    x[i] = float(center * (1 + c / 8) + spread * (1 + c) * x[i]);
  }
  return x;
}

/// The first inputs of make(1), make(2), ... for which no value in front of the activation lies near its bend.
template <class Make, class Values>
std::vector<Array> away_from_bend(const Make& make, const Values& values) {
  for (uint64_t salt = 1;; ++salt) {
    std::vector<Array> inputs = make(salt * 10);
    bool far = true;
    for (double v : values(inputs).v) far = far && std::abs(v) > 5e-3;
    if (far) return inputs;
  }
}

}  // namespace segue::cases
