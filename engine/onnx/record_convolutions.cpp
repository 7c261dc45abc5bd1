// Convolutions and their transposes. The graph's pictures are [N, C, H, W] here; pairs of transpositions between layers cancel.
#include <algorithm>

#include "engine/onnx/words.h"

namespace ganymede::onnx_graph {
namespace {

using kernels::Conv2d;
using kernels::Epilogue;

const std::vector<int> kToPlanes{0, 3, 1, 2}, kToPixels{0, 2, 3, 1};

void check(const Conv2d& p, const Epilogue& e) {
  require_f32(p.dtype);
  require(!has_pair(p) && e.shuffle == 1 && !e.mask, "onnx: a convolution of two tensors, shuffled or masked");
}

// What lies beyond the picture at the lower or right end for `results` steps.
int64_t behind(int results, int stride, int dilation, int window, int extent, int pad) { return int64_t(results - 1) * stride + int64_t(dilation) * (window - 1) + 1 - extent - pad; }

Value forward(const Conv2d& p, Value x, Value w) {
  Graph& g = recorder().graph;
  const std::vector<int64_t> pads{p.pad_h, p.pad_w, behind(p.p, p.stride_h, p.dilation_h, p.r, p.h, p.pad_h), behind(p.q, p.stride_w, p.dilation_w, p.s, p.w, p.pad_w)};
  Value planes = g.transposed(x, kToPlanes);
  std::vector<int64_t> inside{pads[0], pads[1], std::max<int64_t>(pads[2], 0), std::max<int64_t>(pads[3], 0)};
  if (p.border != kernels::Padding::zero) {
    const Shape bordered{p.n, p.c, p.h + inside[0] + inside[2], p.w + inside[1] + inside[3]};
    planes = g.node("Pad", {planes, g.list({0, 0, inside[0], inside[1], 0, 0, inside[2], inside[3]})}, {{"mode", std::string(p.border == kernels::Padding::reflect ? "reflect" : "edge")}}, bordered);
    inside = {0, 0, 0, 0};
  }
  const auto results = [](int64_t extent, int64_t around, int dilation, int window, int stride) { return (extent + around - int64_t(dilation) * (window - 1) - 1) / stride + 1; };
  const bool bordered = p.border != kernels::Padding::zero;
  const Shape in = g.shape(planes);
  const Shape made{p.n, p.k, results(in[2], bordered ? 0 : inside[0] + inside[2], p.dilation_h, p.r, p.stride_h), results(in[3], bordered ? 0 : inside[1] + inside[3], p.dilation_w, p.s, p.stride_w)};
  Value y = g.node("Conv", {planes, g.transposed(w, kToPlanes)},
                   {{"kernel_shape", std::vector<int64_t>{p.r, p.s}}, {"strides", std::vector<int64_t>{p.stride_h, p.stride_w}}, {"dilations", std::vector<int64_t>{p.dilation_h, p.dilation_w}},
                    {"pads", inside}, {"group", int64_t(p.groups)}}, made);
  if (made[2] != p.p || made[3] != p.q)   // fewer results than would fit
    y = g.node("Slice", {y, g.list({0, 0}), g.list({p.p, p.q}), g.list({2, 3})}, {}, {p.n, p.k, p.p, p.q});
  return y;
}

Value transposed(const Conv2d& p, Value dy, Value w) {
  Graph& g = recorder().graph;
  require(p.border == kernels::Padding::zero, "onnx: a transposed convolution with a border");
  // Rows beyond those of equal pads.
  const auto more = [](int extent, int results, int stride, int dilation, int window, int pad) { return extent - (int64_t(results - 1) * stride + int64_t(dilation) * (window - 1) + 1 - 2 * int64_t(pad)); };
  const int64_t more_h = more(p.h, p.p, p.stride_h, p.dilation_h, p.r, p.pad_h), more_w = more(p.w, p.q, p.stride_w, p.dilation_w, p.s, p.pad_w);
  require(more_h >= 0 && more_w >= 0 && more_h < std::max(p.stride_h, p.dilation_h) && more_w < std::max(p.stride_w, p.dilation_w),
          "onnx: a transposed convolution whose output padding is not from 0 to below its stride");
  return g.node("ConvTranspose", {g.transposed(dy, kToPlanes), g.transposed(w, kToPlanes)},
                {{"kernel_shape", std::vector<int64_t>{p.r, p.s}}, {"strides", std::vector<int64_t>{p.stride_h, p.stride_w}}, {"dilations", std::vector<int64_t>{p.dilation_h, p.dilation_w}},
                 {"pads", std::vector<int64_t>{p.pad_h, p.pad_w, p.pad_h, p.pad_w}}, {"output_padding", std::vector<int64_t>{more_h, more_w}}, {"group", int64_t(p.groups)}},
                {p.n, p.c, p.h, p.w});
}

template <bool Forward>
void convolve(kernels::Stream s, const Conv2d& p, kernels::ImageIn x, const kernels::Weight& w, kernels::ImageOut y, const Epilogue& e, void* workspace) {
  Recorder& r = recorder();
  const Shape from = Forward ? Shape{p.n, p.h, p.w, p.c} : Shape{p.n, p.p, p.q, p.k}, to = Forward ? Shape{p.n, p.p, p.q, p.k} : Shape{p.n, p.h, p.w, p.c};
  Value v;
  const Shape filters{p.k, p.r, p.s, p.c / p.groups};
  if (r.numbers_depend(x.first, from.count()) || r.numbers_depend(w.data, filters.count()) || r.numbers_depend(e.bias, to[3]) || r.numbers_depend(e.residual, to.count())) {
    check(p, e);
    const Value image = r.read(x.first, from), filter = r.read(w.data, filters);
    v = followed(r.graph.transposed(Forward ? forward(p, image, filter) : transposed(p, image, filter), kToPixels), e);
  }
  (Forward ? computing().conv2d.forward : computing().conv2d.data_gradient)(s, p, x, w, y, e, workspace);
  if (v) r.write(y.first, v);
  else r.forget(y.first, size_t(to.count()) * 4);
}

}  // namespace

void record_convolutions(kernels::Kernels& table) {
  table.conv2d.forward = convolve<true>;
  table.conv2d.data_gradient = convolve<false>;
  refuse(table.conv2d.weight_gradient);
}

}  // namespace ganymede::onnx_graph
