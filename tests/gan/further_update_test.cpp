// Updates that go on with another's optimiser.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/trainer.h"
#include "nn/layers.h"

namespace ganymede::test {
namespace {

// One weight w, moved down 3 w and, in another update, down 4 w.
Recipe two_slopes(bool shared, int interval) {
  nn::seed_parameters(1);
  Recipe r;
  const nn::Net N = r.net("N", nn::linear(1, 1, false, nn::init::constant(2)));
  const auto down = [=](double slope) { return [=](const Batch&) -> Losses { return {{"w", slope * sum(N(ones({1, 1}))), "slope w"}}; }; };
  r.update("first", {N}, nn::adam(0.1, 0, 0.9), down(3));
  Update& u = shared ? r.further("first", "second", down(4)) : r.update("second", {N}, nn::adam(0.1, 0, 0.9), down(4));
  u.every(interval);
  r.average = 0.5, r.averaged = {N};
  return r;
}

double weight(Trainer& t) { return t.recipe().nets[0].flat().to_doubles()[0]; }

TEST(FurtherUpdate, SharesMomentsStepsAndAverages) {
  ContextScope scope;
  context().dtype = DType::f64;
  for (const int interval : {1, 2}) {
    Trainer t(two_slopes(true, interval), {1}, {}, nullptr);
    double w = 2, v = 0, average = 2;
    int steps = 0;
    const auto step = [&](double g) {
      v = 0.9 * v + 0.1 * g * g, ++steps;
      w -= 0.1 * g / (std::sqrt(v / (1 - std::pow(0.9, steps))) + 1e-8);
      average = 0.5 * average + 0.5 * w;
    };
    for (int i = 0; i < 5; ++i) {
      t.step();
      step(3);
      if (i % interval == 0) step(4);
      EXPECT_NEAR(weight(t), w, 1e-12) << "iteration " << i << ", interval " << interval;
    }
    t.sampling(1, [&] { EXPECT_NEAR(weight(t), average, 1e-12); });
    std::vector<std::string> names;
    for (const auto& s : t.state())
      if (s.name.starts_with("optimizer.")) names.push_back(s.name);
    EXPECT_EQ(names, (std::vector<std::string>{"optimizer.first.N.m", "optimizer.first.N.v", "optimizer.first.N.average", "optimizer.first.N.step"}));
  }
}

// Rates follow the count of both updates' steps, and a resumed run's go on from there.
TEST(FurtherUpdate, ResumesAtTheCountOfAllSteps) {
  ContextScope scope;
  context().dtype = DType::f64;
  const auto make = [] {
    Recipe r = two_slopes(true, 2);
    for (Update& u : r.stages[0].updates) u.groups[0].optim = nn::adam(0.1, 0, 0.9).with(nn::exponential_decay(0.5));
    return r;
  };
  Trainer whole(make(), {1}, {}, nullptr), resumed(make(), {1}, {}, nullptr);
  for (int i = 0; i < 4; ++i) whole.step();
  resumed.prepare_resume(4);
  const auto from = whole.state(), to = resumed.state();
  for (size_t i = 0; i < from.size(); ++i) assign(to[i].value, from[i].value);
  resumed.resume_at(4);
  const double before = weight(whole);
  for (int i = 0; i < 3; ++i) whole.step(), resumed.step();
  EXPECT_NE(weight(whole), before);
  EXPECT_EQ(weight(resumed), weight(whole));
}

// Of the networks of the update whose optimiser it goes on with, it may leave some alone (StarGAN v2's G by pictures).
TEST(FurtherUpdate, MovesTheNetworksThatItKeeps) {
  ContextScope scope;
  context().dtype = DType::f64;
  nn::seed_parameters(1);
  Recipe r;
  const auto weight = [](double at) { return nn::linear(1, 1, false, nn::init::constant(at)); };
  const nn::Net A = r.net("A", weight(2)), B = r.net("B", weight(3));
  const auto loss = [=](const Batch&) -> Losses { return {{"w", sum(A(ones({1, 1})) * B(ones({1, 1}))), "a b"}}; };
  r.update("first", {Group{{A}, nn::adam(0.1, 0, 0.9)}, Group{{B}, nn::adam(0.1, 0, 0.9)}}, loss);
  r.further("first", "second", loss).groups.resize(1);
  Trainer t(std::move(r), {1}, {}, nullptr);
  const auto steps = [&](const std::string& of) {
    for (const auto& s : t.state())
      if (s.name == "optimizer.first." + of + ".step") return s.value.to_integers()[0];
    return int64_t{-1};
  };
  t.step();
  EXPECT_NEAR(B.flat().to_doubles()[0], 2.9, 1e-6);
  EXPECT_LT(A.flat().to_doubles()[0], 1.85);
  EXPECT_EQ(steps("A"), 2);
  EXPECT_EQ(steps("B"), 1);
}

TEST(FurtherUpdate, OtherwiseEachUpdateHasItsOwn) {
  ContextScope scope;
  context().dtype = DType::f64;
  Trainer shared(two_slopes(true, 1), {1}, {}, nullptr), own(two_slopes(false, 1), {1}, {}, nullptr);
  shared.step(), own.step();
  EXPECT_GT(std::abs(weight(shared) - weight(own)), 1e-3);
}

TEST(FurtherUpdate, NeedsAnEarlierUpdateWithAnOptimiserOfItsOwn) {
  Recipe r = two_slopes(true, 1);
  const auto loss = [](const Batch&) -> Losses { return {}; };
  try {
    r.further("third", "fourth", loss);
    FAIL();
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "update fourth goes on with the optimiser of third; the stage's earlier updates are first, second");
  }
  EXPECT_THROW(r.further("second", "fourth", loss), Error);
  EXPECT_THROW(r.further("first", "second", loss), Error);   // a name twice
}

}  // namespace
}  // namespace ganymede::test
