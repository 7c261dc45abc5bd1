// bf16 copies of weights: steps keep them, and whoever else writes weights is noticed, inside updates and out, eager or replayed.
#include <gtest/gtest.h>

#include "engine/capture.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "nn/layers.h"
#include "nn/optim.h"

namespace ganymede::nn {
namespace {

Layer layers() { return sequential({linear(16, 24), leaky_relu(0.2), linear(24, 8)}); }

class Copies : public testing::TestWithParam<DeviceType> {
 protected:
  void SetUp() override {
    context().device = {GetParam(), 0}, context().precision = Precision::bf16;
    seed_parameters(2);
    net_ = Net("G", layers());
    x_ = full({4, 16}, 0.5);
    stepper_ = std::make_unique<Stepper>(net_, sgd(0.5));
    gate_ = full({1}, 1);
  }

  // An update of the network: run, run again, captured, replayed.
  void step(Unit& unit) {
    stepper_->prepare(0);
    unit.run([&] {
      const Moving moving({net_});
      stepper_->step(grad(Tensors{mean(square(net_(x_)))}, net_.leaves(), {}, Record::off), gate_);
    });
  }
  void write(double value) {
    Net other("G", layers());
    assign(net_.flat(), other.flat() * value);
  }
  std::vector<double> found() const { return net_(x_).to_doubles(); }
  // By a copy made for this alone.
  std::vector<double> expected() const {
    const Net fresh("G", layers());
    assign(fresh.flat(), net_.flat());
    return fresh(x_).to_doubles();
  }

  ContextScope scope_;
  Net net_;
  Tensor x_, gate_;
  std::unique_ptr<Stepper> stepper_;
  Unit unit_;
};
INSTANTIATE_TEST_SUITE_P(Devices, Copies, testing::Values(DeviceType::cpu, DeviceType::sim));

TEST_P(Copies, FollowEveryStep) {
  std::vector<double> before = found();
  for (int i = 0; i < 6; ++i) {
    step(unit_);
    EXPECT_NE(found(), before) << i;
    EXPECT_EQ(before = found(), expected()) << i;
  }
  EXPECT_TRUE(unit_.captured());
}

TEST_P(Copies, TakeOneLaunchAtFirstAndNoneAfterwards) {
  step(unit_);
  const int64_t first = unit_.launches();
  step(unit_), step(unit_);
  EXPECT_EQ(unit_.launches(), first - 1);
}

// Where others write between two runs, the step begins from what they wrote: from the first run on, or only since the update is replayed.
TEST_P(Copies, AreMadeAgainWhenSomebodyElseWrites) {
  for (const int first : {0, 5}) {
    SetUp();
    Unit fresh;
    for (int i = 0; i < first + 6; ++i) {
      if (i >= first) write(0.1 * (i + 1));
      const std::vector<double> weights = net_.flat().to_doubles();
      step(fresh);
      const std::vector<double> moved = net_.flat().to_doubles();
      EXPECT_EQ(found(), expected()) << i;
      const Net twin("G", layers());   // takes the same step eagerly
      assign(twin.flat(), tensor(weights, net_.flat().shape(), DType::f32, context().device));
      Stepper stepper(twin, sgd(0.5));
      stepper.prepare(0);
      const Moving moving({twin});
      stepper.step(grad(Tensors{mean(square(twin(x_)))}, twin.leaves(), {}, Record::off));
      EXPECT_EQ(moved, twin.flat().to_doubles()) << i;
    }
  }
}

// A copy that comes after the steps were captured, which therefore do not write it.
TEST_P(Copies, MayComeLate) {
  context().precision = Precision::f32;
  for (int i = 0; i < 4; ++i) step(unit_);
  for (int i = 0; i < 3; ++i) {
    context().precision = Precision::bf16;
    EXPECT_EQ(found(), expected()) << i;
    context().precision = Precision::f32;
    step(unit_);
  }
}

TEST_P(Copies, StayStaleBehindAClosedGate) {
  found();
  write(0.3);
  assign(gate_, full({1}, 0));
  stepper_->prepare(0);
  const std::vector<Tensors> none(net_.parameters().size());
  stepper_->step(none, gate_);
  EXPECT_EQ(found(), expected());
}

// What an update makes of weights, each time anew, is copied once for all its passes, forward and back.
TEST_P(Copies, OfWhatIsMadeOfWeightsAreMadeOnceARun) {
  int64_t launches[2];
  for (const int passes : {1, 2}) {
    Unit unit;
    const auto f = [&] {
      const Tensor w = net_.parameters()[0].value * 2.0, x = cast(x_, DType::bf16);
      Tensor y;
      for (int k = 0; k < passes; ++k) y = ganymede::linear(x, w, {});
      return y;
    };
    Tensor y;  // of the run that is captured, and of its replays
    for (int i = 0; i < 6; ++i) {
      write(0.1 * (i + 1));
      unit.run([&] { y = f(); });
      EXPECT_EQ(y.to_doubles(), f().to_doubles()) << i;
    }
    launches[passes - 1] = unit.launches();
  }
  EXPECT_EQ(launches[1], launches[0] + 1);  // the second pass has a product more, and no copy
}

// An update that reads what another one moves.
TEST_P(Copies, AreSharedByUpdates) {
  Unit reader;
  Tensor seen;
  for (int i = 0; i < 6; ++i) {
    step(unit_);
    reader.run([&] { seen = net_(x_); });
    EXPECT_EQ(seen.to_doubles(), expected()) << i;
    if (i % 2) write(0.2 * i);
  }
  EXPECT_TRUE(reader.captured());
}

}  // namespace
}  // namespace ganymede::nn
