#pragma once

#include <string>
#include <vector>

#include "gan/data/random.h"

namespace ganymede::data {

// A mixture of Gaussians of equal weight and one standard deviation in every direction: the toy world in
// which covered and missed modes can be counted.
struct Mixture {
  std::string name;
  std::vector<std::vector<double>> centres;  // [modes][dimensions]
  double deviation = 0;
  std::vector<int64_t> classes = {};         // of each mode; empty: each is a class of its own

  int64_t class_of(size_t mode) const { return classes.empty() ? static_cast<int64_t>(mode) : classes[mode]; }
  int64_t class_count() const;
  size_t dimensions() const { return centres[0].size(); }
  // A point and the number of its mode.
  std::vector<double> draw(Random& random, size_t& mode) const;
};

// gaussian, two, five (1-D); ring8, grid25, spiral, moons, ring5, arc10 (2-D); all within about [-1, 1]. Throws UsageError
// listing them.
const Mixture& mixture_named(const std::string& name);

// Of a data specification: does it name points, and the mixture that they come from (mixture:NAME[,count=N][,deviation=D]).
bool makes_points(const std::string& specification);
Mixture mixture_of(const std::string& specification);

}  // namespace ganymede::data
