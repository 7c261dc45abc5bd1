// A spectrally normalised layer's weight has the largest singular value 1.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/capture.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "nn/init.h"
#include "nn/layers.h"
#include "nn/net.h"
#include "tests/support/gradcheck.h"

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

// One kernel divides all of a network's weights, however many they are, once an update, and advances u and v in those that move it.
TEST(Spectral, AWholeNetworkTakesOneLaunchAnUpdate) {
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
    for (const int passes : {1, 3})
      for (const bool moving : {false, true})  // and a product for each pass and layer
        EXPECT_EQ(launches(layers, passes, moving), 1 + layers * passes) << layers << " layers, " << passes << " passes, moving " << moving;
}

// In bf16 one launch rounds all weights of a network, wherever they lie among the others, and those of each are its own.
TEST(Spectral, OneLaunchRoundsAllWeights) {
  ContextScope scope;
  context().precision = Precision::bf16;
  const auto run = [](int layers) {
    seed_parameters(3);
    std::vector<Layer> all;
    for (int i = 0; i < layers; ++i) all.push_back(linear(5, 5, false, init::normal(0, 1), init::zero(), true));
    const Net net("D", sequential(std::move(all)));
    const Tensor x = cast(full({2, 5}, 0.75), DType::bf16);
    const std::vector<double> alone = net(x).to_doubles();   // outside updates each weight is divided and rounded by itself
    Unit unit(false);
    Tensor y;
    const int64_t before = context().launches;
    unit.run([&] { y = net(x); });
    const int64_t launches = context().launches - before;
    EXPECT_EQ(y.to_doubles(), alone) << layers;
    return launches;
  };
  for (const int layers : {1, 2, 5}) EXPECT_EQ(run(layers), 2 + layers) << layers << " layers";  // division, rounding, products
}

// The kernel for the last gradient and the ordinary ops that higher orders are made of say the same, for some weights or all.
TEST(Spectral, GradientsOfBothKindsAgree) {
  const Tensor w1 = test::random_tensor({3, 2, 2, 4}, 1), w2 = test::random_tensor({5, 6}, 2);
  const std::vector<SpectralWeight> fixed{{w1, true, test::random_tensor({4}, 3), test::random_tensor({12}, 4)}, {w2, false, test::random_tensor({5}, 5), test::random_tensor({6}, 6)}};
  const auto normalised = [&](const Tensors& in) {
    std::vector<SpectralWeight> s = fixed;
    for (size_t i = 0; i < s.size(); ++i) s[i].w = in[i];
    return spectral_normalise(s, 0);
  };
  EXPECT_EQ(test::gradcheck(normalised, {w1, w2}), "");
  EXPECT_EQ(test::gradgradcheck(normalised, {w1, w2}), "");
  for (const int used : {1, 2, 3}) {  // bits: which of the results something depends on
    const auto gradients = [&](Record record) {
      const Tensors in{watch(w1), watch(w2)}, ys = normalised(in);
      Tensors used_ys, cotangents;
      for (int i = 0; i < 2; ++i)
        if (used >> i & 1) used_ys.push_back(ys[i]), cotangents.push_back(test::random_tensor(ys[i].shape(), 7 + i));
      return grad(used_ys, in, cotangents, record);
    };
    const Tensors fused = gradients(Record::off), composed = gradients(Record::on);
    for (int i = 0; i < 2; ++i) {
      ASSERT_EQ(fused[i].defined(), (used >> i & 1) != 0);
      ASSERT_EQ(composed[i].defined(), fused[i].defined());
      if (fused[i]) EXPECT_LE(test::relative_error(fused[i].to_doubles(), composed[i].to_doubles()), 1e-14);
    }
  }
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
