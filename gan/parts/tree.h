// Generators that make a picture of several sizes at once: features go from size to size, with a branch to a picture and a judge at each.
#pragma once
#include <functional>
#include <vector>

#include "gan/config.h"
#include "gan/recipe.h"

namespace ganymede {

struct Branch {
  nn::Net features, picture, judge;
  int size;
};

// The setting `branches`: how many sizes there are, each twice the one before, the last that of the data. UsageError where the first would not be 8, 16, 32, ...
int branches_of(const Config& c);
// Pictures [N, H, W, C] as the means of squares of their pixels: [N, size, size, C].
Tensor reduced(const Tensor& x, int64_t size);
// The pictures of every size, computed once an iteration, and the features that they are of: root's, then step's from those below. Both stand behind the networks
// `behind` and those of the tree, which are added to it as they come.
std::vector<SharedValue> shared_pictures(Recipe& r, const std::vector<Branch>& tree, std::vector<nn::Net>& behind, const std::function<Tensor()>& root,
                                         const std::function<Tensor(const Branch& b, const Tensor& below)>& step);

}  // namespace ganymede
