// The product d[16x8] += a[16xK] b[Kx8] of a whole warp, from the fragments that its lanes have deposited.
// Included by simt_cpu.cpp alone.
#pragma once
#include <array>
#include <bit>
#include <cstring>

#include "kernels/simt/scheduler.h"

namespace ganymede::kernels::sim {

using Row = float __attribute__((vector_size(32)));
template <int K>
inline void multiply(const float (&a)[16][K], const Row (&b)[K], Row (&d)[16]) {
  for (int r = 0; r < 16; r += 4) {   // four rows at once hide the latency of the sums
    Row s0 = d[r], s1 = d[r + 1], s2 = d[r + 2], s3 = d[r + 3];
    for (int k = 0; k < K; ++k) {
      s0 += a[r][k] * b[k];
      s1 += a[r + 1][k] * b[k];
      s2 += a[r + 2][k] * b[k];
      s3 += a[r + 3][k] * b[k];
    }
    d[r] = s0, d[r + 1] = s1, d[r + 2] = s2, d[r + 3] = s3;
  }
}

// unpack(register of a or b, lane % 4, which half of K, store) calls store(k, value) for each value in the
// register.
template <int K, class Unpack>
void multiply_warp(Slot* slots, Unpack unpack) {
  float a[16][K];
  Row b[K], d[16];
  std::array<fibers::Fragments, 32> lanes;
  for (int l = 0; l < 32; ++l)
    std::memcpy(&lanes[static_cast<size_t>(l)], slots[l].bytes, sizeof(fibers::Fragments));
  for (int l = 0; l < 32; ++l) {
    const auto& f = lanes[static_cast<size_t>(l)];
    const int group = l / 4, quad = l % 4;
    for (int i = 0; i < 4; ++i) {
      unpack(f.a[i], quad, i / 2, [&](int k, float value) { a[group + i % 2 * 8][k] = value; });
      d[group + i / 2 * 8][quad * 2 + i % 2] = f.d[i];
    }
    for (int i = 0; i < 2; ++i) unpack(f.b[i], quad, i, [&](int k, float value) { b[k][group] = value; });
  }
  multiply(a, b, d);
  for (int l = 0; l < 32; ++l) {
    auto& f = lanes[static_cast<size_t>(l)];
    for (int i = 0; i < 4; ++i) f.d[i] = d[l / 4 + i / 2 * 8][l % 4 * 2 + i % 2];
    std::memcpy(slots[l].bytes, &f, sizeof f);
  }
}

inline void multiply_bf16(Slot* slots) {
  multiply_warp<16>(slots, [](uint32_t pair, int quad, int half, auto store) {
    store(quad * 2 + half * 8, std::bit_cast<float>(pair << 16));
    store(quad * 2 + half * 8 + 1, std::bit_cast<float>(pair & 0xFFFF0000u));
  });
}

inline void multiply_tf32(Slot* slots) {
  multiply_warp<8>(slots, [](uint32_t bits, int quad, int half, auto store) {
    store(quad + half * 4, std::bit_cast<float>(bits & 0xFFFFE000u));   // the unit ignores the low 13 bits
  });
}

}  // namespace ganymede::kernels::sim
