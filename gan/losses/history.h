// Historical averaging (Salimans et al. 2016).
#pragma once
#include "engine/ops.h"
#include "nn/net.h"

namespace ganymede {

// |theta - mean over time|^2 of a network, nothing until the first mean. mean and count [1] start at 0 and are kept with the model.
struct History {
  nn::Net net;
  Tensor mean, count;
  Tensor distance() const {
    Tensor sum_of_squares;
    for (size_t i = 0; i < net.parameters().size(); ++i) {
      const Tensor d = sum(square(net.parameters()[i].value - net.slice_of(mean, i)));
      sum_of_squares = sum_of_squares ? sum_of_squares + d : d;
    }
    return reshape(sum_of_squares, Shape{1}) * greater(count, zeros_like(count));
  }
  void note() const {
    assign(count, count + 1.0);
    assign(mean, mean + (net.flat().constant() - mean) / count);
  }
};

}  // namespace ganymede
