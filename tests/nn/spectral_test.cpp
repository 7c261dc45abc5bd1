// A spectrally normalised layer's weight has the largest singular value 1.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "nn/init.h"
#include "nn/layers.h"
#include "nn/net.h"

namespace ganymede::nn {
namespace {

double largest_gain(const Net& net, int inputs) {
  Tensor x = ones({1, inputs});
  double gain = 0;
  // Power iteration through the layer and its transpose (by its gradient).
  for (int i = 0; i < 200; ++i) {
    const Tensor in = watch(x);
    const Tensor y = net(in);
    const Tensor back = grad(Tensors{y}, {in}, {y.constant()}, Record::off)[0];
    gain = std::sqrt(norm(back).item() / norm(x).item());
    x = (back / norm(back).item()).constant();
  }
  return gain;
}

TEST(Spectral, NormalisesALinearLayer) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed_parameters(3);
  const Net net("D", sequential({linear(7, 5, false, init::normal(0, 1), init::zero(), true)}));
  // 15 steps of the power method find sigma to about a percent for a random matrix.
  EXPECT_NEAR(largest_gain(net, 7), 1, 0.02);
}

TEST(Spectral, StateIsSavedWithTheNetwork) {
  seed_parameters(3);
  const Net net("D", sequential({conv(3, 4, {.kernel = 3, .spectral = true}), deconv(4, 2, {.kernel = 3, .spectral = true})}));
  std::vector<std::string> names;
  for (const auto& b : net.buffers()) names.push_back(b.name);
  EXPECT_EQ(names, (std::vector<std::string>{"conv1.u", "conv1.v", "deconv1.u", "deconv1.v"}));
  EXPECT_EQ(net.buffers()[2].value.count(), 2);
  EXPECT_EQ(net.buffers()[3].value.count(), 4 * 9);
}

}  // namespace
}  // namespace ganymede::nn
