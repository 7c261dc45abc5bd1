#include "tests/conformance/check.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/check.h"
#include "engine/context.h"
#include "tests/conformance/operations.h"

namespace ganymede::conformance {
namespace {

struct Bounds {
  double first, second;
};

Bounds bounds_of(Arithmetic a) {
  switch (a) {
    case Arithmetic::f64:
      return {1e-6, 2e-6};  // the files hold float32
    case Arithmetic::tf32:
      return {2e-3, 5e-3};
    case Arithmetic::bf16:
      return {3e-2, 3e-2};
    case Arithmetic::f32:
      break;
  }
  return {1e-4, 5e-4};
}

// One run of one case.
class Check {
 public:
  Check(const Case& c, const Operation& op, const Setting& setting)
      : case_(c),
        op_(op),
        device_(setting.device),
        dtype_(setting.arithmetic == Arithmetic::f64 ? DType::f64 : DType::f32),
        bounds_(bounds_of(op.multiplies || setting.arithmetic == Arithmetic::f64 ? setting.arithmetic
                                                                                 : Arithmetic::f32)) {
    Context& now = context();
    now.device = device_;
    now.dtype = dtype_;
    now.precision = Precision::f32;
    if (op.multiplies && setting.arithmetic == Arithmetic::tf32) now.precision = Precision::tf32;
    if (op.multiplies && setting.arithmetic == Arithmetic::bf16) now.precision = Precision::bf16;
  }

  std::vector<Measured> run() {
    place_inputs();
    const Tensors out = op_.run({inputs_, case_.attributes});
    if (const auto unread = case_.attributes.unread(); !unread.empty())
      throw Unsupported("attribute " + unread[0]);
    for (size_t k = 0; k < out.size(); ++k) compare_output(k, out[k]);
    require(!case_.find(numbered("out", out.size())), "the reference has more outputs than the ", out.size(),
            " of the engine");
    if (case_.find("cot.0") && !leaves_.empty()) differentiate(out);
    require_all_compared();
    return std::move(measured_);
  }

 private:
  static std::string numbered(const char* kind, size_t i) { return text(kind, ".", i); }

  bool converted(size_t input) const { return op_.images && !op_.verbatim.count(input); }

  Tensor on_device(const Array& a, bool convert) const {
    if (a.integer) return tensor(a.integers, Shape(a.shape), device_);
    const Array b = convert ? channels_last(a) : a;
    return tensor(b.values, Shape(b.shape), dtype_, device_);
  }

  void place_inputs() {
    if (case_.inputs.size() > op_.most_inputs) {
      throw Unsupported(text(case_.inputs.size(), " inputs (the engine's form takes ", op_.most_inputs, ")"));
    }
    inputs_.resize(case_.inputs.size());
    for (size_t i = 0; i < inputs_.size(); ++i) {
      if (!case_.inputs[i]) continue;
      inputs_[i] = on_device(*case_.inputs[i], converted(i));
      const bool constant = case_.inputs[i]->integer || op_.constants.count(i) || !op_.differentiable;
      if (constant || (op_.targets.count(i) && !case_.find(numbered("grad", i)))) continue;
      inputs_[i] = watch(inputs_[i]);
      leaves_.push_back(i);
    }
  }

  void differentiate(const Tensors& out) {
    Tensors targets, cotangents, cast_cotangents;
    for (const size_t i : leaves_) targets.push_back(inputs_[i]);
    double scale = 0;
    for (size_t k = 0; k < out.size(); ++k) {
      const Array* cot = case_.find(numbered("cot", k));
      require(cot, "the file lacks ", numbered("cot", k));
      scale = std::max(scale, cot->norm());
      cotangents.push_back(watch(on_device(*cot, op_.images && !op_.verbatim_output)));
      cast_cotangents.push_back(cast(cotangents[k], out[k].dtype()));
    }
    const Tensors first = grad(out, targets, cast_cotangents);
    for (size_t j = 0; j < leaves_.size(); ++j) {
      compare(numbered("grad", leaves_[j]), first[j], inputs_[leaves_[j]], converted(leaves_[j]), scale,
              bounds_.first);
    }
    differentiate_twice(first, targets, cotangents);
  }

  void differentiate_twice(const Tensors& first, Tensors targets, const Tensors& cotangents) {
    Tensors from, with;
    double scale = 0;
    for (size_t j = 0; j < leaves_.size(); ++j) {
      const Array* cot2 = case_.find(numbered("cot2", leaves_[j]));
      if (!cot2) continue;
      scale = std::max(scale, cot2->norm());
      if (!first[j]) continue;  // zero: adds nothing
      from.push_back(first[j]);
      with.push_back(cast(on_device(*cot2, converted(leaves_[j])), first[j].dtype()));
    }
    if (scale == 0) return;
    for (const Tensor& c : cotangents) targets.push_back(c);
    const Tensors second = from.empty() ? Tensors(targets.size()) : grad(from, targets, with);
    for (size_t j = 0; j < targets.size(); ++j) {
      const bool input = j < leaves_.size();
      const size_t number = input ? leaves_[j] : j - leaves_.size();
      compare(numbered(input ? "grad2" : "grad2.cot", number), second[j], targets[j],
              input ? converted(number) : op_.images && !op_.verbatim_output, scale, bounds_.second);
    }
  }

  void compare_output(size_t k, const Tensor& y) {
    const std::string name = numbered("out", k);
    require(case_.find(name), "the reference lacks ", name, ", the engine has ", y.shape());
    compare(name, y, y, op_.images && !op_.verbatim_output, 0, bounds_.first);
  }

  // got undefined: zero, of like's shape. A tensor that the reference left out is zero; how small is judged
  // by scale, the norm of the cotangents.
  void compare(const std::string& name, const Tensor& got, const Tensor& like, bool converted, double scale,
               double bound) {
    const Array* expected = case_.find(name);
    const Shape& shape = got ? got.shape() : like.shape();
    Array mine{{shape.begin(), shape.end()},
               false,
               got ? got.to_doubles() : std::vector<double>(size_t(shape.count())),
               {}};
    if (converted) mine = channels_first(mine);
    if (expected) {
      require(mine.shape == expected->shape, name, " has shape ", Shape(mine.shape), ", the reference ",
              Shape(expected->shape));
      scale = expected->norm();
      for (size_t i = 0; i < mine.values.size(); ++i) mine.values[i] -= expected->values[i];
    }
    measured_.push_back({name, mine.norm() / std::max(scale, 1e-6), bound});
  }

  // What the reference differentiates and the engine takes as constant must not go unseen.
  void require_all_compared() const {
    for (const auto& [name, array] : case_.others) {
      const bool compared = std::any_of(measured_.begin(), measured_.end(),
                                        [&](const Measured& m) { return m.tensor == name; });
      require(compared || name.rfind("cot", 0) == 0, "the reference has ", name, ", the engine does not");
    }
  }

  const Case& case_;
  const Operation& op_;
  Device device_;
  DType dtype_;
  Bounds bounds_;
  ContextScope scope_;
  Tensors inputs_;
  std::vector<size_t> leaves_;  // inputs that gradients are asked for
  std::vector<Measured> measured_;
};

}  // namespace

std::vector<Measured> check(const Case& c, const Setting& setting) {
  const auto op = operations().find(c.op);
  if (op == operations().end()) throw Unsupported("operation " + c.op);
  return Check(c, op->second, setting).run();
}

}  // namespace ganymede::conformance
