// The networks of Improved Techniques for Training GANs (Salimans et al. 2016): the convolutions of its CIFAR-10 experiments, without
// weight normalisation, and perceptrons for points.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct ImprovedSize {
  int size = 32, channels = 3;      // of pictures: 4 * 2^k pixels, at least 16
  int dimensions = 0;               // of points; 0: pictures
  int width = 96, latent = 100;     // width: first channels of D, or hidden units
  int64_t reference = 0;            // samples of virtual batch norm in G; 0: batch norm
  int kernels = 0, kernel_size = 5; // minibatch discrimination before the last layer; 0: none
  int outputs = 1;                  // logits of D
  enum class Noise { dropout, gaussian, none } noise = Noise::dropout;  // in D
};

// [N, latent] -> [N, size, size, channels] in (-1, 1), or [N, dimensions]. With virtual batch norm the first rows are the reference.
nn::Layer improved_generator(const ImprovedSize& s);
// {logits [N, outputs], features [N, F]} of Tensors{x}; the logits of x.
nn::Layer improved_discriminator(const ImprovedSize& s);

}  // namespace ganymede::nets
