// A convolution beside a change of scale by two, as one convolution of stride 2. The large picture is never made, and a 3 x 3 filter
// takes 2.25 times fewer products ("fused scale" in the code of Karras et al. 2018).
#pragma once
#include "engine/ops/conv.h"

namespace ganymede {

// For w [K, R, S, C] with odd R and S, padded by zeros to keep the picture's size (R / 2, S / 2). A filter is made once for all
// passes that use it; both are linear in w, and differentiable like all ops.

// Of every 2 x 2 pixels that nearest-neighbour enlargement makes equal, the taps are summed: [C, R + 1, S + 1, K].
Tensor upsample_filter(const Tensor& w);
// conv2d(upsample_nearest(x, 2), w): x [N, H, W, C] to [N, 2 H, 2 W, K], for filter = upsample_filter(w).
Tensor upsample_conv2d(const Tensor& x, const Tensor& filter, const Tensor& bias, const Activation& f = {}, const Tensor& residual = {});

// The mean of the filter's four shifts: [K, R + 1, S + 1, C].
Tensor mean_pool_filter(const Tensor& w);
// f(average_pool(conv2d(x, w))) over 2 x 2 pixels: x [N, H, W, C] to [N, H / 2, W / 2, K] (rounded down), for filter = mean_pool_filter(w).
Tensor conv2d_mean_pool(const Tensor& x, const Tensor& filter, const Tensor& bias, const Activation& f = {}, const Tensor& residual = {});

}  // namespace ganymede
