// The networks of BigGAN (Brock, Donahue, Simonyan 2019, appendix B; widths and halvings of the authors' PyTorch code).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct BigSize {
  int size = 128;               // pixels: 16, 32, 64, 128 or 256
  int channels = 3, classes = 1000;
  int width = 96;               // what channels are multiples of
  int latent = 120;             // length of z
  int embedding = 128;          // length of the class embedding that all norms share; 0: each norm has gains and biases of its own by class, without spectral norm
  bool skip_z = true;           // z in equal pieces, the first for the dense layer, one for each block; else all of it for the dense layer
  int attention = 64;           // pixels of the maps that attend to themselves; 0: none
};
// Blocks of G: 2 at 16 px, one more with each doubling. UsageError for another size.
int big_blocks(int size);

// (z [N, latent], labels) -> [N, size, size, channels] in (-1, 1). The class embedding is "shared.weight". UsageError if z does not divide into its pieces.
nn::Layer big_generator(const BigSize& s);
// (x, labels) -> [N, 1], a score.
nn::Layer big_discriminator(const BigSize& s);

}  // namespace ganymede::nets
