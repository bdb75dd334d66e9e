#include <dlfcn.h>

#include <charconv>
#include <vector>

#include "cublas_lt.cuh"
#include "cublas_plan.h"

namespace segue {
namespace cublas {
namespace {

constexpr int kAsked = 16;  // of the heuristics; what is not allowed falls out
constexpr uint32_t kAlignBytes = 16;
constexpr size_t kWords = sizeof(cublasLtMatmulAlgo_t::data) / sizeof(uint64_t);
constexpr const char* kPrefix = "cublaslt";
constexpr int kWordDigits = 16;

cudaDataType_t type_of(DType t) {
  switch (t) {
    case DType::f32: return CUDA_R_32F;
    case DType::bf16: return CUDA_R_16BF;
    case DType::f16: return CUDA_R_16F;
    default: fail(Fault::invalid_argument, "cublaslt", "expects f32, bf16 or f16; got ", t);
  }
}

/// All sum in f32. Pedantic: neither tf32 nor another emulation, whatever the environment asks of the library.
cublasComputeType_t compute_of(const ConvCall& call) {
  if (call.dtype != DType::f32) return CUBLAS_COMPUTE_32F;
  return call.tensor_cores ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F_PEDANTIC;
}

/// FNV-1a over what stands in a plan file: damage must not reach the library, which takes an algorithm's bytes at their word.
uint64_t checksum(const uint64_t* words, int64_t version) {
  uint64_t sum = 0xcbf29ce484222325;
  const auto add = [&](uint64_t word) {
    for (int i = 0; i < 8; ++i, word >>= 8) sum = (sum ^ (word & 0xff)) * 0x100000001b3;
  };
  add(uint64_t(version));
  for (size_t i = 0; i < kWords; ++i) add(words[i]);
  return sum;
}

void append_word(std::string& text, uint64_t word) {
  for (int shift = 60; shift >= 0; shift -= 4) text += "0123456789abcdef"[word >> shift & 15];
}

/// kWordDigits digits at `p`.
bool read_word(const char* p, uint64_t& word) {
  const auto [last, error] = std::from_chars(p, p + kWordDigits, word, 16);
  return error == std::errc() && last == p + kWordDigits;
}

/// Throws device with the library's words unless `status` is success.
void check(const Functions& lt, cublasStatus_t status, const char* what) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  fail(Fault::device, "cublaslt", "expects ", what, " to succeed; got ", lt.GetStatusString(status), " (", int(status),
       ')');
}

}  // namespace

const Functions* Functions::open(std::string& problem) {
  struct Opened {
    Functions functions;
    std::string problem;
  };
  static const Opened opened = [] {
    Opened o;
    const std::string name = cat("libcublasLt.so.", CUBLAS_VER_MAJOR);
    void* library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) o.problem = dlerror();
#if defined(SEGUE_CUBLASLT_LIBRARY)
    if (!library) library = dlopen(SEGUE_CUBLASLT_LIBRARY, RTLD_NOW | RTLD_LOCAL);  // where the build has found it
#endif
    if (!library) return o;
    o.problem.clear();
#define SEGUE_LOAD(f)                                                                       \
  o.functions.f = reinterpret_cast<decltype(o.functions.f)>(dlsym(library, "cublasLt" #f)); \
  if (!o.functions.f) o.problem = name + " lacks cublasLt" #f;
    SEGUE_CUBLASLT_FUNCTIONS(SEGUE_LOAD)
#undef SEGUE_LOAD
    if (o.problem.empty() && o.functions.GetVersion() / 10000 != CUBLAS_VER_MAJOR)
      o.problem = cat("expects cuBLASLt ", CUBLAS_VER_MAJOR, "; got version ", o.functions.GetVersion());
    return o;
  }();
  problem = opened.problem;
  return problem.empty() ? &opened.functions : nullptr;
}

Product::Product(const Functions& lt, const ConvCall& call)
    : lt_(lt),
      call_(call),
      description_(lt.MatmulDescDestroy),
      a_(lt.MatrixLayoutDestroy),
      b_(lt.MatrixLayoutDestroy),
      d_(lt.MatrixLayoutDestroy) {
  require(call.is_product(), "cublaslt", "expects a product; got ", name_of(call));
  require(call.epilogue != ConvEpilogue::bias || call.op == ConvOp::forward, "cublaslt",
          "expects a bias with a forward convolution alone");
  const auto& f = call.problem;
  const uint64_t pixels = uint64_t(f.out_pixels()), c = uint64_t(f.c), k = uint64_t(f.k);
  const cudaDataType_t type = type_of(call.dtype);
  const auto matrix = [&](auto& layout, uint64_t rows, uint64_t columns) {
    check(lt, lt.MatrixLayoutCreate(layout.address(), type, rows, columns, int64_t(rows)), "describing a matrix");
  };
  check(lt, lt.MatmulDescCreate(description_.address(), compute_of(call), CUDA_R_32F), "describing a product");
  cublasOperation_t turn_a = CUBLAS_OP_N, turn_b = CUBLAS_OP_N;
  switch (call.op) {
    case ConvOp::forward:
      turn_a = CUBLAS_OP_T;
      matrix(a_, c, k), matrix(b_, c, pixels), matrix(d_, k, pixels);
      break;
    case ConvOp::input_gradient: matrix(a_, c, k), matrix(b_, k, pixels), matrix(d_, c, pixels); break;
    default: turn_b = CUBLAS_OP_T; matrix(a_, c, pixels), matrix(b_, k, pixels), matrix(d_, c, k);
  }
  set(CUBLASLT_MATMUL_DESC_TRANSA, &turn_a, sizeof turn_a);
  set(CUBLASLT_MATMUL_DESC_TRANSB, &turn_b, sizeof turn_b);
  if (call.epilogue != ConvEpilogue::bias) return;
  const cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_BIAS;
  const int32_t bias_type = type;
  // The heuristics read alignment off the address, and do not follow it.
  const void* aligned = reinterpret_cast<const void*>(uintptr_t(kAlignBytes));
  set(CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue);
  set(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &bias_type, sizeof bias_type);
  set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, &aligned, sizeof aligned);
}

void Product::set(cublasLtMatmulDescAttributes_t name, const void* value, size_t bytes) const {
  check(lt_, lt_.MatmulDescSetAttribute(description_.raw(), name, value, bytes), "describing a product");
}

bool Product::allowed(const cublasLtMatmulAlgo_t& algorithm) const {
  uint32_t scheme = CUBLASLT_REDUCTION_SCHEME_MASK;
  size_t written = 0;
  if (lt_.MatmulAlgoConfigGetAttribute(&algorithm, CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME, &scheme, sizeof scheme,
                                       &written) != CUBLAS_STATUS_SUCCESS)
    return false;
  if (scheme != CUBLASLT_REDUCTION_SCHEME_NONE && scheme != CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE) return false;
  // The compute type promises as much; what an algorithm says of itself must not contradict it.
  uint64_t flags = 0;
  if (lt_.MatmulAlgoCapGetAttribute(&algorithm, CUBLASLT_ALGO_CAP_NUMERICAL_IMPL_FLAGS, &flags, sizeof flags,
                                    &written) != CUBLAS_STATUS_SUCCESS)
    return true;
  if (flags & CUBLASLT_NUMERICAL_IMPL_FLAGS_ACCUMULATOR_16F) return false;
  return call_.tensor_cores || !(flags & CUBLASLT_NUMERICAL_IMPL_FLAGS_TENSOR_OP_MASK);
}

std::vector<cublasLtMatmulHeuristicResult_t> Product::algorithms(cublasLtHandle_t handle, size_t workspace_limit_bytes,
                                                                 int most) const {
  Descriptor<cublasLtMatmulPreference_t> preference(lt_.MatmulPreferenceDestroy);
  check(lt_, lt_.MatmulPreferenceCreate(preference.address()), "making a preference");
  const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t name, const auto& value) {
    check(lt_, lt_.MatmulPreferenceSetAttribute(preference.raw(), name, &value, sizeof value), "setting a preference");
  };
  const uint64_t limit = workspace_limit_bytes;
  // None is always allowed. The others round partial sums to the type of the result, or add in the order in which blocks end.
  const uint32_t schemes = CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE;
  prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, limit);
  prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes);
  for (const auto name : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
    prefer(name, kAlignBytes);

  std::vector<cublasLtMatmulHeuristicResult_t> results(static_cast<size_t>(kAsked));
  int count = 0;
  const cublasStatus_t status = lt_.MatmulAlgoGetHeuristic(handle, description_.raw(), a_.raw(), b_.raw(), d_.raw(),
                                                           d_.raw(), preference.raw(), kAsked, results.data(), &count);
  if (status == CUBLAS_STATUS_NOT_SUPPORTED) return {};
  check(lt_, status, "asking for algorithms");
  results.resize(static_cast<size_t>(count));
  std::erase_if(results, [&](const cublasLtMatmulHeuristicResult_t& r) {
    return r.state != CUBLAS_STATUS_SUCCESS || r.workspaceSize > workspace_limit_bytes || !allowed(r.algo);
  });
  if (results.size() > size_t(most)) results.resize(size_t(most));
  return results;
}

bool Product::takes(cublasLtHandle_t handle, const cublasLtMatmulAlgo_t& algorithm, size_t workspace_limit_bytes,
                    size_t& workspace_bytes) const {
  cublasLtMatmulHeuristicResult_t result{};
  if (lt_.MatmulAlgoCheck(handle, description_.raw(), a_.raw(), b_.raw(), d_.raw(), d_.raw(), &algorithm, &result) !=
      CUBLAS_STATUS_SUCCESS)
    return false;
  workspace_bytes = result.workspaceSize;
  return workspace_bytes <= workspace_limit_bytes && allowed(algorithm);
}

void Product::run(cublasLtHandle_t handle, const cublasLtMatmulAlgo_t& algorithm, const ConvOperands& operands,
                  void* workspace, size_t workspace_bytes, cudaStream_t stream) const {
  const void *a = operands.w, *b = operands.x;
  void* d = operands.y;
  if (call_.op == ConvOp::input_gradient) b = operands.y, d = operands.x;
  if (call_.op == ConvOp::filter_gradient) a = operands.x, b = operands.y, d = operands.w;
  if (call_.epilogue == ConvEpilogue::bias)
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, &operands.bias, sizeof operands.bias);
  const float one = 1, kept = call_.epilogue == ConvEpilogue::add ? 1.f : 0.f;
  check(lt_,
        lt_.Matmul(handle, description_.raw(), &one, a, a_.raw(), b, b_.raw(), &kept, d, d_.raw(), d, d_.raw(),
                   &algorithm, workspace_bytes ? workspace : nullptr, workspace_bytes, stream),
        name_of(call_).c_str());
}

std::string text_of(const cublasLtMatmulAlgo_t& algorithm, int64_t version) {
  std::string text = cat(kPrefix, version, ':');
  for (const uint64_t word : algorithm.data) append_word(text, word);
  text += ':';
  append_word(text, checksum(algorithm.data, version));
  return text;
}

bool parse(const std::string& text, int64_t version, cublasLtMatmulAlgo_t& algorithm) {
  const std::string head = cat(kPrefix, version, ':');
  const size_t bytes_at = head.size(), sum_at = bytes_at + kWords * kWordDigits + 1;
  if (text.compare(0, head.size(), head) != 0 || text.size() != sum_at + kWordDigits || text[sum_at - 1] != ':')
    return false;
  uint64_t sum = 0;
  for (size_t i = 0; i < kWords; ++i)
    if (!read_word(&text[bytes_at + i * kWordDigits], algorithm.data[i])) return false;
  return read_word(&text[sum_at], sum) && sum == checksum(algorithm.data, version);
}

namespace {

class CublasLibrary : public ConvLibrary {
 public:
  CublasLibrary(const Functions& lt, cublasLtHandle_t handle) : lt_(lt), handle_(handle) {}
  ~CublasLibrary() override { lt_.Destroy(handle_); }
  CublasLibrary(const CublasLibrary&) = delete;
  CublasLibrary& operator=(const CublasLibrary&) = delete;

  const char* name() const override { return "cuBLASLt"; }
  int64_t version() const override { return int64_t(lt_.GetVersion()); }

  void for_each_candidate(const ConvCall& call, size_t workspace_limit_bytes,
                          const std::function<bool(std::unique_ptr<ConvCandidate>)>& found) override {
    if (!call.is_product()) return;
    const auto product = std::make_shared<Product>(lt_, call);
    for (const auto& r : product->algorithms(handle_, workspace_limit_bytes, kAsked))
      if (!found(std::make_unique<Candidate>(*this, product, r.algo, r.workspaceSize))) return;
  }

  std::unique_ptr<ConvCandidate> restore(const ConvCall& call, size_t workspace_limit_bytes,
                                         const std::string& text) override {
    cublasLtMatmulAlgo_t algorithm{};
    if (!call.is_product() || !parse(text, version(), algorithm)) return nullptr;
    const auto product = std::make_shared<Product>(lt_, call);
    size_t workspace_bytes = 0;
    if (!product->takes(handle_, algorithm, workspace_limit_bytes, workspace_bytes)) return nullptr;
    return std::make_unique<Candidate>(*this, product, algorithm, workspace_bytes);
  }

 private:
  class Candidate : public ConvCandidate {
   public:
    Candidate(const CublasLibrary& library, std::shared_ptr<const Product> product,
              const cublasLtMatmulAlgo_t& algorithm, size_t workspace_bytes)
        : library_(library), product_(std::move(product)), algorithm_(algorithm), workspace_bytes_(workspace_bytes) {}
    std::string text() const override { return text_of(algorithm_, library_.version()); }
    size_t workspace_bytes() const override { return workspace_bytes_; }
    void run(const ConvOperands& operands, void* workspace, cudaStream_t stream) override {
      product_->run(library_.handle_, algorithm_, operands, workspace, workspace_bytes_, stream);
    }

   private:
    const CublasLibrary& library_;
    std::shared_ptr<const Product> product_;
    cublasLtMatmulAlgo_t algorithm_;
    size_t workspace_bytes_;
  };

  const Functions& lt_;
  cublasLtHandle_t handle_;
};

}  // namespace

std::unique_ptr<ConvLibrary> library(const Functions& lt, std::string& problem) {
  cublasLtHandle_t handle = nullptr;
  const cublasStatus_t status = lt.Create(&handle);
  if (status == CUBLAS_STATUS_SUCCESS) return std::make_unique<CublasLibrary>(lt, handle);
  problem = cat("cuBLASLt does not start: ", lt.GetStatusString(status));
  return nullptr;
}

}  // namespace cublas

std::unique_ptr<ConvLibrary> cublas_library(std::string& problem) {
  const cublas::Functions* lt = cublas::Functions::open(problem);
  return lt ? cublas::library(*lt, problem) : nullptr;
}

}  // namespace segue
