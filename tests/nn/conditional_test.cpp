// Norms by class and by style: closed values, gradients through every input and parameter, containers that hand the
// condition on.
#include "nn/conditional.h"

#include <gtest/gtest.h>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "nn/net.h"
#include "tests/support/gradcheck.h"

namespace ganymede::nn {
namespace {

constexpr NormKind kKinds[] = {NormKind::none, NormKind::batch, NormKind::instance, NormKind::layer, NormKind::group, NormKind::pixel};

class Conditional : public testing::Test {
 protected:
  void SetUp() override {
    context().dtype = DType::f64;
    seed_parameters(1);
  }
  static Tensor labels(const std::vector<int64_t>& v) { return tensor(v, {int64_t(v.size())}, Device{}); }
  static void set(const Net& net, const std::string& name, const Tensor& value) {
    for (const NamedTensor& p : net.parameters())
      if (p.name == name) return assign(p.value, value);
    FAIL() << "no parameter " << name;
  }
  static Layer plain(NormKind kind, int channels) {
    return kind == NormKind::batch ? batch_norm(channels, 1e-3, init::one(), 0.1, Affine::none) : norm(kind, channels, Affine::none, 1e-3, 2);
  }
 private:
  ContextScope scope_;
};

TEST_F(Conditional, StartsAsThePlainNorm) {
  const Tensor x = test::random_tensor({3, 2, 3, 4}, 2);
  for (const NormKind kind : kKinds) {
    const auto want = plain(kind, 4)->forward(x).to_doubles();
    const Net by_class("a", sequential({conditional_norm(kind, 4, 5, 1e-3, 0.1, 2)}));
    EXPECT_LE(test::relative_error(by_class(x, labels({4, 0, 4})).to_doubles(), want), 1e-12) << int(kind);
    const Net by_style("b", sequential({adaptive_norm(kind, 4, 3, 1e-3, init::zero(), 0.1, 2)}));
    EXPECT_LE(test::relative_error(by_style(x, test::random_tensor({3, 3}, 3)).to_doubles(), want), 1e-12) << int(kind);
  }
}

TEST_F(Conditional, EverySampleGetsTheGainAndBiasOfItsClass) {
  const Tensor x = test::random_tensor({3, 2, 3, 4}, 2), gains = test::random_tensor({2, 4}, 5), biases = test::random_tensor({2, 4}, 6);
  const auto g = gains.to_doubles(), b = biases.to_doubles();
  for (const NormKind kind : kKinds) {
    const Net net("G", sequential({conditional_norm(kind, 4, 2, 1e-3, 0.1, 2), relu()}));
    set(net, "norm1.weight", gains), set(net, "norm1.bias", biases);
    const std::vector<int64_t> y{1, 0, 1};
    const auto hat = plain(kind, 4)->forward(x).to_doubles(), got = net(x, labels(y)).to_doubles();
    for (size_t i = 0; i < got.size(); ++i) {
      const size_t at = size_t(y[i / 24]) * 4 + i % 4;
      EXPECT_NEAR(got[i], std::max(0.0, hat[i] * g[at] + b[at]), 1e-12) << int(kind) << " element " << i;
    }
  }
}

TEST_F(Conditional, StyleGivesGainOnePlusAndBias) {
  const Tensor x = test::random_tensor({2, 2, 2, 2}, 2), s = test::random_tensor({2, 3}, 3);
  const Net net("G", sequential({adaptive_norm(NormKind::instance, 2, 3, 1e-3, init::normal(0, 1))}));
  const auto w = net.parameters()[0].value.to_doubles(), style = s.to_doubles(), hat = plain(NormKind::instance, 2)->forward(x).to_doubles(), got = net(x, s).to_doubles();
  const auto row = [&](size_t n, size_t r) { return w[r * 3] * style[n * 3] + w[r * 3 + 1] * style[n * 3 + 1] + w[r * 3 + 2] * style[n * 3 + 2]; };
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], hat[i] * (1 + row(i / 8, i % 2)) + row(i / 8, 2 + i % 2), 1e-12);
}

// SPADE's point: on a map of one meaning an instance norm says nothing of which one; its gain and bias say it again.
TEST_F(Conditional, MapGivesGainOnePlusAndBiasOfAPlace) {
  const Tensor x = test::random_tensor({2, 4, 4, 2}, 2), map = test::random_tensor({2, 2, 2, 3}, 3);
  for (const NormKind kind : kKinds) {
    const Net net("G", sequential({spatial_norm(kind, 2, 3, 5, [](int, int) { return init::normal(0, 1); }, 1e-3, 0.1, 2), relu()}));
    const auto conv_of = [&](const std::string& name, const Tensor& in) {
      Tensor w;
      for (const NamedTensor& p : net.parameters())
        if (p.name == "norm1." + name + ".weight") w = p.value;
      return conv2d(in, w, {}, {.padding = {1, 1}});
    };
    const Tensor m = relu(conv_of("shared", upsample_nearest(map, 2)));   // biases are 0
    const Tensor want = relu(plain(kind, 2)->forward(x) * (conv_of("gain", m) + 1.0) + conv_of("bias", m));
    EXPECT_LE(test::relative_error(net(x, map).to_doubles(), want.to_doubles()), 1e-12) << int(kind);
    EXPECT_EQ(net(x, upsample_nearest(map, 2)).to_doubles(), net(x, map).to_doubles());
  }
  const Net net("G", sequential({spatial_norm(NormKind::instance, 2, 3, 5, [](int, int) { return init::normal(0, 1); })}));
  const auto of_one = [&](int64_t meaning) { return reshape(one_hot(tensor(std::vector<int64_t>(16, meaning), {16}, Device{}), 3), Shape{1, 4, 4, 3}); };
  const Tensor flat = ones({1, 4, 4, 2});
  EXPECT_GT(max(abs(net(flat, of_one(0)) - net(flat, of_one(1)))).item(), 0.1);
}

TEST_F(Conditional, PassesGradCheckInEveryInputAndParameter) {
  const Tensor x = test::random_tensor({2, 2, 2, 4}, 11), s = test::random_tensor({2, 3}, 12);
  for (const NormKind kind : kKinds)
    for (const bool by_style : {false, true}) {
      const Layer layer = by_style ? adaptive_norm(kind, 4, 3, 1e-2, init::normal(0, 0.5), 0.1, 2) : conditional_norm(kind, 4, 3, 1e-2, 0.1, 2);
      // Parameters become inputs: visiting hands out the layer's own tensors.
      std::vector<Tensor*> own;
      Visit v;
      v.parameter = [&](const std::string&, Tensor& t) { own.push_back(&t); };
      layer->visit(v);
      Tensors in{x};
      for (size_t i = 0; i < own.size(); ++i) in.push_back(test::random_tensor(own[i]->shape(), 20 + i, 0.5, 1.5));
      if (by_style) in.push_back(s);
      const auto f = [&](const Tensors& t) {
        for (size_t i = 0; i < own.size(); ++i) *own[i] = t[1 + i];
        return Tensors{layer->forward_given(t[0], by_style ? t.back() : labels({2, 0}), {Unary::tanh})};
      };
      EXPECT_EQ(test::gradcheck(f, in), "") << int(kind) << by_style;
      EXPECT_EQ(test::gradgradcheck(f, in), "") << int(kind) << by_style;
    }
}

// A generator as a recipe writes it: blocks within blocks, layers that want the labels beside layers that do not.
TEST_F(Conditional, ContainersHandTheConditionOn) {
  const auto block = [] {
    return residual(sequential({conditional_norm(NormKind::batch, 4, 3), relu(), conv(4, 4, {.padding = 1, .weight = init::normal(0, 0.3)})}),
                    sequential({conv(4, 4, {.kernel = 1, .weight = init::normal(0, 0.3)})}));
  };
  const Net net("G", sequential({linear(5, 16, true, init::normal(0, 1)), reshape_to({2, 2, 4}), block(), relu(), sequential({block(), tanh()})}));
  EXPECT_TRUE(net.module().conditional());
  const Tensor z = test::random_tensor({2, 5}, 3);
  const auto same = net(z, labels({0, 0})).to_doubles();
  EXPECT_EQ(net(z, labels({1, 1})).to_doubles(), same);   // all classes start alike
  set(net, "block1.main.norm1.bias", test::random_tensor({3, 4}, 9));
  EXPECT_NE(net(z, labels({1, 1})).to_doubles(), net(z, labels({0, 0})).to_doubles());
  // The gradient reaches the rows of the classes that occurred, and no others.
  const Moving moving({net});
  const Tensor y = sum(square(net(z, labels({2, 2}))));
  for (const NamedTensor& p : net.parameters()) {
    if (p.name != "block1.main.norm1.weight") continue;
    const auto g = grad(y, p.value, Record::off).to_doubles();
    for (int i = 0; i < 8; ++i) EXPECT_EQ(g[size_t(i)], 0);
    EXPECT_NE(g[8], 0);
  }
}

TEST_F(Conditional, RunningStatisticsServeSampling) {
  const Net net("G", sequential({conditional_norm(NormKind::batch, 3, 2)}));
  const Tensor x = test::random_tensor({8, 3}, 3) + 5.0, y = labels({0, 1, 0, 1, 0, 1, 0, 1});
  {
    const Moving moving({net});
    net(x, y);
  }
  EXPECT_NEAR(net.buffers()[0].value.to_doubles()[0], 0.1 * mean(slice(x, 1, 0, 1)).item(), 1e-9);
  const auto batch = net(x, y).to_doubles();
  context().training = false;
  EXPECT_NE(net(x, y).to_doubles(), batch);
}

TEST_F(Conditional, SaysWhatItNeeds) {
  const auto error_of = [](const std::function<void()>& f) -> std::string {
    try {
      f();
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  };
  const Tensor x = test::random_tensor({2, 2, 2, 4}, 3);
  const Net by_class("G", sequential({conditional_norm(NormKind::batch, 4, 3)})), by_style("H", sequential({adaptive_norm(NormKind::instance, 4, 3)}));
  EXPECT_NE(error_of([&] { by_class(x); }).find("takes a condition"), std::string::npos);
  EXPECT_NE(error_of([&] { by_class(x, labels({1, 2, 0})); }).find("must be labels i64 [2]"), std::string::npos);
  EXPECT_NE(error_of([&] { by_class(x, x); }).find("must be labels i64 [2]"), std::string::npos);
  EXPECT_NE(error_of([&] { by_style(x, test::random_tensor({2, 4}, 1)); }).find("must be a vector a sample [2, 3]"), std::string::npos);
  const Net by_map("M", sequential({spatial_norm(NormKind::instance, 4, 3)}));
  EXPECT_NE(error_of([&] { by_map(x, test::random_tensor({2, 3}, 1)); }).find("must be a map a sample [2, h, w, 3]"), std::string::npos);
  EXPECT_NE(error_of([&] { by_map(x, test::random_tensor({2, 2, 2, 4}, 1)); }).find("must be a map a sample [2, h, w, 3]"), std::string::npos);
  const Net plain("D", sequential({conv(4, 4, {})}));
  EXPECT_NE(error_of([&] { plain(x, labels({0, 1})); }).find("no layer wants a condition"), std::string::npos);
}

TEST_F(Conditional, DevicesAgree) {
  const auto run = [](const Device& device, Precision precision) {
    ContextScope scope;
    context().device = device, context().dtype = DType::f32, context().precision = precision;
    seed_parameters(4);
    const Net net("G", sequential({conv(3, 4, {.padding = 1, .weight = init::normal(0, 0.5)}), conditional_norm(NormKind::batch, 4, 3), relu(),
                                   conv(4, 4, {.padding = 1, .weight = init::normal(0, 0.5)}), conditional_norm(NormKind::instance, 4, 3), tanh()}));
    const Tensor x = to_device(cast(test::random_tensor({2, 4, 4, 3}, 3), DType::f32).constant(), device);
    const Moving moving({net});
    const Tensor y = net(x, tensor(std::vector<int64_t>{2, 1}, {2}, device));
    std::vector<double> all = y.to_doubles();
    for (const Tensor& g : grad(Tensors{sum(square(y))}, net.leaves(), {}, Record::off)) {
      const auto v = g.to_doubles();
      all.insert(all.end(), v.begin(), v.end());
    }
    return all;
  };
  const auto want = run(Device{}, Precision::f32);
  EXPECT_LE(test::relative_error(run({DeviceType::sim, 0}, Precision::f32), want), 1e-5);
  EXPECT_LE(test::relative_error(run(Device{}, Precision::bf16), want), 3e-2);
  EXPECT_LE(test::relative_error(run({DeviceType::sim, 0}, Precision::bf16), want), 3e-2);
}

}  // namespace
}  // namespace ganymede::nn
