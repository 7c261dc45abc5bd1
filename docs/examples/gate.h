// The worked example of docs/add_an_op.md.
#pragma once
#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {

// y = a * sigmoid(b), element by element; a and b of equal shape and dtype.
inline Tensor gate(const Tensor& a, const Tensor& b) {
  require(a.shape() == b.shape() && a.dtype() == b.dtype(), "gate: ", a.dtype(), " ", a.shape(), " and ", b.dtype(), " ", b.shape(), " must be alike");
  Tensor open(b.shape(), b.dtype(), b.device()), y(a.shape(), a.dtype(), a.device());
  launch(a.device(), [t = a.dtype(), n = a.count(), pb = b.data(), po = open.data()](const kernels::Kernels& k, kernels::Stream s) {
    k.elementwise.unary(s, {Unary::sigmoid, 0, 0}, t, n, pb, nullptr, 1, po);
  });
  launch(a.device(), [t = a.dtype(), n = a.count(), pa = a.data(), po = open.data(), py = y.data()](const kernels::Kernels& k, kernels::Stream s) {
    k.elementwise.binary(s, kernels::Binary::mul, t, {1, {n}, {1}, {1}}, pa, po, py);
  });
  // Written in recorded ops, so that it can be differentiated again.
  return record("gate", y, {a, b}, [sa = Saved("gate", a), sb = Saved("gate", b)](Backward& back) {
    const Tensor &g = back.grad(), s = sigmoid(sb());
    if (back.needs(0)) back.results[0] = g * s;
    if (back.needs(1)) back.results[1] = g * sa() * s * (1.0 - s);
  });
}

}  // namespace ganymede
