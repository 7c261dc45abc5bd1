// What SPADE promises beyond the tests that every model passes.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/ops.h"
#include "gan/nets/spade.h"
#include "gan/parts/label_map.h"
#include "gan/pictures.h"
#include "tests/gan/model_fixture.h"
#include "tests/support/gradcheck.h"

namespace ganymede {
namespace {

Tensor map_of(const std::vector<int64_t>& numbers, const Shape& shape) { return tensor(numbers, shape, Device{}); }

// The sizes of the authors' networks for COCO-Stuff, whose 184 planes hold the edges of objects too: 97.5 million in G.
TEST(Spade, NetworksAreAsPublished) {
  nn::Layer g = nets::spade_generator({.labels = 184}), d = nets::spade_judges({.labels = 184, .layers = 4}, 2), e = nets::spade_encoder({});
  EXPECT_EQ(nn::parameter_count(*g), 97480899);
  EXPECT_EQ(nn::parameter_count(*d), 5904514);
  EXPECT_EQ(nn::parameter_count(*e), 10463424);
}

TEST(Spade, DoublingsLeadFromTheFirstMapsToThePicture) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(1);
  for (const int doublings : {1, 2, 3, 4, 5, 6}) {
    const int64_t unit = int64_t{1} << doublings;
    nn::seed_parameters(1);
    const nn::Net G("G", nets::spade_generator({.labels = 3, .channels = 2, .width = 1, .doublings = doublings, .hidden = 2}));
    EXPECT_EQ(G(test::random_tensor({1, 2 * unit, unit, 3}, 1)).shape(), (Shape{1, 2 * unit, unit, 2}));
    int blocks = 0;
    for (const auto& p : G.parameters()) blocks += p.name.ends_with("main.conv1.weight");
    EXPECT_EQ(blocks, 2 + std::min(doublings, 5)) << doublings;
  }
}

// z decides the style of pictures of every size.
TEST(Spade, FirstMapsOfZAreStretched) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(1);
  const nn::Net G("G", nets::spade_generator({.labels = 3, .channels = 1, .width = 2, .doublings = 2, .hidden = 2, .latent = 3, .height = 16, .width_px = 16}));
  const Tensor z = test::random_tensor({2, 3}, 1), m = test::random_tensor({2, 24, 8, 3}, 2);
  EXPECT_EQ(G(Tensors{m, z})[0].shape(), (Shape{2, 24, 8, 1}));
  EXPECT_NE(G(Tensors{m, z})[0].to_doubles(), G(Tensors{m, -z})[0].to_doubles());
  EXPECT_THROW(G(Tensors{m}), Error);
}

TEST(Spade, JudgesGiveScoresThenFeatures) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(1);
  const nn::Net D("D", nets::spade_judges({.labels = 2, .channels = 1, .width = 3, .layers = 3}, 2));
  const Tensors said = D(Tensors{test::random_tensor({2, 16, 16, 2}, 1), test::random_tensor({2, 16, 16, 1}, 2)});
  ASSERT_EQ(said.size(), 8u);
  const Shape want[] = {{2, 7, 7, 1}, {2, 9, 9, 3}, {2, 5, 5, 6}, {2, 6, 6, 12}, {2, 5, 5, 1}, {2, 5, 5, 3}, {2, 3, 3, 6}, {2, 4, 4, 12}};
  for (size_t i = 0; i < 8; ++i) EXPECT_EQ(said[i].shape(), want[i]) << i;
}

TEST(LabelMaps, PlanesOfNumbersAndOfColours) {
  ContextScope scope;
  test::Tiny t({"spade"});
  const LabelMaps maps(t.config(), "spade");
  ASSERT_EQ(maps.count(), 10);
  const Tensor planes = maps.planes(map_of({0, 9, -1, 3}, {1, 2, 2}));
  EXPECT_EQ(planes.shape(), (Shape{1, 2, 2, 10}));
  const auto v = planes.to_doubles();
  for (size_t i = 0; i < 40; ++i) EXPECT_EQ(v[i], i == 0 || i == 19 || i == 33 ? 1 : 0) << i;
  t->step();
  const Batch& b = t->batch();
  EXPECT_EQ(maps.read(b["a"]).to_doubles(), maps.planes(b["semantic"]).to_doubles());
}

TEST(Spade, SettingsSayWhatIsLearnt) {
  const auto terms = [](const std::map<std::string, std::string>& settings, const std::set<std::string>& without = {}) {
    test::TinyModel m{"spade", settings};
    m.without = without;
    test::Tiny t(m);
    t->step();
    std::vector<std::string> names;
    for (const auto& [name, value] : t->values())
      if (name.starts_with("G/")) names.push_back(name.substr(2));
    return names;
  };
  using Terms = std::vector<std::string>;
  EXPECT_EQ(terms({}), Terms({"adv", "features"}));
  EXPECT_EQ(terms({{"gan", "0"}}), Terms({"features"}));
  EXPECT_EQ(terms({{"feature_matching", "0"}}), Terms({"adv"}));
  EXPECT_EQ(terms({{"style", "encoder"}}), Terms({"adv", "features", "kl"}));
  EXPECT_EQ(terms({{"content", "vgg"}, {"vgg_divisor", "64"}}), Terms({"adv", "features", "vgg"}));
  EXPECT_EQ(terms({{"condition", "concat"}}, {"hidden"}), Terms({"adv", "features"}));
}

TEST(Spade, SpectralNormIsOfWhomItSays) {
  const auto divided = [](const char* whose) {
    test::Tiny t({"spade", {{"style", "encoder"}, {"spectral_norm", whose}}});
    std::set<std::string> nets;
    for (const nn::Net& n : t->recipe().nets)
      for (const nn::NamedTensor& b : n.buffers())
        if (b.name.ends_with(".u")) nets.insert(n.name());
    return nets;
  };
  EXPECT_EQ(divided("both"), (std::set<std::string>{"D", "E", "G"}));
  EXPECT_EQ(divided("discriminator"), std::set<std::string>{"D"});
  EXPECT_EQ(divided("none"), std::set<std::string>{});
}

TEST(Spade, RefusesWhatItCannotLearnFrom) {
  test::TinyModel nothing{"spade", {{"gan", "0"}, {"feature_matching", "0"}}}, edges{"spade"};
  EXPECT_NE(test::refusal(nothing).find("nothing is left for G to learn"), std::string::npos);
  edges.data = "shapes:pairs";
  EXPECT_NE(test::refusal(edges).find("labels:DIR"), std::string::npos) << test::refusal(edges);
  EXPECT_EQ(test::refusal({"spade", {{"condition", "input"}}, {"hidden"}, 18}), "pictures of 18x18: pix2pixHD's generator takes sides that are multiples of 4; set --size");
}

// A random style for each map that is measured.
TEST(Spade, MeasuresRandomStyles) {
  test::Tiny t({"spade", {{"style", "encoder"}, {"rate_g", "0.02"}}});
  for (int i = 0; i < 4; ++i) t->step();
  const Batch& b = t->batch();
  const Evaluation e{b.size, [&](const std::function<void(const Batch&)>& see) { see(b); }};
  const auto measured = [&](uint64_t s) {
    double value = 0;
    t->sampling(s, [&] {
      for (const Measure& m : t->recipe().measures)
        if (m.name == "meaning_colour") value = m.value(e);
    });
    return value;
  };
  EXPECT_GT(measured(1), 0);
  EXPECT_EQ(measured(1), measured(1));
  EXPECT_NE(measured(1), measured(2));
}

// People hand label maps to a run as pictures, of any size and in the colours that it shows.
TEST(Spade, TranslatesPicturesOfLabels) {
  for (const char* style : {"none", "encoder"}) {
    test::Tiny t({"spade", {{"style", style}}});
    const Recipe& r = t->recipe();
    std::vector<std::string> names;
    for (const Task& task : r.tasks) names.push_back(task.name);
    EXPECT_EQ(names, style == std::string("none") ? std::vector<std::string>({"translate", "score"}) : std::vector<std::string>({"translate", "style", "walk", "score"}));
    data::Picture own = to_pictures(t->batch()["a"].rows(0, 1))[0];
    t->sampling(1, [&] {
      const Config none;
      const std::vector<Result> results = r.tasks[0].run({{{"own", own}, {"odd", data::Picture(9, 21, 3)}}, none, 1});
      ASSERT_EQ(results.size(), 2u);
      EXPECT_EQ(results[0].frames[0].height, 16);
      EXPECT_EQ(results[1].frames[0].width, 21);
      EXPECT_EQ(results[1].frames[0].height, 9);
    });
  }
}

}  // namespace
}  // namespace ganymede
