// Softmax over an axis, picking rows by index, one-hot rows.
#pragma once
#include "engine/tensor.h"

namespace ganymede {

Tensor softmax(const Tensor& x, int axis = -1);
Tensor log_softmax(const Tensor& x, int axis = -1);

// Rows of x [rows, ...] by index (i64, any shape): result [index shape..., ...]. An index outside picks zeros.
Tensor gather_rows(const Tensor& x, const Tensor& index);
// 1 where the class is, else 0: labels [N] -> [N, classes], in the context's dtype.
Tensor one_hot(const Tensor& labels, int64_t classes);

}  // namespace ganymede
