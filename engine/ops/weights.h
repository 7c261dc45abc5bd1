// How the multiplying ops (conv, linear, matmul, attention) read their weights, and in which arithmetic they multiply.
#pragma once
#include <memory>

#include "engine/tensor.h"

namespace ganymede {

struct Arithmetic {
  DType dtype;  // of activations inside the op
  Math math;
};
// From the context's precision and the type of the activations: f64 stays f64.
Arithmetic arithmetic(DType activations);

// A weight as kernels want it: in the op's dtype, with the counter that tells whether a packed copy is still good.
class WeightOperand {
 public:
  WeightOperand(Tensor value, bool versioned) : value_(std::move(value)), versioned_(versioned) {}
  kernels::Weight operand() const { return {value_.data(), versioned_ ? &value_.storage()->version : nullptr}; }
  // Keeps the storage of a parameter (and so its version) alive in captured launches; null for temporaries.
  std::shared_ptr<Storage> held() const { return versioned_ ? value_.storage() : nullptr; }
  const Tensor& value() const { return value_; }
 private:
  Tensor value_;
  bool versioned_;
};
WeightOperand weight_operand(const Tensor& w, DType dtype);

// bf16 copies. What an update makes of parameters, such as a normalised weight, is copied once in each run of it. All weights of a network lie in one storage, whose copy is made at its first use, by one launch. A step
// writes the copy along with the weights (nn/optim.cpp), so that it stays fresh; after other writers it is made again by the next
// use, or before the next run of an update that reads it.
void refresh_copy(const std::shared_ptr<Storage>& weights);  // does nothing if there is none or it is fresh

}  // namespace ganymede
