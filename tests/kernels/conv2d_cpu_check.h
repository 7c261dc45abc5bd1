// A convolution of the cpu device against seven nested loops in double, in every direction.
#pragma once
#include <cstring>

#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu::conv2d_check {

constexpr Epilogue kPlain{nullptr, Unary::identity, 0};
constexpr char kPresent = 0;
constexpr Epilogue kMasked{nullptr, Unary::identity, 0.2, nullptr, 1, &kPresent};

inline size_t size_of(DType dtype) { return dtype == DType::f64 ? 8 : dtype == DType::f32 ? 4 : 2; }

// An operand in dtype with a guard behind it; starts as NaN.
class Buffer {
 public:
  Buffer(DType dtype, int64_t count)
      : dtype_(dtype), count_(count), bytes_(count * size_of(dtype) + kGuard, 0xff) {}
  Buffer(DType dtype, const std::vector<double>& values)
      : Buffer(dtype, static_cast<int64_t>(values.size())) {
    for (int64_t i = 0; i < count_; ++i) {
      if (dtype == DType::f64) reinterpret_cast<double*>(data())[i] = values[i];
      if (dtype == DType::f32) reinterpret_cast<float*>(data())[i] = static_cast<float>(values[i]);
      if (dtype == DType::bf16) reinterpret_cast<Bf16*>(data())[i] = to_bf16(static_cast<float>(values[i]));
    }
  }
  void* data() { return bytes_.data(); }
  std::vector<double> values() {
    std::vector<double> all(count_);
    for (int64_t i = 0; i < count_; ++i) {
      if (dtype_ == DType::f64) all[i] = reinterpret_cast<double*>(data())[i];
      if (dtype_ == DType::f32) all[i] = reinterpret_cast<float*>(data())[i];
      if (dtype_ == DType::bf16) all[i] = to_float(reinterpret_cast<Bf16*>(data())[i]);
    }
    return all;
  }
  bool guard_is_whole() const {
    for (size_t i = bytes_.size() - kGuard; i < bytes_.size(); ++i)
      if (bytes_[i] != 0xff) return false;
    return true;
  }

 private:
  static constexpr size_t kGuard = 64;
  DType dtype_;
  int64_t count_;
  std::vector<unsigned char> bytes_;
};

inline int64_t x_count(const Conv2d& p) { return int64_t{p.n} * p.h * p.w * p.c; }
inline int64_t y_count(const Conv2d& p) { return int64_t{p.n} * p.p * p.q * p.k; }
inline int64_t w_count(const Conv2d& p) { return int64_t{p.k} * p.r * p.s * (p.c / p.groups); }

// Calls term(index in x, in w, in y) for every product of the sum in kernels/api/conv2d.h.
template <typename Term>
void for_each_term(const Conv2d& p, Term term) {
  const int width = p.c / p.groups;
  for (int n = 0; n < p.n; ++n)
    for (int row = 0; row < p.p; ++row)
      for (int q = 0; q < p.q; ++q)
        for (int k = 0; k < p.k; ++k)
          for (int r = 0; r < p.r; ++r)
            for (int s = 0; s < p.s; ++s)
              for (int c = 0; c < width; ++c) {
                const int h = row * p.stride_h - p.pad_h + r * p.dilation_h,
                          w = q * p.stride_w - p.pad_w + s * p.dilation_w;
                if (h < 0 || h >= p.h || w < 0 || w >= p.w) continue;
                const int channel = k / (p.k / p.groups) * width + c;
                term(((int64_t{n} * p.h + h) * p.w + w) * p.c + channel,
                     ((int64_t{k} * p.r + r) * p.s + s) * width + c,
                     ((int64_t{n} * p.p + row) * p.q + q) * p.k + k);
              }
}

// What a relu leaves: some are zero.
inline std::vector<double> mask_values(int64_t count, int seed) {
  std::vector<double> values = random_values(count, seed);
  for (size_t i = 0; i < values.size(); i += 3) values[i] = 0;
  return values;
}

inline void finish(std::vector<double>& values, int channels, const std::vector<double>& bias, Unary activation,
            double alpha, const std::vector<double>& residual, const std::vector<double>& mask) {
  for (size_t i = 0; i < values.size(); ++i) {
    double& v = values[i];
    if (!bias.empty()) v += bias[i % channels];
    if (!residual.empty()) v += residual[i];
    if (activation == Unary::relu) v = std::max(v, 0.0);
    if (activation == Unary::leaky_relu) v = v > 0 ? v : alpha * v;
    if (activation == Unary::sigmoid) v = 1 / (1 + std::exp(-v));
    if (activation == Unary::tanh) v = std::tanh(v);
    if (!mask.empty() && !(mask[i] > 0)) v *= alpha;
  }
}

struct Tolerance {
  double forward, gradient;
};
inline Tolerance tolerance(DType dtype) {
  if (dtype == DType::f64) return {1e-13, 1e-13};
  return dtype == DType::f32 ? Tolerance{1e-5, 5e-5} : Tolerance{1e-2, 2e-2};
}

inline Conv2d with_type(Conv2d p, DType dtype) {
  p.dtype = dtype;
  return p;
}

// Of f the activation counts, and whether a mask is there.
inline void expect_matches(const Conv2d& p, const Epilogue& f, bool bias, const Conv2dKernels& kernels = conv2d_kernels, bool residual = false) {
  SCOPED_TRACE(testing::Message() << name_of(p.dtype) << " n" << p.n << ' ' << p.h << 'x' << p.w << 'x' << p.c
                                  << " -> " << p.p << 'x' << p.q << 'x' << p.k << " k" << p.r << 'x' << p.s
                                  << " s" << p.stride_h << 'x' << p.stride_w << " p" << p.pad_h << 'x'
                                  << p.pad_w << " d" << p.dilation_h << " g" << p.groups << " activation "
                                  << static_cast<int>(f.activation) << " bias " << bias << " residual " << residual << " mask " << (f.mask != nullptr));
  const auto x = random_values(x_count(p), 1), dy = random_values(y_count(p), 3);
  auto w = random_values(w_count(p), 2);
  // So that y is about 1, where activations bend, and bf16 holds w still.
  const double scale = std::exp2(-std::round(std::log2(1.0 * p.r * p.s * p.c / p.groups) / 2));
  for (double& v : w) v *= scale;
  const DType sums = p.dtype == DType::f64 ? DType::f64 : DType::f32;
  Buffer bx(p.dtype, x), bw(p.dtype, w), bdy(p.dtype, dy);
  const Weight weight{bw.data(), nullptr};

  std::vector<double> y(y_count(p)), dx(x_count(p)), dw(w_count(p));
  for_each_term(p, [&](int64_t ix, int64_t iw, int64_t iy) {
    y[iy] += x[ix] * w[iw];
    dx[ix] += dy[iy] * w[iw];
    dw[iw] += dy[iy] * x[ix];
  });
  const std::vector<double> bias_k = bias ? random_values(p.k, 4) : std::vector<double>();
  const std::vector<double> bias_c = bias ? random_values(p.c, 5) : std::vector<double>();
  const std::vector<double> beside_y = residual ? random_values(y_count(p), 6) : std::vector<double>();
  const std::vector<double> beside_x = residual ? random_values(x_count(p), 7) : std::vector<double>();
  const std::vector<double> mask_y = f.mask ? mask_values(y_count(p), 8) : std::vector<double>();
  const std::vector<double> mask_x = f.mask ? mask_values(x_count(p), 9) : std::vector<double>();
  finish(y, p.k, bias_k, f.activation, f.alpha, beside_y, mask_y);
  finish(dx, p.c, bias_c, f.activation, f.alpha, beside_x, mask_x);

  Buffer bbias_k(sums, bias_k), bbias_c(sums, bias_c), bbeside_y(p.dtype, beside_y), bbeside_x(p.dtype, beside_x), bmask_y(p.dtype, mask_y), bmask_x(p.dtype, mask_x);
  Buffer by(p.dtype, y_count(p)), bdx(p.dtype, x_count(p)), bdw(sums, w_count(p));
  kernels.forward(nullptr, p, bx.data(), weight, by.data(), {bias ? bbias_k.data() : nullptr, f.activation, f.alpha, residual ? bbeside_y.data() : nullptr, 1, f.mask ? bmask_y.data() : nullptr}, nullptr);
  kernels.data_gradient(nullptr, p, bdy.data(), weight, bdx.data(), {bias ? bbias_c.data() : nullptr, f.activation, f.alpha, residual ? bbeside_x.data() : nullptr, 1, f.mask ? bmask_x.data() : nullptr}, nullptr);
  std::vector<char> workspace(kernels.weight_gradient_workspace(p));
  kernels.weight_gradient(nullptr, p, bx.data(), bdy.data(), bdw.data(), workspace.data());
  EXPECT_LE(relative_error(by.values(), y), tolerance(p.dtype).forward) << "forward";
  EXPECT_LE(relative_error(bdx.values(), dx), tolerance(p.dtype).gradient) << "data gradient";
  EXPECT_LE(relative_error(bdw.values(), dw), tolerance(p.dtype).gradient) << "weight gradient";
  EXPECT_TRUE(by.guard_is_whole() && bdx.guard_is_whole() && bdw.guard_is_whole());
}

}  // namespace ganymede::kernels::cpu::conv2d_check
