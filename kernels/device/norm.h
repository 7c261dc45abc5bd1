// The members of the normalisation family, which three files share: src/norm.cu (statistics and the table),
// src/norm_apply.cu and src/norm_gradient.cu.
#pragma once
#include "kernels/device/column_merge.h"
#include "kernels/device/families.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void apply_norm(Stream, const Norm&, const void* x, const void* mean, const void* rstd, const void* gamma,
                const void* beta, Unary activation, double alpha, void* y);
void norm_parameter_gradient(Stream, const Norm&, const void* x, const void* dy, const void* mean,
                             const void* rstd, void* dgamma, void* dbeta, void* workspace);
void norm_data_gradient(Stream, const Norm&, const void* x, const void* dy, const void* mean,
                        const void* rstd, const void* gamma, const void* dgamma, const void* dbeta, void* dx);
size_t norm_gradient_workspace(const Norm&);

// How the matrix [rows, channels] of an outer index is shared by blocks whose sums go down its columns: 128
// bytes of a row side by side, `parts` parts of `part` rows. A function of the shape alone, for the order of
// sums depends on it.
struct RowParts {
  int64_t part, parts;
};
constexpr int kColumnPacks = 8;

inline RowParts row_parts(const Norm& norm) {
  const int64_t bytes = norm.groups * norm.width * (norm.dtype == DType::f64   ? 8
                                                    : norm.dtype == DType::f32 ? 4
                                                                               : 2);
  const int64_t tiles = norm.outer * ceil_div<int64_t>(bytes, 16 * kColumnPacks);
  // The last block to finish reads all the parts: about the root of the rows balances that with the rows that
  // each has read before. 512 blocks fill any device; parts under 64 rows leave most threads a row or none.
  int64_t parts = 1;
  while (16 * parts * parts <= norm.rows && 2 * parts * tiles <= 512 && 2 * parts * 64 <= norm.rows) parts *= 2;
  const int64_t part = ceil_div(norm.rows, parts);
  return {part, part > 0 ? ceil_div(norm.rows, part) : 1};
}

inline ColumnBlock norm_block(int64_t channels, int pack, int64_t rows) {
  return column_block(ceil_div<int64_t>(channels, pack), rows, pack == 1 ? 32 : kColumnPacks);
}

// Numbers [outer, parts, 2, channels] that blocks leave for the last of them.
inline size_t parts_bytes(const Norm& norm, int64_t outer, int64_t parts, int64_t channels) {
  return static_cast<size_t>(outer * parts * 2 * channels) * (norm.dtype == DType::f64 ? 8 : 4);
}

// How the rows of every outer index are shared by blocks that write as many as they read: `chunk` rows each.
// Four rows a thread are read at once; fewer where blocks would be too few for the device, more where they
// would be too many.
struct RowChunks {
  int64_t chunk, chunks;
};

inline RowChunks row_chunks(int64_t outer, int64_t rows, const ColumnBlock& block) {
  const int64_t tiles = outer * block.across, least = simt::multiprocessors(), most = 16 * least;
  int64_t each = 4;
  while (each > 1 && tiles * ceil_div<int64_t>(rows, each * block.threads_y) < least) each /= 2;
  const int64_t jobs = tiles * ceil_div<int64_t>(rows, each * block.threads_y);
  if (jobs > most) each *= ceil_div(jobs, most);
  const int64_t chunk = each * block.threads_y;
  return {chunk, ceil_div(rows, chunk)};
}

// mean and rstd of kWidth neighbouring channels, from those of the groups of one outer index. vectors: both
// arrays may be read 16 bytes at a time.
template <int kWidth, class A>
__device__ inline void load_statistics(const A* means, const A* rstds, int64_t channel, int64_t width,
                                       bool vectors, A (&mean)[kWidth], A (&rstd)[kWidth]) {
  if (width == 1) {
    load_numbers(means + channel, vectors, mean);
    load_numbers(rstds + channel, vectors, rstd);
    return;
  }
  Division at = divide(channel, width);
  for (int j = 0; j < kWidth; ++j) {
    mean[j] = means[at.quotient];
    rstd[j] = rstds[at.quotient];
    if (++at.remainder == width) ++at.quotient, at.remainder = 0;
  }
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
