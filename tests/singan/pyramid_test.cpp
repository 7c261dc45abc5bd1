// Sizes, ways through the pyramid, tasks on a pyramid of random weights; animations and masks.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/context.h"
#include "gan/data/apng.h"
#include "gan/data/mask.h"
#include "gan/data/picture_file.h"
#include "gan/facts.h"
#include "gan/losses/penalty.h"
#include "gan/metrics/random_features.h"
#include "gan/singan/measures.h"
#include "gan/singan/quantise.h"
#include "gan/singan/recipe.h"
#include "gan/trainer.h"
#include "nn/init.h"
#include "tests/data/run_test_util.h"
#include "tests/support/gradcheck.h"

namespace ganymede::singan {
namespace {

TEST(SinganShape, OfTheSheetsExample) {
  const PyramidShape p = pyramid_shape(188, 250, {});
  ASSERT_EQ(p.finest(), 9);
  EXPECT_NEAR(p.factor, std::pow(25.0 / 188, 1.0 / 9), 1e-12);
  const int64_t expected[] = {25, 32, 40, 49, 62, 77, 97, 121, 151, 188};
  for (int i = 0; i <= 9; ++i) {
    EXPECT_NEAR(double(p.sizes[size_t(i)].height), double(expected[i]), 1) << i;
    EXPECT_EQ(p.sizes[size_t(i)].height, int64_t(std::ceil(188 * std::pow(p.factor, 9 - i) - 1e-9)));
    EXPECT_EQ(p.sizes[size_t(i)].width, int64_t(std::ceil(250 * std::pow(p.factor, 9 - i) - 1e-9)));
  }
}

// Numbers A and B: 500 x 400 has A = ceil(ln(25/400)/ln 0.75) + 1 = 11 and B = ceil(ln(250/500)/ln 0.75) = 3.
TEST(SinganShape, OfAPictureThatIsShrunk) {
  const PyramidShape p = pyramid_shape(500, 400, {});
  EXPECT_EQ(p.finest(), 8);
  EXPECT_EQ(p.shrink, 0.5);
  EXPECT_EQ(p.sizes.back().height, 250);
  EXPECT_EQ(p.sizes.front().width, 25);
  // Super-resolution truncates both numbers: int(9.64) + 1 - int(2.41) = 8 as well, int(10.78) + 1 - int(2.41) = 9.
  EXPECT_EQ(pyramid_shape(500, 400, {18, 250, 0.75, true}).finest(), 9);
  EXPECT_EQ(pyramid_shape(500, 400, {18, 250, 0.75, false}).finest(), 9);
}

TEST(SinganShape, RefusesPicturesThatAreTooSmall) {
  EXPECT_THROW(pyramid_shape(24, 100, {}), UsageError);
  EXPECT_THROW(pyramid_shape(40, 1000, {}), UsageError);  // 10 pixels high once shrunk
}

TEST(SinganShape, NamesScalesBothWays) {
  EXPECT_EQ(scale_name(2, 8), "scale 2 (n = 6)");
  EXPECT_EQ(passes_for(4), 6);
  EXPECT_EQ(passes_for(2), 3);
  EXPECT_EQ(passes_for(1.05), 1);
}

class SinganTasks : public testing::Test {
 protected:
  void make(std::map<std::string, std::string> settings = {}) {
    facts_.size = 20, facts_.width = 26, facts_.channels = 3, facts_.count = 1;
    facts_.read = [](const std::vector<int64_t>&) {
      data::HostBatch host({{"image", {20, 26, 3}, data::Kind::real}}, 1);
      auto v = host.real(0, 0);
      for (size_t i = 0; i < v.size(); ++i) v[i] = float(0.7 * std::sin(0.11 * double(i / 3) + double(i % 3)));
      return host;
    };
    settings.insert({{"width", "4"}, {"min_size", "12"}, {"iterations", "2"}});
    config_ = Config(facts_, settings);
    nn::seed_parameters(1);
    trainer_ = std::make_unique<Trainer>(recipe(config_, {}), TrainerOptions{.batch = 1}, std::vector<data::Field>{}, nullptr);
    while (trainer_->iteration() < trainer_->recipe().steps()) trainer_->step();
  }
  std::vector<Result> apply(const std::string& name, std::map<std::string, std::string> settings, std::vector<NamedPicture> in = {}, int64_t n = 1) {
    const Config c(facts_, std::move(settings));
    std::vector<Result> results;
    for (const Task& t : trainer_->recipe().tasks)
      if (t.name == name) trainer_->sampling(1, [&] { results = t.run({in, c, n}); });
    c.check_all_read();
    EXPECT_FALSE(results.empty()) << name;
    return results;
  }
  double measure(const std::string& name) {
    double x = NAN;
    for (const Measure& m : trainer_->recipe().measures)
      if (m.name == name) trainer_->sampling(1, [&] { x = m.value({4, {}}); });
    return x;
  }
  Tensor kept(const std::string& name) const {
    for (const auto& k : trainer_->recipe().kept)
      if (k.name == name) return k.value;
    return {};
  }
  static data::Picture picture(int64_t h, int64_t w, uint8_t value = 90) { return data::Picture(h, w, 3, value); }
  // White in the top left quarter.
  static data::Picture mask() {
    data::Picture m(20, 26, 1);
    for (int64_t y = 0; y < 5; ++y)
      for (int64_t x = 0; x < 6; ++x) *m.at(y, x) = 255;
    return m;
  }

  ContextScope scope_;
  DataFacts facts_;
  Config config_;
  std::unique_ptr<Trainer> trainer_;
};

TEST_F(SinganTasks, AmplitudesAreThoseOfTheReconstruction) {
  make();
  EXPECT_EQ(kept("amp0").item(), 1);
  EXPECT_EQ(kept("begun").item(), 4);
  for (int i = 1; i <= 3; ++i) EXPECT_NEAR(kept(text("amp", i)).item(), 0.1 * rmse(kept(text("before", i)), kept(text("real", i))), 1e-6);
}

TEST_F(SinganTasks, SamplesAreAnySize) {
  make();
  const auto sizes = apply("size", {{"scale_h", "1.5"}, {"scale_w", "2"}}, {}, 2);
  ASSERT_EQ(sizes.size(), 3u);
  EXPECT_EQ(sizes[0].frames[0].height, 30);
  EXPECT_EQ(sizes[0].frames[0].width, 52);
  EXPECT_NE(sizes[0].frames[0].pixels, sizes[1].frames[0].pixels);
  EXPECT_EQ(apply("size", {{"scale_h", "0.1"}, {"scale_w", "0.05"}})[0].frames[0].width, 1);
  const auto samples = apply("samples", {{"n", "2"}}, {}, 3);
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].name, "sample-scale1-n2-0");
  EXPECT_EQ(samples[0].frames[0].width, 26);
  EXPECT_EQ(apply("samples", {}).size(), 1u);
  EXPECT_THROW(apply("samples", {{"scale", "4"}}), UsageError);
  try {
    apply("paint", {{"n", "3"}}, {{"p", picture(20, 26)}});
    ADD_FAILURE() << "nothing is injected at the coarsest scale";
  } catch (const UsageError& e) {
    EXPECT_STREQ(e.what(), "setting n=3: it must be from -1 to 2; there are scale 1 (n = 2) to scale 3 (n = 0)");
  }
  EXPECT_THROW(apply("samples", {{"scale", "1"}, {"n", "3"}}), UsageError);
}

TEST_F(SinganTasks, SuperResolutionIsExactlyTheFactorLarger) {
  make({{"sr_factor", "2"}, {"min_size", "12"}});
  for (const auto& [factor, height, width] : {std::tuple{"2", 40, 52}, {"3.1", 62, 81}}) {
    const auto r = apply("super-resolution", {{"factor", factor}});
    EXPECT_EQ(r[0].frames[0].height, height);
    EXPECT_EQ(r[0].frames[0].width, width);
  }
  EXPECT_EQ(apply("super-resolution", {{"factor", "2"}}, {{"other", picture(9, 13)}})[0].frames[0].width, 26);
}

TEST_F(SinganTasks, EditingLeavesTheRestAlone) {
  make();
  data::Picture real;
  trainer_->sampling(1, [&] { real = data::to_picture(kept("real3").to_floats().data(), 20, 26, 3); });
  const auto r = apply("editing", {{"scale", "1"}, {"radius", "2"}, {"sigma", "0.5"}}, {{"edit", picture(20, 26)}, {"mask", mask()}});
  ASSERT_EQ(r.size(), 2u);
  EXPECT_EQ(r[0].name, "edit-scale1-n2");
  int inside = 0, outside = 0;
  for (int64_t y = 0; y < 20; ++y)
    for (int64_t x = 0; x < 26; ++x)
      for (int64_t c = 0; c < 3; ++c) {
        const int d = std::abs(r[0].frames[0].at(y, x)[c] - real.at(y, x)[c]);
        if (y < 5 && x < 6) inside += d > 1;
        if (y > 9 || x > 10) outside += d > 0;
      }
  EXPECT_GT(inside, 30);
  EXPECT_EQ(outside, 0);
  EXPECT_THROW(apply("harmonisation", {}, {{"a", picture(20, 26)}, {"m", data::Picture(19, 26, 1, 255)}}), UsageError);
  EXPECT_THROW(apply("harmonisation", {}, {{"a", picture(20, 26)}, {"m", data::Picture(20, 26, 1)}}), UsageError);
  EXPECT_THROW(apply("harmonisation", {}, {{"a", picture(26, 20)}, {"m", data::Picture(26, 20, 1, 255)}}), UsageError);
  EXPECT_EQ(apply("harmonisation", {}, {{"a", picture(40, 52)}, {"m", data::Picture(40, 52, 1, 255)}}).size(), 1u);
}

TEST_F(SinganTasks, NoiseHasAStrength) {
  make();
  const auto pixels = [&](const std::string& task, std::map<std::string, std::string> settings, const std::string& noise) {
    settings["noise"] = noise;
    const bool masked = task == "editing", given = masked || task == "paint" || task == "super-resolution";
    std::vector<NamedPicture> in;
    if (given) in.push_back({"p", picture(20, 26)});
    if (masked) in.push_back({"mask", mask()});
    std::vector<std::vector<uint8_t>> drawn;
    for (uint64_t seed : {1, 2}) {
      const Config c(facts_, settings);
      for (const Task& t : trainer_->recipe().tasks)
        if (t.name == task) trainer_->sampling(seed, [&] { drawn.push_back(t.run({in, c, 1}).at(0).frames.at(0).pixels); });
    }
    return drawn;
  };
  for (const auto& [task, settings] : std::map<std::string, std::map<std::string, std::string>>{
           {"samples", {{"scale", "1"}}}, {"size", {{"scale_w", "1.5"}}}, {"paint", {{"scale", "1"}}}, {"editing", {{"scale", "1"}}}, {"super-resolution", {{"factor", "2"}}}}) {
    const auto none = pixels(task, settings, "0"), some = pixels(task, settings, "1"), much = pixels(task, settings, "10");
    EXPECT_EQ(none[0], none[1]) << task;
    EXPECT_NE(much[0], much[1]) << task;
    EXPECT_NE(much[0], some[0]) << task;
  }
  // Without noise a sample begun above the coarsest scale is the reconstruction.
  std::vector<uint8_t> rebuilt;
  trainer_->sampling(1, [&] { rebuilt = apply("animation", {{"scale", "3"}, {"frames", "2"}})[0].frames[0].pixels; });
  EXPECT_EQ(pixels("samples", {{"scale", "1"}}, "0")[0], rebuilt);
}

// 20 x 26 shrunk to 21 wide is 17 high: rounding up changes the proportions by 5 %, and the picture's own must do.
TEST_F(SinganTasks, TakesPicturesOfTheTrainingPicturesOwnProportions) {
  make({{"max_size", "21"}});
  for (const auto& [h, w] : {std::pair{20, 26}, {17, 21}, {40, 52}}) {
    const auto r = apply("paint", {{"scale", "1"}}, {{"p", picture(h, w)}});
    EXPECT_EQ(r[0].frames[0].height, 17);
    EXPECT_EQ(r[0].frames[0].width, 21);
  }
  try {
    apply("paint", {{"scale", "1"}}, {{"p", picture(26, 20)}});
    ADD_FAILURE() << "a picture of other proportions is taken";
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find("26x20 has other proportions than the training picture, 20x26"), std::string::npos) << e.what();
  }
}

TEST_F(SinganTasks, PaintsWithAndWithoutAPalette) {
  make();
  const auto plain = apply("paint", {{"scale", "1"}}, {{"p", picture(20, 26)}}), few = apply("paint", {{"scale", "1"}, {"quantise", "true"}, {"iterations", "3"}}, {{"p", picture(20, 26)}});
  ASSERT_EQ(plain.size(), 2u);
  ASSERT_EQ(few.size(), 2u);
  EXPECT_NE(plain[0].frames[0].pixels, few[0].frames[0].pixels);
  // The pyramid itself is as before.
  EXPECT_EQ(apply("paint", {{"scale", "1"}}, {{"p", picture(20, 26)}})[0].frames[0].pixels, plain[0].frames[0].pixels);
  EXPECT_THROW(apply("paint", {{"quantise", "true"}}, {{"p", picture(20, 26)}}), UsageError);
}

TEST_F(SinganTasks, AnimationsBeginWithTheReconstruction) {
  for (const char* padding : {"zero", "noise"}) {
    make({{"padding", padding}});
    const auto r = apply("animation", {{"scale", "1"}, {"frames", "5"}, {"fps", "8"}});
    ASSERT_EQ(r[0].frames.size(), 5u);
    EXPECT_EQ(r[0].frames_per_second, 8);
    EXPECT_NE(r[0].frames[1].pixels, r[0].frames[4].pixels);
    // Without motion every frame is the same.
    const auto still = apply("animation", {{"scale", "3"}, {"frames", "3"}, {"alpha", "1"}});
    EXPECT_EQ(still[0].frames[0].pixels, r[0].frames[0].pixels);
    EXPECT_EQ(still[0].frames[2].pixels, r[0].frames[0].pixels);
    EXPECT_EQ(apply("animation", {}).size(), 1u);
  }
}

TEST_F(SinganTasks, MeasuresAreFinite) {
  make();
  for (const Measure& m : trainer_->recipe().measures) EXPECT_TRUE(std::isfinite(measure(m.name)) && measure(m.name) >= 0) << m.name;
  EXPECT_GT(measure("other_noise_rmse"), 0);
  const Values v = values_of(kept("real3"));
  EXPECT_EQ(nearest_patch(v, v), 0);
  EXPECT_GT(measure("nearest_patch_shuffled"), 0.1);   // all of its colours, none of its patches
  EXPECT_NE(measure("nearest_patch_1"), measure("nearest_patch"));
  EXPECT_NE(measure("nearest_patch_2"), measure("nearest_patch_1"));
  EXPECT_NEAR(metrics::random_feature_distance(kept("real3"), kept("real3")), 0, 1e-6);
}

// A checkpoint holds all that enter() computed: going on from the second scale ends with the same bits.
TEST_F(SinganTasks, StateOfTheSecondScaleIsComplete) {
  make({{"iterations", "4"}});
  std::vector<std::vector<double>> saved;
  const auto fresh = [&] {
    nn::seed_parameters(1);
    return std::make_unique<Trainer>(recipe(config_, {}), TrainerOptions{.batch = 1}, std::vector<data::Field>{}, nullptr);
  };
  auto a = fresh();
  while (a->iteration() < 6) a->step();
  for (const auto& t : a->state()) saved.push_back(t.value.dtype() == DType::i64 ? std::vector<double>{} : t.value.to_doubles());
  auto b = fresh();
  b->prepare_resume(6);
  const auto from = a->state(), to = b->state();
  ASSERT_EQ(from.size(), to.size());
  for (size_t i = 0; i < from.size(); ++i) assign(to[i].value, from[i].value);
  b->resume_at(6);
  while (a->iteration() < 13) a->step(), b->step();
  const auto x = a->state(), y = b->state();
  ASSERT_EQ(x.size(), y.size());
  for (size_t i = 0; i < x.size(); ++i)
    if (is_floating(x[i].value.dtype())) EXPECT_EQ(x[i].value.to_doubles(), y[i].value.to_doubles()) << x[i].name;
}

// Scale 1 begins where scale 0 ended; scale 4 is twice as wide and begins afresh.
TEST_F(SinganTasks, ScalesBeginWithTheWeightsBelowWhereTheyFit) {
  make({{"iterations", "1"}, {"factor", "0.95"}});
  const auto net = [&](const std::string& name) {
    for (const nn::Net& n : trainer_->recipe().nets)
      if (n.name() == name) return n;
    return nn::Net{};
  };
  const auto weights = [&](const std::string& name) { return net(name).flat().to_doubles(); };
  ASSERT_TRUE(net("G4"));
  EXPECT_GT(net("G4").parameter_count(), 3 * net("G3").parameter_count());
  for (const std::string n : {"G", "D"}) {
    const auto wide = weights(n + "4");
    trainer_->enter(4);
    EXPECT_EQ(weights(n + "4"), wide);
    trainer_->enter(1);
    EXPECT_EQ(weights(n + "1"), weights(n + "0"));
    for (size_t i = 0; i < net(n + "1").buffers().size(); ++i) EXPECT_EQ(net(n + "1").buffers()[i].value.to_doubles(), net(n + "0").buffers()[i].value.to_doubles());
    trainer_->step();
    EXPECT_NE(weights(n + "1"), weights(n + "0"));
  }
}

// Double backward through convolutions, batch norm by the batch's statistics and leaky ReLU.
TEST(SinganPenalty, HasTheGradientOfItsDifferences) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(5);
  const nn::Net D("D", nets::singan_discriminator(3, 3));
  const Tensor u = test::random_tensor({1, 13, 14, 3}, 1, -1, 1);
  const auto value = [&] { return penalty_at(D, u, 1, NormOver::pixel).item(); };
  Tensors found;
  {
    nn::Moving moving({D});
    found = grad(Tensors{penalty_at(D, u, 1, NormOver::pixel)}, D.leaves(), {}, Record::off);
  }
  double error = 0, norm = 0;
  for (size_t i = 0; i < D.parameters().size(); ++i) {
    const Tensor& p = D.parameters()[i].value;
    std::vector<double> v = p.to_doubles();
    const std::vector<double> g = found[i] ? found[i].to_doubles() : std::vector<double>(v.size());
    for (size_t k = 0; k < v.size(); k += 5) {
      const double old = v[k], step = 1e-7;  // small, so that no activation crosses its kink
      double side[2];
      for (const int s : {0, 1}) {
        v[k] = old + (s ? step : -step);
        assign(p, tensor(v, p.shape(), p.dtype(), p.device()));
        side[s] = value();
      }
      v[k] = old;
      assign(p, tensor(v, p.shape(), p.dtype(), p.device()));
      const double numeric = (side[1] - side[0]) / (2 * step);
      error += (numeric - g[k]) * (numeric - g[k]), norm += numeric * numeric;
    }
  }
  EXPECT_GT(norm, 0);
  EXPECT_LT(std::sqrt(error / norm), 1e-4);
}

TEST(Quantise, FindsTheColoursOfAPicture) {
  ContextScope scope;
  context().dtype = DType::f64;
  const std::vector<double> v{-1, -1, 0.5, 0.5, -0.9, -0.9, 0.6, 0.6};
  const Tensor x = tensor(v, {1, 2, 2, 2}, DType::f64, Device{});
  const Palette p = palette_of(x, 2);
  ASSERT_EQ(p.size(), 2u);
  const std::vector<double> y = quantised(x, p).to_doubles(), expected{-0.95, -0.95, 0.55, 0.55, -0.95, -0.95, 0.55, 0.55};
  for (size_t i = 0; i < y.size(); ++i) EXPECT_NEAR(y[i], expected[i], 1e-12);
  EXPECT_EQ(palette_of(x, 9).size(), 4u);
}

TEST(Animation, IsAPngThatOthersReadAsItsFirstFrame) {
  data::Picture a(3, 4, 3, 10), b(3, 4, 3, 200);
  const auto bytes = data::encode_apng({a, b, a}, 12.5);
  const std::string s(bytes.begin(), bytes.end());
  EXPECT_NE(s.find(std::string("acTL\0\0\0\3\0\0\0\0", 12)), std::string::npos);
  size_t frames = 0;
  for (size_t at = s.find("fcTL"); at != std::string::npos; at = s.find("fcTL", at + 1)) ++frames;
  EXPECT_EQ(frames, 3u);
  // 800 / 10000 of a second.
  EXPECT_NE(s.find(std::string("\x03\x20\x27\x10", 4)), std::string::npos);
  const run::TemporaryFolder folder;
  const std::string path = (folder / "a.png").string();
  data::write_animation(path, {a, b, a}, 12.5);
  EXPECT_EQ(data::read_picture(path).pixels, a.pixels);
  EXPECT_THROW(data::encode_apng({a, data::Picture(3, 5, 3)}, 10), Error);
  EXPECT_THROW(data::encode_apng({a}, 0), Error);
  EXPECT_THROW(data::encode_apng({}, 10), Error);
}

TEST(SoftMask, FadesFromWhiteToBlack) {
  data::Picture m(40, 40, 1);
  *m.at(20, 20) = 255;
  const auto hard = data::soft_mask(m, 3, 0);
  const auto at = [](const std::vector<float>& v, int64_t y, int64_t x) { return v[size_t(y * 40 + x)]; };
  EXPECT_EQ(at(hard, 20, 23), 1);
  EXPECT_EQ(at(hard, 20, 24), 0);
  EXPECT_EQ(at(hard, 22, 22), 1);  // a disk: 2^2 + 2^2 <= 3^2 < 3^2 + 1
  EXPECT_EQ(at(hard, 23, 21), 0);
  const auto soft = data::soft_mask(m, 3, 2);
  EXPECT_EQ(at(soft, 20, 20), 1);
  EXPECT_GT(at(soft, 20, 24), at(soft, 20, 26));
  EXPECT_EQ(at(soft, 0, 0), 0);
  EXPECT_THROW(data::soft_mask(data::Picture(4, 4, 1), 3, 1), UsageError);
}

}  // namespace
}  // namespace ganymede::singan
