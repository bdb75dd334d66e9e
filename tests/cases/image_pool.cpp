#include "kernels/image_pool.h"

#include "cases_of.h"

namespace segue::cases {
namespace {

struct Setup {
  std::string name;
  Shape fakes;
  int64_t size;   // of the pool
  double stored;  // images in it
  uint64_t step = 0;
  bool in_place = false;
  Format format = {};
  RandomKey key = {42, 3};
};

// in: step, fakes unless in place. out: pool, count, shown.
Io operands(const Setup& s) {
  Shape pool = s.fakes;
  pool[0] = s.size;
  Io io;
  io.in = {Buffer(constant({}, double(s.step)), DType::u64)};
  const Buffer fakes = s.format(uniform(s.fakes, -1, 1));
  if (!s.in_place) io.in.push_back(fakes);
  io.out = {s.format(uniform(pool, 2, 3, 5)), Buffer(constant({}, s.stored), DType::u32),
            s.in_place ? fakes : s.format(s.fakes)};
  return io;
}

/// The published pool, image by image.
std::vector<Array> reference(const Io& io, const Setup& s) {
  Array pool = io.out[0].array(), count = io.out[1].array(), shown = s.in_place ? io.out[2].array() : io.in[1].array();
  const int64_t elements = s.fakes[1] * s.fakes[2] * s.fakes[3];
  for (int64_t n = 0; n < s.fakes[0]; ++n) {
    auto fake = shown.v.begin() + n * elements;
    const auto stored = [&](int64_t i) { return pool.v.begin() + i * elements; };
    const Philox4 r = random_quad(s.key, s.step, uint64_t(n));
    if (count[0] < double(s.size)) {
      std::copy(fake, fake + elements, stored(int64_t(count[0])));
      count[0] += 1;
    } else if (to_uniform(r.v[0]) >= 0.5f) {
      const auto i = int64_t(std::floor(double(r.v[1]) * double(s.size) / 4294967296.0));
      std::swap_ranges(fake, fake + elements, stored(i));
    }
  }
  return {pool, count, shown};
}

Case make_case(const Setup& s) {
  const auto call = [=](const auto& e, Io& io) {
    const View shown = io.out[2].view();
    kernels::image_pool(e, s.in_place ? shown : io.in[1].view(), io.out[0].view(), io.out[1].view(), io.in[0].view(),
                        shown, s.key);
  };
  return {.op = "image_pool",
          .name = s.format.name(s.fakes) + "_" + s.name,
          .make = [=] { return operands(s); },
          .cpu = s.format.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [=](const Io& io) { return reference(io, s); },
          .bytes = 3.0 * double(s.fakes.count() * s.format.bytes())};
}

}  // namespace

void image_pool_cases(Registry& r) {
  r.cases.push_back(make_case({"first", {1, 5, 7, 3}, 50, 0}));
  r.cases.push_back(make_case({"last_place", {1, 5, 7, 3}, 50, 49, 48}));
  for (uint64_t step : {50, 51, 52, 53})  // both decisions
    r.cases.push_back(make_case({"full_step" + std::to_string(step), {1, 33, 19, 3}, 50, 50, step}));
  r.cases.push_back(make_case({"fills_then_full", {9, 3, 5, 3}, 4, 2, 7}));  // a sample may show one of its batch
  r.cases.push_back(make_case({"pool_of_one", {6, 2, 2, 1}, 1, 0, 8}));
  r.cases.push_back(make_case({"in_place", {7, 3, 5, 3}, 3, 1, 9, true}));
  r.cases.push_back(make_case({"two_blocks", {3, 33, 769, 1}, 2, 2, 10}));
  r.cases.push_back(make_case({"late_step", {2, 3, 5, 3}, 2, 2, (uint64_t(1) << 32) - 1}));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(make_case({"fills_then_full", {9, 33, 19, 3}, 4, 2, 7, false, f}));
    r.cases.push_back(make_case({"in_place", {7, 17, 65, 3}, 3, 1, 9, true, f}));
  }
  for (const Format& f : kOddFormats)
    r.cases.push_back(make_case({"fills_then_full", {9, 3, 5, 3}, 4, 2, 7, false, f}));
  r.cases.push_back(bench_only(make_case({"full", {1, 256, 256, 3}, 50, 50, 100})));
  r.cases.push_back(bench_only(make_case({"full", {1, 256, 512, 3}, 50, 50, 100, false, {DType::bf16, 8}})));
}

}  // namespace segue::cases
