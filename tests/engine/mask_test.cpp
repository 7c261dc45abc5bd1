// The derivative of relu and leaky relu in the stores of convolutions: the same gradients of every order as by passes of their own, and
// fewer launches.
#include <gtest/gtest.h>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

// The value itself; what follows gives it its own gradient, and its maker multiplies.
Tensor apart(const Tensor& t) {
  return record("apart", t.constant(), {t}, [](Backward& b) { b.results[0] = b.grad(); });
}

constexpr int kLayers = 4;   // of the critic, each with a leaky relu behind

struct Critic {
  Tensors weights, biases;
  bool masks;
  Tensor operator()(Tensor x) const {
    for (size_t i = 0; i < weights.size(); ++i) {
      x = conv2d(x, weights[i], biases.empty() ? Tensor{} : biases[i], {{i % 2 ? 2 : 1, 1}, {1, 1}}, {Unary::leaky_relu, 0.2});
      if (!masks) x = apart(x);
    }
    return sum(x);
  }
};

Tensor on(const Device& device, DType dtype, const Shape& s, uint64_t seed) { return watch(to_device(cast(random_tensor(s, seed, -0.6, 0.6), dtype).constant(), device)); }

// A gradient penalty's gradients, and how many launches it took.
struct Step {
  Tensors gradients;
  int64_t launches;
};
Step penalty_step(const Device& device, DType dtype, bool masks) {
  Critic critic{{}, {}, masks};
  for (int i = 0; i < kLayers; ++i) critic.weights.push_back(on(device, dtype, {i == kLayers - 1 ? 3 : 16, 3, 3, i ? 16 : 3}, 10 + i));
  for (int i = 0; i < kLayers; ++i) critic.biases.push_back(on(device, dtype, {i == kLayers - 1 ? 3 : 16}, 20 + i));
  const Tensor x = on(device, dtype, {2, 9, 7, 3}, 3);
  Tensors all = critic.weights;
  all.insert(all.end(), critic.biases.begin(), critic.biases.end());
  const int64_t before = context().launches;
  const Tensor penalty = mean(square(norm(flatten(grad(critic(x), x)), {1}) - 1.0));
  Step step{grad(Tensors{critic(x) + penalty}, all, {}, Record::off), 0};
  step.launches = context().launches - before;
  return step;
}

TEST(Mask, APenaltysGradientsAreThoseOfPasses) {
  for (const DeviceType type : {DeviceType::cpu, DeviceType::sim})
    for (const DType dtype : {DType::f32, DType::f64}) {
      if (type == DeviceType::sim && dtype == DType::f64) continue;
      const Step got = penalty_step({type, 0}, dtype, true), want = penalty_step({type, 0}, dtype, false);
      // Multiplied before or after it is stored: the same bits.
      for (size_t i = 0; i < want.gradients.size(); ++i) EXPECT_EQ(got.gradients[i].to_doubles(), want.gradients[i].to_doubles()) << int(type) << " " << int(dtype) << " " << i;
      if (type == DeviceType::cpu && dtype == DType::f32) continue;   // oneDNN's have passes of their own
      // In the penalty's backward sweep; behind the last layer nothing takes a mask. What multiplies there alone has a mask in the tangent
      // sweep too, and in the last sweep it is one pass with the bias's sums, which stay.
      EXPECT_EQ(want.launches - got.launches, kLayers - 1);
    }
}

// A layer adds its convolution in each of the penalty's four sweeps, forward, backward, tangent and weights, and nothing else.
TEST(Mask, ALayerOfAPenaltyIsFourConvolutions) {
  const auto launches = [](const Device& device, DType dtype, int layers) {
    Tensors weights;
    for (int i = 0; i < layers; ++i) weights.push_back(on(device, dtype, {16, 3, 3, i ? 16 : 3}, 10 + i));
    const Tensor x = on(device, dtype, {2, 6, 5, 3}, 3);
    const int64_t before = context().launches, convolutions = conv_launches();
    Tensor y = x;
    for (const Tensor& w : weights) y = conv2d(y, w, {}, {{1, 1}, {1, 1}}, {Unary::leaky_relu, 0.2});
    const Tensor penalty = mean(square(norm(flatten(grad(sum(y), x)), {1}) - 1.0));
    grad(Tensors{penalty}, weights, {}, Record::off);
    return std::pair{context().launches - before, conv_launches() - convolutions};
  };
  for (const auto& [device, dtype] : {std::pair{Device{DeviceType::cpu, 0}, DType::f64}, std::pair{Device{DeviceType::sim, 0}, DType::f32}}) {
    const auto four = launches(device, dtype, 4), five = launches(device, dtype, 5);
    EXPECT_EQ(five.second - four.second, 4);
    EXPECT_EQ(five.first - four.first, 4);
  }
}

TEST(Mask, ThirdDerivatives) {
  const Tensor direction = random_tensor({1, 4, 5, 2}, 6), other = random_tensor({3, 2, 2, 2}, 7);
  const auto second = [&](const Tensors& in) {
    Tensors leaves;
    for (const Tensor& t : in) leaves.push_back(t.node() ? t : watch(t));
    const Tensor h = conv2d(leaves[0], leaves[1], {}, {{1, 1}, {1, 1}}, {Unary::leaky_relu, 0.3});
    const Tensor y = conv2d(h, leaves[2], {}, {}, {Unary::relu});
    const Tensors g = grad(Tensors{sum(square(y) * y)}, {leaves[0], leaves[1]});
    return grad(Tensors{sum(g[0] * direction) + sum(g[1] * other)}, leaves);
  };
  EXPECT_EQ(gradcheck(second, {random_tensor({1, 4, 5, 2}, 5), random_tensor({3, 2, 2, 2}, 8), random_tensor({4, 3, 2, 3}, 9)}, {1e-6, 1e-4, 1}), "");
}

// Who asks for the gradient of the activation's value gets it whole, whoever reads the value.
TEST(Mask, AValueThatIsAskedForGetsItsOwnGradient) {
  const Tensor x = watch(random_tensor({1, 5, 5, 3}, 1)), w = watch(random_tensor({4, 3, 3, 3}, 2)), v = watch(random_tensor({2, 3, 3, 4}, 3));
  const auto found = [&](bool masks) {
    const Tensor h = conv2d(x, w, {}, {}, {Unary::leaky_relu, 0.2});
    const Tensor y = conv2d(masks ? h : apart(h), v, {}, {});
    return grad(Tensors{sum(square(y)) + sum(square(h))}, {h, x, w});
  };
  const Tensors got = found(true), want = found(false);
  for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(got[i].to_doubles(), want[i].to_doubles()) << i;
}

// Several readers: two convolutions, whose parts of u's gradient are added, and one that knows no mask.
TEST(Mask, ReadersOfEveryKindAddUp) {
  const Tensor x = watch(random_tensor({1, 5, 5, 3}, 1)), v = watch(random_tensor({2, 3, 3, 3}, 2)), w = watch(random_tensor({2, 1, 1, 3}, 3));
  const auto found = [&](bool masks) {
    const Tensor h = leaky_relu(x, 0.2), read = masks ? h : apart(h);
    return grad(Tensors{sum(square(conv2d(read, v, {}, {}))) + sum(square(conv2d(read, w, {}, {}))) + sum(exp(h))}, {x, v, w});
  };
  const Tensors got = found(true), want = found(false);
  for (size_t i = 0; i < want.size(); ++i)
    EXPECT_LE(norm(flatten(reshape(got[i] - want[i], Shape{1, got[i].count()})), {1}).item(), 1e-12) << i;
}

TEST(Mask, MayNotBeWrittenMeanwhile) {
  const Tensor x = watch(random_tensor({1, 5, 5, 3}, 1)), w = random_tensor({4, 3, 3, 3}, 2);
  const Tensor h = conv2d(x, w, {}, {}, {Unary::relu}), y = sum(conv2d(h, random_tensor({2, 3, 3, 4}, 3), {}, {}));
  assign(h.constant(), random_tensor({1, 3, 3, 4}, 4));
  std::string message;
  try {
    grad(y, x);
  } catch (const Error& e) {
    message = e.what();
  }
  EXPECT_NE(message.find("saved for the gradient was written afterwards"), std::string::npos) << message;
}

}  // namespace
}  // namespace ganymede::test
