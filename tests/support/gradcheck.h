// Numerical checks of first and second derivatives in f64 on the cpu.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace ganymede::test {

// A function of tensors that returns tensors; the check differentiates with respect to every input.
using Function = std::function<Tensors(const Tensors& inputs)>;

struct Gradcheck {
  double step = 1e-6;       // of the central differences
  double tolerance = 1e-5;  // on |numeric - analytic| relative to the size of the gradient
  uint64_t seed = 1;
  double* worst = nullptr;  // takes the largest |numeric - analytic| / size found, if given
};

// Compares d <f(x), c> / d x with central differences: every element of small inputs, three random directions of large
// ones. Returns "" or what is wrong where.
std::string gradcheck(const Function& f, const Tensors& inputs, const Gradcheck& options = {});
// The same for the gradient as a function of the inputs and of the cotangents: the second derivative.
std::string gradgradcheck(const Function& f, const Tensors& inputs, const Gradcheck& options = {});

// Values from normal(0, 1) in f64 on the cpu, by a fixed generator.
Tensor random_tensor(const Shape& shape, uint64_t seed, double low = -2, double high = 2);
// ||a - b|| / max(||b||, tiny), infinite when a holds a NaN.
double relative_error(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace ganymede::test
