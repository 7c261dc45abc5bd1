#include "gan/losses/decay.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {

Tensor half_squared_weights(const nn::Net& net) {
  Tensor total;
  for (const auto& p : net.parameters()) {
    if (p.value.rank() < 2) continue;  // biases, gains of norms
    const Tensor s = sum(square(p.value));
    total = total ? total + s : s;
  }
  require(total.defined(), net.name(), ": no weights to decay");
  return total * 0.5;
}

}  // namespace ganymede
