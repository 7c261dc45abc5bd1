#include "gan/uses/domain_measures.h"

#include "engine/ops.h"
#include "gan/recipe.h"

namespace ganymede {
namespace {

// The largest of each 3 x 3 pixels minus the pixel.
Tensor outlines(const Tensor& x) { return max_pool(x, {{3, 3}, {1, 1}, {1, 1}}) - x; }
Tensor negative(const Tensor& x) { return 1.0 - x; }
// The share of pixels that are both light or both dark.
Tensor agreement(const Tensor& x, const Tensor& y) {
  const Tensor half = full(Shape{1}, 0.5, x.dtype(), x.device());
  return mean(equal(greater(x, half), greater(y, half)));
}

}  // namespace

std::vector<Measure> pair_agreement(const std::function<std::pair<Tensor, Tensor>(int64_t n)>& draw) {
  std::vector<Measure> out;
  using Map = Tensor (*)(const Tensor&);
  const auto add = [&](const char* name, const char* what, Map map) {
    for (const bool shuffled : {false, true})
      out.push_back({text(name, shuffled ? "-shuffled" : ""), text("share of pixels in which b agrees with ", what, shuffled ? " of another z's a" : " of a", ", either light or dark, 0 to 1"), [=](const Evaluation& e) {
        double sum = 0;
        int64_t n = 0;
        for (; n < e.samples; n += 100) {
          const auto [a, b] = draw(100);
          sum += agreement(map(shuffled ? roll(a, 1, 0) : a), b).item() * 100;
        }
        return sum / double(n);
      }});
  };
  add("pairs-outlines", "the outlines", outlines);
  add("pairs-negative", "the negative", negative);
  return out;
}

}  // namespace ganymede
