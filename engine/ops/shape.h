// Ops that move elements about: every one linear, each with its adjoint.
#pragma once
#include <vector>

#include "engine/tensor.h"

namespace ganymede {

// The same elements in another shape; one extent may be -1.
Tensor reshape(const Tensor& x, const Shape& shape);
Tensor reshape(const Tensor& x, const std::vector<int64_t>& shape);
Tensor flatten(const Tensor& x, int from = 1);     // axes from `from` on become one
Tensor permute(const Tensor& x, const std::vector<int>& axes);   // y's axis i is x's axis axes[i]
Tensor transpose(const Tensor& x);                 // the last two axes
Tensor slice(const Tensor& x, int axis, int64_t begin, int64_t end);
Tensor concat(const Tensors& xs, int axis);        // f32 and bf16 mix to f32, as in element-wise functions
// Batches one after another along the leading axis: one launch, which converts them to dtype. And apart again, in `parts` equal
// parts: no launch.
Tensor join(const Tensors& xs, DType dtype);
Tensors split(const Tensor& x, int64_t parts);
Tensor flip(const Tensor& x, int axis);
Tensor roll(const Tensor& x, int64_t shift, int axis = 0);
// Zeros around: before[i] and after[i] elements on axis i; the adjoint of taking the middle out.
Tensor pad_zero(const Tensor& x, const std::vector<int64_t>& before, const std::vector<int64_t>& after);
Tensor stack(const Tensors& xs);                   // along a new leading axis

// Layouts at the border: pictures [N, C, H, W] <-> [N, H, W, C].
inline Tensor nchw_to_nhwc(const Tensor& x) { return permute(x, {0, 2, 3, 1}); }
inline Tensor nhwc_to_nchw(const Tensor& x) { return permute(x, {0, 3, 1, 2}); }

}  // namespace ganymede
