#include "kernels/cpu/conv2d.h"

#include <algorithm>
#include <climits>
#include <stdexcept>
#include <string>

#include "kernels/cpu/conv2d_border.h"
#include "kernels/cpu/conv2d_direct.h"
#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/conv2d_loops.h"
#include "kernels/cpu/conv2d_narrow.h"
#include "kernels/cpu/conv2d_onednn.h"
#include "kernels/cpu/conv2d_patches.h"
#include "kernels/cpu/conv2d_winograd.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/widen.h"

namespace ganymede::kernels::cpu {
namespace {

int64_t x_count(const Conv2d& p) { return int64_t{p.n} * p.h * p.w * p.c; }
int64_t y_count(const Conv2d& p) { return int64_t{p.n} * p.p * p.q * p.k; }
int64_t weight_count(const Conv2d& p) { return int64_t{p.k} * p.r * p.s * (p.c / p.groups); }

constexpr Epilogue kPlain{nullptr, Unary::identity, 0};

void check(const Conv2d& p, const Epilogue& epilogue) {
  if (p.dtype != DType::f32 && p.dtype != DType::bf16 && p.dtype != DType::f64)
    unsupported(p.dtype, "conv2d");
  if (p.dtype == DType::f32 && p.math == Math::tf32)
    throw std::runtime_error("cpu kernel conv2d: tf32 is not supported, f32 and bf16 are");
  if (epilogue.mask && (epilogue.bias || epilogue.residual || epilogue.activation != Unary::identity))
    throw std::runtime_error("cpu kernel conv2d: a mask comes without bias, residual and activation");
  if (epilogue.shuffle > 1) throw std::runtime_error("cpu kernel conv2d: does not shuffle pixels; shuffles() says so");
  if (p.border == Padding::reflect && (p.pad_h >= p.h || p.pad_w >= p.w))
    throw std::runtime_error("cpu kernel conv2d: reflection by " + std::to_string(p.pad_h) + ", " + std::to_string(p.pad_w) +
                             " needs more than as many pixels, x has " + std::to_string(p.h) + ", " + std::to_string(p.w));
}

// Filters of one tap with few channels on a side: a weight gradient dy^T [K, N*H*W] x [N*H*W, C] for which oneDNN's convolution is slow.
bool is_thin_product(const Conv2d& p) {
  return p.dtype == DType::f32 && p.r == 1 && p.s == 1 && p.stride_h == 1 && p.stride_w == 1 && p.pad_h == 0 && p.pad_w == 0 && p.groups == 1 &&
         p.p == p.h && p.q == p.w && std::min(p.c, p.k) < 8 && int64_t{p.n} * p.h * p.w <= INT_MAX;
}

// One output pixel that sees all of x, and nothing else: rows x [N, R*S*C], dy [N, K] and weights [K, R*S*C]
// as they lie.
bool is_matrix_product(const Conv2d& p) {
  return p.p == 1 && p.q == 1 && p.h == p.r && p.w == p.s && p.pad_h == 0 && p.pad_w == 0 &&
         p.dilation_h == 1 && p.dilation_w == 1 && p.groups == 1;
}

bool is_empty(const Conv2d& p) {
  return y_count(p) == 0 || int64_t{p.h} * p.w * p.c == 0;
}

Conv2d in_f32(Conv2d p) {
  p.dtype = DType::f32, p.math = Math::f32;
  return p;
}

// oneDNN has zeros outside alone; loops serve where it does not.
bool onednn_may(const Conv2d& p) { return p.dtype != DType::f64 && p.border == Padding::zero; }

// Of the image with its border, what forward and weight gradient below take: own kernels read the border, oneDNN and its products do not.
bool reads_border(Conv2dRole role, const Conv2d& p) {
  if (role == Conv2dRole::data_gradient) return false;
  if (p.dtype == DType::f64 || is_empty(p)) return true;
  const ConvRole own = role == Conv2dRole::forward ? ConvRole::forward : ConvRole::weight_gradient;
  if (is_matrix_product(padded_problem(p))) return false;
  if (is_narrow(p, own) || goes_by_winograd(p)) return true;
  const Conv2d inner = is_widened(p.dtype) ? in_f32(p) : p;
  return goes_directly(inner, own) || prefers_patches(inner, own);
}

// One direction that multiplies an image by weights, bf16 in and out, f32 inside; rows and channels of the result.
template <class Product>
void multiply_in_f32(const Conv2d& p, const void* image, int64_t count, const Weight& w, void* result, int64_t rows, int64_t channels, const Epilogue& epilogue,
                     Product product) {
  auto lock = lock_onednn();
  const float* const wide_image = widened(image, count, Scratch::wide_first);
  const Weight wide_w{widened(w.data, weight_count(p), Scratch::wide_second), nullptr};
  float* const wide = wide_result(rows * channels);
  product(in_f32(p), wide_image, wide_w, wide);
  apply_epilogue(p.dtype, rows, channels, epilogue, wide, result);
}

void forward(Stream stream, const Conv2d& p, const void* x, const Weight& w, void* y,
             const Epilogue& epilogue, void*) {
  check(p, epilogue);
  if (y_count(p) == 0) return;
  const int inner = p.r * p.s * p.c;
  if (is_matrix_product(p) && p.dtype != DType::f64 && inner > 0) {
    const Gemm gemm{1, p.n, p.k, inner, false, true, 0, 0, p.dtype, p.dtype, p.math};
    return gemm_kernels.multiply(stream, gemm, x, w.data, y, epilogue);
  }
  if (!is_empty(p) && is_narrow(p, ConvRole::forward)) return forward_narrow(p, x, w.data, y, epilogue);
  if (!is_empty(p) && goes_by_winograd(p)) return forward_by_winograd(p, x, w, y, epilogue);
  if (!is_empty(p) && is_widened(p.dtype)) {
    return multiply_in_f32(p, x, x_count(p), w, y, int64_t{p.n} * p.p * p.q, p.k, epilogue, [&](const Conv2d& q, const float* wide_x, const Weight& wide_w, float* wide_y) {
      forward(stream, q, wide_x, wide_w, wide_y, kPlain, nullptr);
    });
  }
  if (!is_empty(p) && goes_directly(p, ConvRole::forward)) return forward_directly(p, x, w.data, y, epilogue);
  if (!is_empty(p) && prefers_patches(p, ConvRole::forward) && forward_by_patches(p, x, w.data, y, epilogue))
    return;
  if (onednn_may(p) && !is_empty(p) && forward_by_onednn(p, x, w, y, epilogue)) return;
  forward_by_loops(p, x, w.data, y, epilogue);
}

void data_gradient(Stream stream, const Conv2d& p, const void* dy, const Weight& w, void* dx,
                   const Epilogue& epilogue, void*) {
  check(p, epilogue);
  if (p.border != Padding::zero) throw std::runtime_error("cpu kernel conv2d data gradient: takes a border of zeros, has another; take it of the padded image");
  const int64_t rows = int64_t{p.n} * p.h * p.w;
  if (rows * p.c == 0) return;
  const int inner = p.r * p.s * p.c;
  if (is_matrix_product(p) && p.dtype != DType::f64 && p.k > 0) {
    const bool plain = is_plain(epilogue);
    const Gemm gemm{1, p.n, inner, p.k, false, false, 0, 0, p.dtype, p.dtype, p.math};
    gemm_kernels.multiply(stream, gemm, dy, w.data, dx, kPlain);
    if (!plain) apply_epilogue(p.dtype, rows, p.c, epilogue, nullptr, dx);
    return;
  }
  if (!is_empty(p) && is_narrow(p, ConvRole::data_gradient))
    return data_gradient_narrow(p, dy, w.data, dx, epilogue);
  if (!is_empty(p) && goes_by_winograd(p)) return data_gradient_by_winograd(p, dy, w, dx, epilogue);
  if (!is_empty(p) && is_widened(p.dtype)) {
    return multiply_in_f32(p, dy, y_count(p), w, dx, rows, p.c, epilogue, [&](const Conv2d& q, const float* wide_dy, const Weight& wide_w, float* wide_dx) {
      data_gradient(stream, q, wide_dy, wide_w, wide_dx, kPlain, nullptr);
    });
  }
  if (!is_empty(p) && goes_directly(p, ConvRole::data_gradient)) return data_gradient_directly(p, dy, w.data, dx, epilogue);
  if (p.dtype != DType::f64 && !is_empty(p) && data_gradient_by_onednn(p, dy, w, dx, epilogue)) return;
  data_gradient_by_loops(p, dy, w.data, dx, epilogue);
}

void weight_gradient(Stream stream, const Conv2d& p, const void* x, const void* dy, void* dw, void*) {
  check(p, kPlain);
  const int64_t inner = int64_t{p.r} * p.s * (p.c / p.groups);
  if (p.k * inner == 0) return;
  if (is_matrix_product(p) && p.dtype != DType::f64 && p.n > 0) {
    const Gemm gemm{1, p.k, static_cast<int>(inner), p.n, true, false, 0, 0, p.dtype, DType::f32, p.math};
    return gemm_kernels.multiply(stream, gemm, dy, x, dw, kPlain);
  }
  if (!is_empty(p) && is_thin_product(p)) {
    const Gemm gemm{1, p.k, p.c, p.n * p.h * p.w, true, false, 0, 0, p.dtype, DType::f32, p.math};
    return gemm_kernels.multiply(stream, gemm, dy, x, dw, kPlain);
  }
  if (!is_empty(p) && is_narrow(p, ConvRole::weight_gradient)) return weight_gradient_narrow(p, x, dy, dw);
  if (!is_empty(p) && goes_by_winograd(p)) return weight_gradient_by_winograd(p, x, dy, dw);
  if (!is_empty(p) && is_widened(p.dtype)) {
    auto lock = lock_onednn();
    const float* const wide_x = widened(x, x_count(p), Scratch::wide_first);
    const float* const wide_dy = widened(dy, y_count(p), Scratch::wide_second);
    return weight_gradient(stream, in_f32(p), wide_x, wide_dy, dw, nullptr);
  }
  if (!is_empty(p) && prefers_patches(p, ConvRole::weight_gradient) &&
      weight_gradient_by_patches(p, x, dy, dw))
    return;
  if (onednn_may(p) && !is_empty(p) && weight_gradient_by_onednn(p, x, dy, dw)) return;
  weight_gradient_by_loops(p, x, dy, dw);
}

bool shuffles(const Conv2d&, int) { return false; }

// oneDNN reads and writes one tensor, and what our own kernels would save is little: pairs are joined first.
bool takes_pairs(Conv2dRole, const Conv2d& p) { return !has_pair(p); }

// Where oneDNN stores, a mask is a pass of its own.
bool masks(Conv2dRole role, const Conv2d& p) {
  if (p.dtype == DType::f64 || is_empty(p)) return true;
  const ConvRole own = role == Conv2dRole::forward ? ConvRole::forward : ConvRole::data_gradient;
  if (is_matrix_product(p) || (p.border != Padding::zero && !reads_border(role, p))) return false;
  return is_narrow(p, own) || goes_by_winograd(p) || is_widened(p.dtype) || goes_directly(p, own);
}

void refuse_pairs(const Conv2d& p) {
  if (has_pair(p)) throw std::runtime_error("cpu kernel conv2d: takes one tensor at either end, was given two side by side; join them first");
}

size_t no_workspace(const Conv2d&) { return 0; }  // what is packed lies in the backend's own scratch memory

}  // namespace

const Conv2dKernels conv2d_kernels = {
    [](Stream stream, const Conv2d& p, ImageIn x, const Weight& w, ImageOut y, const Epilogue& epilogue, void* workspace) {
      refuse_pairs(p);
      forward(stream, p, x.first, w, y.first, epilogue, workspace);
    },
    [](Stream stream, const Conv2d& p, ImageIn dy, const Weight& w, ImageOut dx, const Epilogue& epilogue, void* workspace) {
      refuse_pairs(p);
      data_gradient(stream, p, dy.first, w, dx.first, epilogue, workspace);
    },
    [](Stream stream, const Conv2d& p, ImageIn x, ImageIn dy, void* dw, void* workspace) {
      refuse_pairs(p);
      weight_gradient(stream, p, x.first, dy.first, dw, workspace);
    },
    no_workspace, no_workspace, no_workspace, reads_border, shuffles, takes_pairs, masks};

}  // namespace ganymede::kernels::cpu
