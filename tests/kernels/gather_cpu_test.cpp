// Picking rows, adding them back, one-hot rows.
#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

TEST(Gather, MatchesReferenceBothWays) {
  for (int64_t width : {1, 3, 64, 513}) {
    for (int64_t count : {0, 1, 5, 301}) {
      const int64_t rows = 17;
      const auto x = random_values(rows * width, 1), dy = random_values(count * width, 2);
      std::vector<int64_t> index(count);
      for (int64_t i = 0; i < count; ++i)
        index[i] = (i * i * 7 + 3) % 20 - 1;  // -1 and 17, 18 are outside; some rows stay unused
      std::vector<double> want(count * width, 0.0), want_dx(rows * width, 0.0);
      for (int64_t i = 0; i < count; ++i) {
        if (index[i] < 0 || index[i] >= rows) continue;
        for (int64_t c = 0; c < width; ++c) {
          want[i * width + c] = x[index[i] * width + c];
          want_dx[index[i] * width + c] += dy[i * width + c];
        }
      }
      for_each_float_type([&](auto type) {
        using T = decltype(type);
        const Gather problem{rows, count, width, dtype_of<T>()};
        const auto tx = as<T>(x), tdy = as<T>(dy);
        std::vector<uint64_t> workspace(gather_kernels.workspace_bytes(problem) / 8, ~uint64_t{0});
        Output<T> y(count * width), dx(rows * width);
        gather_kernels.gather(nullptr, problem, tx.data(), index.data(), y.data());
        gather_kernels.scatter_add(nullptr, problem, tdy.data(), index.data(), dx.data(), workspace.data());
        EXPECT_EQ(y.values(), want);
        EXPECT_LT(relative_error(dx.values(), want_dx), tolerance<T>(1e-6));
      });
    }
  }
}

TEST(Gather, ScatterAddsInAscendingOrder) {
  const float dy[] = {1e8f, 1, -1e8f};  // (1e8 + 1) - 1e8 is 0 in f32, in any other order 1 remains
  const int64_t index[] = {0, 0, 0};
  const Gather problem{1, 3, 1, DType::f32};
  std::vector<uint64_t> workspace(gather_kernels.workspace_bytes(problem) / 8);
  float dx;
  gather_kernels.scatter_add(nullptr, problem, dy, index, &dx, workspace.data());
  EXPECT_EQ(dx, 0);
}

TEST(Gather, OneHot) {
  const int64_t index[] = {2, 0, -1, 5};
  for_each_float_type([&](auto type) {
    using T = decltype(type);
    Output<T> y(4 * 3);
    gather_kernels.one_hot(nullptr, {0, 4, 3, dtype_of<T>()}, index, 0.875, 0.0625, y.data());
    const auto got = y.values();
    for (int i = 0; i < 12; ++i) EXPECT_EQ(got[i], index[i / 3] == i % 3 ? 0.875 : 0.0625);
  });
}

}  // namespace
}  // namespace ganymede::kernels::cpu
