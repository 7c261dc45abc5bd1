// A spectrally normalised layer's weight has the largest singular value 1.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/capture.h"
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

// All of a network's weights advance together: once an update that moves it, by one kernel however many they are.
TEST(Spectral, AWholeNetworkAdvancesInOneLaunchOnceAnUpdate) {
  ContextScope scope;
  context().dtype = DType::f64;  // in f32 the first steps may have found u to the last bit
  const auto launches = [](int layers, int passes, bool moving) {
    seed_parameters(3);
    std::vector<Layer> all;
    for (int i = 0; i < layers; ++i) all.push_back(linear(4, 4, false, init::normal(0, 1), init::zero(), true));
    const Net net("D", sequential(std::move(all)));
    const Tensor x = ones({1, 4});
    Unit unit(false);
    const auto u = net.buffers()[0].value.to_doubles();
    const int64_t before = context().launches;
    unit.run([&] {
      std::unique_ptr<Moving> guard = moving ? std::make_unique<Moving>(std::vector<Net>{net}) : nullptr;
      for (int i = 0; i < passes; ++i) net(x);
    });
    EXPECT_EQ(net.buffers()[0].value.to_doubles() != u, moving);
    return context().launches - before;
  };
  for (const int layers : {1, 2, 5})
    for (const int passes : {1, 3}) EXPECT_EQ(launches(layers, passes, true) - launches(layers, passes, false), 1) << layers << " layers, " << passes << " passes";
  // A further pass costs its products alone: the normalised weights are computed once an update.
  EXPECT_EQ(launches(5, 3, true) - launches(5, 2, true), 5);
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
