// A table of numbers whose rows come batch by batch, and what is said of its columns.
#pragma once
#include <vector>

#include "engine/tensor.h"

namespace ganymede::metrics {

struct Columns {
  std::vector<std::vector<double>> values;   // by column
  void add(const Tensor& rows);              // [n, D], D the same each time
  size_t count() const { return values.size(); }
  double mean(size_t k) const;
  double deviation(size_t k) const;          // of the numbers themselves, not an estimate
};

}  // namespace ganymede::metrics
