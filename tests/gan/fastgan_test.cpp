// What FastGAN promises beyond the tests that every model passes.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/ops.h"
#include "gan/metrics/perceptual.h"
#include "gan/nets/fastgan.h"
#include "gan/parts/loss_network.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/difference.h"
#include "tests/support/gradcheck.h"

namespace ganymede::test {
namespace {


TEST(FastGan, TakesEverySizeOfThePaper) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(1);
  for (const int size : {32, 64, 128, 256, 512, 1024}) {
    const nets::FastSize s{.size = size, .channels = 1, .latent = 3, .width = 1};
    const int small = size == 32 ? 16 : size == 64 ? 32 : size == 128 ? 64 : 128;
    nets::FastGenerator g(s);
    const Tensors y = g.forward(Tensors{random_tensor({2, 3}, 1)});
    EXPECT_EQ(y[0].shape(), (Shape{2, size, size, 1}));
    EXPECT_EQ(y[1].shape(), (Shape{2, small, small, 1}));
    nets::FastDiscriminator d(s);
    const Tensors said = d.forward(y);
    const auto [fine, last, of_small] = nets::fast_features(s);
    EXPECT_EQ(said[0].shape(), (Shape{2, 50}));
    EXPECT_EQ(said[1].shape(), (Shape{2, 16, 16, fine}));
    EXPECT_EQ(said[2].shape(), (Shape{2, 8, 8, last}));
    EXPECT_EQ(said[3].shape(), (Shape{2, 8, 8, of_small}));
    EXPECT_EQ(nets::fast_decoder(s, last)->forward(said[2]).shape(), (Shape{2, small, small, 1}));
    // Skips: from 4 px to 64, ..., 32 to 512; from 64 to 8, ..., 256 to 32.
    std::string skips;
    nn::Visit v;
    v.module = [&](const std::string& name, nn::Module&) {
      if (name.starts_with("skip") && name.find('.') == name.npos) skips += name + " ";
    };
    g.visit(v), d.visit(v);
    const std::string all[] = {"", "skip64 skip8 ", "skip64 skip128 skip16 skip8 ", "skip64 skip128 skip256 skip32 skip16 skip8 ", "skip64 skip128 skip256 skip512 skip32 skip16 skip8 "};
    EXPECT_EQ(skips, all[size == 32 ? 0 : size == 64 ? 1 : size == 128 ? 2 : size == 256 ? 3 : 4]) << size;
  }
}

TEST(FastGan, DrawsNoiseOnlyWhereItTrains) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(1);
  nets::FastGenerator g({.size = 32, .channels = 1, .latent = 3, .width = 1, .spectral = false});
  nn::Visit v;
  v.parameter = [](const std::string& name, Tensor& p) {
    if (name.ends_with("strength")) assign(p, ones_like(p));
  };
  g.visit(v);
  const Tensor z = random_tensor({2, 3}, 1);
  for (const bool training : {true, false}) {
    context().training = training;
    const Tensor once = g.forward(z);
    EXPECT_EQ(furthest(g.forward(z), once) > 1e-3, training);
  }
}

TEST(FastGan, OverfittingIsNoneOfKnownPicturesAndAllOfSamples) {
  Tiny t({"fastgan", {{"ema", "0"}}});
  for (int i = 0; i < 3; ++i) t->step();
  t->sampling(1, [&] {
    const Recipe& r = t->recipe();
    const auto overfitting = std::ranges::find(r.measures, "overfitting", &Measure::name);
    ASSERT_NE(overfitting, r.measures.end());
    const data::HostBatch read = t.config().data.read({0, 1, 2, 3});
    const auto values = read.real("image");
    const Tensor known = tensor(std::vector<float>(values.begin(), values.end()), {4, 64, 64, 1}, DType::f32, context().device);
    const auto of = [&](int64_t n, const Tensor& pictures) {
      return overfitting->value({n, [&](const std::function<void(const Batch&)>& look) { look({pictures.dim(0), {{"image", pictures}}}); }});
    };
    EXPECT_NEAR(of(1, slice(known, 0, 0, 1)), 0, 1e-6);
    EXPECT_NEAR(of(64, r.latent.decode(r.latent.draw(200), {})), 1, 0.2);
  });
}

// As a loss it is what the measure says of the same maps.
TEST(FastGan, ItsPerceptualLossIsLpipsWithoutWeights) {
  Tensors a, b;
  double expected = 0;
  for (const int64_t side : {4, 2})
    for (Tensors* maps : {&a, &b}) maps->push_back(random_tensor({3, side, side, 5}, uint64_t(side) + (maps == &a ? 0 : 10)));
  for (int64_t n = 0; n < 3; ++n) {
    const auto maps_of = [&](const Tensors& all) {
      metrics::Maps maps;
      for (const Tensor& t : all) {
        maps.emplace_back(0, 5);
        maps.back().append(slice(t, 0, n, n + 1).to_floats());
      }
      return maps;
    };
    expected += metrics::lpips(maps_of(a), maps_of(b)) / 3;
  }
  EXPECT_NEAR(perceptual_distance(a, b).item(), expected, 1e-6);
  EXPECT_EQ(perceptual_distance(a, a).item(), 0);
}

TEST(FastGan, RefusesWhatItCannotDo) {
  EXPECT_EQ(refusal({.model = "fastgan", .size = 48}), "a picture size of 48: FastGAN makes 32, 64, 128, 256, 512 or 1024 pixels; set --size");
  EXPECT_NE(refusal({.model = "fastgan", .settings = {{"skip", "false"}}, .size = 32}).find("skip"), std::string::npos);   // there is none at 32 px
  EXPECT_NE(refusal({"fastgan", {{"decoders", "0"}, {"reconstruction", "vgg"}}}).find("reconstruction"), std::string::npos);
  EXPECT_EQ(refusal({"fastgan", {{"skip", "false"}, {"reconstruction", "vgg"}, {"vgg_divisor", "16"}}}), "");
}

}  // namespace
}  // namespace ganymede::test
