// Every op of the table: derivatives of two orders against numbers, and every device and type against the cpu in f64.
#include <gtest/gtest.h>

#include "engine/memory.h"
#include "engine/ops.h"
#include "tests/engine/op_cases.h"

namespace ganymede::test {
namespace {

struct Bounds {
  double forward, first, second;
};

Bounds bounds_of(Kind kind, DType dtype) {
  if (dtype == DType::bf16) return {1e-2, 2e-2, 3e-2};
  if (kind == Kind::element_wise) return {1e-6, 1e-6, 5e-6};
  return {1e-5, 5e-5, 2e-4};
}

class Op : public testing::TestWithParam<OpCase> {
 protected:
  void SetUp() override { poison_fresh_memory(true); }
  void TearDown() override { poison_fresh_memory(false); }

  void agrees(const Device& device, DType dtype) {
    const OpCase& c = GetParam();
    const Orders want = run_orders(c, Device{}, DType::f64), got = run_orders(c, device, dtype);
    const Bounds b = bounds_of(c.kind, dtype);
    EXPECT_LE(relative_error(got.forward, want.forward), b.forward);
    EXPECT_LE(relative_error(got.first, want.first), b.first);
    EXPECT_LE(relative_error(got.second, want.second), b.second);
  }
};

TEST_P(Op, GradCheck) { EXPECT_EQ(gradcheck(GetParam().f, inputs_of(GetParam())), ""); }
TEST_P(Op, GradGradCheck) { EXPECT_EQ(gradgradcheck(GetParam().f, inputs_of(GetParam())), ""); }
TEST_P(Op, CpuF32) { agrees(Device{}, DType::f32); }
TEST_P(Op, SimF32) { agrees({DeviceType::sim, 0}, DType::f32); }
TEST_P(Op, CpuBf16) {
  if (GetParam().kind == Kind::product) agrees(Device{}, DType::bf16);
}
TEST_P(Op, SimBf16) {
  if (GetParam().kind == Kind::product) agrees({DeviceType::sim, 0}, DType::bf16);
}
TEST_P(Op, CudaF32) {
  if (device_count(DeviceType::cuda) > 0) agrees({DeviceType::cuda, 0}, DType::f32);
}

INSTANTIATE_TEST_SUITE_P(Every, Op, testing::ValuesIn(op_cases()), [](const auto& info) {
  std::string name = info.param.name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
});

}  // namespace
}  // namespace ganymede::test
