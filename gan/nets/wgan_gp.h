// The networks of WGAN-GP (Gulrajani et al. 2017): DCGAN-like (A of the sheet) and residual (B).
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct WganGpSize {
  int size = 32;       // pixels: 4 * 2^k
  int channels = 3;
  int width = 64;      // A: channels next to the picture; B: channels everywhere
  int latent = 128;
};

nn::Layer wgan_gp_generator(const WganGpSize& s);
nn::Layer wgan_gp_critic(const WganGpSize& s);
nn::Layer resnet_generator(const WganGpSize& s);
nn::Layer resnet_critic(const WganGpSize& s);

}  // namespace ganymede::nets
