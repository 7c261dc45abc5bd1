// What the models with encoders promise beyond the tests that every model passes.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/ops.h"
#include "gan/nets/posterior.h"
#include "gan/uses/encoder_measures.h"
#include "nn/init.h"
#include "tests/gan/model_fixture.h"

namespace ganymede::test {
namespace {

using Gradients = std::map<std::string, std::vector<double>>;  // by network
struct Seen {
  Gradients gradients;
  std::map<std::string, bool> moved;
};

// The first iteration of a tiny model in f64.
Seen first_iteration(const std::string& model, std::map<std::string, std::string> settings) {
  TinyModel m{model, std::move(settings)};
  m.dtype = DType::f64, m.capture = false;
  Tiny t(m);
  Seen seen;
  nn::StepTrace trace;
  t->step();
  for (const nn::TracedStep& s : trace.steps) {
    auto& to = seen.gradients[s.net];
    for (const Tensor& g : s.gradients) {
      const auto v = g ? g.to_doubles() : std::vector<double>{0};
      to.insert(to.end(), v.begin(), v.end());
    }
    seen.moved[s.net] = s.before.to_doubles() != s.after.to_doubles();
  }
  return seen;
}

double largest_of(const std::vector<double>& v) {
  double most = 0;
  for (double x : v) most = std::max(most, std::abs(x));
  return most;
}

std::map<std::string, std::string> bare(std::map<std::string, std::string> more = {}) {
  more.insert({{"weight_decay", "0"}, {"gates", "false"}});
  return more;
}

TEST(VaeGan, TheGanNeverTeachesTheEncoder) {
  EXPECT_EQ(largest_of(first_iteration("vae-gan", bare({{"llike", "0"}, {"prior", "0"}})).gradients.at("encoder")), 0);
  EXPECT_GT(largest_of(first_iteration("vae-gan", bare({{"prior", "0"}})).gradients.at("encoder")), 0);
}

TEST(VaeGan, TheDistanceNeverTeachesD) {
  const auto without = first_iteration("vae-gan", bare({{"llike", "0"}, {"gamma", "0"}})), with = first_iteration("vae-gan", bare({{"llike", "3"}, {"gamma", "0.5"}}));
  EXPECT_EQ(without.gradients.at("D"), with.gradients.at("D"));
  EXPECT_GT(largest_of(with.gradients.at("D")), 0);
}

TEST(VaeGan, TheDecodersGradientIsTheWeightedSum) {
  const auto of = [](const char* gamma) { return first_iteration("vae-gan", bare({{"gamma", gamma}})).gradients.at("decoder"); };
  const auto gan = of("0"), distance = of("1"), both = of("0.25");
  EXPECT_GT(largest_of(gan), 0);
  EXPECT_GT(largest_of(distance), 0);
  const double scale = largest_of(both);
  for (size_t i = 0; i < both.size(); ++i) EXPECT_NEAR(both[i], 0.25 * distance[i] + 0.75 * gan[i], 1e-12 * scale) << i;
}

TEST(VaeGan, DAndDecoderWaitForOneAnother) {
  const auto moved = [](const char* equilibrium, const char* margin) { return first_iteration("vae-gan", {{"equilibrium", equilibrium}, {"margin", margin}}).moved; };
  using Moved = std::map<std::string, bool>;
  EXPECT_EQ(moved("50", "1"), (Moved{{"encoder", true}, {"decoder", true}, {"D", false}}));   // D is far too good
  EXPECT_EQ(moved("0", "0.001"), (Moved{{"encoder", true}, {"decoder", false}, {"D", true}}));
  EXPECT_EQ(moved("5", "5"), (Moved{{"encoder", true}, {"decoder", true}, {"D", true}}));
  // Between D's two losses with no margin both would wait, so both move.
  TinyModel m{"vae-gan"};
  m.dtype = DType::f64;
  Tiny t(m);
  t->step();
  const auto losses = t->values();
  const auto value = [&](const char* name) { return std::find_if(losses.begin(), losses.end(), [&](const auto& v) { return v.first == name; })->second; };
  const double middle = (value("VAE/GAN/real_loss") + value("VAE/GAN/fake_loss")) / 2;
  EXPECT_EQ(moved(std::to_string(middle).c_str(), "0"), (Moved{{"encoder", true}, {"decoder", true}, {"D", true}}));
}

TEST(MrGan, WithoutRegularisersIsTheGanBitForBit) {
  Tiny plain({"dcgan", {{"variant", "paper"}}}), regularised({"mrgan", {{"lambda1", "0"}, {"lambda2", "0"}}});
  for (int i = 0; i < 4; ++i) plain->step(), regularised->step();
  const auto a = plain.state(), b = regularised.state();
  int compared = 0;
  for (const auto& [name, v] : a) {
    if (!b.count(name)) continue;
    EXPECT_EQ(v, b.at(name)) << name;
    ++compared;
  }
  EXPECT_EQ(compared, int(a.size()));
}

TEST(MrGan, MovesWhatItsManifoldAndDiffusionStepsName) {
  TinyModel m{"mrgan", {{"variant", "manifold-diffusion"}}};
  m.dtype = DType::f64;
  Tiny whole(m);
  EXPECT_EQ(whole->batches_per_iteration(), 2);  // the diffusion part sees a minibatch of its own
  const std::map<std::string, std::set<std::string>> movers = {{"D1", {"D1"}}, {"manifold", {"G", "E"}}, {"D2", {"D2"}}, {"diffusion", {"G"}}};
  for (size_t u = 0; u < 4; ++u) {
    Tiny t(m);
    const auto before = t.state();
    t->step_only(u);
    const auto now = t.state();
    const Update& update = t->recipe().stages[0].updates[u];
    for (const nn::Net& n : t->recipe().nets) {
      bool moved = false;
      for (const auto& p : n.parameters()) moved |= before.at(n.name() + "." + p.name) != now.at(n.name() + "." + p.name);
      EXPECT_EQ(moved, movers.at(update.name).count(n.name()) == 1) << n.name() << " in " << update.name;
    }
  }
}

TEST(Posterior, ItsDivergenceIsThatOfItsDraws) {
  ContextScope scope;
  context().device = Device{}, context().dtype = DType::f64;
  seed(5);
  set_random_position(0, 0);
  constexpr int64_t kDraws = 1000000;
  const Tensor both = tensor(std::vector<double>{0.7, -1.1, -0.5, 0.4}, Shape{1, 4}, DType::f64, Device{});
  const nets::Posterior q = nets::posterior(broadcast_to(both, Shape{kDraws, 4}));
  const Tensor z = q.draw();
  // log q(z) - log p(z), the constants cancel.
  const Tensor ratio = sum((square(z) - square(z - q.mean) * exp(-q.logvar) - q.logvar) * 0.5, {1});
  EXPECT_NEAR(mean(ratio).item() / q.kl().item(), 1, 0.01);
}

// Data of a linear normal model: the exact posterior is normal, so the bound reaches the exact likelihood.
TEST(Vae, ReachesTheExactLikelihoodOfALinearNormalModel) {
  ContextScope scope;
  context().device = Device{}, context().dtype = DType::f64;
  constexpr int64_t kBatch = 100, kWidth = 10;
  constexpr double kNoise = 0.5;
  DataFacts facts;
  facts.dimensions = kWidth;
  nn::seed_parameters(3);
  Config config(facts, {{"architecture", "linear"}, {"latent", "2"}, {"deviation", "0.5"}, {"rate", "0.005"}});
  Trainer trainer(vae(config), {.batch = kBatch, .seed = 1}, {{"point", {kWidth}}}, nullptr);
  std::mt19937_64 source(9);
  std::normal_distribution<double> normal;
  std::vector<double> w(2 * kWidth);
  for (double& x : w) x = normal(source);
  double bound = 0;
  constexpr int kSteps = 3000, kLast = 500;
  for (int i = 0; i < kSteps; ++i) {
    std::vector<double> points;
    for (int64_t n = 0; n < kBatch; ++n) {
      const double z[2] = {normal(source), normal(source)};
      for (size_t k = 0; k < size_t(kWidth); ++k) points.push_back(z[0] * w[k] + z[1] * w[size_t(kWidth) + k] + kNoise * normal(source));
    }
    assign(trainer.batch()["point"], tensor(points, Shape{kBatch, kWidth}, DType::f64, Device{}));
    trainer.step();
    if (i < kSteps - kLast) continue;
    for (const auto& [name, v] : trainer.values())
      if (name == "VAE/bound") bound += v / kLast;
  }
  // E log N(0, C), C = w^T w + noise^2: its entropy, by the 2 x 2 determinant of 1 + w w^T / noise^2.
  double a = 0, b = 0, c = 0;
  for (int64_t i = 0; i < kWidth; ++i) a += w[size_t(i)] * w[size_t(i)], b += w[size_t(i)] * w[size_t(kWidth + i)], c += w[size_t(kWidth + i)] * w[size_t(kWidth + i)];
  const double n2 = kNoise * kNoise, det = (1 + a / n2) * (1 + c / n2) - b * b / (n2 * n2);
  const double exact = -0.5 * double(kWidth) * (std::log(2 * 3.14159265358979323846 * n2) + 1) - 0.5 * std::log(det);
  EXPECT_NEAR(bound / exact, 1, 0.02) << bound << " of " << exact;
}

// In batches of one the other sample is that of the batch before.
TEST(EncoderMeasures, OtherSamplesOfBatchesOfOne) {
  const auto row = [](double v) { return Batch{1, {{"point", tensor(std::vector<double>{v}, Shape{1, 1}, DType::f64, Device{})}}}; };
  const auto pairs = [](const Batch& b) { return std::pair{b["point"], b["point"] * 1.5}; };
  const auto over = [&](const std::vector<Batch>& batches) {
    return paired_over_shuffled({3, [&](const std::function<void(const Batch&)>& look) { for (const Batch& b : batches) look(b); }}, pairs);
  };
  // |v - 1.5 v|: 1, 2, 3, mean 2.   |4 - 1.5 * 2|, |6 - 1.5 * 4|: 1, 0, mean 0.5
  EXPECT_NEAR(over({row(2), row(4), row(6)}), 4, 1e-12);
  EXPECT_TRUE(std::isnan(over({row(2)})));
  // Together: 2 beside 1.5 * 4, 4 beside 1.5 * 6, 6 beside 1.5 * 2.
  const Batch all{3, {{"point", tensor(std::vector<double>{2, 4, 6}, Shape{3, 1}, DType::f64, Device{})}}};
  EXPECT_NEAR(over({all}), 2.0 / 4, 1e-12);
}

}  // namespace
}  // namespace ganymede::test
