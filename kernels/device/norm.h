// The members of the normalisation family, which three files share: src/norm.cu (statistics and the table),
// src/norm_apply.cu and src/norm_gradient.cu.
#pragma once
#include "kernels/device/columns.h"
#include "kernels/device/families.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void apply_norm(Stream, const Norm&, const void* x, const void* mean, const void* rstd, const void* gamma,
                const void* beta, Unary activation, double alpha, void* y);
void norm_parameter_gradient(Stream, const Norm&, const void* x, const void* dy, const void* mean,
                             const void* rstd, void* dgamma, void* dbeta, void* workspace);
void norm_data_gradient(Stream, const Norm&, const void* x, const void* dy, const void* mean,
                        const void* rstd, const void* gamma, const void* dgamma, const void* dbeta, void* dx);
size_t norm_gradient_workspace(const Norm&);

// A sum over the rows of [outer, rows, channels] cut into parts, a function of the shape alone.
struct RowParts {
  int64_t part, parts;  // rows of a part, parts of the rows
};

inline RowParts row_parts(int64_t outer, int64_t rows, int64_t channels) {
  const int64_t parts = parts_for(outer * ceil_div<int64_t>(channels, 128), rows, 64);
  return {ceil_div(rows, parts), parts};
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
