#include "kernels/crop.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Shape cropped(const Shape& s, const Window& w) { return {s[0], w.height, w.width, s[3]}; }

template <class F>
void for_each_element(const Shape& cropped, F f) {
  for (int64_t n = 0; n < cropped[0]; ++n)
    for (int64_t h = 0; h < cropped[1]; ++h)
      for (int64_t w = 0; w < cropped[2]; ++w)
        for (int64_t c = 0; c < cropped[3]; ++c) f(n, h, w, c);
}

Array forward(const Array& x, const Window& window) {
  Array y(cropped(x.shape, window));
  for_each_element(y.shape, [&](int64_t n, int64_t h, int64_t w, int64_t c) {
    y.at(n, h, w, c) = x.at(n, window.top + h, window.left + w, c);
  });
  return y;
}

Array gradient(const Array& dy, const Shape& shape, const Window& window) {
  Array dx(shape);
  for_each_element(dy.shape, [&](int64_t n, int64_t h, int64_t w, int64_t c) {
    dx.at(n, window.top + h, window.left + w, c) = dy.at(n, h, w, c);
  });
  return dx;
}

Case crop_case(const Shape& shape, const Window& window, const Format& f = {}) {
  const Shape part = cropped(shape, window);
  const auto call = [=](const auto& e, Io& io) { kernels::crop(e, io.in[0].view(), io.out[0].view(), window); };
  return {.op = "crop",
          .name = case_name(part) + "_of_" + f.name(shape),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1))}, {f(part)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [=](const Io& io) { return std::vector<Array>{forward(io.in[0].array(), window)}; },
          .bytes = 2.0 * double(part.count() * f.bytes())};
}

}  // namespace

void crop_cases(Registry& r) {
  struct Size {
    Shape shape;
    Window window;
  };
  // Corners, a single pixel, a whole row, the whole image.
  for (const auto& [shape, window] :
       {Size{{1, 1, 1, 1}, {0, 0, 1, 1}}, Size{{2, 9, 11, 3}, {3, 2, 5, 9}}, Size{{1, 33, 17, 19}, {32, 16, 1, 1}},
        Size{{3, 7, 5, 48}, {0, 0, 4, 3}}, Size{{1, 5, 3, 304}, {2, 0, 1, 3}}, Size{{2, 769, 7, 3}, {0, 0, 769, 7}},
        Size{{2, 65, 129, 1}, {1, 64, 63, 65}}})
    r.cases.push_back(crop_case(shape, window));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(crop_case({2, 65, 33, 19}, {1, 3, 63, 29}, f));
    r.cases.push_back(crop_case({3, 7, 33, 3}, {2, 0, 1, 33}, f));
  }
  for (const Format& f : kOddFormats) r.cases.push_back(crop_case({2, 9, 11, 19}, {3, 2, 6, 9}, f));
  r.cases.push_back(bench_only(crop_case({4, 256, 512, 19}, {13, 27, 200, 400})));
  r.cases.push_back(bench_only(crop_case({4, 512, 1024, 19}, {13, 27, 400, 800}, {DType::bf16, 8})));

  const Shape shape{2, 5, 6, 3};
  const Window window{.top = 1, .left = 2, .height = 3, .width = 4};
  r.gradients.push_back({.op = "crop",
                         .name = "3x4_of_5x6",
                         .inputs = {uniform(shape, -1, 1)},
                         .forward = [=](const std::vector<Array>& x) { return forward(x[0], window); },
                         .gradient = [=](const std::vector<Array>&,
                                         const Array& dy) { return std::vector<Array>{gradient(dy, shape, window)}; },
                         .op_call = [=](Context& c, std::vector<Tensor>& x) { return crop(c, x[0], window); }});
}

}  // namespace segue::cases
