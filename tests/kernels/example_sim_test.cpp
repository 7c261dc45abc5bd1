// The worked example of docs/add_a_kernel.md.
#include "docs/examples/unit_rows.cu"
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

TEST(ExampleSim, UnitRowsMatchReference) {
  if (&kernels() != &sim::table()) GTEST_SKIP() << "the example is compiled for the simulator alone";
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{1, 1}, {3, 31}, {70, 5}, {2, 300}}) {
    Values x = random_values(rows * columns, 101);
    x.back() = 0;
    Values wanted(x);
    for (int64_t r = 0; r < rows; ++r) {
      double squares = 0;
      for (int64_t i = 0; i < columns; ++i) squares += x[r * columns + i] * x[r * columns + i];
      for (int64_t i = 0; i < columns; ++i) wanted[r * columns + i] /= std::max(std::sqrt(squares), 1e-12);
    }
    for (const DType dtype : kFloats) {
      Buffer in(dtype, x);
      const auto found = run_in_orders({{dtype, rows * columns}}, [&](const auto& out) {
        scale_rows(nullptr, dtype, rows, columns, 1e-12, in.data(), out[0]);
      });
      EXPECT_LT(relative_error(found[0], wanted), tolerance(dtype, 1e-6))
          << text(dtype) << " " << rows << " x " << columns;
    }
  }
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
