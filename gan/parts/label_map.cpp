#include "gan/parts/label_map.h"

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/pictures.h"

namespace ganymede {

LabelMaps::LabelMaps(const Config& c, const std::string& model) : palette_(c.data.palette) {
  if (palette_.empty()) throw UsageError(model + " makes pictures of label maps, and these data have none; use --data labels:DIR, landscapes or shapes:pairs,from=labels");
}

Tensor LabelMaps::planes(const Tensor& numbers) const {
  const Shape s = numbers.shape();
  return reshape(one_hot(reshape(numbers, Shape{s.count()}), count()), Shape{s[0], s[1], s[2], count()});
}

Tensor LabelMaps::read(const Tensor& pictures) const {
  const Shape shape{pictures.dim(0), pictures.dim(1), pictures.dim(2)};
  if (is_plan(pictures.device())) return planes(full(shape, 0, DType::i64, context().device));
  std::vector<int64_t> numbers;
  for (const data::Picture& p : to_pictures(pictures)) {
    const std::vector<int64_t> of_one = palette_.read(p);
    numbers.insert(numbers.end(), of_one.begin(), of_one.end());
  }
  return planes(tensor(numbers, shape, context().device));
}

}  // namespace ganymede
