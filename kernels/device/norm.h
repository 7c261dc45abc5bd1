// The members of the normalisation family, which four files share: src/norm.cu (statistics and the table),
// src/norm_apply.cu, src/norm_gradient.cu and src/norm_second.cu.
#pragma once
#include "kernels/device/column_merge.h"
#include "kernels/device/families.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void apply_norm(Stream, const Norm&, const void* x, const void* mean, const void* rstd, const void* gamma,
                const void* beta, Unary activation, double alpha, void* y);
void norm_parameter_gradient(Stream, const Norm&, const NormActivation&, const void* x, const void* dy,
                             const void* mean, const void* rstd, void* dgamma, void* dbeta, void* workspace);
void norm_data_gradient(Stream, const Norm&, const NormActivation&, const void* x, const void* dy,
                        const void* mean, const void* rstd, const void* gamma, const void* dgamma,
                        const void* dbeta, void* dx);
size_t norm_gradient_workspace(const Norm&);
void norm_second_gradient(Stream, const Norm&, const NormSecond&, void* workspace);
size_t norm_second_workspace(const Norm&);

// How the rows of the matrix [rows, channels] of an outer index are shared by blocks whose sums go down its
// columns: a function of the shape alone, for the order of sums depends on it.
struct RowParts {
  int64_t part, parts;  // rows of a part, parts of the rows
};

inline RowParts row_parts(const Norm& norm) {
  const int64_t tiles = column_tiles(norm.outer, norm.groups * norm.width, norm.dtype);
  const int64_t part = ceil_div(norm.rows, column_parts(tiles, norm.rows));
  return {part, part > 0 ? ceil_div(norm.rows, part) : 1};
}

// Numbers [outer, parts, 2, channels] that blocks leave for the last of them.
inline size_t parts_bytes(const Norm& norm, int64_t outer, int64_t parts, int64_t channels) {
  return static_cast<size_t>(outer * parts * 2 * channels) * (norm.dtype == DType::f64 ? 8 : 4);
}

// How the rows of every outer index are shared by blocks that write as many as they read: `chunk` rows each.
// Four rows a thread are read at once; fewer where not even about every multiprocessor had a block, more where
// blocks would be too many.
struct RowChunks {
  int64_t chunk, chunks;
};

inline RowChunks row_chunks(int64_t outer, int64_t rows, const ColumnBlock& block) {
  const int64_t tiles = outer * block.across;
  const int64_t least = simt::multiprocessors() * 3 / 4, most = simt::multiprocessors() * 16;
  int64_t each = 4;
  while (each > 1 && tiles * ceil_div<int64_t>(rows, each * block.threads_y) < least) each /= 2;
  const int64_t jobs = tiles * ceil_div<int64_t>(rows, each * block.threads_y);
  if (jobs > most) each *= ceil_div(jobs, most);
  const int64_t chunk = each * block.threads_y;
  return {chunk, ceil_div(rows, chunk)};
}

// Of kWidth neighbouring channels a number of their groups each, from those of one outer index. vectors: they
// may be read 16 bytes at a time.
template <int kWidth, class A>
__device__ inline void load_of_groups(const A* numbers, int64_t channel, int64_t width, bool vectors,
                                      A (&to)[kWidth]) {
  if (width == 1) return load_numbers(numbers + channel, vectors, to);
  Division at = divide(channel, width);
  for (int j = 0; j < kWidth; ++j) {
    to[j] = numbers[at.quotient];
    if (++at.remainder == width) ++at.quotient, at.remainder = 0;
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
