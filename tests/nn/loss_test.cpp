// Every loss: derivatives of two orders against numbers, every device and type against the cpu in f64, and values by hand.
#include <cmath>

#include "engine/autograd.h"
#include "engine/context.h"
#include "engine/ops/create.h"
#include "nn/losses.h"
#include "tests/nn/block_cases.h"
#include "tests/nn/loss_cases.h"
#include "tests/support/op_suite.h"

namespace ganymede::test {

INSTANTIATE_TEST_SUITE_P(Loss, Op, testing::ValuesIn(loss_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Layer, Op, testing::ValuesIn(block_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Loss, OpOnCuda, testing::ValuesIn(on_cuda(loss_cases())), case_name);
INSTANTIATE_TEST_SUITE_P(Layer, OpOnCuda, testing::ValuesIn(on_cuda(block_cases())), case_name);

namespace {

Tensor numbers(const std::vector<double>& v, const Shape& shape) { return tensor(v, shape, DType::f64, Device{}); }

TEST(Losses, HaveTheValuesOfTheirFormulas) {
  const Tensor x = numbers({0.5, -2, 3}, {3}), t = numbers({1, 0, 0.25}, {3});
  EXPECT_NEAR(nn::mse(x, t).item(), (0.25 + 4 + 2.75 * 2.75) / 3, 1e-14);
  EXPECT_NEAR(nn::l1(x, t, nn::Reduction::sum).item(), 0.5 + 2 + 2.75, 1e-14);
  EXPECT_NEAR(nn::huber(x, t, 1, nn::Reduction::sum).item(), 0.125 + 1.5 + 2.25, 1e-14);
  const auto bce = [](double x, double t) { return -t * std::log(1 / (1 + std::exp(-x))) - (1 - t) * std::log(1 - 1 / (1 + std::exp(-x))); };
  EXPECT_NEAR(nn::bce_with_logits(x, t, nn::Reduction::sum).item(), bce(0.5, 1) + bce(-2, 0) + bce(3, 0.25), 1e-12);
  EXPECT_NEAR(nn::bce_with_logits(x, 1.0, nn::Reduction::sum).item(), bce(0.5, 1) + bce(-2, 1) + bce(3, 1), 1e-12);
  EXPECT_NEAR(nn::hinge_real(x).item(), (0.5 + 3) / 3, 1e-14);
  EXPECT_NEAR(nn::hinge_fake(x).item(), (1.5 + 4) / 3, 1e-14);
  EXPECT_NEAR(nn::kl_standard_normal(numbers({0.3}, {1}), numbers({-0.7}, {1})).item(), -0.5 * (1 - 0.7 - 0.09 - std::exp(-0.7)), 1e-14);
  const double q = 1 / (1 + std::exp(-0.5)), p = 0.2;
  EXPECT_NEAR(nn::kl_bernoulli(numbers({0.5}, {1}), p).item(), q * std::log(q / p) + (1 - q) * std::log((1 - q) / (1 - p)), 1e-14);
}

TEST(Losses, CrossEntropyIsMinusTheLogOfTheLabelsProbability) {
  ContextScope scope;
  context().dtype = DType::f64;
  const Tensor x = numbers({1, 2, 3, 0, 0, 5}, {2, 3}), labels = tensor(std::vector<int64_t>{2, 1}, {2}, Device{});
  const double a = std::log(std::exp(1) + std::exp(2) + std::exp(3)) - 3, b = std::log(2 + std::exp(5));
  EXPECT_NEAR(nn::cross_entropy(x, labels).item(), (a + b) / 2, 1e-14);
}

// Logits of a discriminator that is sure: no loss may overflow where its value is finite.
TEST(Losses, StayFiniteFarOut) {
  const Tensor x = tensor(std::vector<double>{-90, 90, -1000, 1000}, {4}, DType::f32, Device{}), t = tensor(std::vector<double>{1, 0, 1, 0}, {4}, DType::f32, Device{});
  EXPECT_NEAR(nn::bce_with_logits(x, t).item(), (90 + 90 + 1000 + 1000) / 4.0, 1e-3);
}

TEST(Losses, GramMatrixAndTotalVariationSeeChannelsAndNeighbours) {
  // One 2x2 picture of two channels: (1,2) (3,4) / (5,6) (7,9).
  const Tensor x = numbers({1, 2, 3, 4, 5, 6, 7, 9}, {1, 2, 2, 2});
  const auto g = nn::gram_matrix(x).to_doubles();
  const double n = 2 * 2 * 2;
  EXPECT_EQ(g, (std::vector<double>{84 / n, 107 / n, 107 / n, 137 / n}));
  EXPECT_NEAR(nn::total_variation(x).item(), (4 + 4 + 4 + 5) + (2 + 2 + 2 + 3), 1e-14);
  EXPECT_NEAR(nn::squared_variation(x).item(), 0.5 * (16 + 16 + 4 + 4), 1e-14);
}

// A map that is v everywhere: v^2 / C. And what the authors' code has for the gradient of the variation, written out; a constant has none.
TEST(Losses, GramMatrixAndSquaredVariationByTheirFormulas) {
  for (const double g : nn::gram_matrix(full(Shape{2, 3, 5, 4}, 0.7, DType::f64, Device{})).to_doubles()) EXPECT_NEAR(g, 0.7 * 0.7 / 4, 1e-15);
  const int64_t h = 4, w = 5;
  std::vector<double> v(size_t(h * w)), want(v.size(), 0.0);
  for (size_t i = 0; i < v.size(); ++i) v[i] = double(i * i % 7);
  const auto at = [&](int64_t y, int64_t x) { return size_t(y * w + x); };
  for (int64_t y = 0; y + 1 < h; ++y)
    for (int64_t x = 0; x + 1 < w; ++x)
      for (const size_t other : {at(y + 1, x), at(y, x + 1)}) want[at(y, x)] += v[at(y, x)] - v[other], want[other] -= v[at(y, x)] - v[other];
  const Tensor x = watch(numbers(v, {1, h, w, 1}));
  EXPECT_EQ(grad(nn::squared_variation(x), x).to_doubles(), want);
  const Tensor flat = full(Shape{1, 3, 3, 2}, 0.3, DType::f64, Device{});
  EXPECT_EQ(nn::squared_variation(flat).item(), 0);
}

}  // namespace
}  // namespace ganymede::test
