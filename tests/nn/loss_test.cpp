// Every loss: derivatives of two orders against numbers, every device and type against the cpu in f64, and values by hand.
#include <cmath>

#include "engine/context.h"
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
}

}  // namespace
}  // namespace ganymede::test
