// The losses of nn/losses.h as a table for the checks of tests/support/op_suite.h.
#pragma once
#include "tests/support/op_case.h"

namespace ganymede::test {

const std::vector<OpCase>& loss_cases();

}  // namespace ganymede::test
