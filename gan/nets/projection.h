// What SAGAN and BigGAN share: residual blocks under spectral norm, attention at one side, a projection discriminator (Miyato, Koyama 2018).
#pragma once
#include "nn/module.h"

namespace ganymede::nets {

// How weights of convolutions and dense layers begin, and whether each is divided by its largest singular value.
struct WeightStyle {
  bool spectral = true;
  bool orthogonal = false;      // else uniform, by Glorot & Bengio
  nn::Layer conv(int in, int out, int kernel) const;
  nn::Layer up_conv(int in, int out, int kernel) const;     // of the map at twice the side
  nn::Layer down_conv(int in, int out, int kernel) const;   // then means of 2x2
  nn::Layer dense(int in, int out) const;
};

// Adds a layer where all places of maps attend to all others, behind blocks whose maps have `side`; 0: nowhere.
class AttentionAt {
 public:
  // pooled: as in SAGAN's code (keys and values pooled, values of C/2 channels); else as its paper writes.
  AttentionAt(int side, bool pooled, WeightStyle weights) : side_(side), pooled_(pooled), weights_(weights) {}
  // Null where maps have another side. UsageError if the channels or the side do not suit.
  nn::Layer after(int side, int channels);
  // UsageError if no maps of pictures of this size had the side.
  void check_placed(int size) const;
 private:
  int side_;
  bool pooled_, placed_ = false;
  WeightStyle weights_;
};

// Pre-activation residual block of D. down: ends at half the side. first: sees the picture itself, so nothing is rectified before.
nn::Layer down_block(int in, int out, bool down, bool first, const WeightStyle& weights);

// (x, labels) -> [N, 1]: w h + b + <embed(label), h> of h, the sum over all pixels of the trunk's maps of `features` channels; projection false: without the
// label's part.
nn::Layer projection_discriminator(nn::Layer trunk, int features, int classes, bool projection, const WeightStyle& weights);

}  // namespace ganymede::nets
