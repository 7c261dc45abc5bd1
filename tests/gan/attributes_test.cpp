// Attributes of pictures: their form, and what is measured of models that change them.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/dataset.h"
#include "gan/uses/attribute_uses.h"
#include "tests/data/data_test_util.h"

namespace ganymede {
namespace {

const std::vector<std::string> kKnown{"red", "green", "blue", "filled", "large"};

Tensor rows(const std::vector<double>& v, int64_t width) { return tensor(v, {int64_t(v.size()) / width, width}, DType::f32, Device{}); }
std::vector<float> floats(std::initializer_list<float> v) { return v; }

TEST(Attributes, AreBitsAndGroupsInTheOrderThatIsAskedFor) {
  const Attributes a("large,green/red", kKnown);
  EXPECT_EQ(a.names(), (std::vector<std::string>{"large", "green", "red"}));
  const Batch b{1, {{"attributes", rows({1, 0, 0, 0, 1}, 5)}}};
  EXPECT_EQ(a.of(b).to_floats(), floats({1, 0, 1}));
  EXPECT_EQ(Attributes("red,green,blue", kKnown).of(b).to_floats(), floats({1, 0, 0}));
  const Batch labelled{2, {{"label", tensor(std::vector<int64_t>{2, 0}, {2}, Device{})}}};
  EXPECT_EQ(Attributes("class2/class0", {"class0", "class1", "class2"}).of(labelled).to_floats(), floats({1, 0, 0, 1}));
}

TEST(Attributes, WrongNamesAreNamed) {
  const auto error = [](const std::string& list) {
    try {
      Attributes(list, kKnown);
    } catch (const UsageError& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  data::expect_mentions(error("red,grey"), {"no 'grey'", "red, green, blue, filled, large"});
  data::expect_mentions(error("red/green,red"), {"'red' stands there twice"});
  data::expect_mentions(error("red,,large"), {"a name is missing"});
  data::expect_mentions(error(""), {"at least one"});
}

TEST(Attributes, AnEditChangesItsGroupAlone) {
  const Attributes a("red/green/blue,filled", kKnown);
  const auto edits = a.edits();
  ASSERT_EQ(edits.size(), 4u);
  const Tensor y = rows({0, 1, 0, 1, 1, 0, 0, 0}, 4);
  EXPECT_EQ(a.edited(y, edits[2]).to_floats(), floats({0, 0, 1, 1, 0, 0, 1, 0}));   // to blue
  EXPECT_EQ(a.edited(y, edits[3]).to_floats(), floats({0, 1, 0, 0, 1, 0, 0, 1}));   // filled turned over
  EXPECT_EQ(a.alike(y, a.edited(y, edits[2])).to_floats(), floats({0, 1, 0, 1}));
  EXPECT_EQ(a.decided(rows({-3, -1, -2, 0.5, 4, 5, 2, -0.1}, 4)).to_floats(), floats({0, 1, 0, 1, 0, 1, 0, 0}));
}

TEST(Attributes, LossesAreSumsOverAttributes) {
  const Attributes a("red/green,filled", kKnown), alone("red/green", kKnown);
  const Tensor logits = rows({1, -2, 0.5}, 3), y = rows({1, 0, 0}, 3);
  const auto bce = [](double x, double t) { return std::log1p(std::exp(x)) - t * x; };
  EXPECT_NEAR(a.loss(logits, y).item(), bce(1, 1) + bce(-2, 0) + bce(0.5, 0), 1e-6);
  EXPECT_NEAR(alone.loss(rows({1, -2}, 2), rows({1, 0}, 2)).item(), std::log(1 + std::exp(-3.0)), 1e-6);
}

TEST(Attributes, PairsAndGroupsAreCodedAndTheOthersAreAlwaysOthers) {
  const Attributes a("large,red/green/blue", kKnown);
  EXPECT_EQ(a.coded_count(), 5);
  const Tensor y = rows({1, 0, 1, 0, 0, 0, 0, 1}, 4), coded = a.coded(y);
  EXPECT_EQ(coded.to_floats(), floats({0, 1, 0, 1, 0, 1, 0, 0, 0, 1}));
  EXPECT_NEAR(a.coded_loss(zeros_like(coded), coded).item(), std::log(2.0) + std::log(3.0), 1e-6);
  EXPECT_EQ(a.coded_accuracy(rows({1, 2, 0, 1, 0, 1, 2, 0, 0, 1}, 5), coded).item(), 0.75);
  seed(1);
  std::vector<float> seen(8);
  for (int i = 0; i < 20; ++i) {
    const Tensor other = a.others(y);
    EXPECT_EQ(sum(a.alike(other, y)).item(), 0);
    EXPECT_EQ(sum(slice(other, 1, 1, 4)).item(), 2);
    const auto v = other.to_floats();
    for (size_t k = 0; k < v.size(); ++k) seen[k] = std::max(seen[k], v[k]);
  }
  EXPECT_EQ(seen, floats({0, 1, 0, 1, 1, 1, 1, 0}));
}

TEST(Attributes, ShuffledRowsAreAPermutationAndNotAlwaysTheSame) {
  seed(3);
  const Tensor x = rows({0, 1, 2, 3, 4, 5, 6, 7}, 1);
  bool moved = false;
  std::vector<float> first;
  for (int i = 0; i < 5; ++i) {
    std::vector<float> v = shuffled(x).to_floats();
    if (i == 0) first = v;
    else moved |= v != first;
    std::sort(v.begin(), v.end());
    EXPECT_EQ(v, x.to_floats());
  }
  EXPECT_TRUE(moved);
}

// Pictures whose upper half is light where they are "high", and whose lower half is light where they are "low".
Tensor painted(const Tensor& y) {
  const auto half = [&](int k) { return broadcast_to(reshape(slice(y, 1, k, k + 1), Shape{y.dim(0), 1, 1, 1}), {y.dim(0), 8, 16, 1}); };
  return concat({half(0), half(1)}, 1) - 0.5;
}

class Measures : public testing::Test {
 protected:
  static constexpr int64_t kPictures = 900;
  Measures() : attributes_("high,low", {"high", "low"}) {
    facts_.size = facts_.width = 16, facts_.channels = 1, facts_.attributes = {"high", "low"}, facts_.count = kPictures;
    facts_.read = [](const std::vector<int64_t>& which) {
      data::HostBatch out({{"image", {16, 16, 1}, data::Kind::real}, {"attributes", {2}, data::Kind::real}}, int64_t(which.size()));
      for (size_t i = 0; i < which.size(); ++i) {
        const Tensor y = bits(which[i]);
        std::ranges::copy(painted(y).to_floats(), out.real(0, int64_t(i)).begin());
        std::ranges::copy(y.to_floats(), out.real(1, int64_t(i)).begin());
      }
      return out;
    };
  }
  static Tensor bits(int64_t i) { return rows({double(i % 2), double(i / 2 % 2)}, 2); }

  // An evaluation of eight pictures.
  Evaluation evaluation() const {
    std::vector<int64_t> which;
    for (int64_t i = 0; i < 8; ++i) which.push_back(i);
    const data::HostBatch host = facts_.read(which);
    const Batch b{8, {{"image", tensor(std::vector<float>(host.real("image").begin(), host.real("image").end()), {8, 16, 16, 1}, DType::f32, Device{})},
                      {"attributes", tensor(std::vector<float>(host.real("attributes").begin(), host.real("attributes").end()), {8, 2}, DType::f32, Device{})}}};
    return {8, [=](const std::function<void(const Batch&)>& look) { look(b); }};
  }
  double measured(const std::string& name, const Editor& editor, const Evaluation& e) {
    Recipe r;
    add_attribute_uses(r, Config(facts_, {}), attributes_, editor);
    for (const Measure& m : r.measures)
      if (m.name == name) return m.value(e);
    ADD_FAILURE() << "no measure " << name;
    return -1;
  }
  double measured(const std::string& name, const Editor& editor) { return measured(name, editor, evaluation()); }

  ContextScope scope_;
  Attributes attributes_;
  DataFacts facts_;
};

TEST_F(Measures, JudgeEditsOnceForAllThatIsReadOffThem) {
  int edits = 0;
  const Editor counting{[&](const Tensor&, const Tensor&, const Tensor& to) { ++edits; return painted(to); }};
  const Evaluation e = evaluation();
  EXPECT_EQ(measured("edited", counting, e), 1);
  EXPECT_EQ(edits, 2);   // each attribute in turn, eight pictures at once
  EXPECT_EQ(measured("kept", counting, e), 1);
  EXPECT_EQ(measured("edited-low", counting, e), 1);
  EXPECT_EQ(edits, 2);
  measured("edited", counting, evaluation());
  EXPECT_EQ(edits, 4);
}

TEST_F(Measures, TellARightEditorFromOthers) {
  const Editor right{[](const Tensor&, const Tensor&, const Tensor& to) { return painted(to); }};
  const Editor idle{[](const Tensor& x, const Tensor&, const Tensor&) { return x; }};
  const Editor careless{[](const Tensor&, const Tensor&, const Tensor& to) { return painted(ones_like(to)); }};
  EXPECT_EQ(measured("classifier", right), 1);
  EXPECT_EQ(measured("edited", right), 1);
  EXPECT_EQ(measured("kept", right), 1);
  EXPECT_EQ(measured("edited-low", right), 1);
  EXPECT_EQ(measured("cycle", right), 0);
  EXPECT_EQ(measured("same", right), 0);
  EXPECT_EQ(measured("edited", idle), 0);
  EXPECT_EQ(measured("kept", idle), 1);
  // All light: half of the changes are to light, and half of what was to stay was light.
  EXPECT_EQ(measured("edited", careless), 0.5);
  EXPECT_EQ(measured("kept", careless), 0.5);
  EXPECT_GT(measured("same", careless), 0.4);
}

TEST_F(Measures, TheEditTaskSetsWhatIsSaidAndKeepsTheRest) {
  Recipe r;
  add_attribute_uses(r, Config(facts_, {}), attributes_, {[](const Tensor&, const Tensor&, const Tensor& to) { return painted(to); },
                                                         [](const Tensor& x) { return concat({mean(slice(x, 1, 0, 8), {1, 2}), mean(slice(x, 1, 8, 16), {1, 2})}, 1); }});
  const auto edited = [&](const std::map<std::string, std::string>& said) {
    const Config settings(facts_, said);
    data::Picture light(16, 16, 1, 255);
    return r.tasks.at(0).run({{{"light", light}}, settings, 1}).at(0).frames.at(0);
  };
  const auto at = [](const data::Picture& p, int row) { return int(p.pixels[size_t(row * 16)]); };
  const data::Picture dark_below = edited({{"low", "0"}}), as_it_is = edited({});
  EXPECT_EQ(at(dark_below, 0), at(as_it_is, 0));
  EXPECT_LT(at(dark_below, 15), at(as_it_is, 15));
  EXPECT_THROW(edited({{"low", "much"}}), UsageError);
  Recipe blind;
  add_attribute_uses(blind, Config(facts_, {}), attributes_, {[](const Tensor&, const Tensor&, const Tensor& to) { return painted(to); }});
  const Config one(facts_, {{"low", "1"}});
  EXPECT_THROW(blind.tasks.at(0).run({{{"light", data::Picture(16, 16, 1, 255)}}, one, 1}), UsageError);
}

}  // namespace
}  // namespace ganymede
