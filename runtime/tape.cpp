#include "tape.h"

#include "context.h"

namespace segue {

std::string Tape::describe() const {
  std::string text;
  for (const Node& n : nodes_) {
    text += n.name();
    for (size_t i = 0; i < n.inputs(); ++i) text += n.wants(i) ? " +" : " -";
    text += '\n';
  }
  return text;
}

/// What a checkpoint keeps: its inputs, its function, and the random call it started with.
struct CheckpointRun {
  std::vector<Tensor> x;
  std::function<Tensor(Context&, std::vector<Tensor>&)> f;
  uint32_t first_call;

  void backward(Context& c, Node& n, const std::vector<std::shared_ptr<GradCell>>& cells) {
    struct Restore {
      Context& c;
      Tape tape;
      bool recording, replaying;
      uint32_t call;
      ~Restore() {
        c.tape_ = std::move(tape);
        c.recording_ = recording;
        c.replaying_ = replaying;
        c.random_call_ = call;
      }
    } restore{c, std::move(c.tape_), c.recording_, c.replaying_, c.random_call_};
    c.tape_ = Tape();
    c.random_call_ = first_call;
    c.recording_ = c.replaying_ = true;
    // The inputs take the outer gradient cells, so that contributions add up in the order of the plain call.
    for (size_t i = 0; i < x.size(); ++i) x[i].set_cell(cells[i]);
    Tensor y = f(c, x);
    x.clear();
    c.backward(y, n.take_dy());
  }
};

Tensor checkpoint(Context& c, const std::vector<Tensor>& x, std::function<Tensor(Context&, std::vector<Tensor>&)> f) {
  if (!c.recording_) {
    std::vector<Tensor> copy = x;
    return f(c, copy);
  }
  static const Op op{"checkpoint", [](Context& c, Node& n) {
                       auto run = std::static_pointer_cast<CheckpointRun>(std::move(n.extra_));
                       run->backward(c, n, n.inputs_);
                     }};
  auto run = std::make_shared<CheckpointRun>();
  run->f = std::move(f);
  run->first_call = c.random_call_;
  for (const Tensor& t : x) run->x.push_back(t.detach());
  std::vector<Tensor> plain = run->x;
  Tensor y;
  {
    Context::NoGrad no_grad(c);
    y = run->f(c, plain);
  }
  y = y.detach();
  // Recorded even if no input wants a gradient: parameters inside may.
  c.new_node(op, x.data(), x.size(), y, {}, true)->extra_ = std::move(run);
  return y;
}

}  // namespace segue
