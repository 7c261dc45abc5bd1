// Perceptual losses: the networks' sizes against the paper's tables, the style that is kept, the task and measures, and both kinds of data.
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/ops.h"
#include "gan/data/png.h"
#include "gan/nets/johnson.h"
#include "gan/nets/vgg.h"
#include "gan/parts/style_picture.h"
#include "gan/uses/stylise.h"
#include "gan/uses/super_resolution.h"
#include "nn/init.h"
#include "nn/losses.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/places.h"

namespace ganymede::test {
namespace {

class PerceptualLosses : public testing::Test {
 protected:
  void SetUp() override { context().device = Device{}, context().dtype = DType::f64, seed(4); }
  ContextScope scope_;
};

// Sizes of what the layers of a kind make, in order.
std::vector<int64_t> sides(const nn::LayerTrace& trace, const std::vector<std::string>& kinds) {
  std::vector<int64_t> out;
  for (const nn::TracedLayer& l : trace.layers)
    for (const std::string& kind : kinds)
      if (l.name.starts_with(kind)) out.push_back(l.output[1]);
  return out;
}

TEST_F(PerceptualLosses, TheStyliserHasThePapersSizes) {
  context().device = {DeviceType::plan, 0};
  const nn::Net f("f", nets::styliser({}));
  nn::LayerTrace trace;
  EXPECT_EQ(f(zeros({1, 256, 256, 3})).shape(), Shape({1, 256, 256, 3}));
  EXPECT_EQ(sides(trace, {"pad", "deconv"}), (std::vector<int64_t>{336, 128, 256}));
  EXPECT_EQ(sides(trace, {"block"}), (std::vector<int64_t>{80, 76, 72, 68, 64}));
  EXPECT_EQ(nets::styliser_border(5), 40);
  // Convolutions, their norms' two numbers a channel, and the bias of the last.
  const int64_t weights = 81 * 3 * 32 + 9 * 32 * 64 + 9 * 64 * 128 + 10 * 9 * 128 * 128 + 9 * 128 * 64 + 9 * 64 * 32 + 81 * 32 * 3 + 3;
  EXPECT_EQ(f.parameter_count(), weights + 2 * (32 + 64 + 128 + 10 * 128 + 64 + 32));
}

TEST_F(PerceptualLosses, TheUpscalersHaveTheSupplementsSizes) {
  context().device = {DeviceType::plan, 0};
  EXPECT_EQ(nn::Net("f", nets::upscaler({.scale = 4}))(zeros({1, 72, 72, 3})).shape(), Shape({1, 288, 288, 3}));
  const nn::Net f("f", nets::upscaler({.scale = 8}));
  nn::LayerTrace trace;
  EXPECT_EQ(f(zeros({1, 36, 36, 3})).shape(), Shape({1, 288, 288, 3}));
  EXPECT_EQ(sides(trace, {"block", "deconv"}), (std::vector<int64_t>{36, 36, 36, 36, 72, 144, 288}));
  const int64_t weights = 2 * 81 * 3 * 64 + 3 + (2 * 4 + 3) * 9 * 64 * 64;
  EXPECT_EQ(f.parameter_count(), weights + 2 * 64 * (1 + 2 * 4 + 3));
  EXPECT_FALSE(nets::upscaler_enlarges(3));
}

TEST_F(PerceptualLosses, TheLossNetworkHasFourMaps) {
  context().device = {DeviceType::plan, 0};
  const Tensors maps = nn::Net("vgg", nets::vgg_convolutions(16, 4))(Tensors{zeros({1, 256, 256, 3})});
  ASSERT_EQ(maps.size(), 4u);
  for (size_t j = 0; j < 4; ++j) EXPECT_EQ(maps[j].shape(), Shape({1, 256 >> j, 256 >> j, 64 << j}));
}

// Half a picture's width is lost on each side of a block, and the shortcut loses as much.
TEST_F(PerceptualLosses, AShortcutIsCutInTheMiddle) {
  const nn::Net f("f", nn::residual(nn::sequential({nn::conv(2, 2, {.weight = nn::init::zero()}), nn::conv(2, 2, {.weight = nn::init::zero()})}), nn::crop_border(2)));
  const Tensor x = uniform({1, 7, 9, 2}, -1, 1);
  EXPECT_EQ(f(x).to_doubles(), slice(slice(x, 1, 2, 5), 2, 2, 7).to_doubles());
}

std::string written(const std::string& name, const data::Picture& p) {
  const std::string path = (std::filesystem::temp_directory_path() / name).string();
  data::write_png(path, p);
  return path;
}

TEST_F(PerceptualLosses, AStyleIsScaledByItsShorterSide) {
  const std::string file = written("ganymede_style.png", data::Picture(40, 60, 3, 200)), small = written("ganymede_small_style.png", data::Picture(15, 60, 3));
  EXPECT_EQ(style_picture(file, 20, 3).shape(), Shape({1, 20, 30, 3}));
  EXPECT_EQ(style_picture(file, 20, 1).shape(), Shape({1, 20, 30, 1}));
  EXPECT_EQ(style_picture("", 24, 3).shape(), Shape({1, 24, 24, 3}));
  EXPECT_THROW(style_picture(small, 20, 3), UsageError);
  for (const double v : style_picture(file, 20, 3).to_doubles()) EXPECT_NEAR(v, 200 / 127.5 - 1, 1e-6);
  std::filesystem::remove(file), std::filesystem::remove(small);
}

// What is kept are the Gram matrices of the file's picture, by the network that the model holds.
TEST_F(PerceptualLosses, TheStyleIsKeptAsItsGramMatrices) {
  const std::string file = written("ganymede_kept_style.png", mosaic(32));
  TinyModel m{.model = "perceptual-losses", .settings = {{"style", file}}, .dtype = DType::f64, .channels = 3};
  Tiny t(m);
  const Recipe& r = t->recipe();
  const nn::Net& vgg = r.nets.at(1);
  ASSERT_EQ(vgg.name(), "vgg");
  const Tensors maps = vgg(Tensors{nets::imagenet_normaliser(DType::f64, Device{})(style_picture(file, 16, 3))});
  for (size_t j = 0; j < 4; ++j) {
    ASSERT_EQ(r.kept.at(j).name, text("gram", j + 1));
    EXPECT_EQ(r.kept[j].value.to_doubles(), nn::gram_matrix(maps[j]).to_doubles()) << j;
  }
  std::filesystem::remove(file);
}

Recipe recipe(const std::map<std::string, std::string>& settings, int64_t side = 16, bool trains = true) {
  DataFacts facts;
  facts.size = facts.width = side, facts.channels = facts.input_channels = 3;
  std::map<std::string, std::string> all{{"width", "2"}, {"blocks", "1"}, {"style_size", "16"}};
  if (!settings.count("vgg")) all["vgg_divisor"] = "16";
  for (const auto& [k, v] : settings) all[k] = v;
  Config c(facts, all);
  c.batch = 2, c.trains = trains;
  const Recipe r = perceptual_losses(c);
  c.check_all_read();
  return r;
}

TEST_F(PerceptualLosses, WrongSettingsAreRefused) {
  EXPECT_NO_THROW(recipe({}));
  EXPECT_THROW(recipe({}, 18), UsageError);                        // no multiple of 4
  EXPECT_THROW(recipe({{"blocks", "2"}}), UsageError);             // reflects 16 px of 16
  EXPECT_THROW(recipe({{"vgg_divisor", "3"}}), UsageError);
  EXPECT_THROW(recipe({{"style", "no/such/file.png"}}), Error);
  EXPECT_NO_THROW(recipe({{"style", "no/such/file.png"}}, 16, false));   // a checkpoint brings the style
}

TEST_F(PerceptualLosses, FeaturesComeFromAFile) {
  context().dtype = DType::f32;
  const std::string folder = source_dir() + "/tests/cases/metrics_features/";
  const Recipe r = recipe({{"vgg", folder + "vgg16.safetensors"}});
  EXPECT_EQ(r.nets.size(), 1u);                                    // a file's weights are not saved with the model
  const Recipe used = recipe({{"vgg", folder + "vgg16.safetensors"}}, 16, false);
  for (size_t j = 0; j < 4; ++j) EXPECT_EQ(r.kept[j].value.shape(), used.kept[j].value.shape());
  EXPECT_THROW(recipe({{"vgg", folder + "vgg19.safetensors"}}), UsageError);
  EXPECT_THROW(recipe({{"vgg", "no/such/file.safetensors"}}), Error);
  // A trained network needs no VGG; what it keeps is as wide as the public one makes it.
  const Recipe without = recipe({{"vgg", "no/such/file.safetensors"}}, 16, false);
  for (size_t j = 0; j < 4; ++j) EXPECT_EQ(without.kept[j].value.shape(), Shape({1, int64_t{64} << j, int64_t{64} << j}));
}

double measured(const Recipe& r, const std::string& name, const Tensor& x) {
  for (const Measure& m : r.measures)
    if (m.name == name) return m.value({2, [&](const std::function<void(const Batch&)>& look) { look({x.dim(0), {{"image", x}}}); }});
  ADD_FAILURE() << "no measure " << name;
  return 0;
}

// A map that changes nothing keeps the content and leaves the style.
TEST_F(PerceptualLosses, TheIdentityTransfersNothing) {
  Recipe r;
  StyleTransfer t{.name = "same", .border = 8, .picture = zeros({1, 16, 16, 3})};
  t.map = [](const Tensor& x) {   // as networks that halve twice and double twice
    EXPECT_EQ(x.dim(1) % 4, 0);
    EXPECT_EQ(x.dim(2) % 4, 0);
    return x;
  };
  t.content = [](const Tensor& y, const Tensor& x) { return mean(square(y - x)); };
  t.style = [](const Tensor& y) { return mean(square(y)); };
  add_style_transfer_uses(r, t);
  const Tensor x = uniform({2, 16, 16, 3}, -1, 1);
  EXPECT_EQ(measured(r, "content", x), 0);
  EXPECT_EQ(measured(r, "style_left", x), 1);
  EXPECT_EQ(measured(r, "style", x), measured(r, "style_picture", x));
  ASSERT_EQ(r.tasks.size(), 1u);
  const data::Picture odd(17, 30, 3, 90);
  const auto results = r.tasks[0].run({{{"odd", odd}}, Config{}, 1});
  ASSERT_EQ(results.size(), 1u);
  EXPECT_EQ(results[0].name, "odd");
  EXPECT_EQ(results[0].frames.at(0).pixels, odd.pixels);           // any size, cut back to it
  EXPECT_THROW(r.tasks[0].run({{{"small", data::Picture(8, 30, 3)}}, Config{}, 1}), UsageError);
}

// The other kind of data: low and high pictures.
TEST_F(PerceptualLosses, EnlargesByFeaturesOrPixels) {
  for (const std::string loss : {"features", "pixels"}) {
    TinyModel m{.model = "perceptual-losses", .settings = {{"loss", loss}}, .without = {"style_size"}, .size = 24, .data = "shapes:sr,scale=4"};
    if (loss == "pixels") m.without.insert("vgg_divisor");
    const auto after = [](const TinyModel& model) {
      Tiny t(model);
      for (int i = 0; i < 4; ++i) t->step();
      return t.state();
    };
    TinyModel eager = m;
    eager.capture = false;
    EXPECT_EQ(after(m), after(eager)) << loss;
    m.dtype = DType::f64;
    Tiny t(m);
    const auto before = t.state();
    t->step();
    const auto now = t.state();
    for (const auto& p : t->recipe().nets[0].parameters()) EXPECT_NE(before.at("f." + p.name), now.at("f." + p.name)) << p.name;
    EXPECT_EQ(t->recipe().nets.size(), loss == "features" ? 2u : 1u);
  }
  TinyModel three{.model = "perceptual-losses", .without = {"style_size"}, .size = 24, .data = "shapes:sr,scale=3"};
  EXPECT_THROW(Tiny{three}, UsageError);
}

}  // namespace
}  // namespace ganymede::test
