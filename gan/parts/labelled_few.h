// The few samples whose label a semi-supervised model knows.
#pragma once
#include "gan/recipe.h"

namespace ganymede {

struct LabelledFew {
  int64_t count = 0;
  Tensor samples;   // [count, ...]
  Tensor labels;    // i64 [count]
  // n of them, drawn anew: samples [n, ...] and labels [n].
  std::pair<Tensor, Tensor> draw(int64_t n) const;
};

// The first `count` samples of the data's `field` with labels, as many of every class (one more of the first ones where count
// is no multiple of the classes), kept with the model as "labelled" and "labels" and read when it is first trained. UsageError if
// the data do not have so many.
LabelledFew keep_labelled_few(Recipe& r, const Config& c, const std::string& field, int64_t count);

}  // namespace ganymede
