// The stacks of bench_steps, narrow: they train, a replay is what an eager run is, and their parameters are as many as the papers' networks have.
#include "bench/stacks.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"

namespace ganymede::bench {
namespace {

struct Case {
  StackShape shape;
  int64_t batch;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.shape.model << c.shape.size; }

class Stacks : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override { context().device = Device{}; }
  static std::vector<double> state_of(Stack& s) {
    std::vector<double> all;
    for (const nn::NamedTensor& t : s.trainer().state()) {
      if (!is_floating(t.value.dtype())) continue;  // counts of steps
      const auto v = t.value.to_doubles();
      all.insert(all.end(), v.begin(), v.end());
    }
    return all;
  }
 private:
  ContextScope scope_;
};

TEST_P(Stacks, ReplayAsTheyRun) {
  const Case& c = GetParam();
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    context().precision = precision;
    Stack eager(c.shape, c.batch, false), captured(c.shape, c.batch);
    const auto first = state_of(eager);
    for (int i = 0; i < 5; ++i) {
      eager.trainer().step(), captured.trainer().step();
      for (const auto& [name, value] : captured.trainer().values()) EXPECT_TRUE(std::isfinite(value)) << name;
      ASSERT_EQ(eager.trainer().values(), captured.trainer().values()) << "step " << i;
    }
    EXPECT_EQ(state_of(eager), state_of(captured));
    EXPECT_NE(state_of(eager), first);
  }
}

INSTANTIATE_TEST_SUITE_P(All, Stacks, testing::Values(Case{{"progan", 8, 64}, 4}, Case{{"progan", 16, 64}, 4}, Case{{"srresnet", 6, 16}, 2}, Case{{"srgan", 6, 16}, 2}));

// Those that bench/torch_stacks.py prints.
TEST(StacksAtFullSize, HaveAsManyParametersAsPyTorchs) {
  const ContextScope scope;
  context().device = {DeviceType::plan, 0};
  const auto counted = [](const StackShape& shape) {
    int64_t n = 0;
    for (const nn::Net& net : stack_recipe(shape).nets) n += net.parameter_count();
    return n;
  };
  EXPECT_EQ(counted({"progan", 64}), 22484227 + 22489857);
  EXPECT_EQ(counted({"progan", 1024}), 23071507 + 23077137);
  EXPECT_EQ(counted({"srresnet", 24}), 1547350);
  EXPECT_EQ(counted({"srgan", 24}), 1547350 + 23563649 + 20024384);
}

TEST(StacksAtFullSize, AreThree) {
  EXPECT_TRUE(is_stack("progan") && is_stack("srresnet") && is_stack("srgan") && !is_stack("dcgan"));
  EXPECT_THROW(stack_recipe({"dcgan", 64}), UsageError);
}

}  // namespace
}  // namespace ganymede::bench
