// The differentiable ops as a table: what every op test and the table of docs/ops.md go through.
#pragma once
#include "tests/support/op_case.h"

namespace ganymede::test {

const std::vector<OpCase>& op_cases();
// Its parts: ops on whole tensors, and ops on pictures, sequences and weights.
std::vector<OpCase> tensor_cases();
std::vector<OpCase> picture_cases();

}  // namespace ganymede::test
