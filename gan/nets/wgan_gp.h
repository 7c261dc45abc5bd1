// The networks of WGAN-GP (Gulrajani et al. 2017): DCGAN-like, residual as for CIFAR-10, residual as for 64 x 64.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

struct WganGpSize {
  int size = 32;       // pixels: 4 * 2^k; for the DCGAN-like pair also 28
  int channels = 3;
  int width = 64;      // channels next to the picture; resnet: channels everywhere
  int latent = 128;
  int classes = 0;     // > 0, resnet only: class-conditional batch norm in G, whose net is then called with labels, and a
                       // second head of the critic: x -> {score, class logits}
  bool spectral = false; // resnet only: spectral norm of the critic's weights
};

// Generators end in tanh; the DCGAN-like one of 28 x 28 (the authors' for MNIST: no norms, 8 x 8 cropped to 7 x 7) in the
// logistic function, and its critic takes pixels in [0, 1] alike. UsageError for another size.
nn::Layer wgan_gp_generator(const WganGpSize& s);
nn::Layer wgan_gp_critic(const WganGpSize& s);
nn::Layer resnet_generator(const WganGpSize& s);
nn::Layer resnet_critic(const WganGpSize& s);
// Up to 8 times the width away from the picture; layer norm in the critic.
nn::Layer resnet64_generator(const WganGpSize& s);
nn::Layer resnet64_critic(const WganGpSize& s);
// Critics that tell what they see: net(Tensors{x}) gives {score, what comes before the last layer, flat}, net(x) the score.
nn::Layer wgan_gp_judge(const WganGpSize& s);
nn::Layer resnet64_judge(const WganGpSize& s);
// Pictures to numbers [n, latent] by the critic's layers, with batch norm.
nn::Layer wgan_gp_encoder(const WganGpSize& s);
nn::Layer resnet64_encoder(const WganGpSize& s);

}  // namespace ganymede::nets
