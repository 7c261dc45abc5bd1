// What a reduction keeps while it runs: a state, how an element joins it, how two states of disjoint elements
// merge (commutative, so that a butterfly of shuffles gives every lane the same bits), and the result. A is
// float or double.
#pragma once
#include <cmath>

#include "kernels/device/math.h"
#include "kernels/simt/simt.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <class A>
struct Sum {
  using State = A;
  __device__ State empty() const { return 0; }
  __device__ void add(State& state, A x, int64_t) const { state += x; }
  __device__ State exchange(State state, int mask, simt::Where where) const {
    return simt::shuffle_xor(state, mask, where);
  }
  __device__ State merge(State a, State b) const { return a + b; }
  __device__ A result(State state) const { return state; }
};

template <class A>
struct SumOfSquares {
  using State = A;
  __device__ State empty() const { return 0; }
  __device__ void add(State& state, A x, int64_t) const { state += x * x; }
  __device__ State exchange(State state, int mask, simt::Where where) const {
    return simt::shuffle_xor(state, mask, where);
  }
  __device__ State merge(State a, State b) const { return a + b; }
  __device__ A result(State state) const { return state; }
};

// sqrt(sum of squares + eps)
template <class A>
struct Norm2 : SumOfSquares<A> {
  A eps;
  __device__ A result(A state) const { return math::sqrt(state + eps); }
};

// sign 1: the largest; sign -1: the smallest. NaN wins over everything.
template <class A>
struct Extreme {
  using State = A;
  A sign;
  __device__ State empty() const { return -static_cast<A>(INFINITY); }
  __device__ void add(State& state, A x, int64_t) const { state = merge(state, sign * x); }
  __device__ State exchange(State state, int mask, simt::Where where) const {
    return simt::shuffle_xor(state, mask, where);
  }
  __device__ State merge(State a, State b) const { return a > b || a != a ? a : b; }
  __device__ A result(State state) const { return sign * state; }
};

template <class A>
struct Indexed {
  A value;
  int64_t index;  // -1: none yet
};

// The first of the largest; NaN counts as larger than everything.
template <class A>
struct ArgMax {
  using State = Indexed<A>;
  __device__ State empty() const { return {-static_cast<A>(INFINITY), -1}; }
  __device__ void add(State& state, A x, int64_t index) const { state = merge(state, State{x, index}); }
  __device__ State exchange(const State& state, int mask, simt::Where where) const {
    return simt::shuffle_xor(state, mask, where);
  }
  __device__ State merge(const State& a, const State& b) const {
    if (b.index < 0) return a;
    if (a.index < 0) return b;
    const bool nan_a = a.value != a.value, nan_b = b.value != b.value;
    if (a.value > b.value || (nan_a && !nan_b)) return a;
    if (b.value > a.value || (nan_b && !nan_a)) return b;
    return a.index < b.index ? a : b;
  }
  __device__ int64_t result(const State& state) const { return state.index; }
};

// Mean and sum of squared deviations from it of count elements (Chan, Golub and LeVeque 1983), free of the
// cancellation of E[x^2] - E[x]^2. Not centred: the mean stays 0, so that squared is the plain sum of
// squares.
template <class A>
struct Moments {
  A count, mean, squared;
};

template <class A>
struct MomentsOp {
  using State = Moments<A>;
  bool centred;
  __device__ State empty() const { return {0, 0, 0}; }
  __device__ State exchange(const State& s, int mask, simt::Where where) const {
    return {simt::shuffle_xor(s.count, mask, where), simt::shuffle_xor(s.mean, mask, where),
            simt::shuffle_xor(s.squared, mask, where)};
  }
  struct Weights {
    A share, spread;
  };
  // What merging b into a needs of their counts.
  __device__ Weights weigh(A a, A b) const {
    const A share = b > 0 ? b / (a + b) : A(0);
    return {share, a * share};
  }
  __device__ void join(const Weights& weights, A& mean, A& squared, A other_mean, A other_squared) const {
    const A delta = other_mean - mean;
    mean += delta * weights.share;
    squared += other_squared + delta * delta * weights.spread;
  }
  __device__ State merge(State a, const State& b) const {
    join(weigh(a.count, b.count), a.mean, a.squared, b.mean, b.squared);
    a.count += b.count;
    return a;
  }
  // The state of kSize values value(0), value(1) ...
  template <int kSize, class Value>
  __device__ State of(const Value& value) const {
    const A mean = centred ? add_up<kSize>(0, value) * (A(1) / A(kSize)) : A(0);
    const auto square = [&](int i) { return (value(i) - mean) * (value(i) - mean); };
    return {A(kSize), mean, add_up<kSize>(0, square)};
  }
  // By halves: short chains, small errors. kSize: a power of two.
  template <int kSize, class Value>
  __device__ static A add_up(int first, const Value& value) {
    if constexpr (kSize == 1) {
      return value(first);
    } else {
      return add_up<kSize / 2>(first, value) + add_up<kSize / 2>(first + kSize / 2, value);
    }
  }
};

// Two sums side by side.
template <class A>
struct Pair {
  A first, second;
};

template <class A>
struct PairSum {
  using State = Pair<A>;
  __device__ State empty() const { return {0, 0}; }
  __device__ State exchange(const State& s, int mask, simt::Where where) const {
    return simt::shuffle_xor(s, mask, where);
  }
  __device__ State merge(const State& a, const State& b) const {
    return {a.first + b.first, a.second + b.second};
  }
  struct Weights {};
  __device__ Weights weigh(A, A) const { return {}; }
  __device__ void join(Weights, A& first, A& second, A other_first, A other_second) const {
    first += other_first;
    second += other_second;
  }
};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
