// A differentiable function with the inputs it is proven on, and what every device and type makes of it.
#pragma once
#include <string>
#include <vector>

#include "tests/support/gradcheck.h"

namespace ganymede::test {

// What bounds the error in low precision (the tolerance table of docs/design.md).
enum class Kind {
  element_wise,  // no sums: 1e-6, 1e-6, 5e-6 in f32
  summing,       // reductions, norms and products: 1e-5, 5e-5, 2e-4 in f32
  product,       // conv, linear, matmul, attention: as summing in f32
};

struct OpCase {
  std::string name;
  Kind kind;
  std::vector<Shape> shapes;             // of the inputs
  Function f;
  double low = -2, high = 2;             // range of the inputs
  bool piecewise = false;                // kinks: inputs are kept away from whole numbers by 0.1
  int activations = 1;                   // so many inputs are in the type under test; the rest are f32 masters beside bf16
  int stored = 1;                        // results one behind the other, each rounded: so many times the bounds of tf32 and bf16
  Function signs = {};                   // what bends or jumps where it is 0, which a case must not be next to; null: nothing
};
// Else GoogleTest prints its bytes, padding among them, which nobody ever wrote.
inline void PrintTo(const OpCase& c, std::ostream* out) { *out << c.name; }

Tensors inputs_of(const OpCase& c);      // f64 on the cpu, the same values each time; exact in bf16

// Values and gradients of one order each: outputs; d <y, c> / d x; d <dx, c2> / d (x, c). Flattened, one vector an order.
struct Orders {
  std::vector<double> forward, first, second;
};
// f64: cpu alone. bf16: the inputs are cast to it (gain, bias and statistics of norms stay f32). tf32: what multiplies does
// so in tf32.
enum class Arithmetic { f64, f32, tf32, bf16 };
Orders run_orders(const OpCase& c, const Device& device, Arithmetic arithmetic);

// Relative L2 errors, or bounds on them.
struct Errors {
  double forward, first, second;
};
Errors errors_of(const OpCase& c, const Device& device, Arithmetic arithmetic);   // against the cpu in f64
Errors bounds_of(Kind kind, Arithmetic arithmetic);

}  // namespace ganymede::test
