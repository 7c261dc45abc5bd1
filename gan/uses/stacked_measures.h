// What `evaluate` can say of SGAN's levels (Huang et al. 2017).
#pragma once
#include <functional>
#include <vector>

#include "gan/use.h"

namespace ganymede {

// The parts of a stack. Pictures from `lower` lie in [0, 1]; seen(picture) and real(picture in [-1, 1]) are as E and D take them.
struct StackedParts {
  std::function<Tensor(const Tensor&)> real, seen, features, classes;            // features of a seen picture; class logits of features
  std::function<Tensor(const Tensor& z, const Tensor& labels)> upper;            // features
  std::function<Tensor(const Tensor& features, const Tensor& z)> lower;
  std::function<Tensor(int64_t n)> draw_upper, draw_lower;
  std::function<Tensor(const Tensor&)> read_upper, read_lower;                   // z as Q reads it off features, or off a seen picture
};

// encoder-accuracy, class-kept, feature-error, feature-mean, feature-deviation, noise-read-1, noise-read-0, appearance.
std::vector<Measure> stacked_measures(const StackedParts& parts);

}  // namespace ganymede
