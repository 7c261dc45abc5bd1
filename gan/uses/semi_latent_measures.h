// What `evaluate` says of a model with attributes that it was told and latents that it found (SL-GAN).
#pragma once
#include "gan/parts/attributes.h"

namespace ganymede {

struct SemiLatent {
  // Attributes (scores, positive for what is there, or a vector of 0 and 1) and latents.
  struct Code {
    Tensor attributes, latents;   // [n, attributes.count()], [n, count]
  };
  Attributes attributes;
  int64_t count = 0;              // latents, from a standard normal
  std::function<Tensor(const Code& code)> decode;
  std::function<Code(const Tensor& x)> encode, recognise;   // of pictures, by the encoder and by the generator's recogniser
};

// generated, latent-correlation, swept-factor: of pictures from attributes and noise; encoder-reads, recognised: of test pictures;
// edited-by-reading: of edits of test pictures without their labels. A classifier that was trained apart (attribute_classifier.h) says what pictures show.
std::vector<Measure> semi_latent_measures(const Config& c, const SemiLatent& model);

}  // namespace ganymede
