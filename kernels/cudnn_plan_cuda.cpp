#include "cudnn_graph.cuh"
#include "cudnn_plan.h"

namespace segue {
namespace {

class CudnnLibrary : public ConvLibrary {
 public:
  CudnnLibrary() { cudnn::check(cudnnCreate(&target_.handle), "starting cuDNN"); }
  ~CudnnLibrary() override { cudnnDestroy(target_.handle); }
  CudnnLibrary(const CudnnLibrary&) = delete;
  CudnnLibrary& operator=(const CudnnLibrary&) = delete;

  const char* name() const override { return "cuDNN"; }
  int64_t version() const override { return cudnn_version(); }

  void for_each_candidate(const ConvCall& call, size_t workspace_limit_bytes,
                          const std::function<bool(std::unique_ptr<ConvCandidate>)>& found) override {
    const auto graph = std::make_shared<cudnn::Graph>(cudnn::make_graph(call, target_));
    cudnn::for_each_candidate(call, *graph, target_, workspace_limit_bytes, [&](cudnn::Candidate&& c) {
      return found(std::make_unique<Candidate>(*this, call, graph, std::move(c)));
    });
  }

  std::unique_ptr<ConvCandidate> restore(const ConvCall& call, size_t workspace_limit_bytes,
                                         const std::string& text) override {
    cudnn::EngineChoice choice;
    if (!cudnn::EngineChoice::parse(text, choice)) return nullptr;
    const auto graph = std::make_shared<cudnn::Graph>(cudnn::make_graph(call, target_));
    cudnn::Candidate found;
    if (!cudnn::make_candidate(call, *graph, target_, workspace_limit_bytes, choice, found)) return nullptr;
    return std::make_unique<Candidate>(*this, call, graph, std::move(found));
  }

 private:
  class Candidate : public ConvCandidate {
   public:
    Candidate(CudnnLibrary& library, const ConvCall& call, std::shared_ptr<const cudnn::Graph> graph,
              cudnn::Candidate&& c)
        : library_(library), name_(name_of(call)), graph_(std::move(graph)), candidate_(std::move(c)) {}
    std::string text() const override { return candidate_.choice.text(); }
    size_t workspace_bytes() const override { return size_t(candidate_.workspace_bytes); }
    void run(const ConvOperands& operands, void* workspace, cudaStream_t stream) override {
      cudnn::check(library_.execute(candidate_, operands, workspace, stream), name_.c_str());
    }

   private:
    CudnnLibrary& library_;
    std::string name_;
    std::shared_ptr<const cudnn::Graph> graph_;  // what the plan was made of
    cudnn::Candidate candidate_;
  };

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

  cudnn::Target target_;
  cudaStream_t stream_ = nullptr;
  bool stream_set_ = false;
};

}  // namespace

std::unique_ptr<ConvLibrary> cudnn_library() { return std::make_unique<CudnnLibrary>(); }

int64_t cudnn_version() { return int64_t(cudnnGetVersion()); }

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
