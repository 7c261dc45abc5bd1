// The activation that norm.apply put behind a norm, as the norm's gradients see it: dy * f'(v) takes the place of dy, where
// v = (x - mean) * scale + shift, scale = rstd * gamma and shift = beta, computed anew as apply computed it.
#pragma once
#include <stdexcept>

#include "kernels/device/functors.h"
#include "kernels/device/norm.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <class Op, class A>
struct Behind {
  Op op;  // Fixed, or for f64 a Unary; leaky_relu stands for relu too, with alpha 0
  A alpha;
  const A *gamma, *beta;  // null: 1, 0

  __device__ bool none() const { return static_cast<Unary>(op) == Unary::identity; }

  __device__ A times_slope(A g, A centred, A scale, A shift) const {
    if (none()) return g;
    const A v = centred * scale + shift;
    if (static_cast<Unary>(op) == Unary::tanh) {
      const A y = math::tanh(v);
      return g * (A(1) - y * y);
    }
    return g * (v > A(0) ? A(1) : alpha);
  }

  // A row of neighbouring channels joins the sums of dy and of dy * (x - mean).
  template <int kWidth, class T>
  __device__ void add(const Elements<kWidth, T>& x, const Elements<kWidth, T>& dy, const A (&mean)[kWidth], const A (&scale)[kWidth],
                      const A (&shift)[kWidth], ColumnState<A, kWidth>& sums) const {
    for (int j = 0; j < kWidth; ++j) {
      const A centred = widen(x[j]) - mean[j];
      const A g = times_slope(widen(dy[j]), centred, scale[j], shift[j]);
      sums.first[j] += g;
      sums.second[j] += g * centred;
    }
  }

  // dx = a * dy - b - (x - mean) * c of such a row takes the place of x; a is the scale.
  template <int kWidth, class T>
  __device__ void apply(Elements<kWidth, T>& x, const Elements<kWidth, T>& dy, const A (&mean)[kWidth], const A (&a)[kWidth],
                        const A (&b)[kWidth], const A (&c)[kWidth], const A (&shift)[kWidth]) const {
    for (int j = 0; j < kWidth; ++j) {
      const A centred = widen(x[j]) - mean[j];
      const A g = times_slope(widen(dy[j]), centred, a[j], shift[j]);
      x[j] = narrow<T>(a[j] * g - b[j] - centred * c[j]);
    }
  }

  // shift of kWidth channels of an outer index. vectors: beta may be read 16 bytes at a time.
  template <int kWidth>
  __device__ void load_shift(const Norm& norm, int64_t outer, int64_t channel, bool vectors,
                             A (&shift)[kWidth]) const {
    for (int j = 0; j < kWidth; ++j) shift[j] = 0;
    if (!none() && beta) load_numbers(beta + outer * norm.affine_stride + channel, vectors, shift);
  }

  // scale of the same.
  template <int kWidth>
  __device__ void load_scale(const Norm& norm, int64_t outer, int64_t channel, bool vectors, const A* rstd,
                             A (&scale)[kWidth]) const {
    A by[kWidth];
    for (int j = 0; j < kWidth; ++j) scale[j] = by[j] = 1;
    if (none()) return;
    load_of_groups(rstd + outer * norm.groups, channel, norm.width, vectors, scale);
    if (gamma) load_numbers(gamma + outer * norm.affine_stride + channel, vectors, by);
    for (int j = 0; j < kWidth; ++j) scale[j] *= by[j];
  }
};

// Those coefficients of a channel with statistics of its own. They come as gamma, the sum of dy (0 if not centred) and rstd; share: 1 / rows.
template <class A>
__device__ inline void gradient_coefficients(A share, A dgamma, A& a, A& b, A& c) {
  a *= c;
  b *= a * share;
  c *= a * dgamma * share;
}

// f(Behind) with op fixed at compile time for f32 and bf16.
template <class T, class F>
void with_activation_behind(const NormActivation& a, F&& f) {
  using A = Accumulator<T>;
  const auto call = [&](auto op, double alpha) {
    f(Behind<decltype(op), A>{op, static_cast<A>(alpha), static_cast<const A*>(a.gamma), static_cast<const A*>(a.beta)});
  };
  if (a.op != Unary::identity && a.op != Unary::relu && a.op != Unary::leaky_relu && a.op != Unary::tanh)
    throw std::runtime_error("norm gradient: the activation is none of identity, relu, leaky_relu, tanh");
  const double alpha = a.op == Unary::relu ? 0 : a.alpha;
  if constexpr (std::is_same_v<T, double>) {
    call(a.op, alpha);
  } else if (a.op == Unary::identity) {
    call(Fixed<Unary::identity>{}, alpha);
  } else if (a.op == Unary::tanh) {
    call(Fixed<Unary::tanh>{}, alpha);
  } else {
    call(Fixed<Unary::leaky_relu>{}, alpha);
  }
}

// f(op) of an activation that apply takes.
template <class F>
void with_activation(Unary activation, F&& f) {
  switch (activation) {
    case Unary::identity: return f(Fixed<Unary::identity>{});
    case Unary::relu: return f(Fixed<Unary::relu>{});
    case Unary::leaky_relu: return f(Fixed<Unary::leaky_relu>{});
    case Unary::tanh: return f(Fixed<Unary::tanh>{});
    default:
      throw std::runtime_error("norm.apply: the activation must be identity, relu, leaky_relu or tanh");
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
