// Pictures that are unlike what a model has learned: how unlike, and where.
#pragma once
#include "gan/recipe.h"

namespace ganymede {

struct Detector {
  std::function<Tensor(const Tensor& x)> made;   // pictures [n, H, W, C] to those that the model makes instead
  struct Score {
    std::string name, text;                      // "features", "mean square of ...": what it is
    std::function<Tensor(const Tensor& x, const Tensor& made)> of;   // [n], higher is more unlike
  };
  std::vector<Score> scores;                     // the first is the model's, the others what it can be compared with
};

// Sheets of pictures, what is made instead, and the difference; the task `detect`; the map `difference`. Measures, of the normal and anomalous pictures of the test split
// (data normal:...): auroc of the first score and auroc_NAME of the others, auroc_nearest of the distance to the nearest other normal test picture (no network), and threshold,
// the first score that 5 % of the normal pictures exceed, with found, the share of the anomalous ones that do.
void add_detection_uses(Recipe& r, const Config& c, const Detector& d);

}  // namespace ganymede
