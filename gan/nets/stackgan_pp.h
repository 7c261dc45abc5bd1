// The networks of StackGAN++ (Zhang et al. 2018, from the authors' PyTorch code): a tree whose trunk carries features from size to size, with a branch to a
// picture at each, and a discriminator for each size. Weights start orthogonal, gains of norms from normal(1, 0.02).
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct TreeSize {
  int size = 64, channels = 3;   // of the smallest pictures: 4 * 2^k pixels
  int width = 64;                // channels of the features, or of D, next to the smallest picture
  int condition = 128;           // length of the vector that is given beside features; 0: D sees pictures alone
};

// a sigmoid(b), a and b the halves of the channels (Dauphin et al. 2017): [.., 2 C] -> [.., C].
nn::Layer gated_linear_unit();
// x + two convolutions of x [.., width] with a gate between them; and, appended, nearest neighbours twice as large, a convolution and a gate: [.., in] -> [.., out].
nn::Layer gated_residual(int width);
void gated_doubling(std::vector<nn::Layer>& to, int in, int out);
// A caption's vector [N, text] -> [N, 2 length]: means, then log variances. scaled: the vector is first divided by its root mean square, for encoders that learn by a
// margin leave it as short as they like (0.12 in trials), and c would be noise for long.
nn::Layer gated_conditioning(int text, int length, bool scaled = true);
// [N, in] -> features [N, size, size, width].
nn::Layer tree_root(int in, const TreeSize& s);
// net(features [N, H, W, width], condition) -> [N, 2 H, 2 W, width / 2]: `blocks` residual blocks beside the condition, then doubled.
nn::Layer tree_step(int width, int condition, int blocks);
// Features -> a picture in (-1, 1).
nn::Layer tree_picture(int width, int channels);
// Of pictures of s.size * 2^level pixels: net(Tensors{x, condition}) -> {logit of the pair, logit of x alone}. Without alone the first, without a condition
// net(Tensors{x}) -> {logit of x}.
nn::Layer tree_discriminator(const TreeSize& s, int level, bool alone = true);

}  // namespace ganymede::nets
