// What models are for that draw by caption and obey a location, and what is measured on them.
#pragma once
#include "gan/parts/location.h"

namespace ganymede {

struct Located {
  Location location;
  int64_t latent = 0;
  std::function<Tensor(const Batch& captions)> text = {};                                               // vectors of captions
  std::function<Tensor(const Tensor& z, const Tensor& text, const Tensor& where)> draw = {};            // pictures
  // Keypoints of texts, those that are given kept; of models that have them.
  std::function<Tensor(const Tensor& text, const Tensor& given)> complete = {};
  bool sees = true;            // false: a model that the location is hidden from, to compare with
};

// Of captions without a location: the middle half of the picture as a box, or keypoints that the model makes itself.
Tensor standard_location(const Located& m, const Tensor& text);
// The tasks draw, move and stretch; the measures inside, overlap, overlap-of-data, follows and distance, and of keypoints given-kept and geometry.
void add_located_uses(Recipe& r, const Config& c, const Located& m);

}  // namespace ganymede
