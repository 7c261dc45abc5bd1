// Walks a matrix [rows, columns] by columns: what sums over rows of NHWC tensors share. The order of every
// sum follows from the shape alone: rows are cut into chunks, each chunk is summed in row order, and the
// chunks are added in order in double.
#pragma once
#include <algorithm>
#include <cstdint>
#include <limits>

#include "kernels/cpu/number.h"
#include "kernels/cpu/parallel.h"

namespace ganymede::kernels::cpu {

constexpr int64_t kTile = 256;  // columns whose sums are held at a time
constexpr int64_t kChunkElements =
    16384;  // of one chunk of rows in one tile: 64 KB of f32 stay in the second cache
constexpr int64_t kLineChunk = 4096;  // elements of a line summed in one go: 64 a lane

// How [outer, rows, columns] is cut. Short rows are joined (fold of them side by side) so that the vectors
// are full.
struct ColumnPlan {
  int64_t outer, rows, columns;
  int64_t fold;        // rows taken side by side as one
  int64_t chunk_rows;  // rows of a chunk, a multiple of fold
  int64_t chunks;      // of the rows
  int64_t tiles;       // of the columns

  ColumnPlan(int64_t outer_, int64_t rows_, int64_t columns_)
      : outer(outer_), rows(rows_), columns(columns_) {
    fold = columns > 0 && columns < 32 ? std::max<int64_t>(1, std::min(kTile / columns, rows / 4)) : 1;
    const int64_t width = std::max<int64_t>(1, std::min(columns, kTile));
    chunk_rows = std::max<int64_t>(1, kChunkElements / width);
    chunk_rows = ceil_div(chunk_rows, fold) * fold;
    chunks = std::max<int64_t>(1, ceil_div(rows, chunk_rows));
    tiles = ceil_div(columns, kTile);
  }
  int64_t rows_of(int64_t chunk) const { return std::min(chunk_rows, rows - chunk * chunk_rows); }
  int64_t tasks() const { return outer * chunks * tiles; }
  int64_t partials() const { return outer * chunks * columns; }
};

// One task: rows [row, row + rows) and columns [column, column + width) of one outer index; partial is its
// place among the partial results [outer, chunks, columns].
struct ColumnTask {
  int64_t outer, chunk, row, rows, column, width, partial;
  int64_t line;    // elements side by side in one pass: width, or fold * columns
  int64_t offset;  // of the first element in [outer, rows, columns]
};

template <typename Body>
void for_each_column_task(const ColumnPlan& plan, int64_t grain, Body body) {
  parallel_ranges(plan.tasks(), plan.outer * plan.rows * plan.columns, grain,
                  [&](int64_t begin, int64_t end) {
                    for (int64_t index = begin; index < end; ++index) {
                      ColumnTask task;
                      const int64_t tile = index % plan.tiles;
                      task.chunk = index / plan.tiles % plan.chunks;
                      task.outer = index / plan.tiles / plan.chunks;
                      task.row = task.chunk * plan.chunk_rows;
                      task.rows = plan.rows_of(task.chunk);
                      task.column = tile * kTile;
                      task.width = std::min(kTile, plan.columns - task.column);
                      task.partial = (task.outer * plan.chunks + task.chunk) * plan.columns + task.column;
                      task.line = plan.fold > 1 ? plan.fold * plan.columns : task.width;
                      task.offset = (task.outer * plan.rows + task.row) * plan.columns + task.column;
                      body(task);
                    }
                  });
}

struct Add {
  template <typename C>
  static C start() {
    return C(0);
  }
  template <typename C>
  static C join(C a, C b) {
    return a + b;
  }
};

// NaN wins.
struct Largest {
  template <typename C>
  static C start() {
    return -std::numeric_limits<C>::infinity();
  }
  template <typename C>
  static C join(C a, C b) {
    return b > a || b != b ? b : a;
  }
};

struct Smallest {
  template <typename C>
  static C start() {
    return std::numeric_limits<C>::infinity();
  }
  template <typename C>
  static C join(C a, C b) {
    return b < a || b != b ? b : a;
  }
};

// sums[c] joined with values(offset + line * stride + c, c) of four lines, or of one.
template <typename Join, typename C, typename Values>
void add_four_lines(int64_t width, int64_t offset, int64_t stride, const Values& values, C* sums) {
#pragma omp simd
  for (int64_t c = 0; c < width; ++c) {
    const C t0 = values(offset + c, c), t1 = values(offset + stride + c, c);
    const C t2 = values(offset + 2 * stride + c, c), t3 = values(offset + 3 * stride + c, c);
    sums[c] = Join::join(sums[c], Join::join(Join::join(t0, t1), Join::join(t2, t3)));
  }
}

template <typename Join, typename C, typename Values>
void add_line(int64_t width, int64_t offset, const Values& values, C* sums) {
#pragma omp simd
  for (int64_t c = 0; c < width; ++c) sums[c] = Join::join(sums[c], values(offset + c, c));
}

// sums[k][c] = sum over the task's rows of the k-th of values at (offset of element (row, c) in [outer, rows,
// columns], c), c counted from the tile's first column, or along the joined rows. sums: an array of kTile for
// each of values. Join may be another associative operation than Add.
template <typename Join, typename C, typename... Values>
void sum_columns(const ColumnPlan& plan, const ColumnTask& task, C (*sums)[kTile], const Values&... values) {
  const int64_t fold = plan.fold, lines = task.rows / fold, stride = fold * plan.columns;
  for (size_t k = 0; k < sizeof...(Values); ++k) std::fill_n(sums[k], task.line, Join::template start<C>());
  int64_t line = 0;
  for (; line + 4 <= lines; line += 4) {
    C(*to)[kTile] = sums;
    (add_four_lines<Join>(task.line, task.offset + line * stride, stride, values, *to++), ...);
  }
  for (; line < lines; ++line) {
    C(*to)[kTile] = sums;
    (add_line<Join>(task.line, task.offset + line * stride, values, *to++), ...);
  }
  if (fold == 1) return;
  const int64_t left = (task.rows - lines * fold) * plan.columns;  // the rows that fill no line
  C(*to)[kTile] = sums;
  (add_line<Join>(left, task.offset + lines * stride, values, *to++), ...);
  for (size_t k = 0; k < sizeof...(Values); ++k) {
    for (int64_t first = plan.columns; first < task.line; first += plan.columns) {
      for (int64_t c = 0; c < plan.columns; ++c) sums[k][c] = Join::join(sums[k][c], sums[k][first + c]);
    }
  }
}

// Calls body(first element, count) for every line of a task; element first + i has the column (column + i) %
// columns.
template <typename Body>
void for_each_line(const ColumnPlan& plan, const ColumnTask& task, Body body) {
  const int64_t lines = task.rows / plan.fold, stride = plan.fold * plan.columns;
  for (int64_t line = 0; line < lines; ++line) body(task.offset + line * stride, task.line);
  const int64_t left = (task.rows - lines * plan.fold) * plan.columns;
  if (left > 0) body(task.offset + lines * stride, left);
}

// Continues the first width values of a tile to a whole line.
template <typename C>
void repeat_columns(const ColumnTask& task, C* values) {
  for (int64_t c = task.width; c < task.line; c += task.width) std::copy_n(values, task.width, values + c);
}

// The second stage: put(outer * columns + column, join over the chunks in order of values(rows of the chunk,
// place among the partials, outer * columns + column)).
template <typename Join, typename Values, typename Put>
void combine_chunks(const ColumnPlan& plan, Values values, Put put) {
  parallel_ranges(plan.outer * plan.tiles, plan.partials(), kCheapGrain, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const int64_t outer = index / plan.tiles, column = index % plan.tiles * kTile;
      const int64_t width = std::min(kTile, plan.columns - column);
      double totals[kTile];
      std::fill_n(totals, width, Join::template start<double>());
      for (int64_t chunk = 0; chunk < plan.chunks; ++chunk) {
        const int64_t first = (outer * plan.chunks + chunk) * plan.columns + column,
                      to = outer * plan.columns + column;
        const double rows = static_cast<double>(plan.rows_of(chunk));
#pragma omp simd
        for (int64_t c = 0; c < width; ++c)
          totals[c] = Join::join(totals[c], static_cast<double>(values(rows, first + c, to + c)));
      }
      for (int64_t c = 0; c < width; ++c) put(outer * plan.columns + column + c, totals[c]);
    }
  });
}

// The sum of `count` values(i) in an order that count alone fixes: 64 interleaved sums, then those in pairs.
template <typename Join, typename C, typename Values>
C sum_line(int64_t count, Values values) {
  constexpr int64_t kLanes = 64;
  if (count <= 16) {
    C total = Join::template start<C>();
    for (int64_t i = 0; i < count; ++i) total = Join::join(total, values(i));
    return total;
  }
  C lanes[kLanes];
  for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] = Join::template start<C>();
  const int64_t whole = count / kLanes * kLanes;
  for (int64_t i = 0; i < whole; i += kLanes) {
#pragma omp simd
    for (int64_t lane = 0; lane < kLanes; ++lane) lanes[lane] = Join::join(lanes[lane], values(i + lane));
  }
#pragma omp simd
  for (int64_t i = whole; i < count; ++i) lanes[i - whole] = Join::join(lanes[i - whole], values(i));
  for (int64_t half = kLanes / 2; half > 0; half /= 2) {
#pragma omp simd
    for (int64_t lane = 0; lane < half; ++lane) lanes[lane] = Join::join(lanes[lane], lanes[lane + half]);
  }
  return lanes[0];
}

}  // namespace ganymede::kernels::cpu
