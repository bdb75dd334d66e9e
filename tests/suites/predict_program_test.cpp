// `segue eval` and `segue predict`, run as a user runs them, on a small model with weights made by formula: what they
// write is read back and compared with the model's own results.
#include <cmath>

#include "apps/model_classes.h"
#include "apps/predictor.h"
#include "apps/score_report.h"
#include "data/evaluator.h"
#include "data/image_file.h"
#include "runtime/ops.h"
#include "runtime/safetensors.h"
#include "tests/model_steps.h"
#include "tests/program.h"

namespace segue {
namespace {

namespace fs = std::filesystem;
using data::Image;
using testing::Finished;
using testing::read_bytes;
using testing::write_bytes;

/// Soft shapes, so that a model sees more than one class.
Image picture(int64_t height, int64_t width, int salt) {
  Image image(height, width, 3);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int k = 0; k < 3; ++k)
        image.row(y)[3 * x + k] =
            uint8_t(127.5 + 120 * std::sin(double(y) / (5 + k) + double(x) / (7 - k) + salt + 2 * k));
  return image;
}

/// Ids of Cityscapes' label files, ignored ones too.
Image label(int64_t height, int64_t width, int salt) {
  Image image(height, width, 1);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x) image.row(y)[x] = uint8_t((y / 6 * 5 + x / 9 + salt) % 34);
  return image;
}

class PredictProgram : public testing::ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    info_.width = 0.125;
    describe_classes(info_, data::cityscapes_classes());
    model_ = make_segmenter(info_);
    model_->allocate(c_, false);
    model_->set_training(false);
    testing::set_by_formula(*model_);
    save_model(weights_, *model_, info_);
    make("photos/a", 40, 64, 0);
    make("photos/deep/er/b", 33, 47, 1);
    make("photos/deep/c", 20, 70, 2);
  }
  void make(const std::string& name, int64_t height, int64_t width, int salt) {
    const std::string path = folder_.file(name + ".png");
    fs::create_directories(fs::path(path).parent_path());
    data::write_png(path, picture(height, width, salt).view());
  }
  /// Two images in Cityscapes' layout.
  void make_cityscapes() {
    for (int i = 0; i < 2; ++i) {
      const std::string name = cat("/val/ulm/ulm_00000", i, "_000019_"), root = folder_.file("cs");
      for (const char* kind : {"leftImg8bit", "gtFine"}) fs::create_directories(root + "/" + kind + "/val/ulm");
      data::write_png(root + "/leftImg8bit" + name + "leftImg8bit.png", picture(40 + i, 64, i).view());
      data::write_png(root + "/gtFine" + name + "gtFine_labelIds.png", label(40 + i, 64, i).view());
    }
  }
  std::string command(const std::string& kind, const std::string& out, const std::string& images = "photos") {
    return "predict " + weights_ + " " + folder_.file(images) + " -o " + folder_.file(out) +
           (kind.empty() ? "" : " --as " + kind);
  }
  /// Logits (H,W,C) of a picture, by the library.
  std::vector<float> logits(const Image& image) {
    std::vector<float> values;
    Predictor(c_, *model_, info_).run(image.view(), [&](const Tensor& t) {
      values = to_host(resize_bilinear(c_, t, image.height, image.width));
    });
    return values;
  }
  Image train_ids(const Image& image) {
    const std::vector<float> z = logits(image);
    Image ids(image.height, image.width, 1);
    for (size_t p = 0; p < ids.px.size(); ++p)
      ids.px[p] = uint8_t(std::max_element(z.begin() + int64_t(p) * 19, z.begin() + int64_t(p + 1) * 19) - z.begin() -
                          int64_t(p) * 19);
    return ids;
  }

  Context c_;
  SegmenterInfo info_;
  std::unique_ptr<Segmenter> model_;
  std::string weights_ = folder_.file("model.safetensors");
  const data::ClassTable& classes_ = data::cityscapes_classes();
  const std::vector<std::string> names_ = {"a", "deep/c", "deep/er/b"};
};

TEST_F(PredictProgram, KindsOfPngs) {
  for (const std::string kind : {"color", "ids", "trainids", "overlay"}) {
    const Finished f = run(command(kind, kind));
    ASSERT_EQ(f.status, 0) << f.err;
    EXPECT_EQ(f.out, "predicted 3 images into '" + folder_.file(kind) + "'\n");
    EXPECT_NE(f.err.find("deeplabv3plus, 19 classes, output stride 16, width 0.125; CPU"), std::string::npos) << f.err;
    for (const std::string& name : names_) {
      const Image photo = data::read_image(folder_.file("photos/" + name + ".png"));
      const Image want = train_ids(photo);
      const std::string path = folder_.file(kind + "/" + name + ".png");
      int64_t classes = 0;
      for (uint8_t k = 0; k < 19; ++k) classes += std::count(want.px.begin(), want.px.end(), k) > 0;
      EXPECT_GE(classes, 2) << name << ": too plain to prove anything";
      if (kind == "overlay") {
        const Image got = data::read_image(path);
        ASSERT_EQ(got.px.size(), photo.px.size());
        for (int64_t y = 0; y < want.height; ++y)
          for (int64_t x = 0; x < want.width; ++x) {
            const bool border = (x + 1 < want.width && want.row(y)[x + 1] != want.row(y)[x]) ||
                                (y + 1 < want.height && want.row(y + 1)[x] != want.row(y)[x]);
            const auto rgb = classes_.color(want.row(y)[x]);
            for (int64_t k = 0; k < 3; ++k)
              ASSERT_EQ(got.row(y)[3 * x + k],
                        border ? rgb[size_t(k)] : (photo.row(y)[3 * x + k] + rgb[size_t(k)] + 1) / 2);
          }
        continue;
      }
      Image ids = want;
      if (kind != "trainids")
        for (uint8_t& px : ids.px) px = classes_.classes[px].id;
      EXPECT_EQ(data::read_label(path).px, ids.px) << kind << " " << name;
      if (kind != "color") continue;
      const Image colors = data::read_image(path);
      for (size_t p = 0; p < want.px.size(); ++p)
        for (size_t k = 0; k < 3; ++k) ASSERT_EQ(colors.px[3 * p + k], classes_.color(want.px[p])[k]);
    }
  }
  // Color is what is made without --as.
  ASSERT_EQ(run(command("", "plain")).status, 0);
  EXPECT_EQ(read_bytes(folder_.file("plain/a.png")), read_bytes(folder_.file("color/a.png")));
}

TEST_F(PredictProgram, Logits) {
  ASSERT_EQ(run(command("logits", "out")).status, 0);
  for (const std::string& name : names_) {
    const Image photo = data::read_image(folder_.file("photos/" + name + ".png"));
    const SafeTensors file(folder_.file("out/" + name + ".safetensors"));
    const StoredTensor* t = file.find("logits");
    ASSERT_NE(t, nullptr);
    EXPECT_EQ(t->type, StoredType::F32);
    EXPECT_EQ(t->shape, (std::vector<uint64_t>{19, uint64_t(photo.height), uint64_t(photo.width)}));
    const std::vector<float> want = logits(photo);
    for (int64_t p = 0; p < photo.height * photo.width; ++p)
      for (int64_t k = 0; k < 19; ++k) {
        float got;
        std::memcpy(&got, file.data(*t) + (k * photo.height * photo.width + p) * 4, 4);
        ASSERT_EQ(got, want[size_t(p * 19 + k)]) << name << " class " << k << " px " << p;
      }
    EXPECT_EQ(file.metadata().at("segue.classes").rfind("road,sidewalk,building", 0), 0u);
  }
}

TEST_F(PredictProgram, OneImageAndAnInferenceSize) {
  ASSERT_EQ(run(command("trainids", "own", "photos/a.png")).status, 0);
  const Image photo = data::read_image(folder_.file("photos/a.png"));
  EXPECT_EQ(data::read_label(folder_.file("own/a.png")).px, train_ids(photo).px);
  ASSERT_EQ(run(command("trainids", "sized", "photos/a.png") + " --size 64x96").status, 0);
  const Image sized = data::read_label(folder_.file("sized/a.png"));
  EXPECT_EQ(sized.height, 40);
  EXPECT_EQ(sized.width, 64);
  EXPECT_NE(sized.px, train_ids(photo).px);
}

TEST_F(PredictProgram, GoesOnWhereItStoppedAndNeverMixes) {
  ASSERT_EQ(run(command("ids", "out")).status, 0);
  const std::string before = read_bytes(folder_.file("out/a.png"));
  fs::remove(folder_.file("out/deep/c.png"));
  EXPECT_EQ(run(command("ids", "out")).out, "predicted 1 image into '" + folder_.file("out") + "'; 2 were there\n");
  EXPECT_EQ(read_bytes(folder_.file("out/a.png")), before);
  EXPECT_NE(error(command("color", "out"), 2).find("was begun with other settings (as \"ids\", now \"color\")"),
            std::string::npos);
  // Inputs are out of reach.
  EXPECT_NE(error(command("ids", "photos"), 2).find("-o expects a folder outside"), std::string::npos);
  EXPECT_NE(error(command("ids", "photos/new"), 2).find("-o expects a folder outside"), std::string::npos);
  EXPECT_NE(error(command("ids", "photos", "photos/a.png"), 2).find("has files but no predict.json"),
            std::string::npos);
}

TEST_F(PredictProgram, BrokenImagesAreReportedAndLeftOut) {
  write_bytes(folder_.file("photos/broken.png"), "not a picture");
  const std::string whole = read_bytes(folder_.file("photos/a.png"));
  write_bytes(folder_.file("photos/short.png"), whole.substr(0, whole.size() / 2));
  const Finished f = run(command("ids", "out"));
  EXPECT_EQ(f.status, 3);
  EXPECT_EQ(f.out, "predicted 3 images into '" + folder_.file("out") + "'\n");
  EXPECT_NE(f.err.find("segue: warning: "), std::string::npos);
  for (const char* name : {"broken.png", "short.png"})
    EXPECT_NE(f.err.find(folder_.file(std::string("photos/") + name)), std::string::npos) << f.err;
  EXPECT_NE(f.err.find("segue: error: 2 of 5 images could not be predicted; the reasons stand above\n"),
            std::string::npos)
      << f.err;
  for (const std::string& name : names_) EXPECT_TRUE(fs::exists(folder_.file("out/" + name + ".png")));
  EXPECT_FALSE(fs::exists(folder_.file("out/broken.png")));
}

TEST_F(PredictProgram, PredictRefuses) {
  EXPECT_EQ(error(command("colour", "out"), 2),
            "--as expects color, ids, trainids, overlay or logits; got 'colour'; did you mean 'color'?");
  EXPECT_EQ(error(command("trainid", "out"), 2),
            "--as expects color, ids, trainids, overlay or logits; got 'trainid'; did you mean 'trainids'?");
  EXPECT_EQ(error("predict " + weights_, 2),
            "'segue predict' expects a weight file or a run, and an image or a folder; "
            "got only '" +
                weights_ + "'; see 'segue help predict'");
  EXPECT_EQ(error("predict a b", 2),
            "'segue predict' expects a folder for results: -o OUT; got none; see 'segue help predict'");
  EXPECT_NE(error("predict " + folder_.file("none") + " b -o c", 3).find("No such file"), std::string::npos);
  EXPECT_EQ(error(command("ids", "out", "nowhere"), 3),
            "there is no image or folder '" + folder_.file("nowhere") + "'");
  EXPECT_NE(error(command("ids", "model.safetensors/out"), 1).find("creating folder"), std::string::npos);
  EXPECT_NE(error(command("ids", "model.safetensors"), 2).find("is a file"), std::string::npos);
  EXPECT_NE(error(command("ids", "out") + " --size 12", 2).find("--size expects HxW"), std::string::npos);
  EXPECT_NE(error(command("ids", "out") + " --output-stride 8", 3).find("say an output stride of 16; asked for 8"),
            std::string::npos);
  EXPECT_NE(error(command("ids", "out") + " --device gpu", 2).find("--device expects auto, cpu or cuda; got 'gpu'"),
            std::string::npos);
  write_bytes(folder_.file("two.toml"), "[[class]]\nname = \"land\"\n[[class]]\nname = \"sea\"\n");
  EXPECT_EQ(error(command("ids", "out") + " --classes " + folder_.file("two.toml"), 2),
            "class table 'two' does not fit weights '" + weights_ + "': it has 2 classes, the model 19");
  EXPECT_FALSE(fs::exists(folder_.file("out")));
}

TEST_F(PredictProgram, EvalTableJsonAndPredictions) {
  make_cityscapes();
  const std::string json = folder_.file("result.json"), saved = folder_.file("saved");
  const Finished f =
      run("eval " + weights_ + " --data cityscapes:" + folder_.file("cs") + " --json " + json + " --save " + saved);
  ASSERT_EQ(f.status, 0) << f.err;
  data::IdConfusion confusion;
  for (int i = 0; i < 2; ++i) {
    const Image ids = data::read_label(cat(saved, "/ulm_00000", i, "_000019.png"));
    Image want = train_ids(picture(40 + i, 64, i));
    for (uint8_t& px : want.px) px = classes_.classes[px].id;
    EXPECT_EQ(ids.px, want.px);
    confusion.add(label(40 + i, 64, i).view(), ids.view());
  }
  const data::Scores s = score(confusion.by_class(classes_.to_train("cityscapes"), 19));
  EXPECT_EQ(f.out, score_table(s, classes_, {}));
  const Json got = Json::parse(read_bytes(json), json), want = score_json(confusion, classes_);
  for (const auto& [key, value] : want.members()) EXPECT_EQ(got.at(key).dump(), value.dump()) << key;
  EXPECT_EQ(got.at("segue").integer("images"), 2);
  EXPECT_EQ(got.at("segue").text("split"), "val");
  EXPECT_EQ(got.at("segue").integer("pixels"), int64_t(s.pixels));
  EXPECT_EQ(got.at("segue").number("pixelAccuracy"), s.pixel_accuracy);

  // The same of a run: its best checkpoint, or the last.
  const std::string run_folder = folder_.file("runs/x");
  const std::string eval_run = "eval " + run_folder + " --data cityscapes:" + folder_.file("cs");
  fs::create_directories(run_folder + "/checkpoints");
  EXPECT_NE(error(eval_run, 3).find("has neither checkpoints/best nor checkpoints/last"), std::string::npos);
  fs::create_directories(run_folder + "/checkpoints/step-00000007");
  fs::copy(weights_, run_folder + "/checkpoints/step-00000007/model.safetensors");
  EXPECT_EQ(run(eval_run).out, f.out) << "without a mark the newest counts";
  write_bytes(run_folder + "/checkpoints/last", "step-00000007\n");
  EXPECT_EQ(run(eval_run).out, f.out);
  // A run with averaged weights is judged by them; a checkpoint's folder stands for itself.
  const std::string average = run_folder + "/checkpoints/step-00000007/ema.safetensors";
  write_bytes(average, "no weights");
  EXPECT_NE(error(eval_run, 3).find(average), std::string::npos);
  fs::remove(average);
  EXPECT_EQ(run("eval " + run_folder + "/checkpoints/step-00000007 --data cityscapes:" + folder_.file("cs")).out,
            f.out);
  write_bytes(run_folder + "/checkpoints/best", "step-00000008\n");
  EXPECT_NE(error(eval_run, 3).find("step-00000008"), std::string::npos);

  const Finished averaged =
      run("eval " + weights_ + " --data cityscapes:" + folder_.file("cs") + " --scales 0.5,1 --flip --subset 16");
  EXPECT_EQ(averaged.status, 0) << averaged.err;
  EXPECT_NE(averaged.out.find("\nmean of 16 "), std::string::npos);
  EXPECT_NE(averaged.out.substr(0, averaged.out.find("mean of")), f.out.substr(0, f.out.find("pixel acc")));
}

TEST_F(PredictProgram, EvalRefuses) {
  make_cityscapes();
  const std::string eval = "eval " + weights_ + " --data cityscapes:" + folder_.file("cs");
  EXPECT_EQ(error("eval", 2), "'segue eval' expects a weight file or a run; got nothing; see 'segue help eval'");
  EXPECT_EQ(error("eval " + weights_, 2),
            "'segue eval' expects a data set: --data SPEC; got none; see 'segue help eval'");
  EXPECT_NE(error(eval + " --scales 1,,2", 2).find("--scales expects a number from 0.05 to 16; got ''"),
            std::string::npos);
  EXPECT_NE(error(eval + " --subset 12", 2).find("--subset expects 16 or 13; got '12'"), std::string::npos);
  EXPECT_NE(error(eval + "?split=val --split train", 2).find("names the split 'val', --split 'train'"),
            std::string::npos);
  EXPECT_NE(error(eval + " --split nowhere", 3).find("nowhere"), std::string::npos);
  EXPECT_NE(error(eval + " --json " + folder_.file("photos/none/result.json"), 1).find("photos/none"),
            std::string::npos);
  // A model of other classes than the table, and one that does not say which it has.
  SegmenterInfo three = info_;
  three.classes = 3;
  three.class_table.clear();
  three.class_names.clear();
  const auto model = make_segmenter(three);
  model->allocate(c_, false);
  save_model(weights_, *model, three);
  EXPECT_EQ(error(eval, 2),
            "weights '" + weights_ + "' have 3 classes and do not say which; name their table with --classes");
  EXPECT_EQ(error(eval + " --classes cityscapes", 2),
            "class table 'cityscapes' does not fit weights '" + weights_ + "': it has 19 classes, the model 3");
}

}  // namespace
}  // namespace segue
