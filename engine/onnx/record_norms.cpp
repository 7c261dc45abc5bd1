// Norms: where the statistics do not depend on the input, a product and a sum; elsewhere means of x and of its squared deviations.
#include <cmath>

#include "engine/onnx/words.h"

namespace ganymede::onnx_graph {
namespace {

using kernels::Norm;
using kernels::NormActivation;
using kernels::Stream;
using kernels::Unary;

Shape seen(const Norm& p) { return {p.outer, p.rows, p.groups, p.width}; }
Shape statistic(const Norm& p) { return {p.outer, 1, p.groups, 1}; }
int64_t count(const Norm& p) { return p.outer * p.rows * p.groups * p.width; }
bool affine_depends(const Norm& p, const void* data) { return recorder().numbers_depend(data, (p.affine_stride ? p.outer : 1) * p.groups * p.width); }
bool statistic_depends(const Norm& p, const void* data) { return recorder().numbers_depend(data, p.outer * p.groups); }

struct Statistics {
  Value mean, rstd;   // [outer, 1, groups, 1]
};

Statistics statistics_of(const Norm& p, Value x) {
  Graph& g = recorder().graph;
  const auto mean = [&](Value v) { return g.node("ReduceMean", {v}, {{"axes", std::vector<int64_t>{1, 3}}, {"keepdims", int64_t{1}}}, statistic(p)); };
  const Value m = mean(x), d = p.centred ? pair_of("Sub", x, m) : x;
  return {m, function_of(pair_of("Add", mean(pair_of("Mul", d, d)), g.number(p.eps)), Unary::rsqrt)};
}

// [outer, 1, groups, width] or without outer.
Value affine(const Norm& p, const void* data) { return recorder().read(data, {p.affine_stride ? p.outer : 1, 1, p.groups, p.width}); }

Value applied(const Norm& p, Value x, const void* residual, const Statistics& s, const void* gamma, const void* beta, Unary f, double alpha) {
  Recorder& r = recorder();
  // The constant factors of a norm by running statistics are one: x * (rstd gamma) + (beta - mean rstd gamma), left to the runtime to fold.
  Value factor = s.rstd;
  if (gamma) factor = pair_of("Mul", factor, affine(p, gamma));
  Value v = pair_of("Mul", p.centred ? pair_of("Sub", x, s.mean) : x, factor);
  if (beta) v = pair_of("Add", v, affine(p, beta));
  if (residual) v = pair_of("Add", v, r.read(residual, seen(p)));
  return function_of(v, f, alpha);
}

void forward(Stream s, const Norm& p, const NormActivation& behind, const void* x, const void* residual, void* mean, void* rstd, const kernels::Running& running, void* y, void* workspace) {
  Recorder& r = recorder();
  const bool depends = r.numbers_depend(x, count(p)) || r.numbers_depend(residual, count(p)) || affine_depends(p, behind.gamma) || affine_depends(p, behind.beta);
  Value v;
  Statistics found;
  if (depends) {
    require_f32(p.dtype);
    const Value input = r.read(x, seen(p));
    found = statistics_of(p, input);
    v = applied(p, input, residual, found, behind.gamma, behind.beta, behind.op, behind.alpha);
  }
  computing().norm.forward(s, p, behind, x, residual, mean, rstd, running, y, workspace);
  const size_t few = size_t(p.outer * p.groups) * dtype_bytes(p.dtype == kernels::DType::f64 ? p.dtype : kernels::DType::f32);
  if (!depends) return r.forget(mean, few), r.forget(rstd, few), r.forget(y, size_t(count(p)) * dtype_bytes(p.dtype));
  r.write(mean, found.mean), r.write(rstd, found.rstd), r.write(y, v);
}

void statistics(Stream s, const Norm& p, const void* x, void* mean, void* rstd, const kernels::Running& running, void* workspace) {
  Recorder& r = recorder();
  Statistics found;
  if (r.numbers_depend(x, count(p))) {
    require_f32(p.dtype);
    found = statistics_of(p, r.read(x, seen(p)));
  }
  computing().norm.statistics(s, p, x, mean, rstd, running, workspace);
  if (found.mean) return r.write(mean, found.mean), r.write(rstd, found.rstd);
  const size_t few = size_t(p.outer * p.groups) * dtype_bytes(p.dtype == kernels::DType::f64 ? p.dtype : kernels::DType::f32);
  r.forget(mean, few), r.forget(rstd, few);
}

void apply(Stream s, const Norm& p, const void* x, const void* residual, const void* mean, const void* rstd, const void* gamma, const void* beta, Unary f, double alpha, void* y) {
  Recorder& r = recorder();
  Value v;
  if (r.numbers_depend(x, count(p)) || r.numbers_depend(residual, count(p)) || statistic_depends(p, mean) || statistic_depends(p, rstd) || affine_depends(p, gamma) || affine_depends(p, beta)) {
    require_f32(p.dtype);
    v = applied(p, r.read(x, seen(p)), residual, {r.read(mean, statistic(p)), r.read(rstd, statistic(p))}, gamma, beta, f, alpha);
  }
  computing().norm.apply(s, p, x, residual, mean, rstd, gamma, beta, f, alpha, y);
  if (v) r.write(y, v);
  else r.forget(y, size_t(count(p)) * dtype_bytes(p.dtype));
}

void rstd_of(Stream s, kernels::DType dtype, int64_t count, const void* variance, double eps, void* rstd) {
  Recorder& r = recorder();
  require(!r.numbers_depend(variance, count), "onnx: running statistics that depend on the input");
  computing().norm.rstd_of(s, dtype, count, variance, eps, rstd);
  r.forget(rstd, size_t(count) * dtype_bytes(dtype));
}

}  // namespace

void record_norms(kernels::Kernels& table) {
  table.norm.forward = forward;
  table.norm.statistics = statistics;
  table.norm.apply = apply;
  table.norm.rstd_of = rstd_of;
  refuse(table.norm.gradient);
  refuse(table.norm.parameter_gradient);
  refuse(table.norm.data_gradient);
  refuse(table.norm.second_gradient);
}

}  // namespace ganymede::onnx_graph
