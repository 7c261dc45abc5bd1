// PLDT: triples of products, its networks, what its measures and tasks say.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/png.h"
#include "gan/data/triples.h"
#include "gan/nets/pldt.h"
#include "gan/parts/drawn_kind.h"
#include "gan/uses/associated_uses.h"
#include "nn/net.h"
#include "tests/data/data_test_util.h"
#include "tests/gan/model_fixture.h"

namespace ganymede {
namespace {

namespace fs = std::filesystem;
using data::Split;

// Of two products, of 1 and 9 sources: each half of the triples, whatever the sources, and never beside itself.
TEST(Triples, DrawSourcesOfAProductAndAnotherProduct) {
  const data::Triples t({1, 9, 3}, Split::train);
  EXPECT_EQ(t.size(), 3);
  std::map<std::pair<int64_t, int64_t>, int> others;
  std::set<int64_t> sources, other_sources;
  for (uint64_t key = 0; key < 300; ++key)
    for (int64_t i = 0; i < 3; ++i) {
      data::Random random(key, 0, static_cast<uint64_t>(i));
      const data::Triple x = t.draw(i, random);
      EXPECT_EQ(x.product, i);
      ++others[{i, x.other}];
      if (i == 1) sources.insert(x.source);
      if (x.other == 1) other_sources.insert(x.other_source);
    }
  EXPECT_EQ(others.size(), 6u);
  for (const auto& [pair, count] : others) {
    EXPECT_NE(pair.first, pair.second);
    EXPECT_NEAR(count, 150, 50);
  }
  EXPECT_EQ(sources, (std::set<int64_t>{0, 1, 2, 3, 4, 5, 6, 7, 8}));
  EXPECT_EQ(other_sources, sources);
}

TEST(Triples, OfATestSplitAreAllSourcesInRounds) {
  const data::Triples t({1, 3, 2}, Split::test);
  std::vector<std::pair<int64_t, int64_t>> seen;
  for (int64_t i = 0; i < t.size(); ++i) {
    data::Random one(1), two(2);
    const data::Triple x = t.draw(i, one), again = t.draw(i, two);
    EXPECT_NE(x.other, x.product);
    EXPECT_EQ(x.other, again.other);
    EXPECT_EQ(x.other_source, again.other_source);
    seen.push_back({x.product, x.source});
  }
  EXPECT_EQ(seen, (std::vector<std::pair<int64_t, int64_t>>{{0, 0}, {1, 0}, {2, 0}, {1, 1}, {2, 1}, {1, 2}}));
}

void write(const fs::path& path, uint8_t value) {
  fs::create_directories(path.parent_path());
  data::Picture p(4, 4, 3);
  std::fill(p.pixels.begin(), p.pixels.end(), value);
  data::write_png(path.string(), p);
}

// The first byte of a field's picture.
int byte_of(const data::HostBatch& batch, const char* field) { return int(std::lround((batch.real(field)[0] + 1) * 127.5)); }

TEST(Products, AreFoldersOfSourcesAndAPictureEach) {
  data::TemporaryFolder folder;
  const fs::path at = folder.path();
  for (int product : {1, 2, 3}) {
    write(at / "B" / "train" / (std::to_string(product) + ".png"), uint8_t(product));
    for (int k = 0; k < product; ++k) write(at / "A" / "train" / std::to_string(product) / (std::to_string(k) + ".png"), uint8_t(10 * product + k));
  }
  const std::string spec = "products:" + at.string();
  const auto set = data::open_dataset(spec);
  data::expect_mentions(set->describe(), {"3 products", "6 sources"});
  EXPECT_EQ(set->size(), 3);
  data::HostBatch batch(set->fields(), 1);
  std::set<int> sources;
  for (uint64_t key = 0; key < 60; ++key) {
    data::Random random(key);
    set->read(int64_t(key % 3), random, batch, 0);
    EXPECT_EQ(byte_of(batch, "b"), int(key % 3) + 1);
    EXPECT_EQ(byte_of(batch, "a") / 10, byte_of(batch, "b"));
    EXPECT_EQ(byte_of(batch, "a_other") / 10, byte_of(batch, "b_other"));
    EXPECT_NE(byte_of(batch, "b_other"), byte_of(batch, "b"));
    sources.insert(byte_of(batch, "a"));
  }
  EXPECT_EQ(sources.size(), 6u);
  const auto error = [&] { return data::error_of([&] { data::open_dataset(spec); }); };
  write(at / "B" / "train" / "4.png", 4);
  data::expect_mentions(error(), {"4.png", "no sources"});
  fs::remove(at / "B" / "train" / "4.png"), fs::remove(at / "B" / "train" / "3.png");
  data::expect_mentions(error(), {"3", "no picture of this product"});
  fs::remove_all(at / "A" / "train" / "3"), fs::remove_all(at / "A" / "train" / "2"), fs::remove(at / "B" / "train" / "2.png");
  data::expect_mentions(error(), {"one product alone"});
}

// A target is the product in the middle of white; its sources are others each, and nothing of the test split is seen in training.
TEST(Products, AreDrawnOnWhiteAndAbout) {
  const auto set = data::open_dataset("shapes:products,count=12,sources=3", {.size = 32});
  const auto test = data::open_dataset("shapes:products,count=12,sources=3", {.size = 32, .split = Split::test});
  EXPECT_EQ(set->size(), 12);
  EXPECT_EQ(test->size(), 36);
  EXPECT_EQ(set->classes(), 64);
  data::HostBatch batch(set->fields(), 1), again(set->fields(), 1);
  std::map<int64_t, std::set<std::vector<float>>> sources;
  std::set<std::vector<float>> targets;
  for (uint64_t key = 0; key < 30; ++key)
    for (int64_t i = 0; i < 12; ++i) {
      data::Random random(key, 0, uint64_t(i));
      set->read(i, random, batch, 0);
      const auto a = batch.real("a"), b = batch.real("b"), other = batch.real("b_other");
      EXPECT_EQ(b[0], 1);
      EXPECT_EQ(b.back(), 1);
      EXPECT_LT(*std::min_element(b.begin() + 15 * 96, b.begin() + 17 * 96), 0.5);   // through the middle
      EXPECT_LT(std::min({a[0], a[96 * 31], a[93], a[96 * 32 - 3]}), 0.99f);
      EXPECT_FALSE(std::ranges::equal(b, other));
      EXPECT_EQ(batch.integer("label")[0], batch.integer("label_b")[0]);
      sources[i].insert({a.begin(), a.end()}), targets.insert({b.begin(), b.end()});
    }
  EXPECT_EQ(targets.size(), 12u);
  for (const auto& [product, pictures] : sources) EXPECT_EQ(pictures.size(), 3u) << product;
  for (int64_t i = 0; i < test->size(); ++i) {
    data::Random random(1);
    test->read(i, random, again, 0);
    const auto b = again.real("b");
    EXPECT_EQ(targets.count({b.begin(), b.end()}), 0u);
  }
}

// Colours of the product take up a large share of its sources, with other shapes there and without.
TEST(Products, AreTheLargestThingInTheirSources) {
  for (const std::string objects : {"1", "3"}) {
    const auto set = data::open_dataset("shapes:products,count=20,sources=2,kinds=circle,objects=" + objects, {.size = 32, .split = Split::test});
    data::HostBatch batch(set->fields(), 1);
    double share = 0;
    for (int64_t i = 0; i < set->size(); ++i) {
      data::Random random(1);
      set->read(i, random, batch, 0);
      const auto a = batch.real("a"), b = batch.real("b");
      const auto near = [&](size_t at, size_t to) { return std::abs(a[at] - b[to]) < 0.1 && std::abs(a[at + 1] - b[to + 1]) < 0.1 && std::abs(a[at + 2] - b[to + 2]) < 0.1; };
      const auto white = [&](size_t at) { return std::min({b[at], b[at + 1], b[at + 2]}) > 0.5; };
      for (size_t at = 0; at < a.size(); at += 3) {
        bool seen = false;
        for (size_t to = 0; to < b.size() && !seen; to += 3) seen = !white(to) && near(at, to);
        share += seen / 1024.0 / double(set->size());
      }
    }
    EXPECT_GT(share, 0.22) << objects;   // 0.26; 0.1 and 0.19 if products were as small as the other shapes
  }
}

// Which pixels of a source have colours of its product: where they are on the mean, across and down, and the share of them whose mirror image is one too.
TEST(Products, AreAboutAndTurnedAsSaid) {
  struct Seen {
    double off = 0, symmetric = 0;
  };
  const auto seen = [](const std::string& how) {
    const auto set = data::open_dataset("shapes:products,count=20,sources=2,kinds=triangle,objects=1" + how, {.size = 32, .split = Split::test});
    data::HostBatch batch(set->fields(), 1);
    Seen mean;
    for (int64_t i = 0; i < set->size(); ++i) {
      data::Random random(1);
      set->read(i, random, batch, 0);
      const auto a = batch.real("a"), b = batch.real("b");
      std::vector<bool> mine(1024);
      for (size_t at = 0; at < 1024; ++at)
        for (size_t to = 0; to < 1024 && !mine[at]; ++to) {
          double distance = 0, white = 0;
          for (size_t k = 0; k < 3; ++k) distance = std::max<double>(distance, std::abs(a[at * 3 + k] - b[to * 3 + k])), white = std::max<double>(white, 1 - b[to * 3 + k]);
          mine[at] = distance < 0.1 && white > 0.5;
        }
      double x = 0, y = 0, mirrored = 0, count = 0;
      for (size_t at = 0; at < 1024; ++at)
        if (mine[at]) x += double(at % 32) - 15.5, y += double(at / 32) - 15.5, mirrored += mine[at / 32 * 32 + 31 - at % 32], ++count;
      mean.off += std::hypot(x / count, y / count) / double(set->size()), mean.symmetric += mirrored / count / double(set->size());
    }
    return mean;
  };
  const Seen about = seen(""), middle = seen(",spread=0"), upright = seen(",spread=0,tilt=0"), half = seen(",spread=0.5");
  EXPECT_GT(about.off, 4);   // 5.0 px
  EXPECT_NEAR(half.off, about.off / 2, 0.5);
  EXPECT_LT(middle.off, 0.8);   // 0.46: colours of the ground, too
  EXPECT_LT(upright.off, 0.8);
  EXPECT_LT(middle.symmetric, 0.68);   // 0.58
  EXPECT_GT(upright.symmetric, 0.75);   // 0.81
  EXPECT_NE(data::error_of([] { data::open_dataset("shapes:products,spread=0"); }).find("objects=1"), std::string::npos);
}

TEST(PldtNetworks, AreThoseOfThePaper) {
  const auto shapes_of = [](const nn::Layer& net) {
    std::map<std::string, Shape> found;
    nn::Visit v;
    v.parameter = [&](const std::string& name, Tensor& p) { found[name] = p.shape(); };
    net->visit(v);
    return found;
  };
  const auto c = shapes_of(nets::pldt_converter({.width = 8})), d = shapes_of(nets::pldt_discriminator({.in = 6, .width = 8}));
  const std::map<std::string, Shape> right{{"conv1.weight", {8, 5, 5, 3}}, {"conv2.weight", {16, 5, 5, 8}}, {"conv3.weight", {32, 5, 5, 16}}, {"conv4.weight", {64, 5, 5, 32}}, {"conv5.weight", {64, 4, 4, 64}},
                                           {"deconv1.weight", {64, 4, 4, 64}}, {"deconv2.weight", {64, 5, 5, 32}}, {"deconv3.weight", {32, 5, 5, 16}}, {"deconv4.weight", {16, 5, 5, 8}}, {"deconv5.weight", {8, 5, 5, 3}}};
  for (const auto& [name, shape] : right) EXPECT_EQ(c.at(name), shape) << name;
  EXPECT_EQ(c.size(), right.size() + 2 * 8);   // norms: four down, four up
  EXPECT_EQ(d.at("conv1.weight"), Shape({8, 5, 5, 6}));
  EXPECT_EQ(d.at("conv5.weight"), Shape({1, 4, 4, 64}));
  EXPECT_EQ(d.size(), 5u + 2 * 3);
  const nn::Net C("C", nets::pldt_converter({.width = 2})), D("D", nets::pldt_discriminator({.width = 2}));
  EXPECT_EQ(C(zeros({2, 64, 64, 3})).shape(), Shape({2, 64, 64, 3}));
  EXPECT_EQ(D(zeros({2, 64, 64, 3})).shape(), Shape({2, 1, 1, 1}));
  EXPECT_NE(test::refusal({.model = "pldt", .size = 24}).find("8, 16, 32"), std::string::npos);
}

// Each choice of losses has the networks it needs, and no others; without negatives nothing depends on the other product.
TEST(Pldt, LossesHaveTheirNetworks) {
  const auto nets_of = [](const std::string& loss) {
    test::Tiny t({.model = "pldt", .settings = {{"loss", loss}}, .without = loss == "mse" ? std::set<std::string>{"d_width"} : std::set<std::string>{}});
    std::set<std::string> names;
    for (const nn::Net& n : t->recipe().nets) names.insert(n.name());
    return names;
  };
  EXPECT_EQ(nets_of("real+domain"), (std::set<std::string>{"C", "D_R", "D_A"}));
  EXPECT_EQ(nets_of("real"), (std::set<std::string>{"C", "D_R"}));
  EXPECT_EQ(nets_of("l1+domain"), (std::set<std::string>{"C", "D_A"}));
  EXPECT_EQ(nets_of("mse"), (std::set<std::string>{"C"}));
}

// One kind for each sample, each for its share of them: 3000 draws, five deviations.
TEST(DrawnKind, IsEachAlike) {
  ContextScope scope;
  seed(1);
  for (const int64_t kinds : {2, 3}) {
    const Tensors weights = drawn_kind(3000, kinds);
    ASSERT_EQ(weights.size(), size_t(kinds));
    std::vector<double> sums(3000, 0);
    for (const Tensor& w : weights) {
      const auto values = w.to_doubles();
      double mean = 0;
      for (size_t i = 0; i < values.size(); ++i) {
        EXPECT_TRUE(values[i] == 0 || values[i] == 1) << values[i];
        sums[i] += values[i], mean += values[i] / 3000;
      }
      EXPECT_NEAR(mean, 1.0 / double(kinds), 0.046) << kinds;
    }
    EXPECT_EQ(sums, std::vector<double>(3000, 1.0));
  }
}

// Who holds all for pairs is right in half of them.
TEST(AssociatedMeasures, CountWrongPairsToo) {
  Recipe r;
  add_associated_uses(r, {"a", "b", 3, 3}, 8, [](const Tensor& x) { return x; }, [](const Tensor& x, const Tensor&) { return ones({x.dim(0), 1, 1, 1}); });
  const Tensor x = zeros({2, 8, 8, 3});
  double said = -1;
  for (const Measure& m : r.measures)
    if (m.name == "associated") said = m.value({2, [&](const std::function<void(const Batch&)>& look) { look({2, {{"a", x}, {"b", x}, {"b_other", x}}}); }});
  EXPECT_EQ(said, 0.5);
}

// Pictures of one pixel: a judge that holds equal ones for a pair.
TEST(AssociatedMeasures, CompareWithOtherProducts) {
  Recipe r;
  const auto judge = [](const Tensor& x, const Tensor& y) { return reshape(1.0 - abs(mean(x - y, {1, 2, 3}, true)), Shape{x.dim(0), 1, 1, 1}); };
  add_associated_uses(r, {"a", "b", 3, 3}, 8, [](const Tensor& x) { return x; }, judge);
  std::vector<float> values;
  for (int i = 0; i < 12; ++i) values.push_back(float(i) / 4);
  const auto planes = [&](const std::vector<float>& v) { return broadcast_to(tensor(v, Shape{12, 1, 1, 1}, DType::f32, context().device), Shape{12, 8, 8, 3}); };
  std::vector<float> others = values;
  std::rotate(others.begin(), others.begin() + 3, others.end());
  const auto measured = [&](const std::string& name, const std::vector<float>& source) {
    for (const Measure& m : r.measures)
      if (m.name == name) return m.value({12, [&](const std::function<void(const Batch&)>& look) { look({12, {{"a", planes(source)}, {"b", planes(values)}, {"b_other", planes(others)}}}); }});
    ADD_FAILURE() << "no measure " << name;
    return 0.0;
  };
  EXPECT_EQ(measured("associated", values), 1);
  EXPECT_EQ(measured("found", values), 1);
  EXPECT_EQ(measured("l2", values), 0);
  EXPECT_NEAR(measured("l2_other", values), (9 * 0.75 * 0.75 + 3 * 2.25 * 2.25) / 12, 1e-6);
  EXPECT_EQ(measured("associated", others), 0);
  // The others are the nine targets before one's own: 1 finds 0, and 5 finds 8; 0, which is nearer to 1, does not meet it.
  std::vector<float> two_wrong = values;
  std::swap(two_wrong[0], two_wrong[1]), two_wrong[5] = values[7];
  EXPECT_NEAR(measured("found", two_wrong), 10.0 / 12, 1e-12);
}

}  // namespace
}  // namespace ganymede
