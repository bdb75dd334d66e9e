// The loop of every training, on a task of a few thousand weights: kills, signals, full disks, numbers that go wrong.
// All training happens in processes of its own.
#include "apps/train/trainer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <thread>

#include "apps/train/interrupt.h"
#include "models/layers.h"
#include "runtime/memory.h"
#include "runtime/optimizer.h"
#include "tests/files.h"

namespace segue {
namespace {

namespace fs = std::filesystem;
using testing::caught;
using testing::read_bytes;
using testing::ScratchFolder;
using testing::write_bytes;

constexpr int64_t kSide = 8, kClasses = 3;

class TinyNet : public Network {
 public:
  TinyNet()
      : first_(*this, "first", 3, 16, 3, {.pad = 1}, 0.1f, ConvInit::kaiming_fan_in),
        last_(*this, "last", 16, kClasses, 1, {}, Bias::used, ConvInit::torch) {}
  Tensor forward(Context& c, const Tensor& x) { return last_(c, dropout(c, first_(c, x), 0.3f, DropoutMode::element)); }

 private:
  ConvNormRelu first_;
  Conv2d last_;
};

struct Plan {
  int64_t steps = 40, eval_every = 10, checkpoint_every = 7;
  int64_t nan_at = -1;  ///< step whose input is not finite
  int64_t slow_us = 0;  ///< of a step
  std::string data = "same";
};

class TinyTask : public TrainTask {
 public:
  TinyTask(Context& c, const Plan& plan) : c_(c), plan_(plan) {
    net_.allocate(c);
    average_.allocate(c, false);
    sgd_ = std::make_unique<Sgd>(c, net_, OptimizerOptions{.name = "sgd", .measure_norm = true}, SgdOptions{});
    ema_ = std::make_unique<Ema>(c, average_, net_, "ema", Ema::Buffers::average);
    x_ = c.persistent_image({2, kSide, kSide, 3}, "images");
    labels_ = c.persistent({2, kSide, kSide}, DType::u8, "labels");
  }
  int64_t steps() const override { return plan_.steps; }
  int64_t images_per_step() const override { return 2; }
  int64_t steps_per_epoch() const override { return 10; }
  std::vector<std::string> describe() const override { return {"tiny"}; }
  Json data_fingerprint() const override { return Json::object().set("train", plan_.data); }

  void prepare(int64_t n) override {
    sgd_->prepare(rate_ = 0.05 / double(n + 1));
    ema_->prepare(0.9);
    std::vector<float> x(size_t(x_.count()));
    for (size_t i = 0; i < x.size(); ++i) x[i] = random_uniform({7, 1}, uint64_t(n), i);
    if (n == plan_.nan_at) x[0] = NAN;
    from_host(x_, x);
    std::vector<uint8_t> labels(size_t(labels_.count()));
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = x[3 * i] > 0.5f ? 1 : x[3 * i + 1] > 0.5f ? 2 : 0;
    copy_memory(labels_.data(), labels.data(), labels.size());
    std::this_thread::sleep_for(std::chrono::microseconds(plan_.slow_us));
  }
  void step(Metrics& metrics) override {
    {
      const Tensor loss = softmax_xent(c_, net_.forward(c_, x_), labels_, {}, {}, {});
      metrics.write("loss", loss);
      c_.backward(loss);
    }
    sgd_->step();
    metrics.write("grad_square", sgd_->square_sum());
    ema_->step();
  }
  double rate() const override { return rate_; }
  double waited_s() const override { return 0; }

  std::vector<SavedPart> saved() override {
    std::vector<NamedTensor> state = sgd_->named_tensors();
    for (const NamedTensor& t : ema_->named_tensors()) state.push_back(t);
    return {{"model.safetensors", net_.named_tensors()},
            {"ema.safetensors", average_.named_tensors()},
            {"optim.safetensors", state}};
  }
  void start(int64_t) override {}
  bool evaluates() const override { return true; }
  /// Best at step 20.
  Scores evaluate(const std::function<bool(double)>& go_on) override {
    Scores scores;
    for (int i = 0; i < 10 && go_on(i / 10.); ++i)
      std::this_thread::sleep_for(std::chrono::microseconds(plan_.slow_us));
    scores.value = -std::abs(double(sgd_->steps()) - 20);
    scores.record.set("miou", scores.value);
    return scores;
  }
  std::vector<Picture> pictures() override { return {{"x", "png", 1, 1}}; }

 private:
  Context& c_;
  Plan plan_;
  TinyNet net_, average_;
  std::unique_ptr<Sgd> sgd_;
  std::unique_ptr<Ema> ema_;
  Tensor x_, labels_;
  double rate_ = 0;
};

/// Trains in a process of its own; what it throws goes to the file `error` of the folder.
class Child {
 public:
  Child(const std::string& run, const Plan& plan, bool resume, int threads = 1,
        const std::function<void()>& before = nullptr, TrainerOptions options = {}) {
    id_ = fork();
    if (id_ != 0) return;
    int status = 0;
    try {
      if (!freopen("/dev/null", "w", stderr)) _exit(99);
      if (before) before();
      const RunFolder folder = resume ? RunFolder::open(run) : RunFolder::create(run);
      if (!resume) write_bytes(folder.file("config.toml"), "");
      Context c({.seed = 3, .threads = threads});
      TinyTask task(c, plan);
      options.task = "tiny";
      options.log_every = 5;
      options.checkpoint_every = plan.checkpoint_every;
      options.eval_every = plan.eval_every;
      options.resume = resume;
      Trainer(c, task, folder, options).run();
    } catch (const Error& e) {
      write_bytes(run + ".error", e.what());
      status = exit_code(e.fault());
    } catch (const Interrupted& e) {
      status = 128 + e.signal();
    }
    _exit(status);
  }
  ~Child() { wait(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  void send(int signal) { kill(id_, signal); }
  /// Exit status, or 1000 + the signal that killed it.
  int wait() {
    if (id_ > 0) {
      int status = 0;
      waitpid(id_, &status, 0);
      result_ = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
      id_ = -1;
    }
    return result_;
  }

 private:
  pid_t id_;
  int result_ = 0;
};

int train(const std::string& run, const Plan& plan, bool resume = false, int threads = 1) {
  return Child(run, plan, resume, threads).wait();
}

std::string last(const std::string& run) {
  std::string name = read_bytes(run + "/checkpoints/last");
  return run + "/checkpoints/" + name.substr(0, name.find('\n'));
}

/// metrics.jsonl without what depends on the clock.
std::vector<std::string> metrics(const std::string& run) {
  std::vector<std::string> lines;
  std::istringstream file(read_bytes(run + "/metrics.jsonl"));
  for (std::string line; std::getline(file, line);) {
    const Json all = Json::parse(line, "line");
    Json kept = Json::object();
    for (const auto& [name, value] : all.members())
      if (name != "time" && name != "img_s" && name != "step_s" && name != "data_s" && name != "mem_mb")
        kept.set(name, value);
    lines.push_back(kept.dump());
  }
  return lines;
}

void expect_same_end(const std::string& a, const std::string& b) {
  for (const char* file : {"model.safetensors", "ema.safetensors", "optim.safetensors"})
    EXPECT_TRUE(read_bytes(last(a) + "/" + file) == read_bytes(last(b) + "/" + file)) << file;
  EXPECT_FALSE(read_bytes(last(a) + "/model.safetensors").empty());
  EXPECT_EQ(metrics(a), metrics(b));
  EXPECT_EQ(read_bytes(a + "/checkpoints/best"), read_bytes(b + "/checkpoints/best"));
}

TEST(Trainer, WritesARun) {
  ScratchFolder folder;
  const std::string run = folder.file("run");
  ASSERT_EQ(train(run, {}), 0);
  EXPECT_EQ(read_bytes(run + "/checkpoints/last"), "step-00000040\n");
  EXPECT_EQ(read_bytes(run + "/checkpoints/best"), "step-00000020\n");
  const std::vector<std::string> lines = metrics(run);
  EXPECT_EQ(lines.size(), 8u + 4u);
  const Json first = Json::parse(lines[0], "line");
  EXPECT_EQ(first.integer("step"), 5);
  EXPECT_GT(first.number("loss"), 0);
  EXPECT_GT(first.number("grad_norm"), 0);
  EXPECT_EQ(first.find("grad_square"), nullptr);
  EXPECT_NE(read_bytes(run + "/train.log").find("\n40/40  loss "), std::string::npos) << read_bytes(run + "/train.log");
  const Json state = Json::parse(read_bytes(last(run) + "/state.json"), "state");
  EXPECT_EQ(state.integer("step"), 40);
  EXPECT_EQ(state.at("best").integer("step"), 20);
  EXPECT_EQ(state.at("bits").text("device"), "CPU");
  EXPECT_TRUE(fs::exists(run + "/samples/step-00000020-x.png"));
}

TEST(Trainer, KilledAtRandomPointsAndResumedIsTheSameRun) {
  ScratchFolder folder;
  const std::string whole = folder.file("whole"), torn = folder.file("torn");
  const Plan plan{.steps = 120, .slow_us = 1000};
  ASSERT_EQ(train(whole, plan), 0);
  int kills = 0;
  bool begun = false;
  for (uint64_t life = 0; life < 30; ++life) {
    Child child(torn, plan, begun);
    // The config file is the last thing before the run itself.
    while (!begun && !fs::exists(torn + "/config.toml")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    begun = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20 + random_u32({5, 3}, 0, life) % 90));
    child.send(SIGKILL);
    const int status = child.wait();
    if (status == 0) break;
    ASSERT_EQ(status, 1000 + SIGKILL) << read_bytes(torn + ".error");
    ++kills;
  }
  ASSERT_EQ(train(torn, plan, true), 0) << read_bytes(torn + ".error");
  EXPECT_GE(kills, 2);
  expect_same_end(whole, torn);
}

TEST(Trainer, SignalsSaveAndEndWithTheirNumber) {
  ScratchFolder folder;
  const std::string whole = folder.file("whole"), torn = folder.file("torn");
  const Plan plan{.steps = 60, .checkpoint_every = 1000, .slow_us = 2000};
  ASSERT_EQ(train(whole, plan), 0);
  int signals = 0;
  for (const int signal : {SIGINT, SIGTERM, SIGINT}) {
    Child child(torn, plan, signals > 0);
    const size_t lines = signals > 0 ? metrics(torn).size() : 0;
    const auto written = [&] { return fs::exists(torn + "/metrics.jsonl") && metrics(torn).size() > lines; };
    for (int i = 0; i < 5000 && !written(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    child.send(signal);
    EXPECT_EQ(child.wait(), 128 + signal);
    ++signals;
    const Json state = Json::parse(read_bytes(last(torn) + "/state.json"), "state");
    EXPECT_LT(state.integer("step"), 60);
    EXPECT_NE(read_bytes(torn + "/train.log").find("interrupted at step " + std::to_string(state.integer("step"))),
              std::string::npos);
  }
  ASSERT_EQ(train(torn, plan, true), 0);
  expect_same_end(whole, torn);
  ASSERT_EQ(train(torn, plan, true), 0);  // nothing to do
  expect_same_end(whole, torn);
}

TEST(Trainer, ASecondSignalEndsAtOnce) {
  ScratchFolder folder;
  const std::string run = folder.file("run");
  Child child(run, {.steps = 1000, .checkpoint_every = 1000, .slow_us = 400000}, false);
  while (!fs::exists(run + "/metrics.jsonl")) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  child.send(SIGINT);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  child.send(SIGINT);
  EXPECT_EQ(child.wait(), 130);
  EXPECT_FALSE(fs::exists(run + "/checkpoints/last"));
}

TEST(Trainer, WhereBitsWouldDifferItAsks) {
  ScratchFolder folder;
  const std::string run = folder.file("run");
  Plan plan{.steps = 10};
  ASSERT_EQ(train(run, plan), 0);
  plan.steps = 20;
  // As if it came from another machine.
  const std::string state = last(run) + "/state.json";
  std::string text = read_bytes(state);
  const std::string name = "\"instruction_set\": \"";
  const size_t at = text.find(name);
  ASSERT_NE(at, std::string::npos) << text;
  write_bytes(state, text.insert(at + name.size(), "older "));
  EXPECT_EQ(train(run, plan, true), 2);
  const std::string refused = read_bytes(run + ".error");
  EXPECT_EQ(refused.rfind("resuming here would not give the bits of an uninterrupted run: instruction_set \"older ", 0),
            0u)
      << refused;
  EXPECT_NE(refused.find("; set it as it was, or add --allow-different-bits"), std::string::npos) << refused;
  plan.data = "another";
  EXPECT_EQ(train(run, plan, true), 2);
  EXPECT_NE(read_bytes(run + ".error").find("data train \"same\", now \"another\""), std::string::npos)
      << read_bytes(run + ".error");
  EXPECT_EQ(Child(run, plan, true, 2, nullptr, {.allow_different_bits = true}).wait(), 0);
  EXPECT_EQ(read_bytes(run + "/checkpoints/last"), "step-00000020\n");
}

TEST(Trainer, StopsWhereALossIsNotFinite) {
  ScratchFolder folder;
  const std::string run = folder.file("run");
  EXPECT_EQ(train(run, {.nan_at = 17}), 4);
  const std::string error = read_bytes(run + ".error");
  EXPECT_EQ(error.rfind("training diverged at step 18: [metrics] expects a finite ", 0), 0u) << error;
  EXPECT_NE(error.find("the last good checkpoint is " + run + "/checkpoints/step-00000014"), std::string::npos)
      << error;
  EXPECT_EQ(train(folder.file("b"), {.nan_at = 2}), 4);
  EXPECT_NE(read_bytes(folder.file("b.error")).find("there is no checkpoint yet"), std::string::npos);
}

TEST(Trainer, AFullDiskIsOneErrorAndLeavesWholeCheckpoints) {
  ScratchFolder folder;
  const std::string run = folder.file("run");
  ASSERT_EQ(train(run, {.steps = 14}), 0);
  const std::string model = read_bytes(last(run) + "/model.safetensors"), log = read_bytes(run + "/metrics.jsonl");
  const auto small_files = [&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{model.size() - 100, model.size() - 100};
    setrlimit(RLIMIT_FSIZE, &limit);
  };
  EXPECT_EQ(Child(run, {.steps = 40}, true, 1, small_files).wait(), 1);
  const std::string error = read_bytes(run + ".error");
  EXPECT_NE(error.find("failed: File too large"), std::string::npos) << error;
  EXPECT_EQ(read_bytes(run + "/checkpoints/last"), "step-00000014\n");
  for (const auto& e : fs::directory_iterator(run + "/checkpoints"))
    EXPECT_NE(e.path().filename().string().rfind(".", 0), 0u) << e.path();
  ASSERT_EQ(train(run, {.steps = 40}, true), 0);
  ASSERT_EQ(train(folder.file("whole"), {.steps = 40}), 0);
  EXPECT_TRUE(read_bytes(last(run) + "/model.safetensors") ==
              read_bytes(last(folder.file("whole")) + "/model.safetensors"));
}

TEST(Trainer, ACheckpointThatDoesNotFitIsRefused) {
  ScratchFolder folder;
  const std::string run = folder.file("run");
  ASSERT_EQ(train(run, {.steps = 10}), 0);
  const std::string state = last(run) + "/state.json", good = read_bytes(state);
  const auto refused = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    write_bytes(state, text.replace(at, from.size(), to));
    EXPECT_EQ(train(run, {.steps = 20}, true), 3);
    return read_bytes(run + ".error");
  };
  EXPECT_NE(refused("\"tiny\"", "\"segment\"").find("state.json: expects a checkpoint of task tiny; got 'segment'"),
            std::string::npos);
  EXPECT_NE(refused("\"format\": 1", "\"format\": 2").find("of format 1; got 2"), std::string::npos);
  EXPECT_NE(refused("\"step\": 10", "\"step\": -1").find("expects a step from 0"), std::string::npos);
  EXPECT_NE(refused("\"metrics\"", "\"metric\"").find("expects 'metrics' in JSON; it is missing"), std::string::npos);
  EXPECT_NE(refused("{", "{{").find("not valid JSON at byte"), std::string::npos);
  EXPECT_NE(read_bytes(run + ".error").find("checkpoints/last' may name an older checkpoint"), std::string::npos);
  write_bytes(state, good);
  fs::copy_file(last(run) + "/optim.safetensors", last(run) + "/model.safetensors",
                fs::copy_options::overwrite_existing);
  EXPECT_EQ(train(run, {.steps = 20}, true), 3);
  EXPECT_NE(read_bytes(run + ".error").find("no tensor fits the model"), std::string::npos)
      << read_bytes(run + ".error");
}

}  // namespace
}  // namespace segue
