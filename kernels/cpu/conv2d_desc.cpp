#include "kernels/cpu/conv2d_desc.h"

#include <sstream>

namespace ganymede::kernels::cpu {
namespace {

using dnnl::memory;

memory::dims weight_dims(const Conv2d& p) {
  if (p.groups == 1) return {p.k, p.c, p.r, p.s};
  return {p.groups, p.k / p.groups, p.c / p.groups, p.r, p.s};
}

memory::desc any(const memory::desc& plain) {
  return memory::desc(plain.dims(), plain.data_type(), memory::format_tag::any);
}

// The arguments that all three descriptors share. Padding at the end is what is missing there, negative where
// the last rows of x are not read.
struct Arguments {
  memory::desc x, w, dw, y;
  memory::dims strides, dilation, pad_begin, pad_end;

  Arguments(const Conv2d& p, ConvForm form, DType x_type, DType y_type)
      : x(plain_x(p, x_type)),
        w(any(plain_weights(p, p.dtype))),
        dw(any(plain_weights(p, DType::f32))),
        y(plain_y(p, y_type)),
        strides{p.stride_h, p.stride_w},
        dilation{p.dilation_h - 1, p.dilation_w - 1},
        pad_begin{p.pad_h, p.pad_w},
        pad_end{(p.p - 1) * p.stride_h + (p.r - 1) * p.dilation_h + 1 - p.h - p.pad_h,
                (p.q - 1) * p.stride_w + (p.s - 1) * p.dilation_w + 1 - p.w - p.pad_w} {
    if (form != ConvForm::direct) x = any(x), y = any(y);
  }
};

// Moves desc on to its first implementation that is generated code, else to one that calls a generated matrix
// product.
template <class Desc>
Desc fastest(const Desc& first) {
  Desc desc = first, chosen;
  bool found = false;
  do {
    const std::string name = desc.impl_info_str();
    if (name.starts_with("ref")) continue;
    const bool gemm = name.find("gemm") != std::string::npos;
    if (!gemm || !found) chosen = desc;
    found = true;
    if (!gemm) break;
  } while (desc.next_impl());
  if (!found) throw dnnl::error(dnnl_unimplemented, "oneDNN has reference code only");
  return chosen;
}

}  // namespace

std::string describe(const Conv2d& p, ConvRole role) {
  constexpr const char* kRoles[] = {"forward", "data_gradient", "weight_gradient"};
  std::ostringstream text;
  text << "conv2d " << kRoles[static_cast<int>(role)] << (p.dtype == DType::bf16 ? " bf16" : " f32") << " n"
       << p.n << ' ' << p.h << 'x' << p.w << 'x' << p.c << " -> " << p.p << 'x' << p.q << 'x' << p.k << " k"
       << p.r << 'x' << p.s << " s" << p.stride_h << 'x' << p.stride_w << " p" << p.pad_h << 'x' << p.pad_w;
  if (p.dilation_h != 1 || p.dilation_w != 1) text << " d" << p.dilation_h << 'x' << p.dilation_w;
  if (p.groups != 1) text << " g" << p.groups;
  return text.str();
}

memory::desc plain_x(const Conv2d& p, DType dtype) {
  return memory::desc({p.n, p.c, p.h, p.w}, onednn_type(dtype), memory::format_tag::nhwc);
}

memory::desc plain_y(const Conv2d& p, DType dtype) {
  return memory::desc({p.n, p.k, p.p, p.q}, onednn_type(dtype), memory::format_tag::nhwc);
}

memory::desc plain_weights(const Conv2d& p, DType dtype) {
  return memory::desc(weight_dims(p), onednn_type(dtype),
                      p.groups == 1 ? memory::format_tag::ohwi : memory::format_tag::gohwi);
}

dnnl::convolution_forward::primitive_desc forward_desc(const Conv2d& p, ConvForm form, DType y, bool bias,
                                                       Unary activation, float alpha) {
  const Arguments a(p, form, p.dtype, y);
  const memory::desc b =
      bias ? memory::desc({p.k}, memory::data_type::f32, memory::format_tag::a) : memory::desc();
  const dnnl::convolution_forward::desc desc(dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, a.x, a.w, b, a.y,
                                             a.strides, a.dilation, a.pad_begin, a.pad_end);
  return fastest(
      dnnl::convolution_forward::primitive_desc(desc, onednn_attributes(activation, alpha), onednn_engine()));
}

dnnl::convolution_backward_data::primitive_desc data_gradient_desc(const Conv2d& p, ConvForm form, DType dx) {
  const Arguments a(p, form, dx, p.dtype);
  const dnnl::convolution_backward_data::desc desc(dnnl::algorithm::convolution_direct, a.x, a.w, a.y, a.strides, a.dilation,
                                                   a.pad_begin, a.pad_end);
  return fastest(dnnl::convolution_backward_data::primitive_desc(
      desc, onednn_attributes(), onednn_engine(), forward_desc(p, form, p.dtype, false, Unary::identity, 0)));
}

dnnl::convolution_backward_weights::primitive_desc weight_gradient_desc(const Conv2d& p, ConvForm form) {
  const Arguments a(p, form, p.dtype, p.dtype);
  const dnnl::convolution_backward_weights::desc desc(dnnl::algorithm::convolution_direct, a.x, a.dw, a.y, a.strides, a.dilation,
                                                      a.pad_begin, a.pad_end);
  return fastest(dnnl::convolution_backward_weights::primitive_desc(
      desc, onednn_attributes(), onednn_engine(), forward_desc(p, form, p.dtype, false, Unary::identity, 0)));
}

}  // namespace ganymede::kernels::cpu
