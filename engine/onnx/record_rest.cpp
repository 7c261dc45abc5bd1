// Matrix products, reductions, softmax, attention, rows by number, random draws, memory.
#include "engine/onnx/words.h"

namespace ganymede::onnx_graph {
namespace {

using kernels::DType;
using kernels::Stream;

void multiply(Stream s, const kernels::Gemm& p, const void* a, const void* b, void* c, const kernels::Epilogue& e) {
  Recorder& r = recorder();
  const int64_t many_a = p.stride_a ? p.batch : 1, many_b = p.stride_b ? p.batch : 1, made = int64_t(p.batch) * p.m * p.n;
  Value v;
  if (r.numbers_depend(a, many_a * p.m * p.k) || r.numbers_depend(b, many_b * p.n * p.k) || r.numbers_depend(e.bias, p.n) || r.numbers_depend(e.residual, made)) {
    require_f32(p.dtype);
    require((!p.stride_a || p.batch == 1 || p.stride_a == int64_t(p.m) * p.k) && (!p.stride_b || p.batch == 1 || p.stride_b == int64_t(p.n) * p.k), "onnx: a product of matrices that do not lie one behind the other");
    const auto matrix = [&](const void* data, int64_t many, int64_t rows, int64_t columns, bool turned) {
      const Value m = r.read(data, turned ? Shape{many, columns, rows} : Shape{many, rows, columns});
      const Value right = turned ? r.graph.transposed(m, {0, 2, 1}) : m;
      return many == 1 && p.batch > 1 ? r.graph.reshaped(right, {rows, columns}) : right;
    };
    v = r.graph.node("MatMul", {matrix(a, many_a, p.m, p.k, p.transpose_a), matrix(b, many_b, p.k, p.n, p.transpose_b)}, {}, {p.batch, p.m, p.n});
    v = followed(v, e);
  }
  computing().gemm.multiply(s, p, a, b, c, e);
  if (v) r.write(c, v);
  else r.forget(c, size_t(made) * dtype_bytes(p.out));
}

void reduce(Stream s, const kernels::Reduce& p, const void* x, void* y, void* workspace) {
  Recorder& r = recorder();
  using kernels::Reduction;
  Value v;
  if (r.numbers_depend(x, p.outer * p.reduce * p.inner)) {
    require_f32(p.dtype);
    Graph& g = r.graph;
    const Value all = r.read(x, {p.outer, p.reduce, p.inner});
    const Shape left{p.outer, p.inner};
    const Attributes axis{{"axes", std::vector<int64_t>{1}}, {"keepdims", int64_t{0}}};
    const auto sum = [&](Value of) { return g.node("ReduceSum", {of, g.list({1})}, {{"keepdims", int64_t{0}}}, left); };
    switch (p.op) {
      case Reduction::sum: v = sum(all); break;
      case Reduction::mean: v = g.node("ReduceMean", {all}, axis, left); break;
      case Reduction::max: v = g.node("ReduceMax", {all}, axis, left); break;
      case Reduction::min: v = g.node("ReduceMin", {all}, axis, left); break;
      case Reduction::sum_of_squares: v = sum(pair_of("Mul", all, all)); break;
      case Reduction::argmax: v = g.node("ArgMax", {all}, {{"axis", int64_t{1}}, {"keepdims", int64_t{0}}}, left, Type::i64); break;
      case Reduction::norm: v = g.node("Sqrt", {pair_of("Add", sum(pair_of("Mul", all, all)), g.number(p.eps))}, {}, left); break;
    }
  }
  computing().reduce.reduce(s, p, x, y, workspace);
  if (v) r.write(y, v);
  else r.forget(y, size_t(p.outer * p.inner) * dtype_bytes(p.out));
}

void sum_of_losses(Stream s, const kernels::Loss& p, const void* x, const void* t, void* y, void* workspace) {
  Recorder& r = recorder();
  Value v;
  if (r.numbers_depend(x, p.count) || r.numbers_depend(t, p.count)) {
    require_f32(p.x);
    Value u = function_of(r.read(x, {p.count}), kernels::Unary::scale, p.sign, p.shift);
    if (t) require_f32(p.t), u = pair_of("Sub", u, r.read(t, {p.count}));
    const Value sum = r.graph.node("ReduceSum", {function_of(u, p.f), r.graph.list({0})}, {{"keepdims", int64_t{1}}}, {1});
    v = function_of(sum, kernels::Unary::scale, p.factor);
  }
  computing().loss.value(s, p, x, t, y, workspace);
  if (v) r.write(y, v);
  else r.forget(y, dtype_bytes(p.x == DType::f64 ? DType::f64 : DType::f32));
}

// Weights that depend on an input have no word; others give constants.
void normalise_spectrally(Stream s, DType dtype, const kernels::SpectralMatrix* matrices, int count, int iterations, double eps, void* workspace) {
  Recorder& r = recorder();
  for (int i = 0; i < count; ++i) require(!r.numbers_depend(matrices[i].w, matrices[i].rows * matrices[i].columns) && !r.numbers_depend(matrices[i].u, matrices[i].rows), "onnx: the spectral norm of weights that depend on the input");
  computing().spectral.normalise(s, dtype, matrices, count, iterations, eps, workspace);
  const size_t size = dtype_bytes(dtype);
  for (int i = 0; i < count; ++i) {
    const kernels::SpectralMatrix& m = matrices[i];
    r.forget(m.u, size_t(m.rows) * size), r.forget(m.v, size_t(m.columns) * size), r.forget(m.sigma, size), r.forget(m.y, size_t(m.rows * m.columns) * size);
  }
}

void softmax(Stream s, const kernels::Softmax& p, const void* x, void* y) {
  Recorder& r = recorder();
  Value v;
  if (r.numbers_depend(x, p.rows * p.columns)) {
    require_f32(p.dtype);
    v = r.graph.node(p.kind == kernels::SoftmaxKind::softmax ? "Softmax" : "LogSoftmax", {r.read(x, {p.rows, p.columns})}, {{"axis", int64_t{1}}}, {p.rows, p.columns});
  }
  computing().softmax.forward(s, p, x, y);
  if (v) r.write(y, v);
  else r.forget(y, size_t(p.rows * p.columns) * dtype_bytes(p.dtype));
}

void logsumexp(Stream s, const kernels::Softmax& p, const void* x, void* y) {
  Recorder& r = recorder();
  Value v;
  if (r.numbers_depend(x, p.rows * p.columns)) {
    require_f32(p.dtype);
    v = r.graph.node("ReduceLogSumExp", {r.read(x, {p.rows, p.columns})}, {{"axes", std::vector<int64_t>{1}}, {"keepdims", int64_t{0}}}, {p.rows});
  }
  computing().softmax.logsumexp(s, p, x, y);
  if (v) r.write(y, v);
  else r.forget(y, size_t(p.rows) * dtype_bytes(p.dtype));
}

void attend(Stream s, const kernels::Attention& p, const void* q, const void* k, const void* v, void* o, void* logsum, void* workspace) {
  Recorder& r = recorder();
  const int64_t made = int64_t(p.batch) * p.queries * p.width;
  Value result;
  if (r.numbers_depend(q, int64_t(p.batch) * p.queries * p.depth) || r.numbers_depend(k, int64_t(p.batch) * p.keys * p.depth) || r.numbers_depend(v, int64_t(p.batch) * p.keys * p.width)) {
    require_f32(p.dtype);
    Graph& g = r.graph;
    const Shape scores{p.batch, p.queries, p.keys};
    const Value keys = g.transposed(r.read(k, {p.batch, p.keys, p.depth}), {0, 2, 1});
    Value a = g.node("MatMul", {r.read(q, {p.batch, p.queries, p.depth}), keys}, {}, scores);
    a = g.node("Softmax", {function_of(a, kernels::Unary::scale, p.scale)}, {{"axis", int64_t{2}}}, scores);
    result = g.node("MatMul", {a, r.read(v, {p.batch, p.keys, p.width})}, {}, {p.batch, p.queries, p.width});
  }
  computing().attention.forward(s, p, q, k, v, o, logsum, workspace);
  r.forget(logsum, size_t(p.batch) * size_t(p.queries) * 4);
  if (result) r.write(o, result);
  else r.forget(o, size_t(made) * dtype_bytes(p.dtype));
}

void gather(Stream s, const kernels::Gather& p, const void* x, const int64_t* index, void* y) {
  Recorder& r = recorder();
  Value v;
  if (r.numbers_depend(x, p.rows * p.width) || r.depends(index, size_t(p.count) * 8)) {
    require_f32(p.dtype);
    v = r.graph.node("Gather", {r.read(x, {p.rows, p.width}), r.read(index, {p.count}, Type::i64)}, {{"axis", int64_t{0}}}, {p.count, p.width});
  }
  computing().gather.gather(s, p, x, index, y);
  if (v) r.write(y, v);
  else r.forget(y, size_t(p.count * p.width) * dtype_bytes(p.dtype));
}

void one_hot(Stream s, const kernels::Gather& p, const int64_t* index, double on, double off, void* y) {
  Recorder& r = recorder();
  Value v;
  if (r.depends(index, size_t(p.count) * 8)) {
    require_f32(p.dtype);
    Graph& g = r.graph;
    std::vector<int64_t> classes;
    for (int64_t i = 0; i < p.width; ++i) classes.push_back(i);
    const Shape shape{p.count, p.width};
    const Value same = g.node("Equal", {r.read(index, {p.count, 1}, Type::i64), g.constant(classes, {1, p.width})}, {}, shape, Type::boolean);
    v = function_of(g.node("Cast", {same}, {{"to", int64_t{1}}}, shape), kernels::Unary::scale, on - off, off);
  }
  computing().gather.one_hot(s, p, index, on, off, y);
  if (v) r.write(y, v);
  else r.forget(y, size_t(p.count * p.width) * dtype_bytes(p.dtype));
}

// Draws depend on no input, and yet are to be drawn afresh each time.
Value drawn(const char* op, const Attributes& attributes, int64_t count) {
  Attributes all = attributes;
  all.emplace_back("shape", std::vector<int64_t>{count});
  return recorder().graph.node(op, {}, all, {count});
}

void uniform(Stream s, const kernels::RandomState* state, uint32_t ordinal, DType dtype, int64_t count, double low, double high, void* out) {
  require_f32(dtype);
  computing().random.uniform(s, state, ordinal, dtype, count, low, high, out);
  recorder().write(out, drawn("RandomUniform", {{"low", low}, {"high", high}}, count));
}

void normal(Stream s, const kernels::RandomState* state, uint32_t ordinal, DType dtype, int64_t count, double mean, double deviation, void* out) {
  require_f32(dtype);
  computing().random.normal(s, state, ordinal, dtype, count, mean, deviation, out);
  recorder().write(out, drawn("RandomNormal", {{"mean", mean}, {"scale", deviation}}, count));
}

void bernoulli(Stream s, const kernels::RandomState* state, uint32_t ordinal, DType dtype, int64_t count, double probability, double value, void* out) {
  require_f32(dtype);
  computing().random.bernoulli(s, state, ordinal, dtype, count, probability, value, out);
  Graph& g = recorder().graph;
  const Value hit = g.node("Less", {drawn("RandomUniform", {}, count), g.number(probability)}, {}, {count}, Type::boolean);
  recorder().write(out, function_of(g.node("Cast", {hit}, {{"to", int64_t{1}}}, {count}), kernels::Unary::scale, value));
}

void integers(Stream s, const kernels::RandomState* state, uint32_t ordinal, int64_t count, uint32_t bound, int64_t* out) {
  computing().random.integers(s, state, ordinal, count, bound, out);
  Graph& g = recorder().graph;
  const Value real = drawn("RandomUniform", {{"low", 0.0}, {"high", double(bound)}}, count);
  recorder().write(out, g.node("Cast", {g.node("Floor", {real}, {}, {count})}, {{"to", int64_t{7}}}, {count}, Type::i64));
}

void upload(Stream s, void* to, const void* from, size_t bytes) {
  computing().device.upload(s, to, from, bytes);
  recorder().forget(to, bytes);
}

void copy(Stream s, void* to, const void* from, size_t bytes) {
  Recorder& r = recorder();
  if (bytes % 4 == 0 && r.depends(from, bytes)) r.copy({{int64_t(bytes) / 4}, {1}, {1}}, from, to, Type::f32);
  else r.forget(to, bytes);
  computing().device.copy(s, to, from, bytes);
}

void fill_bytes(Stream s, void* to, int value, size_t bytes) {
  computing().device.fill_bytes(s, to, value, bytes);
  recorder().forget(to, bytes);
}

void download(Stream s, void* to, const void* from, size_t bytes) {
  require(!recorder().depends(from, bytes), "onnx: this model reads what it made back to the host");
  computing().device.download(s, to, from, bytes);
}

}  // namespace

void record_rest(kernels::Kernels& table) {
  table.gemm.multiply = multiply;
  table.reduce.reduce = reduce;
  table.loss.value = sum_of_losses;
  refuse(table.loss.gradient);
  table.spectral.normalise = normalise_spectrally;
  table.softmax.forward = softmax;
  table.softmax.logsumexp = logsumexp;
  refuse(table.softmax.gradient);
  table.attention.forward = attend;
  refuse(table.attention.gradient);
  table.gather.gather = gather;
  table.gather.one_hot = one_hot;
  refuse(table.gather.scatter_add);
  table.random = {uniform, normal, bernoulli, integers};
  table.device.upload = upload;
  table.device.copy = copy;
  table.device.fill_bytes = fill_bytes;
  table.device.download = download;
}

}  // namespace ganymede::onnx_graph
