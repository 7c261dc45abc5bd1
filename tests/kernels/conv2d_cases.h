// Convolutions of the tests of tiled kernels, and their three directions against seven nested loops in double.
#pragma once
#include "kernels/device/conv_launch.h"
#include "kernels/device/conv_plan.h"
#include "tests/kernels/conv2d_check.h"

namespace ganymede::kernels::sim::check {

constexpr Conv2dRole kRoles[] = {Conv2dRole::forward, Conv2dRole::data_gradient, Conv2dRole::weight_gradient};
constexpr const char* kRoleNames[] = {"forward", "data gradient", "weight gradient"};

struct Number {
  DType dtype;
  Math math;
};
constexpr Number kNumbers[] = {{DType::f32, Math::f32}, {DType::f32, Math::tf32}, {DType::bf16, Math::f32}};
inline const Conv2dKernels& conv2d() { return kernels_under_test().conv2d; }
constexpr int kSmall = static_cast<int>(TileName::small);
constexpr Epilogue kPlain{nullptr, Unary::identity, 0};
// Operands of an epilogue whose values the functions below choose.
constexpr char kPresent = 0;
constexpr Epilogue kMasked{nullptr, Unary::identity, 0.2, nullptr, 1, &kPresent};
inline std::vector<Epilogue> epilogues(Unary f) {
  return {{&kPresent, f, 0.2}, {nullptr, f, 0.2}, {&kPresent, f, 0.2, &kPresent}, {nullptr, f, 0.2, &kPresent}};
}

// n, h, w, c, k, r, s, stride, pad, dilation, groups; p and q the largest that fit.
inline Conv2d conv(int n, int h, int w, int c, int k, int r, int s, int stride = 1, int pad = 0, int dilation = 1,
            int groups = 1) {
  const auto out = [&](int size, int taps) {
    return (size + 2 * pad - (taps - 1) * dilation - 1) / stride + 1;
  };
  return {n,      h,      w,   c,   k,        r,        s,      out(h, r),  out(w, s),
          stride, stride, pad, pad, dilation, dilation, groups, DType::f32, Math::f32};
}

inline Conv2d with(Conv2d p, Number number) {
  p.dtype = number.dtype;
  p.math = number.math;
  return p;
}

// Tile and parts of the sum; by_kernels: as Conv2dKernels chooses.
struct Choice {
  bool by_kernels = true;
  TileName tile = TileName::small;
  int parts = 1;
};

struct Outcome {
  double error;
  std::vector<unsigned char> bits;
};

// y [N, P, Q, K] as Epilogue::shuffle lays it out.
inline std::vector<double> pixel_shuffled(const Conv2d& p, int factor, const std::vector<double>& y) {
  std::vector<double> to(y.size());
  const int channels = p.k / (factor * factor);
  for (int64_t from = 0; from < std::ssize(y); ++from) {
    const int k = int(from % p.k), q = int(from / p.k % p.q), c = k / (factor * factor), i = k / factor % factor, j = k % factor;
    const int64_t row = from / p.k / p.q;
    to[((row * factor + i) * p.q * factor + q * factor + j) * channels + c] = y[from];
  }
  return to;
}

// shift: spoils the alignment of every operand, negative of what lies beside the result alone.
inline Outcome forward(const Conv2d& p, Choice choice = {}, Epilogue epilogue = kPlain, int shift = 0) {
  const auto x = random_values(x_count(p), 1), w = random_values(w_count(p), 2), b = random_values(p.k, 3);
  const auto beside = epilogue.mask ? mask_values(y_count(p), 9) : random_values(y_count(p), 9);
  Guarded from(p.dtype, x, std::max(shift, 0)), filter(p.dtype, w, std::max(shift, 0)), bias(DType::f32, b), residual(p.dtype, beside, std::abs(shift)),
      to(p.dtype, y_count(p), std::max(shift, 0));
  const bool biased = epilogue.bias != nullptr, summed = epilogue.residual != nullptr, masked = epilogue.mask != nullptr;
  if (biased) epilogue.bias = bias.data();
  if (summed) epilogue.residual = residual.data();
  if (masked) epilogue.mask = residual.data();
  const size_t bytes = choice.by_kernels ? conv2d().forward_workspace(p) : 0;
  Guarded workspace(DType::f32, static_cast<int64_t>(bytes / 4));
  if (choice.by_kernels)
    conv2d().forward(nullptr, p, from.data(), {filter.data(), nullptr}, to.data(), epilogue, bytes ? workspace.data() : nullptr);
  else
    launchers().forward(nullptr, p, from.data(), filter.data(), to.data(), epilogue,
                        static_cast<int>(choice.tile), choice.parts);
  EXPECT_TRUE(workspace.guard_is_whole());
  EXPECT_TRUE(to.guard_is_whole());
  std::vector<double> want(y_count(p));
  for_each_term(p, [&](int64_t i, int64_t f, int64_t j) { want[j] += x[i] * w[f]; });
  finish(want, biased ? b : std::vector<double>{}, Unary::identity, 0);
  if (epilogue.shuffle > 1) want = pixel_shuffled(p, epilogue.shuffle, want);
  finish(want, {}, epilogue.activation, epilogue.alpha, summed ? beside : std::vector<double>{}, masked ? beside : std::vector<double>{});
  return {relative_error(to.values(), want), to.bits()};
}

inline Outcome data_gradient(const Conv2d& p, Choice choice = {}, Epilogue epilogue = kPlain, int shift = 0) {
  const auto dy = random_values(y_count(p), 4), w = random_values(w_count(p), 5), b = random_values(p.c, 6);
  const auto beside = epilogue.mask ? mask_values(x_count(p), 9) : random_values(x_count(p), 9);
  Guarded from(p.dtype, dy, std::max(shift, 0)), filter(p.dtype, w, std::max(shift, 0)), bias(DType::f32, b), residual(p.dtype, beside, std::abs(shift)),
      to(p.dtype, x_count(p), std::max(shift, 0));
  const bool biased = epilogue.bias != nullptr, summed = epilogue.residual != nullptr, masked = epilogue.mask != nullptr;
  if (biased) epilogue.bias = bias.data();
  if (summed) epilogue.residual = residual.data();
  if (masked) epilogue.mask = residual.data();
  const size_t bytes = choice.by_kernels ? conv2d().data_gradient_workspace(p) : data_gradient_workspace(p, {choice.tile, choice.parts});
  Guarded workspace(DType::f32, static_cast<int64_t>(bytes / 4));
  void* const memory = bytes ? workspace.data() : nullptr;
  if (choice.by_kernels)
    conv2d().data_gradient(nullptr, p, from.data(), {filter.data(), nullptr}, to.data(), epilogue, memory);
  else
    launchers().data_gradient(nullptr, p, from.data(), filter.data(), to.data(), epilogue, memory,
                              static_cast<int>(choice.tile), choice.parts);
  EXPECT_TRUE(workspace.guard_is_whole());
  EXPECT_TRUE(to.guard_is_whole());
  std::vector<double> want(x_count(p));
  for_each_term(p, [&](int64_t i, int64_t f, int64_t j) { want[i] += dy[j] * w[f]; });
  finish(want, biased ? b : std::vector<double>{}, epilogue.activation, epilogue.alpha, summed ? beside : std::vector<double>{}, masked ? beside : std::vector<double>{});
  return {relative_error(to.values(), want), to.bits()};
}

inline Outcome weight_gradient(const Conv2d& p, Choice choice = {}, int shift = 0) {
  const auto x = random_values(x_count(p), 7), dy = random_values(y_count(p), 8);
  Guarded from(p.dtype, x, shift), above(p.dtype, dy, shift), to(DType::f32, w_count(p), shift);
  const size_t bytes =
      choice.by_kernels ? conv2d().weight_gradient_workspace(p) : weight_gradient_workspace(p, {choice.tile, choice.parts});
  Guarded workspace(DType::f32, static_cast<int64_t>(bytes / 4));
  if (choice.by_kernels) {
    conv2d().weight_gradient(nullptr, p, from.data(), above.data(), to.data(),
                                   bytes ? workspace.data() : nullptr);
  } else {
    launchers().weight_gradient(nullptr, p, from.data(), above.data(), to.data(), bytes ? workspace.data() : nullptr,
                                static_cast<int>(choice.tile), choice.parts);
  }
  EXPECT_TRUE(to.guard_is_whole());
  EXPECT_TRUE(workspace.guard_is_whole());
  std::vector<double> want(w_count(p));
  for_each_term(p, [&](int64_t i, int64_t f, int64_t j) { want[f] += x[i] * dy[j]; });
  return {relative_error(to.values(), want), to.bits()};
}

}  // namespace ganymede::kernels::sim::check
