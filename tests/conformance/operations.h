// The table of operations: how the engine spells each of them. A row maps the inputs of a case to its outputs
// through differentiable ops; everything else (layouts, gradients, bounds) follows from its few properties.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <string>

#include "engine/ops.h"
#include "tests/conformance/case.h"

namespace ganymede::conformance {

// One call: the inputs on the device, undefined where an optional one is absent.
struct Call {
  const Tensors& inputs;
  const Attributes& attributes;

  // Undefined beyond the last input of the file.
  Tensor in(size_t i) const { return i < inputs.size() ? inputs[i] : Tensor{}; }
};

struct Operation {
  std::function<Tensors(const Call&)> run;
  size_t most_inputs = 1;
  bool images = false;             // inputs and outputs of rank 3 and 4 are channels-first in the file
  std::set<size_t> verbatim = {};  // inputs of an image operation that stay as they are
  bool verbatim_output = false;
  std::set<size_t> constants = {};  // inputs that gradients never reach
  std::set<size_t> targets =
      {};  // inputs that a reference may take as constant: checked if the file has a gradient
  bool differentiable = true;
  bool multiplies = false;  // runs in the reduced precision that was asked for, with its bounds
};

using Operations = std::map<std::string, Operation>;

constexpr size_t kAnyNumber = 1000;

void add_elementwise(Operations& table);
void add_reductions(Operations& table);
void add_layouts(Operations& table);
void add_layers(Operations& table);
void add_resampling(Operations& table);
void add_losses(Operations& table);
void add_models(Operations& table);

const Operations& operations();

}  // namespace ganymede::conformance
