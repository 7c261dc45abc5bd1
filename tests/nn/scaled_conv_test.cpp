// A convolution beside a change of scale is the two layers it stands for: values, gradients, parameters. Equalised learning rate.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "nn/blocks.h"
#include "nn/net.h"
#include "tests/support/gradcheck.h"

namespace ganymede::nn {
namespace {

class ScaledConv : public testing::Test {
 protected:
  void SetUp() override { context().dtype = DType::f64; }
  // The network that make builds, with the same first values each time.
  static Net net_of(const std::function<Layer()>& make) {
    seed_parameters(5);
    return Net("N", sequential({make(), tanh()}));
  }
  // y, dy/dx and dy/d(parameters) for a loss that differs from element to element.
  static std::vector<std::vector<double>> all_of(const Net& net, const Tensor& x) {
    const Moving moving({net});
    const Watch watching({});
    const Tensor in = watch(x), y = net(in);
    Tensors targets = net.leaves();
    targets.push_back(in);
    std::vector<std::vector<double>> out{y.to_doubles()};
    for (const Tensor& g : grad({sum(square(y) * test::random_tensor(y.shape(), 9))}, targets, {}, Record::off)) out.push_back(g.to_doubles());
    return out;
  }
  static void expect_equal(const Net& a, const Net& b, const Tensor& x, const std::string& what) {
    ASSERT_EQ(a.parameters().size(), b.parameters().size());
    for (size_t i = 0; i < a.parameters().size(); ++i) ASSERT_EQ(a.parameters()[i].value.to_doubles(), b.parameters()[i].value.to_doubles()) << what;
    const auto one = all_of(a, x), other = all_of(b, x);
    ASSERT_EQ(one.size(), other.size());
    for (size_t i = 0; i < one.size(); ++i) {
      ASSERT_EQ(one[i].size(), other[i].size()) << what;
      EXPECT_LE(test::relative_error(one[i], other[i]), 1e-12) << what << ", " << i;
    }
  }
 private:
  ContextScope scope_;
};

TEST_F(ScaledConv, EqualsTheTwoLayers) {
  for (const int kernel : {1, 3, 5})
    for (const bool spectral : {false, true})
      for (const Shape& x : {Shape{2, 4, 6, 3}, Shape{1, 5, 3, 3}, Shape{2, 2, 7, 3}}) {
        const ConvSpec s{.kernel = kernel, .padding = kernel / 2, .weight = init::normal(0, 0.5), .bias_init = init::normal(0, 1), .spectral = spectral};
        const std::string what = text("k", kernel, spectral ? " spectral " : " ", x);
        const Tensor t = test::random_tensor(x, 3);
        expect_equal(net_of([&] { return upsample_conv(3, 4, s); }), net_of([&] { return sequential({upsample(2), conv(3, 4, s)}); }), t, "up " + what);
        expect_equal(net_of([&] { return conv_mean_pool(3, 4, s); }), net_of([&] { return sequential({conv(3, 4, s), mean_pool()}); }), t, "mean " + what);
      }
}

TEST_F(ScaledConv, HasTheNamesOfAConvolution) {
  const Net net("G", sequential({upsample_conv(3, 4, {.padding = 1}), conv_mean_pool(4, 5, {.padding = 1, .bias = false})}));
  std::vector<std::string> names;
  for (const auto& p : net.parameters()) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"conv1.weight", "conv1.bias", "conv2.weight"}));
  EXPECT_EQ(net.parameters()[0].value.shape(), (Shape{4, 3, 3, 3}));
  EXPECT_EQ(upsample_conv(3, 4, {.padding = 1})->describe(), "upsample x2, conv k3 s1 p1  3 -> 4");
  EXPECT_EQ(conv_mean_pool(3, 4, {.padding = 1})->describe(), "conv k3 s1 p1  3 -> 4, mean pool 2");
}

TEST_F(ScaledConv, RefusesWhatChangesTheSize) {
  const auto error_of = [](const ConvSpec& s) {
    try {
      upsample_conv(4, 4, s);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("none");
  };
  EXPECT_EQ(error_of({.kernel = 3, .padding = 0}), "upsample_conv: k3 s1 p0 d1 g1; the kernel must be odd, the padding half of it, the others 1");
  EXPECT_NE(error_of({.kernel = 4, .padding = 2}), "none");
  EXPECT_NE(error_of({.kernel = 3, .stride = 2, .padding = 1}), "none");
  EXPECT_NE(error_of({.kernel = 3, .padding = 1, .groups = 2}), "none");
  EXPECT_EQ(error_of({.kernel = 3, .padding = 1}), "none");
}

// Inside an update the filter is made once, however many passes use it.
TEST_F(ScaledConv, MakesItsFilterOnceAnUpdate) {
  const Net net("G", sequential({upsample_conv(3, 4, {.padding = 1}), conv_mean_pool(4, 5, {.padding = 1})}));
  const Tensor x = ones({1, 4, 4, 3});
  UnitRun unit;
  unit.serial = 77;
  context().unit = &unit;
  const auto launches = [&] {
    const int64_t before = context().launches;
    net(x);
    return context().launches - before;
  };
  EXPECT_EQ(launches(), 5);  // turned and summed, convolved; averaged, convolved
  EXPECT_EQ(launches(), 2);
  const Tensor before = net(x);
  assign(net.flat(), net.flat() * 2.0);
  unit.serial = 78;
  const Tensor after = net(x);
  context().unit = nullptr;
  EXPECT_NE(after.to_doubles(), before.to_doubles());
}

// The stored weight has deviation 1, the output about that of the input times the gain; as a plain layer with the scaled weight.
TEST_F(ScaledConv, EqualisedWeightsAreScaledWhereTheyAreUsed) {
  seed_parameters(1);
  const Net equal("E", conv(16, 8, equalised({.kernel = 3, .padding = 1}))), up("U", deconv(16, 8, equalised({.kernel = 4}, 1))), dense("L", equalised_linear(16, 8, 1));
  const auto scaled = [](const Net& net, Layer plain, double factor, const Tensor& x) {
    const Net other("P", std::move(plain));
    assign(other.flat(), net.flat() * factor);
    EXPECT_LE(test::relative_error(net(x).to_doubles(), other(x).to_doubles()), 1e-12);
  };
  const Tensor x = test::random_tensor({2, 5, 4, 16}, 3);
  scaled(equal, conv(16, 8, {.kernel = 3, .padding = 1}), std::sqrt(2.0 / (16 * 9)), x);
  scaled(up, deconv(16, 8, {.kernel = 4}), std::sqrt(1.0 / (16 * 16)), x);
  scaled(dense, linear(16, 8), 0.25, test::random_tensor({3, 16}, 4));
  EXPECT_NEAR(std::sqrt(mean(square(equal.parameters()[0].value)).item()), 1, 0.1);
}

}  // namespace
}  // namespace ganymede::nn
