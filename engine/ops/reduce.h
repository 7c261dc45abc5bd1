// Sums and extrema over axes. Sums of bf16 are f32.
#pragma once
#include <vector>

#include "engine/tensor.h"

namespace ganymede {

using Axes = std::vector<int>;  // empty: all; negative axes count from the end

Tensor sum(const Tensor& x, const Axes& axes = {}, bool keep = false);
Tensor mean(const Tensor& x, const Axes& axes = {}, bool keep = false);
Tensor max(const Tensor& x, const Axes& axes = {}, bool keep = false);   // ties share the gradient equally
Tensor min(const Tensor& x, const Axes& axes = {}, bool keep = false);
Tensor logsumexp(const Tensor& x, const Axes& axes = {}, bool keep = false);
// Euclidean norm sqrt(sum x^2 + eps); with eps 0 the gradient at 0 is 0.
Tensor norm(const Tensor& x, const Axes& axes = {}, bool keep = false, double eps = 0);
// i64 index of the largest element of an axis, the first of equals.
Tensor argmax(const Tensor& x, int axis);

// The adjoint of broadcasting: x summed down to a shape that broadcasts to x's; in dtype (x's own when not given).
Tensor sum_to(const Tensor& x, const Shape& shape);
Tensor sum_to(const Tensor& x, const Shape& shape, DType dtype);
Tensor broadcast_to(const Tensor& x, const Shape& shape);

}  // namespace ganymede
