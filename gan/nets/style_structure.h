// The networks of S2-GAN (Wang, Gupta 2016, and the authors' Torch code): normals from noise, pictures from normals and noise, a judge of each, and an estimator of
// normals. Convolutions start from normal(0, 0.02) (the estimator: 0.01), a judge's as He et al. (2015) for leaky relu (0.2), gains of batch norms from normal(1, 0.02); biases stand where no norm follows.
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

// x / |x| along the last axis, to 5e-7 of 1 where |x| is 1e-3 or more; 0 stays 0. Has a gradient.
Tensor unit_vectors(const Tensor& x);

struct StructureSize {
  int size = 72, width = 64, latent = 100;   // size: a multiple of 8; width: of the paper's channels, all in proportion
};
// [N, latent] -> normals [N, size, size, 3] of length 1.
nn::Layer structure_generator(const StructureSize& s);

struct StructureStyleSize {
  int size = 128, width = 64, latent = 100, channels = 3, halvings = 3;   // size: a multiple of 2^(halvings + 1); halvings: 3, or 2, where the outermost layers keep the size
};
// net(Tensors{normals [N, size, size, 3], z [N, latent]}) -> {pictures [N, size, size, channels] in [-1, 1]}.
nn::Layer style_generator(const StructureStyleSize& s);

struct StructureJudgeSize {
  int size = 72, width = 64, channels = 3, halvings = 3;   // size: a multiple of 2^halvings; halvings: 3, or 4 (as the paper's of pictures and normals side by side)
  bool dropout = true;   // of a fifth of the maps of two layers, whole, and of half of the values before the last one
};
// [N, size, size, channels] -> a logit [N, 1].
nn::Layer structure_judge(const StructureJudgeSize& s);

// [N, H, W, channels], H and W multiples of 32 -> logits of words [N, H / 16, W / 16, words]; width: of the first convolution (96 in the paper), the others in proportion.
nn::Layer normal_estimator(int channels, int words, int width);

}  // namespace ganymede::nets
