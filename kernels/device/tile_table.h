// The tiles that matrix products and convolutions are cut into, and the choice among them.
#pragma once
#include <cstdint>

#include "kernels/api/types.h"
#include "kernels/device/grid.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// A block computes kM x kN results, kK terms of the sum at a time, with kStages tiles of each operand in
// flight. kWarpsM x kWarpsN warps share the results; kBlocks blocks are meant to live on a multiprocessor at
// once, which bounds the registers of a thread.
template <int kM_, int kN_, int kK_, int kWarpsM_, int kWarpsN_, int kStages_, int kBlocks_>
struct Tile {
  static constexpr int kM = kM_, kN = kN_, kK = kK_, kWarpsM = kWarpsM_, kWarpsN = kWarpsN_,
                       kStages = kStages_;
  static constexpr int kBlocks = kBlocks_;
  static constexpr int kThreads = 32 * kWarpsM * kWarpsN;
};

// How the numbers are multiplied.
struct SimtF32 {};  // f32 by ordinary instructions
struct MmaTf32 {};  // f32 rounded to tf32, tensor cores
struct MmaBf16 {};  // bf16, tensor cores

enum class TileName : uint8_t {
  large,   // 128 x 128: 64 multiply-adds an element moved; needs many results
  tall,    // 128 x 64: few output channels
  thin,    // 128 x 32: very few, as the last layer's
  medium,  // 64 x 64: more blocks for layers that cannot fill the machine
  small,   // 32 x 32: tiny layers; and many blocks from tiny problems in the simulator
  few_channels,  // no tile of these, but the kernels for at most four channels on one side (few_channels.h)
  winograd,      // nor of these: Winograd's form of 3x3 convolutions in f32 (winograd_plan.h)
  // Of the twins for sm_90a (twin_multiply.h):
  twin_wide,    // 128 x 256: many output channels
  twin_square,  // 128 x 128
  twin_narrow,  // 128 x 64: few output channels
};

constexpr TileName kTileNames[] = {TileName::large, TileName::tall, TileName::thin, TileName::medium,
                                   TileName::small};
constexpr TileName kTwinTiles[] = {TileName::twin_wide, TileName::twin_square, TileName::twin_narrow};
__host__ __device__ constexpr bool is_twin(TileName name) { return name >= TileName::twin_wide; }

// Of a twin: 128 x kN results, 128 bytes of each line at a time, kStages of these in flight. Two warpgroups share a tile, or take
// turns: one then stores its tile while the other multiplies the next.
template <int kN_, int kStages_, bool kTurns_ = false>
struct TwinTile {
  static constexpr int kM = 128, kN = kN_, kStages = kStages_;
  static constexpr bool kTurns = kTurns_;
  static constexpr int kConsumers = 2;                         // warpgroups that multiply; one more fetches
  static constexpr int kBlocks = kTurns ? 2 : 1;               // of 64 rows that a warpgroup has
  static constexpr int kThreads = 128 * (kConsumers + 1);
  static constexpr int kLineBytes = 128;
};
using TwinWide = TwinTile<256, 4>;
using TwinSquare = TwinTile<128, 7>;
using TwinNarrow = TwinTile<64, 9>;

template <class Number>
struct Tiles;
template <>
struct Tiles<SimtF32> {
  using Tall = Tile<128, 64, 16, 4, 1, 3, 3>;
  using Large = Tall;  // 8 x 8 results a thread either way, and more blocks to hide each other's waiting
  using Thin = Tile<128, 32, 16, 4, 1, 3, 4>;
  using Medium = Tile<64, 64, 16, 2, 2, 3, 4>;
  using Small = Tile<32, 32, 16, 2, 1, 3, 8>;
};
template <>
struct Tiles<MmaTf32> {
  using Large = Tile<128, 128, 16, 2, 2, 4, 2>;
  using Tall = Tile<128, 64, 16, 2, 2, 4, 2>;
  using Thin = Tile<128, 32, 16, 4, 1, 4, 3>;
  using Medium = Tile<64, 64, 16, 2, 2, 4, 3>;
  using Small = Tile<32, 32, 16, 1, 2, 3, 8>;
};
template <>
struct Tiles<MmaBf16> {
  using Large = Tile<128, 128, 32, 2, 2, 4, 2>;
  using Tall = Tile<128, 64, 32, 2, 2, 4, 2>;
  using Thin = Tile<128, 32, 32, 4, 1, 4, 3>;
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
    case TileName::thin: return {128, 32};
    case TileName::medium: return {64, 64};
    case TileName::small:
    case TileName::few_channels:
    case TileName::winograd: return {32, 32};
    case TileName::twin_wide: return {128, 256};
    case TileName::twin_square: return {128, 128};
    case TileName::twin_narrow: return {128, 64};
  }
  return {32, 32};
}

__host__ __device__ constexpr int64_t tile_count(TileName name, int64_t m, int64_t n) {
  return ceil_div<int64_t>(m, tile_size(name).m) * ceil_div<int64_t>(n, tile_size(name).n);
}

// How a product is cut: its tile, and into how many parts the sum over k, whose blocks work side by side.
struct TilePlan {
  TileName tile;
  int parts = 1;
};

// Blocks that keep a large GPU busy. A constant, so that the order of sums depends on the shape alone.
constexpr int64_t kBusyBlocks = 128;
constexpr int64_t kLeastTerms = 128;  // of a part of a sum
constexpr int kMostParts = 16;        // where the last block of a tile adds them up (tile_parts.h)
// Writing and reading the parts' sums costs as much time as this many terms of each of them (bf16 tensor
// cores against L2).
constexpr double kPartTerms = 256;

// What a busy multiprocessor gets done with a tile of mma.sync, relative to the best: larger tiles use more often what they
// load. From times on an H200, where 1 is 193 Tflop/s of bf16 (kMmaRate).
__host__ __device__ constexpr double tile_speed(TileName name) {
  switch (name) {
    case TileName::large: return 1;
    case TileName::tall: return 0.85;
    case TileName::thin: return 0.6;
    case TileName::medium: return 0.7;
    case TileName::small: return 0.35;
    default: return 0;
  }
}

// Speed of a plan relative to the machine's best: that of the tile, less what lies beyond the product's
// edges, the multiprocessors that have no block, and the price of parts.
__host__ __device__ constexpr double plan_speed(TilePlan plan, int64_t m, int64_t n, int64_t k,
                                                int64_t units) {
  const int64_t tiles = tile_count(plan.tile, m, n), blocks = tiles * units * plan.parts;
  const double used = static_cast<double>(m) * n /
                      (static_cast<double>(tiles) * tile_size(plan.tile).m * tile_size(plan.tile).n);
  const double busy = blocks < kBusyBlocks ? static_cast<double>(blocks) / kBusyBlocks : 1;
  const double price = plan.parts > 1 ? 1 + kPartTerms * plan.parts / k : 1;
  return tile_speed(plan.tile) * used * busy / price;
}

// Multiprocessors of the card that twins are chosen for, each of which has one block at a time: what the last round of
// tiles leaves idle counts.
constexpr int64_t kTwinMultiprocessors = 132;

// Microseconds on an H200, where variants of both kinds must be compared, from times of `ganymede tune --variants`: of a launch; of a
// step of a twin's sum (64 terms of bf16, 32 of tf32), of what its block does besides a tile's sum, of merging parts in the kernel
// and of adding them up by a launch of their own; of what mma.sync's blocks do besides a sum and to merge parts, and of so many flop.
constexpr double kLaunch = 3, kTwinMerge = 4, kTwinPart = 0.5, kAddParts = 2.5, kBytesPerMicrosecond = 3e6;
// In tf32 a step whose lines are at most half full takes longer by so much (E3: 16 channels).
constexpr double kHalfEmptyStep = 1.7;
// Turning operands round for a twin of tf32: a launch in a stream that is busy, and reading and writing so many bytes (on an H100).
constexpr double kTurn = 2, kTurnedBytesPerMicrosecond = 2e6;
constexpr double kMmaStart = 2, kMmaTile = 6, kMmaMerge = 4, kMmaRate = 193e6;
__host__ __device__ constexpr double twin_step(TileName name) {
  return name == TileName::twin_wide ? 0.77 : name == TileName::twin_square ? 0.39 : 0.28;
}
__host__ __device__ constexpr double twin_tile(TileName name) { return 1.2 + tile_size(name).n / 160.0; }
// Blocks of mma.sync that a multiprocessor holds: kBlocks of most of its tiles.
__host__ __device__ constexpr int resident_blocks(TileName name) {
  return name == TileName::small ? 8 : name == TileName::thin || name == TileName::medium ? 3 : 2;
}
// rows x columns results of `units` products, padding included, each sum in so many parts.
__host__ __device__ constexpr double twin_time(TileName tile, int64_t rows, int64_t columns, int64_t steps, int64_t units, int64_t parts = 1, double slower = 1) {
  const int64_t rounds = ceil_div(tile_count(tile, rows, columns) * units * parts, kTwinMultiprocessors);
  const double merge = parts > 1 ? kTwinMerge + kTwinPart * static_cast<double>(parts) : 0;
  return kLaunch + merge + static_cast<double>(rounds) * (static_cast<double>(ceil_div(steps, parts)) * twin_step(tile) * slower + twin_tile(tile));
}
__host__ __device__ constexpr double mma_time(TilePlan plan, int64_t m, int64_t n, int64_t k, int64_t units, bool bf16) {
  const double flops = 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k) * static_cast<double>(units);
  const int64_t rounds = ceil_div(tile_count(plan.tile, m, n) * units * plan.parts, kTwinMultiprocessors * resident_blocks(plan.tile));
  return kLaunch + kMmaStart + static_cast<double>(rounds) * kMmaTile + (plan.parts > 1 ? kMmaMerge : 0) +
         flops / ((bf16 ? kMmaRate : kMmaRate / 2) * plan_speed(plan, m, n, k, units));
}
__host__ __device__ constexpr double parts_time(int64_t parts, int64_t results) {
  return parts > 1 ? kAddParts + 8.0 * static_cast<double>(parts) * static_cast<double>(results) / kBytesPerMicrosecond : 0;
}

__host__ __device__ constexpr double turn_time(int64_t elements) {
  return elements > 0 ? kTurn + 8.0 * static_cast<double>(elements) / kTurnedBytesPerMicrosecond : 0;
}

// The fastest plan for `units` equal products side by side (batch, groups, phases) with at most so many
// parts.
constexpr TilePlan choose_plan(int64_t m, int64_t n, int64_t k, int64_t units,
                               int64_t most_parts = kMostParts) {
  TilePlan best{TileName::small};
  if (m < 1 || n < 1 || units < 1) return best;
  double best_speed = plan_speed(best, m, n, k, units);
  for (const TileName tile : kTileNames) {
    int64_t parts = ceil_div<int64_t>(kBusyBlocks, tile_count(tile, m, n) * units);
    parts = parts < k / kLeastTerms ? parts : k / kLeastTerms;
    parts = parts < most_parts ? parts : most_parts;
    for (const int64_t count : {int64_t{1}, parts}) {
      const TilePlan plan{tile, static_cast<int>(count > 1 ? count : 1)};
      const double speed = plan_speed(plan, m, n, k, units);
      if (speed > best_speed) {
        best = plan;
        best_speed = speed;
      }
    }
  }
  return best;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
