#pragma once
#include "engine/ops.h"

namespace ganymede {

// A row [1, C] for each of n samples: [n, C].
inline Tensor repeated(const Tensor& row, int64_t n) { return broadcast_to(row, Shape{n, row.dim(1)}); }

}  // namespace ganymede
