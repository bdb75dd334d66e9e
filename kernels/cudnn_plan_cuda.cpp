#include <cuda_runtime.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <vector>

#include "cudnn_graph.cuh"
#include "cudnn_plan.h"
#include "plan_file.h"

namespace segue {
namespace {

constexpr size_t kMaxTimed = 12, kFirstTimed = 8;
constexpr int kTimedRuns = 5;
constexpr size_t kAlignBytes = 256;
constexpr int kMajorWithReach = 9, kMajorWithout = 8;  // of compute capabilities

void check(cudaError_t e, const char* what) {
  if (e != cudaSuccess) fail(Fault::device, "cudnn", "expects ", what, " to succeed; got ", cudaGetErrorString(e));
}

size_t round_up(size_t bytes) { return (bytes + kAlignBytes - 1) / kAlignBytes * kAlignBytes; }

const char* name_of(ConvOp op) {
  switch (op) {
    case ConvOp::forward: return "forward";
    case ConvOp::input_gradient: return "input_gradient";
    default: return "filter_gradient";
  }
}

const char* name_of(ConvEpilogue e) {
  switch (e) {
    case ConvEpilogue::store: return "store";
    case ConvEpilogue::add: return "add";
    default: return "bias";
  }
}

class Event {
 public:
  Event() { check(cudaEventCreate(&event_), "making an event"); }
  ~Event() { cudaEventDestroy(event_); }
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  void record(cudaStream_t stream) { check(cudaEventRecord(event_, stream), "recording an event"); }
  /// Waits for this event.
  float ms_since(const Event& start) {
    float ms = 0;
    check(cudaEventSynchronize(event_), "waiting for a convolution");
    check(cudaEventElapsedTime(&ms, start.event_, event_), "timing a convolution");
    return ms;
  }

 private:
  cudaEvent_t event_{};
};

}  // namespace

int64_t ConvCall::output_count() const {
  const auto& f = problem;
  switch (op) {
    case ConvOp::forward: return f.n * f.p * f.q * f.k;
    case ConvOp::input_gradient: return f.n * f.h * f.w * f.c;
    default: return f.k * f.r * f.s * f.c;
  }
}

std::string name_of(const ConvCall& call) {
  const auto& f = call.problem;
  return cat(name_of(call.op), ' ', name_of(call.epilogue), ' ', name_of(call.dtype),
             call.dtype == DType::f32 && call.tensor_cores ? " tf32" : "", " n", f.n, " h", f.h, " w", f.w, " c", f.c,
             " k", f.k, " r", f.r, " s", f.s, " stride", f.stride, " pad", f.pad, " dilation", f.dilation);
}

int64_t cudnn_version() { return int64_t(cudnnGetVersion()); }

int64_t conv_reach(ConvOp op, DType dtype, int compute_capability_major) {
  if (compute_capability_major != kMajorWithReach) return kAnyReach;
  if (op == ConvOp::forward) return dtype == DType::f32 ? kAnyReach : 9;
  return op == ConvOp::input_gradient ? 10 : 8;
}

struct CudnnPlans::Plan {
  ConvCall call;
  std::string name;
  cudnn::Graph graph;
  cudnn::Candidate chosen;
  std::vector<cudnn::Candidate> to_time;  // empty once chosen

  size_t output_bytes() const { return round_up(size_t(call.output_count() * size_of(call.dtype))); }
};

class CudnnPlans::Impl {
 public:
  explicit Impl(const Options& options) : options_(options), file_(options.cache_file) {
    const char* tune = std::getenv("SEGUE_TUNE");
    if (tune && std::strcmp(tune, "1") == 0) options_.tune = true;
    const char* phases = std::getenv("SEGUE_CONV_PHASES");
    if (!phases || !*phases) return;
    if (std::strcmp(phases, "0") != 0 && std::strcmp(phases, "1") != 0)
      fail(Fault::usage, "SEGUE_CONV_PHASES", "expects 0 or 1; got ", phases);
    major_ = *phases == '1' ? kMajorWithReach : kMajorWithout;
  }
  ~Impl() {
    plans_.clear();  // before the handle that they refer to
    if (target_.handle) cudnnDestroy(target_.handle);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Plan* find(const ConvCall& call, cudaStream_t stream) {
    const auto found = plans_.find(key_of(call));
    if (found != plans_.end()) return found->second.get();
    std::string name = name_of(call);
    refuse_capture(name, stream);
    start();
    auto plan = std::make_unique<Plan>();
    plan->call = call;
    plan->name = std::move(name);
    plan->graph = cudnn::make_graph(call, target_);
    if (!remembered(*plan) && !choose(*plan)) plan.reset();
    return plans_.emplace(key_of(call), std::move(plan)).first->second.get();
  }

  int64_t reach(ConvOp op, DType dtype) {
    if (!major_) {
      int device = 0, major = 0;
      check(cudaGetDevice(&device), "asking for the device");
      check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device),
            "asking for the device's generation");
      major_ = major;
    }
    return conv_reach(op, dtype, *major_);
  }

  size_t workspace_bytes(const Plan& plan) const {
    if (plan.to_time.empty()) return size_t(plan.chosen.workspace_bytes);
    int64_t most = 0;
    for (const auto& c : plan.to_time) most = std::max(most, c.workspace_bytes);
    return plan.output_bytes() + size_t(most);
  }

  void run(Plan& plan, const ConvOperands& operands, void* workspace, cudaStream_t stream) {
    if (!plan.to_time.empty()) time(plan, operands, static_cast<char*>(workspace), stream);
    cudnn::check(execute(plan.chosen, operands, workspace, stream), plan.name.c_str());
  }

  std::string table() const {
    std::map<std::string, std::string> lines;
    for (const auto& [key, plan] : plans_)
      if (plan && plan->to_time.empty()) lines[plan->name] = plan->chosen.choice.text();
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

  /// cuDNN and its device, at the first plan.
  void start() {
    if (target_.handle) return;
    int device = 0;
    cudaDeviceProp properties{};
    check(cudaGetDevice(&device), "asking for the device");
    check(cudaGetDeviceProperties(&properties, device), "asking for the device's name");
    cudnn::check(cudnnCreate(&target_.handle), "starting cuDNN");
    device_ = properties.name;
  }

  static void refuse_capture(const std::string& name, cudaStream_t stream) {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    check(cudaStreamIsCapturing(stream, &status), "asking whether the stream is being captured");
    if (status != cudaStreamCaptureStatusNone)
      fail(Fault::device, "cudnn", "expects plans to be made before a graph is captured; got the first call of ", name,
           " during capture. Run the step once before capturing it");
  }

  bool remembered(Plan& plan) {
    const PlanFile::Choice* saved = file_.find(cudnn_version(), device_, plan.name);
    cudnn::EngineChoice choice;
    return saved && (saved->tuned || !options_.tune) && cudnn::EngineChoice::parse(saved->text, choice) &&
           cudnn::make_candidate(plan.call, plan.graph, target_, options_.workspace_limit_bytes, choice, plan.chosen);
  }

  bool choose(Plan& plan) {
    std::vector<cudnn::Candidate> candidates;
    cudnn::for_each_candidate(
        plan.call, plan.graph, target_, options_.workspace_limit_bytes, [&](cudnn::Candidate&& c) {
          // The best guesses, then the best of each other engine.
          const bool known = std::any_of(candidates.begin(), candidates.end(),
                                         [&](const auto& o) { return o.choice.engine == c.choice.engine; });
          if (candidates.size() < kFirstTimed || !known) candidates.push_back(std::move(c));
          return options_.tune && candidates.size() < kMaxTimed;
        });
    if (candidates.empty()) return false;
    if (candidates.size() > 1)
      plan.to_time = std::move(candidates);
    else
      settle(plan, std::move(candidates[0]));
    return true;
  }

  void settle(Plan& plan, cudnn::Candidate&& chosen) {
    plan.chosen = std::move(chosen);
    plan.to_time.clear();
    file_.add(cudnn_version(), device_, plan.name, {plan.chosen.choice.text(), options_.tune});
  }

  /// Into memory of its own, so that a result that is added to stays as it is.
  void time(Plan& plan, ConvOperands operands, char* workspace, cudaStream_t stream) {
    refuse_capture(plan.name, stream);
    void*& output = plan.call.op == ConvOp::forward          ? operands.y
                    : plan.call.op == ConvOp::input_gradient ? operands.x
                                                             : operands.w;
    output = workspace;
    workspace += plan.output_bytes();
    Event start, stop;
    cudnn::Candidate* best = nullptr;
    float best_ms = 0;
    for (cudnn::Candidate& c : plan.to_time) {
      if (execute(c, operands, workspace, stream) != CUDNN_STATUS_SUCCESS) continue;  // loads the kernel
      float ms = 0;
      for (int i = 0; i < kTimedRuns; ++i) {
        start.record(stream);
        cudnn::check(execute(c, operands, workspace, stream), plan.name.c_str());
        stop.record(stream);
        const float once = stop.ms_since(start);
        ms = i ? std::min(ms, once) : once;
      }
      if (!best || ms < best_ms) best = &c, best_ms = ms;
    }
    if (!best)
      fail(Fault::device, "cudnn", "expects one of ", plan.to_time.size(), " plans to run; got none for ", plan.name);
    settle(plan, cudnn::Candidate(std::move(*best)));
  }

  cudnnStatus_t execute(const cudnn::Candidate& c, const ConvOperands& operands, void* workspace, cudaStream_t stream) {
    if (!stream_set_ || stream != stream_) {
      cudnn::check(cudnnSetStream(target_.handle, stream), "choosing a stream");
      stream_ = stream;
      stream_set_ = true;
    }
    const int64_t ids[] = {cudnn::kX, cudnn::kW, cudnn::kY, cudnn::kBias};
    const void* pointers[] = {operands.x, operands.w, operands.y, operands.bias};
    const int64_t count = operands.bias ? 4 : 3;
    cudnn::Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, count, ids)
        .set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, count, pointers)
        .set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, 1, &workspace)
        .finalize("operands");
    return cudnnBackendExecute(target_.handle, c.plan.raw(), pack.raw());
  }

  Options options_;
  PlanFile file_;
  cudnn::Target target_;
  std::string device_;
  std::map<Key, std::unique_ptr<Plan>> plans_;
  cudaStream_t stream_ = nullptr;
  bool stream_set_ = false;
  std::optional<int> major_;  // of the compute capability
};

CudnnPlans::CudnnPlans(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
CudnnPlans::~CudnnPlans() = default;
CudnnPlans::Plan* CudnnPlans::find(const ConvCall& call, CUstream_st* stream) { return impl_->find(call, stream); }
CudnnPlans::Plan& CudnnPlans::get(const ConvCall& call, CUstream_st* stream) {
  Plan* plan = find(call, stream);
  if (!plan)
    fail(Fault::device, "cudnn", "expects a deterministic engine for ", name_of(call), "; cuDNN ", cudnn_version(),
         " has none for this device");
  return *plan;
}
size_t CudnnPlans::workspace_bytes(const Plan& plan) const { return impl_->workspace_bytes(plan); }
void CudnnPlans::run(Plan& plan, const ConvOperands& operands, void* workspace, CUstream_st* stream) {
  impl_->run(plan, operands, workspace, stream);
}
int64_t CudnnPlans::reach(ConvOp op, DType dtype) { return impl_->reach(op, dtype); }
std::string CudnnPlans::table() const { return impl_->table(); }

CudnnSupport cudnn_support([[maybe_unused]] const ConvCall& call, [[maybe_unused]] const std::string& device_json,
                           [[maybe_unused]] size_t workspace_limit_bytes) {
#if CUDNN_VERSION >= 91900
  cudnn::Target target;
  target.properties = cudnn::Descriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  target.properties
      .set(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, int64_t(device_json.size()), device_json.data())
      .finalize("a device's description");
  const cudnn::Graph graph = cudnn::make_graph(call, target);
  CudnnSupport support;
  cudnn::for_each_candidate(call, graph, target, workspace_limit_bytes, [&](cudnn::Candidate&& c) {
    // What a file would bring back must be the same plan.
    cudnn::Candidate again;
    cudnn::EngineChoice choice;
    const bool kept = cudnn::EngineChoice::parse(c.choice.text(), choice) && choice == c.choice &&
                      cudnn::make_candidate(call, graph, target, workspace_limit_bytes, choice, again) &&
                      again.workspace_bytes == c.workspace_bytes;
    if (!kept) fail(Fault::internal, "cudnn", "cannot restore plan ", c.choice.text(), " of ", name_of(call));
    support = {c.choice.engine, c.workspace_bytes, c.tensor_cores};
    return false;
  });
  return support;
#else
  fail(Fault::device, "cudnn", "expects cuDNN 9.19 or later for questions about absent devices; got ", CUDNN_VERSION);
#endif
}

}  // namespace segue
