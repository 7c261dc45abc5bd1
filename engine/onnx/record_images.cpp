// Resampling, pooling and sampling of pictures.
#include <algorithm>

#include "engine/onnx/words.h"

namespace ganymede::onnx_graph {
namespace {

using kernels::Axis;
using kernels::Resample;
using kernels::Stream;

// An axis as a matrix [out, in].
std::vector<float> matrix(const Axis& a) {
  std::vector<float> m(size_t(a.out) * size_t(a.in), 0);
  for (int o = 0; o < a.out; ++o)
    for (int i = a.start[o]; i < a.start[o + 1]; ++i) m[size_t(o) * size_t(a.in) + size_t(a.index[i])] += a.weight ? static_cast<const float*>(a.weight)[i] : 1;
  return m;
}

// How often each element is repeated, if that is all that the axis does; else 0.
int repeats(const Axis& a) {
  if (a.out % a.in != 0) return 0;
  const int times = a.out / a.in;
  for (int o = 0; o < a.out; ++o)
    if (a.start[o + 1] - a.start[o] != 1 || a.index[a.start[o]] != o / times || (a.weight && static_cast<const float*>(a.weight)[a.start[o]] != 1)) return 0;
  return times;
}

// v is [before, in, behind].
Value along(Value v, const Axis& a) {
  Graph& g = recorder().graph;
  if (!a.start) return v;
  const Shape from = g.shape(v), to{from[0], a.out, from[2]};
  if (const int times = repeats(a)) {
    const Shape apart{from[0], from[1], 1, from[2]}, repeated{from[0], from[1], times, from[2]};
    return g.reshaped(g.node("Expand", {g.reshaped(v, apart), g.list({repeated.begin(), repeated.end()})}, {}, repeated), to);
  }
  return g.node("MatMul", {g.constant(matrix(a), {a.out, a.in}), v}, {}, to);
}

void resample(Stream s, const Resample& p, const void* x, void* y) {
  Recorder& r = recorder();
  const int64_t h = p.rows.in, w = p.columns.in, to_h = p.rows.out, to_w = p.columns.out;
  Value v;
  if (r.numbers_depend(x, p.n * h * w * p.c)) {
    require_f32(p.dtype);
    v = along(r.read(x, {p.n, h, w * p.c}), p.rows);
    v = along(r.graph.reshaped(v, {p.n * to_h, w, p.c}), p.columns);
  }
  computing().resample.apply(s, p, x, y);
  if (v) r.write(y, v);
  else r.forget(y, size_t(p.n * to_h * to_w * p.c) * dtype_bytes(p.dtype));
}

// The largest of each window of an axis; v is [before, in, behind].
Value largest_along(Value v, const Axis& a) {
  Graph& g = recorder().graph;
  if (!a.start) return v;
  int64_t most = 0;
  for (int o = 0; o < a.out; ++o) most = std::max<int64_t>(most, a.start[o + 1] - a.start[o]);
  // Windows at the border are smaller: their last pixel stands in for those they lack.
  std::vector<int64_t> pixels;
  for (int o = 0; o < a.out; ++o) {
    require(a.start[o + 1] > a.start[o], "onnx: a max pool with an empty window");
    for (int64_t k = 0; k < most; ++k) pixels.push_back(a.index[std::min<int64_t>(a.start[o] + k, a.start[o + 1] - 1)]);
  }
  const Shape from = g.shape(v);
  const Value windows = g.node("Gather", {v, g.constant(pixels, {a.out, most})}, {{"axis", int64_t{1}}}, {from[0], a.out, most, from[2]});
  return g.node("ReduceMax", {windows}, {{"axes", std::vector<int64_t>{2}}, {"keepdims", int64_t{0}}}, {from[0], a.out, from[2]});
}

void max_pool(Stream s, const Resample& p, const void* x, void* y, int32_t* position) {
  Recorder& r = recorder();
  const int64_t h = p.rows.in, w = p.columns.in, to_h = p.rows.out, to_w = p.columns.out, made = p.n * to_h * to_w * p.c;
  Value v;
  if (r.numbers_depend(x, p.n * h * w * p.c)) {
    require_f32(p.dtype);
    v = largest_along(r.read(x, {p.n, h, w * p.c}), p.rows);
    v = largest_along(r.graph.reshaped(v, {p.n * to_h, w, p.c}), p.columns);
  }
  computing().max_pool.forward(s, p, x, y, position);
  r.forget(position, size_t(made) * 4);
  if (v) r.write(y, v);
  else r.forget(y, size_t(made) * dtype_bytes(p.dtype));
}

void sample(Stream s, const kernels::GridSample& p, const void* x, const void* grid, const void* direction, void* y) {
  Recorder& r = recorder();
  const size_t made = size_t(p.n * p.p * p.q * p.c);
  Value v;
  if (r.numbers_depend(x, p.n * p.h * p.w * p.c) || r.numbers_depend(grid, p.n * p.p * p.q * 2)) {
    require_f32(p.dtype);
    require(!direction, "onnx: the derivative of grid sampling");
    const char* border = p.border == kernels::SampleBorder::zeros ? "zeros" : p.border == kernels::SampleBorder::clamp ? "border" : "reflection";
    const Value planes = r.graph.node("GridSample", {r.graph.transposed(r.read(x, {p.n, p.h, p.w, p.c}), {0, 3, 1, 2}), r.read(grid, {p.n, p.p, p.q, 2})},
                                      {{"mode", std::string(p.mode == kernels::SampleMode::nearest ? "nearest" : "bilinear")}, {"padding_mode", std::string(border)}, {"align_corners", int64_t{p.align_corners}}},
                                      {p.n, p.c, p.p, p.q});
    v = r.graph.transposed(planes, {0, 2, 3, 1});
  }
  computing().grid_sample.sample(s, p, x, grid, direction, y);
  if (v) r.write(y, v);
  else r.forget(y, made * dtype_bytes(p.dtype));
}

}  // namespace

void record_images(kernels::Kernels& table) {
  table.resample.apply = resample;
  table.max_pool.forward = max_pool;
  refuse(table.max_pool.gradient);
  refuse(table.max_pool.pick);
  table.grid_sample.sample = sample;
  refuse(table.grid_sample.data_gradient);
  refuse(table.grid_sample.grid_gradient);
}

}  // namespace ganymede::onnx_graph
