// The main loop that convolutions and matrix products share: c[m, n] = sum_k a(m, k) * b(n, k) by tiles.
// A block owns one tile of c; asynchronous copies keep kStages - 1 tiles of a and b on their way while one is multiplied,
// with one barrier a step.
#pragma once
#include <stdexcept>
#include <string>

#include "kernels/device/mma_product.h"
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
    float results[Tile::kM][Tile::kN + 8];   // eight words apart, rows of an mma result fall into different banks
  };
};

template <class Number, class Tile, class Job>
using TileProduct = typename ProductOf<Number, Tile, typename Job::A, typename Job::B>::Type;

// A problem gives `units` products of at most `rows` x `columns` results: problem.job(unit).
template <class Number, class Tile, class Problem>
__global__ void __launch_bounds__(Tile::kThreads, Tile::kBlocks)
    multiply_tiles_kernel(const __grid_constant__ Problem problem, int tiles_m, int tiles_n) {
  using Product = TileProduct<Number, Tile, typename Problem::Job>;
  using A = typename Problem::Job::A;
  using B = typename Problem::Job::B;
  auto& memory = shared<TileShared<Tile, Product>>();
  auto& tiles = memory.operands;

  // Neighbouring blocks share the tile of a, which is the larger operand of convolutions.
  const int block = static_cast<int>(blockIdx.x);
  const int first_column = block % tiles_n * Tile::kN;
  const int first_row = block / tiles_n % tiles_m * Tile::kM;
  const auto job = problem.job(block / tiles_n / tiles_m);
  if (first_row >= job.a.lines) return;

  const TileLoader<A, Tile::kM, Tile::kK, Tile::kThreads> load_a(job.a, first_row);
  const TileLoader<B, Tile::kN, Tile::kK, Tile::kThreads> load_b(job.b, first_column);
  const int steps = (job.a.slices - job.first_slice + Tile::kK - 1) / Tile::kK;
  const auto load = [&](int step) {
    if (step < steps) {
      load_a.load(job.a, job.first_slice + step * Tile::kK, tiles.a[step % Tile::kStages]);
      load_b.load(job.b, job.first_slice + step * Tile::kK, tiles.b[step % Tile::kStages]);
    }
    simt::cp_async_commit();
  };

  Product product;
  for (int step = 0; step < Tile::kStages - 1; ++step) load(step);
  for (int step = 0; step < steps; ++step) {
    simt::cp_async_wait<Tile::kStages - 2>();
    simt::sync_threads();   // the tile of this step is there, and nobody reads the one that is overwritten next
    load(step + Tile::kStages - 1);
    product.multiply(tiles.a[step % Tile::kStages], tiles.b[step % Tile::kStages]);
  }
  simt::cp_async_wait<0>();
  simt::sync_threads();   // the results take the place of the operands
  product.put(memory.results);
  simt::sync_threads();
  const int rows = job.a.lines - first_row, columns = job.b.lines - first_column;
  store_tile<Tile::kThreads>(job.result, job.rows, memory.results, first_row, rows < Tile::kM ? rows : Tile::kM,
                             first_column, columns < Tile::kN ? columns : Tile::kN);
}

template <class Number, class Tile, class Problem>
void launch_tiles(Stream stream, const Problem& problem) {
  const int64_t tiles_m = ceil_div<int64_t>(problem.rows, Tile::kM), tiles_n = ceil_div<int64_t>(problem.columns, Tile::kN);
  const int64_t blocks = tiles_m * tiles_n * problem.units;
  if (blocks > INT32_MAX) throw std::runtime_error("matrix product of more than 2^31 - 1 tiles");
  using Product = TileProduct<Number, Tile, typename Problem::Job>;
  launch<TileShared<Tile, Product>>(multiply_tiles_kernel<Number, Tile, Problem>, dim3(static_cast<unsigned>(blocks)),
                                    dim3(Tile::kThreads), stream, problem, static_cast<int>(tiles_m),
                                    static_cast<int>(tiles_n));
}

template <class Number, class Problem>
void multiply_tiles(Stream stream, TileName tile, const Problem& problem) {
  switch (tile) {
    case TileName::large: return launch_tiles<Number, typename Tiles<Number>::Large>(stream, problem);
    case TileName::tall: return launch_tiles<Number, typename Tiles<Number>::Tall>(stream, problem);
    case TileName::medium: return launch_tiles<Number, typename Tiles<Number>::Medium>(stream, problem);
    case TileName::small: return launch_tiles<Number, typename Tiles<Number>::Small>(stream, problem);
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
