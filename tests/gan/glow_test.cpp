// What Glow promises beyond the tests that every model passes.
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "engine/ops.h"
#include "gan/nets/glow.h"
#include "gan/uses/likelihood_measures.h"
#include "nn/init.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/difference.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

using nets::Glow;
using nets::GlowSize;
using Mixing = GlowSize::Mixing;


std::vector<GlowSize> all_kinds() {
  std::vector<GlowSize> all;
  for (const Mixing mixing : {Mixing::lu, Mixing::shuffle, Mixing::reverse})
    for (const bool additive : {false, true}) all.push_back({.size = 4, .channels = 2, .levels = 2, .depth = 2, .width = 4, .additive = additive, .mixing = mixing});
  return all;
}

// A flow all of whose parameters are off their first values, in f64.
nn::Net disturbed(const std::shared_ptr<Glow>& glow) {
  const nn::Net net("flow", glow);
  uint64_t seed = 5;
  for (const nn::NamedTensor& p : net.parameters()) assign(p.value, p.value + random_tensor(p.value.shape(), seed++) * (p.name.ends_with("logs") ? 0.03 : 0.1));
  return net;
}

double log_abs_determinant(std::vector<double> a, size_t n) {
  double log = 0;
  for (size_t k = 0; k < n; ++k) {
    size_t best = k;
    for (size_t i = k; i < n; ++i)
      if (std::abs(a[i * n + k]) > std::abs(a[best * n + k])) best = i;
    for (size_t j = 0; j < n; ++j) std::swap(a[k * n + j], a[best * n + j]);
    log += std::log(std::abs(a[k * n + k]));
    for (size_t i = k + 1; i < n; ++i)
      for (size_t j = n; j-- > k;) a[i * n + j] -= a[i * n + k] / a[k * n + k] * a[k * n + j];
  }
  return log;
}

TEST(Glow, TheDensityHasTheDeterminantOfTheJacobian) {
  ContextScope scope;
  context().dtype = DType::f64;
  for (const GlowSize& s : all_kinds()) {
    nn::seed_parameters(1);
    const nn::Net flow = disturbed(std::make_shared<Glow>(s));
    const int64_t n = 32;
    const Tensor x = random_tensor({1, 4, 4, 2}, 3);
    const double step = 1e-6;
    // Row 2 i moves element i up, the next one down.
    std::vector<double> moved;
    const auto v = x.to_doubles();
    for (int64_t i = 0; i < 2 * n; ++i) {
      auto row = v;
      row[size_t(i / 2)] += i % 2 ? -step : step;
      moved.insert(moved.end(), row.begin(), row.end());
    }
    const auto eps = flow(Tensors{tensor(moved, {2 * n, 4, 4, 2}, DType::f64, Device{})})[0].to_doubles();
    std::vector<double> jacobian(size_t(n * n));
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j) jacobian[size_t(j * n + i)] = (eps[size_t(2 * i * n + j)] - eps[size_t((2 * i + 1) * n + j)]) / (2 * step);
    const Tensors out = flow(Tensors{x});
    const double normal = -0.5 * sum(square(out[0])).item() - 0.5 * double(n) * std::log(2 * std::numbers::pi);
    EXPECT_NEAR(out[1].item() - normal, log_abs_determinant(jacobian, size_t(n)), 1e-6) << "mixing " << int(s.mixing) << (s.additive ? ", additive" : "");
  }
}

TEST(Glow, TheDensityOfABatchIsThatOfItsPictures) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(1);
  const nn::Net flow = disturbed(std::make_shared<Glow>(all_kinds()[0]));
  const Tensor x = random_tensor({3, 4, 4, 2}, 3);
  const auto all = flow(Tensors{x})[1].to_doubles();
  for (int64_t i = 0; i < 3; ++i) EXPECT_NEAR(flow(Tensors{x.rows(i, i + 1)})[1].item(), all[size_t(i)], 1e-12);
}

TEST(Glow, DecodingUndoesEncoding) {
  ContextScope scope;
  context().dtype = DType::f64;
  for (const GlowSize& s : all_kinds()) {
    nn::seed_parameters(1);
    const auto glow = std::make_shared<Glow>(s);
    const nn::Net flow = disturbed(glow);
    const Tensor x = random_tensor({3, 4, 4, 2}, 3);
    EXPECT_LT(largest(glow->decode(flow(Tensors{x})[0]) - x), 1e-11) << "mixing " << int(s.mixing) << (s.additive ? ", additive" : "");
  }
}

TEST(Glow, StaysInvertibleInF32AndBf16AfterAHundredSteps) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    TinyModel m{"glow", {{"warm_up", "0"}}};
    m.precision = precision;
    Tiny t(m);
    for (int i = 0; i < 100; ++i) t->step();
    const Latent& latent = t->recipe().latent;
    t->sampling(1, [&] {
      const Tensor x = t->batch().image();
      EXPECT_LT(largest(latent.decode(latent.encode(x), {}) - x), 1e-4);
    });
  }
}

// One step with a reversal: half of the channels leave it as actnorm made them, the others as a fresh coupling of scale sigmoid(2) and shift 0 does.
TEST(Glow, BeginsWithActnormsFoundFromABatch) {
  const auto glow = std::make_shared<Glow>(GlowSize{.size = 8, .channels = 1, .levels = 1, .depth = 1, .width = 4, .mixing = Mixing::reverse});
  const nn::Net flow("flow", glow);
  const Tensor x = cast(random_tensor({16, 8, 8, 1}, 3) * 3.0 + 0.7, DType::f32);
  glow->initialise(x);
  const Tensor eps = reshape(flow(Tensors{x})[0], Shape{16 * 16, 4});
  const double expected[] = {1, 1, 1 / (1 + std::exp(-2.0)), 1 / (1 + std::exp(-2.0))};
  for (int64_t k = 0; k < 4; ++k) {
    const Tensor channel = slice(eps, 1, k, k + 1);
    EXPECT_NEAR(mean(channel).item(), 0, 1e-5);
    EXPECT_NEAR(std::sqrt(mean(square(channel)).item()), expected[k], 1e-4);
  }
  // The couplings' own actnorms too: their layers begin at N(0, 0.05), which alone would give far smaller values.
  for (const nn::NamedTensor& p : flow.parameters())
    if (p.name.ends_with("conv1.logs") || p.name.ends_with("conv2.logs")) EXPECT_GT(mean(p.value).item(), 0.1) << p.name;
}

// An orthogonal matrix at first, of determinant 1 or -1.
TEST(Glow, BeginsWithARotationOfChannels) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(4);
  const auto glow = std::make_shared<Glow>(GlowSize{.size = 2, .channels = 4, .levels = 1, .depth = 1, .width = 2, .additive = true});
  const nn::Net flow("flow", glow);
  const Tensor x = random_tensor({1, 2, 2, 4}, 3);
  const Tensors out = flow(Tensors{x});
  const double length = sum(square(x)).item();
  EXPECT_NEAR(sum(square(out[0])).item(), length, 1e-9);
  EXPECT_NEAR(out[1].item(), -0.5 * length - 8 * std::log(2 * std::numbers::pi), 1e-9);
  EXPECT_GT(largest(out[0] - flatten(pixel_unshuffle(x, 2))), 0.1);
}

TEST(Glow, TheAverageBeginsAtTheFittedWeights) {
  Tiny t({"glow", {{"average", "0.999"}}});
  t->step();
  const nn::Net& flow = t->recipe().nets[0];
  const auto state = t.state();
  double apart = 0, far = 0;
  const auto weights = flow.flat().to_doubles(), &average = state.at("optimizer.flow.flow.average");
  for (size_t i = 0; i < weights.size(); ++i) apart = std::max(apart, std::abs(weights[i] - average[i])), far = std::max(far, std::abs(weights[i]));
  EXPECT_LT(apart, 0.01);
  EXPECT_GT(far, 0.3);
}

TEST(Glow, TheClassOfTheLastLevelsPriorCounts) {
  Tiny t({"glow", {{"conditional", "true"}, {"warm_up", "0"}, {"rate", "0.1"}, {"average", "0"}}});
  for (int i = 0; i < 5; ++i) t->step();
  t->sampling(1, [&] {
    const Tensor z = zeros({2, t->recipe().latent.length});
    const Tensor y = t->recipe().latent.decode(z, tensor(std::vector<int64_t>{0, 1}, {2}, Device{}));
    EXPECT_GT(largest(y.rows(0, 1) - y.rows(1, 2)), 1e-3);
  });
}

TEST(Glow, SheetsAreDrawnAtATemperature) {
  const auto spread = [](const char* temperature) {
    Tiny t({"glow", {{"temperature", temperature}}});
    t->step();
    const Tensor x = t->sample(2, 1);
    return largest(x.rows(0, 1) - x.rows(1, 2));
  };
  EXPECT_EQ(spread("0"), 0);
  EXPECT_GT(spread("1"), spread("0.1"));
}

TEST(LikelihoodMeasures, KnowANormalDistribution) {
  const Tensor points = tensor(std::vector<double>{1, 2, -1, 2, 1, -2, -1, -2}, {4, 2}, DType::f64, Device{});
  const Batch batch{4, {{"point", points}}};
  const Evaluation all{4, [&](const std::function<void(const Batch&)>& f) { f(batch); }};
  const auto measures = likelihood_measures({.bits = [](const Batch&) { return tensor(std::vector<double>{1, 2, 3, 4}, {4}, DType::f64, Device{}); },
                                             .levels = [](const Batch& b) { return b["point"]; }});
  const double normal = 0.5 * std::log2(2 * std::numbers::pi * std::numbers::e) + 0.5;   // deviations 1 and 2
  EXPECT_NEAR(measures[0].value(all), 2.5, 1e-12);
  EXPECT_NEAR(measures[1].value(all), normal, 1e-12);
  EXPECT_NEAR(measures[2].value(all), normal - 2.5, 1e-12);
  const Tensor turned = matmul(points, tensor(std::vector<double>{0.6, 0.8, -0.8, 0.6}, {2, 2}, DType::f64, Device{}));
  EXPECT_NEAR(likelihood_measures({.bits = {}, .levels = [&](const Batch&) { return turned; }})[1].value(all), normal, 1e-12);
  EXPECT_TRUE(std::isnan(likelihood_measures({.bits = {}, .levels = [&](const Batch&) { return points.rows(0, 2); }})[1].value(all)));
  const auto moments = [&](double factor, double at, double shift) { return moments_measure([=](const Batch& b) { return b["point"] + at; }, [=](int64_t) { return points * factor + (at + shift); }).value(all); };
  EXPECT_NEAR(moments(1, 3, 0), 0, 1e-12);
  EXPECT_NEAR(moments(1.25, 3, 0), 0.25, 1e-12);
  EXPECT_NEAR(moments(1, 3, 0.5), 0.5 / 3, 1e-12);
}

}  // namespace
}  // namespace ganymede::test
