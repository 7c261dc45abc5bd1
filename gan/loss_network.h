// The convolutions of a VGG that losses compare pictures in.
#pragma once
#include "gan/recipe.h"

namespace ganymede {

// Reads the settings vgg (a file) and, without one, vgg_divisor; random weights become the recipe's network "vgg", which nothing moves. The
// function maps pictures [N, H, W, 1 or 3] in [-1, 1], at least 16 px a side, to what stands before each of the first `blocks` poolings
// (relu1_2, relu2_2, ...). layers: 16 or 19; divisor: the standard of vgg_divisor. A file is read when the function is first called, unless the recipe is to be trained.
std::function<Tensors(const Tensor&)> vgg_taps(Recipe& r, const Config& c, int layers, int blocks, int divisor);

}  // namespace ganymede
