// The widest f32 vectors that a register of the processor built for holds. Wider ones would live in memory, tens of times
// slower, and narrower ones leave arithmetic unused.
#pragma once
#include <bit>
#include <cstdint>

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
using HalfWordLanes = uint16_t __attribute__((vector_size(2 * kRegisterLanes)));
using UnalignedHalfWordLanes = uint16_t __attribute__((vector_size(2 * kRegisterLanes), aligned(2), may_alias));
inline Lanes load_lanes(const Bf16* p) {
  const HalfWordLanes bits = *reinterpret_cast<const UnalignedHalfWordLanes*>(p);
  return std::bit_cast<Lanes>(__builtin_convertvector(bits, WordLanes) << 16);
}
inline void store_lanes(Bf16* p, Lanes v) {
  const WordLanes bits = std::bit_cast<WordLanes>(v);
  const WordLanes rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16, quiet = (bits >> 16) | 0x40u;
  const WordLanes is_nan = std::bit_cast<WordLanes>(v != v);
  *reinterpret_cast<UnalignedHalfWordLanes*>(p) = __builtin_convertvector((rounded & ~is_nan) | (quiet & is_nan), HalfWordLanes);
}

}  // namespace ganymede::kernels::cpu
