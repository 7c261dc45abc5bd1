// Gradient penalties: against closed forms of critics whose gradient is known, and against differences of the penalty.
#include "gan/losses/penalty.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

class Penalty : public testing::Test {
 protected:
  void SetUp() override {
    context().dtype = DType::f64;
    seed(3);
    real_ = random_tensor({3, 4, 4, 2}, 1), fake_ = random_tensor({3, 4, 4, 2}, 2);
  }
  // f(x) = <a, x>, whose gradient is a everywhere.
  static Critic linear_critic(const Tensor& a) {
    return [a](const Tensor& x) { return matmul(flatten(x), a); };
  }
  static double length(const Tensor& a) { return norm(a).item(); }

  ContextScope scope_;
  Tensor real_, fake_;
};

TEST_F(Penalty, OfALinearCriticIsItsClosedForm) {
  const Tensor a = watch(random_tensor({32, 1}, 4, -0.5, 0.5));
  const double n = length(a);
  for (const bool r1 : {false, true}) {
    const Tensor p = r1 ? r1_penalty(linear_critic(a), real_) : gradient_penalty(linear_critic(a), real_, fake_);
    EXPECT_NEAR(p.item(), r1 ? n * n : (n - 1) * (n - 1), 1e-10);
    const auto da = grad(p, a, Record::off).to_doubles(), v = a.to_doubles();
    for (size_t i = 0; i < v.size(); ++i) EXPECT_NEAR(da[i], r1 ? 2 * v[i] : 2 * (n - 1) * v[i] / n, 1e-10);
  }
  EXPECT_NEAR(dragan_penalty(linear_critic(a), real_).item(), (n - 1) * (n - 1), 1e-10);
  EXPECT_NEAR(gradient_norm(linear_critic(a), real_, fake_).item(), n, 1e-10);
}

// The critic acts on every pixel alike: the gradient of each pixel is a.
TEST_F(Penalty, PerPixelTakesTheNormOfEachPixelsChannels) {
  const Tensor a = random_tensor({1, 1, 1, 2}, 5);
  const Critic f = [&](const Tensor& x) { return conv2d(x, a, {}, {}); };
  const double n = length(a);
  EXPECT_NEAR(gradient_penalty(f, real_, fake_, NormOver::pixel).item(), (n - 1) * (n - 1), 1e-10);
  EXPECT_NEAR(gradient_penalty(f, real_, fake_).item(), (4 * n - 1) * (4 * n - 1), 1e-10);
}

// f(x) = |x|^2 / 2 has gradient x: the norms tell where the penalty looked.
TEST_F(Penalty, LooksBetweenRealAndFakeWithOneNumberASample) {
  const Tensor real = full({4096, 2}, 3), fake = full({4096, 2}, 1);
  const Critic f = [](const Tensor& x) { return sum(square(x), {1}) * 0.5; };
  // Places are (1 + 2a) (1, 1): mean slope sqrt(2) E(1 + 2a) = 2 sqrt(2), deviation of the mean sqrt(8/12/4096) = 0.013.
  EXPECT_NEAR(gradient_norm(f, real, fake).item(), 2 * std::sqrt(2.0), 0.06);
  Tensor seen;
  const Critic watcher = [&](const Tensor& x) { return seen = x, f(x); };
  gradient_penalty(watcher, real, fake);
  const auto v = seen.to_doubles();
  double least = 9, most = 0;
  for (size_t i = 0; i < v.size(); i += 2) {
    EXPECT_EQ(v[i], v[i + 1]);
    least = std::min(least, v[i]), most = std::max(most, v[i]);
  }
  EXPECT_GE(least, 1);
  EXPECT_LT(most, 3);
  EXPECT_LT(least, 1.01);
  EXPECT_GT(most, 2.99);
}

// What double backward is for: the penalty's gradient by every weight of a critic of convolutions, leaky ReLU and layer norm.
TEST_F(Penalty, GradientOfACriticWithNormsAgreesWithDifferences) {
  const Tensors weights{random_tensor({5, 3, 3, 2}, 11, -0.5, 0.5), random_tensor({5}, 12), random_tensor({5}, 13, 0.5, 1.5), random_tensor({5}, 14),
                        random_tensor({4, 4, 4, 5}, 15, -0.5, 0.5), random_tensor({4}, 16), random_tensor({1, 16}, 17)};
  const Tensor point = random_tensor({3, 4, 4, 2}, 6);
  for (const NormOver over : {NormOver::sample, NormOver::pixel}) {
    const auto penalty = [&](const Tensors& w) {
      return Tensors{penalty_at([&](const Tensor& x) {
        const Tensor h = conv2d(x, w[0], w[1], {{1, 1}, {1, 1}});
        const Tensor n = normalise(h, layer_view(h, 1e-3), w[2], w[3], {Unary::leaky_relu, 0.2}).y;
        return linear(flatten(conv2d(n, w[4], w[5], {{2, 2}, {1, 1}}, {Unary::leaky_relu, 0.2})), w[6]);
      }, point, 1, over)};
    };
    EXPECT_EQ(gradcheck(penalty, weights, {1e-6, 1e-5, 1}), "");
  }
}

TEST_F(Penalty, R1AndDraganAreDifferentiable) {
  const Tensors weights{random_tensor({3, 3, 3, 2}, 21, -0.5, 0.5), random_tensor({3}, 22), random_tensor({1, 48}, 23)};
  const auto critic = [](const Tensors& w) {
    return [w](const Tensor& x) { return linear(flatten(tanh(conv2d(x, w[0], w[1], {{1, 1}, {1, 1}}))), w[2]); };
  };
  EXPECT_EQ(gradcheck([&](const Tensors& w) { return Tensors{r1_penalty(critic(w), real_)}; }, weights), "");
  EXPECT_EQ(gradcheck([&](const Tensors& w) {
    set_random_position(0, 0);   // the same noise at every evaluation
    return Tensors{dragan_penalty(critic(w), real_)};
  }, weights), "");
}

}  // namespace
}  // namespace ganymede::test
