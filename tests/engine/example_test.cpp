// The worked example of docs/add_an_op.md: the same checks as every op of the table.
#include <gtest/gtest.h>

#include <cmath>

#include "docs/examples/gate.h"
#include "tests/support/op_case.h"

namespace ganymede::test {
namespace {

TEST(OpExample, GateIsRightOnEveryDeviceToTheSecondDerivative) {
  const OpCase c{"gate", Kind::element_wise, {{3, 5, 7}, {3, 5, 7}}, [](const Tensors& in) { return Tensors{gate(in[0], in[1])}; }, -2, 2, false, 2};
  EXPECT_EQ(gradcheck(c.f, inputs_of(c)), "");
  EXPECT_EQ(gradgradcheck(c.f, inputs_of(c)), "");
  for (const DeviceType device : {DeviceType::cpu, DeviceType::sim})
    for (const Arithmetic a : {Arithmetic::f32, Arithmetic::bf16}) {
      const Errors e = errors_of(c, {device, 0}, a), bound = bounds_of(c.kind, a);
      EXPECT_LE(e.forward, bound.forward);
      EXPECT_LE(e.first, bound.first);
      EXPECT_LE(e.second, bound.second);
    }
}

TEST(OpExample, GateHasItsValueAndRefusesUnlikeOperands) {
  const auto t = [](const std::vector<double>& v) { return tensor(v, {int64_t(v.size())}, DType::f64, Device{}); };
  EXPECT_NEAR(gate(t({3}), t({0.5})).item(), 3 / (1 + std::exp(-0.5)), 1e-15);
  EXPECT_THROW(gate(t({3}), t({1, 2})), Error);
}

}  // namespace
}  // namespace ganymede::test
