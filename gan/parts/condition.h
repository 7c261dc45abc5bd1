// What a generator is told of the picture that it is to make: attributes by name, or what a network that was trained on classes says of another picture.
#pragma once
#include "gan/parts/attributes.h"
#include "gan/recipe.h"

namespace ganymede {

// Row i - 1 of x at place i, the last row at place 0.
Tensor preceding(const Tensor& x);

struct Condition {
  int64_t length = 0;
  std::function<Tensor(const Batch& b)> of = {};        // z of the batch's pictures [n, length], without a gradient
  std::function<Tensor(const Batch& b)> unlike = {};    // [n, 1]: 1 where the preceding picture has another one
  std::function<Tensor(const Tensor& x)> phi = {};      // z of pictures [n, H, W, C] in [-1, 1], differentiable; none of attributes
};

// Attributes of 0 and 1 as -1 and 1: planes of 0 would say nothing.
Tensor coded_by_sign(const Tensor& attributes);
Condition condition_by_attributes(const Attributes& attributes);
// Network "phi" and, unless identity_steps=0, a stage that trains it, with a linear layer "who" behind it, to name the classes; what follows belongs to a stage of its own.
// Features have a root mean square of 1, so that distances between them have a scale. UsageError for data without classes.
Condition condition_by_identity(Recipe& r, const Config& c);

// Samples, the sheet's columns, the task and map `identity` and the measures nearer and shows-identity. made(x, z): pictures like x with the features z.
void add_identity_uses(Recipe& r, const Config& c, const Condition& identity, const std::function<Tensor(const Tensor& x, const Tensor& z)>& made);

}  // namespace ganymede
