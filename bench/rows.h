// The thirty convolutions that speed is judged by, which `ganymede kernels` knows too: kernels/api/conv2d_rows.h.
#pragma once
#include "bench/layers.h"

namespace ganymede::bench {

using kernels::problem_of;
using kernels::role_of;
using Row = kernels::Conv2dRow;
constexpr auto& kRows = kernels::kConv2dRows;

}  // namespace ganymede::bench
