// SGAN's stages, its steps by D's loss, and what it refuses.
#include <gtest/gtest.h>

#include <set>

#include "engine/check.h"
#include "engine/ops.h"
#include "tests/gan/moved_nets.h"

namespace ganymede::test {
namespace {

TEST(StackedGan, ItsStagesMoveTheirOwnNetworks) {
  Tiny t({"stacked-gan", {{"pretrain", "2"}, {"independent", "2"}}});
  EXPECT_EQ(moved_nets(t, 2), (std::set<std::string>{"E", "E_class"}));
  const std::set<std::string> levels{"G1", "D1", "G0", "D0"};
  EXPECT_EQ(moved_nets(t, 2), levels);
  EXPECT_EQ(moved_nets(t, 2), levels);
}

// With g_steps=0 a step of D says how many of seven runs of G count: 1, 3, 5 or 7.
TEST(StackedGan, TakesAsManyStepsAsTheLossOfDSays) {
  Tiny t({"stacked-gan", {{"architecture", "cifar"}, {"g_steps", "0"}, {"pretrain", "1"}, {"independent", "5"}}});
  for (int i = 0; i < 3; ++i) t->step();
  const auto state = t.state();
  const std::set<double> turns{1, 3, 5, 7};
  for (const std::string level : {"0", "1"}) {
    EXPECT_EQ(state.at("optimizer.D" + level + ".D" + level + ".step").at(0), 2);
    const double last = state.at("kept.turns.G" + level).at(0) + 7, first = state.at("optimizer.G" + level + ".G" + level + ".step").at(0) - last;
    EXPECT_TRUE(turns.count(last)) << last;
    EXPECT_TRUE(turns.count(first)) << first;
  }
}

TEST(StackedGan, RefusesWhatDoesNotFit) {
  EXPECT_EQ(refusal({.model = "stacked-gan", .settings = {{"pretrain", "6"}, {"independent", "4"}}}),
            "settings pretrain=6 and independent=4: the run has 10 iterations, so none remain for both levels together; set less or more --steps");
  EXPECT_EQ(refusal({.model = "stacked-gan", .size = 18}), "a picture size of 18: stacked-gan takes multiples of 4 from 16; set --size");
}

}  // namespace
}  // namespace ganymede::test
