#include "tests/support/gradcheck.h"

#include <cmath>
#include <random>

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::test {
namespace {

constexpr int64_t kEveryElement = 24;  // inputs of at most so many elements are checked one by one

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double s = 0;
  for (size_t i = 0; i < a.size(); ++i) s += a[i] * b[i];
  return s;
}

double length(const std::vector<double>& a) { return std::sqrt(dot(a, a)); }

std::vector<double> values_or_zero(const Tensor& t, int64_t count) { return t ? t.to_doubles() : std::vector<double>(size_t(count), 0.0); }

std::string check(const Function& f, const Tensors& inputs, const Gradcheck& o, const char* what) {
  Tensors leaves;
  for (const Tensor& x : inputs) leaves.push_back(watch(x));
  const Tensors ys = f(leaves);
  Tensors cotangents;
  for (size_t k = 0; k < ys.size(); ++k) cotangents.push_back(random_tensor(ys[k].shape(), o.seed + 100 + k));
  const Tensors found = grad(ys, leaves, cotangents, Record::off);
  const auto value = [&](size_t i, const std::vector<double>& at) {
    Tensors moved = inputs;
    moved[i] = tensor(at, inputs[i].shape(), DType::f64, Device{});
    const Tensors out = f(moved);
    double s = 0;
    for (size_t k = 0; k < out.size(); ++k) s += dot(out[k].to_doubles(), cotangents[k].to_doubles());
    return s;
  };
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::vector<double> x = inputs[i].to_doubles(), g = values_or_zero(found[i], inputs[i].count());
    std::vector<std::vector<double>> directions;
    if (inputs[i].count() <= kEveryElement) {
      for (size_t e = 0; e < x.size(); ++e) {
        std::vector<double> d(x.size(), 0.0);
        d[e] = 1;
        directions.push_back(d);
      }
    } else {
      for (int k = 0; k < 3; ++k) {
        auto d = random_tensor(inputs[i].shape(), o.seed + 1000 + i * 10 + k, -1, 1).to_doubles();
        const double n = length(d);
        for (double& e : d) e /= n;
        directions.push_back(d);
      }
    }
    const double size = std::max(1.0, length(g));
    for (size_t k = 0; k < directions.size(); ++k) {
      std::vector<double> up = x, down = x;
      for (size_t e = 0; e < x.size(); ++e) up[e] += o.step * directions[k][e], down[e] -= o.step * directions[k][e];
      const double numeric = (value(i, up) - value(i, down)) / (2 * o.step), analytic = dot(g, directions[k]);
      const double error = std::abs(numeric - analytic) / size;
      if (o.worst) *o.worst = std::max(*o.worst, error);
      if (!(error <= o.tolerance))
        return text(what, " of input ", i, ", direction ", k, ": numeric ", numeric, ", analytic ", analytic);
    }
  }
  return "";
}

}  // namespace

std::string gradcheck(const Function& f, const Tensors& inputs, const Gradcheck& o) { return check(f, inputs, o, "gradient"); }

std::string gradgradcheck(const Function& f, const Tensors& inputs, const Gradcheck& o) {
  const Tensors shapes = f(inputs);
  Tensors all = inputs;
  for (size_t k = 0; k < shapes.size(); ++k) all.push_back(random_tensor(shapes[k].shape(), o.seed + 200 + k));
  const size_t n = inputs.size();
  const Function gradient = [&](const Tensors& in) {
    Tensors x, c;
    for (size_t i = 0; i < in.size(); ++i) (i < n ? x : c).push_back(in[i].node() ? in[i] : watch(in[i]));
    const Tensors ys = f(x);
    Tensors out;
    const Tensors g = grad(ys, x, c, Record::on);
    for (size_t i = 0; i < n; ++i) out.push_back(g[i] ? g[i] : zeros_like(x[i]));
    return out;
  };
  Gradcheck second = o;
  second.tolerance = o.tolerance * 10;
  return check(gradient, all, second, "second gradient");
}

Tensor random_tensor(const Shape& shape, uint64_t seed, double low, double high) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> u(low, high);
  std::vector<double> v(size_t(shape.count()));
  for (double& e : v) e = u(random);
  return tensor(v, shape, DType::f64, Device{});
}

double relative_error(const std::vector<double>& a, const std::vector<double>& b) {
  double d = 0, n = 0;
  for (size_t i = 0; i < a.size(); ++i) d += (a[i] - b[i]) * (a[i] - b[i]), n += b[i] * b[i];
  const double e = std::sqrt(d) / std::max(std::sqrt(n), 1e-30);
  return std::isnan(e) ? INFINITY : e;
}

}  // namespace ganymede::test
