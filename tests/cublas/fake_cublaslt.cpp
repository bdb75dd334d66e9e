#include "fake_cublaslt.h"

#include <cmath>
#include <cstring>
#include <map>

// cublasLt.h declares opaque structures; here they are these.
namespace {

using segue::testing::FakeCublasLt;

FakeCublasLt& state() { return FakeCublasLt::state(); }

cublasStatus_t refuse(cublasStatus_t status, const char* why) {
  state().refusal = why;
  return status;
}

/// Attributes by number, each with the size that the header names and its default.
template <class Name>
class Attributes {
 public:
  template <class T>
  void declare(Name name, T value) {
    std::vector<std::byte> bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    values_[name] = bytes;
  }
  cublasStatus_t set(Name name, const void* from, size_t bytes) {
    const auto found = values_.find(name);
    if (found == values_.end()) return refuse(CUBLAS_STATUS_INVALID_VALUE, "an attribute that the fake does not know");
    if (!from || bytes != found->second.size())
      return refuse(CUBLAS_STATUS_INVALID_VALUE, "an attribute of another size");
    std::memcpy(found->second.data(), from, bytes);
    return CUBLAS_STATUS_SUCCESS;
  }
  template <class T>
  T get(Name name) const {
    T value;
    std::memcpy(&value, values_.at(name).data(), sizeof value);
    return value;
  }

 private:
  std::map<Name, std::vector<std::byte>> values_;
};

struct Description {
  Attributes<cublasLtMatmulDescAttributes_t> attributes;
  cublasComputeType_t compute;
  cudaDataType_t scale;
};
struct Layout {
  cudaDataType type;
  int64_t rows, columns, ld;  // column-major
};
struct Preference {
  Attributes<cublasLtMatmulPreferenceAttributes_t> attributes;
};

template <class To, class From>
To& as(From* opaque) {
  return *reinterpret_cast<To*>(opaque);
}

template <class To, class Opaque>
cublasStatus_t make(Opaque* out, To value) {
  if (!out) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no place for a descriptor");
  *out = reinterpret_cast<Opaque>(new To(std::move(value)));
  ++state().live;
  return CUBLAS_STATUS_SUCCESS;
}
template <class To, class Opaque>
cublasStatus_t destroy(Opaque opaque) {
  delete reinterpret_cast<To*>(opaque);
  --state().live;
  return CUBLAS_STATUS_SUCCESS;
}

int64_t bytes_of(cudaDataType t) { return t == CUDA_R_32F ? 4 : 2; }

double rounded(double v, int mantissa_bits, int least_exponent) {
  if (v == 0 || !std::isfinite(v)) return v;
  const int exponent = std::max(std::ilogb(v), least_exponent);
  const double unit = std::ldexp(1.0, exponent - mantissa_bits);
  return std::nearbyint(v / unit) * unit;
}

double load(const void* p, cudaDataType t, int64_t i) {
  if (t == CUDA_R_32F) return static_cast<const float*>(p)[i];
  const uint16_t bits = static_cast<const uint16_t*>(p)[i];
  if (t == CUDA_R_16BF) {
    const uint32_t wide = uint32_t(bits) << 16;
    float f;
    std::memcpy(&f, &wide, sizeof f);
    return f;
  }
  const int exponent = bits >> 10 & 31, fraction = bits & 1023;
  const double size = exponent ? std::ldexp(1024 + fraction, exponent - 25) : std::ldexp(fraction, -24);
  return bits & 0x8000 ? -size : size;
}

void store(void* p, cudaDataType t, int64_t i, double v) {
  if (t == CUDA_R_32F) {
    static_cast<float*>(p)[i] = float(v);
  } else if (t == CUDA_R_16BF) {
    const float f = float(rounded(v, 7, -126));
    uint32_t wide;
    std::memcpy(&wide, &f, sizeof f);
    static_cast<uint16_t*>(p)[i] = uint16_t(wide >> 16);
  } else {
    const double r = rounded(v, 10, -14), size = std::abs(r);
    uint16_t bits = r < 0 ? 0x8000 : 0;
    if (size > 65504)
      bits |= 0x7c00;
    else if (size >= std::ldexp(1.0, -14))
      bits |= uint16_t((std::ilogb(size) + 15) << 10 | int(std::ldexp(size, 10 - std::ilogb(size)) - 1024));
    else
      bits |= uint16_t(std::ldexp(size, 24));
    static_cast<uint16_t*>(p)[i] = bits;
  }
}

/// The fake's catalogue. An algorithm's bytes: magic, index.
struct Algorithm {
  int32_t id;
  uint32_t scheme;
  uint64_t flags;
  int64_t splits;       // > 1: workspace of a partial result each
  int64_t align_bytes;  // of addresses and leading dimensions
};
constexpr uint64_t kMagic = 0x5e90e0001;
constexpr uint64_t kF32 = CUBLASLT_NUMERICAL_IMPL_FLAGS_ACCUMULATOR_32F,
                   kF16 = CUBLASLT_NUMERICAL_IMPL_FLAGS_ACCUMULATOR_16F, kFma = CUBLASLT_NUMERICAL_IMPL_FLAGS_FMA,
                   kHmma = CUBLASLT_NUMERICAL_IMPL_FLAGS_HMMA;
/// Those that segue must not take stand first: it must ask for others, or pass them over. The fake offers tensor cores whatever the
/// compute type, where the library would not.
const Algorithm kCatalogue[] = {
    {66, CUBLASLT_REDUCTION_SCHEME_NONE, kHmma | kF32, 1, 256},
    {66, CUBLASLT_REDUCTION_SCHEME_INPLACE, kHmma | kF32, 4, 16},
    {66, CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE, kHmma | kF32, 4, 16},
    {71, CUBLASLT_REDUCTION_SCHEME_NONE, kHmma | kF16, 1, 16},
    {21, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE, kHmma | kF32, 1000000, 16},
    {66, CUBLASLT_REDUCTION_SCHEME_NONE, kHmma | kF32, 1, 16},
    {66, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE, kHmma | kF32, 5, 16},
    {24, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE, kFma | kF32, 3, 16},
    {20, CUBLASLT_REDUCTION_SCHEME_NONE, kFma | kF32, 1, 2},
};
constexpr size_t kAlgorithms = std::size(kCatalogue);

const Algorithm* algorithm_of(const cublasLtMatmulAlgo_t* a) {
  return a && a->data[0] == kMagic && a->data[1] < kAlgorithms ? &kCatalogue[a->data[1]] : nullptr;
}

/// A whole product, as the functions get it.
struct Problem {
  const Description& description;
  const Layout &a, &b, &c, &d;

  bool turned(cublasLtMatmulDescAttributes_t name) const {
    return description.attributes.get<int32_t>(name) == CUBLAS_OP_T;
  }
  bool turn_a() const { return turned(CUBLASLT_MATMUL_DESC_TRANSA); }
  bool turn_b() const { return turned(CUBLASLT_MATMUL_DESC_TRANSB); }
  int64_t m() const { return turn_a() ? a.columns : a.rows; }
  int64_t k() const { return turn_a() ? a.rows : a.columns; }
  int64_t n() const { return turn_b() ? b.rows : b.columns; }
  bool bias() const {
    return description.attributes.get<uint32_t>(CUBLASLT_MATMUL_DESC_EPILOGUE) == CUBLASLT_EPILOGUE_BIAS;
  }
  const void* bias_pointer() const {
    return description.attributes.get<const void*>(CUBLASLT_MATMUL_DESC_BIAS_POINTER);
  }
  size_t workspace_bytes(const Algorithm& x) const { return x.splits > 1 ? size_t(x.splits * m() * n()) * 4 : 0; }

  cublasStatus_t check() const {
    for (const Layout* l : {&a, &b, &c, &d}) {
      if (l->rows <= 0 || l->columns <= 0) return refuse(CUBLAS_STATUS_INVALID_VALUE, "a matrix without elements");
      if (l->ld < l->rows) return refuse(CUBLAS_STATUS_INVALID_VALUE, "a leading dimension below the rows");
    }
    for (const auto name : {CUBLASLT_MATMUL_DESC_TRANSA, CUBLASLT_MATMUL_DESC_TRANSB}) {
      const int32_t t = description.attributes.get<int32_t>(name);
      if (t != CUBLAS_OP_N && t != CUBLAS_OP_T) return refuse(CUBLAS_STATUS_INVALID_VALUE, "an unknown transposition");
    }
    if (k() != (turn_b() ? b.columns : b.rows)) return refuse(CUBLAS_STATUS_INVALID_VALUE, "inner extents that differ");
    if (d.rows != m() || d.columns != n()) return refuse(CUBLAS_STATUS_INVALID_VALUE, "a result of another shape");
    if (c.rows != d.rows || c.columns != d.columns || c.type != d.type)
      return refuse(CUBLAS_STATUS_INVALID_VALUE, "C and D of different shapes or types");
    const bool f32 = a.type == CUDA_R_32F && d.type == CUDA_R_32F,
               narrow = a.type == CUDA_R_16BF || a.type == CUDA_R_16F;
    if (a.type != b.type || description.scale != CUDA_R_32F)
      return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "types that do not go together");
    switch (description.compute) {
      case CUBLAS_COMPUTE_32F:
      case CUBLAS_COMPUTE_32F_PEDANTIC:
        if (!f32 && !(narrow && (d.type == a.type || d.type == CUDA_R_32F)))
          return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "types that do not go together");
        break;
      case CUBLAS_COMPUTE_32F_FAST_TF32:
        if (!f32) return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "tf32 of another type than f32");
        break;
      default: return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "a compute type that the fake does not know");
    }
    const uint32_t epilogue = description.attributes.get<uint32_t>(CUBLASLT_MATMUL_DESC_EPILOGUE);
    if (epilogue != CUBLASLT_EPILOGUE_DEFAULT && epilogue != CUBLASLT_EPILOGUE_BIAS)
      return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "an epilogue that the fake does not know");
    if (!bias()) return CUBLAS_STATUS_SUCCESS;
    const int32_t type = description.attributes.get<int32_t>(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE);
    if (type != -1 && type != d.type) return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "a bias of another type than D");
    if (!bias_pointer()) return refuse(CUBLAS_STATUS_INVALID_VALUE, "a bias without an address");
    return CUBLAS_STATUS_SUCCESS;
  }

  /// Without workspace and addresses.
  bool takes(const Algorithm& x) const {
    for (const Layout* l : {&a, &b, &c, &d})
      if (l->ld * bytes_of(l->type) % x.align_bytes) return false;
    return !bias() || uintptr_t(bias_pointer()) % uintptr_t(x.align_bytes) == 0;
  }
};

Problem problem_of(cublasLtMatmulDesc_t description, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                   cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d) {
  return {as<Description>(description), as<Layout>(a), as<Layout>(b), as<Layout>(c), as<Layout>(d)};
}

}  // namespace

extern "C" {

size_t cublasLtGetVersion(void) { return state().version; }

const char* cublasLtGetStatusString(cublasStatus_t) { return state().refusal.c_str(); }

cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  if (state().create != CUBLAS_STATUS_SUCCESS) return refuse(state().create, "the fake does not start");
  *handle = reinterpret_cast<cublasLtHandle_t>(new int(0));
  ++state().live;
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) { return destroy<int>(handle); }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* out, cublasComputeType_t compute, cudaDataType_t scale) {
  Description d{{}, compute, scale};
  d.attributes.declare(CUBLASLT_MATMUL_DESC_TRANSA, int32_t(CUBLAS_OP_N));
  d.attributes.declare(CUBLASLT_MATMUL_DESC_TRANSB, int32_t(CUBLAS_OP_N));
  d.attributes.declare(CUBLASLT_MATMUL_DESC_EPILOGUE, uint32_t(CUBLASLT_EPILOGUE_DEFAULT));
  d.attributes.declare(CUBLASLT_MATMUL_DESC_BIAS_POINTER, static_cast<const void*>(nullptr));
  d.attributes.declare(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, int32_t(-1));
  return make(out, std::move(d));
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d) { return destroy<Description>(d); }
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t name,
                                              const void* value, size_t bytes) {
  return as<Description>(d).attributes.set(name, value, bytes);
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* out, cudaDataType type, uint64_t rows,
                                          uint64_t columns, int64_t ld) {
  return make(out, Layout{type, int64_t(rows), int64_t(columns), ld});
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l) { return destroy<Layout>(l); }

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* out) {
  Preference p;
  p.attributes.declare(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, uint64_t(0));
  p.attributes.declare(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, uint32_t(CUBLASLT_REDUCTION_SCHEME_MASK));
  for (const auto name : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                          CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
    p.attributes.declare(name, uint32_t(256));
  return make(out, std::move(p));
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t p) { return destroy<Preference>(p); }
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t p,
                                                    cublasLtMatmulPreferenceAttributes_t name, const void* value,
                                                    size_t bytes) {
  return as<Preference>(p).attributes.set(name, value, bytes);
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t description,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int asked,
                                              cublasLtMatmulHeuristicResult_t results[], int* count) {
  *count = 0;
  if (!handle) return refuse(CUBLAS_STATUS_NOT_INITIALIZED, "no handle");
  if (asked <= 0) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no algorithm asked for");
  if (state().heuristic != CUBLAS_STATUS_SUCCESS) return refuse(state().heuristic, "the fake knows none");
  const Problem problem = problem_of(description, a, b, c, d);
  if (const cublasStatus_t s = problem.check(); s != CUBLAS_STATUS_SUCCESS) return s;
  const auto& wanted = as<Preference>(preference).attributes;
  const uint32_t schemes = wanted.get<uint32_t>(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
  const auto alignments = {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                           CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES};
  state().asked_schemes = schemes;
  state().asked_align_bytes = 0;
  for (const auto name : alignments)
    state().asked_align_bytes = std::max(state().asked_align_bytes, wanted.get<uint32_t>(name));
  for (size_t i = 0; i < kAlgorithms && *count < asked; ++i) {
    const Algorithm& x = kCatalogue[i];
    bool fits = problem.takes(x) && (x.scheme == CUBLASLT_REDUCTION_SCHEME_NONE || (x.scheme & schemes)) &&
                problem.workspace_bytes(x) <= wanted.get<uint64_t>(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
    for (const auto name : alignments) fits = fits && x.align_bytes <= wanted.get<uint32_t>(name);
    if (!fits) continue;
    results[*count] = {.algo = {{kMagic, i, 0x77 + i}},
                       .workspaceSize = problem.workspace_bytes(x),
                       .state = CUBLAS_STATUS_SUCCESS,
                       .wavesCount = 1,
                       .reserved = {}};
    ++*count;
  }
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t handle, cublasLtMatmulDesc_t description,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                                       cublasLtMatrixLayout_t d, const cublasLtMatmulAlgo_t* algorithm,
                                       cublasLtMatmulHeuristicResult_t* result) {
  if (!handle) return refuse(CUBLAS_STATUS_NOT_INITIALIZED, "no handle");
  const Algorithm* x = algorithm_of(algorithm);
  if (!x) return refuse(CUBLAS_STATUS_INVALID_VALUE, "bytes that are no algorithm");
  const Problem problem = problem_of(description, a, b, c, d);
  if (const cublasStatus_t s = problem.check(); s != CUBLAS_STATUS_SUCCESS) return s;
  if (!problem.takes(*x)) return refuse(CUBLAS_STATUS_NOT_SUPPORTED, "an algorithm for other matrices");
  result->workspaceSize = problem.workspace_bytes(*x);
  result->state = CUBLAS_STATUS_SUCCESS;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoCapGetAttribute(const cublasLtMatmulAlgo_t* algorithm,
                                                 cublasLtMatmulAlgoCapAttributes_t name, void* value, size_t bytes,
                                                 size_t* written) {
  const Algorithm* x = algorithm_of(algorithm);
  if (!x || name != CUBLASLT_ALGO_CAP_NUMERICAL_IMPL_FLAGS || bytes != sizeof x->flags)
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "a capability that the fake does not know");
  std::memcpy(value, &x->flags, bytes);
  *written = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t* algorithm,
                                                    cublasLtMatmulAlgoConfigAttributes_t name, void* value,
                                                    size_t bytes, size_t* written) {
  const Algorithm* x = algorithm_of(algorithm);
  if (!x || name != CUBLASLT_ALGO_CONFIG_REDUCTION_SCHEME || bytes != sizeof x->scheme)
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "a setting that the fake does not know");
  std::memcpy(value, &x->scheme, bytes);
  *written = bytes;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t description, const void* alpha,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void* beta, const void* c,
                              cublasLtMatrixLayout_t c_layout, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t* algorithm, void* workspace, size_t workspace_bytes,
                              cudaStream_t) {
  if (!handle) return refuse(CUBLAS_STATUS_NOT_INITIALIZED, "no handle");
  const Problem p = problem_of(description, a_layout, b_layout, c_layout, d_layout);
  if (const cublasStatus_t s = p.check(); s != CUBLAS_STATUS_SUCCESS) return s;
  const Algorithm* x = algorithm_of(algorithm);  // the library would choose one; segue must not let it
  if (!x || !p.takes(*x)) return refuse(CUBLAS_STATUS_INVALID_VALUE, "no algorithm, or one for other matrices");
  if (!alpha || !beta || !a || !b || !c || !d) return refuse(CUBLAS_STATUS_INVALID_VALUE, "an operand that is missing");
  for (const void* address : {a, b, c, static_cast<const void*>(d)})
    if (uintptr_t(address) % uintptr_t(x->align_bytes))
      return refuse(CUBLAS_STATUS_INVALID_VALUE, "a misaligned operand");
  if (c == d && as<Layout>(c_layout).ld != as<Layout>(d_layout).ld)
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "a result in place of another layout");
  const size_t needed = p.workspace_bytes(*x);
  if (workspace_bytes < needed || (needed && (!workspace || uintptr_t(workspace) % 16)))
    return refuse(CUBLAS_STATUS_INVALID_VALUE, "less workspace than the algorithm wants, or misaligned");
  if (needed) std::memset(workspace, 0xff, needed);  // partial results: NaN to whoever reads them

  const bool tf32 = p.description.compute == CUBLAS_COMPUTE_32F_FAST_TF32;
  const double scale = *static_cast<const float*>(alpha), kept = *static_cast<const float*>(beta);
  const int64_t m = p.m(), n = p.n(), k = p.k();
  const auto element = [&](const void* from, const Layout& l, int64_t row, int64_t column) {
    const double v = load(from, l.type, column * l.ld + row);
    return tf32 ? rounded(v, 10, -126) : v;
  };
  std::vector<double> u(size_t(m * k)), v(size_t(k * n)), sums(size_t(m * n));  // op(A) by rows, op(B) by columns
  for (int64_t i = 0; i < m; ++i)
    for (int64_t l = 0; l < k; ++l) u[size_t(i * k + l)] = p.turn_a() ? element(a, p.a, l, i) : element(a, p.a, i, l);
  for (int64_t j = 0; j < n; ++j)
    for (int64_t l = 0; l < k; ++l) v[size_t(j * k + l)] = p.turn_b() ? element(b, p.b, j, l) : element(b, p.b, l, j);
  for (int64_t j = 0; j < n; ++j)
    for (int64_t i = 0; i < m; ++i) {
      double sum = 0;
      for (int64_t l = 0; l < k; ++l) sum += u[size_t(i * k + l)] * v[size_t(j * k + l)];
      sum *= scale;
      if (kept != 0) sum += kept * load(c, p.c.type, j * p.c.ld + i);  // with 0 C is not read
      if (p.bias()) sum += load(p.bias_pointer(), p.d.type, i);        // of the row, to every column
      sums[size_t(j * m + i)] = sum;
    }
  for (int64_t j = 0; j < n; ++j)
    for (int64_t i = 0; i < m; ++i) store(d, p.d.type, j * p.d.ld + i, sums[size_t(j * m + i)]);
  ++state().products;
  state().last_scheme = x->scheme;
  state().last_flags = x->flags;
  state().last_compute = p.description.compute;
  return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"

namespace segue::testing {

FakeCublasLt& FakeCublasLt::state() {
  static FakeCublasLt s;
  return s;
}

const cublas::Functions& FakeCublasLt::functions() {
  static const cublas::Functions functions = [] {
    cublas::Functions f;
#define SEGUE_TAKE(name) f.name = &cublasLt##name;
    SEGUE_CUBLASLT_FUNCTIONS(SEGUE_TAKE)
#undef SEGUE_TAKE
    return f;
  }();
  return functions;
}

}  // namespace segue::testing
