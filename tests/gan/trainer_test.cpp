// The trainer on small recipes of its own: gates, intervals, narrowed terms, shared values, averages.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/trainer.h"
#include "nn/init.h"
#include "nn/layers.h"

namespace ganymede {
namespace {

constexpr int kWidth = 3;

struct Pair {
  Recipe recipe;
  nn::Net a, b;
  Pair() {
    nn::seed_parameters(1);
    a = recipe.net("A", nn::linear(kWidth, kWidth));
    b = recipe.net("B", nn::linear(kWidth, kWidth));
    recipe.sample = [](int64_t n, const Batch&) { return zeros({n, 1, 1, 1}); };
  }
  Trainer train(bool capture = true) { return Trainer(recipe, {2, 1, capture}, {}, nullptr); }
};

std::vector<float> weights(const nn::Net& n) { return n.flat().to_floats(); }
Tensor points() { return ones({2, kWidth}); }
Tensor loss_of(const nn::Net& n) { return mean(square(n(points()) - 1.0)); }

TEST(Recipe, AClosedGateStopsTheStepAndItsCount) {
  Pair p;
  const Tensor gate = full({1}, 0);
  p.recipe.update("A", {p.a}, nn::adam(0.1), [&](const Batch&) -> Losses { return {{"x", loss_of(p.a), ""}}; }).when([=](const Losses&) { return gate; });
  Trainer t = p.train();
  const auto before = weights(p.a);
  for (int i = 0; i < 5; ++i) t.step();
  EXPECT_EQ(weights(p.a), before);
  for (const auto& s : t.state())
    if (s.name == "optimizer.A.A.step") EXPECT_EQ(s.value.to_integers(), std::vector<int64_t>{0});
  assign(gate, ones({1}));
  t.step();
  EXPECT_NE(weights(p.a), before);
}

TEST(Recipe, MeasuresItsStepsWhenAsked) {
  Pair p;
  p.recipe.update("A", {p.a}, nn::sgd(0.1), [&](const Batch&) -> Losses { return {{"x", loss_of(p.a), ""}}; }).times(2);
  Trainer t = p.train();
  const auto ratio = [&]() -> double {
    for (const auto& [name, v] : t.values())
      if (name == "update_ratio/A") return v;
    return -1;
  };
  for (int i = 0; i < 6; ++i) {  // eager, traced, captured, replayed
    const auto before = weights(p.a);
    t.step(true);
    const auto now = weights(p.a);
    double step = 0, length = 0;
    for (size_t k = 0; k < now.size(); ++k) step += std::pow(double(now[k]) - before[k], 2), length += std::pow(double(before[k]), 2);
    EXPECT_NEAR(ratio(), std::sqrt(step / length), 1e-5 * ratio());
    t.step();
    EXPECT_EQ(ratio(), -1);
  }
}

TEST(Recipe, StagesHaveTheirOwnUpdatesAndResume) {
  const auto make = [] {
    Pair p;
    const Tensor seen = p.recipe.keep("seen", zeros({1}));
    p.recipe.stage("first", 3);
    p.recipe.update("A", {p.a}, nn::adam(0.1), [a = p.a](const Batch&) -> Losses { return {{"x", loss_of(a), ""}}; });
    p.recipe.stage("second", 4, [=, a = p.a, b = p.b] { assign(b.flat(), a.flat()), assign(seen, randn({1})); });
    p.recipe.update("B", {p.b}, nn::adam(0.1), [b = p.b](const Batch&) -> Losses { return {{"x", loss_of(b), ""}}; }).times(2);
    return p;
  };
  using Values = std::vector<std::pair<std::string, std::vector<double>>>;
  const auto state = [](const Trainer& t) {
    Values v;
    for (const auto& s : t.state()) v.emplace_back(s.name, is_floating(s.value.dtype()) ? s.value.to_doubles() : std::vector<double>{double(s.value.to_integers().at(0))});
    return v;
  };
  Pair whole = make();
  EXPECT_EQ(whole.recipe.steps(), 7);
  Trainer t = whole.train();
  for (int i = 0; i < 3; ++i) t.step();
  EXPECT_EQ(t.stage(), 0u);
  const auto a = weights(whole.a);
  t.step();
  EXPECT_EQ(t.stage(), 1u);
  EXPECT_EQ(weights(whole.a), a);     // no longer moved
  EXPECT_NE(weights(whole.b), a);     // started from A, then moved
  for (int i = 0; i < 3; ++i) t.step();
  const Values want = state(t);
  // Stopped after each iteration: before, at and after the border between the stages.
  for (int stop = 1; stop < 7; ++stop) {
    Pair first = make(), second = make();
    Trainer before = first.train(), after = second.train();
    for (int i = 0; i < stop; ++i) before.step();
    after.prepare_resume(stop);
    const auto from = before.state(), to = after.state();
    ASSERT_EQ(from.size(), to.size());
    for (size_t i = 0; i < from.size(); ++i) assign(to[i].value, from[i].value);
    after.resume_at(stop);
    while (after.iteration() < 7) after.step();
    EXPECT_EQ(state(after), want) << "stopped after " << stop;
  }
}

TEST(Recipe, AnIntervalSkipsIterations) {
  Pair p;
  p.recipe.update("A", {p.a}, nn::sgd(0.1), [&](const Batch&) -> Losses { return {{"x", loss_of(p.a), ""}}; });
  p.recipe.update("B", {p.b}, nn::sgd(0.1), [&](const Batch&) -> Losses { return {{"x", loss_of(p.b), ""}}; }).every(3);
  Trainer t = p.train();
  int moved = 0;
  for (int i = 0; i < 9; ++i) {
    const auto before = weights(p.b);
    t.step();
    moved += weights(p.b) != before;
  }
  EXPECT_EQ(moved, 3);
}

// One update with a term for both networks and one for A alone equals the gradients taken by hand.
TEST(Recipe, ATermMovesOnlyWhatItNames) {
  const double rate = 0.1;
  Pair p;
  const auto joint = [&] { return mean(square(p.b(p.a(points())))); };
  const auto own = [&] { return mean(square(p.b(p.a(points())) - 2.0)); };
  Tensors both;
  for (const nn::Net& n : {p.a, p.b})
    for (const auto& q : n.parameters()) both.push_back(q.value);
  std::vector<std::vector<float>> want;
  {
    Watch watch(both);
    const Tensors g1 = grad(Tensors{joint()}, both, {}, Record::off);
    const Tensors g2 = grad(Tensors{own()}, {both[0], both[1]}, {}, Record::off);
    for (size_t i = 0; i < both.size(); ++i) {
      const Tensor g = i < 2 ? add(g1[i], g2[i]) : g1[i];
      want.push_back(sub(both[i], g * rate).to_floats());
    }
  }
  p.recipe.update("AB", {Group{{p.a}, nn::sgd(rate)}, Group{{p.b}, nn::sgd(rate)}}, [&](const Batch&) -> Losses {
    return {{"joint", joint(), ""}, {"own", own(), "", {p.a}}, shown("seen", loss_of(p.a))};
  });
  Trainer t = p.train();
  t.step();
  for (size_t i = 0; i < both.size(); ++i) {
    const auto got = both[i].to_floats();
    for (size_t k = 0; k < got.size(); ++k) EXPECT_NEAR(got[k], want[i][k], 1e-6);
  }
}

TEST(Recipe, ASharedValueIsDataOnceItsNetworkMoved) {
  Pair p;
  const SharedValue fake = p.recipe.shared("fake", {p.a}, [&](const Batch&) { return p.a(points()); });
  p.recipe.update("A", {p.a}, nn::sgd(0.1), [=](const Batch&) -> Losses { return {{"x", mean(square(fake())), ""}}; });
  p.recipe.update("A again", {p.a}, nn::sgd(0.1), [=](const Batch&) -> Losses { return {{"x", mean(square(fake())), ""}}; });
  Trainer t = p.train();
  try {
    t.step();
    FAIL() << "a moved network was differentiated";
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("version"), std::string::npos) << e.what();
  }
}

TEST(Recipe, AnAverageFollowsTheWeights) {
  Pair p;
  p.recipe.average = 0.9;
  p.recipe.averaged = {p.a};
  p.recipe.update("A", {p.a}, nn::sgd(0.5), [&](const Batch&) -> Losses { return {{"x", loss_of(p.a), ""}}; });
  Trainer t = p.train();
  std::vector<float> want = weights(p.a);
  for (int i = 0; i < 5; ++i) {
    t.step();
    const auto now = weights(p.a);
    for (size_t k = 0; k < want.size(); ++k) want[k] = 0.9f * want[k] + 0.1f * now[k];
  }
  std::vector<float> got;
  for (const auto& s : t.state())
    if (s.name == "optimizer.A.A.average") got = s.value.to_floats();
  ASSERT_EQ(got.size(), want.size());
  for (size_t k = 0; k < want.size(); ++k) EXPECT_NEAR(got[k], want[k], 1e-6);
}

// An average goes on through the stages; the optimiser begins afresh.
TEST(Recipe, AnAverageFollowsTheWeightsThroughStages) {
  Pair p;
  p.recipe.average = 0.9;
  p.recipe.averaged = {p.a};
  for (const char* name : {"first", "second"}) {
    p.recipe.stage(name, 3);
    p.recipe.update("A", {p.a}, nn::sgd(0.5), [a = p.a](const Batch&) -> Losses { return {{"x", loss_of(a), ""}}; });
  }
  Trainer t = p.train();
  std::vector<float> want = weights(p.a), got;
  std::vector<int64_t> steps;
  for (int i = 0; i < 6; ++i) {
    t.step();
    const auto now = weights(p.a);
    for (size_t k = 0; k < want.size(); ++k) want[k] = 0.9f * want[k] + 0.1f * now[k];
    for (const auto& s : t.state()) {
      if (s.name == "optimizer.A.A.average") got = s.value.to_floats();
      if (s.name == "optimizer.A.A.step") steps.push_back(s.value.to_integers().at(0));
    }
  }
  ASSERT_EQ(got.size(), want.size());
  for (size_t k = 0; k < want.size(); ++k) EXPECT_NEAR(got[k], want[k], 1e-6);
  EXPECT_EQ(steps, (std::vector<int64_t>{1, 2, 3, 1, 2, 3}));
}

TEST(Recipe, RepeatsSeeBatchesOfTheirOwn) {
  Pair p;
  p.recipe.update("A", {p.a}, nn::sgd(0.1), [&](const Batch&) -> Losses { return {{"x", mean(p.a(randn({2, kWidth}))), ""}}; }).times(3);
  Trainer t = p.train();
  EXPECT_EQ(t.batches_per_iteration(), 3);
  for (int i = 0; i < 5; ++i) t.step();
  for (const auto& s : t.state())
    if (s.name == "optimizer.A.A.step") EXPECT_EQ(s.value.to_integers(), std::vector<int64_t>{15});
}

}  // namespace
}  // namespace ganymede
