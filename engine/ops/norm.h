// Normalisation. One fused op serves all norms on NHWC tensors; see kernels/api/norm.h for the view it takes.
#pragma once
#include "engine/ops/elementwise.h"
#include "engine/tensor.h"

namespace ganymede {

struct Normalised {
  Tensor y;
  Tensor mean, rstd;  // [outer, groups] of the batch; rstd = 1 / sqrt(biased variance + eps)
};

// Statistics [groups] that follow those of the batches, of every outer index in turn: running = (1 - momentum) running + momentum batch, the variance unbiased.
// Undefined: none are kept.
struct RunningStatistics {
  double momentum = 0;
  Tensor mean, variance;
};

// y = f((x - mean) * rstd * gamma + beta + residual). gamma and beta undefined, [channels], or [outer, channels]; residual undefined or as x.
Normalised normalise(const Tensor& x, const kernels::Norm& view, const Tensor& gamma, const Tensor& beta, const Activation& f = {},
                     const RunningStatistics& running = {}, const Tensor& residual = {});

// The views, for x [N, H, W, C] (or [N, C]).
kernels::Norm batch_view(const Tensor& x, double eps = 1e-5);
kernels::Norm instance_view(const Tensor& x, double eps = 1e-5);
kernels::Norm layer_view(const Tensor& x, double eps = 1e-5);     // over all of H, W, C; gamma and beta per channel
kernels::Norm sample_view(const Tensor& x, double eps = 1e-5);    // the same with gamma and beta [H W C]: one an element
kernels::Norm group_view(const Tensor& x, int groups, double eps = 1e-5);
kernels::Norm pixel_view(const Tensor& x, double eps = 1e-8);     // x / sqrt(mean over channels of x^2 + eps)

// The same by stored statistics [C].
Tensor normalise_by(const Tensor& x, const Tensor& mean, const Tensor& variance, double eps, const Tensor& gamma, const Tensor& beta, const Activation& f = {},
                    const Tensor& residual = {});

}  // namespace ganymede
