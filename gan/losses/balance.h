// Who waits while the other is behind, by D's losses on real and on fake pictures (one element each).
#pragma once
#include "engine/tensor.h"

namespace ganymede {

// D waits where one of its losses is below `low`, G where one of them is above `high`; where both would wait, both move (VAE/GAN). Results are f32 scalars for a gate: 1 moves, 0 waits.
struct Balance {
  double low, high;
  Tensor d_moves(const Tensor& on_real, const Tensor& on_fake) const;
  Tensor g_moves(const Tensor& on_real, const Tensor& on_fake) const;
};

}  // namespace ganymede
