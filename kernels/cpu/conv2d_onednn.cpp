// Weights are never plain inside: oneDNN falls to reference code for those, so each plan asks for its own
// layout and reorders. Activations stay NHWC where its kernels for that are fast.
#include "kernels/cpu/conv2d_onednn.h"

#include <array>
#include <bit>
#include <map>

#include "kernels/cpu/conv2d_desc.h"
#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/conv2d_pack.h"

namespace ganymede::kernels::cpu {
namespace {

using dnnl::memory;

// An image argument of a primitive: bound where it lies, or by way of a copy in the layout that the primitive
// wants.
class Image {
 public:
  void add_to(OnednnCall& call, int argument, const memory::desc& plain, const memory::desc& wanted,
              bool output) {
    argument_ = argument;
    wanted_ = wanted;
    reordered_ = plain != wanted;
    call.add(argument, wanted);
    if (reordered_) reorder_ = output ? onednn_reorder(wanted, plain) : onednn_reorder(plain, wanted);
  }
  void read(OnednnCall& call, const void* plain, Scratch slot) {
    const void* data = plain;
    if (reordered_) {
      void* const copy = onednn_scratch(slot, wanted_.get_size());
      reorder_.bind(DNNL_ARG_FROM, plain);
      reorder_.bind(DNNL_ARG_TO, copy);
      reorder_.run();
      data = copy;
    }
    call.bind(argument_, data);
  }
  void run_and_write(OnednnCall& call, void* plain, Scratch slot) {
    void* const data = reordered_ ? onednn_scratch(slot, wanted_.get_size()) : plain;
    call.bind(argument_, data);
    call.run();
    if (!reordered_) return;
    reorder_.bind(DNNL_ARG_FROM, data);
    reorder_.bind(DNNL_ARG_TO, plain);
    reorder_.run();
  }

 private:
  int argument_ = 0;
  bool reordered_ = false;
  memory::desc wanted_;
  OnednnCall reorder_;
};

struct Plan {
  bool usable = false;
  OnednnCall call;
  Image x, y;
  memory::desc packed_weights;
  OnednnCall reorder;  // plain -> packed weights; for the weight gradient packed -> plain
};

// out: type of the result; f32 where an epilogue follows, so that it is rounded once.
void plan_forward(Plan& plan, const Conv2d& p, ConvForm form, DType out, bool bias, Unary activation, float alpha) {
  const auto desc = forward_desc(p, form, out, bias, activation, alpha);
  plan.call = OnednnCall(dnnl::convolution_forward(desc), desc.scratchpad_desc());
  plan.x.add_to(plan.call, DNNL_ARG_SRC, plain_x(p, p.dtype), desc.src_desc(), false);
  plan.y.add_to(plan.call, DNNL_ARG_DST, plain_y(p, out), desc.dst_desc(), true);
  plan.call.add(DNNL_ARG_WEIGHTS, desc.weights_desc());
  if (bias) plan.call.add(DNNL_ARG_BIAS, desc.bias_desc());
  plan.packed_weights = desc.weights_desc();
  plan.reorder = onednn_reorder(plain_weights(p, p.dtype), plan.packed_weights);
  note_implementation(describe(p, ConvRole::forward), desc.impl_info_str());
  plan.usable = true;
}

void plan_data_gradient(Plan& plan, const Conv2d& p, ConvForm form, DType out) {
  const auto desc = data_gradient_desc(p, form, out);
  plan.call = OnednnCall(dnnl::convolution_backward_data(desc), desc.scratchpad_desc());
  plan.x.add_to(plan.call, DNNL_ARG_DIFF_SRC, plain_x(p, out), desc.diff_src_desc(), true);
  plan.y.add_to(plan.call, DNNL_ARG_DIFF_DST, plain_y(p, p.dtype), desc.diff_dst_desc(), false);
  plan.call.add(DNNL_ARG_WEIGHTS, desc.weights_desc());
  plan.packed_weights = desc.weights_desc();
  plan.reorder = onednn_reorder(plain_weights(p, p.dtype), plan.packed_weights);
  note_implementation(describe(p, ConvRole::data_gradient), desc.impl_info_str());
  plan.usable = true;
}

void plan_weight_gradient(Plan& plan, const Conv2d& p, ConvForm form) {
  const auto desc = weight_gradient_desc(p, form);
  plan.call = OnednnCall(dnnl::convolution_backward_weights(desc), desc.scratchpad_desc());
  plan.x.add_to(plan.call, DNNL_ARG_SRC, plain_x(p, p.dtype), desc.src_desc(), false);
  plan.y.add_to(plan.call, DNNL_ARG_DIFF_DST, plain_y(p, p.dtype), desc.diff_dst_desc(), false);
  plan.call.add(DNNL_ARG_DIFF_WEIGHTS, desc.diff_weights_desc());
  plan.packed_weights = desc.diff_weights_desc();
  plan.reorder = onednn_reorder(plan.packed_weights, plain_weights(p, DType::f32));
  note_implementation(describe(p, ConvRole::weight_gradient), desc.impl_info_str());
  plan.usable = true;
}

// False where oneDNN has no such thing.
template <class Make>
bool make_plan(Plan& plan, Make make) {
  try {
    plan = Plan();
    make(plan);
    return true;
  } catch (const dnnl::error& error) {
    plan = Plan();
    if (error.status != dnnl_unimplemented && error.status != dnnl_invalid_arguments) throw;
    return false;
  }
}

// In f32, oneDNN's weight gradients are up to 1.5 times as fast on its own layout, more than the two reorders
// cost; so are data gradients of large filters, and everything below AVX-512.
ConvForm form_of(const Conv2d& p, ConvRole role) {
  const bool whole_blocks = p.groups == 1 && p.c % 16 == 0 && p.k % 16 == 0;
  const bool large_gradient = role == ConvRole::data_gradient && p.r * p.s >= 16;
  const bool slow_plain = role == ConvRole::weight_gradient || large_gradient || !has_avx512();
  return p.dtype == DType::f32 && whole_blocks && slow_plain ? ConvForm::blocked : ConvForm::direct;
}

// The plan of a problem in one direction and form; variant is what else it depends on. Made once.
template <class Make>
Plan& plan_of(const Conv2d& p, ConvRole role, ConvForm form, std::array<int, 3> variant, Make make) {
  using Key = std::array<int, 22>;
  static std::map<Key, Plan> plans;
  const Key key{p.n,
                p.h,
                p.w,
                p.c,
                p.k,
                p.r,
                p.s,
                p.p,
                p.q,
                p.stride_h,
                p.stride_w,
                p.pad_h,
                p.pad_w,
                p.dilation_h,
                p.dilation_w,
                p.groups,
                static_cast<int>(p.dtype),
                static_cast<int>(role),
                static_cast<int>(form),
                variant[0],
                variant[1],
                variant[2]};
  const auto found = plans.find(key);
  if (found != plans.end()) return found->second;
  Plan plan;
  make(plan);
  return plans.emplace(key, std::move(plan)).first->second;
}

}  // namespace

bool forward_by_onednn(const Conv2d& p, const void* x, const Weight& w, void* y, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  const ConvForm form = form_of(p, ConvRole::forward);
  // What lies beside y meets it in a pass of its own.
  const bool own = has_beside(epilogue);
  const DType out = own ? DType::f32 : p.dtype;
  const Epilogue inside = own ? Epilogue{nullptr, Unary::identity, 0} : epilogue;
  const bool bias = inside.bias != nullptr;
  const float alpha = inside.activation == Unary::leaky_relu ? static_cast<float>(inside.alpha) : 0;
  Plan& plan = plan_of(
      p, ConvRole::forward, form, {bias + 2 * static_cast<int>(out), static_cast<int>(inside.activation), std::bit_cast<int>(alpha)},
      [&](Plan& made) {
        make_plan(made, [&](Plan& m) { plan_forward(m, p, form, out, bias, inside.activation, alpha); });
      });
  if (!plan.usable) return false;
  const int64_t rows = int64_t{p.n} * p.p * p.q;
  void* const sums = out == p.dtype ? y : onednn_scratch(Scratch::sums, rows * p.k * sizeof(float));
  plan.x.read(plan.call, x, Scratch::source);
  plan.call.use(DNNL_ARG_WEIGHTS, packed_weight(w, plan.packed_weights, plan.reorder));
  if (bias) plan.call.bind(DNNL_ARG_BIAS, inside.bias);
  plan.y.run_and_write(plan.call, sums, Scratch::destination);
  if (own) apply_epilogue(p.dtype, rows, p.k, epilogue, sums == y ? nullptr : sums, y);
  return true;
}

bool data_gradient_by_onednn(const Conv2d& p, const void* dy, const Weight& w, void* dx,
                             const Epilogue& epilogue) {
  auto lock = lock_onednn();
  const ConvForm form = form_of(p, ConvRole::data_gradient);
  const DType out = is_plain(epilogue) ? p.dtype : DType::f32;
  Plan& plan = plan_of(p, ConvRole::data_gradient, form, {static_cast<int>(out), 0, 0}, [&](Plan& made) {
    make_plan(made, [&](Plan& m) { plan_data_gradient(m, p, form, out); });
  });
  if (!plan.usable) return false;
  const int64_t rows = int64_t{p.n} * p.h * p.w;
  void* const sums = out == p.dtype ? dx : onednn_scratch(Scratch::sums, rows * p.c * sizeof(float));
  plan.y.read(plan.call, dy, Scratch::source);
  plan.call.use(DNNL_ARG_WEIGHTS, packed_weight(w, plan.packed_weights, plan.reorder));
  plan.x.run_and_write(plan.call, sums, Scratch::destination);
  apply_epilogue(p.dtype, rows, p.c, epilogue, sums == dx ? nullptr : sums, dx);
  return true;
}

bool onednn_overruns(const Conv2d& p) { return p.r == 1 && p.s == 1 && (p.stride_h > 1 || p.stride_w > 1) && p.c < 16; }

bool onednn_misreads(const Conv2d& p) { return p.dtype == DType::bf16 && p.c == 1 && p.stride_w > 1 && p.s > 4; }

bool weight_gradient_by_onednn(const Conv2d& p, const void* x, const void* dy, void* dw) {
  // oneDNN 2.6's kernel for bf16 adds memory that it never wrote where a step is wider than the image.
  if (p.dtype == DType::bf16 && p.stride_w > p.w) return false;
  if (onednn_overruns(p) || onednn_misreads(p)) return false;
  auto lock = lock_onednn();
  const ConvForm form = form_of(p, ConvRole::weight_gradient);
  Plan& plan = plan_of(p, ConvRole::weight_gradient, form, {}, [&](Plan& made) {
    if (form != ConvForm::direct && make_plan(made, [&](Plan& m) { plan_weight_gradient(m, p, form); }))
      return;
    make_plan(made, [&](Plan& m) { plan_weight_gradient(m, p, ConvForm::direct); });
  });
  if (!plan.usable) return false;
  void* const packed = onednn_scratch(Scratch::weights, plan.packed_weights.get_size());
  plan.x.read(plan.call, x, Scratch::source);
  plan.y.read(plan.call, dy, Scratch::destination);
  plan.call.bind(DNNL_ARG_DIFF_WEIGHTS, packed);
  plan.call.run();
  plan.reorder.bind(DNNL_ARG_FROM, packed);
  plan.reorder.bind(DNNL_ARG_TO, dw);
  plan.reorder.run();
  return true;
}

}  // namespace ganymede::kernels::cpu
