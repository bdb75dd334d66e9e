// What a core does for batches: decoding, resizing, samples from a pack, and a whole loader.
//
//   loader_bench --benchmark_filter=sample    crops a second and core, and what share that is of copying the same bytes
//
// Time is that of the thread's processor, so a machine with other work gives the same figures; the copies that rates are
// compared with are timed in between, on the same images.
#include <benchmark/benchmark.h>
#include <time.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "data/jpeg_file.h"
#include "data/loader.h"
#include "data/pack_file.h"
#include "data/png_file.h"

namespace segue::data {
namespace {

constexpr int64_t kHeight = 1024, kWidth = 2048;        // of stored images
constexpr int64_t kCropHeight = 256, kCropWidth = 512;  // of samples
constexpr int64_t kImages = 16;                         // 134 MB with their labels: beyond the caches

double thread_seconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

/// Smooth shapes with some noise, as a camera sees; labels in blocks.
class Streets : public DataSet {
 public:
  int64_t size() const override { return kImages; }
  bool labelled() const override { return true; }
  const LabelScheme* scheme() const override { return &label_schemes().front(); }
  std::string name(int64_t i) const override { return "street" + std::to_string(i); }
  std::string origin(int64_t i) const override { return name(i); }
  Example read(int64_t number, ExampleBuffer& buffer) const override {
    buffer.image = Image(kHeight, kWidth, 3);
    buffer.label = Image(kHeight, kWidth, 1);
    for (int64_t y = 0; y < kHeight; ++y)
      for (int64_t x = 0; x < kWidth; ++x) {
        const int64_t block = (y / 90 * 7 + x / 130 * 3 + number) % 19;
        const uint32_t noise = uint32_t((y * kWidth + x + number) * 2654435761u) >> 29;
        for (int64_t c = 0; c < 3; ++c)
          buffer.image.row(y)[3 * x + c] = uint8_t(block * (5 + c) + (x + y) / 40 + int64_t(noise));
        buffer.label.row(y)[x] = uint8_t(7 + block);
      }
    return {buffer.image.view(), buffer.label.view(), &cityscapes_classes().to_train(scheme()->name)};
  }
};

/// A pack of them, mapped.
const std::shared_ptr<const DataSet>& streets() {
  static const std::shared_ptr<const DataSet> set = [] {
    const auto path = std::filesystem::temp_directory_path() / cat("segue_bench_", getpid(), ".segpack");
    write_pack(Streets(), {.height = kHeight, .width = kWidth}, path);
    auto pack = open_pack(path, cityscapes_classes());
    std::filesystem::remove(path);  // what is mapped stays
    ExampleBuffer buffer;
    for (int64_t i = 0; i < kImages; ++i) pack->read(i, buffer);  // checksums are looked at once
    return pack;
  }();
  return set;
}

Example street() {
  static ExampleBuffer buffer;
  return streets()->read(0, buffer);
}

/// Crops of image and label without looking at them.
void copy_crop(const Example& e, int64_t top, int64_t left, uint8_t* image, uint8_t* label) {
  int64_t width = kCropWidth;
  benchmark::DoNotOptimize(width);  // or the compiler puts its own loop in the place of memcpy, which is slower
  for (int64_t y = 0; y < kCropHeight; ++y) {
    std::memcpy(image + y * width * 3, e.image.row(top + y) + 3 * left, size_t(width * 3));
    std::memcpy(label + y * width, e.label.row(top + y) + left, size_t(width));
  }
}

void time_samples(benchmark::State& state, const AugmentOptions& options) {
  const auto set = streets();
  Augmenter augmenter(options);
  ExampleBuffer buffer;
  std::vector<uint8_t> image(size_t(kCropHeight * kCropWidth * 3)), label(size_t(kCropHeight * kCropWidth));
  double copying = 0, making = 0;
  int64_t n = 0;
  for (auto _ : state) {
    const Example e = set->read(n % kImages, buffer), other = set->read((n + kImages / 2) % kImages, buffer);
    const double start = thread_seconds();
    augmenter.make(e, {1, 2}, n, -1, image.data(), label.data());
    const double made = thread_seconds();
    copy_crop(other, n * 97 % (kHeight - kCropHeight), n * 193 % (kWidth - kCropWidth), image.data(), label.data());
    const double copied = thread_seconds();
    benchmark::DoNotOptimize(image.data());
    benchmark::ClobberMemory();
    state.SetIterationTime(made - start);
    making += made - start;
    copying += copied - made;
    ++n;
  }
  state.counters["crops/s"] = double(n) / making;
  state.counters["x_copy"] = making / copying;
}

AugmentOptions crop_options() {
  AugmentOptions o;
  o.height = kCropHeight, o.width = kCropWidth;
  return o;
}

void register_samples() {
  const auto add = [](const char* name, const AugmentOptions& o) {
    benchmark::RegisterBenchmark(name, time_samples, o)->UseManualTime()->Unit(benchmark::kMicrosecond);
  };
  AugmentOptions o = crop_options();
  add("sample/crop", o);
  o.flip = true, o.jitter = 0.25;
  add("sample/crop_flip_jitter", o);
  o.max_share = 0.75;
  add("sample/crop_flip_jitter_cap", o);
  o = crop_options();
  o.blur = 1;
  add("sample/crop_blur", o);
  o = crop_options();
  o.least_scale = 0.5, o.most_scale = 2;
  add("sample/scale_0.5_to_2", o);
  o.least_scale = o.most_scale = 0.5;
  add("sample/scale_0.5", o);
  o = crop_options();
  o.least_scale = 0.5, o.most_scale = 2, o.flip = true, o.jitter = 0.25, o.blur = 0.5, o.grey = 0.2, o.cutout = 0.5;
  o.max_share = 0.75;
  add("sample/everything", o);
}

/// `work` on the pixels of one stored image.
template <class F>
void time_image(benchmark::State& state, F&& work) {
  double spent = 0;
  for (auto _ : state) {
    const double start = thread_seconds();
    work();
    const double seconds = thread_seconds() - start;
    state.SetIterationTime(seconds);
    spent += seconds;
  }
  state.counters["Mpx/s"] = double(state.iterations() * kHeight * kWidth) / 1e6 / spent;
}

void register_images() {
  const auto add = [](const char* name, auto work) {
    benchmark::RegisterBenchmark(name, [work](benchmark::State& s) { time_image(s, work); })
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond);
  };
  const auto resize = [add](const char* name, int64_t height, int64_t width) {
    add(name, [height, width, to = std::make_shared<Image>(height, width, 3), r = std::make_shared<Resizer>()] {
      r->antialias(street().image, height, width, {0, 0, height, width}, to->px.data(), 3 * width);
    });
  };
  resize("resize/1024x2048_to_512x1024", 512, 1024);
  resize("resize/1024x2048_to_720x1280", 720, 1280);
  resize("resize/1024x2048_to_256x512", 256, 512);
  resize("resize/1024x2048_to_1536x3072", 1536, 3072);
  add("resize/copy_1024x2048", [to = std::make_shared<Image>(kHeight, kWidth, 3)] {
    std::memcpy(to->px.data(), street().image.px, to->px.size());
  });
  add("decode/png_1024x2048", [to = std::make_shared<Image>(), file = std::make_shared<std::string>()] {
    if (file->empty()) *file = encode_png(street().image);
    decode_png(reinterpret_cast<const uint8_t*>(file->data()), file->size(), "bench", *to);
  });
  add("decode/label_png_1024x2048", [to = std::make_shared<Image>(), file = std::make_shared<std::string>()] {
    if (file->empty()) *file = encode_png(street().label, kLabelLevel);
    decode_label_png(reinterpret_cast<const uint8_t*>(file->data()), file->size(), "bench", *to);
  });
  add("decode/jpeg_1024x2048", [to = std::make_shared<Image>(), file = std::make_shared<std::string>()] {
    if (file->empty()) *file = encode_jpeg(street().image, 90);
    decode_jpeg(reinterpret_cast<const uint8_t*>(file->data()), file->size(), "bench", *to);
  });
}

/// Crops that arrive, by the clock on the wall, with state.range(0) threads.
void time_loader(benchmark::State& state) {
  LoaderOptions o;
  o.batch = 16, o.threads = int(state.range(0));
  o.augment = crop_options();
  Loader loader({{1, streets()}}, o);
  for (auto _ : state) benchmark::DoNotOptimize(loader.next().images.data());
  state.counters["crops/s"] = benchmark::Counter(double(o.batch), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(time_loader)->Name("loader/crop")->Arg(1)->Arg(2)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace segue::data

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  segue::data::register_samples();
  segue::data::register_images();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
