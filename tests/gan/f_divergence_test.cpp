// The table of f-divergences against its definition: f*(t) = sup_u (u t - f(u)).
#include "gan/losses/f_divergence.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

struct Row {
  std::string name;
  double parameter;
};

std::vector<Row> rows() {
  std::vector<Row> all;
  for (const std::string& n : f_divergence_names()) {
    if (n == "alpha") all.insert(all.end(), {{n, 0.5}, {n, -1}, {n, 2}});
    else if (n == "weighted-js") all.insert(all.end(), {{n, 0.3}, {n, 0.5}});
    else all.push_back({n, 0.5});
  }
  return all;
}

// By golden section over log u: u t - f(u) is concave in u, so has one hill in log u too.
double conjugate(const FDivergence& d, double t) {
  const auto value = [&](double s) { return std::exp(s) * t - d.f(std::exp(s)); };
  double low = -40, high = 40;
  const double ratio = (std::sqrt(5.0) - 1) / 2;
  for (int i = 0; i < 200; ++i) {
    const double a = high - ratio * (high - low), b = low + ratio * (high - low);
    if (value(a) < value(b)) low = a;
    else high = b;
  }
  return value((low + high) / 2);
}

class Divergences : public testing::Test {
 protected:
  Divergences() { context().dtype = DType::f64; }
  static Tensor line(double from, double to, int n) {
    std::vector<double> v;
    for (int i = 0; i < n; ++i) v.push_back(from + (to - from) * i / (n - 1));
    return tensor(v, Shape{n}, DType::f64, Device{});
  }
  ContextScope scope_;
};

TEST_F(Divergences, ConjugatesAreSuprema) {
  const Tensor v = line(-3, 3, 25);
  for (const Row& row : rows()) {
    const FDivergence d = f_divergence(row.name, row.parameter);
    const auto t = d.activation(v).to_doubles(), got = d.conjugate(v).to_doubles();
    for (size_t i = 0; i < t.size(); ++i) {
      if (row.name == "pearson" && t[i] < -2) continue;  // the table's f* takes the supremum over negative u too
      const double want = conjugate(d, t[i]);
      EXPECT_NEAR(got[i], want, 1e-6 * std::max(1.0, std::abs(want))) << row.name << " " << row.parameter << " at v = " << v.to_doubles()[i];
    }
  }
}

TEST_F(Divergences, ActivationsRise) {
  for (const Row& row : rows()) {
    const FDivergence d = f_divergence(row.name, row.parameter);
    const auto t = d.activation(line(-10, 10, 41)).to_doubles();
    for (size_t i = 1; i < t.size(); ++i) EXPECT_GT(t[i], t[i - 1]) << row.name;
  }
}

// dF/dv by autograd is finite, and that of the conjugate is g'(v) u with f'(u) = g(v): checked by differences.
TEST_F(Divergences, DerivativesAreFiniteAndRight) {
  for (const Row& row : rows()) {
    const FDivergence d = f_divergence(row.name, row.parameter);
    const Tensor v = watch(line(-10, 10, 41));
    const auto got = grad(sum(d.conjugate(v)), v, Record::off).to_doubles();
    const auto up = d.conjugate(v.constant() + 1e-5).to_doubles(), down = d.conjugate(v.constant() - 1e-5).to_doubles();
    for (size_t i = 0; i < got.size(); ++i) {
      ASSERT_TRUE(std::isfinite(got[i])) << row.name;
      const double want = (up[i] - down[i]) / 2e-5;
      EXPECT_NEAR(got[i], want, 1e-4 * std::max(1.0, std::abs(want))) << row.name << " " << row.parameter << " " << i;
    }
  }
}

TEST_F(Divergences, ThresholdIsTheSlopeAtOne) {
  for (const Row& row : rows()) {
    if (row.name == "tv") continue;
    const FDivergence d = f_divergence(row.name, row.parameter);
    EXPECT_NEAR(d.threshold, (d.f(1 + 1e-5) - d.f(1 - 1e-5)) / 2e-5, 1e-6) << row.name;
  }
}

// In f32, far out: no infinity and no NaN where a network may well end up early on.
TEST_F(Divergences, HoldInSinglePrecision) {
  for (const Row& row : rows()) {
    const FDivergence d = f_divergence(row.name, row.parameter, 15);
    const Tensor v = watch(cast(line(-100, 100, 41), DType::f32));
    const auto g = grad(sum(d.conjugate(v)), v, Record::off).to_floats();
    const auto y = d.conjugate(v).to_floats();
    for (size_t i = 0; i < y.size(); ++i) EXPECT_TRUE(std::isfinite(y[i]) && std::isfinite(g[i])) << row.name << " " << i;
  }
}

TEST_F(Divergences, RefuseWhatTheyDoNotKnow) {
  EXPECT_THROW(f_divergence("wasserstein"), UsageError);
  EXPECT_THROW(f_divergence("alpha", 1), UsageError);
  EXPECT_THROW(f_divergence("weighted-js", 1), UsageError);
}

}  // namespace
}  // namespace ganymede
