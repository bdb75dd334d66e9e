// Weights in files: names, layouts, conversions, and what happens to a file that does not fit.
#include "runtime/checkpoint_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <limits>
#include <numeric>
#include <tuple>

#include "runtime/safetensors.h"
#include "tests/files.h"

namespace segue {
namespace {

using testing::caught;
using testing::ScratchFolder;
using testing::write_bytes;

/// Host memory with a name.
struct Weights {
  Weights(std::string name, const Shape& shape, float first, bool filter = false)
      : shape(shape), filter(filter), name(name) {
    values.resize(size_t(shape.count()));
    std::iota(values.begin(), values.end(), first);
  }
  NamedTensor named() { return {name, View(values.data(), shape, DType::f32), filter}; }

  std::vector<float> values;
  Shape shape;
  bool filter;
  std::string name;
};

std::string load_error(const std::string& path, const std::vector<NamedTensor>& tensors,
                       const LoadOptions& options = {}) {
  const auto error = caught([&] { load_weights(path, tensors, options); });
  if (!error.what.empty()) {
    EXPECT_EQ(error.code, 3) << error.what;
  }
  return error.what;
}

TEST(CheckpointFile, RoundTrip) {
  ScratchFolder folder;
  Weights w("conv.weight", {4, 3, 2, 5}, 1, true), b("conv.bias", {4}, 1000);
  int64_t tracked = 42;
  const NamedTensor count{"bn.num_batches_tracked", View(&tracked, {}, DType::i64)};
  save_weights(folder.file("a"), {w.named(), b.named(), count}, {{"segue.arch", "test"}});

  Weights w2("conv.weight", {4, 3, 2, 5}, 0, true), b2("conv.bias", {4}, 0);
  tracked = 0;
  const LoadReport report = load_weights(folder.file("a"), {b2.named(), count, w2.named()});
  EXPECT_EQ(w2.values, w.values);
  EXPECT_EQ(b2.values, b.values);
  EXPECT_EQ(tracked, 42);
  EXPECT_EQ(report.matched, 3);
  EXPECT_EQ(report.converted, 0);
  EXPECT_EQ(report.summary(), "3 tensors matched");
  EXPECT_EQ(report.metadata.at("segue.arch"), "test");
  EXPECT_EQ(report.metadata.at("format"), "pt");
}

/// OIHW on disk: the element (k, c, r, s) of PyTorch is (k, r, s, c) in memory.
TEST(CheckpointFile, FiltersAreStoredInPyTorchsOrder) {
  ScratchFolder folder;
  const int64_t K = 2, R = 3, S = 2, C = 5;
  Weights w("w", {K, R, S, C}, 0, true);
  save_weights(folder.file("a"), {w.named()});
  const SafeTensors file(folder.file("a"));
  const StoredTensor& t = *file.find("w");
  EXPECT_EQ(shape_text(t.shape), "[2,5,3,2]");
  for (int64_t k = 0; k < K; ++k)
    for (int64_t c = 0; c < C; ++c)
      for (int64_t r = 0; r < R; ++r)
        for (int64_t s = 0; s < S; ++s) {
          float stored;
          std::memcpy(&stored, file.data(t) + 4 * (((k * C + c) * R + r) * S + s), 4);
          ASSERT_EQ(stored, w.values[size_t(((k * R + r) * S + s) * C + c)]);
        }
}

TEST(CheckpointFile, AllStoredTypesOfAView) {
  ScratchFolder folder;
  std::vector<double> d = {1, 2};
  std::vector<int64_t> l = {3, -4};
  std::vector<int32_t> i = {5, -6};
  std::vector<uint8_t> u = {7, 255};
  const std::vector<NamedTensor> all = {{"d", View(d.data(), {2}, DType::f64)},
                                        {"l", View(l.data(), {2}, DType::i64)},
                                        {"i", View(i.data(), {2}, DType::i32)},
                                        {"u", View(u.data(), {2}, DType::u8)},
                                        {"empty", View(nullptr, {0, 3}, DType::f32)}};
  save_weights(folder.file("a"), all);
  const auto before = std::make_tuple(d, l, i, u);
  d = {0, 0}, l = {0, 0}, i = {0, 0}, u = {0, 0};
  EXPECT_EQ(load_weights(folder.file("a"), all).matched, 5);
  EXPECT_EQ(std::make_tuple(d, l, i, u), before);
}

TEST(CheckpointFile, HalfAndDoublePrecisionBecomeFloat) {
  ScratchFolder folder;
  // 1, -2, the largest, the smallest subnormal, the smallest normal, infinity, -0, NaN.
  const uint16_t f16[8] = {0x3C00, 0xC000, 0x7BFF, 0x0001, 0x0400, 0x7C00, 0x8000, 0x7E00};
  const uint16_t bf16[8] = {0x3F80, 0xC000, 0x7F7F, 0x0001, 0x0080, 0x7F80, 0x8000, 0x7FC0};
  const double f64[8] = {1,    -2, 3.4028234663852886e38, 0x1p-149, 0.1, std::numeric_limits<double>::infinity(),
                         -0.0, NAN};
  write_safetensors(
      folder.file("a"),
      {{"h", StoredType::F16, {8}, f16}, {"b", StoredType::BF16, {8}, bf16}, {"d", StoredType::F64, {8}, f64}});
  Weights h("h", {8}, 0), b("b", {8}, 0), d("d", {8}, 0);
  const LoadReport report = load_weights(folder.file("a"), {h.named(), b.named(), d.named()});
  EXPECT_EQ(report.converted, 3);
  const auto check = [](const std::vector<float>& got, std::vector<float> want) {
    for (size_t i = 0; i < 7; ++i) {
      EXPECT_EQ(got[i], want[i]) << i;
      EXPECT_EQ(std::signbit(got[i]), std::signbit(want[i])) << i;
    }
    EXPECT_TRUE(std::isnan(got[7]));
  };
  const float inf = std::numeric_limits<float>::infinity();
  check(h.values, {1, -2, 65504, 0x1p-24f, 0x1p-14f, inf, -0.f});
  check(b.values, {1, -2, 0x1.fep127f, 0x1p-133f, 0x1p-126f, inf, -0.f});
  check(d.values, {1, -2, std::numeric_limits<float>::max(), 0x1p-149f, 0.1f, inf, -0.f});
}

TEST(CheckpointFile, ConvertedFiltersArePermutedToo) {
  ScratchFolder folder;
  const std::vector<double> stored = {0, 1, 2, 3, 4, 5};  // (1,3,1,2) on disk
  write_safetensors(folder.file("a"), {{"w", StoredType::F64, {1, 3, 1, 2}, stored.data()}});
  Weights w("w", {1, 1, 2, 3}, 0, true);
  load_weights(folder.file("a"), {w.named()});
  EXPECT_EQ(w.values, (std::vector<float>{0, 2, 4, 1, 3, 5}));
}

TEST(CheckpointFile, AnotherShapeNamesBothAndTheRemedy) {
  ScratchFolder folder;
  Weights file_head("classifier.classifier.3.weight", {21, 1, 1, 256}, 0, true);
  save_weights(folder.file("x.safetensors"), {file_head.named()});
  Weights head("classifier.classifier.3.weight", {19, 1, 1, 256}, 7, true);
  const std::string error = load_error(folder.file("x.safetensors"), {head.named()});
  EXPECT_NE(
      error.find("x.safetensors': tensor 'classifier.classifier.3.weight' is [21,256,1,1], model wants [19,256,1,1]"),
      std::string::npos)
      << error;
  EXPECT_NE(error.find("model.classes = 21"), std::string::npos) << error;
  EXPECT_EQ(head.values[0], 7);

  Weights bias("bn.weight", {3}, 0), small("bn.weight", {1, 3}, 0);
  save_weights(folder.file("y"), {bias.named()});
  EXPECT_NE(load_error(folder.file("y"), {small.named()}).find("is [3], model wants [1,3]"), std::string::npos);
}

TEST(CheckpointFile, MismatchedHeadsCanBeSkipped) {
  ScratchFolder folder;
  Weights body("backbone.w", {3}, 5), head("classifier.w", {4}, 5);
  save_weights(folder.file("a"), {body.named(), head.named()});
  Weights body2("backbone.w", {3}, 0), head2("classifier.w", {2}, 9);
  const LoadReport report = load_weights(folder.file("a"), {body2.named(), head2.named()}, {.skip_mismatched = true});
  EXPECT_EQ(body2.values, body.values);
  EXPECT_EQ(head2.values, (std::vector<float>{9, 10}));
  EXPECT_EQ(report.mismatched, std::vector<std::string>{"classifier.w"});
  EXPECT_EQ(report.summary(), "1 tensor matched, 1 of another shape left as they were");
  EXPECT_NE(load_error(folder.file("a"), {head2.named()}, {.strict = false, .skip_mismatched = true}), "");
}

TEST(CheckpointFile, MissingAndUnexpectedNamesAreNamedWithTheNearest) {
  ScratchFolder folder;
  Weights a("layer1.0.conv1.weight", {2}, 5), b("fc.bias", {2}, 5);
  save_weights(folder.file("a"), {a.named(), b.named()});
  Weights a2("layer1.0.conv2.weight", {2}, 0), b2("fc.bias", {2}, 0);
  const std::string error = load_error(folder.file("a"), {a2.named(), b2.named()});
  EXPECT_NE(error.find("the file lacks tensor 'layer1.0.conv2.weight' (nearest to 'layer1.0.conv2.weight': "
                       "'layer1.0.conv1.weight'); the model has no tensor 'layer1.0.conv1.weight'"),
            std::string::npos)
      << error;
  EXPECT_EQ(b2.values, (std::vector<float>{0, 1}));  // untouched

  const LoadReport report = load_weights(folder.file("a"), {a2.named(), b2.named()}, {.strict = false});
  EXPECT_EQ(report.missing, std::vector<std::string>{"layer1.0.conv2.weight"});
  EXPECT_EQ(report.unexpected, std::vector<std::string>{"layer1.0.conv1.weight"});
  EXPECT_EQ(report.summary(), "1 tensor matched, 1 missing, 1 unexpected");
  EXPECT_EQ(b2.values, b.values);
  EXPECT_NE(load_error(folder.file("a"), {a2.named()}, {.strict = false}).find("no tensor fits"), std::string::npos);
}

TEST(CheckpointFile, AMessageOfManyNamesStaysShort) {
  ScratchFolder folder;
  std::deque<Weights> many;
  std::vector<NamedTensor> tensors;
  for (int i = 0; i < 300; ++i)
    tensors.push_back(many.emplace_back("layer." + std::to_string(i), Shape{1}, 0.f).named());
  Weights one("other", {1}, 0);
  save_weights(folder.file("a"), {one.named()});
  const std::string error = load_error(folder.file("a"), tensors);
  EXPECT_NE(error.find("and 295 more"), std::string::npos) << error;
  EXPECT_LT(error.size(), 500u);
}

TEST(CheckpointFile, WrappersOfPyTorchAreStripped) {
  ScratchFolder folder;
  for (const std::string prefix : {"module.", "_orig_mod."}) {
    Weights a(prefix + "a", {2}, 5), b(prefix + "b", {2}, 7);
    save_weights(folder.file("x"), {a.named(), b.named()});
    Weights a2("a", {2}, 0), b2("b", {2}, 0);
    EXPECT_EQ(load_weights(folder.file("x"), {a2.named(), b2.named()}).matched, 2);
    EXPECT_EQ(b2.values, b.values);
  }
  // Not all names have it: it is part of the name.
  Weights a("module.a", {2}, 5), b("b", {2}, 7), a2("a", {2}, 0);
  save_weights(folder.file("x"), {a.named(), b.named()});
  EXPECT_NE(load_error(folder.file("x"), {a2.named(), b.named()}), "");
}

TEST(CheckpointFile, CountersAreOptionalOnBothSides) {
  ScratchFolder folder;
  int64_t tracked = 3;
  const NamedTensor count{"bn.num_batches_tracked", View(&tracked, {}, DType::i64)};
  Weights w("bn.weight", {2}, 5);
  save_weights(folder.file("with"), {w.named(), count});
  save_weights(folder.file("without"), {w.named()});
  EXPECT_EQ(load_weights(folder.file("with"), {w.named()}).unexpected.size(), 0u);
  EXPECT_EQ(load_weights(folder.file("without"), {w.named(), count}).missing.size(), 0u);
  EXPECT_EQ(tracked, 3);
}

TEST(CheckpointFile, StatisticsOfInstanceNormsAreDroppedWhenAsked) {
  ScratchFolder folder;
  Weights w("model.1.weight", {2}, 5), mean("model.2.running_mean", {2}, 0), var("model.2.running_var", {2}, 0);
  save_weights(folder.file("a"), {w.named(), mean.named(), var.named()});
  EXPECT_NE(load_error(folder.file("a"), {w.named()}), "");
  EXPECT_EQ(load_weights(folder.file("a"), {w.named()}, {.drop_norm_statistics = true}).matched, 1);
  // A model that has them gets them.
  EXPECT_EQ(
      load_weights(folder.file("a"), {w.named(), mean.named(), var.named()}, {.drop_norm_statistics = true}).matched,
      3);
}

TEST(CheckpointFile, NothingIsWrittenUnlessAllIsAcceptable) {
  ScratchFolder folder;
  const float good[2] = {1, 2};
  const double large[2] = {1, 1e39};
  const int64_t integers[2] = {1, 2};
  Weights a("a", {2}, 50), b("b", {2}, 60);
  const std::vector<float> before = a.values;
  const std::vector<NamedTensor> model = {a.named(), b.named()};
  write_safetensors(folder.file("large"), {{"a", StoredType::F32, {2}, good}, {"b", StoredType::F64, {2}, large}});
  EXPECT_NE(load_error(folder.file("large"), model).find("'b' is F64 and holds values that f32 cannot"),
            std::string::npos);
  write_safetensors(folder.file("type"), {{"a", StoredType::F32, {2}, good}, {"b", StoredType::I64, {2}, integers}});
  EXPECT_NE(load_error(folder.file("type"), model).find("'b' is I64, model wants f32"), std::string::npos);
  const std::string whole = testing::read_bytes(folder.file("large"));
  write_bytes(folder.file("cut"), whole.substr(0, whole.size() - 1));
  EXPECT_NE(load_error(folder.file("cut"), model).find("cut short"), std::string::npos);
  EXPECT_EQ(a.values, before);
  EXPECT_NE(load_error(folder.file("none"), model), "");
}

TEST(CheckpointFile, CallersMistakesAreTold) {
  ScratchFolder folder;
  Weights a("a", {2, 8}, 0);
  save_weights(folder.file("x"), {a.named()});
  const View padded(a.values.data(), {2, 3}, DType::f32, 8);
  const View half(a.values.data(), {4}, DType::bf16);
  for (const std::vector<NamedTensor>& wrong :
       {std::vector<NamedTensor>{a.named(), a.named()}, std::vector<NamedTensor>{{"p", padded}},
        std::vector<NamedTensor>{{"h", half}}, std::vector<NamedTensor>{{"f", a.named().view, true}}}) {
    EXPECT_EQ(caught([&] { save_weights(folder.file("y"), wrong); }).code, 1);
    EXPECT_EQ(caught([&] { load_weights(folder.file("x"), wrong); }).code, 1);
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"x"});
}

}  // namespace
}  // namespace segue
