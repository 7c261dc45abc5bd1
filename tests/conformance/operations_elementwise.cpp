#include "engine/check.h"
#include "tests/conformance/operations.h"

namespace ganymede::conformance {
namespace {

Operation unary_of(Tensor (*f)(const Tensor&)) {
  return {.run = [f](const Call& c) { return Tensors{f(c.in(0))}; }};
}

Operation with_number(Tensor (*f)(const Tensor&, double), const char* attribute, double otherwise) {
  return {
      .run = [=](const Call& c) { return Tensors{f(c.in(0), c.attributes.number(attribute, otherwise))}; }};
}

Operation binary_of(Tensor (*f)(const Tensor&, const Tensor&)) {
  return {.run = [f](const Call& c) { return Tensors{f(c.in(0), c.in(1))}; }, .most_inputs = 2};
}

using Reduction = Tensor (*)(const Tensor&, const Axes&, bool);

Axes axes_of(const Call& c) {
  Axes axes;
  if (c.attributes.has("dims"))
    for (const int64_t axis : c.attributes.list("dims")) axes.push_back(static_cast<int>(axis));
  return axes;
}

Operation reduction_of(Reduction f) {
  return {.run = [f](const Call& c) {
    return Tensors{f(c.in(0), axes_of(c), c.attributes.flag("keepdim", false))};
  }};
}

int axis_of(const Call& c) {
  require(c.attributes.has("dim"), "the attribute dim is missing");
  return static_cast<int>(c.attributes.integer("dim", 0));
}

}  // namespace

void add_elementwise(Operations& t) {
  t["relu"] = unary_of(relu);
  t["selu"] = unary_of(selu);
  t["gelu"] = unary_of(gelu);
  t["silu"] = unary_of(silu);
  t["sigmoid"] = unary_of(sigmoid);
  t["tanh"] = unary_of(tanh);
  t["abs"] = unary_of(abs);
  t["exp"] = unary_of(exp);
  t["log"] = unary_of(log);
  t["sqrt"] = unary_of(sqrt);
  t["square"] = unary_of(square);
  t["leaky_relu"] = with_number(leaky_relu, "slope", 0.01);
  t["elu"] = with_number(elu, "alpha", 1);
  t["softplus"] = with_number(softplus, "beta", 1);
  t["prelu"] = {.run = [](const Call& c) { return Tensors{prelu(c.in(0), c.in(1))}; },
                .most_inputs = 2,
                .images = true};
  t["add"] = binary_of(add);
  t["sub"] = binary_of(sub);
  t["mul"] = binary_of(mul);
  t["div"] = binary_of(div);
  t["maximum"] = binary_of(maximum);
  t["minimum"] = binary_of(minimum);
  t["pow"] = binary_of(pow);
}

void add_reductions(Operations& t) {
  t["sum"] = reduction_of(sum);
  t["mean"] = reduction_of(mean);
  t["max"] = reduction_of(max);
  t["logsumexp"] = reduction_of(logsumexp);
  t["norm"] = reduction_of([](const Tensor& x, const Axes& axes, bool keep) { return norm(x, axes, keep); });
  t["softmax"] = {.run = [](const Call& c) { return Tensors{softmax(c.in(0), axis_of(c))}; }};
  t["log_softmax"] = {.run = [](const Call& c) { return Tensors{log_softmax(c.in(0), axis_of(c))}; }};
}

}  // namespace ganymede::conformance
