// The widest f32 vectors that a register of the processor built for holds. Wider ones would live in memory, tens of times
// slower, and narrower ones leave arithmetic unused.
#pragma once

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

}  // namespace ganymede::kernels::cpu
