#pragma once

#include "gan/data/dataset.h"
#include "gan/data/picture.h"

namespace ganymede::data {

// What chance does to one sample; the same for all pictures of a pair.
struct Augmentation {
  bool flip = false;
  double top = 0.5, left = 0.5;  // where the cut starts, as a fraction of the room there is
};

// `cut`: the position is drawn too, otherwise it is the centre.
Augmentation draw_augmentation(const Options& options, bool cut, Random& random);

// Where a cut starts when there is `room` pixels more than it needs: 0 … room, each equally likely.
int64_t cut_start(int64_t room, double fraction);

// Cuts height x width out of a picture that is at least as large, then flips.
Picture augmented(const Picture& picture, int64_t height, int64_t width, const Augmentation& augmentation);

}  // namespace ganymede::data
