#include <algorithm>
#include <charconv>

#include "cudnn_graph.cuh"

namespace segue::cudnn {

void check(cudnnStatus_t status, const char* what) {
  if (status == CUDNN_STATUS_SUCCESS) return;
  char detail[1024] = "";
  cudnnGetLastErrorString(detail, sizeof detail);
  std::string line = detail;
  std::replace(line.begin(), line.end(), '\n', ' ');
  fail(Fault::device, "cudnn", "expects ", what, " to succeed; got ", cudnnGetErrorString(status),
       line.empty() ? "" : ": ", line);
}

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  check(cudnnBackendCreateDescriptor(type, &handle_), "making a descriptor");
}
Descriptor::~Descriptor() {
  if (handle_) cudnnBackendDestroyDescriptor(handle_);
}

Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
                            const void* values) {
  check(cudnnBackendSetAttribute(handle_, name, type, count, values), "setting an attribute");
  return *this;
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, int64_t value) {
  return set(name, CUDNN_TYPE_INT64, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values) {
  return set(name, CUDNN_TYPE_INT64, int64_t(values.size()), values.data());
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, float value) {
  return set(name, CUDNN_TYPE_FLOAT, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, bool value) {
  return set(name, CUDNN_TYPE_BOOLEAN, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, cudnnDataType_t value) {
  return set(name, CUDNN_TYPE_DATA_TYPE, 1, &value);
}
Descriptor& Descriptor::set(cudnnBackendAttributeName_t name, const Descriptor& value) {
  return set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.handle_);
}
Descriptor& Descriptor::finalize(const char* what) {
  check(cudnnBackendFinalize(handle_), what);
  return *this;
}
int64_t Descriptor::get_int64(cudnnBackendAttributeName_t name) const {
  int64_t value = 0, count = 0;
  check(cudnnBackendGetAttribute(handle_, name, CUDNN_TYPE_INT64, 1, &count, &value), "reading an attribute");
  return value;
}

namespace {

cudnnDataType_t type_of(DType t) {
  switch (t) {
    case DType::f32: return CUDNN_DATA_FLOAT;
    case DType::bf16: return CUDNN_DATA_BFLOAT16;
    case DType::f16: return CUDNN_DATA_HALF;
    default: fail(Fault::invalid_argument, "cudnn", "expects f32, bf16 or f16; got ", t);
  }
}

/// (n,h,w,c) in memory, in the order of extents that cuDNN wants.
Descriptor tensor(TensorId id, DType dtype, int64_t n, int64_t h, int64_t w, int64_t c) {
  Descriptor d(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  d.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, int64_t(id))
      .set(CUDNN_ATTR_TENSOR_DATA_TYPE, type_of(dtype))
      .set(CUDNN_ATTR_TENSOR_DIMENSIONS, {n, c, h, w})
      .set(CUDNN_ATTR_TENSOR_STRIDES, {h * w * c, 1, w * c, c})
      .set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, int64_t(16))
      .set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, id == kSum)
      .finalize("a tensor");
  return d;
}

Descriptor geometry(const kernels::conv::Problem& f) {
  const cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
  Descriptor d(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  d.set(CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_DATA_FLOAT)
      .set(CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode)
      .set(CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, int64_t(2))
      .set(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, {f.pad, f.pad})
      .set(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, {f.pad, f.pad})
      .set(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, {f.stride, f.stride})
      .set(CUDNN_ATTR_CONVOLUTION_DILATIONS, {f.dilation, f.dilation})
      .finalize("a convolution");
  return d;
}

/// The names of an operation's attributes.
struct OperationNames {
  cudnnBackendDescriptorType_t type;
  cudnnBackendAttributeName_t x, w, y, geometry, alpha, beta;
};
const OperationNames& names_of(ConvOp op) {
  static const OperationNames kForward{CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
                                       CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
  static const OperationNames kInputGradient{CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                                             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
                                             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
                                             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
                                             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
                                             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
                                             CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
  static const OperationNames kFilterGradient{CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
                                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
                                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
                                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
                                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
                                              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
  switch (op) {
    case ConvOp::forward: return kForward;
    case ConvOp::input_gradient: return kInputGradient;
    default: return kFilterGradient;
  }
}

}  // namespace

Graph make_graph(const ConvCall& call, const Target& target) {
  const auto& f = call.problem;
  const bool bias = call.epilogue == ConvEpilogue::bias;
  require(!bias || call.op == ConvOp::forward, "cudnn", "expects a bias with a forward convolution alone");
  Graph g;
  const auto keep = [&](Descriptor d) -> const Descriptor& {
    g.parts.push_back(std::move(d));
    return g.parts.back();
  };
  g.parts.reserve(9);  // references stay valid
  const OperationNames& names = names_of(call.op);
  const Descriptor& x = keep(tensor(kX, call.dtype, f.n, f.h, f.w, f.c));
  const Descriptor& w = keep(tensor(kW, call.dtype, f.k, f.r, f.s, f.c));
  const Descriptor& y = keep(tensor(kY, call.dtype, f.n, f.p, f.q, f.k));
  const Descriptor& sum = bias ? keep(tensor(kSum, DType::f32, f.n, f.p, f.q, f.k)) : y;
  Descriptor convolution(names.type);
  convolution.set(names.x, x)
      .set(names.w, w)
      .set(names.y, sum)
      .set(names.geometry, keep(geometry(f)))
      .set(names.alpha, 1.f)
      .set(names.beta, call.epilogue == ConvEpilogue::add ? 1.f : 0.f)
      .finalize("a convolution's operation");
  std::vector<cudnnBackendDescriptor_t> operations = {keep(std::move(convolution)).raw()};
  if (bias) {
    const cudnnPointwiseMode_t mode = CUDNN_POINTWISE_ADD;
    Descriptor add(CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    add.set(CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &mode)
        .set(CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_DATA_FLOAT)
        .finalize("an addition");
    Descriptor operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    operation.set(CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, keep(std::move(add)))
        .set(CUDNN_ATTR_OPERATION_POINTWISE_XDESC, sum)
        .set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, keep(tensor(kBias, call.dtype, 1, 1, 1, f.k)))
        .set(CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y)
        .finalize("an addition's operation");
    operations.push_back(keep(std::move(operation)).raw());
  }
  g.operations = Descriptor(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  if (target.handle) g.operations.set(CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &target.handle);
  g.operations
      .set(CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR, int64_t(operations.size()), operations.data())
      .finalize("a graph");
  return g;
}

std::string EngineChoice::text() const {
  std::string s = std::to_string(engine) + ':';
  for (size_t i = 0; i < knobs.size(); ++i)
    s += (i ? "," : "") + std::to_string(knobs[i].first) + '=' + std::to_string(knobs[i].second);
  return s;
}

bool EngineChoice::parse(const std::string& text, EngineChoice& choice) {
  const char *p = text.data(), *end = p + text.size();
  const auto number = [&](int64_t& value, char after) {
    const auto [next, error] = std::from_chars(p, end, value);
    if (error != std::errc()) return false;
    p = next;
    if (after && (p == end || *p++ != after)) return false;
    return true;
  };
  choice = {};
  if (!number(choice.engine, ':') || choice.engine < 0) return false;
  while (p != end) {
    int64_t type, value;
    if (!number(type, '=') || !number(value, 0)) return false;
    choice.knobs.emplace_back(type, value);
    if (p != end && (*p++ != ',' || p == end)) return false;
  }
  return true;
}

namespace {

constexpr int64_t kMaxNotes = 32, kMaxKnobs = 64;

/// What cuDNN says about an engine.
struct Notes {
  bool allowed = false, tensor_cores = false;
};
Notes notes_of(const ConvCall& call, const Descriptor& engine) {
  Notes notes{true, false};
  cudnnBackendNumericalNote_t numerical[kMaxNotes];
  cudnnBackendBehaviorNote_t behaviour[kMaxNotes];
  int64_t count = 0;
  check(cudnnBackendGetAttribute(engine.raw(), CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, kMaxNotes,
                                 &count, numerical),
        "reading an engine's notes");
  for (int64_t i = 0; i < count; ++i) {
    if (numerical[i] == CUDNN_NUMERICAL_NOTE_TENSOR_CORE)
      notes.tensor_cores = true;
    else if (numerical[i] != CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP)
      notes.allowed = false;  // not deterministic, sums in a narrow type, or larger errors: FFT, Winograd
  }
  check(cudnnBackendGetAttribute(engine.raw(), CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE, CUDNN_TYPE_BEHAVIOR_NOTE, kMaxNotes,
                                 &count, behaviour),
        "reading an engine's notes");
  // Compiling a kernel takes seconds, in every process, and needs NVRTC. Reordered filters belong to int8.
  for (int64_t i = 0; i < count; ++i)
    if (behaviour[i] == CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION ||
        behaviour[i] == CUDNN_BEHAVIOR_NOTE_REQUIRES_FILTER_INT8x32_REORDER ||
        behaviour[i] == CUDNN_BEHAVIOR_NOTE_REQUIRES_BIAS_INT8x32_REORDER)
      notes.allowed = false;
  if (notes.tensor_cores && !call.tensor_cores) notes.allowed = false;
  return notes;
}

EngineChoice choice_of(const Descriptor& configuration, const Descriptor& engine) {
  EngineChoice choice{engine.get_int64(CUDNN_ATTR_ENGINE_GLOBAL_INDEX), {}};
  std::vector<Descriptor> knobs;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (int64_t i = 0; i < kMaxKnobs; ++i) {
    knobs.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
    raw.push_back(knobs.back().raw());
  }
  int64_t count = 0;
  check(cudnnBackendGetAttribute(configuration.raw(), CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                 kMaxKnobs, &count, raw.data()),
        "reading an engine's settings");
  for (int64_t i = 0; i < std::min(count, kMaxKnobs); ++i) {
    cudnnBackendKnobType_t type{};
    int64_t n = 0;
    check(
        cudnnBackendGetAttribute(raw[size_t(i)], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &n, &type),
        "reading a setting");
    choice.knobs.emplace_back(type, knobs[size_t(i)].get_int64(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE));
  }
  return choice;
}

/// Makes the plan of a configuration. False if cuDNN refuses it or it wants too much workspace.
bool make_plan(const Descriptor& configuration, const Target& target, size_t workspace_limit_bytes, Candidate& c) try {
  c.plan = Descriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
  if (target.handle) c.plan.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, 1, &target.handle);
#if CUDNN_VERSION >= 91900
  if (target.properties) c.plan.set(CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP, target.properties);
#endif
  c.plan.set(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration).finalize("a plan");
  c.workspace_bytes = c.plan.get_int64(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE);
  return c.workspace_bytes <= int64_t(workspace_limit_bytes);
} catch (const Error&) {
  return false;
}

/// The heuristics' configurations for a graph; none if they have none.
std::vector<Descriptor> configurations(const Graph& graph, const Target& target, cudnnBackendHeurMode_t mode) try {
  Descriptor heuristics(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  heuristics.set(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.operations)
      .set(CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, 1, &mode);
#if CUDNN_VERSION >= 91900
  if (target.properties) heuristics.set(CUDNN_ATTR_ENGINEHEUR_DEVICEPROP, target.properties);
#endif
  heuristics.finalize("heuristics");
  int64_t count = 0;
  check(cudnnBackendGetAttribute(heuristics.raw(), CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, 0,
                                 &count, nullptr),
        "counting engines");
  std::vector<Descriptor> all;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (int64_t i = 0; i < count; ++i) {
    all.emplace_back(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    raw.push_back(all.back().raw());
  }
  int64_t filled = 0;
  if (count)
    check(cudnnBackendGetAttribute(heuristics.raw(), CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
                                   count, &filled, raw.data()),
          "listing engines");
  all.resize(size_t(std::min(count, filled)));
  return all;
} catch (const Error&) {
  return {};
}

}  // namespace

void for_each_candidate(const ConvCall& call, const Graph& graph, const Target& target, size_t workspace_limit_bytes,
                        const std::function<bool(Candidate&&)>& found) {
  struct Offer {
    Descriptor configuration;
    EngineChoice choice;
    bool tensor_cores;
  };
  std::vector<EngineChoice> seen;
  for (cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
    std::vector<Offer> offers;
    for (Descriptor& c : configurations(graph, target, mode)) {
      Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
      cudnnBackendDescriptor_t raw = engine.raw();
      int64_t count = 0;
      check(cudnnBackendGetAttribute(c.raw(), CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &count,
                                     &raw),
            "reading an engine");
      const Notes notes = notes_of(call, engine);
      if (!notes.allowed) continue;
      EngineChoice choice = choice_of(c, engine);
      if (std::find(seen.begin(), seen.end(), choice) != seen.end()) continue;
      seen.push_back(choice);
      offers.push_back({std::move(c), std::move(choice), notes.tensor_cores});
    }
    std::stable_partition(offers.begin(), offers.end(), [](const Offer& o) { return o.tensor_cores; });
    for (Offer& o : offers) {
      Candidate candidate{std::move(o.choice), {}, 0, o.tensor_cores};
      if (!make_plan(o.configuration, target, workspace_limit_bytes, candidate)) continue;
      if (!found(std::move(candidate))) return;
    }
  }
}

bool make_candidate(const ConvCall& call, const Graph& graph, const Target& target, size_t workspace_limit_bytes,
                    const EngineChoice& choice, Candidate& candidate) try {
  Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  engine.set(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph.operations).set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, choice.engine);
#if CUDNN_VERSION >= 91900
  if (target.properties) engine.set(CUDNN_ATTR_ENGINE_DEVICEPROP, target.properties);
#endif
  engine.finalize("an engine");
  const Notes notes = notes_of(call, engine);
  if (!notes.allowed) return false;
  std::vector<Descriptor> knobs;
  std::vector<cudnnBackendDescriptor_t> raw;
  for (const auto& [type, value] : choice.knobs) {
    const auto knob = cudnnBackendKnobType_t(type);
    Descriptor& k = knobs.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
    k.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, CUDNN_TYPE_KNOB_TYPE, 1, &knob)
        .set(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, value)
        .finalize("a setting");
    raw.push_back(k.raw());
  }
  Descriptor configuration(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
  configuration.set(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
  if (!raw.empty())
    configuration.set(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_TYPE_BACKEND_DESCRIPTOR, int64_t(raw.size()),
                      raw.data());
  configuration.finalize("an engine's configuration");
  candidate = {choice, {}, 0, notes.tensor_cores};
  return make_plan(configuration, target, workspace_limit_bytes, candidate);
} catch (const Error&) {
  return false;
}

}  // namespace segue::cudnn
