// The networks of DCGAN (Radford, Metz, Chintala 2016), for square pictures of 4 * 2^k pixels.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct DcganSize {
  int size = 64;        // pixels, 4 * 2^k
  int channels = 3;
  int width = 64;       // channels of the layer next to the picture; doubled at every step inward
  int latent = 100;
  bool paper = false;   // kernels of 5 and a linear first layer with a norm per unit; else kernels of 4 (Torch code)
  bool norm = true;     // batch norm
  bool spectral = false;  // spectral norm of every weight
};

// [N, latent] -> [N, size, size, channels] in (-1, 1).
nn::Layer dcgan_generator(const DcganSize& s);
// [N, size, size, channels] -> [N, 1], a logit.
nn::Layer dcgan_discriminator(const DcganSize& s);
// [N, size, size, channels] -> [N, latent]: the discriminator's layers up to a linear one.
nn::Layer dcgan_encoder(const DcganSize& s);
// The same layers without that last one: [N, size, size, channels] -> [N, dcgan_features(s)].
nn::Layer dcgan_trunk(const DcganSize& s);
int dcgan_features(const DcganSize& s);

}  // namespace ganymede::nets
