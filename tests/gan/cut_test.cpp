// Places of pictures told from one another (Park et al. 2020).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/autograd.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/patch_nce.h"
#include "gan/models.h"
#include "gan/nets/translation_resnet.h"
#include "nn/init.h"
#include "tests/gan/model_fixture.h"

namespace ganymede {
namespace {

Tensor numbers(const std::vector<int64_t>& at) { return tensor(at, Shape{int64_t(at.size())}, Device{}); }

TEST(PatchNce, CountsOtherPlacesOfTheSamePicture) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(1);
  const int64_t n = 2, s = 5, c = 3;
  const double temperature = 0.3;
  const std::vector<int64_t> at{4, 7, 4, 0, 2};   // the first and third are one place
  const Tensor q = of_unit_length(randn({n, s, c})), k = of_unit_length(randn({n, s, c}));
  const auto got = patch_nce(q, k, numbers(at), temperature).to_doubles(), a = q.to_doubles(), b = k.to_doubles();
  ASSERT_EQ(got.size(), size_t(n));
  for (int64_t i = 0; i < n; ++i) {
    double want = 0;
    const auto alike = [&](int64_t x, int64_t y) {
      double dot = 0;
      for (int64_t j = 0; j < c; ++j) dot += a[size_t((i * s + x) * c + j)] * b[size_t((i * s + y) * c + j)];
      return std::exp(dot / temperature);
    };
    for (int64_t x = 0; x < s; ++x) {
      double all = alike(x, x);
      for (int64_t y = 0; y < s; ++y) all += at[size_t(y)] != at[size_t(x)] ? alike(x, y) : 0;
      want -= std::log(alike(x, x) / all) / double(s);
    }
    EXPECT_NEAR(got[size_t(i)], want, 1e-12) << i;
  }
  EXPECT_THROW(patch_nce(q, k, numbers({1, 2}), 1), Error);
}

TEST(PatchNce, KeysAreTargets) {
  ContextScope scope;
  context().dtype = DType::f64;
  seed(2);
  const Tensor x = watch(randn({1, 4, 3}));
  const Tensor q = of_unit_length(x), k = of_unit_length(x), loss = sum(patch_nce(q, k, numbers({0, 1, 2, 3}), 0.5));
  const Tensor alone = sum(patch_nce(q, k.constant(), numbers({0, 1, 2, 3}), 0.5));
  EXPECT_EQ(grad(loss, x).to_doubles(), grad(alone, x).to_doubles());
  EXPECT_GT(max(abs(grad(loss, x))).item(), 1e-3);
}

TEST(PatchNce, RowsComeFromTheSamePlacesOfEveryPicture) {
  ContextScope scope;
  const Tensor maps = reshape(tensor([] { std::vector<double> v(24); for (size_t i = 0; i < 24; ++i) v[i] = double(i); return v; }(), Shape{24}, DType::f32, Device{}), Shape{2, 2, 3, 2});
  EXPECT_EQ(at_places(maps, numbers({5, 0, 5})).to_doubles(), (std::vector<double>{10, 11, 0, 1, 10, 11, 22, 23, 12, 13, 22, 23}));
  EXPECT_EQ(at_places(maps, numbers({1})).shape(), (Shape{2, 1, 2}));
}

TEST(Places, AreAllReachedAndDrawnAnew) {
  ContextScope scope;
  seed(3);
  const Places places(16, 9);
  std::set<int64_t> seen;
  std::set<std::vector<int64_t>> draws;
  for (int i = 0; i < 40; ++i) {
    const auto at = places.draw().to_integers();
    ASSERT_EQ(at.size(), 9u);
    seen.insert(at.begin(), at.end()), draws.insert({at.begin(), at.end()});
  }
  EXPECT_EQ(seen.size(), 16u);
  EXPECT_EQ(*seen.begin(), 0);
  EXPECT_EQ(*seen.rbegin(), 15);
  EXPECT_EQ(draws.size(), 40u);
  for (const int64_t count : {9, 12}) {
    const auto all = Places(9, count).draw().to_integers();
    ASSERT_EQ(all.size(), 9u);
    for (size_t i = 0; i < 9; ++i) EXPECT_EQ(all[i], int64_t(i));
  }
}

// The halves are the generator, whatever the number of its blocks.
TEST(ResnetHalves, AreTheWhole) {
  ContextScope scope;
  context().dtype = DType::f64;
  for (const int blocks : {1, 2, 3, 6}) {
    const nets::ResnetShape shape{.in = 3, .out = 3, .width = 2, .blocks = blocks};
    nn::seed_parameters(4);
    const nn::Net whole("G", nets::translation_resnet(shape));
    nn::seed_parameters(4);
    nets::ResnetHalves halves = nets::translation_resnet_halves(shape);
    const nn::Net encoder("encoder", halves.encoder), decoder("decoder", halves.decoder);
    seed(5);
    const Tensor x = randn({2, 16, 8, 3});
    const Tensors seen = encoder(Tensors{x});
    EXPECT_EQ(decoder(encoder(x)).to_doubles(), whole(x).to_doubles()) << blocks;
    EXPECT_EQ(seen[0].to_doubles(), encoder(x).to_doubles());
    ASSERT_EQ(seen.size(), blocks > 2 ? 4u : 3u);
    ASSERT_EQ(seen.size(), halves.channels.size());
    for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i].shape(), (Shape{2, i == 1 ? 8 : 4, i == 1 ? 4 : 2, halves.channels[i]})) << blocks << " " << i;
    const auto has = [](const nn::Net& net, const std::string& part) {
      return std::count_if(net.parameters().begin(), net.parameters().end(), [&](const auto& p) { return p.name.find(part) != std::string::npos; });
    };
    EXPECT_EQ(has(encoder, "main.conv1"), (blocks + 1) / 2);
    EXPECT_EQ(has(decoder, "main.conv1"), blocks / 2);
  }
}

std::vector<std::string> terms_of(test::Tiny& t) {
  std::vector<std::string> names;
  for (const auto& [name, value] : t->values())
    if (name.starts_with("G/")) names.push_back(name.substr(2));
  return names;
}

TEST(Cut, SettingsSayWhatTiesTheResultToThePicture) {
  const auto made = [](const std::map<std::string, std::string>& settings) {
    test::TinyModel m{"cut", settings};
    if (settings.count("nce") && settings.count("nce_identity")) m.without = {"patches", "projection"};
    test::Tiny t(m);
    t->step();
    const size_t looks = std::count_if(t->recipe().nets.begin(), t->recipe().nets.end(), [](const nn::Net& n) { return n.name().starts_with("H"); });
    return std::pair(terms_of(t), looks);
  };
  using Terms = std::vector<std::string>;
  EXPECT_EQ(made({}), std::pair(Terms({"adv", "nce", "nce_identity"}), size_t(5)));
  EXPECT_EQ(made({{"blocks", "2"}}).second, 4u);
  EXPECT_EQ(made({{"nce_identity", "0"}}), std::pair(Terms({"adv", "nce"}), size_t(5)));
  EXPECT_EQ(made({{"gan", "0"}, {"nce_layers", "last"}}), std::pair(Terms({"nce", "nce_identity"}), size_t(1)));
  EXPECT_EQ(made({{"nce", "0"}, {"nce_identity", "0"}}), std::pair(Terms({"adv"}), size_t(0)));
}

TEST(Cut, RefusesWhatItCannotLearnFrom) {
  test::TinyModel nothing{"cut", {{"gan", "0"}, {"nce", "0"}, {"nce_identity", "0"}}};
  EXPECT_NE(test::refusal(nothing).find("nothing is left for G to learn"), std::string::npos);
  DataFacts uneven;
  uneven.channels = 3, uneven.input_channels = 1;
  try {
    find_model("cut").recipe(Config(uneven, {}));
    ADD_FAILURE() << "sides of different channels";
  } catch (const UsageError& e) {
    EXPECT_NE(std::string(e.what()).find("as many channels; these data have 1 and 3"), std::string::npos) << e.what();
  }
}

TEST(Cut, DMovesFirstAndThereIsOneWay) {
  test::Tiny t({"cut"});
  const Recipe& r = t->recipe();
  EXPECT_EQ(r.stages[0].updates[0].name, "D");
  EXPECT_TRUE(std::none_of(r.measures.begin(), r.measures.end(), [](const Measure& m) { return m.name == "cycle_a"; }));
  t->sampling(1, [&] { EXPECT_EQ(r.columns(t->batch()).size(), 3u); });
}

}  // namespace
}  // namespace ganymede
