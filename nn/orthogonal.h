// Orthonormal rows or columns out of random ones.
#pragma once
#include <cstdint>
#include <vector>

namespace ganymede::nn {

// Turns a [rows, columns] matrix of normal draws into a uniformly distributed one whose rows are orthonormal if there are no
// more rows than columns, else its columns: the Q of a QR decomposition with a positive diagonal of R.
void make_orthogonal(std::vector<double>& matrix, int64_t rows, int64_t columns);

}  // namespace ganymede::nn
