// Super-resolution: the channel that is compared, the networks' sizes, uses and measures, each against what it must be by definition.
#include "gan/uses/super_resolution.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/espcn.h"
#include "gan/nets/srcnn.h"
#include "gan/nets/srgan.h"
#include "gan/nets/vgg.h"
#include "gan/trainer.h"
#include "gan/uses/tiles.h"
#include "nn/blocks.h"
#include "nn/init.h"
#include "nn/net.h"
#include "tests/support/gradcheck.h"
#include "tests/support/places.h"

namespace ganymede {
namespace {

class SuperResolutionModels : public testing::Test {
 protected:
  void SetUp() override { context().device = Device{}, context().dtype = DType::f64, seed(4); }
  ContextScope scope_;
};

Tensor flat_colour(double r, double g, double b) { return tensor(std::vector<double>{2 * r - 1, 2 * g - 1, 2 * b - 1}, Shape{1, 1, 1, 3}, DType::f64, Device{}); }

// Values of MATLAB's documentation of rgb2ycbcr.
TEST_F(SuperResolutionModels, LumaIsMatlabs) {
  EXPECT_NEAR(luma(flat_colour(0, 0, 0)).item() * 255, 16, 1e-9);
  EXPECT_NEAR(luma(flat_colour(1, 1, 1)).item() * 255, 235, 1e-9);
  EXPECT_NEAR(luma(flat_colour(1, 0, 0)).item() * 255, 81.481, 1e-9);
  EXPECT_NEAR(luma(flat_colour(0, 0, 1)).item() * 255, 40.966, 1e-9);
  EXPECT_NEAR(luma(full(Shape{1, 1, 1, 1}, 0.0, DType::f64, Device{})).item() * 255, 125.5, 1e-9);
  EXPECT_THROW(luma(zeros({1, 2, 2, 2})), Error);
}

TEST_F(SuperResolutionModels, AnotherLumaKeepsTheColour) {
  const Tensor x = uniform({1, 3, 4, 3}, -0.5, 0.5), y = luma(x) + 0.1, changed = with_luma(x, y);
  EXPECT_LT(test::relative_error(luma(changed).to_doubles(), y.to_doubles()), 1e-12);
  const auto difference = [](const Tensor& p) { return (slice(p, 3, 0, 1) - slice(p, 3, 2, 3)).to_doubles(); };  // what Cb and Cr tell
  EXPECT_LT(test::relative_error(difference(changed), difference(x)), 1e-12);
}

// A constant stays one, a ramp is a ramp again away from the border, and down and up again too.
TEST_F(SuperResolutionModels, BicubicKeepsConstantsAndRamps) {
  for (const double v : bicubic(full(Shape{1, 5, 6, 1}, 0.3, DType::f64, Device{}), 3).to_doubles()) EXPECT_NEAR(v, 0.3, 1e-15);
  std::vector<double> ramp(12 * 12);
  for (size_t i = 0; i < ramp.size(); ++i) ramp[i] = double(i % 12);
  const Tensor large = bicubic(tensor(ramp, Shape{1, 12, 12, 1}, DType::f64, Device{}), 3);
  const auto v = large.to_doubles();
  for (size_t x = 6; x < 30; ++x) EXPECT_NEAR(v[18 * 36 + x], (double(x) + 0.5) / 3 - 0.5, 1e-12);
  const auto back = matlab_resize(large, 1.0 / 3).to_doubles();
  for (size_t x = 4; x < 8; ++x) EXPECT_NEAR(back[6 * 12 + x], double(x), 1e-12);
}

TEST_F(SuperResolutionModels, SrcnnHasThePapersSizes) {
  const auto net = [](int middle) { return nn::Net("G", nets::srcnn({.middle = middle})); };
  EXPECT_EQ(net(1).parameter_count(), 8129);
  EXPECT_EQ(net(3).parameter_count(), 24416 + 97);
  EXPECT_EQ(net(5).parameter_count(), 57281);
  EXPECT_EQ(net(1)(zeros({1, 33, 33, 1})).shape(), Shape({1, 21, 21, 1}));
  EXPECT_EQ(net(3)(zeros({1, 33, 33, 1})).shape(), Shape({1, 19, 19, 1}));
  EXPECT_EQ(net(5)(zeros({1, 33, 33, 1})).shape(), Shape({1, 17, 17, 1}));
}

TEST_F(SuperResolutionModels, EspcnHasThePapersSizes) {
  const nn::Net net("G", nets::espcn({}));
  EXPECT_EQ(net.parameter_count(), 22729);
  EXPECT_EQ(net(zeros({1, 17, 13, 1})).shape(), Shape({1, 51, 39, 1}));
}

// With ICNR the first output is the nearest-neighbour enlargement of one map.
TEST_F(SuperResolutionModels, EspcnBeginsAsNearestNeighbours) {
  for (const int channels : {1, 3}) {
    const nn::Net net("G", nets::espcn({.channels = channels, .scale = 2, .width = 5, .inner = 4}));
    const Tensor y = net(uniform({2, 5, 7, channels}, 0, 1));
    EXPECT_EQ(y.to_doubles(), upsample_nearest(resize_nearest(y, 5, 7), 2).to_doubles());
    EXPECT_GT(norm(y).item(), 0);
  }
}

// Multiply-adds of a pass, by what `explain` counts: places of each layer's output times its weights.
double multiply_adds(const nn::Net& net, const Tensor& x) {
  nn::LayerTrace trace;
  net(x);
  double total = 0;
  for (const nn::TracedLayer& l : trace.layers)
    if (l.parameters) total += double(l.output[1] * l.output[2]) * double(l.parameters);
  return total;
}

// Layers of equal width cost r^2 times less at the low resolution; the last one, which has r^2 times the filters, costs as much.
TEST_F(SuperResolutionModels, EspcnCostsAbout9TimesLessThanTheSameLayersAtThree) {
  context().device = {DeviceType::plan, 0};
  const auto conv = [](int in, int out, int kernel) { return nn::conv(in, out, {.kernel = kernel, .padding = kernel / 2}); };
  const nn::Net low("low", nn::sequential({conv(1, 64, 5), conv(64, 32, 3), conv(32, 9, 3)})), high("high", nn::sequential({conv(1, 64, 5), conv(64, 32, 3), conv(32, 1, 3)}));
  const double ratio = multiply_adds(high, zeros({1, 51, 51, 1})) / multiply_adds(low, zeros({1, 17, 17, 1}));
  EXPECT_NEAR(ratio, 9 * 20417.0 / 22729, 1e-9);
  EXPECT_EQ(low.parameter_count(), nn::Net("G", nets::espcn({})).parameter_count());
}

TEST_F(SuperResolutionModels, SrganHasThePapersSizes) {
  context().device = {DeviceType::plan, 0};
  const nn::Net G("G", nets::srresnet({})), D("D", nets::srgan_discriminator({}));
  EXPECT_EQ(G.parameter_count(), 1547350);
  EXPECT_EQ(D.parameter_count(), 23563649);
  EXPECT_EQ(G(zeros({2, 24, 24, 3})).shape(), Shape({2, 96, 96, 3}));
  EXPECT_EQ(D(zeros({2, 96, 96, 3})).shape(), Shape({2, 1}));
  EXPECT_EQ(nn::Net("G", nets::srresnet({.scale = 3, .width = 4, .blocks = 1}))(zeros({1, 5, 7, 3})).shape(), Shape({1, 15, 21, 3}));
  EXPECT_EQ(nn::Net("phi", nets::vgg_convolutions(19, 5))(zeros({1, 96, 96, 3})).shape(), Shape({1, 6, 6, 512}));
  EXPECT_EQ(nn::Net("phi", nets::vgg_convolutions(19, 2))(zeros({1, 96, 96, 3})).shape(), Shape({1, 48, 48, 128}));
}

// Features by 12.75 are 1 / 12.75^2 = 0.00615 of the loss, and the features are those of the pictures with ImageNet's mean and deviation taken out.
TEST_F(SuperResolutionModels, ContentIsComparedInRescaledFeatures) {
  DataFacts facts;
  facts.size = facts.width = 16, facts.channels = facts.input_channels = 3, facts.scale = 2;
  const auto content_of = [&](const std::string& weight) {
    nn::seed_parameters(3), seed(4);
    Config c(facts, {{"width", "2"}, {"blocks", "0"}, {"d_width", "2"}, {"pretrain", "0"}, {"content", "vgg22"}, {"vgg_divisor", "16"}, {"content_weight", weight}, {"tv", "0"}});
    c.batch = 2;
    const Recipe r = srgan(c);
    Trainer trainer(r, {.batch = 2, .capture = false}, {{"high", {16, 16, 3}}, {"low", {8, 8, 3}}}, nullptr);
    assign(trainer.batch()["high"], uniform({2, 16, 16, 3}, -1, 1));
    assign(trainer.batch()["low"], uniform({2, 8, 8, 3}, -1, 1));
    const Tensor y = [&] {
      Tensor made;
      const Tensor low = trainer.batch()["low"];
      made = r.nets[0](low * 0.5 + 0.5);
      return made.constant();
    }();
    // The same network, drawn with the same seed: G, then VGG's convolutions.
    nn::seed_parameters(3);
    nn::Net("G", nets::srresnet({.scale = 2, .width = 2, .blocks = 0, .gain = nn::init::normal(1, 0.02)}));
    const nn::Net phi("vgg", nets::vgg_convolutions(19, 2, 16));
    const auto features = [&](const Tensor& x) {
      const auto part = [&](int64_t i, double mean, double deviation) { return ((slice(x, 3, i, i + 1) + 1.0) * 0.5 - mean) / deviation; };
      return phi(concat({part(0, .485, .229), part(1, .456, .224), part(2, .406, .225)}, 3));
    };
    const double plain = mean(square(features(y) - features(trainer.batch()["high"]))).item();
    trainer.step();
    double value = 0;
    for (const auto& [name, v] : trainer.values())
      if (name == "G/vgg22") value = v;
    return value / plain;
  };
  EXPECT_NEAR(content_of("1"), 0.00615, 1e-5);
  EXPECT_NEAR(content_of("2") / content_of("1"), 2, 1e-6);
}

// A file's features, and no other network's.
TEST_F(SuperResolutionModels, ContentTakesVgg19FromAFile) {
  context().dtype = DType::f32;
  DataFacts facts;
  facts.size = facts.width = 32, facts.channels = facts.input_channels = 1, facts.scale = 4;
  const auto recipe = [&](const std::string& file, const std::string& content) {
    Config c(facts, {{"width", "2"}, {"blocks", "0"}, {"d_width", "2"}, {"pretrain", "0"}, {"content", content}, {"vgg", test::source_dir() + "/tests/cases/metrics_features/" + file}});
    c.batch = 2;
    const Recipe r = srgan(c);
    c.check_all_read();
    return r;
  };
  for (const std::string content : {"vgg22", "vgg54"}) {
    Trainer trainer(recipe("vgg19.safetensors", content), {.batch = 2, .capture = false}, {{"high", {32, 32, 1}}, {"low", {8, 8, 1}}}, nullptr);
    assign(trainer.batch()["high"], uniform({2, 32, 32, 1}, -1, 1));
    assign(trainer.batch()["low"], uniform({2, 8, 8, 1}, -1, 1));
    trainer.step();
    double value = 0;
    for (const auto& [name, v] : trainer.values())
      if (name == "G/" + content) value = v;
    EXPECT_GT(value, 0) << content;
  }
  EXPECT_THROW(recipe("vgg16.safetensors", "vgg54"), UsageError);
}

// Measures and the benchmark of a method whose result is known.
struct Known {
  Recipe r;
  Batch batch;
  explicit Known(std::function<Tensor(const Tensor&)> luma_of) {
    Enlarger e{.name = "known", .scale = 2, .channels = 0, .picture = [](const Tensor& low) { return bicubic(low, 2); }, .luma = std::move(luma_of)};
    add_super_resolution_uses(r, e);
    const Tensor high = uniform({2, 24, 20, 3}, -1, 1);
    batch = {2, {{"high", high}, {"low", clamp(matlab_resize(high, 0.5), -1, 1)}}};
  }
  double operator()(const std::string& name) const {
    for (const Measure& m : r.measures)
      if (m.name == name) {
        Evaluation e{2, [&](const std::function<void(const Batch&)>& look) { look(batch); }};
        e.lpips = [](const Tensor& a, const Tensor& b) { return mean(abs(a - b)).item(); };
        return m.value(e);
      }
    ADD_FAILURE() << "no measure " << name;
    return 0;
  }
};

TEST_F(SuperResolutionModels, BicubicGainsNothingOnBicubic) {
  const Known known([](const Tensor& low) { return luma(bicubic(low, 2)); });
  EXPECT_EQ(known("psnr_gain"), 0);
  EXPECT_EQ(known("psnr"), known("psnr_bicubic"));
  EXPECT_EQ(known("ssim"), known("ssim_bicubic"));
  EXPECT_EQ(known("laplacian"), known("laplacian_bicubic"));
  EXPECT_EQ(known("lpips"), known("lpips_bicubic"));
  EXPECT_NEAR(known("lpips"), mean(abs(bicubic(known.batch["low"], 2) - known.batch["high"])).item(), 1e-9);
  EXPECT_LT(known("laplacian"), known("laplacian_high"));
}

Tensor round_of(const Tensor& y) {
  std::vector<double> v = y.to_doubles();
  for (double& x : v) x = std::round(x * 255) / 255;
  return tensor(v, y.shape(), DType::f64, Device{});
}

// All pixels wrong by 10 of 255 are 28.13 dB; errors in the border of two pixels count for nothing.
TEST_F(SuperResolutionModels, ErrorsAreCountedInsideTheBorder) {
  Known* at = nullptr;
  int picture = 0;
  Known known([&](const Tensor& low) {
    const Tensor y = round_of(luma(at->batch["high"].rows(picture, picture + 1)));
    ++picture;
    const Tensor inside = pad_zero(full(Shape{1, 20, 16, 1}, 10.0 / 255, DType::f64, Device{}), {0, 2, 2, 0}, {0, 2, 2, 0});
    (void)low;
    return y + inside;
  });
  at = &known;
  EXPECT_NEAR(known("psnr"), 10 * std::log10(255 * 255 / 100.0), 1e-9);
}

// Parts with as much border as the network sees give what the whole gives, whatever is left over at the sides.
TEST_F(SuperResolutionModels, TilesMakeTheWhole) {
  const nn::Net net("net", nn::sequential({nn::conv(2, 3, {.kernel = 3, .padding = 1}), nn::relu(), nn::upsample_conv(3, 2, {.kernel = 3, .padding = 1})}));
  const Tensor x = uniform({1, 11, 7, 2}, -1, 1);
  const auto whole = net(x).to_doubles();
  std::vector<Shape> seen;
  const auto f = [&](const Tensor& part) { return seen.push_back(part.shape()), net(part); };
  for (const int64_t tile : {1, 3, 4, 7, 10}) EXPECT_LT(test::relative_error(in_tiles(f, x, 2, tile, 3).to_doubles(), whole), 1e-12) << tile;
  for (const Shape& s : seen) EXPECT_TRUE(s[1] <= 16 && s[2] <= 16 && s[1] * s[2] < 11 * 7 + 1) << s;
  seen.clear();
  in_tiles(f, x, 2, 4, 1);
  EXPECT_EQ(seen.size(), 6u);
  for (const Shape& s : seen) EXPECT_EQ(s, Shape({1, 6, 6, 2}));
  EXPECT_GT(test::relative_error(in_tiles(f, x, 2, 4, 0).to_doubles(), whole), 1e-3);   // seams
}

// `tile` is heeded: no part is larger than it and its border, the result is the whole, and a picture is enlarged once.
TEST_F(SuperResolutionModels, LargePicturesAreEnlargedInParts) {
  std::vector<Shape> seen;
  Enlarger e{.name = "known", .scale = 2, .channels = 0, .picture = [&](const Tensor& low) { return seen.push_back(low.shape()), clamp(bicubic(low, 2), -1, 1); }};
  Recipe r;
  add_super_resolution_uses(r, e);
  data::Picture picture(90, 130, 3);
  for (size_t i = 0; i < picture.pixels.size(); ++i) picture.pixels[i] = uint8_t(i * 37 % 251);
  const auto run = [&](const std::string& task, std::map<std::string, std::string> settings) {
    seen.clear();
    for (const Task& t : r.tasks)
      if (t.name == task) return t.run({{{"a", picture}}, Config({}, std::move(settings)), 1}).at(0).frames.at(0).pixels;
    return std::vector<uint8_t>{};
  };
  const auto whole = run("super-resolution", {});
  EXPECT_EQ(seen, (std::vector<Shape>{{1, 90, 130, 3}}));
  EXPECT_EQ(run("super-resolution", {{"tile", "50"}}), whole);
  EXPECT_EQ(seen, std::vector<Shape>(6, {1, 90, 114, 3}));
  EXPECT_FALSE(run("benchmark", {}).empty());
  EXPECT_EQ(seen.size(), 1u);
}

// All measures of one evaluation look at the same enlarged pictures.
TEST_F(SuperResolutionModels, AnEvaluationEnlargesEachPictureOnce) {
  int enlarged = 0;
  const Known known([&](const Tensor& low) { return ++enlarged, luma(bicubic(low, 2)); });
  const Evaluation e{2, [&](const std::function<void(const Batch&)>& look) { look(known.batch); }};
  double psnr = 0, gain = 0;
  for (const Measure& m : known.r.measures) {
    if (m.perceives) continue;
    const double value = m.value(e);
    if (m.name == "psnr") psnr = value;
    if (m.name == "psnr_gain") gain = value;
  }
  EXPECT_EQ(enlarged, 2);
  EXPECT_GT(psnr, 0);
  EXPECT_EQ(gain, 0);
  EXPECT_THROW(known.r.measures.front().value({2, [](const std::function<void(const Batch&)>&) {}}), Error);
}

TEST_F(SuperResolutionModels, TheBenchmarkSaysWhatTheMeasuresSay) {
  const Known known([](const Tensor& low) { return luma(bicubic(low, 2)); });
  for (const Task& t : known.r.tasks) {
    const Config settings;
    data::Picture picture(25, 21, 3);   // one row and one column too many
    for (size_t i = 0; i < picture.pixels.size(); ++i) picture.pixels[i] = uint8_t(i * 37 % 251);
    const auto results = t.run({{{"a", picture}}, settings, 1});
    if (t.name == "super-resolution") {
      ASSERT_EQ(results.size(), 2u);
      EXPECT_EQ(results[0].name, "a-x2");
      EXPECT_EQ(results[0].frames.at(0).height, 50);
      EXPECT_EQ(results[0].frames.at(0).width, 42);
      continue;
    }
    ASSERT_EQ(t.name, "benchmark");
    const auto table = nlohmann::json::parse(results.back().json);
    ASSERT_EQ(table.size(), 2u);
    EXPECT_EQ(table[0]["psnr"], table[1]["psnr"]);
    EXPECT_EQ(table[0]["psnr"], table[0]["psnr_bicubic"]);
    EXPECT_GT(table[0]["psnr"].get<double>(), 5);
    // With a network, perceptual distances too.
    const std::string network = test::source_dir() + "/tests/cases/metrics_features/";
    data::Picture larger(44, 48, 3);
    for (size_t i = 0; i < larger.pixels.size(); ++i) larger.pixels[i] = uint8_t(i * 37 % 251);
    const auto perceived = nlohmann::json::parse(t.run({{{"a", larger}, {"b", larger}}, Config({}, {{"features", network + "alexnet.safetensors"}}), 1}).back().json);
    ASSERT_EQ(perceived.size(), 3u);
    EXPECT_GT(perceived[2]["lpips"].get<double>(), 0);
    EXPECT_EQ(perceived[2]["lpips"], perceived[0]["lpips_bicubic"]);
    EXPECT_FALSE(table[1].contains("lpips"));
    EXPECT_THROW(t.run({{{"a", larger}}, Config({}, {{"features", network + "vgg16.safetensors"}}), 1}), UsageError);
    EXPECT_THROW(t.run({{{"small", data::Picture(6, 20, 3)}}, settings, 1}), UsageError);
  }
}

}  // namespace
}  // namespace ganymede
