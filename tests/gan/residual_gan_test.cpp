// What Residual-GAN adds to which picture, and what is measured of it.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "tests/data/data_test_util.h"
#include "tests/support/difference.h"

namespace ganymede {
namespace {

using test::furthest;

class Residuals : public testing::Test {
 protected:
  Residuals() {
    context().training = false, context().recording = false;
    facts_.size = facts_.width = 8, facts_.channels = 3, facts_.attributes = {"hat"};
    recipe_ = find_model("residual-gan").recipe(Config(facts_, {{"width", "2"}, {"features", "1"}}));
    seed(1);
    batch_ = {2, {{"image", uniform({2, 8, 8, 3}, -1, 1)}, {"attributes", tensor(std::vector<double>{0, 1}, {2, 1}, DType::f32, Device{})}}};
  }
  double measured(const std::string& name) {
    for (const Measure& m : recipe_.measures)
      if (m.name == name) return m.value({2, [&](const std::function<void(const Batch&)>& look) { look(batch_); }});
    ADD_FAILURE() << "no measure " << name;
    return -1;
  }
  ContextScope scope_;
  DataFacts facts_;
  Recipe recipe_;
  Batch batch_;
};


TEST_F(Residuals, GiveByOneNetworkAndTakeByTheOther) {
  const Tensor x = batch_.image(), given = recipe_.nets.at(0)(x), taken = recipe_.nets.at(1)(x);
  ASSERT_EQ(recipe_.nets[0].name() + recipe_.nets[1].name(), "G0G1");
  const auto columns = recipe_.columns(batch_);
  EXPECT_LT(furthest(columns.at(1).pictures.rows(0, 1), 0.5 * given.rows(0, 1)), 1e-6);
  EXPECT_LT(furthest(columns.at(1).pictures.rows(1, 2), 0.5 * taken.rows(1, 2)), 1e-6);
  EXPECT_LT(furthest(columns.at(2).pictures.rows(0, 1), clamp(x + given, -1, 1).rows(0, 1)), 1e-6);
  EXPECT_EQ(measured("same"), 0);
}

TEST_F(Residuals, AreMeasuredInsideOfTheAttributesPlace) {
  batch_.fields["hat"] = ones({2, 8, 8, 1});
  EXPECT_NEAR(measured("inside"), 1, 1e-6);
  batch_.fields["hat"] = concat({ones({2, 4, 8, 1}), zeros({2, 4, 8, 1})}, 1);
  const Tensor size = abs(concat({recipe_.nets[0](batch_.image()).rows(0, 1), recipe_.nets[1](batch_.image()).rows(1, 2)}, 0));
  EXPECT_NEAR(measured("inside"), sum(slice(size, 1, 0, 4)).item() / sum(size).item(), 1e-5);
  batch_.fields.erase("hat");
  EXPECT_TRUE(std::isnan(measured("inside")));
}

TEST_F(Residuals, AreOfOneAttribute) {
  facts_.attributes = {"hat", "dark"};
  data::expect_mentions(data::error_of([&] { find_model("residual-gan").recipe(Config(facts_, {})); }), {"2 attributes", "sides:ATTRIBUTE,DATA"});
}

}  // namespace
}  // namespace ganymede
