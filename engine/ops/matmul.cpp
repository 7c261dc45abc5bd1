#include "engine/ops/matmul.h"

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/weights.h"

namespace ganymede {

using kernels::Gemm;
using kernels::Kernels;
using kernels::Stream;

namespace {

// [B or 1, rows, columns] operands.
Tensor batched(const Tensor& a, const Tensor& b, bool ta, bool tb, DType out) {
  const Arithmetic arithmetic_ = arithmetic(a.dtype() == DType::bf16 ? b.dtype() : a.dtype());
  const DType t = a.dtype() == DType::bf16 && b.dtype() == DType::bf16 ? DType::bf16 : arithmetic_.dtype;
  const Tensor x = weight_operand(a, t).value(), y = weight_operand(b, t).value();  // of parameters, the copy that is there
  Gemm g{};
  g.batch = int(std::max(a.dim(0), b.dim(0)));
  g.m = int(ta ? a.dim(2) : a.dim(1)), g.k = int(ta ? a.dim(1) : a.dim(2)), g.n = int(tb ? b.dim(1) : b.dim(2));
  g.transpose_a = ta, g.transpose_b = tb;
  g.stride_a = a.dim(0) == 1 ? 0 : a.dim(1) * a.dim(2);
  g.stride_b = b.dim(0) == 1 ? 0 : b.dim(1) * b.dim(2);
  g.dtype = t, g.out = t == DType::bf16 ? out : t, g.math = arithmetic_.math;
  Tensor c({g.batch, g.m, g.n}, g.out, a.device());
  launch(a.device(), [g, pa = x.data(), pb = y.data(), pc = c.data()](const Kernels& k, Stream s) { k.gemm.multiply(s, g, pa, pb, pc, {}); });
  return record("matmul", cast(c, out).constant(), {a, b}, [ta, tb, sa = Saved("matmul", a), sb = Saved("matmul", b), shape_a = a.shape(), shape_b = b.shape()](Backward& back) {
    const Tensor& g = back.grad();
    // c = op(a) op(b): op(a)' = g op(b)^T, op(b)' = op(a)^T g; a transposed operand takes the transpose of its own.
    if (back.needs(0)) {
      const Tensor d = ta ? batched(sb(), g, tb, true, sa().dtype()) : batched(g, sb(), false, !tb, sa().dtype());
      back.results[0] = sum_to(d, shape_a);
    }
    if (back.needs(1)) {
      const Tensor d = tb ? batched(g, sa(), true, ta, sb().dtype()) : batched(sa(), g, !ta, false, sb().dtype());
      back.results[1] = sum_to(d, shape_b);
    }
  });
}

DType activation_type(const Tensor& x) { return arithmetic(x.dtype()).dtype; }

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, bool ta, bool tb) {
  require(a.rank() >= 2 && b.rank() >= 2, "matmul: shapes ", a.shape(), " and ", b.shape(), " must have two axes or more");
  const int64_t ka = ta ? a.dim(-2) : a.dim(-1), kb = tb ? b.dim(-1) : b.dim(-2);
  require(ka == kb, "matmul: shapes ", a.shape(), ta ? " transposed" : "", " and ", b.shape(), tb ? " transposed" : "", ": inner extents ", ka, " and ", kb, " differ");
  Shape lead_a, lead_b;
  for (int i = 0; i < a.rank() - 2; ++i) lead_a.push_back(a.shape()[i]);
  for (int i = 0; i < b.rank() - 2; ++i) lead_b.push_back(b.shape()[i]);
  const Shape lead = broadcast("matmul", lead_a, lead_b);
  const auto flat = [&](const Tensor& t, const Shape& own) {
    if (own.count() == 1) return reshape(t, Shape{1, t.dim(-2), t.dim(-1)});
    std::vector<int64_t> dims(lead.begin(), lead.end());
    dims.push_back(t.dim(-2)), dims.push_back(t.dim(-1));
    return reshape(broadcast_to(t, Shape(dims)), Shape{lead.count(), t.dim(-2), t.dim(-1)});
  };
  const Tensor c = batched(flat(a, lead_a), flat(b, lead_b), ta, tb, activation_type(a));
  std::vector<int64_t> dims(lead.begin(), lead.end());
  dims.push_back(c.dim(1)), dims.push_back(c.dim(2));
  return reshape(c, Shape(dims));
}

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias, const Activation& f) {
  require(x.rank() >= 2 && w.rank() == 2 && x.dim(-1) == w.dim(1), "linear: x ", x.shape(), " and w ", w.shape(), ": the last axis of x must be ", w.rank() == 2 ? w.dim(1) : 0);
  require(!bias.defined() || (bias.rank() == 1 && bias.dim(0) == w.dim(0)), "linear: bias of shape ", bias.defined() ? bias.shape() : Shape{}, ", expected [", w.dim(0), "]");
  if (!fusable(f.op)) return activate(linear(x, w, bias), f);
  const Arithmetic a = arithmetic(x.dtype());
  const Tensor in = cast(x, a.dtype);
  const int64_t rows = x.count() / std::max<int64_t>(x.dim(-1), 1);
  std::vector<int64_t> dims(x.shape().begin(), x.shape().end());
  dims.back() = w.dim(0);
  Tensor y(Shape(dims), a.dtype, x.device());
  const WeightOperand weight = weight_operand(w, a.dtype);
  Gemm g{};
  g.batch = 1, g.m = int(rows), g.n = int(w.dim(0)), g.k = int(w.dim(1)), g.transpose_b = true;
  g.dtype = g.out = a.dtype, g.math = a.math;
  launch(x.device(), [g, px = in.data(), pw = weight.operand().data, hold = weight.held(), py = y.data(), e = kernels::Epilogue{bias.defined() ? bias.data() : nullptr, f.op, f.alpha}](
      const Kernels& k, Stream s) { k.gemm.multiply(s, g, px, pw, py, e); });
  const bool keep = !f.none();
  return record("linear", y, {in, w, bias}, [f, keep, rows, sx = Saved("linear", in), sw = Saved("linear", w), bias_shape = bias.defined() ? bias.shape() : Shape{},
                                            bias_type = bias.defined() ? bias.dtype() : DType::f32](Backward& b) {
    const auto [g, to_bias] = bias_activation_gradient(f, keep ? b.output() : Tensor{}, b.grad(), b.needs(2), bias_shape, bias_type);
    const Tensor flat_g = reshape(g, Shape{1, rows, g.dim(-1)}), flat_x = reshape(sx(), Shape{1, rows, sx().dim(-1)}), flat_w = reshape(sw(), Shape{1, sw().dim(0), sw().dim(1)});
    if (b.needs(0)) b.results[0] = reshape(batched(flat_g, flat_w, false, false, sx().dtype()), sx().shape());
    if (b.needs(1)) b.results[1] = reshape(batched(flat_g, flat_x, true, false, sw().dtype()), sw().shape());
    b.results[2] = to_bias;
  }, keep);
}

}  // namespace ganymede
