#include "kernels/image_in.h"

#include "cases_of.h"

namespace segue::cases {
namespace {

using kernels::ImagePlan;

struct Setup {
  std::string name;
  int64_t stored_height, stored_width, height, width;
  std::vector<ImagePlan> plans;
  std::vector<ImagePlan> paste_plans = {};  // empty: nothing is pasted
  int64_t paste_height = 11, paste_width = 17;
  bool labels = true, lut = true, weights = true;
  kernels::ImageInOptions options = {};
  DType dtype = DType::f32;
  int64_t pitch = 0;
};

Array plan_rows(const std::vector<ImagePlan>& plans) {
  Array a(Shape{int64_t(plans.size()), kernels::kImagePlanFloats});
  for (size_t i = 0; i < plans.size(); ++i) {
    float row[kernels::kImagePlanFloats];
    std::memcpy(row, &plans[i], sizeof row);
    std::copy(row, row + kernels::kImagePlanFloats, a.v.begin() + int64_t(i) * kernels::kImagePlanFloats);
  }
  return a;
}

Array bytes(const Shape& shape, uint64_t salt) {
  Array a(shape);
  for (int64_t i = 0; i < a.count(); ++i) a[i] = double(random_u32({salt, 11}, 0, uint64_t(i)) >> 24);
  return a;
}

// A set is images, labels, lut, plans. in: base, then paste. out: x, labels, weights.
Io operands(const Setup& s) {
  Io io;
  const auto add = [&](const std::vector<ImagePlan>& plans, int64_t height, int64_t width, uint64_t salt) {
    const int64_t n = int64_t(plans.size());
    io.in.emplace_back(bytes({n, height, width, 3}, salt), DType::u8);
    io.in.emplace_back(bytes({n, height, width}, salt + 1), DType::u8);
    io.in.emplace_back(bytes({256}, salt + 2), DType::u8);
    io.in.emplace_back(plan_rows(plans), DType::f32);
  };
  add(s.plans, s.stored_height, s.stored_width, 1);
  if (!s.paste_plans.empty()) add(s.paste_plans, s.paste_height, s.paste_width, 5);
  const int64_t n = int64_t(s.plans.size());
  io.out = {Buffer(Shape{n, s.height, s.width, 3}, s.dtype, s.pitch),
            Buffer(s.labels ? Shape{n, s.height, s.width} : Shape{0}, DType::u8),
            Buffer(s.weights ? Shape{n, s.height, s.width} : Shape{0}, DType::f32)};
  return io;
}

template <class Exec>
void run(const Exec& e, Io& io, const Setup& s) {
  const auto set = [&](size_t first) {
    return kernels::ImageSet{io.in[first].view(), s.labels && first == 0 ? io.in[first + 1].view() : View(),
                             s.lut ? io.in[first + 2].view() : View(), io.in[first + 3].view()};
  };
  kernels::image_in(e, set(0), s.paste_plans.empty() ? kernels::ImageSet{} : [&] {
    kernels::ImageSet paste = set(4);
    if (s.labels) paste.labels = io.in[5].view();
    return paste;
  }(), io.out[0].view(), s.labels ? io.out[1].view() : View(), s.weights ? io.out[2].view() : View(), s.options);
}

struct Pixel {
  double rgb[3] = {0, 0, 0}, label, weight = 0;
};

/// Output pixel (y, x) of a set's sample n: crop, resize, flip, colour, normalise, each as it is defined.
Pixel pixel(const Array& images, const Array& labels, const Array& lut, const ImagePlan& p, const Setup& s, int64_t n,
            int64_t y, int64_t x) {
  const int64_t height = images.shape[1], width = images.shape[2];
  if (p.flip != 0) x = s.width - 1 - x;
  const auto nearest = [](int64_t to, double start, double window, int64_t out) {
    return int64_t(start) + int64_t(std::floor(double(2 * to + 1) * window / double(2 * out)));
  };
  Pixel out;
  out.label = s.options.ignore;
  const int64_t ny = nearest(y, p.top, p.height, s.height), nx = nearest(x, p.left, p.width, s.width);
  if (ny < 0 || ny >= height || nx < 0 || nx >= width) return out;
  if (labels.count()) {
    out.label = labels[(n * height + ny) * width + nx];
    if (s.lut) out.label = lut[int64_t(out.label)];
  }
  out.weight = p.weight;

  struct Between {
    int64_t low, high;
    double t;
  };
  const auto between = [](int64_t to, double start, double window, int64_t out, int64_t extent) {
    const double at = std::max((double(to) + 0.5) * window / double(out) - 0.5, 0.0);
    const double low = std::min(std::floor(at), window - 1), high = std::min(low + 1, window - 1);
    const auto clamp = [&](double v) { return std::clamp<int64_t>(int64_t(start + v), 0, extent - 1); };
    return Between{clamp(low), clamp(high), at - low};
  };
  const Between v = between(y, p.top, p.height, s.height, height), h = between(x, p.left, p.width, s.width, width);
  double u[4] = {0, 0, 0, 1};
  for (int64_t c = 0; c < 3; ++c) {
    const double upper = (1 - h.t) * images.at(n, v.low, h.low, c) + h.t * images.at(n, v.low, h.high, c);
    const double lower = (1 - h.t) * images.at(n, v.high, h.low, c) + h.t * images.at(n, v.high, h.high, c);
    u[c] = ((1 - v.t) * upper + v.t * lower) / 255;
  }
  for (int c = 0; c < 3; ++c) {
    double colored = 0;
    for (int i = 0; i < 4; ++i) colored += double(p.color[4 * c + i]) * u[i];
    out.rgb[c] = (std::clamp(colored, 0.0, 1.0) - double(s.options.mean[c])) / double(s.options.std[c]);
  }
  return out;
}

std::vector<Array> reference(const Io& io, const Setup& s) {
  const int64_t n = int64_t(s.plans.size());
  Array x(Shape{n, s.height, s.width, 3}), labels(Shape{n, s.height, s.width}), weights = labels;
  const bool paste = !s.paste_plans.empty();
  const Array image[2] = {io.in[0].array(), paste ? io.in[4].array() : Array()};
  const Array label[2] = {s.labels ? io.in[1].array() : Array(), s.labels && paste ? io.in[5].array() : Array()};
  const Array lut[2] = {io.in[2].array(), paste ? io.in[6].array() : Array()};
  for (int64_t i = 0; i < labels.count(); ++i) {
    const int64_t sample = i / (s.height * s.width), row = i / s.width % s.height, column = i % s.width;
    const ImagePlan& p = s.plans[size_t(sample)];
    const bool inside = double(row) >= p.box_top && double(row) < double(p.box_top) + p.box_height &&
                        double(column) >= p.box_left && double(column) < double(p.box_left) + p.box_width;
    const size_t set = paste && inside ? 1 : 0;
    const Pixel made =
        pixel(image[set], label[set], lut[set], set ? s.paste_plans[size_t(sample)] : p, s, sample, row, column);
    for (int c = 0; c < 3; ++c) x[3 * i + c] = made.rgb[c];
    labels[i] = made.label;
    weights[i] = made.weight;
  }
  if (!s.labels) labels = Array(Shape{0});
  if (!s.weights) weights = Array(Shape{0});
  return {x, labels, weights};
}

Case make_case(const Setup& s) {
  const int64_t n = int64_t(s.plans.size());
  return {.op = "image_in",
          .name = case_name({n, s.stored_height, s.stored_width}) + "_to_" +
                  case_name({s.height, s.width}, s.dtype, s.pitch) + "_" + s.name,
          .make = [=] { return operands(s); },
          .cpu = cpu_only_if(s.dtype, s.pitch, [=](const CpuExec& e, Io& io) { run(e, io, s); }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { run(e, io, s); }),
          .reference = [=](const Io& io) { return reference(io, s); },
          .longest_sum = {16, 1, 1},  // four taps of three channels, colour and mean offsets
          .bytes = double(n) * double(s.stored_height * s.stored_width * 4 +
                                      s.height * s.width * (5 + (s.pitch ? s.pitch : 3) * size_of(s.dtype)))};
}

ImagePlan window(float top, float left, float height, float width, bool flip = false, float weight = 1) {
  ImagePlan p;
  p.top = top, p.left = left, p.height = height, p.width = width, p.flip = flip ? 1.f : 0.f, p.weight = weight;
  return p;
}

ImagePlan colored(ImagePlan p, std::initializer_list<float> color) {
  std::copy(color.begin(), color.end(), p.color);
  return p;
}

ImagePlan boxed(ImagePlan p, float top, float left, float height, float width) {
  p.box_top = top, p.box_left = left, p.box_height = height, p.box_width = width;
  return p;
}

}  // namespace

void image_in_cases(Registry& r) {
  const ImagePlan whole = window(0, 0, 9, 13);
  r.cases.push_back(make_case({"plain", 9, 13, 9, 13, {whole}}));
  r.cases.push_back(make_case({"one_pixel", 1, 1, 1, 1, {window(0, 0, 1, 1)}}));
  r.cases.push_back(make_case({"crops_and_flips",
                               19,
                               33,
                               7,
                               12,
                               {window(0, 0, 7, 12), window(12, 21, 7, 12), window(5, 8, 7, 12, true, 0.25f)}}));
  r.cases.push_back(make_case({"up_and_down",
                               19,
                               33,
                               16,
                               24,
                               {window(3, 4, 8, 12), window(1, 2, 7, 5, true), window(0, 0, 19, 33), window(2, 0, 1, 1),
                                window(0, 1, 16, 32, true)}}));
  r.cases.push_back(make_case({"halves", 66, 130, 33, 65, {window(0, 0, 66, 130, true)}}));
  r.cases.push_back(make_case({"wide", 20, 769, 5, 385, {window(0, 0, 20, 769)}}));
  r.cases.push_back(make_case({"beyond_borders",
                               9,
                               13,
                               16,
                               20,
                               {window(-3, -4, 16, 20), window(-3, -4, 16, 20, true), window(-10, 2, 40, 40),
                                window(20, 0, 9, 13), window(0, -50, 9, 13, true), window(4, 6, 100, 3)}}));
  // Brightness with both clamps, a channel exchange with offsets, grey.
  r.cases.push_back(
      make_case({"color",
                 9,
                 13,
                 11,
                 17,
                 {colored(whole, {1.6f, 0, 0, -0.2f, 0, 1.6f, 0, -0.2f, 0, 0, 1.6f, -0.2f}),
                  colored(whole, {0, 1, 0, 0.1f, 0, 0, 1, 0, 1, 0, 0, -0.1f}),
                  colored(whole, {0.299f, 0.587f, 0.114f, 0, 0.299f, 0.587f, 0.114f, 0, 0.299f, 0.587f, 0.114f, 0})}}));
  kernels::ImageInOptions halves;
  for (int c = 0; c < 3; ++c) halves.mean[c] = halves.std[c] = 0.5f;
  halves.ignore = 19;
  r.cases.push_back(make_case({.name = "to_minus_1_1",
                               .stored_height = 9,
                               .stored_width = 13,
                               .height = 8,
                               .width = 14,
                               .plans = {window(-2, -2, 8, 14)},
                               .lut = false,
                               .weights = false,
                               .options = halves}));
  r.cases.push_back(make_case({.name = "image_only",
                               .stored_height = 9,
                               .stored_width = 13,
                               .height = 18,
                               .width = 26,
                               .plans = {whole, whole},
                               .labels = false,
                               .weights = false}));
  // Boxes: inside, whole, empty, over two borders, above the image, columns of height none; paste of another size.
  const ImagePlan dim = colored(window(1, 2, 8, 12, true, 0.5f), {0.5f, 0, 0, 0, 0, 0.5f, 0, 0, 0, 0, 0.5f, 0});
  const std::vector<ImagePlan> six = {boxed(whole, 2, 3, 5, 6),   boxed(whole, 0, 0, 12, 15),
                                      boxed(whole, 4, 4, 0, 0),   boxed(whole, 8, 9, 50, 100),
                                      boxed(whole, -9, 0, 5, 15), boxed(dim, -2, -3, 9, 9)};
  const std::vector<ImagePlan> pasted = {window(0, 0, 11, 17),       dim, dim, window(-3, -3, 12, 15, false, 2), dim,
                                         window(4, 5, 6, 7, true, 3)};
  r.cases.push_back(make_case({"cutmix", 9, 13, 12, 15, six, pasted}));
  // CUDA only: the other types, and channels at a pitch of 8.
  for (DType t : {DType::f32, DType::bf16, DType::f16})
    r.cases.push_back(make_case({.name = "cutmix",
                                 .stored_height = 9,
                                 .stored_width = 13,
                                 .height = 12,
                                 .width = 15,
                                 .plans = six,
                                 .paste_plans = pasted,
                                 .dtype = t,
                                 .pitch = 8}));
  r.cases.push_back(make_case({.name = "crops_and_flips",
                               .stored_height = 19,
                               .stored_width = 33,
                               .height = 33,
                               .width = 47,
                               .plans = {window(2, 3, 7, 12, true), window(-3, -4, 16, 20)},
                               .dtype = DType::bf16,
                               .pitch = 8}));
  for (int64_t pitch : {8, 5})
    r.cases.push_back(make_case(
        {.name = "many_groups",
         .stored_height = 19,
         .stored_width = 33,
         .height = 75,
         .width = 70,
         .plans = {boxed(window(2, 3, 7, 12, true), 13, 31, 40, 34), boxed(window(-3, -4, 16, 20), -5, 0, 12, 70)},
         .paste_plans = {window(0, 0, 11, 17, true, 2), dim},
         .dtype = DType::bf16,
         .pitch = pitch}));
  r.cases.push_back(make_case({.name = "boxes_without_paste",
                               .stored_height = 9,
                               .stored_width = 13,
                               .height = 12,
                               .width = 15,
                               .plans = six}));
  ImagePlan bench = boxed(window(100, 200, 700, 1400, true), 100, 200, 250, 500);
  r.cases.push_back(bench_only(make_case({.name = "train",
                                          .stored_height = 1024,
                                          .stored_width = 2048,
                                          .height = 512,
                                          .width = 1024,
                                          .plans = {bench, bench},
                                          .paste_plans = {window(0, 0, 720, 1280), window(0, 0, 720, 1280)},
                                          .paste_height = 720,
                                          .paste_width = 1280})));
  r.cases.push_back(bench_only(make_case({.name = "train",
                                          .stored_height = 1024,
                                          .stored_width = 2048,
                                          .height = 512,
                                          .width = 1024,
                                          .plans = std::vector<ImagePlan>(8, bench),
                                          .paste_plans = std::vector<ImagePlan>(8, window(0, 0, 720, 1280)),
                                          .paste_height = 720,
                                          .paste_width = 1280,
                                          .dtype = DType::bf16,
                                          .pitch = 8})));
  r.cases.push_back(bench_only(make_case({.name = "infer",
                                          .stored_height = 512,
                                          .stored_width = 1024,
                                          .height = 512,
                                          .width = 1024,
                                          .plans = {window(0, 0, 512, 1024)},
                                          .labels = false,
                                          .weights = false})));
}

}  // namespace segue::cases
