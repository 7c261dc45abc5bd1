// Statistics of batch norms that are gathered for weights as they are, where those that followed a training are of other weights: of an average, say.
#pragma once
#include <functional>
#include <vector>

#include "nn/net.h"

namespace ganymede::nn {

// The running means and variances of all batch norms of the networks, in visiting order.
Tensors batch_statistics(const std::vector<Net>& nets);
// Runs `pass`, which puts a batch through each of the networks once, `passes` times, at least 1; the running statistics of their batch norms become the plain means over
// the passes (the standing statistics of Brock et al. 2019). Nothing is recorded, outside of updates alone.
void gather_statistics(const std::vector<Net>& nets, int passes, const std::function<void()>& pass);

}  // namespace ganymede::nn
