// The networks of Fader Networks (Lample et al. 2017).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

struct FaderShape {
  int size = 256, channels = 3;
  int coded = 2;       // length of the decoder's vector of attributes, and of what the latent discriminator says
  int width = 32;      // channels of the first convolution, doubled at each halving
  int most = 512;      // no layer has more channels
  int hidden = 512;    // channels and units of the latent discriminator
};

// All take sizes of 8, 16, 32, ... pixels; UsageError for others.
// x [N, size, size, channels] -> [N, 4, 4, C].
nn::Layer fader_encoder(const FaderShape& s);
// (code, attributes [N, coded], appended before every layer) -> [N, size, size, channels] in (-1, 1).
nn::Layer fader_decoder(const FaderShape& s);
// code -> logits [N, coded].
nn::Layer fader_discriminator(const FaderShape& s);

}  // namespace ganymede::nets
