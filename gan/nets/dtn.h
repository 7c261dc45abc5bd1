// The networks of the Domain Transfer Network for pictures of 8, 16, 32, ... pixels, after yunjey/domain-transfer-network (SVHN to MNIST, 32 pixels).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct DtnFeatureSize {
  int size = 32, channels = 3, width = 64, features = 128;
  bool pooling = false;   // the paper's blocks (convolution, max pooling, relu) in place of convolutions of stride 2 with batch norm and relu
};
// [N, size, size, channels] -> [N, features]: halving blocks down to 4 x 4, of width, 2 width, ... channels, then one block down to a point; its result is in [-1, 1]
// (tanh), of pooling blocks at least 0 (relu).
nn::Layer dtn_features(const DtnFeatureSize& s);

struct DtnGeneratorSize {
  int size = 32, channels = 1, width = 128, features = 128;   // width: channels before the last layer, doubled at each size below
  bool pointwise = false;   // a 1x1 convolution with batch norm and relu after each block but the last
};
// [N, features] -> [N, size, size, channels] in [-1, 1].
nn::Layer dtn_generator(const DtnGeneratorSize& s);

struct DtnDiscriminatorSize {
  int size = 32, channels = 1, width = 128, classes = 3;
  bool leaky = false;   // the paper's blocks (convolution, batch norm, leaky relu 0.2); else relu, in the first block before its norm
};
// [N, size, size, channels] -> logits [N, classes].
nn::Layer dtn_discriminator(const DtnDiscriminatorSize& s);

}  // namespace ganymede::nets
