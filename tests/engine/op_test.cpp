// Every op of the table: derivatives of two orders against numbers, and every device and type against the cpu in f64.
#include "tests/engine/op_cases.h"
#include "tests/support/op_suite.h"

namespace ganymede::test {

INSTANTIATE_TEST_SUITE_P(Every, Op, testing::ValuesIn(op_cases()), case_name);
INSTANTIATE_TEST_SUITE_P(Every, OpOnCuda, testing::ValuesIn(on_cuda(op_cases())), case_name);

}  // namespace ganymede::test
