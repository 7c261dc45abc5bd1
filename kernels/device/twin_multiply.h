// The main loop of products on sm_90a: c[m, n] = sum_k a(m, k) * b(n, k) by tiles of 128 x kN, of one or more products side by side
// (units: phases, parts of a sum). One block lives on each multiprocessor and takes one tile after another (persistent). Its last
// warpgroup fetches: one thread waits for a free stage and lets TMA bring the next 128 bytes of every line of a and b (64 terms of
// bf16, 32 of tf32; an operand that lies along m or n comes as 64 lines, one a term, of 64 of its m or n), so that it runs kStages
// ahead, also into the next tile. The two others multiply by wgmma straight from shared memory, free a stage when the products that
// read it are done, and store their results out of their registers. They share a tile, 64 rows each, or where a block has several
// tiles of up to 128 columns take turns, so that one multiplies while the other stores. A block has 197632 to 230400 bytes of shared memory (of 232448), 4, 7 or 9 stages of kN 256, 128 or 64; a consumer
// thread 232 registers, of which 128, 64 or 32 are sums, a fetching one 40.
#pragma once
#include "kernels/device/tile_parts.h"
#include "kernels/device/tile_store.h"
#include "kernels/device/tile_table.h"
#include "kernels/simt/hopper.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <class Number>
struct TwinNumber;
template <>
struct TwinNumber<MmaBf16> {
  static constexpr TensorElement kElement = TensorElement::bf16;
  static constexpr int kBytes = 2;
};
template <>
struct TwinNumber<MmaTf32> {
  static constexpr TensorElement kElement = TensorElement::tf32;
  static constexpr int kBytes = 4;
};

constexpr int kTwinColumns = 32;   // results of a row that a warp stores at a time

template <class Tile>
struct TwinShared {
  alignas(1024) unsigned char a[Tile::kStages][Tile::kM * Tile::kLineBytes];
  alignas(1024) unsigned char b[Tile::kStages][Tile::kN * Tile::kLineBytes];
  simt::Mbarrier full[Tile::kStages], empty[Tile::kStages];
  simt::Mbarrier turns[Tile::kConsumers];   // a warpgroup's turn to multiply has come
};
static_assert(sizeof(TwinShared<TwinWide>) == 197632 && sizeof(TwinShared<TwinSquare>) == 230400 && sizeof(TwinShared<TwinNarrow>) == 222208,
              "the head of this file and docs/kernels.md say so");

// Which stage comes next, and the parity of its phase.
template <int kStages>
struct Stage {
  int index = 0;
  unsigned parity = 0;
  __device__ void advance() {
    if (++index == kStages) index = 0, parity ^= 1;
  }
  __device__ void advance(int steps) {
    index += steps;
    parity ^= static_cast<unsigned>(index / kStages) & 1;
    index %= kStages;
  }
};

// Bytes between the blocks of 64 of m or n of an operand along them: 64 lines, one a term.
constexpr int kTwinBlock = 64 * 128;

// Four products: 128 bytes of the lines are 64 terms of bf16 or 32 of tf32.
template <class Number, class Tile, Major kA, Major kB>
__device__ __forceinline__ void multiply_stage(float (&sum)[Tile::kN / 2], const unsigned char* a, const unsigned char* b, bool add) {
  constexpr int kStepA = kA == Major::k ? 32 : 16 * 128, kStepB = kB == Major::k ? 32 : 16 * 128;   // bytes of the terms of one product
  const uint64_t left = simt::matrix_descriptor(a, kA == Major::k ? 16 : kTwinBlock, 8 * Tile::kLineBytes, Swizzle::bytes128),
                 right = simt::matrix_descriptor(b, kB == Major::k ? 16 : kTwinBlock, 8 * Tile::kLineBytes, Swizzle::bytes128);
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    if constexpr (TwinNumber<Number>::kBytes == 2)
      simt::wgmma_bf16<Tile::kN, kA, kB>(sum, simt::descriptor_at(left, kStepA * k), simt::descriptor_at(right, kStepB * k), add || k > 0);
    else simt::wgmma_tf32<Tile::kN, kA, kB>(sum, simt::descriptor_at(left, kStepA * k), simt::descriptor_at(right, kStepB * k), add || k > 0);
  }
}

// Where neighbouring results of a tile lie: `count` of them, `place` elements into a row.
struct ColumnRun {
  int count;
  int64_t place;
};

// Lane q of four neighbours gives pair g of four and gets pair q of each neighbour: its own is as wide as all four's were.
__device__ __forceinline__ void exchange_pairs(uint32_t (&pair)[4], int lane) {
#pragma unroll
  for (int bit = 1; bit < 4; bit *= 2) {
    const bool upper = lane & bit;
#pragma unroll
    for (int k = 0; k < 2; ++k) {
      const int low = bit == 1 ? 2 * k : k, high = low + bit;
      const uint32_t got = simt::shuffle_xor(upper ? pair[low] : pair[high], bit);
      if (upper) pair[low] = got;
      else pair[high] = got;
    }
  }
}

// What lies beside a lane's results meets them: two neighbours, from column `own` on, of every eight of up to 32.
template <class T>
__device__ __forceinline__ void meet_beside_row(const Result& result, int64_t offset, int own, int count, float (&y)[8]) {
  struct alignas(2 * sizeof(T)) Two {
    T v[2];
  };
  const T* from = static_cast<const T*>(result.beside) + offset + own;
#pragma unroll
  for (int i = 0; i < 8; i += 2) {
    const int column = i / 2 * 8;
    if (result.vectors && count >= kTwinColumns) {
      const Two two = *reinterpret_cast<const Two*>(from + column);
      y[i] = result.met(y[i], widen(two.v[0])), y[i + 1] = result.met(y[i + 1], widen(two.v[1]));
    } else {
      if (own + column < count) y[i] = result.met(y[i], widen(from[column]));
      if (own + column + 1 < count) y[i + 1] = result.met(y[i + 1], widen(from[column + 1]));
    }
  }
}

// One warp's 16 rows of the results, 32 columns at a time: a lane holds two neighbours of every eight in two rows. f32 is written so,
// 32 bytes by four lanes; of bf16 these four exchange what they hold and write 16 bytes each.
template <class Tile, class Output>
__device__ __forceinline__ void store_rows(const float (&sum)[Tile::kN / 2], const Output& output, int first_row, int first_column) {
  struct alignas(16) Four {
    uint32_t v[4];
  };
  struct alignas(8) Two {
    float v[2];
  };
  const int lane = simt::lane(), own = lane % 4 * 2;
  const Result& result = output.result;
  bool there[2];
  int64_t offset[2];
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    const int row = first_row + lane / 4 + 8 * half;
    there[half] = row < output.rows;
    offset[half] = output.map.offset(there[half] ? row : 0);
  }
#pragma unroll
  for (int first = 0; first < Tile::kN; first += kTwinColumns) {
    const ColumnRun run = output.columns(first_column + first);
    if (run.count <= 0) continue;
    const bool whole = run.count >= kTwinColumns;
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      float y[8];
#pragma unroll
      for (int i = 0; i < 8; ++i) {
        const int column = i / 2 * 8 + own + i % 2;
        y[i] = sum[first / 2 + i / 2 * 4 + half * 2 + i % 2] + (result.bias && column < run.count ? result.bias[channel_of(output.map, first_column + first + column)] : 0.0f);
      }
      if (result.beside && there[half]) {
        if (result.rounded) meet_beside_row<Bf16>(result, offset[half] + run.place, own, run.count, y);
        else meet_beside_row<float>(result, offset[half] + run.place, own, run.count, y);
      }
      activate_run(result, y);
      if (result.rounded) {
        Bf16* to = static_cast<Bf16*>(result.data) + offset[half] + run.place;
        if (result.packs && whole) {
          uint32_t pair[4];
#pragma unroll
          for (int i = 0; i < 4; ++i) pair[i] = uint32_t{to_bf16(y[2 * i]).bits} | uint32_t{to_bf16(y[2 * i + 1]).bits} << 16;
          exchange_pairs(pair, lane);
          if (there[half]) *reinterpret_cast<Four*>(to + 4 * own) = {{pair[0], pair[1], pair[2], pair[3]}};
        } else if (there[half]) {
#pragma unroll
          for (int i = 0; i < 8; ++i) {
            const int column = i / 2 * 8 + own + i % 2;
            if (column < run.count) to[column] = to_bf16(y[i]);
          }
        }
      } else if (there[half]) {
        float* to = static_cast<float*>(result.data) + offset[half] + run.place;
#pragma unroll
        for (int i = 0; i < 8; i += 2) {
          const int column = i / 2 * 8 + own;
          if (result.vectors && whole) {
            *reinterpret_cast<Two*>(to + column) = {{y[i], y[i + 1]}};
          } else {
            if (column < run.count) to[column] = y[i];
            if (column + 1 < run.count) to[column + 1] = y[i + 1];
          }
        }
      }
    }
  }
}

// One warp's part of a strip of 16 rows of a tile, whose sum several blocks share: left in scratch memory, register by register. True
// in the warp that comes last, which adds all parts in their order and goes on as if it had computed the whole.
template <class Tile>
__device__ __forceinline__ bool merge_rows(float (&sum)[Tile::kN / 2], const TileParts& split, int strip, int part) {
  constexpr int kRegisters = Tile::kN / 2;
  const int lane = simt::lane();
  float* parts = split.sums + static_cast<int64_t>(strip) * split.parts * (32 * kRegisters) + lane;
#pragma unroll
  for (int i = 0; i < kRegisters; ++i) parts[(part * kRegisters + i) * 32] = sum[i];
  simt::fence();
  simt::sync_warp();
  unsigned before = 0;
  if (lane == 0) before = simt::atomic_add(&split.arrivals[strip], 1u);
  if (simt::shuffle_idx(before, 0) + 1 != static_cast<unsigned>(split.parts)) return false;
  simt::fence();
#pragma unroll
  for (int i = 0; i < kRegisters; ++i) sum[i] = parts[i * 32];
  for (int other = 1; other < split.parts; ++other) {
#pragma unroll
    for (int i = 0; i < kRegisters; ++i) sum[i] += parts[(other * kRegisters + i) * 32];
  }
  if (lane == 0) simt::atomic_exchange(&split.arrivals[strip], 0u);
  return true;
}

// A Problem has `units` products of at most tiles_m x tiles_n tiles and says, on the device, of each
//   steps(unit)                stages of terms, 1 or more: of an empty sum one that lies outside of the operands, so that TMA brings zeros
//   rows(unit)                 of its results: tiles beyond are left out
//   fetch(unit, row, column)   what load wants to know of a tile
//   load<kN>(fetch, step, to_a, to_b, barrier)   issues the copies of a whole stage, all (128 + kN) * 128 bytes of it
//   output(unit)               rows, result and map (tile_store.h), and columns(column): where 32 of the tile's columns go
// and along what its operands lie, kMajorA and kMajorB, and whether a block may well get several tiles, kManyTiles.
template <class Number, class Tile, class Problem>
__global__ void __launch_bounds__(Tile::kThreads, 1)
    multiply_twin_kernel([[maybe_unused]] const __grid_constant__ Problem problem, [[maybe_unused]] TileParts split, [[maybe_unused]] int tiles_m,
                         [[maybe_unused]] int tiles_n) {
#if GANYMEDE_HOPPER_CODE
  auto& memory = shared<TwinShared<Tile>>();
  if (threadIdx.x == 0) {
    for (int s = 0; s < Tile::kStages; ++s) {
      simt::mbarrier_init(memory.full[s], 1);
      simt::mbarrier_init(memory.empty[s], Tile::kTurns ? 4 : 4 * Tile::kConsumers);
    }
    for (simt::Mbarrier& turn : memory.turns) simt::mbarrier_init(turn, 4);
    simt::mbarrier_init_fence();
  }
  simt::sync_threads();
  const int warp = simt::warp(), lane = simt::lane(), each = tiles_m * tiles_n, jobs = each * problem.units * split.parts;
  Stage<Tile::kStages> stage;
  if (warp >= 4 * Tile::kConsumers) {
    simt::registers_fewer<40>();
    if (warp > 4 * Tile::kConsumers || lane > 0) return;
    problem.prefetch();
    for (int job = static_cast<int>(blockIdx.x); job < jobs; job += static_cast<int>(gridDim.x)) {
      const int tile = job / split.parts, part = job % split.parts;
      const int unit = tile / each, row = tile % each / tiles_n * Tile::kM, column = tile % each % tiles_n * Tile::kN;
      if (row >= problem.rows(unit)) continue;
      const auto fetch = problem.fetch(unit, row, column);
      const int steps = problem.steps(unit), end = steps * (part + 1) / split.parts;
      for (int step = steps * part / split.parts; step < end; ++step) {
        simt::mbarrier_wait(memory.empty[stage.index], stage.parity ^ 1);
        simt::mbarrier_expect(memory.full[stage.index], (Tile::kM + Tile::kN) * Tile::kLineBytes);
        problem.template load<Tile::kN>(fetch, step, memory.a[stage.index], memory.b[stage.index], memory.full[stage.index]);
        stage.advance();
      }
    }
    return;
  }
  simt::registers_more<232>();
  const int group = warp / 4, group_row = Tile::kTurns ? 0 : group * 64;
  int turn = 0, own = 0;   // whose turn it is, how many have been one's own
  for (int job = static_cast<int>(blockIdx.x); job < jobs; job += static_cast<int>(gridDim.x)) {
    const int tile = job / split.parts, part = job % split.parts;
    const int unit = tile / each, row = tile % each / tiles_n * Tile::kM, column = tile % each % tiles_n * Tile::kN;
    if (row >= problem.rows(unit)) continue;
    const int steps = problem.steps(unit) * (part + 1) / split.parts - problem.steps(unit) * part / split.parts;
    if constexpr (Tile::kTurns) {
      turn ^= 1;
      if (turn == group) {
        stage.advance(steps);
        continue;
      }
      // Only behind the other's products: stages have two parities, and who looked further ahead would take an old phase for its own.
      if (own > 0 || group > 0) simt::mbarrier_wait(memory.turns[group], static_cast<unsigned>(own - (group == 0)) & 1);
      ++own;
    }
    float sum[Tile::kBlocks][Tile::kN / 2];
    int read = 0;   // the stage that the products before the newest ones read
    for (int step = 0; step < steps; ++step) {
      simt::mbarrier_wait(memory.full[stage.index], stage.parity);
      simt::wgmma_fence();
#pragma unroll
      for (int block = 0; block < Tile::kBlocks; ++block) {
        // Blocks of 64 rows of a are 64 lines apart, whatever the lines are.
        multiply_stage<Number, Tile, Problem::kMajorA, Problem::kMajorB>(
            sum[block], memory.a[stage.index] + (group_row + 64 * block) * Tile::kLineBytes, memory.b[stage.index], step > 0);
      }
      simt::wgmma_commit();
      if (step > 0) {
        simt::wgmma_wait<1>();
        if (lane == 0) simt::mbarrier_arrive(memory.empty[read]);
      }
      read = stage.index;
      stage.advance();
    }
    simt::wgmma_wait<0>();
    if (lane == 0) {
      simt::mbarrier_arrive(memory.empty[read]);
      if constexpr (Tile::kTurns) simt::mbarrier_arrive(memory.turns[group ^ 1]);
    }
#pragma unroll
    for (int block = 0; block < Tile::kBlocks; ++block) {
      const int first = group_row + 64 * block + warp % 4 * 16;
      if (split.parts > 1 && !merge_rows<Tile>(sum[block], split, tile * (Tile::kM / 16) + first / 16, part)) continue;
      store_rows<Tile>(sum[block], problem.output(unit), row + first, column);
    }
  }
#endif
}

template <class Tile>
constexpr bool kHasTurns = Tile::kN <= 128;   // a warpgroup's registers hold the sums of 128 x 128
template <class Tile>
using WithTurns = TwinTile<Tile::kN, Tile::kStages, true>;

// rows, columns: of the largest unit's results, padding included. parts: of each sum, at most as many as the steps of any unit.
template <class Number, class Tile, class Problem>
void launch_twin(Stream stream, const Problem& problem, int64_t rows, int64_t columns, int parts = 1) {
  constexpr int kStrips = Tile::kM / 16;
  const int64_t tiles_m = ceil_div<int64_t>(rows, Tile::kM), tiles_n = ceil_div<int64_t>(columns, Tile::kN), tiles = tiles_m * tiles_n * problem.units;
  const TileParts split = parts > 1 ? tile_parts(stream, parts, tiles * kStrips, int64_t{Tile::kM} * Tile::kN / kStrips) : TileParts{};
  if (tiles * split.parts > INT32_MAX) throw std::runtime_error("matrix product of more than 2^31 - 1 tiles");
  const int64_t jobs = tiles * split.parts, most = simt::multiprocessors(), blocks = jobs < most ? jobs : most;
  const auto run = [&]<class Used>(Used) {
    launch<TwinShared<Used>>(multiply_twin_kernel<Number, Used, Problem>, dim3(static_cast<unsigned>(blocks)), dim3(Used::kThreads), stream, problem,
                             split, static_cast<int>(tiles_m), static_cast<int>(tiles_n));
  };
  if constexpr (kHasTurns<Tile> && Problem::kManyTiles) {
    if (jobs > blocks) return run(WithTurns<Tile>{});   // else there is nothing to take turns with
  }
  run(Tile{});
}

// Throws where a twin does not serve the problem, or the card is none of its own. what: for example "conv2d forward".
inline void require_twin(bool served, const char* what) {
  if (!served) throw std::runtime_error(std::string(what) + ": the twin for sm_90a does not serve this problem");
#ifdef __CUDACC__
  if (simt::compute_capability() != 90) throw std::runtime_error(std::string(what) + ": the twin for sm_90a needs a card of sm_90 and a build for sm_90a");
#endif
}

// Calls f with the tile of that name.
template <class F>
void with_twin_tile(TileName name, F&& f) {
  switch (name) {
    case TileName::twin_wide: return f(TwinWide{});
    case TileName::twin_square: return f(TwinSquare{});
    case TileName::twin_narrow: return f(TwinNarrow{});
    default: throw std::runtime_error("the tile is not one of a twin's");
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
