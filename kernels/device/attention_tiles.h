// The four sums of attention and its gradient as one kernel, for f32 and for what flash.h does not serve; src/attention_*.cu
// instantiate it. Each is
//   out[row, :] = sum over others of weight(row, other) * z[other, :]
// where the weight comes from scores x1[row] . y1[other] and, in two gradients, slopes x2[row] . y2[other].
//
// A block of 4 warps owns 64 rows and kWidth columns of out; it walks the others 64 at a time: scores and
// slopes on the tiled products of tile_multiply.h, weights through shared memory, their product with z into
// registers. Nothing of size rows x others is stored. Moves x once, y and z once a block (from L2). Bound:
// tensor cores, and exp for small depths.
#pragma once
#include "kernels/api/attention.h"
#include "kernels/device/conv_problem.h"
#include "kernels/device/reduce.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

enum class AttentionSum {
  //                  rows     others   weight                      x1 y1 x2 y2 z
  output,          // queries  keys     exp(s - running maximum)    q  k        v
  query_gradient,  // queries  keys     scale * a * (da - delta)    q  k  g  v  k
  key_gradient,    // keys     queries  scale * a * (da - delta)    k  q  v  g  q
  value_gradient,  // keys     queries  a                           k  q        g
};

// One operand of the sums: [batch, count, width].
template <class T>
struct AttentionMatrix {
  const T* data;
  int count, width;
  bool vectors;

  template <Along kAlong>
  __device__ MatrixOperand<T, kAlong> of(int batch) const {
    const T* first = data + static_cast<int64_t>(batch) * count * width;
    if constexpr (kAlong == Along::slice) return {first, count, width, width, vectors};
    else return {first, width, count, width, vectors};
  }
};

template <class T>
struct AttentionProblem {
  AttentionMatrix<T> x1, y1, x2, y2, z;
  Result out;           // [batch, rows, z.width]
  float* logsum_out;    // [batch, queries], output only
  const float* logsum;  // [batch, queries], gradients
  const float* delta;   // [batch, queries], query and key gradients
  float scale;
};

// What the threads of one kernel share and how they are arranged.
template <class Number, class T_, AttentionSum kSum, int kWidth>
struct AttentionTiles {
  using T = T_;
  static constexpr int kRows = 64, kOthers = 64, kDepth = 64 / sizeof(T), kThreads = 128;
  static constexpr bool kSlopes = kSum == AttentionSum::query_gradient || kSum == AttentionSum::key_gradient;
  static constexpr bool kRowsAreQueries =
      kSum == AttentionSum::output || kSum == AttentionSum::query_gradient;
  using Matrix = MatrixOperand<T, Along::slice>;
  using Transposed = MatrixOperand<T, Along::line>;
  using Scores = typename ProductOf<Number, Tile<kRows, kOthers, kDepth, 2, 2, 2, 2>, Matrix, Matrix>::Type;
  static constexpr int kWarpsDown = kWidth < 64 ? 4 : 2;
  using Outputs = typename ProductOf<Number, Tile<kRows, kWidth, kOthers, kWarpsDown, 4 / kWarpsDown, 1, 2>,
                                     Matrix, Transposed>::Type;
  using LoadRows = TileLoader<Matrix, kRows, kDepth, kThreads>;
  using LoadOthers = TileLoader<Matrix, kOthers, kDepth, kThreads>;
  using LoadZ = TileLoader<Transposed, kWidth, kOthers, kThreads>;

  struct Operands {
    typename Scores::SharedA x[2];
    typename Scores::SharedB y[2];
    typename Outputs::SharedA weights;
    typename Outputs::SharedB z;
    float scores[kSum == AttentionSum::output ? kRows : 1][kOthers + 8];
  };
  struct Shared {
    union {
      Operands operands;
      float results[kRows][kWidth + 8];
    };
    float maximum[kRows], total[kRows], factor[kRows];  // output: of each row so far; what the last tile
                                                        // changed
    float logsum[64], delta[64];                        // gradients: of the queries of this tile
  };
};

// weights = exp(scores - maximum) of the tile's `count` others, with the running maximum, total and factor of
// every row (Milakov & Gimelshein 2018, online softmax). A warp takes every fourth row.
template <class Tiles>
__device__ void exponentiate(typename Tiles::Shared& memory, float scale, int count) {
  auto& tiles = memory.operands;
  const int lane = simt::lane();
  for (int row = simt::warp(); row < Tiles::kRows; row += 4) {
    const float low = lane < count ? scale * tiles.scores[row][lane] : -INFINITY;
    const float high = lane + 32 < count ? scale * tiles.scores[row][lane + 32] : -INFINITY;
    const float before = memory.maximum[row], total = memory.total[row];
    const float maximum = warp_max(Max{}(before, Max{}(low, high)));
    const auto p_low = narrow<typename Tiles::T>(math::exp(low - maximum));
    const auto p_high = narrow<typename Tiles::T>(math::exp(high - maximum));
    tiles.weights.data[row][lane] = p_low;
    tiles.weights.data[row][lane + 32] = p_high;
    const float factor = math::exp(before - maximum);  // 0 at the first tile
    const float sum = warp_sum(widen(p_low) + widen(p_high));
    simt::sync_warp();   // all lanes have read what the first one writes
    if (lane == 0) {
      memory.maximum[row] = maximum;
      memory.total[row] = total * factor + sum;
      memory.factor[row] = factor;
    }
  }
}

template <class Number, class T, AttentionSum kSum, int kWidth>
__global__ void __launch_bounds__(128, 2)
    attend_kernel(const __grid_constant__ AttentionProblem<T> problem, int row_tiles, int column_tiles) {
  using Tiles = AttentionTiles<Number, T, kSum, kWidth>;
  auto& memory = shared<typename Tiles::Shared>();
  auto& tiles = memory.operands;
  const int thread = static_cast<int>(threadIdx.x), block = static_cast<int>(blockIdx.x);
  const int first_column = block % column_tiles * kWidth;
  const int first_row = block / column_tiles % row_tiles * Tiles::kRows;
  const int batch = block / column_tiles / row_tiles;
  const int rows = problem.x1.count, others = problem.y1.count;

  const auto x1 = problem.x1.template of<Along::slice>(batch),
             y1 = problem.y1.template of<Along::slice>(batch);
  const auto x2 = problem.x2.template of<Along::slice>(batch),
             y2 = problem.y2.template of<Along::slice>(batch);
  const auto z = problem.z.template of<Along::line>(batch);
  const typename Tiles::LoadRows load_x1(x1, first_row), load_x2(x2, first_row);
  const typename Tiles::LoadZ load_z(z, first_column);

  // Every tile of others takes a fixed sequence of copies: chunks of scores, chunks of slopes, z. The next
  // copy is always on its way while the last one is worked on.
  const int score_chunks = ceil_div(problem.x1.width, Tiles::kDepth);
  const int slope_chunks = Tiles::kSlopes ? ceil_div(problem.x2.width, Tiles::kDepth) : 0;
  const int copies = score_chunks + slope_chunks + 1, other_tiles = ceil_div(others, Tiles::kOthers);
  int next_tile = 0, next_copy = 0, next_buffer = 0, buffer = 0;
  const auto start_copy = [&] {
    if (next_tile < other_tiles) {
      const int first_other = next_tile * Tiles::kOthers;
      if (next_copy < score_chunks + slope_chunks) {
        const bool scores = next_copy < score_chunks;
        const int slice = (scores ? next_copy : next_copy - score_chunks) * Tiles::kDepth;
        if (scores) {
          load_x1.load(x1, slice, tiles.x[next_buffer]);
          typename Tiles::LoadOthers(y1, first_other).load(y1, slice, tiles.y[next_buffer]);
        } else {
          load_x2.load(x2, slice, tiles.x[next_buffer]);
          typename Tiles::LoadOthers(y2, first_other).load(y2, slice, tiles.y[next_buffer]);
        }
        next_buffer ^= 1;
      } else {
        load_z.load(z, first_other, tiles.z);
      }
      if (++next_copy == copies) {
        next_copy = 0;
        ++next_tile;
      }
    }
    simt::cp_async_commit();
  };
  const auto finish_copy = [&] {
    simt::cp_async_wait<0>();
    simt::sync_threads();  // the copy is there, and nobody reads what the next one overwrites
    start_copy();
  };
  const auto multiply = [&](auto& product, int chunks) {
    for (int chunk = 0; chunk < chunks; ++chunk) {
      finish_copy();
      product.multiply(tiles.x[buffer], tiles.y[buffer]);
      buffer ^= 1;
    }
  };
  // Statistics of 64 queries; those beyond the last have weight exp(s - infinity) = 0.
  const auto load_statistics = [&](int first_query, int queries) {
    if (thread < 64) {
      const bool inside = first_query + thread < queries;
      const int64_t query = static_cast<int64_t>(batch) * queries + first_query + thread;
      memory.logsum[thread] = inside ? problem.logsum[query] : INFINITY;
      if (Tiles::kSlopes) memory.delta[thread] = inside ? problem.delta[query] : 0.0f;
    }
  };

  if constexpr (kSum == AttentionSum::output) {
    if (thread < Tiles::kRows) {
      memory.maximum[thread] = -INFINITY;
      memory.total[thread] = 0;
    }
  } else if constexpr (Tiles::kRowsAreQueries) {
    load_statistics(first_row, rows);
  }
  typename Tiles::Outputs output;
  start_copy();
  for (int tile = 0; tile < other_tiles; ++tile) {
    const int first_other = tile * Tiles::kOthers;
    const int count = others - first_other < Tiles::kOthers ? others - first_other : Tiles::kOthers;
    if constexpr (kSum != AttentionSum::output && !Tiles::kRowsAreQueries)
      load_statistics(first_other, others);
    typename Tiles::Scores scores;
    multiply(scores, score_chunks);
    if constexpr (kSum == AttentionSum::output) {
      scores.put(tiles.scores);
      finish_copy();
      exponentiate<Tiles>(memory, problem.scale, count);
      simt::sync_threads();
      output.each([&](int row, int, float& sum) { sum *= memory.factor[row]; });
    } else {
      typename Tiles::Scores slopes;
      multiply(slopes, slope_chunks);
      scores.combine(slopes, [&](int row, int other, float score, float slope) {
        const int query = Tiles::kRowsAreQueries ? row : other;
        const float a = math::exp(problem.scale * score - memory.logsum[query]);
        const float weight = Tiles::kSlopes ? problem.scale * a * (slope - memory.delta[query]) : a;
        tiles.weights.data[row][other] = narrow<T>(other < count ? weight : 0.0f);
      });
      finish_copy();
    }
    output.multiply(tiles.weights, tiles.z);
  }
  simt::cp_async_wait<0>();
  simt::sync_threads();  // the results take the place of the operands
  if constexpr (kSum == AttentionSum::output) {
    output.each([&](int row, int, float& sum) { sum /= memory.total[row]; });
    if (first_column == 0 && thread < Tiles::kRows && first_row + thread < rows) {
      problem.logsum_out[static_cast<int64_t>(batch) * rows + first_row + thread] =
          memory.maximum[thread] + math::log(memory.total[thread]);
    }
  }
  output.put(memory.results);
  simt::sync_threads();
  const StridedRows map{problem.z.width, static_cast<int64_t>(batch) * rows * problem.z.width};
  const int left = rows - first_row, right = problem.z.width - first_column;
  store_tile<Tiles::kThreads>(problem.out, map, memory.results, first_row,
                              left < Tiles::kRows ? left : Tiles::kRows, first_column,
                              right < kWidth ? right : kWidth);
}

template <class Number, AttentionSum kSum, int kWidth, class T>
void attend_columns(Stream stream, int batch, const AttentionProblem<T>& problem) {
  using Tiles = AttentionTiles<Number, T, kSum, kWidth>;
  const int row_tiles = ceil_div(problem.x1.count, Tiles::kRows),
            column_tiles = ceil_div(problem.z.width, kWidth);
  const int64_t blocks = int64_t{batch} * row_tiles * column_tiles;
  if (blocks > INT32_MAX) throw std::runtime_error("attention of more than 2^31 - 1 tiles");
  launch<typename Tiles::Shared>(attend_kernel<Number, T, kSum, kWidth>, dim3(static_cast<unsigned>(blocks)),
                                 dim3(Tiles::kThreads), stream, problem, row_tiles, column_tiles);
}

template <AttentionSum kSum>
void attend(Stream stream, const Attention& a, const void* x1, const void* y1, const void* x2, const void* y2,
            const void* z, void* out, float* logsum_out, const float* logsum, const float* delta) {
  with_number(a.dtype, a.math, [&](auto number, auto element) {
    using T = decltype(element);
    using Number = decltype(number);
    const bool queries = kSum == AttentionSum::output || kSum == AttentionSum::query_gradient;
    const int rows = queries ? a.queries : a.keys, others = queries ? a.keys : a.queries;
    const bool depth_out = kSum == AttentionSum::query_gradient || kSum == AttentionSum::key_gradient;
    const auto matrix = [&](const void* data, int count, int width) {
      return AttentionMatrix<T>{static_cast<const T*>(data), count, width,
                                readable_as_vectors<T>(data, width)};
    };
    const AttentionMatrix<T> z_matrix = matrix(z, others, depth_out ? a.depth : a.width);
    AttentionProblem<T> problem{
        matrix(x1, rows, a.depth),
        matrix(y1, others, a.depth),
        matrix(x2, rows, a.width),
        matrix(y2, others, a.width),
        z_matrix,
        result_of(out, a.dtype == DType::bf16, z_matrix.width, {nullptr, Unary::identity, 0}),
        logsum_out,
        logsum,
        delta,
        static_cast<float>(a.scale)};
    if (z_matrix.width <= 32) attend_columns<Number, kSum, 32>(stream, a.batch, problem);
    else attend_columns<Number, kSum, 128>(stream, a.batch, problem);
  });
}

// src/attention_output.cu and its neighbours, a sum a file.
void attend_output(Stream stream, const Attention& a, const void* q, const void* k, const void* v, void* o,
                   float* logsum);
void attend_query_gradient(Stream stream, const Attention& a, const void* q, const void* k, const void* v,
                           const void* g, void* dq, const float* logsum, const float* delta);
void attend_key_gradient(Stream stream, const Attention& a, const void* q, const void* k, const void* v,
                         const void* g, void* dk, const float* logsum, const float* delta);
void attend_value_gradient(Stream stream, const Attention& a, const void* q, const void* k, const void* g,
                           void* dv, const float* logsum);

}  // namespace ganymede::kernels::GANYMEDE_TARGET
