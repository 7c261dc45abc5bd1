#pragma once

#include "gan/data/dataset.h"

namespace ganymede::data {

// The square of a drawn scene that is seen; the whole is {0, 0, 1}. Mirrored: left and right exchanged.
struct Window {
  double left = 0, top = 0, side = 1;
  bool mirrored = false;
};

// What the options leave to chance, for pictures of `size` px.
inline Window draw_window(const Options& options, int64_t size, Random& random) {
  Window window;
  window.mirrored = options.flip && random.chance(0.5);
  const double left = random.uniform(), top = random.uniform();
  if (options.load_size) {
    window.side = static_cast<double>(size) / static_cast<double>(options.load_size);
    window.left = left * (1 - window.side), window.top = top * (1 - window.side);
  }
  return window;
}

}  // namespace ganymede::data
