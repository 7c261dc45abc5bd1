#include "gan/parts/drawn_kind.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {

Tensors drawn_kind(int64_t n, int64_t kinds) {
  require(kinds == 2 || kinds == 3, "one of ", kinds, " kinds: 2 or 3 can be drawn");
  const Shape each{n, 1, 1, 1};
  const Tensor second = bernoulli(each, 1.0 / double(kinds));
  if (kinds == 2) return {1.0 - second, second};
  const Tensor third = (1.0 - second) * bernoulli(each, 0.5);
  return {1.0 - second - third, second, third};
}

}  // namespace ganymede
