#include "nn/init.h"

#include <cmath>

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"

namespace ganymede::nn {
namespace {

struct Draws {
  uint64_t seed = 0;
  uint32_t next = 0;
};
thread_local Draws draws;

constexpr uint32_t kParameterUnit = 0xFFFFFFFF;  // no update has this number, so no draw of training repeats these

}  // namespace

namespace init {
Init constant(double value) { return {Init::Kind::constant, value, 0}; }
Init zero() { return constant(0); }
Init one() { return constant(1); }
Init normal(double mean, double deviation) { return {Init::Kind::normal, mean, deviation}; }
Init uniform(double low, double high) { return {Init::Kind::uniform, low, high}; }
Init dcgan() { return normal(0, 0.02); }
Init xavier_uniform(int64_t in, int64_t out, double gain) {
  const double r = gain * std::sqrt(6.0 / double(in + out));
  return uniform(-r, r);
}
Init xavier_normal(int64_t in, int64_t out, double gain) { return normal(0, gain * std::sqrt(2.0 / double(in + out))); }
Init he_uniform(int64_t in, double slope) {
  const double r = std::sqrt(6.0 / ((1 + slope * slope) * double(in)));
  return uniform(-r, r);
}
Init he_normal(int64_t in, double slope) { return normal(0, std::sqrt(2.0 / ((1 + slope * slope) * double(in)))); }
}  // namespace init

void seed_parameters(uint64_t seed) { draws = {seed, 0}; }

Tensor parameter(const Shape& shape, const Init& how) {
  const Context& c = context();
  const uint32_t ordinal = draws.next++;
  if (is_plan(c.device)) return leaf(Tensor(shape, c.dtype, c.device));
  if (how.kind == Init::Kind::constant) return leaf(full(shape, how.a));
  if (how.kind == Init::Kind::values) return leaf(tensor(how.values, shape, c.dtype, c.device));
  const Tensor host(shape, c.dtype, Device{});
  const kernels::RandomState state{draws.seed, 0, kParameterUnit};
  const auto& random = kernels::cpu::table().random;
  if (how.kind == Init::Kind::normal) random.normal(nullptr, &state, ordinal, c.dtype, host.count(), how.a, how.b, host.data());
  else random.uniform(nullptr, &state, ordinal, c.dtype, host.count(), how.a, how.b, host.data());
  return leaf(to_device(host, c.device));
}

Tensor buffer(const Shape& shape, double value) { return full(shape, value); }

}  // namespace ganymede::nn
