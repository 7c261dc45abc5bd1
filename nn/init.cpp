#include "nn/init.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"
#include "nn/orthogonal.h"

namespace ganymede::nn {
namespace {

struct Draws {
  uint64_t seed = 0;
  uint32_t next = 0;
};
thread_local Draws draws;

constexpr uint32_t kParameterUnit = 0xFFFFFFFF;  // no update has this number, so no draw of training repeats these

constexpr double kTruncation = 2;  // deviations

// The normal distribution's quantile for p between those of +-kTruncation. The distribution is concave above 0, so Newton's
// steps from 0 approach the root from below without overshooting.
double normal_quantile(double p) {
  const double target = std::abs(p - 0.5);
  double x = 0;
  for (int i = 0; i < 30; ++i) {
    const double step = (target - 0.5 * std::erf(x * M_SQRT1_2)) / (std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI));
    x += step;
    if (std::abs(step) < 1e-14) break;
  }
  return p < 0.5 ? -x : x;
}

// Values that are not drawn directly from the generator's own distributions, by f64 draws on the host.
std::vector<double> derived_values(const Init& how, const kernels::RandomState& state, uint32_t ordinal, const Shape& shape) {
  const auto& random = kernels::cpu::table().random;
  std::vector<double> v(size_t(shape.count()));
  if (how.kind == Init::Kind::truncated_normal) {
    const double tail = 0.5 * std::erfc(kTruncation * M_SQRT1_2);
    random.uniform(nullptr, &state, ordinal, DType::f64, int64_t(v.size()), tail, 1 - tail, v.data());
    for (double& x : v) x = how.a + how.b * normal_quantile(x);
    return v;
  }
  require(shape.rank() >= 2, "orthogonal: a parameter of shape ", shape, ", it takes two axes or more");
  random.normal(nullptr, &state, ordinal, DType::f64, int64_t(v.size()), 0, 1, v.data());
  make_orthogonal(v, shape.dim(0), shape.count() / std::max<int64_t>(shape.dim(0), 1));
  for (double& x : v) x *= how.a;
  return v;
}

// Each row of x as many times as asked for.
Tensor repeated(const Tensor& x, int64_t times, const Shape& shape) {
  const Tensor y(shape, x.dtype(), x.device());
  const size_t row = x.bytes() / size_t(std::max<int64_t>(x.dim(0), 1));
  for (int64_t i = 0; i < shape.dim(0); ++i)
    std::memcpy(static_cast<char*>(y.data()) + size_t(i) * row, static_cast<const char*>(x.data()) + size_t(i / times) * row, row);
  return y;
}

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
Init as_pytorch(int64_t in) {
  const double r = 1 / std::sqrt(double(in));
  return uniform(-r, r);
}
Init he_normal(int64_t in, double slope) { return normal(0, std::sqrt(2.0 / ((1 + slope * slope) * double(in)))); }
Init truncated_normal(double mean, double deviation) { return {Init::Kind::truncated_normal, mean, deviation}; }
Init orthogonal(double gain) { return {Init::Kind::orthogonal, gain, 0}; }
Init icnr(const Init& each, int factor) {
  require(factor > 0, "icnr: a factor of ", factor);
  require(each.kind != Init::Kind::values, "icnr: values are given, it takes a distribution");
  Init all = each;
  all.repeats = int64_t(factor) * factor;
  return all;
}
}  // namespace init

void seed_parameters(uint64_t seed) { draws = {seed, 0}; }

Tensor parameter(const Shape& shape, const Init& how) {
  const Context& c = context();
  const uint32_t ordinal = draws.next++;
  if (is_plan(c.device)) return leaf(Tensor(shape, c.dtype, c.device));
  if (how.kind == Init::Kind::constant) return leaf(full(shape, how.a));
  if (how.kind == Init::Kind::values) return leaf(tensor(how.values, shape, c.dtype, c.device));
  Shape drawn = shape;
  if (how.repeats > 1) {
    require(shape.rank() > 0 && shape.dim(0) % how.repeats == 0, "icnr: a parameter of shape ", shape, ", its leading axis must divide into rows of ", how.repeats);
    std::vector<int64_t> dims(shape.begin(), shape.end());
    dims[0] /= how.repeats;
    drawn = Shape(dims);
  }
  Tensor host(drawn, c.dtype, Device{});
  const kernels::RandomState state{draws.seed, 0, kParameterUnit};
  const auto& random = kernels::cpu::table().random;
  if (how.kind == Init::Kind::normal) random.normal(nullptr, &state, ordinal, c.dtype, host.count(), how.a, how.b, host.data());
  else if (how.kind == Init::Kind::uniform) random.uniform(nullptr, &state, ordinal, c.dtype, host.count(), how.a, how.b, host.data());
  else host = tensor(derived_values(how, state, ordinal, drawn), drawn, c.dtype, Device{});
  return leaf(to_device(how.repeats > 1 ? repeated(host, how.repeats, shape) : host, c.device));
}

Tensor buffer(const Shape& shape, double value) { return full(shape, value); }

}  // namespace ganymede::nn
