// Reductions of the cpu device against sums in double.
#include <omp.h>

#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

struct Shape {
  int64_t outer, reduce, inner;
};
const Shape kShapes[] = {{1, 1, 1},    {3, 7, 1},     {5, 1000, 1},   {2, 70001, 1}, {1, 7, 5},
                         {1, 1000, 3}, {3, 70, 1023}, {1, 4099, 64},  {2, 3000, 33}, {1, 9, 256},
                         {1, 33, 257}, {700, 3, 2},   {1, 100003, 1}, {1, 50000, 2}};

template <typename T, typename Out>
std::vector<double> reduced(const Reduce& problem, const std::vector<T>& x) {
  std::vector<uint64_t> workspace(reduce_kernels.workspace_bytes(problem) / 8 + 1, ~uint64_t{0});
  Output<Out> y(problem.outer * problem.inner);
  reduce_kernels.reduce(nullptr, problem, x.data(), y.data(), workspace.data());
  return y.values();
}

std::vector<double> reference(const Reduce& r, const std::vector<double>& x) {
  std::vector<double> y(r.outer * r.inner);
  for (int64_t o = 0; o < r.outer; ++o) {
    for (int64_t i = 0; i < r.inner; ++i) {
      double sum = 0, squares = 0, largest = -INFINITY, smallest = INFINITY;
      int64_t at = 0;
      for (int64_t k = 0; k < r.reduce; ++k) {
        const double v = x[(o * r.reduce + k) * r.inner + i];
        sum += v;
        squares += v * v;
        if (v > largest) at = k;
        largest = std::max(largest, v);
        smallest = std::min(smallest, v);
      }
      const double values[] = {
          sum, sum / static_cast<double>(r.reduce), largest, smallest, squares, static_cast<double>(at), std::sqrt(squares + r.eps)};
      y[o * r.inner + i] = values[static_cast<int>(r.op)];
    }
  }
  return y;
}

TEST(Reduce, MatchesReference) {
  for (const Shape& s : kShapes) {
    SCOPED_TRACE(testing::Message() << s.outer << ' ' << s.reduce << ' ' << s.inner);
    const auto x = random_values(s.outer * s.reduce * s.inner, 1, 0.5);
    for (int op = 0; op <= static_cast<int>(Reduction::norm); ++op) {
      for_each_float_type([&](auto type) {
        using T = decltype(type);
        const auto tx = as<T>(x);
        Reduce problem{static_cast<Reduction>(op), s.outer, s.reduce, s.inner, dtype_of<T>(), dtype_of<T>(), 0.5};
        if (problem.op == Reduction::argmax) {
          problem.out = DType::i64;
          EXPECT_EQ((reduced<T, int64_t>(problem, tx)), reference(problem, x));
          return;
        }
        EXPECT_LT(relative_error(reduced<T, T>(problem, tx), reference(problem, x)), tolerance<T>(1e-6))
            << op;
        if (std::is_same_v<T, Bf16>) {
          problem.out = DType::f32;
          EXPECT_LT(relative_error(reduced<T, float>(problem, tx), reference(problem, x)), 1e-6) << op;
        }
      });
    }
  }
}

TEST(Reduce, NaNGoesThrough) {
  for (const Shape& s : {Shape{1, 100, 1}, Shape{1, 100, 5}, Shape{1, 20000, 1}}) {
    for (const Reduction op : {Reduction::sum, Reduction::max, Reduction::min}) {
      for (int64_t at : {int64_t{0}, s.reduce / 2, s.reduce - 1}) {
        std::vector<float> x(s.reduce * s.inner, 1.0f);
        x[at * s.inner] = NAN;
        const auto y = reduced<float, float>({op, s.outer, s.reduce, s.inner, DType::f32, DType::f32}, x);
        EXPECT_TRUE(std::isnan(y[0])) << static_cast<int>(op) << " at " << at;
        for (size_t i = 1; i < y.size(); ++i) EXPECT_FALSE(std::isnan(y[i]));
      }
    }
  }
}

TEST(Reduce, ArgmaxTakesTheFirstOfEquals) {
  const std::vector<float> x = {1, 3, 2, 3, 3};
  EXPECT_EQ((reduced<float, int64_t>({Reduction::argmax, 1, 5, 1, DType::f32, DType::i64}, x)[0]), 1);
}

TEST(Reduce, EmptyAxes) {
  const std::vector<float> x(1);
  EXPECT_EQ((reduced<float, float>({Reduction::sum, 2, 0, 3, DType::f32, DType::f32}, x)),
            std::vector<double>(6, 0.0));
  EXPECT_EQ((reduced<float, float>({Reduction::sum, 2, 0, 1, DType::f32, DType::f32}, x)),
            std::vector<double>(2, 0.0));
  EXPECT_EQ((reduced<float, float>({Reduction::sum, 0, 4, 3, DType::f32, DType::f32}, x)).size(), 0u);
}

TEST(Reduce, SumsDoNotDependOnTheThreads) {
  for (const Shape& s : kShapes) {
    const auto x = as<float>(random_values(s.outer * s.reduce * s.inner, 1));
    const Reduce problem{Reduction::sum, s.outer, s.reduce, s.inner, DType::f32, DType::f32};
    const int threads = omp_get_max_threads();
    const auto all = reduced<float, float>(problem, x);
    omp_set_num_threads(1);
    const auto one = reduced<float, float>(problem, x);
    omp_set_num_threads(threads);
    EXPECT_EQ(one, all);
  }
}

TEST(Reduce, LongSumsOfOneSignStayAccurate) {
  const int64_t count = 3000000;
  const std::vector<float> x(count, 0.1f);
  const double want = static_cast<double>(0.1f) * count;
  EXPECT_NEAR((reduced<float, float>({Reduction::sum, 1, count, 1, DType::f32, DType::f32}, x)[0]) / want, 1,
              1e-6);
  EXPECT_NEAR(
      (reduced<float, float>({Reduction::sum, 1, count / 3, 3, DType::f32, DType::f32}, x)[0]) / (want / 3),
      1, 1e-6);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
