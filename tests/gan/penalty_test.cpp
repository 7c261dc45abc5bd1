// Gradient penalties: against closed forms of critics whose gradient is known, and against differences of the penalty.
#include "gan/losses/penalty.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/nets/wgan_gp.h"
#include "nn/optim.h"
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
  EXPECT_NEAR(mean(gradient_norms(linear_critic(a), real_, fake_)).item(), n, 1e-10);
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
  EXPECT_NEAR(mean(gradient_norms(f, real, fake)).item(), 2 * std::sqrt(2.0), 0.06);
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

// R1 is taken on real pictures and R2 on fakes; DRAGAN looks around the real ones, no further than half their deviation.
TEST_F(Penalty, R1R2AndDraganLookAtTheirOwnPoints) {
  const Critic f = [](const Tensor& x) { return sum(square(flatten(x)), {1}) * 0.5; };
  const auto mean_square = [](const Tensor& x) { return mean(sum(square(flatten(x)), {1})).item(); };
  EXPECT_NEAR(r1_penalty(f, real_).item(), mean_square(real_), 1e-10);
  EXPECT_NEAR(r1_penalty(f, fake_).item(), mean_square(fake_), 1e-10);
  Tensor seen;
  const Tensor p = dragan_penalty([&](const Tensor& x) { return seen = x, f(x); }, real_);
  const auto x = seen.to_doubles(), from = real_.to_doubles();
  double m = 0, v = 0, farthest = 0, expected = 0;
  for (double r : from) m += r / double(from.size());
  for (double r : from) v += (r - m) * (r - m) / double(from.size());
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_GE(x[i], from[i]);
    farthest = std::max(farthest, x[i] - from[i]);
  }
  EXPECT_LE(farthest, 0.5 * std::sqrt(v));
  EXPECT_GT(farthest, 0.05 * std::sqrt(v));
  for (size_t n = 0; n < 3; ++n) {
    double s = 0;
    for (size_t i = 0; i < 32; ++i) s += x[n * 32 + i] * x[n * 32 + i];
    expected += (std::sqrt(s) - 1) * (std::sqrt(s) - 1) / 3;
  }
  EXPECT_NEAR(p.item(), expected, 1e-10);
}

// The critic of the recipe, without norms: forward, data gradients, and those two again for the weights. Not six sweeps.
TEST_F(Penalty, TakesFourConvolutionSweepsThroughTheRecipesCritic) {
  constexpr int kConvolutions = 3;
  const nn::Net critic("critic", nets::wgan_gp_critic({32, 1, 2, 4}));
  const Tensor real = random_tensor({2, 32, 32, 1}, 1), fake = random_tensor({2, 32, 32, 1}, 2);
  const nn::Moving moving({critic});
  const int64_t before = conv_launches();
  const Tensor penalty = gradient_penalty([&](const Tensor& x) { return critic(x); }, real, fake);
  EXPECT_EQ(conv_launches() - before, 2 * kConvolutions);
  grad(Tensors{penalty}, critic.leaves(), {}, Record::off);
  EXPECT_LE(conv_launches() - before, 4 * kConvolutions);
  EXPECT_GE(conv_launches() - before, 4 * kConvolutions - 1);
}

// Two point masses at distance d: the best critic under the penalty has slope 1 + d / (2 lambda) between them. Without the
// penalty it grows without bound.
TEST_F(Penalty, BringsACriticsSlopeToOneBetweenTwoPoints) {
  const auto train = [](double lambda, int steps) {
    nn::seed_parameters(5);
    const auto dense = [](int in, int out) { return nn::linear(in, out, true, nn::init::he_normal(in)); };
    const nn::Net critic("critic", nn::sequential({dense(2, 32), nn::leaky_relu(0.2), dense(32, 32), nn::leaky_relu(0.2), dense(32, 1)}));
    const Critic f = [&](const Tensor& x) { return critic(x); };
    const Tensor real = full({16, 2}, 0.5), fake = tensor([] {
      std::vector<double> v;
      for (int i = 0; i < 16; ++i) v.insert(v.end(), {-0.5, 0.5});
      return v;
    }(), {16, 2}, DType::f64, Device{});
    nn::Stepper stepper(critic, nn::adam(2e-3, 0.5, 0.9));
    for (int i = 0; i < steps; ++i) {
      set_random_position(uint32_t(i), 0);
      stepper.prepare(i);
      const nn::Moving moving({critic});
      const Tensor loss = adversarial("wgan-gp").d(f(real), f(fake)) + lambda * gradient_penalty(f, real, fake);
      stepper.step(grad(Tensors{loss}, critic.leaves(), {}, Record::off));
    }
    return std::pair{mean(gradient_norms(f, real, fake)).item(), (mean(f(real)) - mean(f(fake))).item()};
  };
  const auto [slope, distance] = train(10, 400);
  EXPECT_NEAR(slope, 1, 0.1);
  EXPECT_NEAR(distance, 1, 0.1);
  EXPECT_GT(train(0, 200).first, 3);
}

// What double backward is for: the penalty's gradient by every weight of a critic of convolutions, leaky ReLU and a norm.
TEST_F(Penalty, GradientOfACriticWithNormsAgreesWithDifferences) {
  const Tensors weights{random_tensor({5, 3, 3, 2}, 11, -0.5, 0.5), random_tensor({5}, 12), random_tensor({5}, 13, 0.5, 1.5), random_tensor({5}, 14),
                        random_tensor({4, 4, 4, 5}, 15, -0.5, 0.5), random_tensor({4}, 16), random_tensor({1, 16}, 17)};
  const Tensor point = random_tensor({3, 4, 4, 2}, 6);
  for (const auto view : {layer_view, instance_view, batch_view})
    for (const NormOver over : {NormOver::sample, NormOver::pixel}) {
      const auto penalty = [&](const Tensors& w) {
        return Tensors{penalty_at([&](const Tensor& x) {
          const Tensor h = conv2d(x, w[0], w[1], {{1, 1}, {1, 1}});
          const Tensor n = normalise(h, view(h, 1e-3), w[2], w[3], {Unary::leaky_relu, 0.2}).y;
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
