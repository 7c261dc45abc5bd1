// Schedules, and clipping of gradients as a part of the optimiser.
#include "nn/optim.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/capture.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "nn/layers.h"
#include "tests/support/gradcheck.h"

namespace ganymede::nn {
namespace {

TEST(Schedules, SayWhatTheyDo) {
  EXPECT_DOUBLE_EQ(constant_rate().factor(1000), 1);
  EXPECT_DOUBLE_EQ(linear_decay(100, 200).factor(99), 1);
  EXPECT_DOUBLE_EQ(linear_decay(100, 200).factor(150), 0.5);
  EXPECT_DOUBLE_EQ(linear_decay(100, 200).factor(1000), 0);
  EXPECT_DOUBLE_EQ(warm_up(10).factor(0), 0.1);
  EXPECT_DOUBLE_EQ(warm_up(10).factor(9), 1);
  EXPECT_DOUBLE_EQ(warm_up(10).factor(1000), 1);
  EXPECT_DOUBLE_EQ(halve_every(10).factor(25), 0.25);
  EXPECT_DOUBLE_EQ(milestones({5, 10}, 0.1).factor(7), 0.1);
  EXPECT_DOUBLE_EQ(milestones({5, 10}, 0.1).factor(10), 0.01);
  EXPECT_DOUBLE_EQ(exponential_decay(0.5, 0.3).factor(5), 0.3);
  EXPECT_DOUBLE_EQ(exponential_decay(0.5).factor(5), 1.0 / 32);
  EXPECT_DOUBLE_EQ(decay_every(10, 0.98, 0.1).factor(29), 0.98 * 0.98);
  EXPECT_DOUBLE_EQ(decay_every(10, 0.98, 0.1).factor(100000), 0.1);
  EXPECT_DOUBLE_EQ(exponential_decay_between(100, 200, 0.01).factor(100), 1);
  EXPECT_DOUBLE_EQ(exponential_decay_between(100, 200, 0.01).factor(150), 0.1);
  EXPECT_DOUBLE_EQ(exponential_decay_between(100, 200, 0.01).factor(300), 0.01);
  EXPECT_THROW(halve_every(0), Error);
  EXPECT_THROW(linear_decay(5, 5), Error);
  EXPECT_EQ(adam(1e-3, 0.5).with(milestones({1600}, 0.1)).describe(), "Adam, rate 0.001, betas 0.5 0.999, times 0.1 at step 1600");
  EXPECT_EQ(adamax(1e-3).describe(), "Adamax, rate 0.001, betas 0.9 0.999");
  EXPECT_EQ(sgd(0.01, 0.9).with(halve_every(50)).describe(), "SGD, rate 0.01, momentum 0.9, halved every 50 steps");
}

TEST(Clipping, IsShownAndChecked) {
  EXPECT_EQ(adam(1e-3, 0.5).norm_clipped(0.25).describe(), "Adam, rate 0.001, betas 0.5 0.999, gradient norm clipped to 0.25");
  EXPECT_EQ(sgd(0.1).gradient_clipped(5).clipped(0.01).describe(), "SGD, rate 0.1, momentum 0, gradients clipped to 5, weights clipped to 0.01");
  const Net net("D", sequential({linear(2, 2)}));
  EXPECT_THROW(Stepper(net, adam(1e-3).norm_clipped(1).gradient_clipped(1)), Error);
  EXPECT_THROW(Stepper(net, adam(1e-3).norm_clipped(-1)), Error);
}

class Clipped : public testing::TestWithParam<DeviceType> {
 protected:
  void SetUp() override { context().device = {GetParam(), 0}, seed_parameters(2); }
  ContextScope scope_;
};
INSTANTIATE_TEST_SUITE_P(Devices, Clipped, testing::Values(DeviceType::cpu, DeviceType::sim));

// By plain descent with rate 1 the step is the clipped gradient itself: of the whole network by norm, of each element by value.
TEST_P(Clipped, StepsByTheClippedGradientOfTheWholeNetwork) {
  const Net net("D", sequential({linear(3, 5), linear(5, 2)}));
  Tensors gradients;
  double squares = 0;
  for (const NamedTensor& p : net.parameters()) {
    gradients.push_back(to_device(cast(test::random_tensor(p.value.shape(), 7 + gradients.size()), DType::f32).constant(), context().device));
    for (const double g : gradients.back().to_doubles()) squares += g * g;
  }
  const double norm = std::sqrt(squares);
  const auto step = [&](const Optim& optim) {
    std::vector<std::vector<double>> before, moved;
    for (const NamedTensor& p : net.parameters()) before.push_back(p.value.to_doubles());
    Stepper stepper(net, optim);
    stepper.prepare(0);
    EXPECT_NEAR(std::sqrt(stepper.step(gradients).item()) / norm, 1, 1e-6);  // the norm that is logged is that before clipping
    for (size_t i = 0; i < before.size(); ++i) {
      moved.push_back(net.parameters()[i].value.to_doubles());
      for (size_t k = 0; k < moved[i].size(); ++k) moved[i][k] = before[i][k] - moved[i][k];
    }
    return moved;
  };
  const auto by_norm = step(sgd(1).norm_clipped(norm / 4)), loose = step(sgd(1).norm_clipped(norm * 2)), by_value = step(sgd(1).gradient_clipped(0.5));
  for (size_t i = 0; i < gradients.size(); ++i) {
    const auto g = gradients[i].to_doubles();
    for (size_t k = 0; k < g.size(); ++k) {
      EXPECT_NEAR(by_norm[i][k], g[k] / 4, 1e-6);
      EXPECT_NEAR(loose[i][k], g[k], 1e-6);
      EXPECT_NEAR(by_value[i][k], std::min(std::max(g[k], -0.5), 0.5), 1e-6);
    }
  }
}

// The last layer's weights and all biases at a tenth of the rate: with equal gradients they move a tenth as far, by every rule.
TEST_P(Clipped, ParametersHaveRatesOfTheirOwn) {
  const ParameterRates rates{"0.1 of it for the last layer and biases", [](const std::string& name) { return name.starts_with("linear2") || name.ends_with("bias") ? 0.1 : 1.0; }};
  EXPECT_EQ(sgd(0.5, 0.9).with(rates).describe(), "SGD, rate 0.5, momentum 0.9, 0.1 of it for the last layer and biases");
  for (const Optim& optim : {sgd(0.5, 0.9), adam(0.5), adamax(0.5), rmsprop(0.5)}) {
    const auto run = [&](const Optim& o, bool capture) {
      seed_parameters(2);
      const Net net("G", sequential({linear(3, 3), linear(3, 3)}));
      for (const NamedTensor& p : net.parameters()) assign(p.value, zeros(p.value.shape()));
      Stepper stepper(net, o);
      Unit unit(capture);
      Tensor squares;
      for (int i = 0; i < 5; ++i) {
        stepper.prepare(i);
        unit.run([&] {
          Tensors gradients;
          for (const NamedTensor& p : net.parameters()) gradients.push_back(full(p.value.shape(), 0.25, DType::f32, context().device));
          squares = stepper.step(gradients);
        });
      }
      if (!capture) EXPECT_NEAR(squares.item(), 24 * 0.0625, 1e-6);   // of all launches together
      std::vector<double> first;
      for (const NamedTensor& p : net.parameters()) {
        const auto v = p.value.to_doubles();
        for (const double x : v) EXPECT_EQ(x, v[0]) << p.name;
        first.push_back(v[0]);
      }
      return first;   // linear1.weight, linear1.bias, linear2.weight, linear2.bias
    };
    const auto together = run(optim, false), apart = run(optim.with(rates), false);
    EXPECT_LT(together[0], 0);
    EXPECT_EQ(apart[0], together[0]);
    for (const size_t i : {1, 2, 3}) EXPECT_NEAR(apart[i] / together[i], 0.1, 1e-6) << i;
    EXPECT_EQ(run(optim.with(rates), true), apart);
  }
  const Net net("G", sequential({linear(3, 3)}));
  EXPECT_EQ(Stepper(net, sgd(1, 0.9).with(rates)).state().size(), 3u);   // momentum, and a count of steps for each rate
  EXPECT_THROW(Stepper(net, sgd(1).with(ParameterRates{"none", [](const std::string&) { return 0.0; }})), Error);
}

// A captured update clips by the norm of its own gradient, not by the one it was recorded with.
TEST_P(Clipped, ReplaysWithTheNormOfTheDay) {
  const auto run = [&](bool capture) {
    seed_parameters(2);
    const Net net("D", sequential({linear(3, 1)}));
    Stepper stepper(net, adam(0.1).norm_clipped(0.2));
    const Tensor x = zeros({4, 3});
    Unit unit(capture);
    for (int i = 0; i < 6; ++i) {
      assign(x, to_device(cast(test::random_tensor({4, 3}, uint64_t(i)) * (i % 2 ? 10.0 : 0.001), DType::f32).constant(), context().device));
      stepper.prepare(i);
      unit.run([&] {
        const Moving moving({net});
        stepper.step(grad(Tensors{sum(square(net(x)))}, net.leaves(), {}, Record::off));
      });
    }
    return net.flat().to_doubles();
  };
  EXPECT_EQ(run(true), run(false));
}

}  // namespace
}  // namespace ganymede::nn
