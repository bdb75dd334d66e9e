// Models from files alone: with segue's metadata, and recognised by their tensors.
#include "models/model_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "models/deeplabv3plus.h"
#include "models/domain_discriminator.h"
#include "models/fcn.h"
#include "models/patchgan.h"
#include "models/resnet50.h"
#include "runtime/memory.h"
#include "tests/files.h"

namespace segue {
namespace {

using testing::caught;
using testing::ScratchFolder;

class ModelFile : public ::testing::Test {
 protected:
  /// Weights without metadata, as other programs write them.
  void save_plain(Network& net, const std::string& prefix = "") {
    if (!net.allocated()) net.allocate(c);
    std::vector<NamedTensor> named = net.named_tensors();
    for (NamedTensor& t : named) t.name = prefix + t.name;
    save_weights(path, named);
  }
  /// The model's tensors with other metadata.
  void save_noted(Network& net, const std::map<std::string, std::string>& notes) {
    if (!net.allocated()) net.allocate(c);
    save_weights(path, net.named_tensors(), notes);
  }
  std::string error() {
    const auto e = caught([&] { open_segmenter(c, path); });
    EXPECT_TRUE(e.what.empty() || e.code == 3) << e.what << " exits with " << e.code;
    const std::string start = "weights '" + path + "': ";
    EXPECT_EQ(e.what.rfind(start, 0), 0u) << e.what;
    return e.what.substr(std::min(e.what.size(), start.size()));
  }

  ScratchFolder folder;
  std::string path = folder.file("model.safetensors");
  Context c;
};

SegmenterInfo small(const std::string& arch, int output_stride) {
  SegmenterInfo info;
  info.arch = arch;
  info.classes = 3;
  info.output_stride = output_stride;
  info.width = 0.125;
  return info;
}

TEST_F(ModelFile, EverythingComesBack) {
  for (const auto& [arch, stride] : {std::pair{"deeplabv3plus", 16}, {"deeplabv3plus", 8}, {"fcn", 8}}) {
    SegmenterInfo info = small(arch, stride);
    info.width = 0.15625;
    info.aux = info.arch == "fcn";
    info.mean = {0.1f, 1.f / 3, 0.485f};
    info.std = {0.2f, 0.7f, 1};
    info.class_table = "name = \"three\"\n[[class]]\n\n";
    info.class_names = {"sky", "traffic light",
                        "stra\xc3\x9f"
                        "e"};
    info.step = 40000;
    const auto model = make_segmenter(info);
    model->allocate(c);
    save_model(path, *model, info);

    OpenSegmenter open = open_segmenter(c, path);
    EXPECT_EQ(open.info.arch, info.arch);
    EXPECT_EQ(open.info.classes, 3);
    EXPECT_EQ(open.info.output_stride, stride);
    EXPECT_EQ(open.info.width, 0.15625);
    EXPECT_EQ(open.info.aux, info.aux);
    EXPECT_EQ(open.info.mean, info.mean);
    EXPECT_EQ(open.info.std, info.std);
    EXPECT_EQ(open.info.class_table, info.class_table);
    EXPECT_EQ(open.info.class_names, info.class_names);
    EXPECT_EQ(open.info.step, 40000);
    EXPECT_EQ(to_host(open.model->values()), to_host(model->values()));
    EXPECT_EQ(to_host(open.model->buffers()), to_host(model->buffers()));
    EXPECT_FALSE(open.model->training());
    EXPECT_FALSE(bool(open.model->grads()));
  }
}

TEST_F(ModelFile, RecognisedByTensors) {
  for (const double width : {0.125, 0.25, 0.3, 0.5, 1.0, 1.25}) {
    // Not allocated: shapes alone decide, and the full model would take its time.
    const auto shapes_only = [&](Network& net) {
      std::vector<TensorSource> tensors;
      for (Parameter* p : net.parameters()) {
        const Shape& s = p->shape();
        std::vector<uint64_t> shape;
        for (int i = 0; i < s.dims(); ++i) shape.push_back(uint64_t(s[i]));
        if (shape.size() == 4) shape = {shape[0], shape[3], shape[1], shape[2]};
        tensors.push_back({p->name(), StoredType::F16, shape, nullptr, [](std::byte*) {}});
      }
      write_safetensors(path, tensors);
    };
    DeepLabV3Plus deeplab({.classes = 21, .width = width});
    shapes_only(deeplab);
    SegmenterInfo info = segmenter_info(SafeTensors(path));
    EXPECT_EQ(info.arch, "deeplabv3plus");
    EXPECT_EQ(info.classes, 21);
    EXPECT_EQ(info.output_stride, 16);
    // Any multiplier with the same channels will do.
    const auto same = make_segmenter(info);
    EXPECT_EQ(same->parameter_count(), deeplab.parameter_count()) << width << " became " << info.width;
    if (width != 0.3) {
      EXPECT_NEAR(info.width, width, width / 16);
    }
    EXPECT_EQ(segmenter_info(SafeTensors(path), 8).output_stride, 8);

    for (const bool aux : {false, true}) {
      Fcn fcn({.classes = 19, .aux = aux, .width = width});
      shapes_only(fcn);
      info = segmenter_info(SafeTensors(path));
      EXPECT_EQ(info.arch, "fcn");
      EXPECT_EQ(info.output_stride, 8);
      EXPECT_EQ(info.aux, aux);
      EXPECT_EQ(make_segmenter(info)->parameter_count(), fcn.parameter_count()) << width << " became " << info.width;
    }
  }
}

TEST_F(ModelFile, WrappedModelsOpen) {
  DeepLabV3Plus model({.classes = 4, .width = 0.125});
  for (const char* prefix : {"module.", "_orig_mod."}) {
    save_plain(model, prefix);
    EXPECT_EQ(to_host(open_segmenter(c, path).model->values()), to_host(model.values())) << prefix;
  }
}

TEST_F(ModelFile, GeneratorsOpen) {
  for (const GeneratorInfo& info : {GeneratorInfo{.blocks = 2, .filters = 8, .step = 7},
                                    GeneratorInfo{.blocks = 1, .filters = 12, .dropout_names = true},
                                    GeneratorInfo{.blocks = 1, .filters = 8, .skips = true},
                                    GeneratorInfo{.blocks = 1, .filters = 8, .upsampling = Upsampling::resize}}) {
    CycleGanGenerator model({.blocks = info.blocks,
                             .filters = info.filters,
                             .dropout_names = info.dropout_names,
                             .skips = info.skips,
                             .upsampling = info.upsampling});
    model.allocate(c);
    save_model(path, model, info);
    OpenGenerator open = open_generator(c, path);
    EXPECT_EQ(open.info.blocks, info.blocks);
    EXPECT_EQ(open.info.filters, info.filters);
    EXPECT_EQ(open.info.dropout_names, info.dropout_names);
    EXPECT_EQ(open.info.skips, info.skips);
    EXPECT_EQ(open.info.upsampling, info.upsampling);
    EXPECT_EQ(open.info.step, info.step);
    EXPECT_EQ(to_host(open.model->values()), to_host(model.values()));
    // Old files of the reference code carry running statistics that the model does not have.
    std::vector<NamedTensor> named = model.named_tensors();
    const Tensor statistics = c.persistent({info.filters}, DType::f32, "statistics");
    named.push_back({"model.2.running_mean", statistics.view()});
    named.push_back({"model.2.running_var", statistics.view()});
    save_weights(path, named);
    EXPECT_EQ(to_host(open_generator(c, path).model->values()), to_host(model.values()));
    EXPECT_EQ(error(), "expects a segmentation model; this is a generator of CycleGAN");
  }
}

TEST_F(ModelFile, OthersAreNamed) {
  ResNet50Classifier classifier(10, {.width = 0.125});
  save_plain(classifier);
  EXPECT_EQ(error(), "expects a segmentation model; this is an image classifier (ResNet)");
  PatchGan patchgan({.filters = 8});
  save_plain(patchgan);
  EXPECT_EQ(error(), "expects a segmentation model; this is a discriminator of CycleGAN");
  DeepLabV3Plus deeplab({.classes = 3, .width = 0.125});
  save_plain(deeplab);
  EXPECT_EQ(caught([&] { open_generator(c, path); }).what,
            "weights '" + path + "': expects a generator of CycleGAN; this is a DeepLabv3+ on ResNet-50");
  const float w[3] = {};
  const auto named = [&](const std::string& name) {
    write_safetensors(path, {{name, StoredType::F32, {3, 1, 1, 1}, w}});
    return error();
  };
  EXPECT_NE(named("classifier.0.convs.0.0.weight").find("DeepLabv3, without the plus"), std::string::npos);
  EXPECT_NE(named("classifier.aspp.convs.1.0.body.0.weight").find("separable"), std::string::npos);
  EXPECT_NE(named("classifier.4.weight").find("backbone that is not ResNet-50"), std::string::npos);
  EXPECT_NE(named("model.model.0.weight").find("U-Net"), std::string::npos);
  EXPECT_NE(named("a\x1b[1m").find("none of the models that segue knows (it has a tensor 'a\\x1b[1m')"),
            std::string::npos);
  write_safetensors(path, {});
  EXPECT_NE(error().find("a file without tensors"), std::string::npos);
}

TEST_F(ModelFile, MetadataThatCannotBeMeant) {
  DeepLabV3Plus model({.classes = 3, .width = 0.125});
  const auto with = [&](const std::string& key, const std::string& value) {
    save_noted(model, {{"segue.arch", "deeplabv3plus"}, {key, value}});
    return error();
  };
  EXPECT_EQ(with("segue.num_classes", "19"), "metadata segue.num_classes expects 3, which the tensors have; got '19'");
  EXPECT_EQ(with("segue.width", "0.5"), "its metadata say a width of 0.5, which its tensors do not have");
  EXPECT_EQ(with("segue.width", "nan"), "metadata segue.width expects a number from 1e-06 to 64; got 'nan'");
  EXPECT_EQ(with("segue.output_stride", "12"), "metadata segue.output_stride expects 8 or 16; got '12'");
  EXPECT_EQ(with("segue.mean", "1,2"), "metadata segue.mean expects three numbers, for red, green and blue; got '1,2'");
  EXPECT_EQ(with("segue.std", "1,0,1"), "metadata segue.std expects numbers from 1e-06 to 1e+06; got '1,0,1'");
  EXPECT_EQ(with("segue.classes", "road"), "metadata segue.classes expects one for each of 3 classes; got 'road'");
  EXPECT_EQ(with("segue.version", "2"), "metadata segue.version expects a number from 1 to 1; got '2'");
  EXPECT_EQ(with("segue.step", "12x"), "metadata segue.step expects a number from 0 to 9007199254740992; got '12x'");
  save_noted(model, {{"segue.arch", "fcn"}});
  EXPECT_EQ(error(), "metadata segue.arch expects deeplabv3plus, which the tensors are; got 'fcn'");
  save_noted(model, {{"segue.arch", "deeplabv3plus"}, {"segue.output_stride", "8"}});
  EXPECT_EQ(caught([&] { open_segmenter(c, path, 16); }).what,
            "weights '" + path + "': its metadata say an output stride of 8; asked for 16");
}

TEST_F(ModelFile, DivergedWeightsAreRefused) {
  DeepLabV3Plus model({.classes = 3, .width = 0.125});
  model.allocate(c);
  const float nan = std::nanf("");
  copy_memory(model.parameters()[3]->value().data(), &nan, sizeof nan);
  save_plain(model);
  EXPECT_EQ(error(),
            "tensor '" + model.parameters()[3]->name() + "' holds values that are not finite; the training diverged");
}

/// A small file that claims to be a large model gets no memory for it.
TEST_F(ModelFile, ClaimsAreComparedWithTheFile) {
  const std::vector<std::byte> zeros(size_t(4096) * 3 * 49 * 2);
  std::vector<TensorSource> tensors;
  const auto add = [&](const std::string& name, std::vector<uint64_t> shape) {
    tensors.push_back({name, StoredType::F16, std::move(shape), zeros.data()});
  };
  add("backbone.conv1.weight", {4096, 3, 7, 7});
  for (uint64_t stage = 1; stage <= 4; ++stage)
    add(cat("backbone.layer", stage, ".0.conv1.weight"), {uint64_t(2048) << stage, 0});
  for (const char* name : {"backbone.layer3.5.conv1.weight", "backbone.layer4.2.conv3.weight"}) add(name, {0});
  add("classifier.project.0.weight", {3072, 0});
  add("classifier.aspp.convs.0.0.weight", {16384, 0});
  add("classifier.classifier.3.weight", {19, 0});
  write_safetensors(path, tensors);
  EXPECT_NE(error().find("tensors are missing: a DeepLabv3+ on ResNet-50 of these widths has "), std::string::npos);
  EXPECT_EQ(c.persistent_arena().used(), Context().persistent_arena().used());
}

TEST_F(ModelFile, OnlyWhatTheInfoDescribesIsSaved) {
  DeepLabV3Plus model({.classes = 3, .width = 0.125});
  model.allocate(c);
  SegmenterInfo info = small("deeplabv3plus", 16);
  info.width = 0.25;
  EXPECT_NE(caught([&] { save_model(path, model, info); }).what.find("[save_model] expects the model that the info"),
            std::string::npos);
  info = small("deeplabv3plus", 16);
  info.class_names.resize(2);
  EXPECT_NE(caught([&] { save_model(path, model, info); }).what.find("expects 3 names of classes; got 2"),
            std::string::npos);
  EXPECT_TRUE(folder.names().empty());
}

}  // namespace
}  // namespace segue
