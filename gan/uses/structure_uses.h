// What a model that draws surface normals, and pictures of them, can do, and what `evaluate` can say of it (S2-GAN, Wang, Gupta 2016).
#pragma once
#include "gan/recipe.h"

namespace ganymede {

// Normals [n, H, W, 3] and pictures are of the data's size; words count from 0.
struct StructureAndStyle {
  int64_t latent = 0, words = 0;                                                // the length of z of either part; how many words
  std::function<Tensor(int64_t n)> noise;                                       // z of either part
  std::function<Tensor(const Tensor& z)> structure;                             // normals
  std::function<Tensor(const Tensor& normals, const Tensor& z)> style;          // pictures
  std::function<Tensor(const Tensor& pictures)> estimate;                       // words, i64 [n, h, w]
  std::function<Tensor(const Tensor& normals)> said;                            // the same of true normals
  std::function<Tensor(const Tensor& words)> shown;                             // normals [n, h, w, 3] of words
  std::function<Tensor(const Tensor& pictures, const Tensor& normals)> judge;   // a logit of real pairs
};

// Samples (normals and their pictures), the latent space of both z, the tasks `style` and `normals`, the map `normals`, and the measures
// estimator-accuracy, style-accuracy, chain-accuracy, fooled, same-normals, style-spread and words-off. The data's field a holds normals, b pictures of them.
void add_structure_uses(Recipe& r, const Config& c, const StructureAndStyle& s);

}  // namespace ganymede
