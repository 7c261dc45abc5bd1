// Spatial transformers (Jaderberg et al. 2015): sampling a picture at given places.
#pragma once
#include "engine/tensor.h"

namespace ganymede {

using kernels::SampleBorder;
using kernels::SampleMode;

struct SampleOptions {
  SampleMode mode = SampleMode::bilinear;
  SampleBorder border = SampleBorder::zeros;
  bool align_corners = false;
};

// x [N, H, W, C], grid [N, P, Q, 2] of (gx, gy) with [-1, 1] the picture, as PyTorch's grid_sample; y [N, P, Q, C].
// Differentiable twice.
Tensor grid_sample(const Tensor& x, const Tensor& grid, const SampleOptions& options = {});
// Where the pixels of a picture are: a grid [1, height, width, 2] at which grid_sample gives the picture itself.
Tensor identity_grid(int64_t height, int64_t width, bool align_corners, DType dtype, const Device& device);
// theta [N, 2, 3] -> grid [N, height, width, 2], as PyTorch's affine_grid.
Tensor affine_grid(const Tensor& theta, int64_t height, int64_t width, bool align_corners = false);

}  // namespace ganymede
