// Modules: a tree of named layers. The parameters of a network lie in one slab, their gradients in a second, its
// running statistics in a third: one launch updates them all. Names are PyTorch's, so that weight files need no table.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "checkpoint_file.h"
#include "context.h"
#include "init.h"

namespace segue {

class Module;
class Network;

/// One trainable tensor of a network.
class Parameter {
 public:
  /// Full name in the network: "backbone.layer1.0.conv1.weight".
  const std::string& name() const { return name_; }
  /// Shape in memory: filters (K,R,S,C), of transposed convolutions (C,R,S,K).
  const Shape& shape() const { return shape_; }
  int64_t count() const { return shape_.count(); }
  /// First element in the slabs.
  int64_t begin() const { return begin_; }

  /// For ops: gradients flow into the gradient slab, unless the parameter is frozen or its network not trainable. A filter
  /// on a device that computes in 16 bits comes rounded, from the twin of the slab.
  Tensor tensor() const;
  /// The values, f32, outside autograd.
  const Tensor& value() const { return value_; }
  /// The gradient's place in the slab, of any content until `has_grad`.
  Tensor grad() const { return cell_ ? cell_->grad : Tensor(); }
  /// True if a gradient has arrived since the last Network::clear_grads.
  bool has_grad() const { return cell_ && cell_->filled; }
  bool frozen() const { return freezes_ > 0; }

 private:
  friend class Module;
  friend class Network;
  friend class Frozen;
  std::string name_;
  Shape shape_, saved_shape_;
  Init init_;
  const Module* owner_ = nullptr;
  Network* network_ = nullptr;
  int64_t begin_ = 0;
  int freezes_ = 0;
  Tensor value_, rounded_;
  std::shared_ptr<GradCell> cell_;
  bool zeroed_ = true;
};

/// A tensor that is saved but not trained: a running statistic.
class Buffer {
 public:
  const std::string& name() const { return name_; }
  const Tensor& value() const { return value_; }

 private:
  friend class Module;
  friend class Network;
  std::string name_;
  Shape shape_;
  float initial_ = 0;
  int64_t begin_ = 0;
  Tensor value_;
};

/// A node of the tree. Children are members of their parents; construction declares everything into the network.
class Module {
 public:
  /// A child of `parent`. `name` may be empty (the child then shares its parent's path) or hold dots, where PyTorch has
  /// containers between the two.
  Module(Module& parent, const std::string& name);
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// "backbone.layer1.0"; empty at the root.
  const std::string& path() const { return path_; }
  /// True (the default): batch norm takes batch statistics, dropout drops.
  bool training() const { return training_; }
  /// Sets the mode of this module and all below it.
  void set_training(bool training);
  /// Share of a new value in running statistics of this module and all below it; 0 (the default): each layer's own.
  void set_norm_momentum(float momentum);
  /// The parameters of this module and all below it, in order of declaration.
  std::vector<Parameter*> parameters();
  /// Stops (or takes up again) gradients and updates of this module and all below it. Counts: two freezes need two
  /// thaws. A frozen parameter is never touched.
  void freeze();
  void thaw();

 protected:
  Module() = default;
  float norm_momentum() const { return norm_momentum_; }
  /// `saved_shape` is the shape in weight files of what is not a filter; filters are permuted (see named_tensors).
  Parameter& declare_parameter(const std::string& name, const Shape& shape, const Init& init);
  Parameter& declare_parameter(const std::string& name, const Shape& shape, const Init& init, const Shape& saved_shape);
  Buffer& declare_buffer(const std::string& name, const Shape& shape, float initial);
  /// A number kept on the host and saved as I64.
  int64_t& declare_counter(const std::string& name);

 private:
  friend class Network;
  bool is_above(const Module* m) const;
  std::string path_of(const std::string& name) const { return path_.empty() ? name : path_ + "." + name; }

  Network* network_ = nullptr;
  const Module* parent_ = nullptr;
  std::vector<Module*> children_;
  std::string path_;
  bool training_ = true;
  float norm_momentum_ = 0;
};

/// While one lives, a module is frozen.
class Frozen {
 public:
  explicit Frozen(Module& m) : m_(m) { m_.freeze(); }
  ~Frozen() { m_.thaw(); }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;

 private:
  Module& m_;
};

/// The root of a tree and the owner of its memory. Lives shorter than its context.
class Network : public Module {
 public:
  Network() { network_ = this; }

  /// Makes the slabs in the persistent arena and gives every parameter its initial value, from the seed of the context.
  /// Not `trainable`: no gradients are kept (a teacher, a model for inference). Once.
  void allocate(Context& c, bool trainable = true);
  /// The same, not trainable and with all values zero: for what is read from a file at once. Drawing the initial values of a
  /// large model takes longer than reading it.
  void allocate_empty(Context& c);
  bool allocated() const { return bool(values_); }

  // The slabs (count) f32. Parameters begin at multiples of 16 elements; what lies between is zero and stays zero.
  const Tensor& values() const { return values_; }
  const Tensor& grads() const { return grads_; }
  const Tensor& buffers() const { return buffer_values_; }
  /// The values rounded to what images are made of, parallel to values(): filters are read from here. Empty where that is
  /// f32. Who writes values() writes this in the same pass, or calls values_changed().
  const Tensor& rounded() const { return rounded_; }
  void values_changed() { rounded_stale_ = true; }

  /// Everything that a weight file holds, in PyTorch's order: parameters, running statistics, counters. The views are
  /// the network's own memory (counters: host memory), for reading and for writing.
  std::vector<NamedTensor> named_tensors();
  /// A list like named_tensors() over a slab that lies parallel to values(): momentum, gradients.
  std::vector<NamedTensor> named_parts(const std::string& prefix, const Tensor& slab);

  /// Forgets all gradients: the next contribution to a parameter overwrites what is there.
  void clear_grads();
  /// Zeroes the gradients of parameters that received none since clear_grads, so that grads() can be taken as a whole.
  void zero_missing_grads(Context& c);
  /// Takes over the values and running statistics of a network of equal structure. Throws invalid_argument otherwise.
  void copy_from(Context& c, Network& other);
  /// Throws invalid_argument unless `other` has the same names and shapes.
  void require_same_structure(const Network& other, const char* where) const;
  void copy_counters(const Network& other);
  /// Number of trained values.
  int64_t parameter_count() const;

 private:
  friend class Module;
  friend class Parameter;
  void make_slabs(Context& c, bool trainable);
  void refresh_rounded();

  struct Counter {
    std::string name;
    int64_t value = 0;
  };
  enum class Kind { parameter, buffer, counter };
  struct Entry {
    Kind kind;
    size_t index;
  };

  // Deques: modules keep references.
  std::deque<Parameter> parameters_;
  std::deque<Buffer> buffers_;
  std::deque<Counter> counters_;
  std::vector<Entry> order_;
  Context* context_ = nullptr;
  Tensor values_, grads_, buffer_values_, rounded_;
  bool rounded_stale_ = true;
};

}  // namespace segue
