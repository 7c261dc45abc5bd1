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

// A tensor saved for backward. Using it after something wrote into its storage is an error that names the op.
class Saved {
 public:
  Saved(const char* op, Tensor value) : op_(op), value_(std::move(value)), version_(value_.defined() ? value_.storage()->version : 0) {}
  const Tensor& operator()() const;
  bool defined() const { return value_.defined(); }
 private:
  const char* op_;
  Tensor value_;
  uint64_t version_;
};

// The derivative of relu (below = 0) or leaky_relu (its slope), read off the function's value: 1 where `of` is positive, else `below`.
struct Mask {
  Saved of{"mask", {}};
  double below = 0;
  explicit operator bool() const { return of.defined(); }
};

// Where a tensor came from: an op with its backward, or a leaf (no backward) that counts while it is watched.
struct Node {
  const char* name = "leaf";
  struct Edge { std::shared_ptr<Node> node; int output = 0; };
  std::vector<Edge> inputs;          // null where an input is constant
  struct Output { Shape shape; DType dtype; Device device; Tensor kept; };  // kept: defined if backward needs the value
  std::vector<Output> outputs;       // with a mask two: y, and behind it u, which no tensor holds
  Mask mask;                         // dy / du
  BackwardFunction backward;
  int watched = 0;
  ~Node();
};

// What a backward function sees: cotangents of the outputs in, gradients of the inputs out. A gradient that is not set
// is zero.
class Backward {
 public:
  // masks: of inputs that are asked for nothing but their u.
  Backward(const std::shared_ptr<Node>& node, Tensors cotangents, std::vector<bool> needs, std::vector<Mask> masks)
      : results(node->inputs.size()), masked(node->inputs.size()), node_(node), cotangents_(std::move(cotangents)), needs_(std::move(needs)), masks_(std::move(masks)) {}
  const Tensor& grad(int output = 0) const { return cotangents_[output]; }  // undefined: zero (ops with several outputs)
  bool needs(int input) const { return needs_[input]; }
  Tensor output(int k = 0) const;                                           // a kept output, with its past
  // Of a node with a mask: what its readers have given u; what they have given y, grad(), is not in it. Either may be undefined.
  Tensor behind_mask() const { return node_->mask ? cotangents_[1] : Tensor{}; }
  // Of an input that its op recorded with one: results[input] may be u's gradient, that of the input times the mask, if masked[input] says so.
  const Mask& mask(int input) const { return masks_[input]; }
  Tensors results;
  std::vector<bool> masked;
  // What is to be added to some of the results: parts that nobody has added up yet.
  struct Part { int input; Tensor value; bool masked = false; };
  std::vector<Part> more;
 private:
  std::shared_ptr<Node> node_;
  Tensors cotangents_;
  std::vector<bool> needs_;
  std::vector<Mask> masks_;
};

// True if something that is asked for may depend on it: it was recorded, or is a leaf that is watched now.
bool live(const Tensor& t);

// Attaches y to the computation if an input is live and recording is on. keep_output: backward calls output(). mask: y is a function of
// some u by this derivative, and backward takes behind_mask().
Tensor record(const char* name, const Tensor& y, const Tensors& inputs, BackwardFunction backward, bool keep_output = false, const Mask& mask = {});
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
