// Surface normals as pictures: a unit vector a pixel, and words for them (Wang and Gupta 2016).
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "gan/config.h"
#include "gan/recipe.h"

namespace ganymede {

// x [..., 3], each vector divided by its length; differentiable, and 0 where x is 0.
Tensor unit_normals(const Tensor& x);
// Normals [N, H, W, 3] at side x side: bilinear, then of length 1 again.
Tensor resized_normals(const Tensor& n, int64_t side);

// Centres [count, 3], of length 1, of a clustering of unit vectors (three numbers each): spherical k-means, begun with vectors far from one
// another, 20 rounds. Error unless there are as many different vectors.
std::vector<double> cluster_normals(std::span<const float> vectors, int64_t count);

// The words: centres of the training normals, kept with the model.
struct NormalWords {
  Tensor centres;                                // [count, 3]
  int64_t count() const { return centres.dim(0); }
  Tensor nearest(const Tensor& normals) const;   // i64 [vectors of normals]: the word with the largest dot product
  Tensor meant(const Tensor& logits) const;      // [..., count] -> [..., 3]: the mean word by softmax, of length 1
};
// Clusters the normals (field `field`, read as colours in [-1, 1]) of up to 200 training samples, a quarter of their pixels each way.
NormalWords keep_normal_words(Recipe& r, const Config& c, const std::string& field, int64_t count);

}  // namespace ganymede
