// The networks of VAE/GAN (Larsen et al. 2016), as in the authors' code: kernels of 5, for pictures of 8 k pixels.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct VaeGanSize {
  int size = 64;        // pixels, a multiple of 8
  int channels = 3;
  int width = 32;       // channels next to the picture in decoder and discriminator; the others are multiples of it
  int latent = 128;
};

// [N, size, size, channels] -> [N, 2 latent]: mean and log variance.
nn::Layer vae_gan_encoder(const VaeGanSize& s);
// [N, latent] -> [N, size, size, channels] in (-1, 1). Below 64 pixels with the narrower layers of the 32 x 32 variant.
nn::Layer vae_gan_decoder(const VaeGanSize& s);
// x -> logit [N, 1]; {x} -> {features}: [N, size / 8, size / 8, 8 width], the fourth convolution before its norm.
nn::Layer vae_gan_discriminator(const VaeGanSize& s);

}  // namespace ganymede::nets
