// Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers, as easy as 1, 2, 3; 2011), for kWide
// counters at once.
#pragma once
#include <cstdint>

#include "kernels/api/random.h"

namespace ganymede::kernels::cpu {

constexpr int kWide = 16;  // consecutive counters side by side, so that the rounds are vector code

// Lane l of the output for counter first + i is in lanes[l][i]. The counter's other words are c1, c2, c3.
struct PhiloxBlock {
  uint32_t lanes[4][kWide];

  PhiloxBlock(uint64_t key, uint32_t first, uint32_t c1, uint32_t c2, uint32_t c3) {
    uint64_t x[4][kWide];  // 32 bits in 64, so that products need no shuffling
    for (int i = 0; i < kWide; ++i) {
      x[0][i] = first + static_cast<uint32_t>(i);
      x[1][i] = c1;
      x[2][i] = c2;
      x[3][i] = c3;
    }
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
#pragma omp simd
      for (int i = 0; i < kWide; ++i) {
        const uint64_t p0 = 0xD2511F53u * x[0][i], p1 = 0xCD9E8D57u * x[2][i];
        x[0][i] = (p1 >> 32) ^ x[1][i] ^ k0;
        x[1][i] = p1 & 0xFFFFFFFFu;
        x[2][i] = (p0 >> 32) ^ x[3][i] ^ k1;
        x[3][i] = p0 & 0xFFFFFFFFu;
      }
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    for (int lane = 0; lane < 4; ++lane) {
      for (int i = 0; i < kWide; ++i) lanes[lane][i] = static_cast<uint32_t>(x[lane][i]);
    }
  }
};

}  // namespace ganymede::kernels::cpu
