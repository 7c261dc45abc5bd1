// The main loop that convolutions and matrix products share: c[m, n] = sum_k a(m, k) * b(n, k) by tiles.
// A block owns one tile of c; asynchronous copies keep kStages - 1 tiles of a and b on their way while one is
// multiplied, with one barrier a step.
#pragma once
#include <stdexcept>
#include <string>

#include "kernels/device/mma_product.h"
#include "kernels/device/tile_parts.h"
#include "kernels/device/tile_simt.h"
#include "kernels/device/tile_store.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// What a block works on: one of the problem's products, over the slices [first_slice, slices of a and b).
template <class A_, class B_, class Rows>
struct Job {
  using A = A_;
  using B = B_;
  A a;
  B b;
  Rows rows;
  Result result;
  int first_slice;
};

template <class Number, class Tile, class A, class B>
struct ProductOf;
template <class Tile, class A, class B>
struct ProductOf<SimtF32, Tile, A, B> {
  using Type = SimtProduct<Tile, A::kAlong, B::kAlong>;
};
template <class Tile, class A, class B>
struct ProductOf<MmaTf32, Tile, A, B> {
  using Type = MmaProduct<float, Tile, A::kAlong, B::kAlong>;
};
template <class Tile, class A, class B>
struct ProductOf<MmaBf16, Tile, A, B> {
  using Type = MmaProduct<Bf16, Tile, A::kAlong, B::kAlong>;
};

// The operands' tiles while the sum runs, the results after it.
template <class Tile, class Product>
struct TileShared {
  struct Operands {
    typename Product::SharedA a[Tile::kStages];
    typename Product::SharedB b[Tile::kStages];
  };
  union {
    Operands operands;
    float results[Tile::kM][Tile::kN + 8];  // eight words apart, rows of an mma result fall into different
                                            // banks
  };
  bool last;  // this block is the last of its tile
};

template <class Number, class Tile, class Job>
using TileProduct = typename ProductOf<Number, Tile, typename Job::A, typename Job::B>::Type;

// A problem gives `units` products of at most `rows` x `columns` results: problem.job(unit).
template <class Number, class Tile, class Problem>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocks)
    multiply_tiles_kernel(const __grid_constant__ Problem problem, const TileParts split, int tiles_m,
                          int tiles_n) {
  using Product = TileProduct<Number, Tile, typename Problem::Job>;
  using A = typename Problem::Job::A;
  using B = typename Problem::Job::B;
  auto& memory = shared<TileShared<Tile, Product>>();
  auto& tiles = memory.operands;

  // Neighbouring blocks share the tile of a, which is the larger operand of convolutions.
  const int part = static_cast<int>(blockIdx.x) % split.parts,
            tile = static_cast<int>(blockIdx.x) / split.parts;
  const int first_column = tile % tiles_n * Tile::kN;
  const int first_row = tile / tiles_n % tiles_m * Tile::kM;
  const auto job = problem.job(tile / tiles_n / tiles_m);
  if (first_row >= job.a.lines) return;

  const TileLoader<A, Tile::kM, Tile::kK, Tile::kThreads> load_a(job.a, first_row);
  const TileLoader<B, Tile::kN, Tile::kK, Tile::kThreads> load_b(job.b, first_column);
  const int all_steps = (job.a.slices - job.first_slice + Tile::kK - 1) / Tile::kK;
  const int first_step = all_steps * part / split.parts,
            steps = all_steps * (part + 1) / split.parts - first_step;
  const auto load = [&](int step) {
    if (step < steps) {
      const int slice = job.first_slice + (first_step + step) * Tile::kK;
      load_a.load(job.a, slice, tiles.a[step % Tile::kStages]);
      load_b.load(job.b, slice, tiles.b[step % Tile::kStages]);
    }
    simt::cp_async_commit();
  };

  Product product;
  for (int step = 0; step < Tile::kStages - 1; ++step) load(step);
  for (int step = 0; step < steps; ++step) {
    simt::cp_async_wait<Tile::kStages - 2>();
    simt::sync_threads();  // the tile of this step is there, and nobody reads the one that is overwritten
                           // next
    load(step + Tile::kStages - 1);
    product.multiply(tiles.a[step % Tile::kStages], tiles.b[step % Tile::kStages]);
  }
  simt::cp_async_wait<0>();
  simt::sync_threads();  // the results take the place of the operands
  product.put(memory.results);
  simt::sync_threads();
  if (split.parts > 1 &&
      !merge_parts<Tile::kThreads, Tile::kM, Tile::kN>(split, tile, part, memory.results, memory.last)) {
    return;
  }
  const int rows = job.a.lines - first_row, columns = job.b.lines - first_column;
  store_tile<Tile::kThreads>(job.result, job.rows, memory.results, first_row,
                             rows < Tile::kM ? rows : Tile::kM, first_column,
                             columns < Tile::kN ? columns : Tile::kN);
}

template <class Number, class Tile, class Problem>
void launch_tiles(Stream stream, int parts, const Problem& problem) {
  const int64_t tiles_m = ceil_div<int64_t>(problem.rows, Tile::kM),
                tiles_n = ceil_div<int64_t>(problem.columns, Tile::kN);
  const int64_t tiles = tiles_m * tiles_n * problem.units;
  if (tiles == 0) return;
  const TileParts split = tile_parts(stream, parts, tiles, Tile::kM * Tile::kN);
  const int64_t blocks = tiles * split.parts;
  if (blocks > INT32_MAX) throw std::runtime_error("matrix product of more than 2^31 - 1 tiles");
  using Product = TileProduct<Number, Tile, typename Problem::Job>;
  launch<TileShared<Tile, Product>>(multiply_tiles_kernel<Number, Tile, Problem>,
                                    dim3(static_cast<unsigned>(blocks)), dim3(Tile::kThreads), stream,
                                    problem, split, static_cast<int>(tiles_m), static_cast<int>(tiles_n));
}

template <class Number, class Problem>
void multiply_tiles(Stream stream, TilePlan plan, const Problem& problem) {
  switch (plan.tile) {
    case TileName::large:
      return launch_tiles<Number, typename Tiles<Number>::Large>(stream, plan.parts, problem);
    case TileName::tall:
      return launch_tiles<Number, typename Tiles<Number>::Tall>(stream, plan.parts, problem);
    case TileName::thin:
      return launch_tiles<Number, typename Tiles<Number>::Thin>(stream, plan.parts, problem);
    case TileName::medium:
      return launch_tiles<Number, typename Tiles<Number>::Medium>(stream, plan.parts, problem);
    case TileName::small:
      return launch_tiles<Number, typename Tiles<Number>::Small>(stream, plan.parts, problem);
    case TileName::few_channels:
    case TileName::winograd:
    case TileName::twin_wide:
    case TileName::twin_square:
    case TileName::twin_narrow: break;
  }
  throw std::runtime_error("this product has no tile of that name");
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
