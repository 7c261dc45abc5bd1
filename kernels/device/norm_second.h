// What the second gradient of a norm is made of, once the sums are known: the formula of kernels/api/norm.h.
#pragma once
#include "kernels/device/norm.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// The means of kernels/api/norm.h and what follows from them alone. Of a channel's numbers, summed over those of
// a statistic.
template <class A>
struct SecondMeans {
  A a, b, c, d, e, k, l;
};

template <class A>
struct SecondMeansSum {
  using State = SecondMeans<A>;
  __device__ State empty() const { return {}; }
  __device__ State exchange(const State& s, int mask, simt::Where where) const {
    return {simt::shuffle_xor(s.a, mask, where), simt::shuffle_xor(s.b, mask, where),
            simt::shuffle_xor(s.c, mask, where), simt::shuffle_xor(s.d, mask, where),
            simt::shuffle_xor(s.e, mask, where), simt::shuffle_xor(s.k, mask, where),
            simt::shuffle_xor(s.l, mask, where)};
  }
  __device__ State merge(const State& s, const State& t) const {
    return {s.a + t.a, s.b + t.b, s.c + t.c, s.d + t.d, s.e + t.e, s.k + t.k, s.l + t.l};
  }
};

// The terms of one channel.
template <class A>
__device__ inline SecondMeans<A> means_of(bool centred, A share, A gamma, A u, A dgamma, A dbeta, A v, A vx, A gv) {
  const A plain = centred ? share : A(0);
  return {gamma * dbeta * plain, gamma * dgamma * share, v * plain,        vx * share,
          gamma * gv * share,    u * dbeta * plain,      u * dgamma * share};
}

// The coefficients that a statistic's elements share: of v, x - mean and 1 in to_x, and those of t.
template <class A>
struct SecondShared {
  A i, j, n;
  A r, rc, rd;  // rstd, rstd c, rstd^2 d
  __device__ static SecondShared of(A r, const SecondMeans<A>& m) {
    const A rr = r * r;
    return {-rr * m.b, -rr * (r * (m.e - m.a * m.c - 3 * m.b * m.d) + m.l),
            rr * (m.c * m.b + m.a * m.d) - r * m.k, r, r * m.c, rr * m.d};
  }
};

// A row of neighbouring channels joins the sums of v and of v * (x - mean), and of v * dy.
template <int kWidth, class T, class A>
__device__ inline void add_second(const Elements<kWidth, T>& x, const Elements<kWidth, T>& dy, const Elements<kWidth, T>& v,
                                  const A (&mean)[kWidth], ColumnState<A, kWidth>& sums, ColumnState<A, kWidth>& more) {
  for (int j = 0; j < kWidth; ++j) {
    const A value = widen(v[j]);
    sums.first[j] += value;
    sums.second[j] += value * (widen(x[j]) - mean[j]);
    more.first[j] += value * widen(dy[j]);
  }
}

// What follows of such a row: to_x takes the place of x, to_dy that of dy.
template <int kWidth, class T, class A>
__device__ inline void apply_second(Elements<kWidth, T>& x, Elements<kWidth, T>& dy, const Elements<kWidth, T>& v, const A (&mean)[kWidth],
                                    const A (&p)[kWidth], const A (&q)[kWidth], const A (&s)[kWidth], const A (&i)[kWidth],
                                    const A (&j)[kWidth], const A (&n)[kWidth]) {
#pragma unroll
  for (int c = 0; c < kWidth; ++c) {
    const A centred = widen(x[c]) - mean[c], g = widen(dy[c]), value = widen(v[c]);
    dy[c] = narrow<T>(p[c] * value + q[c] * centred + s[c]);
    x[c] = narrow<T>(i[c] * value + q[c] * g + j[c] * centred + n[c]);
  }
}

// Of a channel with statistics of its own: to_dy = p v + q (x - mean) + s and to_x = i v + q dy + j (x - mean) + n.
template <class A>
struct SecondCoefficients {
  A p, q, s, i, j, n;
  __device__ static SecondCoefficients of(const SecondShared<A>& of, A gamma, A u, A w) {
    return {gamma * of.r, of.r * u - gamma * of.rd, w - gamma * of.rc, of.i, of.j, of.n};
  }
};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
