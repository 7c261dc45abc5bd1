// What models that move objects from picture to picture are for, and what is measured on them.
#pragma once
#include "gan/recipe.h"

namespace ganymede {

struct ObjectCode {
  Tensor background, object;   // [n, h, w, C], [n, h, w, C']
};

struct ObjectMover {
  std::function<ObjectCode(const Tensor& x)> split;                                         // of pictures [n, H, W, C] in [-1, 1]
  std::function<Tensor(const Tensor& background, const Tensor& object)> join;               // and back
  std::function<Tensor(const ObjectCode& code)> none;                                       // the object's part of a picture without one
  Tensor example;                                                                           // [1, H, W, C], a picture with the object
};

// Of data with pictures "a" that have the object and "b" that do not. Samples (pictures of b with objects of a), a sheet of the children; the tasks
// `swap` and `blend`; the measures null, swapped-back and steady, and where the data say enough carried and outside; of data that are two
// sides by an attribute also what add_attribute_uses() gives, but for what it says of edits undone, which bring back the object of another.
void add_object_uses(Recipe& r, const Config& c, const ObjectMover& m);

}  // namespace ganymede
