// UNIT: what its domains share, and what one code for both is good for.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/uses/shared_code.h"
#include "tests/gan/model_fixture.h"

namespace ganymede {
namespace {

using Settings = std::map<std::string, std::string>;

const nn::Net& net_of(test::Tiny& t, const std::string& name) {
  for (const nn::Net& n : t->recipe().nets)
    if (n.name() == name) return n;
  throw Error("no network " + name);
}
int64_t parameters(const Settings& settings) {
  test::Tiny t({"unit", settings});
  int64_t n = 0;
  for (const nn::Net& net : t->recipe().nets) n += net.parameter_count();
  return n;
}

// A block that both domains share is there once, at either side of the code; without sharing each domain has it.
TEST(Unit, CountsSharedLayersOnce) {
  const int64_t inner = 12, block = 2 * 9 * inner * inner;
  EXPECT_EQ(parameters({{"shared", "0"}, {"blocks", "2"}}) - parameters({{"shared", "1"}, {"blocks", "1"}}), 2 * block);
}

// Results of both ways after one weight of a network was changed: of a shared one both, of a domain's own one way alone.
TEST(Unit, ASharedWeightChangesBothDomains) {
  const std::map<std::string, std::pair<bool, bool>> changes = {{"E", {true, true}}, {"G", {true, true}}, {"E_a", {true, false}}, {"G_b", {true, false}}, {"E_b", {false, true}}, {"G_a", {false, true}}};
  for (const auto& [name, want] : changes) {
    test::Tiny t({"unit"});
    t->step();
    t->sampling(1, [&] {
      const auto ways = [&] {
        const auto columns = t->recipe().columns(t->batch());
        return std::pair{columns[1].pictures.to_floats(), columns[4].pictures.to_floats()};
      };
      const auto before = ways();
      const Tensor& weight = net_of(t, name).parameters().at(0).value;
      std::vector<double> values = weight.to_doubles();
      values[0] += 0.5;
      assign(weight, tensor(values, weight.shape(), weight.dtype(), weight.device()));
      const auto after = ways();
      EXPECT_EQ(before.first != after.first, want.first) << name;
      EXPECT_EQ(before.second != after.second, want.second) << name;
    });
  }
}

TEST(Unit, RefusesPicturesThatItsCodesDoNotFit) {
  EXPECT_THROW(test::Tiny({"unit", {}, {}, 18}), UsageError);
  EXPECT_THROW(test::Tiny({"unit", {{"judges", "shared"}, {"d_layers", "2"}}}), UsageError);
}

struct KnownCodes {
  Recipe recipe;
  Batch batch;
  double measured(const std::string& name) const {
    for (const Measure& m : recipe.measures)
      if (m.name == name) return m.value({batch.size, [this](const std::function<void(const Batch&)>& f) { f(batch); }});
    throw Error("no measure " + name);
  }
};

// Codes are pictures here: those of b twice as large, and `off` away.
KnownCodes known(double off, bool truth = true) {
  seed(4);
  KnownCodes k;
  add_shared_code_uses(k.recipe, {[](const Tensor& x) { return x; }, [](const Tensor& z) { return z + 0.25; }, 1, 4}, {[=](const Tensor& x) { return 0.5 * x + off; }, [](const Tensor& z) { return 2.0 * z; }, 1, 4});
  const Tensor a = randn({6, 5, 7, 1});
  k.batch = {6, {{"a", a}, {"b", 2.0 * a}}};
  if (truth) k.batch.fields["a_in_b"] = 2.0 * a;
  return k;
}

TEST(SharedCode, MeasuresWhetherAScenesCodesAgree) {
  EXPECT_NEAR(known(0).measured("codes"), 0, 1e-6);
  EXPECT_NEAR(known(100).measured("codes"), 1, 0.01);
  EXPECT_TRUE(std::isnan(known(0, false).measured("codes")));
  EXPECT_NEAR(known(0).measured("own_a"), 0.25, 1e-6);
  EXPECT_NEAR(known(0.5).measured("own_b"), 1, 1e-6);
  EXPECT_NEAR(known(3).measured("code_square") - known(0).measured("code_square"), 4.5, 0.7);
}

TEST(SharedCode, TasksReconstructAndWalkBetween) {
  const Recipe r = known(0).recipe;
  const auto run = [&](const std::string& name, const std::vector<NamedPicture>& pictures, const Settings& set) {
    const Config settings(DataFacts{}, set);
    for (const Task& t : r.tasks)
      if (t.name == name) return t.run({pictures, settings, 1});
    throw Error("no task " + name);
  };
  const auto grey = [](const std::string& name, int64_t h, int64_t w, uint8_t level) {
    NamedPicture p{name, data::Picture(h, w, 1)};
    p.picture.pixels.assign(p.picture.pixels.size(), level);
    return p;
  };
  const auto level = [](const Result& made) { return int(made.frames.at(0).pixels.at(0)); };
  const auto same = run("reconstruct", {grey("p", 6, 9, 100)}, {{"of", "b"}});
  EXPECT_EQ(same.at(0).name, "p");
  EXPECT_EQ(same[0].frames.at(0).width, 9);
  EXPECT_EQ(level(same[0]), 100);
  EXPECT_EQ(level(run("reconstruct", {grey("p", 6, 9, 100)}, {}).at(0)), 132);   // 0.25 more, of 2 in 255
  const auto line = run("between", {grey("p", 6, 9, 60), grey("q", 6, 9, 120)}, {{"from", "b"}, {"to", "b"}, {"steps", "4"}});
  ASSERT_EQ(line.size(), 4u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(level(line[size_t(i)]), 60 + 20 * i);
  EXPECT_EQ(line[0].frames[0].height, 6);
  EXPECT_THROW(run("between", {grey("p", 6, 9, 60), grey("q", 6, 8, 60)}, {}), UsageError);
}

}  // namespace
}  // namespace ganymede
