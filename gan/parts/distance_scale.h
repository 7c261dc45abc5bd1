// Distances between pictures, counted in the deviations that they have on their side (Benaim & Wolf 2017, DistanceGAN).
#pragma once
#include "gan/recipe.h"

namespace ganymede {

// (d - mean) / deviation; d itself where they are undefined.
struct DistanceScale {
  Tensor mean, deviation;   // [1]
  Tensor operator()(const Tensor& d) const { return mean ? (d - mean) / deviation : d; }
};
struct DistanceScales {
  DistanceScale pairs, halves;   // of pair_distances and half_distances (losses/translation.h)
};

// Of the training pictures of a field, kept with the model as pairs.FIELD and halves.FIELD [2] (mean, deviation) and measured when it is first trained:
// over every two of at most `items` pictures that lie evenly over the set, and over the same pictures' halves. unit: pixels that the
// networks see over those of the data. UsageError where distances do not differ.
DistanceScales keep_distance_scales(Recipe& r, const Config& c, const std::string& field, int64_t items, double unit);

}  // namespace ganymede
