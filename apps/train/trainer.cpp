#include "trainer.h"

#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <cstring>

#include "apps/build_info.h"
#include "apps/records/differing_members.h"
#include "environment.h"
#include "interrupt.h"
#include "runtime/atomic_file.h"
#include "runtime/mapped_file.h"
#include "runtime/shown.h"
#include "runtime/text.h"

namespace segue {
namespace {

constexpr int64_t kFormat = 1;
constexpr double kStatusSeconds = 0.5;
constexpr const char* kGradSquare = "grad_square";

double seconds(std::chrono::steady_clock::duration d) { return std::chrono::duration<double>(d).count(); }

std::string read_text(const std::string& path) {
  const MappedFile file(path);
  return std::string(reinterpret_cast<const char*>(file.data()), file.bytes());
}

void require_finite(const SavedPart& part) {
  for (const NamedTensor& t : part.tensors) {
    if (t.view.dtype != DType::f32) continue;
    for (const float v : host_values(t.view))
      if (!std::isfinite(v))
        fail(Fault::diverged, "trainer", "expects finite weights; ", quote(t.name), " holds ", shown(v));
  }
}

}  // namespace

Trainer::Trainer(Context& c, TrainTask& task, const RunFolder& run, const TrainerOptions& options)
    : c_(c), task_(task), run_(run), options_(options), checkpoints_(run.path(), options.keep), metrics_(c), graph_(c) {
  const std::string last = options.resume ? checkpoints_.last() : "";
  if (!last.empty()) try {
      restore(last);
    } catch (const Error& e) {
      if (e.fault() != Fault::data) throw;
      throw Error(e.fault(), cat(e.what(), "; ", quote(run.file("checkpoints/last")), " may name an older checkpoint"));
    }
  task_.start(step_);
  log_ = std::make_unique<RunLog>(run, step_, options.resume);
  if (best_) checkpoints_.set_best(best_->step);
  if (options.resume)
    log_->say(last.empty() ? "resumed: no checkpoint yet, from the start"
                           : cat("resumed from ", last, ", step ", step_));
}

void Trainer::restore(const std::string& folder) {
  const std::string path = folder + "/state.json";
  const Json state = Json::parse(read_text(path), path);
  try {
    if (const int64_t format = state.integer("format"); format != kFormat)
      throw Error(Fault::data, cat("expects a checkpoint of format ", kFormat, "; got ", format));
    if (const std::string& task = state.text("task"); task != options_.task)
      throw Error(Fault::data, cat("expects a checkpoint of task ", options_.task, "; got ", quote(task)));
    step_ = state.integer("step");
    if (step_ < 0) throw Error(Fault::data, cat("expects a step from 0; got ", step_));
    if (const Json& best = state.at("best"); !best.is_null()) best_ = Best{best.integer("step"), best.number("value")};
    evaluation_due_ = state.at("evaluation_due").boolean();
    if (const Json* finished = state.find("finished")) finished_ = finished->boolean();
    trained_s_ = state.number("trained_s");
    summed_ = state.at("metrics").integer("steps");
    std::vector<std::pair<std::string, float>> sums;
    for (const auto& [name, value] : state.at("metrics").at("sums").members())
      sums.emplace_back(name, float(value.number()));
    metrics_.set_sums(sums);
  } catch (const Error& e) {
    throw Error(e.fault(), cat(plain_text(path), ": ", e.what()));
  }
  if (!options_.allow_different_bits) {
    std::string difference = bits_difference(state.at("bits"), c_);
    if (const std::string data = differing_members(state.at("data"), task_.data_fingerprint()); !data.empty())
      difference += cat(difference.empty() ? "" : "; ", "data ", data);
    if (!difference.empty())
      throw Error(Fault::usage, cat("resuming here would not give the bits of an uninterrupted run: ", difference,
                                    "; set it as it was, or add --allow-different-bits"));
  }
  for (const SavedPart& part : task_.saved()) load_weights(folder + "/" + part.file, part.tensors);
  if (LossScaler* scaler = c_.loss_scaler()) load_weights(folder + "/loss_scale.safetensors", scaler->named_tensors());
}

void Trainer::run() {
  const InterruptWatch watch;
  const int64_t total = task_.steps();
  started_ = interval_ = Clock::now();
  interval_waited_s_ = task_.waited_s();
  if (step_ >= total && !evaluation_due_ && !finish_due()) {
    log_->say(cat("done: the run has its ", total, " steps; more: --set train.steps=N"));
    return;
  }
  if (finish_due()) {
    evaluation_due_ = task_.evaluates();
    finish();
    const bool best = evaluation_due_ && evaluate();
    save(best);
    if (const int signal = InterruptWatch::signal()) interrupted(signal);
    return say_done();
  }
  if (evaluation_due_) late_evaluation();
  if (evaluation_due_) interrupted(InterruptWatch::signal());  // what is saved is as it was
  while (step_ < total) {
    one_step();
    const bool end = step_ == total;
    if (step_ % options_.log_every == 0 || end) report();
    if (task_.evaluates() && (step_ % options_.eval_every == 0 || end)) evaluation_due_ = true;
    if (finish_due() && !InterruptWatch::signal()) finish();
    const bool best = evaluation_due_ && !InterruptWatch::signal() && evaluate();
    const int signal = InterruptWatch::signal();  // one that comes later waits for the next step
    if (best || end || signal || step_ % options_.checkpoint_every == 0) save(best);
    if (signal) interrupted(signal);
  }
  say_done();
}

void Trainer::say_warnings() {
  if (const std::string w = task_.warnings(); !w.empty()) log_->say("warning: " + w);
}

void Trainer::say_done() {
  say_warnings();
  log_->say(cat("done: ", step_, " steps in ", duration_text(trained_s_ + seconds(Clock::now() - started_)),
                best_ ? cat("; best at step ", best_->step) : "", "; ", checkpoints_.last()));
}

void Trainer::interrupted(int signal) {
  say_warnings();
  const std::string text = cat("interrupted at step ", step_, ", saved; to go on: ", go_on_text());
  log_->say(text);
  throw Interrupted(signal, text);
}

std::string Trainer::go_on_text() const {
  return options_.go_on.empty() ? "segue train --resume=" + run_.path() : options_.go_on;
}

void Trainer::late_evaluation() {
  const bool best = evaluate();
  if (evaluation_due_) return;  // interrupted again
  write_file(checkpoints_.last() + "/state.json", state().dump(true) + "\n");
  if (best) checkpoints_.set_best(step_);
}

void Trainer::one_step() {
  running_ = step_ + 1;
  try {
    task_.prepare(step_);
    c_.begin_step(uint64_t(step_));
    graph_.run([this] {
      task_.step(metrics_);
      metrics_.add_up();
      c_.end_step();
    });
    ++step_;
    finished_ = false;
    ++summed_;
    ++interval_steps_;
    // Where nothing is queued, looking costs nothing: what is not finite is found in its own step.
    if (!c_.device().records()) metrics_.read();
  } catch (const Error& e) {
    if (e.fault() == Fault::diverged) diverged(e);
    throw;
  }
  show_status();
}

void Trainer::report() {
  std::vector<std::pair<std::string, float>> means;
  try {
    means = metrics_.means(summed_);
  } catch (const Error& e) {
    if (e.fault() == Fault::diverged) diverged(e);
    throw;
  }
  const auto now = Clock::now();
  const double busy = std::max(1e-9, seconds(now - interval_) - interval_pause_s_);
  const double waited = task_.waited_s() - interval_waited_s_;
  const double per_step = busy / double(std::max<int64_t>(1, interval_steps_));
  step_s_ = step_s_ == 0 ? per_step : 0.5 * (step_s_ + per_step);

  Progress p{.step = step_,
             .total = task_.steps(),
             .values = {},
             .rate = task_.rate(),
             .images_per_s = double(task_.images_per_step()) / per_step,
             .data_share = std::min(1.0, waited / busy),
             .memory_bytes = memory_used(c_),
             .memory_limit_bytes = memory_limit(c_),
             .eta_s = eta_s()};
  Json record = Json::object();
  record.set("epoch", double(step_) / double(task_.steps_per_epoch()));
  for (const auto& [name, value] : means) {
    if (name == kGradSquare) {
      record.set("grad_norm", std::sqrt(double(value)));  // root of the mean square
      continue;
    }
    record.set(name, double(value));
    p.values.emplace_back(name, double(value));
  }
  record.set("lr", p.rate).set("img_s", p.images_per_s).set("step_s", per_step);
  record.set("data_s", waited / double(std::max<int64_t>(1, interval_steps_)));
  record.set("mem_mb", double(p.memory_bytes) / 1e6);
  log_->say(progress_line(p));
  log_->record(step_, "train", record);
  summed_ = 0;
  interval_ = now;
  interval_steps_ = 0;
  interval_pause_s_ = 0;
  interval_waited_s_ = task_.waited_s();
}

void Trainer::show_status() {
  const auto now = Clock::now();
  if (seconds(now - shown_) < kStatusSeconds) return;
  shown_ = now;
  log_->status(cat(step_, "/", task_.steps(), "  ", duration_text(seconds(now - started_)), " so far",
                   step_s_ > 0 ? "  eta " + duration_text(eta_s()) : ""));
}

double Trainer::eta_s() const {
  const int64_t left = task_.steps() - step_;
  const int64_t evaluations = task_.evaluates() ? (left + options_.eval_every - 1) / options_.eval_every : 0;
  return double(left) * step_s_ + double(evaluations) * evaluation_s_;
}

void Trainer::finish() {
  const auto begin = Clock::now();
  try {
    finished_ = task_.finish(status("finishing"));
  } catch (const Error& e) {
    save(false);  // the steps are not lost
    throw Error(e.fault(), cat(e.what(), "; the ", step_, " steps are saved; to go on: ", go_on_text()));
  }
  graph_.reset();  // kernel scratch may have moved
  interval_pause_s_ += seconds(Clock::now() - begin);
  if (finished_) return;
  save(false);
  interrupted(InterruptWatch::signal());
}

std::function<bool(double)> Trainer::status(const char* what) {
  return [this, what](double share) {
    const auto now = Clock::now();
    if (seconds(now - shown_) > kStatusSeconds) {
      shown_ = now;
      log_->status(cat(what, ": ", std::lround(100 * share), "%"));
    }
    return InterruptWatch::signal() == 0;
  };
}

bool Trainer::evaluate() {
  const auto begin = Clock::now();
  const Scores scores = task_.evaluate(status("evaluating"));
  graph_.reset();  // kernel scratch may have moved
  const double took = seconds(Clock::now() - begin);
  interval_pause_s_ += took;
  if (InterruptWatch::signal()) return false;  // it may be half of one: a resumed run starts with it
  evaluation_due_ = false;
  evaluation_s_ = took;
  for (const std::string& line : scores.lines) log_->say(line);
  log_->record(step_, "val", scores.record);
  if (task_.finishes() && !finished_) return false;
  if (best_ && scores.value <= best_->value) return false;
  best_ = Best{step_, scores.value};
  return true;
}

Json Trainer::state() const {
  Json sums = Json::object();
  for (const auto& [name, value] : metrics_.sums()) sums.set(name, double(value));
  Json s = Json::object();
  s.set("format", kFormat).set("task", options_.task).set("step", step_);
  s.set("epoch", double(step_) / double(task_.steps_per_epoch())).set("seed", int64_t(c_.options().seed));
  s.set("best", best_ ? Json::object().set("step", best_->step).set("value", best_->value) : Json());
  s.set("evaluation_due", evaluation_due_).set("finished", finished_);
  s.set("trained_s", trained_s_ + seconds(Clock::now() - started_));
  s.set("metrics", Json::object().set("steps", summed_).set("sums", sums));
  s.set("bits", bits_of(c_)).set("data", task_.data_fingerprint());
  return s.set("version", build::kVersion).set("git", build::git_id());
}

void Trainer::save(bool best) {
  const auto begin = Clock::now();
  const std::vector<SavedPart> parts = task_.saved();
  try {
    for (const SavedPart& part : parts) require_finite(part);
  } catch (const Error& e) {
    diverged(e);
  }
  show_pictures();
  log_->sync();  // what a checkpoint has behind it must not be lost when it is taken up
  checkpoints_.save(step_, best, [&](const std::string& folder) {
    for (const SavedPart& part : parts) {
      const std::string path = folder + "/" + part.file;
      if (part.write)
        part.write(path);
      else
        save_weights(path, part.tensors);
    }
    if (LossScaler* scaler = c_.loss_scaler())
      save_weights(folder + "/loss_scale.safetensors", scaler->named_tensors());
    write_file(folder + "/state.json", state().dump(true) + "\n");
  });
  interval_pause_s_ += seconds(Clock::now() - begin);
}

void Trainer::show_pictures() {
  const std::vector<Picture> pictures = task_.pictures();
  if (pictures.empty()) return;
  graph_.reset();
  const std::string folder = run_.file("samples");
  if (mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST)
    throw Error(Fault::io, cat("creating folder ", quote(folder), " failed: ", std::strerror(errno)));
  for (const Picture& p : pictures) {
    write_file(cat(folder, '/', Checkpoints::name(step_), '-', p.name, ".png"), p.png);
    log_->events().image(step_, "samples/" + p.name, p.png, p.height, p.width);
  }
}

void Trainer::diverged(const Error& e) {
  std::string last;
  try {
    last = checkpoints_.last();
  } catch (const Error&) {
  }
  throw Error(Fault::diverged,
              cat("training diverged ", c_.device().records() ? "by" : "at", " step ", running_, ": ", e.what(), "; ",
                  last.empty() ? "there is no checkpoint yet" : "the last good checkpoint is " + last,
                  "; a lower learning rate, or gradients clipped by max_norm, may help"));
}

}  // namespace segue
