// The widest f32 vectors that a register of the processor built for holds. Wider ones would live in memory, tens of times
// slower, and narrower ones leave arithmetic unused.
#pragma once
#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cstdint>
#include <utility>

#include "kernels/api/types.h"

namespace ganymede::kernels::cpu {

#if defined(__AVX512F__)
constexpr int kRegisterLanes = 16, kRegisters = 32;
#elif defined(__AVX__)
constexpr int kRegisterLanes = 8, kRegisters = 16;
#else
constexpr int kRegisterLanes = 4, kRegisters = 16;
#endif
using Lanes = float __attribute__((vector_size(4 * kRegisterLanes)));
using UnalignedLanes = float __attribute__((vector_size(4 * kRegisterLanes), aligned(4)));

inline UnalignedLanes& lanes(float* p) { return *reinterpret_cast<UnalignedLanes*>(p); }
inline const UnalignedLanes& lanes(const float* p) { return *reinterpret_cast<const UnalignedLanes*>(p); }

inline Lanes load_lanes(const float* p) { return lanes(p); }
inline void store_lanes(float* p, Lanes v) { lanes(p) = v; }

// The same of bf16, rounded as by to_bf16.
using WordLanes = uint32_t __attribute__((vector_size(4 * kRegisterLanes)));
using UnalignedWordLanes = uint32_t __attribute__((vector_size(4 * kRegisterLanes), aligned(4), may_alias));
using HalfWordLanes = uint16_t __attribute__((vector_size(2 * kRegisterLanes)));
using UnalignedHalfWordLanes = uint16_t __attribute__((vector_size(2 * kRegisterLanes), aligned(2), may_alias));
#ifdef __AVX512F__
// GCC 12 takes the general forms apart into halves. With masks, since the plain intrinsics read what is not set.
inline WordLanes widened(HalfWordLanes v) { return std::bit_cast<WordLanes>(_mm512_maskz_cvtepu16_epi32(0xffff, std::bit_cast<__m256i>(v))); }
inline HalfWordLanes narrowed(WordLanes v) { return std::bit_cast<HalfWordLanes>(_mm512_maskz_cvtepi32_epi16(0xffff, std::bit_cast<__m512i>(v))); }
#else
inline WordLanes widened(HalfWordLanes v) { return __builtin_convertvector(v, WordLanes); }
inline HalfWordLanes narrowed(WordLanes v) { return __builtin_convertvector(v, HalfWordLanes); }
#endif
inline Lanes load_lanes(const Bf16* p) {
  return std::bit_cast<Lanes>(widened(HalfWordLanes(*reinterpret_cast<const UnalignedHalfWordLanes*>(p))) << 16);
}
inline void store_lanes(Bf16* p, Lanes v) {
  const WordLanes bits = std::bit_cast<WordLanes>(v);
  const WordLanes rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16, quiet = (bits >> 16) | 0x40u;
  const WordLanes is_nan = std::bit_cast<WordLanes>(v != v);
  *reinterpret_cast<UnalignedHalfWordLanes*>(p) = narrowed((rounded & ~is_nan) | (quiet & is_nan));
}

// From a and b in turn, from the first or from the middle on.
template <int from, size_t... lane>
WordLanes interleave(WordLanes a, WordLanes b, std::index_sequence<lane...>) {
  return __builtin_shufflevector(a, b, (lane % 2 * kRegisterLanes + from + lane / 2)...);
}

// A matrix [kRegisterLanes, columns] of words becomes its transpose: each round moves the highest bit of a place to its end.
template <size_t columns>
void transpose(WordLanes (&m)[columns]) {
  constexpr auto kLanes = std::make_index_sequence<kRegisterLanes>();
  for (int round = 1; round < kRegisterLanes; round *= 2) {
    WordLanes next[columns];
    for (size_t i = 0; i < columns / 2; ++i) {
      next[2 * i] = interleave<0>(m[i], m[i + columns / 2], kLanes);
      next[2 * i + 1] = interleave<kRegisterLanes / 2>(m[i], m[i + columns / 2], kLanes);
    }
    std::copy_n(next, columns, m);
  }
}

}  // namespace ganymede::kernels::cpu
