// What the norm kernels share: the walk over columns, and values a statistic or a channel spread over the
// columns of a tile.
#pragma once
#include "kernels/api/norm.h"
#include "kernels/cpu/columns.h"

namespace ganymede::kernels::cpu {

inline ColumnPlan plan_of(const Norm& p) { return ColumnPlan(p.outer, p.rows, p.groups * p.width); }

inline bool is_empty(const Norm& p) { return p.outer * p.rows * p.groups * p.width == 0; }

// A value a statistic, spread over the columns of a tile, and over a whole line where rows are joined.
template <typename C>
void spread(const Norm& p, const ColumnTask& task, const C* statistic, C* columns) {
  const C* from = statistic + task.outer * p.groups;
  if (p.width == 1) {
    std::copy_n(from + task.column, task.width, columns);
  } else {
    for (int64_t c = 0; c < task.width;) {
      const int64_t group = (task.column + c) / p.width;
      const int64_t end = std::min(task.width, (group + 1) * p.width - task.column);
      std::fill(columns + c, columns + end, from[group]);
      c = end;
    }
  }
  repeat_columns(task, columns);
}

// A row of gamma or beta over the columns of a tile; `missing` where there is none.
template <typename C>
void spread_affine(const Norm& p, const ColumnTask& task, const C* affine, C missing, C* columns) {
  if (affine) {
    std::copy_n(affine + task.outer * p.affine_stride + task.column, task.width, columns);
  } else {
    std::fill_n(columns, task.width, missing);
  }
  repeat_columns(task, columns);
}

template <typename C>
void multiply(int64_t count, const C* by, C* values) {
#pragma omp simd
  for (int64_t c = 0; c < count; ++c) values[c] *= by[c];
}

// Of NormKernels, in norm_gradient.cpp and norm_second.cpp.
void norm_parameter_gradient(Stream, const Norm& p, const NormActivation&, const void* x, const void* dy,
                             const void* mean, const void* rstd, void* dgamma, void* dbeta, void* workspace);
void norm_data_gradient(Stream, const Norm& p, const NormActivation&, const void* x, const void* dy,
                        const void* mean, const void* rstd, const void* gamma, const void* dgamma,
                        const void* dbeta, void* dx);
void norm_second_gradient(Stream, const Norm& p, const NormSecond& of, void* workspace);
size_t norm_second_workspace(const Norm& p);

}  // namespace ganymede::kernels::cpu
