// How far tensors lie apart.
#pragma once
#include "engine/ops.h"

namespace ganymede::test {

inline double largest(const Tensor& x) { return max(abs(x)).item(); }
inline double furthest(const Tensor& a, const Tensor& b) { return largest(a - b); }

}  // namespace ganymede::test
