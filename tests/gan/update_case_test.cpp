// Every model's updates against PyTorch: see update_case.h.
#include "tests/gan/update_case.h"

#include <gtest/gtest.h>

namespace ganymede::test {
namespace {

class Updates : public testing::TestWithParam<std::string> {};

TEST_P(Updates, AgreeWithPyTorchInF64) { expect_agreement(GetParam(), DType::f64); }
TEST_P(Updates, AgreeWithPyTorchInF32) { expect_agreement(GetParam(), DType::f32); }

INSTANTIATE_TEST_SUITE_P(Cases, Updates, testing::ValuesIn(update_cases()), [](const auto& info) { return info.param; });
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Updates);

}  // namespace
}  // namespace ganymede::test
