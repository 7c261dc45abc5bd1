// What `evaluate` can say of models that have an encoder beside a generator.
#pragma once
#include <functional>
#include <utility>
#include <vector>

#include "gan/recipe.h"

namespace ganymede {

// The pictures of a batch, or its points.
const Tensor& samples_of(const Batch& batch);

// Mean distance |a_i - b_i| over the mean distance |a_i - b_j| to those of another sample: 0 is best, 1 is chance, not a number without another sample. pairs gives
// [n, D] twice for a batch.
double paired_over_shuffled(const Evaluation& e, const std::function<std::pair<Tensor, Tensor>(const Batch&)>& pairs);

// Accuracy of the nearest neighbour's label by features [n, D] of a sample: each looks among all others of the evaluation.
double nearest_label(const Evaluation& e, const std::function<Tensor(const Tensor& samples)>& features);

// reconstruction, reconstruction-ratio, latent-ratio, code-mean, code-deviation: of decode(encode(x)), encode(decode(z)) and
// the codes of the data. Latents without classes only.
std::vector<Measure> encoder_measures(const Latent& latent);

}  // namespace ganymede
