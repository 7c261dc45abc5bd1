// Maps of surface normals [N, H, W, 3], of length 1, and a codebook that turns their estimation into a choice of words.
#pragma once
#include "gan/recipe.h"

namespace ganymede {

// A map at another size, of length 1 again: linear, antialiased where it shrinks. At its own size as it is.
Tensor resized_normals(const Tensor& normals, int64_t height, int64_t width);

// The kept tensor "words" [count, 3]: unit vectors that k-means (by cosine, from k-means++) finds among normals of up to 200 pictures of a field, spread over the data. Before weights are
// there, or without data, directions spread over the half that faces the viewer.
Tensor keep_normal_words(Recipe& r, const Config& c, const std::string& field, int64_t count);
// The word with the largest dot product, i64 [N, H, W].
Tensor nearest_words(const Tensor& normals, const Tensor& words);

namespace parts {

// The words that k-means finds among vectors [n * 3] of length 1, one after another; as many as `count`.
std::vector<double> spherical_means(const std::vector<double>& vectors, int64_t count);

}  // namespace parts
}  // namespace ganymede
