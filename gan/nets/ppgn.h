// The networks of Plug & Play Generative Networks: an encoder in two parts, whose code a generator turns back into the picture, and the judge of pictures of
// Dosovitskiy and Brox (2016, arXiv 1602.02644).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct PpgnEncoderSize {
  int size = 32, channels = 3, width = 24, features = 128;   // size: at least 8
};
// [N, size, size, channels] -> h1 [N, size / 8, size / 8, 4 width]: three times (convolution 3x3, batch norm, relu, max pooling by 2) with width, 2 width, 4 width channels.
nn::Layer ppgn_maps(const PpgnEncoderSize& s);
// h1 -> h [N, features], at least 0: a linear layer, batch norm, relu.
nn::Layer ppgn_code(const PpgnEncoderSize& s);

struct PpgnGeneratorSize {
  int size = 32, channels = 3, width = 256, units = 4096, features = 4096;   // width: of the first doublings; units: of the three linear layers
};
// h [N, features] -> [N, size, size, channels], linear. Three linear layers, then doublings from 4 pixels (transposed convolutions 4/2/1) to the first side that is not
// below `size`, out of which the middle is cut: width, width, width / 2, width / 4, ... channels, behind each of the first three a convolution 3/1/1 of 2 width, width and width / 2;
// leaky relu of 0.3, no norms, no biases in convolutions.
nn::Layer ppgn_generator(const PpgnGeneratorSize& s);

struct PpgnDiscriminatorSize {
  int channels = 3, width = 32;
  double keep = 0.5;   // of dropout's units
};
// [N, H, W, channels] -> logit [N, 1] of being real. Convolutions 7/4, 5/1, 3/2, 3/1, 3/2 of 1, 2, 4, 8, 8 widths, the mean over places, dropout, a linear layer of 8 widths, dropout, a linear layer; relu.
nn::Layer ppgn_discriminator(const PpgnDiscriminatorSize& s);

}  // namespace ganymede::nets
