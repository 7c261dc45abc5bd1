// Tasks that every model with a latent space offers: invert, and with an encoder encode and reconstruct.
#pragma once
#include <vector>

#include "gan/session.h"

namespace ganymede {

// The session's own tasks (Recipe::tasks) and those that follow from its latent space. The session must outlive them.
std::vector<Task> tasks_of(Session& session);

// A picture as the model's data are: scaled to cover size x width, the centre cut out, its channels.
Tensor as_input(const data::Picture& picture, const DataFacts& facts);

}  // namespace ganymede
