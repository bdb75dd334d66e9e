#include "kernels/loss_scale.h"

#include <limits>

#include "cases_of.h"

namespace segue::cases {
namespace {

struct Setup {
  const char* name;
  double scale, good_steps, square_sum;
  LossScaleOptions options = {};
};

std::vector<Array> reference(const Io& io, const LossScaleOptions& o) {
  double scale = io.out[0].array()[0], good = io.out[1].array()[0];
  if (std::isfinite(io.in[0].array()[0])) {
    good += 1;
    if (good >= o.growth_interval) scale = std::min(scale * double(o.growth), double(o.largest)), good = 0;
  } else {
    scale *= double(o.backoff);
    good = 0;
  }
  return {constant({}, scale), constant({}, good)};
}

Case scale_case(const Setup& s) {
  const auto call = [=](const auto& e, Io& io) {
    kernels::loss_scale(e, io.out[0].view(), io.out[1].view(), io.in[0].view(), s.options);
  };
  return {.op = "loss_scale",
          .name = s.name,
          .make =
              [=] {
                return Io{{Buffer(constant({}, s.square_sum), DType::f32)},
                          {Buffer(constant({}, s.scale), DType::f32), Buffer(constant({}, s.good_steps), DType::i32)}};
              },
          .cpu = [=](const CpuExec& e, Io& io) { call(e, io); },
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { call(e, io); }),
          .reference = [=](const Io& io) { return reference(io, s.options); },
          .bytes = 20};
}

}  // namespace

void loss_scale_cases(Registry& r) {
  const double largest = 16777216, most = std::numeric_limits<float>::max();
  for (const Setup& s :
       {Setup{"good", 65536, 3, 2.5}, Setup{"zero", 65536, 3, 0}, Setup{"most", 65536, 3, most},
        Setup{"infinite", 65536, 1999, HUGE_VAL}, Setup{"nan", 1024, 7, NAN},
        Setup{"just_before_growth", 1024, 1998, 1}, Setup{"growth", 1024, 1999, 1},
        Setup{"growth_to_largest", largest / 2, 1999, 1}, Setup{"growth_at_largest", largest, 1999, 1},
        Setup{"beyond_largest", largest * 0.75, 1999, 1}, Setup{"infinite_after_change", 1, 0, HUGE_VAL},
        Setup{"own_options", 100, 2, 1, {.growth = 3, .growth_interval = 3, .largest = 250}},
        Setup{"own_backoff", 100, 2, NAN, {.backoff = 0.25f}}})
    r.cases.push_back(scale_case(s));
}

}  // namespace segue::cases
