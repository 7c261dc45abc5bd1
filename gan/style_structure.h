// What S2-GAN is for: columns of its sheets, tasks and measures.
#pragma once
#include "gan/normals.h"

namespace ganymede {

struct StyleStructure {
  int64_t size;                                                             // of pictures
  std::function<Tensor(int64_t n)> noise;                                   // z^ or z~ [n, length]
  std::function<Tensor(const Batch&)> normals;                              // [n, size, size, 3]
  std::function<Tensor(const Tensor& z)> structure;                         // normals of z^, of the size that G1 makes
  std::function<Tensor(const Tensor& normals, const Tensor& z)> render;     // pictures of normals of any size
  std::function<Tensor(const Tensor& x, const Tensor& normals)> judge;      // logits
  std::function<Tensor(const Tensor& x)> estimate;                          // logits of words [n, size / 4, size / 4, words]
  NormalWords words;
  DataFacts facts;
};

// Columns: real normals, their picture, two renderings, then normals that were made, rendered. Tasks: render (pictures of normals are given
// pictures by the same z~), normals (of pictures). Measures: what FCN reads off real and rendered pictures, how often D2 is fooled, what another
// z~ changes, and the words of made normals.
void add_style_structure_uses(Recipe& r, const StyleStructure& of);

}  // namespace ganymede
