// What a code still tells of what it should not.
#pragma once
#include "gan/parts/attributes.h"
#include "gan/recipe.h"

namespace ganymede {

// `code-accuracy`: the share of attributes that a perceptron of one hidden layer, trained afresh on the codes of training pictures, reads off those of test
// pictures. encode gives [n, ...] of pictures and is called outside updates of its network.
Measure code_accuracy(const Config& c, const Attributes& attributes, const std::function<Tensor(const Tensor& x)>& encode);

}  // namespace ganymede
