// What a model is for that turns a source into its product, from associated pairs (gan/data/triples.h).
#pragma once
#include "gan/uses/translate.h"

namespace ganymede {

// Samples, sheets, `translate`, its map for `export`, and the measures of pairs; l2_other, the distance to the target of another; where the data have labels of both sides, how often a
// classifier sees the target's label (shows-class) and, where class names are two words, either of them (shows-colour, shows-shape) in what is made. `size`: the pictures
// that convert takes; others are resized to it. With a judge (probabilities [n, 1, 1, 1] that two pictures belong together) also `score`, `rank`, and the measures associated and found.
void add_associated_uses(Recipe& r, const Direction& d, int64_t size, const std::function<Tensor(const Tensor&)>& convert, const std::function<Tensor(const Tensor& source, const Tensor& target)>& judge);

}  // namespace ganymede
