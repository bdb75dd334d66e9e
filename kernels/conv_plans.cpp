#include "conv_plans.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include "plan_file.h"

namespace segue {
namespace {

// cuDNN's best guesses, then its best of each other engine; of cuBLASLt the best guesses.
constexpr size_t kMaxTimed = 12, kFirstTimed = 8, kMaxTimedProducts = 6;
constexpr int kTimedRuns = 5;
constexpr size_t kAlignBytes = 256;
constexpr int kMajorWithReach = 9, kMajorWithout = 8;  // of compute capabilities

size_t round_up(size_t bytes) { return (bytes + kAlignBytes - 1) / kAlignBytes * kAlignBytes; }

/// 0 or 1; nothing where the variable is unset or empty.
std::optional<bool> switch_in_environment(const char* name) {
  const char* value = std::getenv(name);
  if (!value || !*value) return std::nullopt;
  if (std::strcmp(value, "0") != 0 && std::strcmp(value, "1") != 0)
    fail(Fault::usage, name, "expects 0 or 1; got ", value);
  return *value == '1';
}

std::string engine_of(const std::string& text) { return text.substr(0, text.find(':')); }

}  // namespace

std::string title_of(const ConvLibrary& library) {
  const int64_t v = library.version();
  return cat(library.name(), ' ', v / 10000, '.', v / 100 % 100, '.', v % 100);
}

int64_t conv_reach(ConvOp op, DType dtype, int compute_capability_major) {
  if (compute_capability_major != kMajorWithReach) return kAnyReach;
  if (op == ConvOp::forward) return dtype == DType::f32 ? kAnyReach : 9;
  return op == ConvOp::input_gradient ? 10 : 8;
}

struct ConvPlans::Plan {
  /// A library's plan. The library is ConvMachine's.
  struct Way {
    const ConvLibrary* library = nullptr;
    std::unique_ptr<ConvCandidate> candidate;
  };
  ConvCall call;
  std::string name;
  Way chosen;
  std::vector<Way> to_time;  // empty once chosen

  size_t output_bytes() const { return round_up(size_t(call.output_count() * size_of(call.dtype))); }
};

class ConvPlans::Impl {
 public:
  Impl(const Options& options, std::unique_ptr<ConvMachine> machine)
      : options_(options), machine_(std::move(machine)), file_(options.cache_file) {
    const char* tune = std::getenv("SEGUE_TUNE");
    if (tune && std::strcmp(tune, "1") == 0) options_.tune = true;
    if (const auto cublas = switch_in_environment("SEGUE_CUBLASLT"))
      options_.cublas = *cublas ? CublasUse::always : CublasUse::never;
    if (const auto phases = switch_in_environment("SEGUE_CONV_PHASES"))
      major_ = *phases ? kMajorWithReach : kMajorWithout;
  }

  Plan* find(const ConvCall& call, CUstream_st* stream) {
    const auto found = plans_.find(key_of(call));
    if (found != plans_.end()) return found->second.get();
    auto plan = std::make_unique<Plan>();
    plan->call = call;
    plan->name = name_of(call);
    refuse_capture(plan->name, stream);  // libraries may not start during capture, either
    if (!remembered(*plan) && !choose(*plan)) plan.reset();
    return plans_.emplace(key_of(call), std::move(plan)).first->second.get();
  }

  std::string none_for(const ConvCall& call) {
    return cat("expects a deterministic plan for ", name_of(call), "; none for this device has ", libraries());
  }

  int64_t reach(ConvOp op, DType dtype) {
    if (!major_) major_ = machine_->compute_capability_major();
    return conv_reach(op, dtype, *major_);
  }

  size_t workspace_bytes(const Plan& plan) const {
    if (plan.to_time.empty()) return plan.chosen.candidate->workspace_bytes();
    size_t most = 0;
    for (const Plan::Way& w : plan.to_time) most = std::max(most, w.candidate->workspace_bytes());
    return plan.output_bytes() + most;
  }

  void run(Plan& plan, const ConvOperands& operands, void* workspace, CUstream_st* stream) {
    if (!plan.to_time.empty()) time(plan, operands, static_cast<char*>(workspace), stream);
    plan.chosen.candidate->run(operands, workspace, stream);
  }

  std::string libraries() {
    const std::string first = title_of(machine_->cudnn());
    if (options_.cublas == CublasUse::never) return first + " alone (SEGUE_CUBLASLT=0)";
    const ConvLibrary* cublas = machine_->cublas();
    if (!cublas) return cat(first, " alone (", machine_->cublas_problem(), ")");
    return cat(first, ", ", title_of(*cublas), options_.cublas == CublasUse::always ? " wherever it can" : "");
  }

  std::string table() const {
    std::map<std::string, std::string> lines;
    for (const auto& [key, plan] : plans_)
      if (plan && plan->to_time.empty())
        lines[plan->name] = cat(plan->chosen.library->name(), ' ', plan->chosen.candidate->text());
    std::string text;
    for (const auto& [name, choice] : lines) text += name + ' ' + choice + '\n';
    return text;
  }

 private:
  using Key = std::array<int64_t, 14>;
  static Key key_of(const ConvCall& c) {
    const auto& f = c.problem;
    return {int64_t(c.op),
            int64_t(c.epilogue),
            int64_t(c.dtype),
            c.tensor_cores,
            f.n,
            f.h,
            f.w,
            f.c,
            f.k,
            f.r,
            f.s,
            f.stride,
            f.pad,
            f.dilation};
  }

  void refuse_capture(const std::string& name, CUstream_st* stream) {
    if (machine_->capturing(stream))
      fail(Fault::device, "convolutions", "expects plans to be made before a graph is captured; got the first call of ",
           name, " during capture. Run the step once before capturing it");
  }

  /// Null where it has no part in the call. Throws device if it must have one and does not start.
  ConvLibrary* cublas_for(const ConvCall& call) {
    if (options_.cublas == CublasUse::never || !call.is_product()) return nullptr;
    ConvLibrary* cublas = machine_->cublas();
    if (!cublas && options_.cublas == CublasUse::always)
      fail(Fault::device, "cublaslt", "expects cuBLASLt, as SEGUE_CUBLASLT=1 asks for it; got ",
           machine_->cublas_problem());
    return cublas;
  }
  bool cublas_first(const ConvCall& call) const { return options_.cublas == CublasUse::always && call.is_product(); }

  bool remembered(Plan& plan) {
    const PlanFile::Choice* saved = file_.find(machine_->cudnn().version(), machine_->device(), plan.name);
    if (!saved || (options_.tune && !saved->tuned)) return false;
    const auto restored = [&](ConvLibrary* library) {
      if (library) plan.chosen = {library, library->restore(plan.call, options_.workspace_limit_bytes, saved->text)};
      return plan.chosen.candidate != nullptr;
    };
    if (!cublas_first(plan.call) && restored(&machine_->cudnn())) return true;
    return restored(cublas_for(plan.call));
  }

  bool choose(Plan& plan) {
    std::vector<Plan::Way>& ways = plan.to_time;
    const auto offer_product = [&](ConvLibrary* cublas) {
      if (!cublas) return;
      size_t count = 0;
      try {
        cublas->for_each_candidate(plan.call, options_.workspace_limit_bytes, [&](std::unique_ptr<ConvCandidate> c) {
          ways.push_back({cublas, std::move(c)});
          return options_.tune && ++count < kMaxTimedProducts;
        });
      } catch (const Error&) {
        if (options_.cublas == CublasUse::always) throw;  // else cuDNN's do without
      }
    };
    if (cublas_first(plan.call)) offer_product(cublas_for(plan.call));
    if (ways.empty()) {
      offer_convolution(plan.call, ways);
      if ((options_.tune || ways.empty()) && !cublas_first(plan.call)) offer_product(cublas_for(plan.call));
    }
    if (ways.empty()) return false;
    if (ways.size() == 1) settle(plan, std::move(ways[0]));
    return true;
  }

  void offer_convolution(const ConvCall& call, std::vector<Plan::Way>& ways) {
    ConvLibrary& cudnn = machine_->cudnn();
    std::vector<std::string> engines;
    cudnn.for_each_candidate(call, options_.workspace_limit_bytes, [&](std::unique_ptr<ConvCandidate> c) {
      std::string engine = engine_of(c->text());
      const bool known = std::find(engines.begin(), engines.end(), engine) != engines.end();
      if (ways.size() < kFirstTimed || !known) ways.push_back({&cudnn, std::move(c)});
      engines.push_back(std::move(engine));
      return options_.tune && ways.size() < kMaxTimed;
    });
  }

  void settle(Plan& plan, Plan::Way&& chosen) {
    plan.chosen = std::move(chosen);
    plan.to_time.clear();
    const PlanFile::Choice choice{plan.chosen.candidate->text(), options_.tune};
    const PlanFile::Choice* saved = file_.find(machine_->cudnn().version(), machine_->device(), plan.name);
    if (saved && saved->text == choice.text && saved->tuned == choice.tuned) return;
    file_.add(machine_->cudnn().version(), machine_->device(), plan.name, choice);
  }

  /// Into memory of its own, so that a result that is added to stays as it is.
  void time(Plan& plan, ConvOperands operands, char* workspace, CUstream_st* stream) {
    refuse_capture(plan.name, stream);
    void*& output = plan.call.op == ConvOp::forward          ? operands.y
                    : plan.call.op == ConvOp::input_gradient ? operands.x
                                                             : operands.w;
    output = workspace;
    workspace += plan.output_bytes();
    Plan::Way* best = nullptr;
    float best_ms = 0;
    for (Plan::Way& w : plan.to_time) {
      const auto once = [&] { w.candidate->run(operands, workspace, stream); };
      try {
        once();  // loads the kernel
      } catch (const Error&) {
        continue;
      }
      float ms = machine_->time_ms(stream, once);
      for (int i = 1; i < kTimedRuns; ++i) ms = std::min(ms, machine_->time_ms(stream, once));
      if (!best || ms < best_ms) best = &w, best_ms = ms;
    }
    if (!best)
      fail(Fault::device, "convolutions", "expects one of ", plan.to_time.size(), " plans to run; got none for ",
           plan.name);
    settle(plan, Plan::Way(std::move(*best)));
  }

  Options options_;
  std::unique_ptr<ConvMachine> machine_;  // before what refers to its libraries
  PlanFile file_;
  std::map<Key, std::unique_ptr<Plan>> plans_;
  std::optional<int> major_;  // of the compute capability
};

ConvPlans::ConvPlans(const Options& options, std::unique_ptr<ConvMachine> machine)
    : impl_(std::make_unique<Impl>(options, std::move(machine))) {}
ConvPlans::~ConvPlans() = default;
ConvPlans::Plan* ConvPlans::find(const ConvCall& call, CUstream_st* stream) { return impl_->find(call, stream); }
ConvPlans::Plan& ConvPlans::get(const ConvCall& call, CUstream_st* stream) {
  Plan* plan = find(call, stream);
  if (!plan) fail(Fault::device, "convolutions", impl_->none_for(call));
  return *plan;
}
size_t ConvPlans::workspace_bytes(const Plan& plan) const { return impl_->workspace_bytes(plan); }
void ConvPlans::run(Plan& plan, const ConvOperands& operands, void* workspace, CUstream_st* stream) {
  impl_->run(plan, operands, workspace, stream);
}
int64_t ConvPlans::reach(ConvOp op, DType dtype) { return impl_->reach(op, dtype); }
std::string ConvPlans::libraries() { return impl_->libraries(); }
std::string ConvPlans::table() const { return impl_->table(); }

}  // namespace segue
