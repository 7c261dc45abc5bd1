#include "gan/parts/pool.h"

#include <numeric>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {

ImagePool::ImagePool(Recipe& recipe, const std::string& name, int64_t size, const Shape& picture) : size_(size) {
  if (size == 0) return;
  std::vector<int64_t> dims{size};
  dims.insert(dims.end(), picture.begin(), picture.end());
  pictures_ = recipe.keep_samples(name + ".pictures", zeros(Shape(dims)));
  count_ = recipe.keep(name + ".count", zeros({1}));
  std::vector<double> numbers(static_cast<size_t>(size));
  std::iota(numbers.begin(), numbers.end(), 0.0);
  places_ = tensor(numbers, Shape{size, 1}, count_.dtype(), count_.device());
}

// Places are numbers computed on the device, so there are no branches: a mask over the places says what is overwritten.
Tensor ImagePool::query(const Tensor& given) const {
  const Tensor x = given.constant();
  if (size_ == 0) return x;
  ContextScope scope;
  context().recording = false;
  Tensors returned;
  for (int64_t i = 0; i < x.dim(0); ++i) {
    const Tensor fresh = cast(reshape(x.rows(i, i + 1), Shape{1, x.count() / x.dim(0)}), pictures_.dtype());
    const Tensor stored = reshape(pictures_, Shape{size_, fresh.dim(1)});
    const Tensor filled = greater_equal(count_, full({1}, double(size_))), swaps = filled * greater(uniform({1}), full({1}, 0.5));
    const Tensor drawn = reshape(one_hot(random_integers({1}, size_), size_), Shape{size_, 1}), next = equal(places_, count_);
    const Tensor here = filled * drawn + (1.0 - filled) * next;                         // [size, 1]
    const Tensor old = sum(here * stored, {0}, true), write = here * (1.0 - filled + swaps);
    returned.push_back(swaps * old + (1.0 - swaps) * fresh);
    assign(pictures_, reshape(write * fresh + (1.0 - write) * stored, pictures_.shape()));
    assign(count_, minimum(count_ + 1.0, full({1}, double(size_))));
  }
  return reshape(concat(returned, 0), x.shape());
}

}  // namespace ganymede
