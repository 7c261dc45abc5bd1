#include "engine/ops/create.h"

#include "engine/check.h"
#include "engine/context.h"

namespace ganymede {

using kernels::Kernels;
using kernels::Stream;

Tensor full(const Shape& shape, double value, DType dtype, const Device& device) {
  Tensor y(shape, dtype, device);
  launch(device, [t = dtype, n = y.count(), value, p = y.data()](const Kernels& k, Stream s) { k.elementwise.fill(s, t, n, value, p); });
  return y;
}

Tensor uniform_constant(const Shape& shape, double value, DType dtype, const Device& device) {
  Tensor y(shape, dtype, device);
  y.storage()->uniform = value;
  y.storage()->unwritten = y.count() > 0;
  return y;
}

std::optional<double> uniform_value(const Tensor& x) { return x.node() ? std::nullopt : x.storage()->uniform; }

Tensor zeros(const Shape& shape) { return full(shape, 0); }
Tensor ones(const Shape& shape) { return full(shape, 1); }
Tensor full(const Shape& shape, double value) { return full(shape, value, context().dtype, context().device); }
Tensor zeros_like(const Tensor& x) { return full(x.shape(), 0, x.dtype(), x.device()); }
Tensor ones_like(const Tensor& x) { return full(x.shape(), 1, x.dtype(), x.device()); }
Tensor empty_like(const Tensor& x) { return Tensor(x.shape(), x.dtype(), x.device()); }

namespace {

thread_local GivenDraws* given_draws = nullptr;

template <class F>
Tensor draw(const Shape& shape, DType dtype, F&& kernel) {
  if (given_draws) return given_draws->take(shape, dtype);
  Context& c = context();
  Tensor y(shape, dtype, c.device);
  const uint32_t ordinal = c.random_ordinal++;
  require(is_plan(c.device) || (c.random_state.defined() && c.random_state.device() == c.device),
          "a random draw on ", c.device, " before seed()");
  const auto* state = is_plan(c.device) ? nullptr : static_cast<const kernels::RandomState*>(c.random_state.data());
  launch(c.device, [kernel, state, ordinal, dtype, n = y.count(), p = y.data()](const Kernels& k, Stream s) { kernel(k.random, s, state, ordinal, dtype, n, p); });
  return y;
}

}  // namespace

GivenDraws::GivenDraws(std::vector<GivenDraw> draws) : draws_(std::move(draws)), outer_(given_draws) { given_draws = this; }
GivenDraws::~GivenDraws() { given_draws = outer_; }
Tensor GivenDraws::take(const Shape& shape, DType dtype) {
  require(next_ < draws_.size(), "draw number ", next_, " ", shape, ": only ", draws_.size(), " are given");
  const GivenDraw& d = draws_[next_];
  require(d.shape == shape, "draw number ", next_, ": ", shape, " is wanted, ", d.shape, " is given");
  ++next_;
  return dtype == DType::i64 ? tensor(std::vector<int64_t>(d.values.begin(), d.values.end()), shape, context().device) : tensor(d.values, shape, dtype, context().device);
}

Tensor randn(const Shape& shape, double mean, double deviation) {
  return draw(shape, context().dtype, [=](const kernels::RandomKernels& r, Stream s, auto* state, uint32_t o, DType t, int64_t n, void* p) {
    r.normal(s, state, o, t, n, mean, deviation, p);
  });
}

Tensor randn_like(const Tensor& x) { return randn(x.shape()); }

Tensor uniform(const Shape& shape, double low, double high) {
  return draw(shape, context().dtype, [=](const kernels::RandomKernels& r, Stream s, auto* state, uint32_t o, DType t, int64_t n, void* p) {
    r.uniform(s, state, o, t, n, low, high, p);
  });
}

Tensor bernoulli(const Shape& shape, double probability, double value) {
  require(probability >= 0 && probability <= 1, "bernoulli: probability ", probability, " is not in [0, 1]");
  return draw(shape, context().dtype, [=](const kernels::RandomKernels& r, Stream s, auto* state, uint32_t o, DType t, int64_t n, void* p) {
    r.bernoulli(s, state, o, t, n, probability, value, p);
  });
}

Tensor random_integers(const Shape& shape, int64_t bound) {
  require(bound > 0 && bound <= UINT32_MAX, "random_integers: bound ", bound, " is not in [1, 2^32)");
  return draw(shape, DType::i64, [=](const kernels::RandomKernels& r, Stream s, auto* state, uint32_t o, DType, int64_t n, void* p) {
    r.integers(s, state, o, n, uint32_t(bound), static_cast<int64_t*>(p));
  });
}

void seed(uint64_t value) {
  Context& c = context();
  c.random_ordinal = 0;
  c.random_state = Tensor({int64_t(sizeof(kernels::RandomState))}, DType::u8, c.device);
  const kernels::RandomState state{value, 0, 0};
  upload(c.random_state, &state, sizeof state);
}

void set_random_position(uint32_t iteration, uint32_t unit) {
  Context& c = context();
  c.random_ordinal = 0;
  const uint32_t position[2] = {iteration, unit};
  upload(c.random_state.window(offsetof(kernels::RandomState, iteration), {8}), position, sizeof position);
}

}  // namespace ganymede
