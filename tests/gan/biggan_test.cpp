// What BigGAN promises beyond the tests that every model passes: the paper's networks, its regularisation, what it samples from.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "engine/ops.h"
#include "gan/losses/orthogonal.h"
#include "gan/nets/biggan.h"
#include "gan/uses/truncation.h"
#include "nn/conditional.h"
#include "nn/standing.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/difference.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {


int64_t parameters(nn::Layer (*make)(const nets::BigSize&), const nets::BigSize& s) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  return nn::parameter_count(*make(s));
}

// As a test of Google's compare_gan counts them at 128 px. The paper's table 1 has 158.3 million for both networks together, 160.6 without pieces of z, and 173.5 without
// the shared embedding too, of which 0.2 are not known.
TEST(BigGan, HasAsManyParametersAsThePapers) {
  EXPECT_EQ(parameters(nets::big_generator, {}), 70433988);
  EXPECT_EQ(parameters(nets::big_discriminator, {}), 87982370);
  const auto millions = [](const nets::BigSize& s) { return double(parameters(nets::big_generator, s) + parameters(nets::big_discriminator, s)) * 1e-6; };
  EXPECT_NEAR(millions({}), 158.3, 0.15);
  EXPECT_NEAR(millions({.skip_z = false}), 160.6, 0.15);
  EXPECT_NEAR(millions({.embedding = 0, .skip_z = false}), 173.5, 0.25);
}

TEST(BigGan, TakesEverySizeOfThePaper) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(1);
  const Tensor labels = tensor(std::vector<int64_t>{0, 2}, Shape{2}, Device{});
  for (const int size : {16, 32, 64, 128, 256}) {
    const int pieces = nets::big_blocks(size) + 1;
    EXPECT_EQ(pieces, size == 16 ? 3 : size == 32 ? 4 : size == 64 ? 5 : size == 128 ? 6 : 7);
    const nets::BigSize s{.size = size, .channels = 1, .classes = 3, .width = 1, .latent = 2 * pieces, .embedding = 3, .attention = 0};
    const Tensor x = nn::Net("G", nets::big_generator(s))(random_tensor({2, 2 * pieces}, 1), labels);
    EXPECT_EQ(x.shape(), (Shape{2, size, size, 1}));
    EXPECT_EQ(nn::Net("D", nets::big_discriminator(s))(x, labels).shape(), (Shape{2, 1}));
  }
}

TEST(BigGan, EveryPieceOfZAndTheClassReachThePicture) {
  ContextScope scope;
  context().dtype = DType::f64;
  for (const bool skip : {true, false})
    for (const int embedding : {3, 0}) {
      seed(1);
      const nets::BigSize s{.size = 16, .channels = 1, .classes = 3, .width = 1, .latent = 6, .embedding = embedding, .skip_z = skip, .attention = 0};
      const nn::Net g("G", nets::big_generator(s));
      const auto labels = [](int64_t y) { return tensor(std::vector<int64_t>{y, y, y}, Shape{3}, Device{}); };
      const Tensor z = random_tensor({3, 6}, 1), x = g(z, labels(0));
      for (int piece = 0; piece < 3; ++piece) {
        std::vector<double> other = z.to_doubles();
        other[size_t(2 * piece)] += 1;
        EXPECT_GT(furthest(g(tensor(other, z.shape(), DType::f64, Device{}), labels(0)), x), 1e-3) << skip << embedding << piece;
      }
      EXPECT_GT(furthest(g(z, labels(1)), x), 1e-3) << skip << embedding;
      std::string conditions;
      nn::Visit v;
      v.module = [&](const std::string& name, nn::Module& m) {
        if (name == "block2.main.norm1") conditions = m.describe();
      };
      g.module().visit(v);
      EXPECT_EQ(conditions, text("batch norm 4 by a vector of ", 3 + (skip ? 2 : 0)));
    }
}

TEST(BigGan, RefusesWhatDoesNotFit) {
  EXPECT_NE(refusal({.model = "biggan", .settings = {{"latent", "7"}}}).find("setting latent=7: skip_z cuts z into 3 equal pieces for pictures of 16 pixels; set a multiple of 3, such as 9"), std::string::npos);
  EXPECT_EQ(refusal({.model = "biggan", .settings = {{"latent", "7"}, {"skip_z", "false"}}}), "");
  EXPECT_NE(refusal({.model = "biggan", .size = 24}).find("a picture size of 24: BigGAN takes 16, 32, 64, 128 or 256 pixels"), std::string::npos);
  EXPECT_NE(refusal({.model = "biggan", .settings = {{"attention", "16"}}}).find("setting attention=16"), std::string::npos);
}

TEST(BigGan, OrthogonalPenaltyIsTheSumOfOverlaps) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(1);
  // One weight with more rows than columns, one with fewer, a vector, and one that is left out.
  const nn::Net net("G", nn::sequential({nn::linear(3, 5, true, nn::init::normal(0, 1)), nn::conv(1, 2, {.kernel = 2, .weight = nn::init::normal(0, 1)}), nn::linear(2, 4, false, nn::init::normal(0, 1))}));
  double want = 0;
  for (const auto& p : net.parameters()) {
    if (p.value.rank() < 2 || p.name == "linear2.weight") continue;
    const std::vector<double> w = p.value.to_doubles();
    const size_t rows = size_t(p.value.dim(0)), width = w.size() / rows;
    for (size_t i = 0; i < rows; ++i)
      for (size_t j = 0; j < rows; ++j) {
        const double dot = std::inner_product(w.begin() + long(i * width), w.begin() + long((i + 1) * width), w.begin() + long(j * width), 0.0);
        if (i != j) want += dot * dot;
      }
  }
  EXPECT_NEAR(orthogonal_penalty(net, {"linear2.weight"}).item(), want, 1e-10 * want);
  EXPECT_GT(orthogonal_penalty(net).item(), want * (1 + 1e-6));
  EXPECT_THROW(orthogonal_penalty(net, {"shared.weight"}), Error);
  const nn::Net flat("G", nn::linear(5, 3, false, nn::init::orthogonal(2)));
  EXPECT_NEAR(orthogonal_penalty(flat).item(), 0, 1e-12);
}

TEST(BigGan, NormsAreLinearInTheirCondition) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(1);
  const nn::Layer norm = nn::projected_norm(nn::NormKind::batch, 2, 3);
  const Tensor x = random_tensor({4, 2, 2, 2}, 1), c = random_tensor({4, 3}, 2);
  Tensors weights;
  nn::Visit v;
  v.parameter = [&](const std::string&, Tensor& p) { weights.push_back(p); };
  norm->visit(v);
  ASSERT_EQ(weights.size(), 2u);
  const auto by = [&](const Tensor& w) { return reshape(linear(c, w), Shape{4, 1, 1, 2}); };
  const Tensor flat = nn::batch_norm(2)->forward(x), want = flat * (by(weights[0]) + 1.0) + by(weights[1]);
  EXPECT_LT(furthest(norm->forward_given(x, c), want), 1e-12);
  EXPECT_EQ(gradcheck([&](const Tensors& in) { return Tensors{norm->forward_given(in[0], in[1])}; }, {x, c}), "");
  EXPECT_THROW(norm->forward_given(x, random_tensor({4, 2}, 2)), Error);
}

TEST(BigGan, StandingStatisticsAreMeansOverPasses) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(1);
  const nn::Net net("G", nn::sequential({nn::batch_norm(1, 1e-5, nn::init::one(), 0.3)}));
  const Tensors statistics = nn::batch_statistics({net});
  ASSERT_EQ(statistics.size(), 2u);
  assign(statistics[0], full({1}, 70));
  double mean = 0, variance = 0;
  int pass = 0;
  nn::gather_statistics({net}, 3, [&] {
    ++pass;
    const Tensor x = random_tensor({5, 1}, uint64_t(pass)) * double(pass);
    const double m = ganymede::mean(x).item();
    mean += m / 3, variance += sum(square(x - m)).item() / 4 / 3;
    net(x);
  });
  EXPECT_EQ(pass, 3);
  EXPECT_NEAR(statistics[0].item(), mean, 1e-12);
  EXPECT_NEAR(statistics[1].item(), variance, 1e-12);
  // Afterwards they follow by the norm's own momentum, and only where the net moves.
  context().training = true;
  net(full({2, 1}, 5));
  EXPECT_NEAR(statistics[0].item(), mean, 1e-12);
  {
    nn::Moving moving({net});
    net(tensor(std::vector<double>{4, 6}, Shape{2, 1}, DType::f64, Device{}));
  }
  EXPECT_NEAR(statistics[0].item(), 0.7 * mean + 0.3 * 5, 1e-12);
}

TinyModel tiny(std::map<std::string, std::string> settings = {}) { return {.model = "biggan", .settings = std::move(settings)}; }
using State = std::map<std::string, std::vector<double>>;

std::vector<double> statistics_of(const nn::Net& net) {
  std::vector<double> all;
  for (const Tensor& t : nn::batch_statistics({net}))
    for (const double x : t.to_doubles()) all.push_back(x);
  return all;
}

TEST(BigGan, SamplesByStandingStatisticsOfTheAverage) {
  const auto settings = [](const char* passes) { return std::map<std::string, std::string>{{"standing", passes}, {"rate_g", "0.05"}, {"ema", "0.9"}}; };
  Tiny t(tiny(settings("400")));
  for (int i = 0; i < 6; ++i) t->step();
  const State before = t.state();
  const std::vector<double> first = t->sample(5, 1).to_doubles();
  EXPECT_EQ(t.state(), before);   // the training's weights and statistics are back
  EXPECT_NE(t->sample(5, 2).to_doubles(), first);
  EXPECT_EQ(t->sample(5, 1).to_doubles(), first);   // whatever was drawn between
  // The statistics in place are those of passes with the averaged weights, not with the last ones, nor those that followed.
  const nn::Net G = t->recipe().nets[0];
  const auto gather = [&] { nn::gather_statistics({G}, 400, [&] { G(randn({2, t->recipe().latent.length}), random_integers({2}, t->recipe().latent.classes)); }); };   // of the size of the training's batches, as theirs
  const std::vector<double> followed = statistics_of(G);
  std::vector<double> used, of_average, of_last;
  t->sampling(3, [&] {
    used = statistics_of(G);
    gather();
    of_average = statistics_of(G);
  });
  EXPECT_EQ(statistics_of(G), followed);
  EXPECT_LT(relative_error(used, of_average), 0.1);
  EXPECT_GT(relative_error(followed, of_average), 0.3);
  // They are gathered anew for other weights, and the same again by a trainer that got there.
  t->step();
  const std::vector<double> later = t->sample(5, 1).to_doubles();
  EXPECT_NE(later, first);
  gather();
  of_last = statistics_of(G);
  EXPECT_GT(relative_error(of_last, of_average), 0.3);
  Tiny again(tiny(settings("400"))), plain(tiny(settings("0")));
  for (int i = 0; i < 7; ++i) again->step(), plain->step();
  EXPECT_EQ(again->sample(5, 1).to_doubles(), later);
  EXPECT_NE(plain->sample(5, 1).to_doubles(), later);
}

TEST(BigGan, TheAverageBeginsWhereItIsTold) {
  Tiny t(tiny({{"ema", "0.5"}, {"ema_start", "2"}, {"rate_g", "0.01"}}));
  const nn::Net G = t->recipe().nets[0];
  const auto average = [&] { return t.state().at("optimizer.G.G.average"); };
  t->step(), t->step();
  const std::vector<double> start = G.flat().to_doubles();
  EXPECT_EQ(average(), start);
  t->step();
  const std::vector<double> now = G.flat().to_doubles(), mean = average();
  ASSERT_NE(now, start);
  std::vector<double> want;
  for (size_t i = 0; i < now.size(); ++i) want.push_back(0.5 * (now[i] + start[i]));
  EXPECT_LT(relative_error(mean, want), 1e-6);
}

TEST(BigGan, TruncatedNoiseIsRedrawnNotCut) {
  data::Random random(1);
  const std::vector<double> z = truncated_normal(20000, 0.5, random);
  double squares = 0, largest = 0, outer = 0;
  for (const double x : z) squares += x * x / double(z.size()), largest = std::max(largest, std::abs(x)), outer += std::abs(x) > 0.49;
  EXPECT_LE(largest, 0.5);
  EXPECT_GT(largest, 0.499);
  // 1 - 2 t phi(t) / (2 Phi(t) - 1), and the density at the edges: nothing has gathered there.
  EXPECT_NEAR(squares, 0.08062, 0.002);
  EXPECT_NEAR(outer / double(z.size()), 0.0185, 0.004);
  EXPECT_THROW(truncated_normal(1, 0, random), Error);
}

TEST(BigGan, TheCurveTradesVariety) {
  Tiny t(tiny());
  t->step();
  // Samples are z itself as pictures, brighter by 1 for the second class, which the classifier names where the first pixel is above a half.
  Latent latent{.length = 64, .classes = 2};
  latent.decode = [](const Tensor& z, const Tensor& y) { return reshape(z, Shape{z.dim(0), 8, 8, 1}) + reshape(slice(one_hot(y, 2), 1, 1, 2), Shape{z.dim(0), 1, 1, 1}); };
  Evaluation e{400, [](const std::function<void(const Batch&)>& f) {
    Batch b;
    b.size = 400, b.fields["image"] = randn({400, 8, 8, 1}), b.fields["label"] = random_integers({400}, 2);
    f(b);
  }};
  e.classify = [](const Tensor& x) { return concat({full({x.dim(0), 1}, 0.5), reshape(slice(slice(x, 1, 0, 1), 2, 0, 1), Shape{x.dim(0), 1})}, 1); };
  std::map<std::string, double> found;
  for (const Measure& m : truncation_curve(latent)) found[m.name] = m.value(e);
  ASSERT_EQ(found.size(), 10u);
  EXPECT_NEAR(found["variety-at-inf"], 1, 0.05);
  EXPECT_NEAR(found["variety-at-1"], 0.2911, 0.02);    // variance of the truncated distribution
  EXPECT_NEAR(found["variety-at-0.25"], 0.0207, 0.002);
  EXPECT_NEAR(found["agreement-at-0.25"], 1, 1e-9);
  EXPECT_NEAR(found["agreement-at-inf"], 0.6915, 0.06);   // P(z < 0.5)
  for (const Measure& m : truncation_curve(latent)) EXPECT_EQ(m.classifies, m.name.starts_with("agreement")) << m.name;
  e.classify = {};
  EXPECT_TRUE(std::isnan(truncation_curve(latent)[0].value(e)));
}

}  // namespace
}  // namespace ganymede::test
