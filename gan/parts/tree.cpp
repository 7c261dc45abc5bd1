#include "gan/parts/tree.h"

#include "engine/ops.h"

namespace ganymede {

int branches_of(const Config& c) {
  const int count = int(c.integer("branches", c.data.size >= 32 ? 3 : c.data.size >= 16 ? 2 : 1, "sizes of pictures, each twice the one before; 3 in the paper", 1, 8));
  const int64_t first = c.data.size >> (count - 1);
  if (first < 8 || (first & (first - 1)) != 0 || first << (count - 1) != c.data.size)
    throw UsageError(text("setting branches=", count, " of pictures of ", c.data.size, " px: the smallest would have ", double(c.data.size) / double(1 << (count - 1)), " px; it must have 8, 16, 32, ...; set branches or --size"));
  return count;
}

Tensor reduced(const Tensor& x, int64_t size) {
  const int by = int(x.dim(1) / size);
  return by == 1 ? x : average_pool(x, {.kernel = {by, by}, .stride = {by, by}});
}

std::vector<SharedValue> shared_pictures(Recipe& r, const std::vector<Branch>& tree, std::vector<nn::Net>& behind, const std::function<Tensor()>& root,
                                         const std::function<Tensor(const Branch& b, const Tensor& below)>& step) {
  std::vector<SharedValue> pictures;
  SharedValue h;
  for (size_t i = 0; i < tree.size(); ++i) {
    const Branch& b = tree[i];
    behind.push_back(b.features);
    const SharedValue below = h;
    h = r.shared("h" + std::to_string(b.size), behind, [=](const Batch&) { return i == 0 ? root() : step(b, below()); });
    behind.push_back(b.picture);
    const SharedValue at = h;
    pictures.push_back(r.shared("fake" + std::to_string(b.size), behind, [=](const Batch&) { return b.picture(at()); }));
  }
  return pictures;
}

}  // namespace ganymede
