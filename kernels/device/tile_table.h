// The tiles that matrix products and convolutions are cut into, and the choice among them.
#pragma once
#include <cstdint>

#include "kernels/api/types.h"
#include "kernels/device/grid.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// A block computes kM x kN results, kK terms of the sum at a time, with kStages tiles of each operand in flight.
// kWarpsM x kWarpsN warps share the results; kBlocks blocks are meant to live on a multiprocessor at once, which bounds
// the registers of a thread.
template <int kM_, int kN_, int kK_, int kWarpsM_, int kWarpsN_, int kStages_, int kBlocks_>
struct Tile {
  static constexpr int kM = kM_, kN = kN_, kK = kK_, kWarpsM = kWarpsM_, kWarpsN = kWarpsN_, kStages = kStages_;
  static constexpr int kBlocks = kBlocks_;
  static constexpr int kThreads = 32 * kWarpsM * kWarpsN;
};

// How the numbers are multiplied.
struct SimtF32 {};   // f32 by ordinary instructions
struct MmaTf32 {};   // f32 rounded to tf32, tensor cores
struct MmaBf16 {};   // bf16, tensor cores

enum class TileName : uint8_t {
  large,    // 128 x 128: 64 multiply-adds an element moved; needs many results
  tall,     // 128 x 64: few output channels
  medium,   // 64 x 64: more blocks for layers that cannot fill the machine
  small,    // 32 x 32: tiny layers; and many blocks from tiny problems in the simulator
};

template <class Number> struct Tiles;
template <> struct Tiles<SimtF32> {
  using Tall = Tile<128, 64, 16, 4, 1, 3, 3>;
  using Large = Tall;   // 8 x 8 results a thread either way, and more blocks to hide each other's waiting
  using Medium = Tile<64, 64, 16, 2, 2, 3, 4>;
  using Small = Tile<32, 32, 16, 2, 1, 3, 8>;
};
template <> struct Tiles<MmaTf32> {
  using Large = Tile<128, 128, 16, 2, 2, 4, 2>;
  using Tall = Tile<128, 64, 16, 2, 2, 4, 2>;
  using Medium = Tile<64, 64, 16, 2, 2, 4, 3>;
  using Small = Tile<32, 32, 16, 1, 2, 3, 8>;
};
template <> struct Tiles<MmaBf16> {
  using Large = Tile<128, 128, 32, 2, 2, 4, 2>;
  using Tall = Tile<128, 64, 32, 2, 2, 4, 2>;
  using Medium = Tile<64, 64, 32, 2, 2, 4, 3>;
  using Small = Tile<32, 32, 32, 1, 2, 3, 8>;
};

struct TileSize {
  int m, n;
};

__host__ __device__ constexpr TileSize tile_size(TileName name) {
  switch (name) {
    case TileName::large: return {128, 128};
    case TileName::tall: return {128, 64};
    case TileName::medium: return {64, 64};
    case TileName::small: return {32, 32};
  }
  return {32, 32};
}

__host__ __device__ constexpr int64_t tile_count(TileName name, int64_t m, int64_t n) {
  return ceil_div<int64_t>(m, tile_size(name).m) * ceil_div<int64_t>(n, tile_size(name).n);
}

// Blocks that keep a large GPU busy. A constant, so that the order of sums depends on the shape alone.
constexpr int64_t kBusyBlocks = 128;

// The largest tile that still gives every multiprocessor a block, and that is not mostly padding. `units` counts equal
// products side by side (batch, groups, phases, splits).
__host__ __device__ constexpr TileName choose_tile(int64_t m, int64_t n, int64_t units) {
  if (n > 64 && tile_count(TileName::large, m, n) * units >= kBusyBlocks) return TileName::large;
  if (n > 32 && tile_count(TileName::tall, m, n) * units >= kBusyBlocks) return TileName::tall;
  if (n > 32 && m > 32 && tile_count(TileName::medium, m, n) * units >= kBusyBlocks / 2) return TileName::medium;
  return TileName::small;
}

// How a product is cut: its tile, and into how many parts the sum over k, whose blocks work side by side.
struct TilePlan {
  TileName tile;
  int parts = 1;
};

constexpr int kMostParts = 16;      // the last block of a tile adds them up, so more would only move the work there
constexpr int64_t kLeastTerms = 128;  // of a part: fewer do not pay for writing and reading its sums

// As choose_tile where the tiles fill the machine; else the sum is cut until they do.
__host__ __device__ constexpr TilePlan choose_plan(int64_t m, int64_t n, int64_t k, int64_t units) {
  const TileName whole = choose_tile(m, n, units);
  if (tile_count(whole, m, n) * units >= kBusyBlocks || k < 2 * kLeastTerms) return {whole};
  const TileName tile = n > 32 && m > 32 ? TileName::medium : TileName::small;
  const int64_t tiles = tile_count(tile, m, n) * units;
  if (tiles == 0 || tiles > kBusyBlocks) return {whole};
  int64_t parts = ceil_div<int64_t>(kBusyBlocks, tiles);
  if (parts > kMostParts) parts = kMostParts;
  if (parts > k / kLeastTerms) parts = k / kLeastTerms;
  return {tile, static_cast<int>(parts)};
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
