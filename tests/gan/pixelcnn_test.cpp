// What PixelCNN++ promises beyond the tests that every model passes.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops.h"
#include "gan/facts.h"
#include "gan/losses/logistic_mixture.h"
#include "gan/nets/pixelcnn.h"
#include "gan/uses/likelihood_measures.h"
#include "nn/init.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/difference.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {

using nets::PixelCnn;
using nets::PixelCnnSize;


// A network all of whose parameters are off their first values, in f64.
nn::Net disturbed(const std::shared_ptr<PixelCnn>& module) {
  const nn::Net net("pixels", module);
  uint64_t seed = 5;
  for (const nn::NamedTensor& p : net.parameters()) assign(p.value, p.value + random_tensor(p.value.shape(), seed++) * 0.3);
  return net;
}

class InDoubles : public testing::Test {
 protected:
  InDoubles() {
    context().dtype = DType::f64;
    nn::seed_parameters(1);
  }
  ContextScope scope_;
};
using PixelCnnInDoubles = InDoubles;
using LogisticMixtureInDoubles = InDoubles;

// |d output at (i, j) / d x at each pixel|, the largest over channels: [8 * 8].
std::vector<double> reach(const nn::Net& net, int64_t i, int64_t j) {
  const Tensor x = watch(random_tensor({1, 8, 8, 2}, 3));
  const Tensor y = slice(slice(net(Tensors{x})[0], 1, i, i + 1), 2, j, j + 1);
  return max(abs(grad(sum(y * random_tensor(y.shape(), 4)), x)), {0, 3}).to_doubles();
}

TEST_F(PixelCnnInDoubles, APixelDependsOnAllBeforeItAndOnNoOthers) {
  for (const int halvings : {0, 1, 2})
    for (const bool shortcuts : {true, false}) {
      const nn::Net net = disturbed(std::make_shared<PixelCnn>(PixelCnnSize{.channels = 2, .outputs = 4, .width = 3, .blocks = 2, .halvings = halvings, .dropout = 0, .shortcuts = shortcuts}));
      for (const auto& [i, j] : {std::pair{0, 0}, {0, 5}, {1, 0}, {3, 2}, {4, 4}, {6, 7}, {7, 1}}) {
        const auto of = reach(net, i, j);
        for (int64_t k = 0; k < 64; ++k) {
          if (k >= 8 * i + j) EXPECT_EQ(of[size_t(k)], 0) << "pixel " << i << ", " << j << " sees " << k / 8 << ", " << k % 8 << "; halvings " << halvings;
          // With shortcuts what is near is seen at full resolution.
          const bool near = k / 8 == i ? k % 8 == j - 1 : k / 8 == i - 1 && std::abs(k % 8 - j) <= 2;
          if (near && k < 8 * i + j && shortcuts) EXPECT_GT(of[size_t(k)], 0) << "pixel " << i << ", " << j << " does not see " << k / 8 << ", " << k % 8 << "; halvings " << halvings;
        }
        if (i > 1 && shortcuts) EXPECT_GT(of[size_t(8 * (i - 1) + 7)], 0) << "the right end of the row above " << i << ", " << j;
      }
    }
}

TEST_F(PixelCnnInDoubles, WithoutItsStreamAboveItHasABlindSpot) {
  const PixelCnnSize s{.channels = 2, .outputs = 4, .width = 3, .blocks = 2, .halvings = 0, .dropout = 0, .above = false};
  EXPECT_EQ(reach(disturbed(std::make_shared<PixelCnn>(s)), 5, 2)[8 * 4 + 6], 0);
}

TEST_F(PixelCnnInDoubles, RowsBelowNeedNotBeThere) {
  const nn::Net net = disturbed(std::make_shared<PixelCnn>(PixelCnnSize{.channels = 2, .outputs = 4, .width = 3, .blocks = 1, .halvings = 2, .dropout = 0}));
  const Tensor x = random_tensor({2, 8, 8, 2}, 3);
  EXPECT_LT(largest(net(Tensors{slice(x, 1, 0, 4)})[0] - slice(net(Tensors{x})[0], 1, 0, 4)), 1e-12);
}

// The first block of the stream of what lies above, computed by hand from the parameters.
TEST_F(PixelCnnInDoubles, BeginsWithDeviationsFoundFromABatch) {
  const auto module = std::make_shared<PixelCnn>(PixelCnnSize{.channels = 1, .outputs = 5, .width = 4, .blocks = 1, .halvings = 1, .dropout = 0});
  const nn::Net net("pixels", module);
  const Tensor x = random_tensor({6, 8, 8, 1}, 3) * 3.0 + 0.7;
  module->initialise(x);
  const auto value = [&](const std::string& name) {
    for (const nn::NamedTensor& p : net.parameters())
      if (p.name == name) return p.value;
    fail("no parameter ", name);
  };
  const auto conv = [&](const std::string& name, const Tensor& in) {
    const Tensor v = value(name + ".v"), g = reshape(value(name + ".g"), Shape{v.dim(0), 1, 1, 1});
    return conv2d(pad_zero(in, {0, 1, 1, 0}, {0, 0, 1, 0}), g * v / sqrt(sum(square(v), {1, 2, 3}, true)), value(name + ".bias"), {});
  };
  const auto celu = [](const Tensor& t) { return concat({elu(t), elu(-t)}, 3); };
  const auto expect_moments = [](const Tensor& y, double deviation) {
    for (int64_t k = 0; k < y.dim(3); ++k) {
      const Tensor of = slice(y, 3, k, k + 1);
      EXPECT_NEAR(mean(of).item(), 0, 1e-9);
      EXPECT_NEAR(std::sqrt(mean(square(of)).item()), deviation, 1e-6);
    }
  };
  const Tensor u = conv("first.u", concat({x, ones({6, 8, 8, 1})}, 3));
  expect_moments(u, 1);
  const Tensor below = pad_zero(slice(u, 1, 0, 7), {0, 1, 0, 0}, {0, 0, 0, 0});
  const Tensor inner = conv("down1.u1.conv1", celu(below));
  expect_moments(inner, 1);
  expect_moments(conv("down1.u1.conv2", celu(inner)), 0.1);
  expect_moments(net(Tensors{x})[0], 1);
}

// Every picture of the levels of some channels, [levels^channels, channels].
Tensor all_pixels(const LogisticMixture& m) {
  std::vector<double> values;
  int64_t n = 1;
  for (int c = 0; c < m.channels; ++c) n *= m.levels;
  for (int64_t i = 0; i < n; ++i)
    for (int64_t c = 0, rest = i; c < m.channels; ++c, rest /= m.levels) values.push_back(2 * double(rest % m.levels) / double(m.levels - 1) - 1);
  return tensor(values, {n, m.channels}, DType::f64, Device{});
}

Tensor probabilities(const LogisticMixture& m, const Tensor& numbers) {
  const Tensor x = all_pixels(m);
  return exp(m.log_probability(broadcast_to(numbers, {x.dim(0), m.parameters()}), x));
}

TEST_F(LogisticMixtureInDoubles, SumsToOne) {
  for (const LogisticMixture& m : {LogisticMixture{1, 4, 256}, LogisticMixture{1, 1, 2}, LogisticMixture{2, 3, 256}, LogisticMixture{3, 3, 16}, LogisticMixture{3, 2, 2}})
    for (const double spread : {0.3, 1.0, 3.0, 8.0})   // of all numbers: means far outside, and scales below the least
      for (const uint64_t seed : {1, 2, 3}) EXPECT_NEAR(sum(probabilities(m, random_tensor({1, m.parameters()}, seed) * spread)).item(), 1, 1e-5) << m.channels << " channels, " << m.levels << " levels, spread " << spread;
}

TEST_F(LogisticMixtureInDoubles, HasItsGradients) {
  const LogisticMixture m{2, 3, 256};
  const Tensor x = tensor(std::vector<double>{-1, 1, 0.2, -0.6, 1, -1}, {3, 2}, DType::f64, Device{});
  EXPECT_EQ(gradcheck([&](const Tensors& in) { return Tensors{m.log_probability(in[0], x)}; }, {random_tensor({3, m.parameters()}, 2)}), "");
}

// A later channel's mean moves with the earlier ones by tanh of its coefficient.
TEST_F(LogisticMixtureInDoubles, LaterChannelsFollowEarlierOnes) {
  const LogisticMixture m{3, 1, 256};
  //                             logit  means           scales       k01   k02   k12
  const std::vector<double> numbers{0,  0.1, 0.2, -0.1, -6, -6, -6, 0.8, -0.5, 0.3};
  const Tensor x = m.draw(tensor(numbers, {1, 10}, DType::f64, Device{}), full({1, m.draws()}, 0.5));
  const auto v = x.to_doubles();
  EXPECT_NEAR(v[0], 0.1, 1 / 255.0);
  EXPECT_NEAR(v[1], 0.2 + std::tanh(0.8) * v[0], 1 / 255.0);
  EXPECT_NEAR(v[2], -0.1 + std::tanh(-0.5) * v[0] + std::tanh(0.3) * v[1], 1 / 255.0);
}

TEST_F(LogisticMixtureInDoubles, DrawsAsOftenAsItSays) {
  seed(3);
  const LogisticMixture m{2, 3, 4};
  const int64_t n = 40000;
  const Tensor numbers = random_tensor({1, m.parameters()}, 5) * 0.7;
  const auto expected = probabilities(m, numbers).to_doubles(), drawn = m.draw(broadcast_to(numbers, {n, m.parameters()}), uniform({n, m.draws()})).to_doubles();
  std::vector<double> found(16);
  for (int64_t i = 0; i < n; ++i) {
    const auto level = [&](int64_t c) { return (drawn[size_t(2 * i + c)] + 1) * 1.5; };
    EXPECT_NEAR(level(0), std::round(level(0)), 1e-9);
    found[size_t(std::lround(level(0)) + 4 * std::lround(level(1)))] += 1.0 / double(n);
  }
  for (size_t k = 0; k < 16; ++k) EXPECT_NEAR(found[k], expected[k], 4 * std::sqrt(expected[k] / double(n)) + 1e-4) << k;
}

// Pictures in black and white of a chain through the pixels, row after row: each differs from the one before it with probability 1/8.
class Chain : public data::Dataset {
 public:
  Chain() { fields_ = {{"image", {8, 8, 1}}}; }
  int64_t size() const override { return 100000; }
  std::string describe() const override { return "a Markov chain"; }
  void read(int64_t index, data::Random&, data::HostBatch& out, int64_t row) const override {
    data::Random random(uint64_t(index) + 77);
    bool white = random.uniform() < 0.5;
    for (float& x : out.real(0, row)) {
      x = white ? 1.0f : -1.0f;
      white ^= random.uniform() < 0.125;
    }
  }
  static double entropy() { return (1 + 63 * (-0.125 * std::log2(0.125) - 0.875 * std::log2(0.875))) / 64; }   // bits a value
};

TEST(PixelCnn, LearnsAChainToItsEntropyAndDrawsIt) {
  ContextScope scope;
  const Chain chain;
  nn::seed_parameters(1);
  Config config(facts_of_data(chain), {{"bits", "1"}, {"width", "6"}, {"blocks", "1"}, {"halvings", "1"}, {"mixtures", "2"}, {"rate", "0.01"}, {"average", "0.95"}});
  Recipe recipe = find_model("pixelcnn").recipe(config);
  data::Loader loader(chain, 32, 1, 0);
  Trainer trainer(std::move(recipe), {.batch = 32, .seed = 1}, chain.fields(), &loader);
  for (int i = 0; i < 500; ++i) trainer.step();
  const auto measured = [&](const std::string& name, const Batch& batch) {
    const Evaluation all{batch.size, [&](const std::function<void(const Batch&)>& f) { f(batch); }};
    double value = NAN;
    for (const Measure& m : trainer.recipe().measures)
      if (m.name == name) trainer.sampling(1, [&] { value = m.value(all); });
    return value;
  };
  std::vector<int64_t> unseen(500);
  for (size_t i = 0; i < unseen.size(); ++i) unseen[i] = 50000 + int64_t(i);
  EXPECT_NEAR(measured("bits", Trainer::read_batch(chain, unseen)), Chain::entropy(), 0.05 * Chain::entropy());
  EXPECT_NEAR(measured("independent-bits", Trainer::read_batch(chain, unseen)), 1, 0.01);
  // Its samples cost as much, and change colour as often.
  const Tensor samples = trainer.sample(200, 5);
  EXPECT_NEAR(measured("bits", Batch{200, {{"image", samples}}}), Chain::entropy(), 0.07 * Chain::entropy());
  const Tensor line = reshape(samples, Shape{200, 64});
  EXPECT_NEAR(mean(abs(slice(line, 1, 1, 64) - slice(line, 1, 0, 63))).item() / 2, 0.125, 0.02);
}

TEST(PixelCnn, TheClassCounts) {
  Tiny t({"pixelcnn", {{"conditional", "true"}, {"rate", "0.1"}, {"average", "0"}}});
  for (int i = 0; i < 5; ++i) t->step();
  t->sampling(1, [&] {
    const Latent& latent = t->recipe().latent;
    const Tensor y = latent.decode(full({2, latent.length}, 0.4), tensor(std::vector<int64_t>{0, 1}, {2}, Device{}));
    EXPECT_GT(largest(y.rows(0, 1) - y.rows(1, 2)), 1e-3);
  });
}

TEST(LikelihoodMeasures, KnowIndependentValuesAndNeighbours) {
  const auto pictures = [](std::vector<double> values) { return tensor(std::move(values), {4, 2, 2, 1}, DType::f64, Device{}); };
  const Batch batch{4, {{"image", pictures({1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1, -1})}, {"other", pictures({0, 0, 5, 5, 0, 1, 5, 5, 1, 2, 5, 5, 1, 3, 5, 5})}}};
  const Evaluation all{4, [&](const std::function<void(const Batch&)>& f) { f(batch); }};
  EXPECT_NEAR(independent_measure([](const Batch& b) { return b["other"]; }).value(all), (1 + 2) / 4.0, 1e-12);
  const auto off = [&](const Tensor& samples) { return neighbours_measure([](const Batch& b) { return b.image(); }, [=](int64_t) { return samples; }).value(all); };
  EXPECT_NEAR(off(batch.image() * 2.0 + 1.0), 0, 1e-12);
  // The lower rows know nothing of the upper ones, or the right columns of the left ones.
  const Tensor apart = pictures({1, 1, 1, 1, 1, 1, -1, -1, -1, -1, 1, 1, -1, -1, -1, -1});
  EXPECT_NEAR(off(apart), 1, 1e-12);
  EXPECT_NEAR(off(permute(apart, {0, 2, 1, 3})), 1, 1e-12);
}

}  // namespace
}  // namespace ganymede::test
