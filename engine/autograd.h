// Automatic differentiation of any order. An op records a node whose backward is written in recorded ops, so a gradient
// can be differentiated like anything else. Gradients are asked for by name, never accumulated in fields.
#pragma once
#include <functional>
#include <initializer_list>
#include <memory>
#include <vector>

#include "engine/tensor.h"

namespace ganymede {

class Backward;
using BackwardFunction = std::function<void(Backward&)>;

// Where a tensor came from: an op with its backward, or a leaf (no backward) that counts while it is watched.
struct Node {
  const char* name = "leaf";
  struct Edge { std::shared_ptr<Node> node; int output = 0; };
  std::vector<Edge> inputs;          // null where an input is constant
  struct Output { Shape shape; DType dtype; Device device; Tensor kept; };  // kept: defined if backward needs the value
  std::vector<Output> outputs;
  BackwardFunction backward;
  int watched = 0;
  ~Node();
};

// A tensor saved for backward. Using it after something wrote into its storage is an error that names the op.
class Saved {
 public:
  Saved(const char* op, Tensor value) : op_(op), value_(std::move(value)), version_(value_.defined() ? value_.storage()->version : 0) {}
  const Tensor& operator()() const;
 private:
  const char* op_;
  Tensor value_;
  uint64_t version_;
};

// What a backward function sees: cotangents of the outputs in, gradients of the inputs out. A gradient that is not set
// is zero.
class Backward {
 public:
  Backward(const std::shared_ptr<Node>& node, Tensors cotangents, std::vector<bool> needs)
      : results(node->inputs.size()), node_(node), cotangents_(std::move(cotangents)), needs_(std::move(needs)) {}
  const Tensor& grad(int output = 0) const { return cotangents_[output]; }  // undefined: zero (ops with several outputs)
  bool needs(int input) const { return needs_[input]; }
  Tensor output(int k = 0) const;                                           // a kept output, with its past
  Tensors results;
  // What is to be added to some of the results: parts that nobody has added up yet.
  struct Part { int input; Tensor value; };
  std::vector<Part> more;
 private:
  std::shared_ptr<Node> node_;
  Tensors cotangents_;
  std::vector<bool> needs_;
};

// True if something that is asked for may depend on it: it was recorded, or is a leaf that is watched now.
bool live(const Tensor& t);

// Attaches y to the computation if an input is live and recording is on. keep_output: backward calls output().
Tensor record(const char* name, const Tensor& y, const Tensors& inputs, BackwardFunction backward, bool keep_output = false);
Tensors record(const char* name, const Tensors& ys, const Tensors& inputs, BackwardFunction backward);

// A leaf handle to the same memory: what grad() can be asked for. Not watched yet.
Tensor leaf(const Tensor& t);
// A leaf that is watched as long as it lives; its past is cut.
Tensor watch(const Tensor& t);

// Watches leaves for a scope.
class Watch {
 public:
  explicit Watch(Tensors leaves);
  ~Watch();
  Watch(const Watch&) = delete;
 private:
  Tensors leaves_;
};

enum class Record { off, on };

// d <y, cotangent> / d target for each target, a leaf or any recorded tensor; cotangent undefined: ones (y then has one
// element, or is summed). Undefined where y does not depend on the target. Walks only paths that reach a target.
// Record::on: the gradients can be differentiated again.
Tensors grad(const Tensors& ys, const Tensors& targets, const Tensors& cotangents = {}, Record record = Record::on);
Tensor grad(const Tensor& y, const Tensor& target, Record record = Record::on);

// The same for a last differentiation, with what several paths contribute to a target kept apart while it is small: parts that
// add up, in this order, to its gradient; none where y does not depend on it. Who reads gradients once adds while reading.
std::vector<Tensors> gradient_parts(const Tensors& ys, const Tensors& targets);

// The derivative of a fused op's derivative, for ops whose second and higher derivatives are not worth a kernel:
// given f composed of ordinary ops, returns for inputs x, cotangent g of f(x) and cotangents h of its gradients dx = J(x)^T g
// the gradients of <dx, h> with respect to x and g (in that order), where needs says so. Entries of x, h and results may
// be undefined (absent, zero).
Tensors differentiate_gradient(const std::function<Tensor(const Tensors&)>& f, const Tensors& x, const Tensor& g,
                               const Tensors& h, const std::vector<bool>& needs);

}  // namespace ganymede
