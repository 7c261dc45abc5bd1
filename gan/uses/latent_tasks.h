// Tasks that every model with a latent space offers: invert where z has a gradient, and with an encoder encode and reconstruct.
#pragma once
#include <functional>
#include <vector>

#include "gan/session.h"

namespace ganymede {

// The session's own tasks (Recipe::tasks) and those that follow from its latent space. The session must outlive them.
std::vector<Task> tasks_of(Session& session);

// A picture as the model's data are: scaled to cover size x width, the centre cut out, its channels.
Tensor as_input(const data::Picture& picture, const DataFacts& facts);

// The z from which decode comes nearest to x: Adam from `start` down the squared pixel error, all rows at once (Zhu et al. 2016,
// section 3.1, without the network's first guess).
Tensor nearest_z(const std::function<Tensor(const Tensor& z)>& decode, const Tensor& start, const Tensor& x, int64_t steps, double rate);

}  // namespace ganymede
