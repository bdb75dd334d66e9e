// cuDNN's graph API in terms of ConvCall: descriptors that free themselves, graphs, the plans cuDNN offers for them.
#pragma once

#include <cudnn.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "conv_call.h"

namespace segue::cudnn {

/// Throws device with cuDNN's own words unless `status` is success.
void check(cudnnStatus_t status, const char* what);

/// A backend descriptor. Throws device where cuDNN refuses.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(cudnnBackendDescriptorType_t type);
  Descriptor(Descriptor&& o) noexcept : handle_(std::exchange(o.handle_, nullptr)) {}
  Descriptor& operator=(Descriptor&& o) noexcept {
    std::swap(handle_, o.handle_);
    return *this;
  }
  ~Descriptor();

  Descriptor& set(cudnnBackendAttributeName_t name, int64_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values);
  Descriptor& set(cudnnBackendAttributeName_t name, float value);
  Descriptor& set(cudnnBackendAttributeName_t name, bool value);
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnDataType_t value);
  Descriptor& set(cudnnBackendAttributeName_t name, const Descriptor& value);
  Descriptor& set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type, int64_t count,
                  const void* values);
  Descriptor& finalize(const char* what);
  int64_t get_int64(cudnnBackendAttributeName_t name) const;

  explicit operator bool() const { return handle_ != nullptr; }
  cudnnBackendDescriptor_t raw() const { return handle_; }

 private:
  cudnnBackendDescriptor_t handle_ = nullptr;
};

/// Where plans are to run: on the device of a handle, or on one described in words.
struct Target {
  cudnnHandle_t handle = nullptr;
  Descriptor properties;
};

/// The operands of a graph, as variant packs name them.
enum TensorId : int64_t { kX = 1, kW, kY, kBias, kSum };

struct Graph {
  std::vector<Descriptor> parts;  // what `operations` refers to
  Descriptor operations;
};
Graph make_graph(const ConvCall& call, const Target& target);

/// An engine and its settings: all that a plan depends on beside the graph and the library.
struct EngineChoice {
  int64_t engine = -1;
  std::vector<std::pair<int64_t, int64_t>> knobs;  // type, value

  bool operator==(const EngineChoice& o) const { return engine == o.engine && knobs == o.knobs; }
  /// "67:2=5,14=3"
  std::string text() const;
  /// False if `text` is no choice.
  static bool parse(const std::string& text, EngineChoice& choice);
};

struct Candidate {
  EngineChoice choice;
  Descriptor plan;
  int64_t workspace_bytes = 0;
  bool tensor_cores = false;
};

/// Calls `found` with every allowed plan, best guess first, until it returns false. Allowed is what is deterministic,
/// precompiled, computes in f32 throughout and fits the limit. Where tensor cores may be used, plans that use them come
/// first: the heuristics put others before them for some narrow convolutions, with hundreds of megabytes of workspace.
/// What cuDNN calls fallbacks comes last.
void for_each_candidate(const ConvCall& call, const Graph& graph, const Target& target, size_t workspace_limit_bytes,
                        const std::function<bool(Candidate&&)>& found);
/// The plan of one choice. False if cuDNN cannot make it, or if it is not allowed.
bool make_candidate(const ConvCall& call, const Graph& graph, const Target& target, size_t workspace_limit_bytes,
                    const EngineChoice& choice, Candidate& candidate);

}  // namespace segue::cudnn
