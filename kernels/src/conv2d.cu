// The convolution family of this target: which kernel, tile and how many parts of the sum each direction takes.
#include <stdexcept>
#include <string>

#include "kernels/api/gemm.h"
#include "kernels/device/conv_launch.h"
#include "kernels/device/conv_maps.h"
#include "kernels/device/conv_plan.h"
#include "kernels/device/families.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void check_convolution(const Conv2d& p, const char* direction) {
  const auto fail = [&](const std::string& what) {
    throw std::runtime_error(std::string("conv2d ") + direction + ": " + what);
  };
  if (p.dtype != DType::f32 && p.dtype != DType::bf16) fail("only f32 and bf16 run on this device");
  if (p.border == Padding::reflect && (p.pad_h >= p.h || p.pad_w >= p.w)) {
    fail("reflection by " + std::to_string(p.pad_h) + ", " + std::to_string(p.pad_w) + " needs more than as many pixels, x has " +
         std::to_string(p.h) + ", " + std::to_string(p.w));
  }
  const auto check_size = [&](const char* tensor, int64_t a, int64_t b, int64_t c, int64_t d) {
    if (static_cast<double>(a) * b * c * d > kMaxElements) {
      fail(std::string(tensor) + " [" + std::to_string(a) + ", " + std::to_string(b) + ", " +
           std::to_string(c) + ", " + std::to_string(d) + "] has more than " + std::to_string(kMaxElements) +
           " elements");
    }
  };
  check_size("x", p.n, p.h, p.w, p.c);
  check_size("y", p.n, p.p, p.q, p.k);
  check_size("w", p.k, p.r, p.s, p.c / p.groups);
  const auto check_pair = [&](const char* tensor, int channels, int first) {
    if (first < 0 || first >= channels || p.groups != 1) {
      fail("the first of two tensors side by side has " + std::to_string(first) + " of the " + std::to_string(channels) + " channels of " + tensor + " in " +
           std::to_string(p.groups) + " groups; it must have 1 to all but one, in one group");
    }
  };
  if (p.c_first != 0) check_pair("x", p.c, p.c_first);
  if (p.k_first != 0) check_pair("y", p.k, p.k_first);
}

namespace {

// Shuffled results are several products, which the kernels of few channels do not make; few_to_wide has no registers left for a residual.
TilePlan plan_before(Conv2dRole role, const Conv2d& p, const Epilogue& epilogue) {
  if ((epilogue.residual || epilogue.mask) && (role == Conv2dRole::forward ? p.k_first : p.c_first) > 0) {
    throw std::runtime_error("conv2d: a residual or a mask lies as one result does, this one lies in two tensors");
  }
  const TilePlan plan = plan_for(role, p);
  if (epilogue.shuffle > 1) return is_twin(plan.tile) ? plan : plan_of(forward_product(p, epilogue.shuffle));
  const bool takes = plan.tile != TileName::few_channels || !(epilogue.residual && thin_role(role, p) == ThinRole::few_to_wide);
  return takes ? plan : plan_of(product_of(role, p));
}

void forward(Stream stream, const Conv2d& p, ImageIn x, const Weight& w, ImageOut y,
             const Epilogue& epilogue, void* workspace) {
  const TilePlan plan = plan_before(Conv2dRole::forward, p, epilogue);
  if (plan.tile == TileName::winograd) convolve_forward_winograd(stream, p, x.first, w.data, y.first, epilogue, workspace);
  else if (plan.tile != TileName::few_channels) convolve_forward(stream, p, x, w.data, y, epilogue, plan);
  else if (has_few_inputs(p)) convolve_few_to_wide(stream, p, x, w.data, y, epilogue);
  else convolve_wide_to_few(stream, p, x, w.data, y, epilogue);
}

void data_gradient(Stream stream, const Conv2d& p, ImageIn dy, const Weight& w, ImageOut dx,
                   const Epilogue& epilogue, void* workspace) {
  if (p.border != Padding::zero) throw std::runtime_error("conv2d data gradient: takes a border of zeros, has another; take it of the padded image");
  if (epilogue.shuffle > 1) throw std::runtime_error("conv2d data gradient: does not shuffle pixels; forward does");
  if (data_gradient_is_product(p) && !has_pair(p) && !epilogue.bias) {
    check_convolution(p, "data gradient");
    return gemm_kernels.multiply(stream, {1, p.n, p.r * p.s * p.c, p.k, false, false, 0, 0, p.dtype, p.dtype, p.math}, dy.first, w.data, dx.first, epilogue);
  }
  const TilePlan plan = plan_before(Conv2dRole::data_gradient, p, epilogue);
  if (plan.tile == TileName::winograd) convolve_data_gradient_winograd(stream, p, dy.first, w.data, dx.first, epilogue, workspace);
  else if (plan.tile != TileName::few_channels) convolve_data_gradient(stream, p, dy, w.data, dx, epilogue, workspace, plan);
  else if (has_few_inputs(p)) convolve_wide_to_few(stream, p, dy, w.data, dx, epilogue);
  else convolve_few_to_wide(stream, p, dy, w.data, dx, epilogue);
}

void weight_gradient(Stream stream, const Conv2d& p, ImageIn x, ImageIn dy, void* dw,
                     void* workspace) {
  const TilePlan plan = plan_for(Conv2dRole::weight_gradient, p);
  if (plan.tile == TileName::winograd) convolve_weight_gradient_winograd(stream, p, x.first, dy.first, dw, workspace);
  else if (plan.tile != TileName::few_channels) convolve_weight_gradient(stream, p, x, dy, dw, workspace, plan);
  else convolve_few_weights(stream, p, x, dy, dw, workspace);
}

size_t forward_bytes(const Conv2d& p) { return forward_workspace(p, plan_for(Conv2dRole::forward, p)); }

size_t data_gradient_bytes(const Conv2d& p) {
  return data_gradient_workspace(p, plan_for(Conv2dRole::data_gradient, p));
}

size_t weight_gradient_bytes(const Conv2d& p) {
  const TilePlan plan = plan_for(Conv2dRole::weight_gradient, p);
  if (plan.tile == TileName::few_channels) return few_weights_workspace(p);
  return weight_gradient_workspace(p, plan);
}

bool reads_border_on_this_card(Conv2dRole role, const Conv2d& p) {
  return reads_border(role, p, simt::compute_capability());
}

bool shuffles_on_this_card(const Conv2d& p, int shuffle) { return shuffles(p, shuffle, simt::compute_capability()); }

bool takes_pairs_on_this_card(Conv2dRole role, const Conv2d& p) {
  return takes_pairs(role, p, simt::compute_capability());
}

bool masks(Conv2dRole, const Conv2d&) { return true; }

}  // namespace

const Conv2dKernels conv2d_kernels = {forward, data_gradient, weight_gradient, forward_bytes, data_gradient_bytes, weight_gradient_bytes, reads_border_on_this_card,
                                      shuffles_on_this_card, takes_pairs_on_this_card, masks};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
