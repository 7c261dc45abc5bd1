// First values of parameters, the same on every device: drawn on the host by seed and number of the parameter.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace ganymede::nn {

struct Init {
  enum class Kind { constant, normal, truncated_normal, uniform, orthogonal, values } kind = Kind::constant;
  double a = 0, b = 0;             // constant: a; normals: mean a, deviation b; uniform: [a, b); orthogonal: gain a
  std::vector<double> values = {}; // values: as they are
  int64_t repeats = 1;             // every row of the leading axis is drawn once and stands this many times in a row
};

namespace init {
Init constant(double value);
Init zero();
Init one();
Init normal(double mean, double deviation);
Init uniform(double low, double high);
Init dcgan();                                        // normal(0, 0.02)
Init xavier_uniform(int64_t fan_in, int64_t fan_out, double gain = 1);   // Glorot & Bengio 2010
Init xavier_normal(int64_t fan_in, int64_t fan_out, double gain = 1);
Init he_uniform(int64_t fan_in, double slope = 0);    // He et al. 2015
Init as_pytorch(int64_t fan_in);                       // uniform within 1 / sqrt(fan in): its standard for weights and biases
Init he_normal(int64_t fan_in, double slope = 0);
// Redrawn (in effect) where it would lie more than two deviations from the mean; b is the deviation before that.
Init truncated_normal(double mean, double deviation);
// gain times a random matrix [leading axis, all others] whose rows are orthonormal, or its columns if there are fewer of them
// (Saxe et al. 2014). Linear, conv and deconv weights alike, as PyTorch's orthogonal_.
Init orthogonal(double gain = 1);
// For a convolution before pixel_shuffle(factor): all filters that make one channel start equal, so that the output starts
// as a nearest-neighbour enlargement (Aitken et al. 2017).
Init icnr(const Init& each, int factor);
}  // namespace init

// Seeds the draws of the parameters made after it on this thread.
void seed_parameters(uint64_t seed);

// A parameter (a leaf) on the context's device in the context's dtype. Error if the shape does not suit the initialiser.
Tensor parameter(const Shape& shape, const Init& init);
// A buffer: saved with the network, not trained.
Tensor buffer(const Shape& shape, double value);

}  // namespace ganymede::nn
