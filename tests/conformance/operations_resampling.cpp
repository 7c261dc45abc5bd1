#include <algorithm>

#include "engine/check.h"
#include "tests/conformance/operations.h"

namespace ganymede::conformance {
namespace {

// Constant padding; negative amounts crop.
Tensors pad_of(const Call& c) {
  const std::string mode = c.attributes.word("mode", "constant");
  if (mode != "constant") throw Unsupported("pad mode " + mode);
  const std::vector<int64_t> amounts = c.attributes.list("amounts");  // left, right, top, bottom
  require(amounts.size() == 4, "amounts has ", amounts.size(), " numbers, expected 4");
  const double value = c.attributes.number("value", 0);
  Tensor x = c.in(0);
  const std::vector<int64_t> before{0, amounts[2], amounts[0], 0}, after{0, amounts[3], amounts[1], 0};
  std::vector<int64_t> grow_before, grow_after;
  for (int axis = 0; axis < 4; ++axis) {
    x = slice(x, axis, std::max<int64_t>(-before[axis], 0), x.dim(axis) + std::min<int64_t>(after[axis], 0));
    grow_before.push_back(std::max<int64_t>(before[axis], 0));
    grow_after.push_back(std::max<int64_t>(after[axis], 0));
  }
  return {value == 0 ? pad_zero(x, grow_before, grow_after)
                     : pad_zero(x - value, grow_before, grow_after) + value};
}

}  // namespace

void add_resampling(Operations& t) { t["pad"] = {.run = pad_of, .images = true}; }

}  // namespace ganymede::conformance
