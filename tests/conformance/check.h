// Runs a case on a device and measures every tensor that the reference gave.
#pragma once
#include <string>
#include <vector>

#include "engine/device.h"
#include "tests/conformance/case.h"

namespace ganymede::conformance {

enum class Arithmetic { f32, tf32, bf16, f64 };  // f64: cpu only, to tell a wrong formula from lost digits

struct Setting {
  Device device;
  Arithmetic arithmetic = Arithmetic::f32;
};

struct Measured {
  std::string tensor;  // "out.0", "grad.1", "grad2.cot.0", ...
  double error;        // relative; NaN where the engine gave NaN
  double bound;
  bool ok() const { return error <= bound; }
};

// What was measured, in the order outputs, first, second order. Throws Unsupported for what the engine lacks,
// and whatever the engine throws.
std::vector<Measured> check(const Case& c, const Setting& setting);

}  // namespace ganymede::conformance
