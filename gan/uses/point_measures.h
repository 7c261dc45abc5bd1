// Measures of models that draw points on a line, from densities by kernels (100 000 points at most, deviation 0.02).
#pragma once
#include "gan/recipe.h"

namespace ganymede {

// sample-mean and sample-deviation, beside those of the data as data-mean and data-deviation.
std::vector<Measure> line_moments(const Latent& latent);
// d-error: the largest |D(x) - p / (p + q)| where p + q is above 5 % of its highest; p are the data, q the samples. d-value: E log D(x) +
// E log(1 - D(G(z))), and best-value: -log 4 + 2 JSD(p, q), what the best D would get.
std::vector<Measure> discriminator_measures(const Latent& latent, const std::function<Tensor(const Tensor& points)>& logit);

// Of labelled points of any dimension: label-agreement, the share of samples whose nearest class by the mean of its data is the one that
// they were drawn for, and class-spread, the variance of samples around their class's mean sample over that of the data, least of all classes.
std::vector<Measure> labelled_points(const Latent& latent);

// Of models of labelled points with an encoder: reconstructed-label, the share of points whose G(E(x)) is nearest to the data of their own
// class, and reconstructed-label-shuffled, the same of G(E(y)) for another point y, which is chance.
std::vector<Measure> reconstructed_labels(const Latent& latent, int64_t classes);

}  // namespace ganymede
