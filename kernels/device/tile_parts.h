// Sums over k that several blocks share. Each block leaves its part in scratch memory; the one that arrives
// last adds the parts, always in the same order, and goes on as if it had computed the whole: one launch, and
// equal bits every time.
#pragma once
#include "kernels/device/tile_table.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// Scratch memory of one launch after the other on the one stream of a device.
struct TileParts {
  int parts = 1;
  float* sums = nullptr;         // [tiles, parts, kM * kN]
  unsigned* arrivals = nullptr;  // [tiles], zero between launches
};

// Parts for so many tiles of so many results each: as many as wanted, or fewer where the scratch memory ends.
// It is allocated at the first call for a stream. src/tile_parts.cu
TileParts tile_parts(Stream stream, int wanted, int64_t tiles, int64_t results);

// Called by all threads of a block, with its part in results. True in the block that now has the whole sum
// there.
template <int kThreads, int kM, int kN, int kPitch>
__device__ inline bool merge_parts(const TileParts& split, int tile, int part, float (&results)[kM][kPitch],
                                   bool& last) {
  struct alignas(16) Four {
    float v[4];
  };
  const int thread = static_cast<int>(threadIdx.x);
  Four* parts =
      reinterpret_cast<Four*>(split.sums) + static_cast<int64_t>(tile) * split.parts * (kM * kN / 4);
  const auto place = [&](int i) -> Four& {
    return *reinterpret_cast<Four*>(&results[i / (kN / 4)][i % (kN / 4) * 4]);
  };
  for (int i = thread; i < kM * kN / 4; i += kThreads) parts[part * (kM * kN / 4) + i] = place(i);
  simt::fence();
  simt::sync_threads();
  if (thread == 0)
    last = simt::atomic_add(&split.arrivals[tile], 1u) + 1 == static_cast<unsigned>(split.parts);
  simt::sync_threads();
  if (!last) return false;
  simt::fence();
  for (int i = thread; i < kM * kN / 4; i += kThreads) {
    Four sum = parts[i];
    for (int other = 1; other < split.parts; ++other) {
      const Four more = parts[other * (kM * kN / 4) + i];
#pragma unroll
      for (int j = 0; j < 4; ++j) sum.v[j] += more.v[j];
    }
    place(i) = sum;
  }
  if (thread == 0) simt::atomic_exchange(&split.arrivals[tile], 0u);
  simt::sync_threads();
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
