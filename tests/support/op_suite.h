// The checks that every case of a table goes through. Include it in one file of a test program and instantiate Op over the table.
#pragma once
#include <gtest/gtest.h>

#include <cctype>
#include <utility>
#include <vector>

#include "engine/memory.h"
#include "tests/support/op_case.h"

namespace ganymede::test {

class Op : public testing::TestWithParam<OpCase> {
 protected:
  void SetUp() override { poison_fresh_memory(true); }
  void TearDown() override { poison_fresh_memory(false); }

  void agrees(const Device& device, Arithmetic arithmetic) {
    const Errors e = errors_of(GetParam(), device, arithmetic), bound = bounds_of(GetParam().kind, arithmetic);
    EXPECT_LE(e.forward, bound.forward);
    EXPECT_LE(e.first, bound.first);
    EXPECT_LE(e.second, bound.second);
  }
};

TEST_P(Op, GradCheck) { EXPECT_EQ(gradcheck(GetParam().f, inputs_of(GetParam())), ""); }
TEST_P(Op, GradGradCheck) { EXPECT_EQ(gradgradcheck(GetParam().f, inputs_of(GetParam())), ""); }
TEST_P(Op, CpuF32) { agrees(Device{}, Arithmetic::f32); }
TEST_P(Op, SimF32) { agrees({DeviceType::sim, 0}, Arithmetic::f32); }
TEST_P(Op, CpuBf16) { agrees(Device{}, Arithmetic::bf16); }
TEST_P(Op, SimBf16) { agrees({DeviceType::sim, 0}, Arithmetic::bf16); }
// What does not multiply is f32 there as well, which SimF32 checks.
TEST_P(Op, SimTf32) {
  if (GetParam().kind == Kind::product) agrees({DeviceType::sim, 0}, Arithmetic::tf32);
}

// On the first GPU; there are no such tests where there is none. Instantiate it over on_cuda(the table).
class OpOnCuda : public Op {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(OpOnCuda);
TEST_P(OpOnCuda, CudaF32) { agrees({DeviceType::cuda, 0}, Arithmetic::f32); }
TEST_P(OpOnCuda, CudaTf32) {
  if (GetParam().kind == Kind::product) agrees({DeviceType::cuda, 0}, Arithmetic::tf32);
}
TEST_P(OpOnCuda, CudaBf16) { agrees({DeviceType::cuda, 0}, Arithmetic::bf16); }
inline std::vector<OpCase> on_cuda(std::vector<OpCase> cases) {
  return device_count(DeviceType::cuda) > 0 ? std::move(cases) : std::vector<OpCase>{};
}

inline std::string case_name(const testing::TestParamInfo<OpCase>& info) {
  std::string name = info.param.name;
  for (char& c : name)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return name;
}

}  // namespace ganymede::test
