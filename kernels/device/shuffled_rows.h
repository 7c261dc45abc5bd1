// Where the results of a convolution forward lie that are pixel-shuffled on the way (Epilogue::shuffle). Row (n, p, q), column (i, j, c)
// of the product is pixel (p * factor + i, q * factor + j), channel c, of y [N, P * factor, Q * factor, channels], and the sum of filter
// c * factor^2 + i * factor + j: neighbouring columns are neighbours in memory, and filters and biases are read in another order instead.
#pragma once
#include "kernels/device/fast_divide.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

struct ShuffledRows {
  FastDivide width;     // Q
  FastDivide channels;  // of y
  int factor;
  int first;            // row of a pixel's square that column 0 belongs to
  int line;             // elements of a row of y

  static ShuffledRows of(const Conv2d& p, int factor) {
    return {FastDivide(p.q), FastDivide(p.k / (factor * factor)), factor, 0, p.q * p.k / factor};
  }
  __device__ int64_t offset(int position) const {
    const int q = width.split(position);
    return (static_cast<int64_t>(position) * factor + first) * line + q * factor * channels.divisor;
  }
  __device__ int64_t offset(int position, int column) const { return offset(position) + column; }
  // The filter of a column, and so its bias.
  __device__ int channel(int column) const {
    const int c = channels.split(column);
    return (c * factor + first) * factor + column;
  }
};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
