#include "elementwise.cuh"
#include "reduce.h"

namespace segue::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kPacksPerThread = 8;  // at least, where there are as many: few partial sums, and several loads in flight
constexpr int kMaxTerms = int(gpu::kWarp);

struct Identity {
  __device__ double operator()(double x) const { return x; }
};
struct Square {
  __device__ double operator()(double x) const { return x * x; }
};

// A partial sum of f(x_i) for each block. Padding lanes are zero and add nothing.
template <class F, class T, int N>
__global__ void __launch_bounds__(kThreads) sum_kernel(const T* x, int64_t count, double* partial) {
  const int64_t first = int64_t(blockIdx.x) * kThreads + threadIdx.x, stride = int64_t(gridDim.x) * kThreads;
  const int64_t packs = count / N;
  double sum = 0;
#pragma unroll 4
  for (int64_t i = first; i < packs; i += stride) {
    float v[N];
    gpu::load_floats<N>(x + i * N, v);
#pragma unroll
    for (int j = 0; j < N; ++j) sum += F()(double(v[j]));
  }
  if (const int64_t i = packs * N + first; i < count) sum += F()(double(gpu::to_float(x[i])));
  sum = gpu::block_sum<kThreads>(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// One block: adds the partial sums, always in the same order.
__global__ void __launch_bounds__(kThreads)
    sum_total_kernel(const double* partial, int count, double divisor, float* y) {
  double sum = 0;
  for (int i = int(threadIdx.x); i < count; i += kThreads) sum += partial[i];
  sum = gpu::block_sum<kThreads>(sum);
  if (threadIdx.x == 0) *y = float(sum / divisor);
}

struct Terms {
  const float* term[kMaxTerms];
};

// One warp, a term in each lane. `before` and `after` carry the sum from one launch to the next where there are more.
__global__ void __launch_bounds__(gpu::kWarp)
    weighted_sum_kernel(Terms terms, const float* weights, int count, const double* before, double* after, float* y) {
  const int lane = int(threadIdx.x);
  const double product = lane < count ? double(weights[lane]) * double(*terms.term[lane]) : 0;
  double sum = before && lane == 0 ? *before : 0;  // the sum of lane 0 is the one that counts
  for (int i = 0; i < count; ++i) sum += __shfl_sync(gpu::kAllLanes, product, i);
  if (lane > 0) return;
  if (after) *after = sum;
  if (y) *y = float(sum);
}

__global__ void __launch_bounds__(1) weighted_sum_grad_kernel(const float* dy, const float* weight, float* dterm) {
  *dterm = *weight * *dy;
}

struct Broadcast {
  const float* value;
  float factor;
  __device__ float operator()() const { return factor * __ldg(value); }
};

template <class F>
void total(const CudaExec& exec, const char* where, const View& x, double divisor, const View& y) {
  const int64_t count = x.pixels() * x.pitch;
  gpu::dispatch_float(x.dtype, where, [&](auto zero) {
    using T = decltype(zero);
    constexpr int N = gpu::kVector<T>;
    const int64_t pack = gpu::aligned16(x.data) ? N : 1;
    const dim3 grid = gpu::grid_for(count, pack * kThreads * kPacksPerThread);
    auto* partial = static_cast<double*>(exec.scratch->get(grid.x * sizeof(double)));
    gpu::launch(pack == 1 ? sum_kernel<F, T, 1> : sum_kernel<F, T, N>,
                {.name = where, .grid = grid, .block = kThreads, .stream = exec.stream}, x.as<T>(), count, partial);
    gpu::launch(sum_total_kernel, {.name = where, .block = kThreads, .stream = exec.stream}, partial, int(grid.x),
                divisor, y.as<float>());
  });
}

void check_mean(const char* where, const View& x) {
  require(x.count() > 0, where, "expects at least one element; got ", x.shape);
}

void check_weights(const char* where, const View& weights, int64_t n) {
  check_view(weights, where, "weights", DType::f32, weights.shape.dims() == 0 && n == 1 ? Shape{} : Shape{n});
}

}  // namespace

void sum(const CudaExec& exec, const View& x, const View& y) {
  check_view(y, "sum", "y", DType::f32, {});
  check_pitched(x, "sum", "x", x.dtype, x.shape);
  total<Identity>(exec, "sum", x, 1, y);
}

void sum_grad(const CudaExec& exec, const View& dy, const View& dx) {
  check_view(dy, "sum_grad", "dy", DType::f32, {});
  check_pitched(dx, "sum_grad", "dx", dx.dtype, dx.shape);
  gpu::masked_elementwise(exec, "sum_grad", Broadcast{dy.as<float>(), 1.f}, dx);
}

void mean(const CudaExec& exec, const View& x, const View& y) {
  check_view(y, "mean", "y", DType::f32, {});
  check_mean("mean", x);
  check_pitched(x, "mean", "x", x.dtype, x.shape);
  total<Identity>(exec, "mean", x, double(x.count()), y);
}

void mean_grad(const CudaExec& exec, const View& dy, const View& dx) {
  check_view(dy, "mean_grad", "dy", DType::f32, {});
  check_pitched(dx, "mean_grad", "dx", dx.dtype, dx.shape);
  check_mean("mean_grad", dx);
  gpu::masked_elementwise(exec, "mean_grad", Broadcast{dy.as<float>(), float(1 / double(dx.count()))}, dx);
}

void sum_of_squares(const CudaExec& exec, const View& x, const View& y) {
  check_view(y, "sum_of_squares", "y", DType::f32, {});
  check_pitched(x, "sum_of_squares", "x", x.dtype, x.shape);
  total<Square>(exec, "sum_of_squares", x, 1, y);
}

void weighted_sum(const CudaExec& exec, const std::vector<View>& terms, const View& weights, const View& y) {
  require(!terms.empty(), "weighted_sum", "expects at least one term; got none");
  const int64_t count = int64_t(terms.size());
  check_weights("weighted_sum", weights, count);
  check_view(y, "weighted_sum", "y", DType::f32, {});
  for (const View& term : terms) check_view(term, "weighted_sum", "term", DType::f32, {});
  double* carry = count > kMaxTerms ? static_cast<double*>(exec.scratch->get(sizeof(double))) : nullptr;
  for (int64_t first = 0; first < count; first += kMaxTerms) {
    const int64_t n = std::min<int64_t>(count - first, kMaxTerms);
    const bool last = first + n == count;
    Terms some{};
    for (int64_t i = 0; i < n; ++i) some.term[i] = terms[size_t(first + i)].as<float>();
    gpu::launch(weighted_sum_kernel, {.name = "weighted_sum", .block = gpu::kWarp, .stream = exec.stream}, some,
                weights.as<float>() + first, int(n), first ? carry : nullptr, last ? nullptr : carry,
                last ? y.as<float>() : nullptr);
  }
}

void weighted_sum_grad(const CudaExec& exec, const View& dy, const View& weights, int64_t index, const View& dterm) {
  check_view(dy, "weighted_sum_grad", "dy", DType::f32, {});
  check_weights("weighted_sum_grad", weights, weights.count());
  require(index >= 0 && index < weights.count(), "weighted_sum_grad", "expects an index below ", weights.count(),
          "; got ", index);
  check_view(dterm, "weighted_sum_grad", "dterm", DType::f32, {});
  gpu::launch(weighted_sum_grad_kernel, {.name = "weighted_sum_grad", .stream = exec.stream}, dy.as<float>(),
              weights.as<float>() + index, dterm.as<float>());
}

}  // namespace segue::kernels
