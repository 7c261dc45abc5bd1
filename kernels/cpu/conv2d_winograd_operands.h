// How transformed vectors become operands of products (conv2d_tile.h), rounded where those are bf16.
#pragma once
#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include <type_traits>

#include "kernels/cpu/conv2d_tile.h"
#include "kernels/cpu/vectors.h"

namespace ganymede::kernels::cpu {

template <class Number>
constexpr int kTerms = 1;  // of a sum that a number holds
template <>
inline constexpr int kTerms<Bf16Pair> = 2;

inline HalfWordLanes rounded(Lanes v) {
#ifdef __AVX512BF16__
  return std::bit_cast<HalfWordLanes>(_mm512_cvtneps_pbh(v));  // numbers below 1e-38 become 0
#else
  HalfWordLanes bits;
  store_lanes(reinterpret_cast<Bf16*>(&bits), v);
  return bits;
#endif
}

// The numbers that a vector makes whose lanes are terms of one sum.
inline Lanes terms_of_a_sum(float, Lanes v) { return v; }
inline HalfWordLanes terms_of_a_sum(Bf16Pair, Lanes v) { return rounded(v); }

// Where such a vector goes, number after number, at the first point; stride: from one point to the next.
template <class Number>
struct AlongSum {
  Number* first;
  int64_t stride;
  void put(int point, Lanes v) const {
    const auto numbers = terms_of_a_sum(Number{}, v);
    __builtin_memcpy(first + point * stride, &numbers, sizeof numbers);
  }
};

// As many vectors as a number has terms.
struct LanesPair {
  Lanes first, second;
};
template <class Number>
using Terms = std::conditional_t<kTerms<Number> == 1, Lanes, LanesPair>;
template <class V>
constexpr int kVectors = sizeof(V) / sizeof(Lanes);

// Where the next terms of as many sums go as a vector has lanes: a number for each.
template <class Number>
struct AcrossSums {
  Number* first;
  int64_t stride;
  void put(int point, const Terms<Number>& v) const {
    Number* const to = first + point * stride;
    if constexpr (kTerms<Number> == 1) {
      lanes(to) = v;
    } else {
      *reinterpret_cast<UnalignedWordLanes*>(to) = widened(rounded(v.first)) | widened(rounded(v.second)) << 16;
    }
  }
};

}  // namespace ganymede::kernels::cpu
