// The convolutions of a VGG that losses compare pictures in.
#pragma once
#include "gan/nets/vgg.h"
#include "gan/recipe.h"

namespace ganymede {

struct LossNetwork {
  // Pictures [N, H, W, 1 or 3] in [-1, 1], at least 16 px a side, to what stands before each of the first poolings: behind its relu (relu1_2, relu2_2, ...), or with Tap::linear before that.
  std::function<Tensors(const Tensor&)> taps;
  bool given = false;    // weights from a file, which know objects; else random ones
  bool at_hand = true;   // false if the file is not there, so that taps would fail
};
// Reads the settings vgg (a file) and, without one, vgg_divisor; random weights become the recipe's network "vgg", which nothing moves.
// layers: 16 or 19; blocks: how many taps; divisor: the standard of vgg_divisor. A file is read when taps are first asked for, at once if the recipe is to be trained.
LossNetwork vgg_loss_network(Recipe& r, const Config& c, int layers, int blocks, int divisor, nets::Tap tap = nets::Tap::relu);
// LPIPS (Zhang et al. 2018, arXiv 1801.03924) without learned weights, mean of the samples: sum over taps of the mean over positions of the squared difference of
// features of length 1.
Tensor perceptual_distance(const Tensors& a, const Tensors& b);

}  // namespace ganymede
