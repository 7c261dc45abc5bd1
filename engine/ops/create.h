// Tensors made from nothing. Without a device and dtype they follow the context.
#pragma once
#include <optional>
#include <vector>

#include "engine/tensor.h"

namespace ganymede {

Tensor full(const Shape& shape, double value, DType dtype, const Device& device);
Tensor zeros(const Shape& shape);
Tensor ones(const Shape& shape);
Tensor full(const Shape& shape, double value);
// A constant all of whose elements are one number known on the host. It takes no launch until a kernel reads it, and scaling,
// broadcasting or summing it gives another such tensor: so the gradient of a loss begins.
Tensor uniform_constant(const Shape& shape, double value, DType dtype, const Device& device);
// The number, if x is such a tensor.
std::optional<double> uniform_value(const Tensor& x);
Tensor zeros_like(const Tensor& x);
Tensor ones_like(const Tensor& x);
Tensor empty_like(const Tensor& x);

// Draws, each with the next ordinal of the context's random state.
Tensor randn(const Shape& shape, double mean = 0, double deviation = 1);
Tensor uniform(const Shape& shape, double low = 0, double high = 1);
Tensor randn_like(const Tensor& x);
Tensor bernoulli(const Shape& shape, double probability, double value = 1);  // value with the probability, else 0
Tensor random_integers(const Shape& shape, int64_t bound);                   // i64 in [0, bound)

// While in scope, the draws of this thread hand out these values in order instead: runs on another program's noise. Values
// are what the draw would have returned (bernoulli: 0 or its value). A draw of another shape, or one too many, throws.
struct GivenDraw {
  Shape shape;
  std::vector<double> values;
};
class GivenDraws {
 public:
  explicit GivenDraws(std::vector<GivenDraw> draws);
  ~GivenDraws();
  GivenDraws(const GivenDraws&) = delete;
  size_t left() const { return draws_.size() - next_; }
  Tensor take(const Shape& shape, DType dtype);
 private:
  std::vector<GivenDraw> draws_;
  size_t next_ = 0;
  GivenDraws* outer_;
};

// The state that draws read; seed() makes one for the context's device, advance() says where the run stands.
void seed(uint64_t seed);
void set_random_position(uint32_t iteration, uint32_t unit);

}  // namespace ganymede
