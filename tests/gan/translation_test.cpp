// The networks and the pool of models that translate pictures, and what they are used with.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/dataset.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/nets/patch_discriminator.h"
#include "gan/parts/lab.h"
#include "gan/parts/pool.h"
#include "gan/uses/translate.h"
#include "nn/init.h"
#include "nn/net.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/difference.h"

namespace ganymede {
namespace {

using test::furthest;


TEST(PatchDiscriminator, HasTheMapsAndFieldsOfThePaper) {
  ContextScope scope;
  context().device = {DeviceType::plan, 0};
  const int64_t maps[] = {256, 126, 62, 30, 14, 6};
  const int fields[] = {1, 16, 34, 70, 142, 286};
  for (int n = 0; n <= 5; ++n) {
    const nn::Net D("D", nets::patch_discriminator({.in = 6, .width = 4, .halvings = n}));
    EXPECT_EQ(D(zeros({1, 256, 256, 6})).dim(1), maps[n]);
    EXPECT_EQ(nets::patch_map(256, n), maps[n]);
    EXPECT_EQ(nets::receptive_field(n), fields[n]);
  }
}

// Without norms, a pixel changes the outputs that see it and no others.
TEST(PatchDiscriminator, SeesItsFieldAndNoMore) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(1);
  const int n = 2, field = nets::receptive_field(n);
  const nn::Net D("D", nets::patch_discriminator({.in = 1, .width = 2, .halvings = n, .norm = {nn::NormKind::none, false}}));
  const Tensor x = zeros({1, 64, 64, 1}), y = zeros({1, 64, 64, 1});
  std::vector<double> pixels(64 * 64, 0.0);
  const int64_t at = 31;
  pixels[size_t(at * 64 + at)] = 1;
  assign(y, tensor(pixels, y.shape(), DType::f64, y.device()));
  const auto change = (D(y) - D(x)).to_doubles();
  const int64_t side = nets::patch_map(64, n);
  for (int64_t i = 0; i < side; ++i)
    for (int64_t j = 0; j < side; ++j) {
      // Output i begins at pixel 4 i - (1 + 2 + 4 + 4) of the picture.
      const auto sees = [&](int64_t o) { return at >= 4 * o - 11 && at < 4 * o - 11 + field; };
      EXPECT_EQ(change[size_t(i * side + j)] != 0, sees(i) && sees(j)) << i << " " << j;
    }
}

TEST(Unet, BatchNormOfOnePictureIsInstanceNorm) {
  ContextScope scope;
  context().dtype = DType::f64;
  const auto make = [](nn::NormKind kind) { return nn::Net("G", nets::unet({.in = 1, .out = 1, .width = 2, .halvings = 3, .norm = {kind, true}, .dropout = 0})); };
  nn::seed_parameters(1);
  const nn::Net by_batch = make(nn::NormKind::batch), by_picture = make(nn::NormKind::instance);
  for (const auto& p : by_batch.parameters())
    for (const auto& q : by_picture.parameters())
      if (p.name == q.name) assign(q.value, p.value);
  seed(1);
  const Tensor x = randn({1, 16, 16, 1});
  EXPECT_LT(furthest(by_batch(x), by_picture(x)), 1e-12);
}

TEST(Unet, RefusesOtherSizesAndCountsItsLevels) {
  EXPECT_EQ(nets::halvings_of(256, 256), 8);
  EXPECT_EQ(nets::halvings_of(512, 512), 8);
  EXPECT_EQ(nets::halvings_of(64, 96), 5);
  EXPECT_THROW(nets::halvings_of(30, 30), UsageError);
  nn::seed_parameters(1);
  const nn::Net G("G", nets::unet({.in = 1, .out = 1, .width = 2, .halvings = 3}));
  EXPECT_THROW(G(zeros({1, 12, 16, 1})), Error);
}

TEST(Translated, PadsAnySizeAndCutsBack) {
  seed(1);
  const auto identity = [](const Tensor& x) {
    EXPECT_EQ(x.dim(1) % 8, 0);
    EXPECT_EQ(x.dim(2) % 8, 0);
    return x;
  };
  for (const auto& [h, w] : {std::pair{8, 16}, {9, 15}, {21, 2}, {1, 1}}) {
    const Tensor x = randn({1, h, w, 3});
    const Tensor y = translated({identity, 3, 8}, x);
    EXPECT_EQ(y.shape(), x.shape());
    EXPECT_EQ(furthest(x, y), 0);
  }
}

// Full after `size` pictures, then about half of the answers are old ones, each of which was given before.
TEST(ImagePool, FillsThenMixes) {
  Recipe r;
  const ImagePool pool(r, "pool", 4, Shape{1, 1, 1});
  seed(3);
  int old = 0;
  std::vector<double> inside;
  for (int i = 0; i < 204; ++i) {
    set_random_position(uint32_t(i), 7);
    const double given = i + 1, got = pool.query(full({1, 1, 1, 1}, given)).item();
    if (i < 4) {
      EXPECT_EQ(got, given);
      inside.push_back(given);
    } else if (got != given) {
      ++old;
      const auto found = std::find(inside.begin(), inside.end(), got);
      ASSERT_NE(found, inside.end()) << got;
      *found = given;
    }
    for (size_t k = 0; k < inside.size(); ++k) EXPECT_EQ(r.kept[0].value.to_doubles()[k], inside[k]);
  }
  EXPECT_NEAR(old, 100, 30);
}

// By the means over the batch: other samples of the same means are no farther.
TEST(MeanFeatureDistance, IsOfMeansOverTheBatch) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(2);
  const Tensor x = randn({3, 2, 2, 4}), y = randn({3, 5}), turned = roll(x, 1, 0);
  EXPECT_LT(mean_feature_distance({x, y}, {turned, y}).item(), 1e-30);
  EXPECT_NEAR(mean_feature_distance({x, y}, {turned + 0.5, y - 2.0}).item(), 0.25 + 4, 1e-12);
  EXPECT_THROW(mean_feature_distance({x}, {x, y}), Error);
}

TEST(FallingRate, IsConstantThenFallsToNothing) {
  Config c;
  c.steps = 200;
  const nn::Optim o = falling_rate(nn::adam(2e-4), c, 0.5);
  EXPECT_EQ(o.schedule.factor(100), 1);
  EXPECT_NEAR(o.schedule.factor(150), 0.5, 0.02);
  EXPECT_NEAR(o.schedule.factor(199), 0, 0.02);
  EXPECT_EQ(falling_rate(nn::adam(2e-4), c, 1).schedule.factor(199), 1);
}

const Task& task_of(const Recipe& r, const std::string& name) {
  for (const Task& t : r.tasks)
    if (t.name == name) return t;
  throw Error("no task " + name);
}
NamedPicture plain(const std::string& name, int64_t h, int64_t w, int64_t channels) {
  NamedPicture p{name, data::Picture(h, w, channels)};
  for (size_t i = 0; i < p.picture.pixels.size(); ++i) p.picture.pixels[i] = uint8_t(i * 37);
  return p;
}

TEST(TranslateTask, KeepsNamesAndSizesAndDropoutIsItsNoise) {
  test::Tiny t({"pix2pix"});
  const Config settings(t.config().data, {});
  std::vector<Result> made, again, scored;
  t->sampling(1, [&] {
    made = task_of(t->recipe(), "translate").run({{plain("one", 16, 16, 3), plain("two", 21, 35, 1)}, settings, 1});
    again = task_of(t->recipe(), "translate").run({{plain("one", 16, 16, 3)}, settings, 2});
    scored = task_of(t->recipe(), "score").run({{plain("x", 24, 16, 1), plain("y", 24, 16, 1)}, settings, 1});
  });
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].name, "one");
  EXPECT_EQ(made[1].frames[0].height, 21);
  EXPECT_EQ(made[1].frames[0].width, 35);
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[1].name, "one_2");
  EXPECT_NE(again[0].frames[0].pixels, again[1].frames[0].pixels);
  EXPECT_EQ(scored[0].name, "y");
  EXPECT_EQ(scored[0].frames[0].height, 24);

  test::Tiny quiet({"pix2pix", {{"dropout", "0"}}});
  quiet->sampling(1, [&] { again = task_of(quiet->recipe(), "translate").run({{plain("one", 16, 16, 3)}, settings, 2}); });
  EXPECT_EQ(again[0].frames[0].pixels, again[1].frames[0].pixels);
}

TEST(TranslateTask, NamesThePictureThatDoesNotFit) {
  test::Tiny t({"cyclegan"});
  const Config settings(t.config().data, {});
  t->sampling(1, [&] {
    for (const char* task : {"translate", "score"}) {
      try {
        task_of(t->recipe(), task).run({{plain("large", 24, 24, 1), plain("small", 3, 2, 1)}, settings, 1});
        ADD_FAILURE() << task;
      } catch (const UsageError& e) {
        EXPECT_EQ(std::string(e.what()).find("small: 2x3 pixels do not fit this network (conv2d: "), 0u) << e.what();
      }
    }
  });
}

// In Lab a network makes two colours for the lightness that it is given, which its pictures keep.
TEST(Direction, InLabPicturesKeepTheirLightness) {
  for (const char* model : {"pix2pix", "bicyclegan"}) {
    test::Tiny t({.model = model, .settings = {{"colours", "lab"}}, .channels = 3}), rgb({.model = model, .channels = 3});
    t->step(), rgb->step();
    EXPECT_NE(t->values(), rgb->values()) << model;
    for (const auto& [name, value] : t->values()) EXPECT_TRUE(std::isfinite(value)) << model << " " << name;
    const Config settings(t.config().data, {});
    std::vector<Result> made;
    t->sampling(1, [&] { made = task_of(t->recipe(), "translate").run({{plain("grey", 17, 22, 1)}, settings, 1}); });
    const data::Picture& p = made.at(0).frames.at(0);
    ASSERT_EQ(p.channels, 3);
    const NamedPicture grey = plain("grey", 17, 22, 1);
    const auto tensor_of = [](const data::Picture& q) {
      std::vector<float> v(q.pixels.size());
      data::to_float(q, v.data());
      return tensor(v, Shape{1, q.height, q.width, q.channels}, context().dtype, context().device);
    };
    // Colours of a network that has hardly learned are faint, so that few are clipped.
    EXPECT_LT(mean(abs(lightness(tensor_of(p)) - lightness(tensor_of(grey.picture)))).item(), 0.02) << model;
  }
  EXPECT_THROW(test::Tiny({.model = "pix2pix", .settings = {{"colours", "lab"}}}).config().check_all_read(), UsageError);
}

TEST(StyleTasks, DrawManyAndTakeAStyle) {
  test::Tiny t({"bicyclegan"});
  const Config none(t.config().data, {}), sync(t.config().data, {{"sync", "true"}});
  std::vector<Result> many, same, styled;
  t->sampling(1, [&] {
    const std::vector<NamedPicture> twice{plain("p", 16, 16, 1), plain("q", 16, 16, 1)};
    many = task_of(t->recipe(), "translate").run({twice, none, 3});
    same = task_of(t->recipe(), "translate").run({twice, sync, 3});
    styled = task_of(t->recipe(), "style").run({{plain("style", 40, 20, 1), plain("p", 19, 16, 1)}, none, 1});
  });
  ASSERT_EQ(many.size(), 6u);
  EXPECT_EQ(same[0].frames[0].pixels, same[3].frames[0].pixels);
  EXPECT_EQ(styled.at(0).name, "p");
  EXPECT_EQ(styled[0].frames[0].height, 19);
}

// What BicycleGAN's code term finds for the encoder is left alone: its gradients are those of the other terms.
TEST(BicycleGan, TheCodeTermLeavesTheEncoderAlone) {
  const auto moments = [](const char* weight) {
    test::Tiny t({"bicyclegan", {{"lambda_z", weight}}});
    t->step();
    const auto state = t.state();
    return std::pair{state.at("optimizer.generator.E.m"), state.at("optimizer.generator.G.m")};
  };
  const auto with = moments("0.5"), without = moments("0");
  EXPECT_EQ(with.first, without.first);
  EXPECT_NE(with.second, without.second);
}

// A check of every method: it trains, resumes its own way and every network it makes moves.
TEST(BicycleGan, EveryMethodTrains) {
  for (const char* method : {"pix2pix+noise", "cae-gan", "cvae-gan", "cvae-gan++", "clr-gan"}) {
    test::Tiny t({"bicyclegan", {{"method", method}}});
    const auto before = t.state();
    for (int i = 0; i < 2; ++i) t->step();
    for (const auto& [name, value] : t->values()) EXPECT_TRUE(std::isfinite(value)) << method << " " << name;
    const auto now = t.state();
    for (const nn::Net& n : t->recipe().nets)
      for (const auto& p : n.parameters()) {
        const std::string name = n.name() + "." + p.name;
        const auto& still = t->recipe().without_gradient;
        EXPECT_EQ(before.at(name) == now.at(name), std::find(still.begin(), still.end(), name) != still.end()) << method << " " << name;
      }
  }
}

TEST(Specification, AugmentsTrainingOnly) {
  data::Options o;
  o.size = 16;
  const std::string wanted = "load=20+mirror+shapes:pairs,count=4";
  const auto train = data::open_dataset(wanted, o);
  EXPECT_NE(train->describe().find("flipped at random, cut at random from 20"), std::string::npos) << train->describe();
  o.split = data::Split::test;
  EXPECT_EQ(data::open_dataset(wanted, o)->describe(), data::open_dataset("shapes:pairs,count=4", o)->describe());
  for (const char* wrong : {"load=20", "load=+shapes", "load=x+shapes", "load=8+shapes", "load=999999+shapes"}) {
    o.split = data::Split::train;
    EXPECT_THROW(data::open_dataset(wrong, o), UsageError) << wrong;
  }
}

TEST(DiscoGan, SaysWhatItsSettingsLack) {
  test::Tiny t({"discogan", {{"method", "recongan"}}});
  const Config back(t.config().data, {{"direction", "BtoA"}});
  t->sampling(1, [&] {
    task_of(t->recipe(), "translate").run({{plain("one", 21, 35, 1)}, back, 1});
    EXPECT_THROW(task_of(t->recipe(), "score").run({{plain("one", 16, 16, 1)}, back, 1}), UsageError);
  });
  EXPECT_THROW(test::Tiny({"discogan", {}, {}, 24}), UsageError);
}

// Everything of a critic, gains of norms included, after each of its steps; G's own weights are free.
TEST(DualGan, CriticsStayWithinTheBound) {
  const double c = 0.02;
  test::Tiny t({"dualgan", {{"objective", "wgan"}, {"clip", text(c)}, {"rate", "0.01"}}});
  double freest = 0;
  for (int i = 0; i < 4; ++i) {
    t->step();
    for (const nn::Net& net : t->recipe().nets)
      for (const auto& p : net.parameters()) {
        const double most = max(abs(p.value)).item();
        if (net.name().starts_with("D_")) EXPECT_LE(most, c * (1 + 1e-6)) << net.name() << "." << p.name;
        else freest = std::max(freest, most);
      }
  }
  EXPECT_GT(freest, c);
}

TEST(DualGan, DropoutIsItsNoise) {
  const auto twice = [](const std::map<std::string, std::string>& settings) {
    test::Tiny t({"dualgan", settings});
    std::pair<std::vector<float>, std::vector<float>> made;
    t->step();
    t->sampling(1, [&] {
      const Batch& b = t->batch();
      made.first = t->recipe().sample(2, b).to_floats(), made.second = t->recipe().sample(2, b).to_floats();
    });
    return made;
  };
  const auto noisy = twice({}), quiet = twice({{"test", "quiet"}}), none = twice({{"dropout", "0"}});
  EXPECT_NE(noisy.first, noisy.second);
  EXPECT_EQ(quiet.first, quiet.second);
  EXPECT_EQ(none.first, none.second);
}

TEST(DualGan, SaysHowDeepItsCriticsGo) {
  EXPECT_THROW(test::Tiny({"dualgan", {{"d_layers", "4"}}}), UsageError);  // one place is left of 16 pixels
  EXPECT_NO_THROW(test::Tiny({"dualgan", {{"d_layers", "3"}}}));
}

}  // namespace
}  // namespace ganymede
