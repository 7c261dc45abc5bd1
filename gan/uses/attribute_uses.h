// What models that change attributes of pictures are for, and what is measured on them.
#pragma once
#include "gan/parts/attributes.h"
#include "gan/recipe.h"

namespace ganymede {

struct Editor {
  // Pictures x [n, H, W, C] in [-1, 1] that have the attributes `from` [n, count], as they look with those of `to`. Of a file nothing is known
  // where `seen` is empty: `from` is 0.
  std::function<Tensor(const Tensor& x, const Tensor& from, const Tensor& to)> edit;
  // The model's own scores of the attributes [n, count], positive for what is there; empty for a model that cannot say.
  std::function<Tensor(const Tensor& x)> seen = {};
  // Whether an edit and its undoing are to give the picture back.
  bool undone = true;
  // Whether edit is a function of these tensors alone, without the host looking at them: it can be exported then.
  bool on_device = true;
};

// Samples (test pictures with the attributes of others), a sheet of picture x change, the task `edit`, which sets attributes of picture
// files by name, and the measures: whether an independent classifier (attribute_classifier.h) finds the change in the edited
// picture, and all else as it was; what an edit and its undoing leave; what an edit without a change does.
void add_attribute_uses(Recipe& r, const Config& c, const Attributes& attributes, const Editor& editor);

}  // namespace ganymede
