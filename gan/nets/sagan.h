// The networks of SAGAN (Zhang et al. 2019): residual blocks with class-conditional batch norm, self attention, spectral norm;
// a projection discriminator (Miyato, Koyama 2018).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct SaganSize {
  int size = 128;               // pixels, 4 * 2^k
  int channels = 3, classes = 1000, latent = 128;
  int width = 64;               // channels next to the picture; up to 16 times as many inward
  int attention = 32;           // pixels of the maps that attend to themselves; 0: none
  bool pooled = true;           // attention as in the authors' code (pooled keys, values of C/2); else as the paper writes
  bool spectral_g = true, spectral_d = true;
  bool projection = true;       // D adds <embed(y), h>; else it does not see the label
  double norm_momentum = 0.001; // of running statistics; a tenth of it for the last norm
};

// (z [N, latent], labels) -> [N, size, size, channels] in (-1, 1).
nn::Layer sagan_generator(const SaganSize& s);
// (x, labels) -> [N, 1], a score.
nn::Layer sagan_discriminator(const SaganSize& s);

}  // namespace ganymede::nets
