// What codes that walk are for: samples of a class, pictures after any classifier's or unit's wish, holes filled, and what is measured on them.
#pragma once
#include "gan/parts/plug_and_play.h"
#include "gan/recipe.h"

namespace ganymede {

struct PlugAndPlayUses {
  PlugAndPlay between;                                    // pictures and codes
  int64_t features = 0;                                   // length of a code
  std::function<Tensor(const Tensor& x)> maps;            // the encoder's last feature maps [n, h, w, channels]
  std::function<Tensor(const Tensor& code)> classes;      // logits of the network that samples are drawn by
};
// Reads the settings of walks (walk, eps1, eps2, eps3, step, last_step, start); sets latent, tasks (draw, fill) and measures.
void add_plug_and_play_uses(Recipe& r, const Config& c, const PlugAndPlayUses& uses);

}  // namespace ganymede
