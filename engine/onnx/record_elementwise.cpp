// Element-wise functions, broadcasting, casts and copies.
#include <algorithm>
#include <cmath>

#include "engine/onnx/words.h"

namespace ganymede::onnx_graph {

using kernels::Binary;
using kernels::DType;
using kernels::ElementwiseKernels;
using kernels::Stream;
using kernels::Unary;

void require_f32(DType dtype) { require(dtype == DType::f32, "onnx: only f32 is written; sample this run in f32"); }

Value pair_of(const std::string& op, Value a, Value b) {
  Graph& g = recorder().graph;
  return g.node(op, {a, b}, {}, broadcast("onnx", g.shape(a), g.shape(b)));
}

Value function_of(Value v, Unary f, double alpha, double beta) {
  Graph& g = recorder().graph;
  const Shape shape = g.shape(v);
  const auto plain = [&](const char* op, const Attributes& attributes = {}) { return g.node(op, {v}, attributes, shape); };
  const auto with = [&](const char* op, double x) { return pair_of(op, v, g.number(x)); };
  switch (f) {
    case Unary::identity: return v;
    case Unary::neg: return plain("Neg");
    case Unary::abs: return plain("Abs");
    case Unary::sign: return plain("Sign");
    case Unary::exp: return plain("Exp");
    case Unary::log: return plain("Log");
    case Unary::sqrt: return plain("Sqrt");
    case Unary::rsqrt: return g.node("Reciprocal", {plain("Sqrt")}, {}, shape);
    case Unary::square: return pair_of("Mul", v, v);
    case Unary::reciprocal: return plain("Reciprocal");
    case Unary::sin: return plain("Sin");
    case Unary::cos: return plain("Cos");
    case Unary::relu: return plain("Relu");
    case Unary::leaky_relu: return plain("LeakyRelu", {{"alpha", alpha}});
    case Unary::elu: return plain("Elu", {{"alpha", alpha}});
    case Unary::selu: return plain("Selu");
    case Unary::gelu: {
      const Value erf = g.node("Erf", {with("Mul", std::sqrt(0.5))}, {}, shape);
      return pair_of("Mul", v, pair_of("Mul", pair_of("Add", erf, g.number(1)), g.number(0.5)));
    }
    case Unary::silu: return pair_of("Mul", v, plain("Sigmoid"));
    case Unary::softplus: return plain("Softplus");
    case Unary::sigmoid: return plain("Sigmoid");
    case Unary::tanh: return plain("Tanh");
    case Unary::scale: {
      const Value scaled = alpha == 1 ? v : with("Mul", alpha);
      return beta == 0 ? scaled : pair_of("Add", scaled, g.number(beta));
    }
    case Unary::power: return with("Pow", alpha);
    case Unary::clamp: return g.node("Clip", {v, g.number(alpha), g.number(beta)}, {}, shape);
    case Unary::step: return g.node("Cast", {g.node("Greater", {v, g.number(alpha)}, {}, shape, Type::boolean)}, {{"to", int64_t{1}}}, shape);
  }
  fail("onnx: an unknown function");
}

Value followed(Value v, const kernels::Epilogue& e) {
  Recorder& r = recorder();
  const Shape shape = r.graph.shape(v);
  if (e.bias) v = pair_of("Add", v, r.read(e.bias, {shape.dim(-1)}));
  if (e.residual) v = pair_of("Add", v, r.read(e.residual, shape));
  return function_of(v, e.activation, e.alpha);
}

namespace {

Type type_of(DType dtype) {
  require(dtype == DType::f32 || dtype == DType::i64, "onnx: only f32 and i64 are written; sample this run in f32");
  return dtype == DType::f32 ? Type::f32 : Type::i64;
}

void unary(Stream s, const kernels::UnaryOp& f, DType dtype, int64_t count, const void* x, const void* bias, int64_t channels, void* y) {
  Recorder& r = recorder();
  Value v;
  if (r.numbers_depend(x, count) || r.numbers_depend(bias, channels)) {
    require_f32(dtype);
    v = r.read(x, bias ? Shape{count / channels, channels} : Shape{count});
    if (bias) v = pair_of("Add", v, r.read(bias, {channels}));
    v = function_of(v, f.op, f.alpha, f.beta);
  }
  computing().elementwise.unary(s, f, dtype, count, x, bias, channels, y);
  if (v) r.write(y, v);
  else r.forget(y, size_t(count) * dtype_bytes(dtype));
}

// An operand of b's dims with these strides, 0 where it is repeated.
Value operand(const ElementwiseKernels::Broadcast& b, const int64_t* stride, const void* data) {
  Shape own;
  int64_t count = 1, expected = 1;
  for (int i = 0; i < b.rank; ++i) own.push_back(stride[i] == 0 ? 1 : b.dims[i]), count *= own[i];
  for (int i = b.rank; i-- > 0;)
    if (own[i] > 1) {
      require(stride[i] == expected, "onnx: an operand that does not lie in one piece");
      expected *= own[i];
    }
  return recorder().read(data, own);
}

int64_t extent(const ElementwiseKernels::Broadcast& b, const int64_t* stride) {
  int64_t last = 0;
  for (int i = 0; i < b.rank; ++i) last += (b.dims[i] - 1) * stride[i];
  return last + 1;
}

void two(Stream s, Binary f, DType dtype, const ElementwiseKernels::Broadcast& b, const void* x, const void* y, void* to) {
  Recorder& r = recorder();
  int64_t count = 1;
  Shape shape;
  for (int i = 0; i < b.rank; ++i) count *= b.dims[i], shape.push_back(b.dims[i]);
  Value v;
  if (r.numbers_depend(x, extent(b, b.stride_a)) || r.numbers_depend(y, extent(b, b.stride_b))) {
    require_f32(dtype);
    const Value p = operand(b, b.stride_a, x), q = operand(b, b.stride_b, y);
    const auto compared = [&](const char* op) { return r.graph.node("Cast", {r.graph.node(op, {p, q}, {}, shape, Type::boolean)}, {{"to", int64_t{1}}}, shape); };
    switch (f) {
      case Binary::add: v = pair_of("Add", p, q); break;
      case Binary::sub: v = pair_of("Sub", p, q); break;
      case Binary::mul: v = pair_of("Mul", p, q); break;
      case Binary::div: v = pair_of("Div", p, q); break;
      case Binary::maximum: v = pair_of("Max", p, q); break;
      case Binary::minimum: v = pair_of("Min", p, q); break;
      case Binary::power: v = pair_of("Pow", p, q); break;
      case Binary::greater: v = compared("Greater"); break;
      case Binary::greater_equal: v = compared("GreaterOrEqual"); break;
      case Binary::equal: v = compared("Equal"); break;
    }
    if (!(r.graph.shape(v) == shape)) v = r.graph.node("Expand", {v, r.graph.list({shape.begin(), shape.end()})}, {}, shape);
  }
  computing().elementwise.binary(s, f, dtype, b, x, y, to);
  if (v) r.write(to, v);
  else r.forget(to, size_t(count) * dtype_bytes(dtype));
}

void axpby(Stream s, DType dtype, int64_t count, double c0, const void* a, double c1, const void* b, double c2, void* out) {
  Recorder& r = recorder();
  Value v;
  if (r.numbers_depend(a, count) || r.numbers_depend(b, count)) {
    require_f32(dtype);
    v = function_of(r.read(a, {count}), Unary::scale, c0);
    if (b) v = pair_of("Add", v, function_of(r.read(b, {count}), Unary::scale, c1));
    v = function_of(v, Unary::scale, 1, c2);
    if (r.read(a, {count}) == v) v = r.graph.node("Identity", {v}, {}, {count});
  }
  computing().elementwise.axpby(s, dtype, count, c0, a, c1, b, c2, out);
  if (v) r.write(out, v);
  else r.forget(out, size_t(count) * dtype_bytes(dtype));
}

void scale_by(Stream s, DType dtype, int64_t count, const void* scale, const void* a, void* out) {
  Recorder& r = recorder();
  Value v;
  if (r.numbers_depend(scale, 1) || r.numbers_depend(a, count)) {
    require_f32(dtype);
    v = pair_of("Mul", r.read(a, {count}), r.read(scale, {1}));
  }
  computing().elementwise.scale_by(s, dtype, count, scale, a, out);
  if (v) r.write(out, v);
  else r.forget(out, size_t(count) * dtype_bytes(dtype));
}

void mix(Stream s, DType a_type, DType b_type, int64_t rows, int64_t columns, const void* weight, const void* a, const void* b, void* out) {
  Recorder& r = recorder();
  Value v;
  if (r.numbers_depend(weight, rows) || r.numbers_depend(a, rows * columns) || r.numbers_depend(b, rows * columns)) {
    require_f32(a_type), require_f32(b_type);
    const Value p = r.read(a, {rows, columns}), q = r.read(b, {rows, columns});
    v = pair_of("Add", q, pair_of("Mul", pair_of("Sub", p, q), r.read(weight, {rows, 1})));
  }
  computing().elementwise.mix(s, a_type, b_type, rows, columns, weight, a, b, out);
  if (v) r.write(out, v);
  else r.forget(out, size_t(rows * columns) * dtype_bytes(a_type));
}

void join(Stream s, DType to, const ElementwiseKernels::Piece* pieces, int piece_count, void* out) {
  Recorder& r = recorder();
  bool depends = false;
  int64_t count = 0;
  for (int i = 0; i < piece_count; ++i) count += pieces[i].count, depends = depends || r.numbers_depend(pieces[i].from, pieces[i].count);
  Value v;
  if (depends) {
    require_f32(to);
    Values all;
    for (int i = 0; i < piece_count; ++i) {
      const ElementwiseKernels::Piece& p = pieces[i];
      if (p.from) require_f32(p.type);
      all.push_back(p.from ? r.read(p.from, {p.count}) : r.graph.constant(std::vector<float>(size_t(p.count), float(p.number)), {p.count}));
    }
    v = r.graph.node("Concat", all, {{"axis", int64_t{0}}}, {count});
  }
  computing().elementwise.join(s, to, pieces, piece_count, out);
  if (v) r.write(out, v);
  else r.forget(out, size_t(count) * dtype_bytes(to));
}

void fill(Stream s, DType dtype, int64_t count, double value, void* out) {
  computing().elementwise.fill(s, dtype, count, value, out);
  recorder().forget(out, size_t(count) * dtype_bytes(dtype));
}

void cast(Stream s, DType from, DType to, int64_t count, const void* x, void* y) {
  Recorder& r = recorder();
  Value v;
  if (r.depends(x, size_t(count) * dtype_bytes(from))) {
    const Value before = r.read(x, {count}, type_of(from));
    v = type_of(to) == type_of(from) ? before : r.graph.node("Cast", {before}, {{"to", int64_t{to == DType::f32 ? 1 : 7}}}, {count}, type_of(to));
  }
  computing().elementwise.cast(s, from, to, count, x, y);
  if (v) r.write(y, v);
  else r.forget(y, size_t(count) * dtype_bytes(to));
}

void copy(Stream s, const ElementwiseKernels::Strided& p, int element_bytes, const void* from, void* to) {
  Recorder::Strided all;
  for (int i = 0; i < p.rank; ++i) all.dims.push_back(p.dims[i]), all.from.push_back(p.stride_from[i]), all.to.push_back(p.stride_to[i]);
  if (element_bytes == 4 || element_bytes == 8) recorder().copy(all, from, to, element_bytes == 4 ? Type::f32 : Type::i64);
  computing().elementwise.copy(s, p, element_bytes, from, to);
}

}  // namespace

void record_elementwise(kernels::Kernels& table) {
  table.elementwise.unary = unary;
  refuse(table.elementwise.unary_gradient);
  refuse(table.elementwise.bias_gradient);
  table.elementwise.binary = two;
  table.elementwise.axpby = axpby;
  table.elementwise.scale_by = scale_by;
  table.elementwise.mix = mix;
  table.elementwise.join = join;
  table.elementwise.fill = fill;
  table.elementwise.cast = cast;
  table.elementwise.copy = copy;
}

}  // namespace ganymede::onnx_graph
