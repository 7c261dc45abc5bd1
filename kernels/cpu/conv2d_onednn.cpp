// Activations stay NHWC: oneDNN has fast kernels for that layout in every direction. Weights do not: plain ones fall to
// reference code, so each plan asks for oneDNN's own layout and reorders.
#include "kernels/cpu/conv2d_onednn.h"

#include <array>
#include <bit>
#include <map>
#include <sstream>

#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/conv2d_narrow.h"
#include "kernels/cpu/conv2d_pack.h"
#include "kernels/cpu/onednn.h"

namespace ganymede::kernels::cpu {
namespace {

using dnnl::memory;

using Role = ConvRole;
constexpr const char* kRoleNames[] = {"forward", "data_gradient", "weight_gradient"};

struct Plan {
  bool usable = false;
  OnednnCall call;
  memory::desc packed_weights;
  OnednnCall reorder;  // plain -> packed weights; for the weight gradient packed -> plain
};

std::string describe(const Conv2d& p, Role role) {
  std::ostringstream text;
  text << "conv2d " << kRoleNames[static_cast<int>(role)] << (p.dtype == DType::bf16 ? " bf16" : " f32") << " n" << p.n
       << ' ' << p.h << 'x' << p.w << 'x' << p.c << " -> " << p.p << 'x' << p.q << 'x' << p.k << " k" << p.r << 'x' << p.s
       << " s" << p.stride_h << 'x' << p.stride_w << " p" << p.pad_h << 'x' << p.pad_w;
  if (p.dilation_h != 1 || p.dilation_w != 1) text << " d" << p.dilation_h << 'x' << p.dilation_w;
  if (p.groups != 1) text << " g" << p.groups;
  return text.str();
}

memory::desc nhwc(memory::dim n, memory::dim h, memory::dim w, memory::dim c, DType dtype) {
  return memory::desc({n, c, h, w}, onednn_type(dtype), memory::format_tag::nhwc);
}

memory::dims weight_dims(const Conv2d& p) {
  if (p.groups == 1) return {p.k, p.c, p.r, p.s};
  return {p.groups, p.k / p.groups, p.c / p.groups, p.r, p.s};
}

// As oneDNN counts padding: what is missing at the bottom and right, negative where the last rows of x are not read.
struct Geometry {
  memory::dims strides, dilation, pad_begin, pad_end;
  explicit Geometry(const Conv2d& p)
      : strides{p.stride_h, p.stride_w},
        dilation{p.dilation_h - 1, p.dilation_w - 1},
        pad_begin{p.pad_h, p.pad_w},
        pad_end{(p.p - 1) * p.stride_h + (p.r - 1) * p.dilation_h + 1 - p.h - p.pad_h,
                (p.q - 1) * p.stride_w + (p.s - 1) * p.dilation_w + 1 - p.w - p.pad_w} {}
};

// Moves desc on to its first implementation that is generated code, else to one that calls a generated matrix product.
// False: only reference code is left.
template <class Desc>
bool choose_implementation(const Desc& first, Desc& chosen) {
  bool found = false;
  Desc desc = first;
  do {
    const std::string name = desc.impl_info_str();
    if (name.starts_with("ref")) continue;
    const bool gemm = name.starts_with("gemm");
    if (!gemm || !found) chosen = desc;
    found = true;
    if (!gemm) break;
  } while (desc.next_impl());
  return found;
}

memory::desc plain_weights(const Conv2d& p, DType dtype) {
  return memory::desc(weight_dims(p), onednn_type(dtype),
                      p.groups == 1 ? memory::format_tag::ohwi : memory::format_tag::gohwi);
}

memory::desc any_weights(const Conv2d& p, DType dtype) {
  return memory::desc(weight_dims(p), onednn_type(dtype), memory::format_tag::any);
}

memory::desc bias_of(const Conv2d& p, bool bias) {
  return bias ? memory::desc({p.k}, memory::data_type::f32, memory::format_tag::a) : memory::desc();
}

dnnl::convolution_forward::primitive_desc forward_desc(const Conv2d& p, bool bias, Unary activation, float alpha) {
  const Geometry g(p);
  const dnnl::convolution_forward::desc desc(
      dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, nhwc(p.n, p.h, p.w, p.c, p.dtype),
      any_weights(p, p.dtype), bias_of(p, bias), nhwc(p.n, p.p, p.q, p.k, p.dtype), g.strides, g.dilation, g.pad_begin,
      g.pad_end);
  return {desc, onednn_attributes(activation, alpha), onednn_engine()};
}

void plan_forward(Plan& plan, const Conv2d& p, bool bias, Unary activation, float alpha) {
  dnnl::convolution_forward::primitive_desc desc;
  if (!choose_implementation(forward_desc(p, bias, activation, alpha), desc)) return;
  plan.call = OnednnCall(dnnl::convolution_forward(desc), desc.scratchpad_desc());
  plan.call.add(DNNL_ARG_SRC, desc.src_desc());
  plan.call.add(DNNL_ARG_WEIGHTS, desc.weights_desc());
  plan.call.add(DNNL_ARG_DST, desc.dst_desc());
  if (bias) plan.call.add(DNNL_ARG_BIAS, desc.bias_desc());
  plan.packed_weights = desc.weights_desc();
  plan.reorder = onednn_reorder(plain_weights(p, p.dtype), plan.packed_weights);
  note_implementation(describe(p, Role::forward), desc.impl_info_str());
  plan.usable = true;
}

// out: type of dx; f32 where an epilogue follows, so that the result is rounded once.
void plan_data_gradient(Plan& plan, const Conv2d& p, DType out) {
  const Geometry g(p);
  const dnnl::convolution_backward_data::desc backward(
      dnnl::algorithm::convolution_direct, nhwc(p.n, p.h, p.w, p.c, out), any_weights(p, p.dtype),
      nhwc(p.n, p.p, p.q, p.k, p.dtype), g.strides, g.dilation, g.pad_begin, g.pad_end);
  const dnnl::convolution_backward_data::primitive_desc first(
      backward, onednn_attributes(), onednn_engine(), forward_desc(p, false, Unary::identity, 0));
  dnnl::convolution_backward_data::primitive_desc desc;
  if (!choose_implementation(first, desc)) return;
  plan.call = OnednnCall(dnnl::convolution_backward_data(desc), desc.scratchpad_desc());
  plan.call.add(DNNL_ARG_DIFF_DST, desc.diff_dst_desc());
  plan.call.add(DNNL_ARG_WEIGHTS, desc.weights_desc());
  plan.call.add(DNNL_ARG_DIFF_SRC, desc.diff_src_desc());
  plan.packed_weights = desc.weights_desc();
  plan.reorder = onednn_reorder(plain_weights(p, p.dtype), plan.packed_weights);
  note_implementation(describe(p, Role::data_gradient), desc.impl_info_str());
  plan.usable = true;
}

void plan_weight_gradient(Plan& plan, const Conv2d& p) {
  const Geometry g(p);
  const dnnl::convolution_backward_weights::desc backward(
      dnnl::algorithm::convolution_direct, nhwc(p.n, p.h, p.w, p.c, p.dtype), any_weights(p, DType::f32),
      nhwc(p.n, p.p, p.q, p.k, p.dtype), g.strides, g.dilation, g.pad_begin, g.pad_end);
  const dnnl::convolution_backward_weights::primitive_desc first(
      backward, onednn_attributes(), onednn_engine(), forward_desc(p, false, Unary::identity, 0));
  dnnl::convolution_backward_weights::primitive_desc desc;
  if (!choose_implementation(first, desc)) return;
  plan.call = OnednnCall(dnnl::convolution_backward_weights(desc), desc.scratchpad_desc());
  plan.call.add(DNNL_ARG_SRC, desc.src_desc());
  plan.call.add(DNNL_ARG_DIFF_DST, desc.diff_dst_desc());
  plan.call.add(DNNL_ARG_DIFF_WEIGHTS, desc.diff_weights_desc());
  plan.packed_weights = desc.diff_weights_desc();
  plan.reorder = onednn_reorder(plan.packed_weights, plain_weights(p, DType::f32));
  note_implementation(describe(p, Role::weight_gradient), desc.impl_info_str());
  plan.usable = true;
}

// variant: what else the plan depends on, three numbers.
template <class Make>
Plan& plan_of(const Conv2d& p, Role role, std::array<int, 3> variant, Make make) {
  using Key = std::array<int, 21>;
  static std::map<Key, Plan> plans;
  const Key key{p.n, p.h, p.w, p.c, p.k, p.r, p.s, p.p, p.q, p.stride_h, p.stride_w, p.pad_h, p.pad_w, p.dilation_h,
                p.dilation_w, p.groups, static_cast<int>(p.dtype), static_cast<int>(role), variant[0], variant[1], variant[2]};
  const auto [entry, fresh] = plans.try_emplace(key);
  if (fresh) {
    try {
      make(entry->second);
    } catch (const dnnl::error& error) {
      entry->second = Plan();
      if (error.status != dnnl_unimplemented && error.status != dnnl_invalid_arguments) {
        plans.erase(entry);
        throw;
      }
    }
  }
  return entry->second;
}

}  // namespace

bool forward_by_onednn(const Conv2d& p, const void* x, const Weight& w, void* y, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  const bool leaky = epilogue.activation == Unary::leaky_relu;
  Plan& plan = plan_of(p, Role::forward,
                       {epilogue.bias != nullptr, static_cast<int>(epilogue.activation),
                        leaky ? std::bit_cast<int>(epilogue.alpha) : 0},
                       [&](Plan& made) {
                         plan_forward(made, p, epilogue.bias != nullptr, epilogue.activation, epilogue.alpha);
                       });
  if (!plan.usable) return false;
  plan.call.bind(DNNL_ARG_SRC, x);
  plan.call.use(DNNL_ARG_WEIGHTS, packed_weight(w, plan.packed_weights, plan.reorder));
  plan.call.bind(DNNL_ARG_DST, y);
  if (epilogue.bias) plan.call.bind(DNNL_ARG_BIAS, epilogue.bias);
  plan.call.run();
  return true;
}

bool data_gradient_by_onednn(const Conv2d& p, const void* dy, const Weight& w, void* dx, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  const DType out = is_plain(epilogue) ? p.dtype : DType::f32;
  Plan& plan = plan_of(p, Role::data_gradient, {static_cast<int>(out), 0, 0},
                       [&](Plan& made) { plan_data_gradient(made, p, out); });
  if (!plan.usable) return false;
  const int64_t rows = int64_t{p.n} * p.h * p.w;
  void* const sums = out == p.dtype ? dx : onednn_scratch(Scratch::destination, rows * p.c * sizeof(float));
  plan.call.bind(DNNL_ARG_DIFF_DST, dy);
  plan.call.use(DNNL_ARG_WEIGHTS, packed_weight(w, plan.packed_weights, plan.reorder));
  plan.call.bind(DNNL_ARG_DIFF_SRC, sums);
  plan.call.run();
  apply_epilogue(p.dtype, rows, p.c, epilogue, sums == dx ? nullptr : sums, dx);
  return true;
}

bool weight_gradient_by_onednn(const Conv2d& p, const void* x, const void* dy, void* dw) {
  auto lock = lock_onednn();
  Plan& plan = plan_of(p, Role::weight_gradient, {0, 0, 0}, [&](Plan& made) { plan_weight_gradient(made, p); });
  if (!plan.usable) return false;
  void* const packed = onednn_scratch(Scratch::weights, plan.packed_weights.get_size());
  plan.call.bind(DNNL_ARG_SRC, x);
  plan.call.bind(DNNL_ARG_DIFF_DST, dy);
  plan.call.bind(DNNL_ARG_DIFF_WEIGHTS, packed);
  plan.call.run();
  plan.reorder.bind(DNNL_ARG_FROM, packed);
  plan.reorder.bind(DNNL_ARG_TO, dw);
  plan.reorder.run();
  return true;
}

}  // namespace ganymede::kernels::cpu
