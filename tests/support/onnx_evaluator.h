// Runs an ONNX file, with plain loops in double precision: what another runtime would make of it.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ganymede::test {

struct Array {
  std::vector<int64_t> shape;
  std::vector<double> values;
};

// The outputs by name. Throws std::runtime_error for what ONNX's checker refuses, an operator that is not known here, and results that have
// another shape than the file says.
std::map<std::string, Array> evaluate_onnx(const std::string& file, const std::map<std::string, Array>& inputs);

}  // namespace ganymede::test
