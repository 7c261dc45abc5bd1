// Eigen as the measures use it: matrices of doubles, single-threaded inside our own loops over blocks, so that results do
// not depend on the number of threads. Included by the sources named dense_*.cpp only, which are tuned for the machine.
#pragma once
#ifndef EIGEN_DONT_PARALLELIZE
#define EIGEN_DONT_PARALLELIZE
#endif
#include <Eigen/Core>

#include "gan/metrics/rows.h"

namespace ganymede::metrics {

using Matrix = Eigen::MatrixXd;
using RowMatrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

inline RowMatrix widened(const Rows& x) {
  return Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(x.values.data(), x.count, x.width).cast<double>();
}

}  // namespace ganymede::metrics
