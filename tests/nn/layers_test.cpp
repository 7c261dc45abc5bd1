// Layers as modules: names, shapes, modes, one flat buffer.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "nn/blocks.h"
#include "nn/modulated.h"
#include "nn/net.h"
#include "tests/support/gradcheck.h"

namespace ganymede::nn {
namespace {

class Layers : public testing::Test {
 protected:
  void SetUp() override {
    context().dtype = DType::f64;
    seed_parameters(1);
    seed(1);
  }
 private:
  ContextScope scope_;
};

TEST_F(Layers, AreNamedByTypeAndNumber) {
  const Net net("G", sequential({conv(3, 4, {}), batch_norm(4), relu(), conv(4, 5, {.bias = false})}));
  std::vector<std::string> names;
  for (const auto& p : net.parameters()) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"conv1.weight", "conv1.bias", "norm1.weight", "norm1.bias", "conv2.weight"}));
  EXPECT_EQ(net.parameter_count(), 3 * 9 * 4 + 4 + 8 + 4 * 9 * 5);
}

TEST_F(Layers, ShareOneBufferThatStepsMove) {
  const Net net("G", sequential({linear(3, 4), linear(4, 2)}));
  for (const auto& p : net.parameters()) {
    EXPECT_EQ(p.value.storage(), net.flat().storage());
    EXPECT_EQ(p.value.offset() % 64, 0);
  }
  const Tensor x = ones({2, 3});
  const auto before = net(x).to_doubles();
  assign(net.flat(), net.flat() * 2.0);
  EXPECT_NE(net(x).to_doubles(), before);
}

TEST_F(Layers, FuseAnActivationWithoutChangingTheValue) {
  seed_parameters(7);
  const Layer fused = sequential({conv(3, 4, {.bias_init = init::normal(0, 1)}), leaky_relu(0.2), batch_norm(4), tanh()});
  seed_parameters(7);
  const Layer c = conv(3, 4, {.bias_init = init::normal(0, 1)}), n = batch_norm(4);
  const Tensor x = test::random_tensor({2, 6, 6, 3}, 3);
  const Tensor apart = ganymede::tanh(n->forward(ganymede::leaky_relu(c->forward(x), 0.2)));
  EXPECT_LE(test::relative_error(fused->forward(x).to_doubles(), apart.to_doubles()), 1e-14);
}

// Batches in one pass are as batches in passes of their own: values, gradients and running statistics.
TEST_F(Layers, BatchesPassTogetherAsIfEachWereAlone) {
  const auto made = [] {
    seed_parameters(3);
    return Net("D", sequential({conv(3, 4, {.stride = 2, .bias = false}), batch_norm(4, 1e-5, init::normal(1, 0.2)), leaky_relu(0.2), conv(4, 5, {.bias_init = init::normal(0, 1)}),
                                norm(NormKind::instance, 5), relu(), reshape_to({5}), linear(5, 2)}));
  };
  const Net together = made(), apart = made();
  const Tensors xs{test::random_tensor({4, 7, 7, 3}, 1), test::random_tensor({4, 7, 7, 3}, 2) + 1.0, test::random_tensor({4, 7, 7, 3}, 4)};
  const auto run = [&](const Net& net, bool each) {
    const Moving moving({net});
    const Watch watching({});
    Tensors inputs, ys;
    for (const Tensor& x : xs) inputs.push_back(watch(x));
    if (each) ys = net.each(inputs);
    else for (const Tensor& x : inputs) ys.push_back(net(x));
    Tensors targets = net.leaves();
    targets.insert(targets.end(), inputs.begin(), inputs.end());
    // The second value counts nothing, the third differently from the first.
    Tensors all = grad({sum(square(ys[0])), sum(exp(ys[2]))}, targets, {}, Record::off);
    all.insert(all.end(), ys.begin(), ys.end());
    for (const NamedTensor& b : net.buffers()) all.push_back(b.value);
    return all;
  };
  const Tensors a = run(together, true), b = run(apart, false);
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    const auto wanted = b[i] ? b[i].to_doubles() : std::vector<double>(a[i].count(), 0.0);
    const auto found = a[i].to_doubles();
    for (size_t k = 0; k < wanted.size(); ++k) EXPECT_NEAR(found[k], wanted[k], 1e-9) << i;
  }
}

TEST_F(Layers, BatchesThatMeetDoNotPassTogether) {
  const Net noisy("D", sequential({linear(3, 4), dropout(0.5)})), plain("D", sequential({linear(3, 4), relu()}));
  const auto launches_of = [](const Net& net, const Tensors& xs) {
    const int64_t before = context().launches;
    net.each(xs);
    return context().launches - before;
  };
  const Tensor x = ones({2, 3}), longer = ones({4, 3});
  EXPECT_EQ(launches_of(plain, {x, x}), 2);        // the copies, the product
  EXPECT_EQ(launches_of(plain, {x, longer}), 2);   // of two shapes: one by one
  EXPECT_EQ(noisy.each({x, x}).size(), 2u);
  EXPECT_FALSE(noisy.module().batches_pass_together());
}

// Convolutions read two images where they lie; whatever else comes first is given them joined.
TEST_F(Layers, TwoImagesSideBySideEqualTheirJoin) {
  const Tensor a = test::random_tensor({2, 6, 5, 3}, 1), b = test::random_tensor({2, 6, 5, 4}, 2);
  const std::vector<Layer> firsts{conv(7, 5, {.padding = 1}), deconv(7, 5, {.kernel = 4, .stride = 2, .padding = 1}), upsample_conv(7, 5, {.padding = 1}), batch_norm(7), sequential({}),
                                  sequential({conv(7, 5, {.padding = 1}), relu(), conv(5, 4, {})})};
  for (const Layer& first : firsts) {
    const Net net("D", sequential({first, leaky_relu()}));
    const Tensor joined = concat({a, b}, 3);
    const auto want = net(joined).to_doubles();
    EXPECT_EQ(net(Tensors{a, b})[0].to_doubles(), want) << first->describe();
    EXPECT_EQ(net.each(std::vector<Tensors>{{a, b}, {a * 2.0, b}})[0][0].to_doubles(), net.each({joined, concat({a * 2.0, b}, 3)})[0].to_doubles()) << first->describe();
    EXPECT_EQ(net.each(std::vector<Tensors>{{a, b}, {b, a}}).size(), 2u);   // not alike: one by one
  }
}

TEST_F(Layers, BatchNormFollowsOnlyMovingNetworks) {
  const Net net("D", sequential({batch_norm(3)}));
  const Tensor x = test::random_tensor({8, 3}, 3) + 5.0;
  net(x);
  EXPECT_EQ(net.buffers()[0].value.to_doubles(), std::vector<double>(3, 0.0));
  {
    const Moving moving({net});
    net(x);
  }
  const auto mean = net.buffers()[0].value.to_doubles();
  EXPECT_NEAR(mean[0], 0.1 * ganymede::mean(slice(x, 1, 0, 1)).item(), 1e-9);
  context().training = false;
  const double before = net(x).to_doubles()[0];
  EXPECT_NE(before, 0);
}

TEST_F(Layers, DropoutKeepsTheMean) {
  const Layer d = dropout(0.8);
  const Tensor x = ones({100, 100});
  const auto v = d->forward(x).to_doubles();
  double sum = 0;
  for (double e : v) {
    EXPECT_TRUE(e == 0 || std::abs(e - 1.25) < 1e-12);
    sum += e;
  }
  EXPECT_NEAR(sum / 1e4, 1, 0.02);
  context().training = false;
  EXPECT_EQ(d->forward(x).to_doubles(), x.to_doubles());
}

TEST_F(Layers, MapDropoutDropsWholeMaps) {
  const Layer d = map_dropout(0.8);
  const Tensor y = d->forward(ones({50, 3, 2, 40}));
  EXPECT_EQ(max(y, {1, 2}).to_doubles(), min(y, {1, 2}).to_doubles());
  EXPECT_NEAR(mean(y).item(), 1, 0.05);
  EXPECT_EQ(max(y).item(), 1.25);
  EXPECT_EQ(min(y).item(), 0);
  context().training = false;
  EXPECT_EQ(d->forward(y).to_doubles(), y.to_doubles());
}

TEST_F(Layers, PassGradCheckAsAWhole) {
  const std::vector<std::pair<const char*, Layer>> layers{
      {"residual", residual(sequential({conv(4, 4, {.padding = 1, .weight = init::normal(0, 0.3)}), tanh()}))},
      {"instance norm", norm(NormKind::instance, 4)}, {"layer norm", norm(NormKind::layer, 4)}, {"group norm", norm(NormKind::group, 4, Affine::both, 1e-3, 2)},
      {"pixel norm", norm(NormKind::pixel, 4, Affine::none, 1e-3)}, {"prelu", prelu(4)}, {"upsample", upsample(2)}, {"mean pool", mean_pool()},
      {"reflect pad", reflect_pad(1)}, {"pixel shuffle", pixel_shuffle(2)}, {"minibatch deviation", minibatch_stddev(2)}};
  for (const auto& [name, layer] : layers) {
    const auto f = [&](const Tensors& in) { return Tensors{layer->forward(in[0])}; };
    const Tensors in{test::random_tensor({2, 4, 2, 4}, 11)};
    EXPECT_EQ(test::gradcheck(f, in), "") << name;
    EXPECT_EQ(test::gradgradcheck(f, in, {1e-6, 1e-4, 1}), "") << name;
  }
}

TEST_F(Layers, AddAResidualBeforeTheActivationThatFollows) {
  const Tensor x = test::random_tensor({2, 4, 2, 4}, 11), added = test::random_tensor({2, 4, 2, 4}, 12), larger = test::random_tensor({2, 8, 4, 4}, 13),
               smaller = test::random_tensor({2, 2, 1, 4}, 14);
  const ConvSpec same{.padding = 1};
  struct Case { const char* name; Layer layer; Tensor residual; };
  const std::vector<Case> cases{
      {"convolution", conv(4, 4, same), added}, {"transposed convolution", deconv(4, 4, {.kernel = 4, .stride = 2, .padding = 1}), larger},
      {"enlarging convolution", upsample_conv(4, 4, same), larger}, {"enlarging convolution of pixels", upsample_conv(4, 4, {.kernel = 1}), larger},
      {"halving convolution", conv_mean_pool(4, 4, same), smaller}, {"halving convolution of pixels", conv_mean_pool(4, 4, {.kernel = 1}), smaller},
      {"shuffling convolution", conv(4, 16, {.padding = 1, .shuffle = 2}), larger},
      {"batch norm", batch_norm(4), added}, {"instance norm", norm(NormKind::instance, 4), added}, {"prelu", prelu(4), added},
      {"layers", sequential({conv(4, 4, same), relu(), conv(4, 4, same)}), added},
      {"layers that end in an activation", sequential({conv(4, 4, same), tanh()}), added},
      {"layers of layers", sequential({sequential({conv(4, 4, same)})}), added},
      {"residual block", residual(sequential({conv(4, 4, same), relu()}), conv(4, 4, same)), added}};
  for (const bool training : {true, false}) {
    context().training = training;
    for (const auto& [name, layer, r] : cases)
      for (const Activation& f : {Activation{}, Activation{Unary::leaky_relu, 0.2}, Activation{Unary::silu}}) {
        const Tensor expected = activate(layer->forward(x) + r, f);
        EXPECT_LE(test::relative_error(layer->forward_then(x, f, r).to_doubles(), expected.to_doubles()), 1e-12) << name << ", training " << training;
      }
  }
}

TEST_F(Layers, ShuffleAsALayerBehindThemWould) {
  const Tensor x = test::random_tensor({2, 4, 3, 5}, 15);
  seed_parameters(3);
  const Layer one = sequential({conv(5, 27, {.padding = 1, .bias_init = init::normal(0, 1), .shuffle = 3}), leaky_relu()});
  seed_parameters(3);
  const Layer two = sequential({conv(5, 27, {.padding = 1, .bias_init = init::normal(0, 1)}), pixel_shuffle(3), leaky_relu()});
  EXPECT_EQ(one->forward(x).shape(), Shape({2, 12, 9, 3}));
  EXPECT_LE(test::relative_error(one->forward(x).to_doubles(), two->forward(x).to_doubles()), 1e-12);
  EXPECT_THROW(conv(5, 26, {.shuffle = 3}), std::exception);
  EXPECT_THROW(deconv(5, 27, {.shuffle = 3}), std::exception);
}

TEST_F(Layers, SelfAttentionStartsAsTheIdentity) {
  const Layer a = self_attention(8);
  const Tensor x = test::random_tensor({2, 3, 3, 8}, 4);
  EXPECT_LE(test::relative_error(a->forward(x).to_doubles(), x.to_doubles()), 1e-12);
}

TEST_F(Layers, MinibatchDiscriminationSeesEqualSamples) {
  const Layer m = minibatch_discrimination(3, 2, 4);
  const Tensor same = m->forward(ones({3, 3}));
  EXPECT_EQ(same.shape(), (Shape{3, 5}));
  EXPECT_NEAR(same.to_doubles()[3], 2, 1e-9);  // two other samples at distance 0
}

TEST_F(Layers, EmbeddingPicksRows) {
  const Layer e = embedding(4, 3);
  const Tensor y = e->forward(tensor(std::vector<int64_t>{2, 0, 2}, {3}, Device{}));
  EXPECT_EQ(y.shape(), (Shape{3, 3}));
  const auto v = y.to_doubles();
  EXPECT_EQ(v[0], v[6]);
}

// Fresh styles are 1 for w = 0: a convolution is then one of its weight, each filter of length 1.
TEST_F(Layers, AModulatedConvolutionBeginsUnmodulated) {
  const Layer layer = modulated_conv(3, 2, 4);
  Tensor weight;
  Visit v;
  v.parameter = [&](const std::string& name, Tensor& t) { if (name == "weight") weight = t; };
  layer->visit(v);
  const Tensor x = test::random_tensor({2, 4, 5, 3}, 1), y = layer->forward_given(x, zeros({2, 4}));
  const Tensor unit = weight / norm(weight, {1, 2, 3}, true);
  EXPECT_LT(test::relative_error(y.to_doubles(), conv2d(x, unit, {}, {.padding = {1, 1}}).to_doubles()), 1e-6);
}

}  // namespace
}  // namespace ganymede::nn
