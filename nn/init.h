// First values of parameters, the same on every device: drawn on the host by seed and number of the parameter.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/tensor.h"

namespace ganymede::nn {

struct Init {
  enum class Kind { constant, normal, uniform, values } kind = Kind::constant;
  double a = 0, b = 0;             // constant: a; normal: mean a, deviation b; uniform: [a, b)
  std::vector<double> values = {}; // values: as they are
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
Init he_normal(int64_t fan_in, double slope = 0);
}  // namespace init

// Seeds the draws of the parameters made after it on this thread.
void seed_parameters(uint64_t seed);

// A parameter (a leaf) on the context's device in the context's dtype.
Tensor parameter(const Shape& shape, const Init& init);
// A buffer: saved with the network, not trained.
Tensor buffer(const Shape& shape, double value);

}  // namespace ganymede::nn
