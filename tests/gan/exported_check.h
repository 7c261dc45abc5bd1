// What a model's function gives as an ONNX file, computed by plain loops, against what the engine gives.
#pragma once
#include <string>

#include "tests/gan/model_fixture.h"

namespace ganymede::test {

// For other inputs than the file was recorded with, batches of 2. Says where they differ; "" if they agree to 1e-4 of the largest value, or
// the function draws noise of its own.
std::string difference_of_exported(Tiny& model, const std::string& function);

}  // namespace ganymede::test
