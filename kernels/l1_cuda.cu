#include "l1.h"
#include "mean_loss.cuh"

namespace segue::kernels {
namespace {

struct Distance {
  __device__ gpu::LossTerm operator()(float x, float target) const {
    return {fabsf(x - target), (x > target ? 1.f : 0.f) - (x < target ? 1.f : 0.f)};
  }
};

}  // namespace

void l1(const CudaExec& exec, const View& x, const View& target, const View& loss, const View& dx) {
  gpu::check_mean_loss("l1", x, loss, dx);
  check_like(target, "l1", "target", x, "x");
  gpu::mean_loss(exec, "l1", Distance{}, x, target, loss, dx);
}

}  // namespace segue::kernels
