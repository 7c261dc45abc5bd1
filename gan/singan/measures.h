// What is measured on a trained pyramid.
#pragma once
#include <memory>
#include <vector>

#include "gan/data/picture.h"
#include "gan/singan/pyramid.h"
#include "gan/use.h"

namespace ganymede::singan {

std::vector<Measure> measures(const std::shared_ptr<Pyramid>& pyramid);

double rmse(const Tensor& a, const Tensor& b);
// Deviation of each value over `samples` pictures, averaged, by the deviation of the training picture's values (the paper's).
double diversity(const Pyramid& p, int64_t samples, int start);

// Pictures as values [height * width * channels] in [-1, 1].
struct Values {
  int64_t height, width, channels;
  std::vector<float> x;
};
Values values_of(const Tensor& picture);
// Root mean square distance of 7x7 patches of `of` (every third row and column) to the nearest patch of `in`, averaged.
double nearest_patch(const Values& of, const Values& in);

}  // namespace ganymede::singan
