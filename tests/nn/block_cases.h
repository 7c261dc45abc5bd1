// The layers of nn/layers.h, nn/blocks.h and nn/conditional.h that are more than one op, as a table for the checks of
// tests/support/op_suite.h: functions of their input and of every parameter.
#pragma once
#include "tests/support/op_case.h"

namespace ganymede::test {

const std::vector<OpCase>& block_cases();

}  // namespace ganymede::test
