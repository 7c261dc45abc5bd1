// Which norms are computed in one launch by blocks that hold their rows (device/norm_resident.h), and how these are dealt out.
// Pure functions of the shape and the number of blocks, tested on the host; addresses play no part.
#pragma once
#include "kernels/api/norm.h"
#include "kernels/device/grid.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// The tensors that stay in shared memory: x; x and dy; x, dy and v.
constexpr int held_tensors(NormRole role) { return role == NormRole::forward ? 1 : role == NormRole::gradient ? 2 : 3; }

// Tiles of neighbouring channels, 32, 64 or 128 bytes of a row: whole sectors of memory. A tile's rows of one outer index are held by
// `blocks` blocks, a cluster if there are several, `part` rows each.
struct NormPlan {
  int blocks = 0;      // 0: nobody holds them, two launches read them twice
  int channels = 0;    // of a tile
  int width = 0;       // the same, in tensors of fewer channels the power of two that holds them
  int64_t tiles = 0;   // side by side
  int64_t part = 0;
  int64_t bytes = 0;   // that a block holds, of all tensors
};

constexpr int kMostClusterBlocks = 8;
constexpr int64_t kMostHeld = 192 << 10;   // beside them a block has 9 KB of sums; 227 KB is what it can have
// A tile is wider than a sector only where a multiprocessor has room for two such blocks, and there are about as many blocks as
// multiprocessors.
constexpr int64_t kFewHeld = 64 << 10, kManyBlocks = 128;
constexpr int64_t kMostTiles = 1024;       // counters of last_to_arrive (device/column_merge.h)

constexpr int64_t bytes_of_number(DType dtype) { return dtype == DType::f64 ? 8 : dtype == DType::f32 ? 4 : 2; }

// blocks: 1, or 2, 4, 8 of a cluster. The plan has 0 blocks where so many cannot hold the rows.
constexpr NormPlan resident_plan(NormRole role, const Norm& norm, int blocks) {
  NormPlan plan;
  const bool counted = blocks == 1 || blocks == 2 || blocks == 4 || blocks == kMostClusterBlocks;
  if (!counted || norm.width != 1 || norm.outer < 1 || norm.groups < 1 || norm.rows < blocks) return plan;
  const int64_t size = bytes_of_number(norm.dtype);
  plan.part = ceil_div<int64_t>(norm.rows, blocks);
  for (int64_t row = 128; row >= 32; row /= 2) {
    plan.channels = static_cast<int>(row / size);
    plan.tiles = ceil_div<int64_t>(norm.groups, plan.channels);
    plan.width = plan.channels;
    while (plan.width > 1 && plan.width / 2 >= norm.groups) plan.width /= 2;
    plan.bytes = held_tensors(role) * plan.part * plan.width * size;
    if (row > 32 && (plan.bytes > kFewHeld || norm.outer * plan.tiles * blocks < kManyBlocks)) continue;
    if (plan.bytes <= kMostHeld && plan.tiles <= kMostTiles) plan.blocks = blocks;
    return plan;
  }
  return plan;
}

// What the table takes: one block a tile where that should not lose to two launches. An expectation: no card has compared them yet.
// Another launch costs 2.5 us or more between the small kernels of a step (they took 3.9 us each on an H100, and that is most of it):
// some 4300 clocks. In these one multiprocessor issues 128 instructions a clock and passes 50 bytes or more; an element costs 10
// instructions forward, 22 in the gradient behind an activation, 24 in the second, and all its bytes. That makes 27000, 15000 and 11000
// elements of bf16: 54, 58 and 66 KB held, and fewer elements in wider types. Two launches cannot make this vanish either: where they
// spread the rows, the sums of the parts pass through memory and a counter. A tensor of 4 MB passes through memory in about a
// launch's time, so neither way is bound by that, and one launch reads it once where two read it twice. Channels that do not make
// whole packs are copied one by one, in as many instructions: their tiles are so much smaller.
constexpr int64_t kSureHeld = 64 << 10, kSureTensor = 4 << 20;

constexpr int table_norm_blocks(NormRole role, const Norm& norm) {
  const NormPlan plan = resident_plan(role, norm, 1);
  const int64_t size = bytes_of_number(norm.dtype);
  const int64_t copied = norm.groups * size % 16 == 0 ? plan.bytes : plan.bytes * (16 / size);
  return plan.blocks == 1 && copied <= kSureHeld && norm.outer * norm.rows * norm.groups * size <= kSureTensor ? 1 : 0;
}

// The same for a call: what somebody measured and prefers, or tests force, else the table's. src/variants.cu
int norm_blocks(NormRole role, const Norm& norm);
inline NormPlan norm_plan(NormRole role, const Norm& norm) {
  const int blocks = norm_blocks(role, norm);
  return blocks ? resident_plan(role, norm, blocks) : NormPlan{};
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
