// The three directions of convolution on a row of the benchmark set or on a shape of one's own.
#include <algorithm>
#include <sstream>

#include "apps/kernel_case.h"
#include "engine/check.h"

namespace ganymede::apps {
namespace {

using kernels::Conv2d;
using kernels::Conv2dRole;
using kernels::Conv2dRow;

Conv2dRole direction_of(const std::string& operation) {
  return operation == "conv2d.forward" ? Conv2dRole::forward : operation == "conv2d.data_gradient" ? Conv2dRole::data_gradient : Conv2dRole::weight_gradient;
}

Conv2dRow row_of(const KernelOperation& operation, const KernelShape& shape) {
  for (const Conv2dRow& row : kernels::kConv2dRows)
    if (shape.text == row.name) return row;
  if (shape.text.find(',') == std::string::npos)
    throw UsageError("kernels run: --shape " + shape.text + " is neither a row of the benchmark set (A1 to F4, see kernels --rows) nor " + operation.shape);
  const std::vector<int> s = parse_shape(operation, shape.text);
  return {"", false, s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]};
}

Conv2dRow cut_row(const KernelOperation& operation, const KernelShape& shape) {
  Conv2dRow row = row_of(operation, shape);
  if (shape.batch > 0) row.n = shape.batch;
  const auto cut = [&](int size) { return std::max((size + shape.scale - 1) / shape.scale, row.transposed ? 1 : std::max(1, row.kernel - 2 * row.pad)); };
  if (shape.scale > 1) row.h = cut(row.h), row.w = cut(row.w);
  return row;
}

}  // namespace

ConvolutionShape convolution_shape(const KernelOperation& operation, const KernelShape& shape) {
  const Conv2dRow row = cut_row(operation, shape);
  const Conv2d p = problem_of(row, DType::f32, Math::f32);
  if (p.p < 1 || p.q < 1)
    throw UsageError("kernels run: --shape " + shape.text + ": a filter of " + std::to_string(p.r) + " does not fit into " + std::to_string(p.h) + " x " +
                     std::to_string(p.w) + " with padding " + std::to_string(p.pad_h));
  return {p, role_of(row, direction_of(operation.name))};
}

KernelCase convolution_case(const KernelOperation& operation, const KernelShape& shape) {
  const auto [problem, role] = convolution_shape(operation, shape);
  const Conv2dRole direction = direction_of(operation.name);
  KernelCase c = convolution_case(problem, role);
  if (cut_row(operation, shape).transposed)
    c.text += std::string("; a transposed layer: seen as the convolution that maps its output to its input") +
              (role == direction ? "" : role == Conv2dRole::forward ? ", whose forward pass this direction is" : ", whose data gradient this direction is");
  return c;
}

KernelCase convolution_case(const Conv2d& p, Conv2dRole role) {
  std::ostringstream text;
  const auto pair = [](int a, int b) { return a == b ? std::to_string(a) : std::to_string(a) + "," + std::to_string(b); };
  text << "x [" << p.n << ", " << p.h << ", " << p.w << ", " << p.c << "], w [" << p.k << ", " << p.r << ", " << p.s << ", " << p.c / p.groups << "], y [" << p.n << ", "
       << p.p << ", " << p.q << ", " << p.k << "], stride " << pair(p.stride_h, p.stride_w) << ", pad " << pair(p.pad_h, p.pad_w);
  if (p.dilation_h > 1 || p.dilation_w > 1) text << ", dilation " << pair(p.dilation_h, p.dilation_w);
  if (p.groups > 1) text << ", groups " << p.groups;
  if (p.border != kernels::Padding::zero) text << (p.border == kernels::Padding::reflect ? ", reflected" : ", repeated") << " at the border";
  KernelCase c;
  c.multiply_adds = double(p.n) * p.p * p.q * p.k * p.r * p.s * (p.c / p.groups);
  c.tensor_cores = c.bf16 = true;
  c.gradient = role != Conv2dRole::forward;
  c.bound_f32 = c.gradient ? 5e-5 : 1e-5;
  c.text = text.str();
  const std::vector<int64_t> x{p.n, p.h, p.w, p.c}, w{p.k, p.r, p.s, p.c / p.groups}, y{p.n, p.p, p.q, p.k};
  const auto with = [p](DType dtype, Math math) {
    Conv2d q = p;
    q.dtype = dtype, q.math = math;
    return q;
  };
  const kernels::Epilogue plain{nullptr, kernels::Unary::identity, 0};
  switch (role) {
    case Conv2dRole::forward:
      c.operands = {input("x", x, 1), input("w", w, 2), output("y", y)};
      c.call = [=](const kernels::Kernels& k, DType d, Math m, const std::vector<void*>& v) { k.conv2d.forward(k.device.stream(), with(d, m), v[0], {v[1], nullptr}, v[2], plain, v[3]); };
      c.workspace = [=](const kernels::Kernels& k, DType d, Math m) { return k.conv2d.forward_workspace(with(d, m)); };
      break;
    case Conv2dRole::data_gradient:
      c.operands = {input("dy", y, 3), input("w", w, 2), output("dx", x)};
      c.call = [=](const kernels::Kernels& k, DType d, Math m, const std::vector<void*>& v) { k.conv2d.data_gradient(k.device.stream(), with(d, m), v[0], {v[1], nullptr}, v[2], plain, v[3]); };
      c.workspace = [=](const kernels::Kernels& k, DType d, Math m) { return k.conv2d.data_gradient_workspace(with(d, m)); };
      break;
    case Conv2dRole::weight_gradient:
      c.operands = {input("x", x, 1), input("dy", y, 3), output("dw", w, Store::wide)};
      c.call = [=](const kernels::Kernels& k, DType d, Math m, const std::vector<void*>& v) { k.conv2d.weight_gradient(k.device.stream(), with(d, m), v[0], v[1], v[2], v[3]); };
      c.workspace = [=](const kernels::Kernels& k, DType d, Math m) { return k.conv2d.weight_gradient_workspace(with(d, m)); };
      break;
  }
  return c;
}

}  // namespace ganymede::apps
