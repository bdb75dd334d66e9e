#include "loader.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>

#include "kernels/error.h"
#include "runtime/crc32c.h"

namespace segue::data {
namespace {

// Random calls of a network count from 0 in each step; those of data lie far from them.
constexpr uint32_t kFirstCall = 0xDA7A0000, kCallsPerStream = 4, kAugmentCall = 2;

RandomKey key_of(const LoaderOptions& o, uint32_t call) {
  return {o.seed, kFirstCall + kCallsPerStream * o.stream + call};
}

std::string fingerprint_of(const std::vector<DataShare>& mix, const LoaderOptions& o,
                           const std::vector<std::shared_ptr<const LabelCounts>>& counts) {
  char exact[32];
  const auto text = [&exact](double v) {
    std::snprintf(exact, sizeof exact, "%.17g", v);
    return std::string(exact);
  };
  const AugmentOptions& a = o.augment;
  std::string line =
      cat("batches 1; seed ", o.seed, " stream ", o.stream, " batch ", o.batch, " labels ", o.labels, " size ",
          a.height, "x", a.width, " resize ", a.resize_height, "x", a.resize_width, " scale ", text(a.least_scale), "-",
          text(a.most_scale), " flip ", a.flip, " jitter ", text(a.jitter), " hue ", text(a.hue), " grey ",
          text(a.grey), " blur ", text(a.blur), " cutout ", text(a.cutout), " fill ", int(a.fill[0]), ",",
          int(a.fill[1]), ",", int(a.fill[2]), " max_share ", text(a.max_share), " rare ", text(o.rare_temperature),
          " ", text(a.rare_least_share));
  for (size_t k = 0; k < mix.size(); ++k) {
    line += "; " + text(mix[k].share) + " of " + set_fingerprint(*mix[k].set);
    if (o.rare_temperature > 0 && k < counts.size() && counts[k])
      line += cat(" counts ", crc32c(counts[k]->px.data(), counts[k]->px.size() * sizeof(int64_t)));
  }
  return line;
}

/// A batch in the ring.
struct Slot {
  HostBatch batch;
  int64_t left = 0;  ///< samples that are not finished
  std::optional<Error> error;
  int64_t error_sample = 0;
};

}  // namespace

struct Loader::State {
  State(std::vector<DataShare> mix, const LoaderOptions& o,
        const std::vector<std::shared_ptr<const LabelCounts>>& counts);
  ~State() {
    for (std::jthread& t : pool) t.request_stop();
  }

  Slot& slot(int64_t step) { return ring[size_t(step) % ring.size()]; }
  bool finished(const Slot& s) const { return s.batch.step == next_step && s.left == 0; }
  void work(const std::stop_token& stop);
  void make(int64_t sample, Slot& s, ExampleBuffer& buffer, Augmenter& augmenter);

  LoaderOptions options;
  std::string fingerprint;
  Sampler sampler;
  bool labelled = false;

  std::mutex mutex;
  std::condition_variable_any room, done;  // for the threads; for the reader
  std::vector<Slot> ring;                  // the batch that is being read and `ahead` more
  int64_t next_step = 0;                   // of the reader
  int64_t next_sample = 0;                 // that no thread has taken yet
  int64_t in_work = 0;
  bool paused = false;
  double wait_seconds = 0;
  std::vector<std::jthread> pool;  // last: ends before what it uses
};

Loader::State::State(std::vector<DataShare> mix, const LoaderOptions& o,
                     const std::vector<std::shared_ptr<const LabelCounts>>& counts)
    : options(o),
      fingerprint(fingerprint_of(mix, o, counts)),
      sampler(mix, {.key = key_of(o, 0), .rare_temperature = o.labels ? o.rare_temperature : 0}, counts) {
  require(o.batch >= 1 && o.threads >= 1 && o.threads <= 1024 && o.ahead >= 1 && o.stream < 1024, "loader",
          "expects a batch of at least 1, 1 to 1024 threads, at least 1 batch ahead and a stream below 1024; got ",
          o.batch, ", ", o.threads, ", ", o.ahead, ", ", o.stream);
  for (const DataShare& s : mix) labelled = labelled || (o.labels && s.set->labelled());
  ring.resize(size_t(o.ahead) + 1);
  const auto px = size_t(o.batch * o.augment.height * o.augment.width);
  const Augmenter checked(o.augment);
  for (Slot& s : ring) {
    s.batch.step = -1;
    s.batch.images.resize(3 * px);
    if (labelled) s.batch.labels.resize(px);
    s.batch.plans.resize(size_t(o.batch));
    s.batch.draws.resize(size_t(o.batch));
  }
  for (int t = 0; t < o.threads; ++t) pool.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

void Loader::State::work(const std::stop_token& stop) {
  ExampleBuffer buffer;
  Augmenter augmenter(options.augment);
  const int64_t n = options.batch;
  std::unique_lock lock(mutex);
  for (;;) {
    if (!room.wait(lock, stop, [&] { return !paused && next_sample / n < next_step + options.ahead; }) ||
        stop.stop_requested())
      return;
    const int64_t sample = next_sample++;
    Slot& s = slot(sample / n);
    if (sample % n == 0) {
      s.batch.step = sample / n;
      s.left = n;
      s.error.reset();
    }
    ++in_work;
    lock.unlock();
    std::optional<Error> error;
    try {
      make(sample, s, buffer, augmenter);
    } catch (const Error& e) {
      error = e;
    } catch (const std::exception& e) {
      const Draw d = sampler.draw(sample);
      const bool memory = dynamic_cast<const std::bad_alloc*>(&e) != nullptr;
      error = Error(memory ? Fault::out_of_memory : Fault::internal,
                    cat("[loader] ", sampler.set(d.set).origin(d.example), ": ", e.what()));
    }
    lock.lock();
    // Of several faults in a batch, the one that every number of threads reports.
    if (error && (!s.error || sample < s.error_sample)) s.error = error, s.error_sample = sample;
    --in_work;
    if (--s.left == 0 || paused) done.notify_all();
  }
}

void Loader::State::make(int64_t sample, Slot& s, ExampleBuffer& buffer, Augmenter& augmenter) {
  const Draw d = sampler.draw(sample);
  const auto i = size_t(sample % options.batch);
  const auto px = size_t(options.augment.height * options.augment.width);
  const Example example = sampler.set(d.set).read(d.example, buffer);
  s.batch.draws[i] = d;
  s.batch.plans[i] =
      augmenter.make(example, key_of(options, kAugmentCall), sample, d.rare_class, s.batch.images.data() + 3 * px * i,
                     labelled ? s.batch.labels.data() + px * i : nullptr);
}

Loader::Loader(std::vector<DataShare> mix, const LoaderOptions& options,
               const std::vector<std::shared_ptr<const LabelCounts>>& counts)
    : state_(std::make_unique<State>(std::move(mix), options, counts)) {}

Loader::~Loader() = default;

const HostBatch& Loader::next() {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  Slot& slot = s.slot(s.next_step);
  if (!s.finished(slot)) {
    const auto start = std::chrono::steady_clock::now();
    s.done.wait(lock, [&] { return s.finished(slot); });
    s.wait_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  if (slot.error) throw Error(*slot.error);
  ++s.next_step;
  s.room.notify_all();
  return slot.batch;
}

bool Loader::ready() const {
  const std::lock_guard lock(state_->mutex);
  const Slot& slot = state_->slot(state_->next_step);
  return state_->finished(slot) && !slot.error;
}

void Loader::seek(int64_t step) {
  require(step >= 0, "loader", "expects a step from 0; got ", step);
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  if (step == s.next_step && !s.slot(step).error) return;
  s.paused = true;
  s.done.wait(lock, [&] { return s.in_work == 0; });
  for (Slot& slot : s.ring) slot.batch.step = -1, slot.error.reset();
  s.next_step = step;
  s.next_sample = step * s.options.batch;
  s.paused = false;
  s.room.notify_all();
}

int64_t Loader::step() const { return state_->next_step; }
double Loader::wait_seconds() const { return state_->wait_seconds; }
const std::string& Loader::fingerprint() const { return state_->fingerprint; }
bool Loader::labelled() const { return state_->labelled; }
int64_t Loader::examples() const { return state_->sampler.examples(); }
const LoaderOptions& Loader::options() const { return state_->options; }

}  // namespace segue::data
