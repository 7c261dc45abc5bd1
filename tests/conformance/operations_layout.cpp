#include <algorithm>

#include "engine/check.h"
#include "tests/conformance/operations.h"

namespace ganymede::conformance {
namespace {

// A negative or overlong end counts as Python's slices do.
Tensors slice_of(const Call& c) {
  const Tensor x = c.in(0);
  const int axis = x.shape().axis(static_cast<int>(c.attributes.integer("dim", 0)));
  const int64_t size = x.dim(axis);
  const auto bound = [&](const char* name, int64_t otherwise) {
    const int64_t at = c.attributes.integer(name, otherwise);
    return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size);
  };
  return {slice(x, axis, bound("start", 0), bound("end", size))};
}

Tensors permute_of(const Call& c) {
  std::vector<int> axes;
  for (const int64_t axis : c.attributes.list("dims"))
    axes.push_back(c.in(0).shape().axis(static_cast<int>(axis)));
  return {permute(c.in(0), axes)};
}

}  // namespace

void add_layouts(Operations& t) {
  t["concat"] = {.run =
                     [](const Call& c) {
                       return Tensors{concat(
                           c.inputs, c.in(0).shape().axis(static_cast<int>(c.attributes.integer("dim", 0))))};
                     },
                 .most_inputs = kAnyNumber};
  t["embedding"] = {.run = [](const Call& c) { return Tensors{gather_rows(c.in(0), c.in(1))}; },
                    .most_inputs = 2};
  t["slice"] = {.run = slice_of};
  t["reshape"] = {.run = [](const Call& c) { return Tensors{reshape(c.in(0), c.attributes.list("shape"))}; }};
  t["permute"] = {.run = permute_of};
  t["broadcast_to"] = {
      .run = [](const Call& c) { return Tensors{broadcast_to(c.in(0), Shape(c.attributes.list("shape")))}; }};
}

}  // namespace ganymede::conformance
