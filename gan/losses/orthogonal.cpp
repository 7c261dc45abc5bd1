#include "gan/losses/orthogonal.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {

Tensor orthogonal_penalty(const nn::Net& net, const std::vector<std::string>& without) {
  size_t left_out = 0;
  Tensor total;
  for (const auto& p : net.parameters()) {
    if (p.value.rank() < 2) continue;
    if (std::find(without.begin(), without.end(), p.name) != without.end()) {
      ++left_out;
      continue;
    }
    const int64_t rows = p.value.dim(0), columns = p.value.count() / rows;
    const Tensor w = reshape(p.value, Shape{rows, columns});
    // |W W^T|^2 = |W^T W|^2, whichever is smaller, less the diagonal of W W^T.
    const bool tall = rows > columns;
    const Tensor off = sum(square(matmul(w, w, tall, !tall))) - sum(square(sum(square(w), {1})));
    total = total ? total + off : off;
  }
  require(left_out == without.size(), "orthogonal penalty: ", net.name(), " has ", left_out, " of the ", without.size(), " weights that it is to leave out");
  require(total.defined(), "orthogonal penalty: ", net.name(), " has no weights");
  return total;
}

}  // namespace ganymede
