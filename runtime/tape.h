// Autograd: a flat tape of plain nodes, run eagerly, walked backwards, freed on the way.
#pragma once

#include <cstring>
#include <functional>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <vector>

#include "tensor.h"

namespace segue {

class Context;
class Node;

/// An op as the tape knows it: its name and its gradient.
struct Op {
  const char* name;
  void (*backward)(Context& c, Node& n);
};

/// One recorded call: what its gradient needs, and where gradients go.
class Node {
 public:
  static constexpr size_t kMaxAttributeBytes = 96;

  const char* name() const { return op_->name; }
  /// The gradient of the result. It belongs to this node: the op may overwrite it or hand it on, to one input only. If the
  /// result was written into a slice it may be one as well, which the op may only read: c.run() takes it as a view.
  const Tensor& dy() const { return output_->grad; }
  /// Takes dy out of the node, so that its memory can become the gradient of an input.
  Tensor take_dy() { return std::move(output_->grad); }
  /// The i-th saved tensor, in the order of record().
  const Tensor& saved(size_t i) const { return saved_[i]; }
  /// Frees a saved tensor before the op returns: lowers the peak.
  void drop(size_t i) { saved_[i] = Tensor(); }
  size_t inputs() const { return inputs_.size(); }
  /// True if somebody wants the gradient of input i.
  bool wants(size_t i) const { return bool(inputs_[i]); }
  /// The attributes given to record(), as the same type.
  template <class T>
  const T& as() const {
    return *reinterpret_cast<const T*>(attributes_);
  }

 private:
  friend class Context;
  friend class Tape;
  friend Tensor checkpoint(Context&, const std::vector<Tensor>&, std::function<Tensor(Context&, std::vector<Tensor>&)>);
  const Op* op_ = nullptr;
  std::vector<std::shared_ptr<GradCell>> inputs_;
  std::shared_ptr<GradCell> output_;
  std::vector<Tensor> saved_;
  std::shared_ptr<void> extra_;  // what checkpoint() runs again
  alignas(16) std::byte attributes_[kMaxAttributeBytes] = {};
};

class Tape {
 public:
  size_t size() const { return nodes_.size(); }
  const Node& operator[](size_t i) const { return nodes_[i]; }
  void clear() { nodes_.clear(); }
  /// One line a node: its op and which inputs want gradients. For tests and debugging.
  std::string describe() const;

 private:
  friend class Context;
  friend Tensor checkpoint(Context&, const std::vector<Tensor>&, std::function<Tensor(Context&, std::vector<Tensor>&)>);
  std::vector<Node> nodes_;
};

/// Runs f on x without keeping what lies between x and the result; backward runs f again. Random calls repeat their
/// values and running statistics move once (Context::replaying() is true the second time). f may use any parameters;
/// the gradients are those of the plain call, bit for bit.
/// Source: Chen et al. 2016, "Training deep nets with sublinear memory cost", arXiv:1604.06174.
Tensor checkpoint(Context& c, const std::vector<Tensor>& x, std::function<Tensor(Context&, std::vector<Tensor>&)> f);

}  // namespace segue
