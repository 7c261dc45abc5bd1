#include "gan/data/augment.h"

#include <algorithm>

namespace ganymede::data {

Augmentation draw_augmentation(const Options& options, bool cut, Random& random) {
  Augmentation augmentation;
  augmentation.flip = options.flip && random.chance(0.5);
  if (cut) augmentation.top = random.uniform(), augmentation.left = random.uniform();
  return augmentation;
}

int64_t cut_start(int64_t room, double fraction) {
  return std::min(room, static_cast<int64_t>(fraction * static_cast<double>(room + 1)));
}

Picture augmented(const Picture& picture, int64_t height, int64_t width, const Augmentation& augmentation) {
  const Picture part = picture.height == height && picture.width == width
                           ? picture
                           : cropped(picture, cut_start(picture.height - height, augmentation.top),
                                     cut_start(picture.width - width, augmentation.left), height, width);
  return augmentation.flip ? mirrored(part) : part;
}

}  // namespace ganymede::data
