// ESRGAN: the size of its network, weights from a file, features before their relu, and weights between two sets.
#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/rrdb.h"
#include "gan/nets/unet_judge.h"
#include "gan/nets/vgg.h"
#include "gan/pictures.h"
#include "gan/trainer.h"
#include "nn/init.h"
#include "nn/torch.h"
#include "tests/support/gradcheck.h"
#include "tests/support/places.h"

namespace ganymede {
namespace {

class Esrgan : public testing::Test {
 protected:
  void SetUp() override { context().device = Device{}, context().dtype = DType::f64, seed(4), nn::seed_parameters(3); }
  void TearDown() override { std::filesystem::remove(path_); }

  // A recipe for pictures of `channels`, twice as large, and what it says if it refuses.
  Recipe recipe(std::map<std::string, std::string> settings, int64_t channels = 3, int64_t scale = 2, int64_t steps = 4) {
    DataFacts facts;
    facts.size = facts.width = 16, facts.channels = facts.input_channels = channels, facts.scale = scale;
    Config c(facts, std::move(settings));
    c.batch = 2, c.steps = steps;
    const Recipe r = esrgan(c);
    c.check_all_read();
    return r;
  }
  std::string refusal(const std::map<std::string, std::string>& settings, int64_t channels = 3, int64_t scale = 2) {
    try {
      recipe(settings, channels, scale);
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  }
  static std::map<std::string, std::string> tiny() { return {{"width", "3"}, {"growth", "2"}, {"blocks", "1"}, {"d_width", "2"}, {"pretrain", "2"}}; }
  void fill(const Trainer& t) {
    assign(t.batch()["high"], uniform({2, 16, 16, 3}, -1, 1));
    assign(t.batch()["low"], uniform({2, 8, 8, 3}, -1, 1));
  }

  const std::string path_ = testing::TempDir() + "ganymede_esrgan_" + std::to_string(getpid()) + ".safetensors";
  ContextScope scope_;
};

// What the public weights of Real-ESRGAN hold: 16,697,987 numbers (4,467,779 in the six blocks for drawings).
TEST_F(Esrgan, HasThePapersSizes) {
  context().device = {DeviceType::plan, 0};
  const nn::Net G("G", nets::rrdb({}));
  EXPECT_EQ(G.parameter_count(), 16697987);
  EXPECT_EQ(nn::Net("G", nets::rrdb({.blocks = 6})).parameter_count(), 4467779);
  EXPECT_EQ(G(zeros({2, 8, 6, 3})).shape(), Shape({2, 32, 24, 3}));
  EXPECT_EQ(nn::Net("G", nets::rrdb({.scale = 8, .width = 4, .growth = 2, .blocks = 1}))(zeros({1, 5, 7, 3})).shape(), Shape({1, 40, 56, 3}));
}

// Dense blocks see the picture and all that was made of it; residuals count 0.2.
TEST_F(Esrgan, ABlockIsWhatThePaperDraws) {
  const nn::Net net("G", nets::rrdb({.channels = 2, .scale = 2, .width = 3, .growth = 2, .blocks = 1}));
  std::map<std::string, Tensor> p;
  for (const auto& t : net.parameters()) p[t.name] = t.value;
  const auto conv = [&](const std::string& name, const Tensor& x) { return conv2d(x, p.at(name + ".weight"), p.at(name + ".bias"), ConvOptions{.padding = {1, 1}}); };
  const auto leaky = [](const Tensor& x) { return leaky_relu(x, 0.2); };
  const Tensor x = uniform({2, 5, 6, 2}, 0, 1), first = conv("conv_first", x);
  Tensor y = first;
  for (int d = 1; d <= 3; ++d) {
    const std::string block = text("body.0.rdb", d, ".conv");
    Tensor all = y;
    for (int i = 1; i <= 4; ++i) all = concat({all, leaky(conv(text(block, i), all))}, 3);
    y = y + conv(block + "5", all) * 0.2;
  }
  y = first + conv("conv_body", first + y * 0.2);
  y = leaky(conv("conv_up1", upsample_nearest(y, 2)));
  y = conv("conv_last", leaky(conv("conv_hr", y)));
  EXPECT_LT(test::relative_error(net(x).to_doubles(), y.to_doubles()), 1e-12);
}

// The shape is the file's, the weights too, and what does not fit is refused.
TEST_F(Esrgan, BeginsWithTheWeightsOfAFile) {
  const nn::Net given("G", nets::rrdb({.scale = 2, .width = 5, .growth = 3, .blocks = 2}));
  nn::write_torch(given, path_);
  const Recipe r = recipe({{"weights", path_}, {"d_width", "2"}});
  const Tensor x = uniform({1, 5, 4, 3}, 0, 1);
  EXPECT_EQ(r.nets[0](x).to_doubles(), given(x).to_doubles());
  EXPECT_EQ(r.stages.size(), 1u);   // its pixels' part is done
  EXPECT_NE(refusal({{"weights", path_}}, 1).find("a network of 3 channels that enlarges 2 times, the data have 1 and a scale of 2"), std::string::npos) << refusal({{"weights", path_}}, 1);
  EXPECT_NE(refusal({{"weights", path_}}, 3, 4).find("the data have 3 and a scale of 4"), std::string::npos);
  EXPECT_NE(refusal({{"weights", path_}, {"width", "4"}}).find("has shape"), std::string::npos) << refusal({{"weights", path_}, {"width", "4"}});
  EXPECT_NE(refusal({{"weights", test::source_dir() + "/tests/cases/metrics_features/vgg19.safetensors"}}).find("conv_first"), std::string::npos);
  EXPECT_NE(refusal({{"weights", path_ + ".none"}}).find(path_ + ".none"), std::string::npos);
}

TEST_F(Esrgan, RatesFallWithTheLengthOfEachPart) {
  auto s = tiny();
  s["pretrain"] = "20";
  const Recipe r = recipe(s, 3, 2, 52);
  const auto factors = [&](const Update& u, const std::vector<int64_t>& steps) {
    std::vector<double> f;
    for (const int64_t step : steps) f.push_back(u.groups.at(0).optim.schedule.factor(step));
    return f;
  };
  EXPECT_EQ(factors(r.stages[0].updates[0], {0, 3, 4, 7, 16}), (std::vector<double>{1, 1, 0.5, 0.5, 0.0625}));
  for (const Update& u : r.stages[1].updates) EXPECT_EQ(factors(u, {0, 3, 4, 7, 8, 15, 16, 23, 24, 31}), (std::vector<double>{1, 1, 0.5, 0.5, 0.25, 0.25, 0.125, 0.125, 0.0625, 0.0625}));
}

TEST_F(Esrgan, FeaturesBeforeTheReluAreThoseThatItCuts) {
  const auto net_of = [](nets::Tap tap) { return nn::seed_parameters(7), nn::Net("vgg", nets::vgg_convolutions(19, 4, 16, tap)); };
  const nn::Net cut = net_of(nets::Tap::relu), uncut = net_of(nets::Tap::linear);
  const Tensor x = uniform({1, 32, 20, 3}, -1, 1);
  const Tensors behind = cut(Tensors{x}), before = uncut(Tensors{x});
  ASSERT_EQ(before.size(), 4u);
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(relu(before[i]).to_doubles(), behind[i].to_doubles()) << i;
    EXPECT_LT(min(before[i]).item(), 0) << i;
  }
  const auto whole = nets::vgg(19, 16, nets::Reach::taps);
  const Tensors all = whole->taps(x), first = nets::vgg_taps(*whole, x, 2, nets::Tap::relu);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[1].to_doubles(), all[1].to_doubles());
  EXPECT_EQ(relu(nets::vgg_taps(*whole, x, 5, nets::Tap::linear)[4]).to_doubles(), all[4].to_doubles());
}

// Real-ESRGAN's judge: 4,376,897 parameters as in the authors' code, a logit a pixel; a skip is added, not joined.
TEST_F(Esrgan, TheUnetJudgesEachPixel) {
  const nn::Net D("D", nets::unet_judge(3, 64));
  EXPECT_EQ(D.parameter_count(), 4376897);
  const nn::Net small("D", nets::unet_judge(1, 2));
  const Tensor x = uniform({2, 16, 24, 1}, -1, 1), y = small(x);
  EXPECT_EQ(y.shape(), Shape({2, 16, 24, 1}));
  // Written down again: weights over what the kept vectors say is their largest singular value, halvings, and enlarged maps with the outer ones added.
  context().training = false;
  std::map<std::string, Tensor> p;
  for (const auto* list : {&small.parameters(), &small.buffers()})
    for (const auto& t : *list) p[t.name] = t.value;
  const auto conv = [&](int i, const Tensor& in, int stride = 1) {
    const std::string name = text("conv", i);
    Tensor w = p.at(name + ".weight");
    if (i > 0 && i < 9) w = w / matmul(reshape(p.at(name + ".u"), Shape{1, w.dim(0)}), matmul(reshape(w, Shape{w.dim(0), w.count() / w.dim(0)}), reshape(p.at(name + ".v"), Shape{w.count() / w.dim(0), 1}))).item();
    return conv2d(in, w, i == 0 || i == 9 ? p.at(name + ".bias") : Tensor{}, ConvOptions{.stride = {stride, stride}, .padding = {1, 1}});
  };
  const auto leaky = [](const Tensor& in) { return leaky_relu(in, 0.2); };
  const auto twice = [](const Tensor& in) { return resize(in, 2 * in.dim(1), 2 * in.dim(2), Interpolation::linear); };
  const Tensor x0 = leaky(conv(0, x)), x1 = leaky(conv(1, x0, 2)), x2 = leaky(conv(2, x1, 2)), x3 = leaky(conv(3, x2, 2));
  Tensor up = leaky(conv(4, twice(x3))) + x2;
  up = leaky(conv(5, twice(up))) + x1;
  up = leaky(conv(6, twice(up))) + x0;
  EXPECT_LT(test::relative_error(small(x).to_doubles(), conv(9, leaky(conv(8, leaky(conv(7, up))))).to_doubles()), 1e-12);
  context().training = true;
  EXPECT_THROW(small(uniform({1, 12, 16, 1}, -1, 1)), Error);
  auto s = tiny();
  s["discriminator"] = "unet", s["judge"] = "plain";
  Trainer t(recipe(s), {.batch = 2, .capture = false}, {{"high", {16, 16, 3}}, {"low", {8, 8, 3}}}, nullptr);
  for (int i = 0; i < 4; ++i) fill(t), t.step();
  DataFacts facts;
  facts.size = facts.width = 20, facts.channels = facts.input_channels = 3, facts.scale = 2;
  Config c(facts, s);
  c.batch = 2, c.steps = 4;
  EXPECT_THROW(esrgan(c), UsageError);
}

// The relativistic loss of both players moves with both sides; a plain one does not see the real pictures.
TEST_F(Esrgan, TheGeneratorLearnsFromRealPicturesToo) {
  const auto adversarial = [&](const std::string& judge, double real) {
    seed(4), nn::seed_parameters(3);
    auto s = tiny();
    s["judge"] = judge, s["pretrain"] = "0";
    Trainer t(recipe(s), {.batch = 2, .capture = false}, {{"high", {16, 16, 3}}, {"low", {8, 8, 3}}}, nullptr);
    fill(t);
    assign(t.batch()["high"], t.batch()["high"] * real);
    t.step();
    for (const auto& [name, v] : t.values())
      if (name == "G/adv") return v;
    return std::nan("");
  };
  EXPECT_NE(adversarial("relativistic", 1), adversarial("relativistic", 0.5));
  EXPECT_EQ(adversarial("plain", 1), adversarial("plain", 0.5));
}

TEST_F(Esrgan, WeightsBetweenGoFromThoseBeforeDToTheLast) {
  Trainer t(recipe(tiny()), {.batch = 2, .capture = false}, {{"high", {16, 16, 3}}, {"low", {8, 8, 3}}}, nullptr);
  const Recipe& r = t.recipe();
  data::Picture picture(6, 5, 3);
  for (size_t i = 0; i < picture.pixels.size(); ++i) picture.pixels[i] = uint8_t(i * 37 % 251);
  const auto apply = [&](const std::string& task, std::map<std::string, std::string> settings, int64_t n = 1) {
    std::vector<Result> results;
    for (const Task& known : r.tasks)
      if (known.name == task) t.sampling(1, [&] { results = known.run({{{"a", picture}}, Config({}, std::move(settings)), n}); });
    return results;
  };
  const auto enlarged = [&](const std::string& alpha) { return apply("super-resolution", {{"alpha", alpha}}).at(0).frames.at(0).pixels; };
  const Batch looked_at{2, {{"high", uniform({2, 16, 16, 3}, -1, 1)}, {"low", uniform({2, 8, 8, 3}, -1, 1)}}};
  const auto measured = [&] {   // all by one evaluation
    const Evaluation e{2, [&](const std::function<void(const Batch&)>& look) { look(looked_at); }};
    std::map<std::string, double> values;
    t.sampling(1, [&] {
      for (const Measure& m : r.measures)
        if (!m.perceives) values[m.name] = m.value(e);
    });
    return values;
  };
  const auto step = [&](int n) { for (int i = 0; i < n; ++i) fill(t), t.step(); };
  step(1);
  EXPECT_EQ(enlarged("0"), enlarged("1"));   // D has not begun
  step(1);
  const auto before = enlarged("1");   // the pixels' part is done
  auto measured_before = measured();
  step(2);
  for (const auto& n : r.nets)         // far enough for a picture of bytes to show it
    if (n.name() == "G") assign(n.flat(), n.flat() * 1.5);
  auto measured_after = measured();
  for (const std::string name : {"psnr", "laplacian"}) {
    EXPECT_EQ(measured_after[name + "_alpha_0"], measured_before[name]);
    EXPECT_NE(measured_after[name], measured_before[name]);
    EXPECT_NE(measured_after[name + "_alpha_0.5"], measured_before[name]);
    EXPECT_NE(measured_after[name + "_alpha_0.5"], measured_after[name]);
  }
  EXPECT_EQ(enlarged("0"), before);
  EXPECT_NE(enlarged("1"), before);
  EXPECT_NE(enlarged("0.5"), enlarged("0"));
  EXPECT_NE(enlarged("0.5"), enlarged("1"));
  EXPECT_EQ(apply("super-resolution", {}).at(0).frames.at(0).pixels, enlarged("1"));
  EXPECT_EQ(apply("super-resolution", {{"tile", "64"}}).at(0).frames.at(0).pixels, enlarged("1"));
  const auto strip = apply("interpolate", {}, 3);
  ASSERT_EQ(strip.size(), 1u);
  EXPECT_GE(strip[0].frames.at(0).width, 3 * 10);
  EXPECT_THROW(apply("interpolate", {}, 1), UsageError);
  auto alone = tiny();
  alone.erase("pretrain"), alone.erase("d_width"), alone["objective"] = "psnr";
  for (const Task& k : recipe(alone).tasks) EXPECT_NE(k.name, "interpolate");
}

}  // namespace
}  // namespace ganymede
