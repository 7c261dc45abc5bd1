// The members of the normalisation family, which its files share: src/norm.cu (statistics and the table), src/norm_apply.cu,
// src/norm_gradient.cu, src/norm_second.cu and, in one launch each, src/norm_resident*.cu.
#pragma once
#include "kernels/device/column_merge.h"
#include "kernels/device/families.h"
#include "kernels/device/math.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void apply_norm(Stream, const Norm&, const void* x, const void* residual, const void* mean, const void* rstd,
                const void* gamma, const void* beta, Unary activation, double alpha, void* y);
void norm_parameter_gradient(Stream, const Norm&, const NormActivation&, const void* x, const void* dy,
                             const void* mean, const void* rstd, void* dgamma, void* dbeta, void* workspace);
void norm_data_gradient(Stream, const Norm&, const NormActivation&, const void* x, const void* dy,
                        const void* mean, const void* rstd, const void* gamma, const void* dgamma,
                        const void* dbeta, void* dx);
size_t norm_gradient_workspace(const Norm&);
void norm_second_gradient(Stream, const Norm&, const NormSecond&, void* workspace);
size_t norm_second_workspace(const Norm&);

// Rows of neighbouring channels join what is known of them.
template <int kRows, int kWidth, class T>
__device__ inline void join_rows(const MomentsOp<Accumulator<T>>& op, Elements<kWidth, T> (&v)[kRows],
                                 ColumnState<Accumulator<T>, kWidth>& state) {
  using A = Accumulator<T>;
  A mean[kWidth], squared[kWidth];
  for (int j = 0; j < kWidth; ++j) {
    const Moments<A> rows = op.template of<kRows>([&](int i) { return widen(v[i][j]); });
    mean[j] = rows.mean;
    squared[j] = rows.squared;
  }
  state.merge(op, A(kRows), mean, squared);
}

// Where statistics go.
template <class A>
struct StatisticTarget {
  A *mean, *rstd;  // [outer, groups]
  A eps;
  A momentum, *running_mean, *running_variance;  // [groups]; null: none are kept

  __device__ A rstd_of(A count, A squared) const { return A(1) / math::sqrt(squared / count + eps); }

  // The running statistics of a group take in those of one batch.
  __device__ void follow(int64_t group, A mean_now, A variance_now) const {
    running_mean[group] = (A(1) - momentum) * running_mean[group] + momentum * mean_now;
    running_variance[group] = (A(1) - momentum) * running_variance[group] + momentum * variance_now;
  }
  // Statistic i, of outer index 0 where running ones are kept.
  __device__ void put(int64_t i, A count, A mean_now, A squared) const {
    mean[i] = mean_now;
    rstd[i] = rstd_of(count, squared);
    if (running_mean) follow(i, mean_now, count > 1 ? squared / (count - 1) : squared);
  }
  // Those of every outer index, one after the other, as they have been written.
  __device__ void follow_all(const Norm& norm, int64_t group) const {
    const double count = static_cast<double>(norm.rows * norm.width), unbiased = count > 1 ? count / (count - 1) : 1;
    for (int64_t outer = 0; outer < norm.outer; ++outer) {
      const double r = rstd[outer * norm.groups + group], found = 1 / (r * r) - norm.eps;
      follow(group, mean[outer * norm.groups + group], static_cast<A>((found > 0 ? found : 0) * unbiased));
    }
  }
};

template <class A>
StatisticTarget<A> statistic_target(const Norm& norm, void* mean, void* rstd, const Running& running) {
  return {static_cast<A*>(mean), static_cast<A*>(rstd), static_cast<A>(norm.eps), static_cast<A>(running.momentum),
          static_cast<A*>(running.mean), static_cast<A*>(running.variance)};
}

// The same in one launch, where norm_plan.h says that blocks hold the rows; false where they do not. src/norm_resident*.cu
bool resident_forward(Stream, const Norm&, const NormActivation&, const void* x, const void* residual, void* mean, void* rstd,
                      const Running&, void* y);
bool resident_gradient(Stream, const Norm&, const NormActivation&, const void* x, const void* dy, const void* mean,
                       const void* rstd, void* dgamma, void* dbeta, void* dx);
bool resident_second_gradient(Stream, const Norm&, const NormSecond&);

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
