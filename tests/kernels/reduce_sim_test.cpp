// The reductions in the simulator against plain loops in double.
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

constexpr Reduction kAll[] = {Reduction::sum, Reduction::mean,           Reduction::max,
                              Reduction::min, Reduction::sum_of_squares, Reduction::argmax, Reduction::norm};

Values reduce_reference(const Reduce& r, const Values& x) {
  Values y(static_cast<size_t>(r.outer * r.inner));
  for (int64_t o = 0; o < r.outer; ++o) {
    for (int64_t i = 0; i < r.inner; ++i) {
      double sum = 0, squares = 0, least = x[o * r.reduce * r.inner + i], most = least;
      int64_t where = 0;
      for (int64_t k = 0; k < r.reduce; ++k) {
        const double v = x[(o * r.reduce + k) * r.inner + i];
        sum += v;
        squares += v * v;
        least = std::min(least, v);
        if (v > most) most = v, where = k;
      }
      double& result = y[o * r.inner + i];
      switch (r.op) {
        case Reduction::sum: result = sum; break;
        case Reduction::mean: result = sum / static_cast<double>(r.reduce); break;
        case Reduction::max: result = most; break;
        case Reduction::min: result = least; break;
        case Reduction::sum_of_squares: result = squares; break;
        case Reduction::norm: result = std::sqrt(squares + r.eps); break;
        case Reduction::argmax: result = static_cast<double>(where); break;
      }
    }
  }
  return y;
}

Values run(const Reduce& r, const Buffer& in) {
  const size_t bytes = kernels().reduce.workspace_bytes(r);
  Buffer workspace(DType::u8, static_cast<int64_t>(bytes), 0, 64);
  const auto found = run_in_orders({{r.out, r.outer * r.inner}}, [&](const auto& out) {
    workspace.poison();
    kernels().reduce.reduce(nullptr, r, in.data(), out[0], bytes ? workspace.data() : nullptr);
  });
  EXPECT_TRUE(workspace.guarded());
  return found[0];
}

struct Shape {
  int64_t outer, reduce, inner;
  int shift;
};

TEST(ReduceSim, MatchesReference) {
  const Shape shapes[] = {
      {1, 1, 1, 0},     {5, 7, 1, 0},     {3, 16, 1, 1},  {37, 40, 1, 0}, {2, 1500, 1, 0}, {1, 20011, 1, 0},
      {1, 20011, 1, 1}, {3, 17000, 1, 0}, {1, 5, 3, 0},   {2, 33, 64, 0}, {3, 19, 13, 1},  {1, 300, 40, 0},
      {1, 1000, 3, 0},  {1, 200, 300, 0}, {2, 129, 8, 0}, {4, 1, 37, 0},  {70, 3, 24, 0},  {1, 3000, 2, 0}};
  for (const Shape& s : shapes) {
    for (const DType dtype : kFloats) {
      for (const Reduction op : kAll) {
        Reduce r{op,      s.outer, s.reduce,
                 s.inner, dtype,   op == Reduction::argmax ? DType::i64 : wide_type(dtype)};
        const Values x = random_values(s.outer * s.reduce * s.inner, 11, 0.5);
        Buffer in(dtype, x, s.shift);
        const Values found = run(r, in), wanted = reduce_reference(r, x);
        EXPECT_LT(relative_error(found, wanted), dtype == DType::f64 ? 1e-12 : 1e-5)
            << static_cast<int>(op) << " " << text(dtype) << " [" << s.outer << ", " << s.reduce << ", "
            << s.inner << "]";
      }
    }
  }
}

TEST(ReduceSim, RoundsToBf16WhenAsked) {
  const Values x = random_values(4 * 50, 12, 0.5);
  Buffer in(DType::bf16, x);
  const Reduce r{Reduction::mean, 4, 50, 1, DType::bf16, DType::bf16};
  EXPECT_LT(relative_error(run(r, in), reduce_reference(r, x)), 4e-3);
}

TEST(ReduceSim, NotANumberWins) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const int64_t length : {3, 40, 20000}) {
    Values x = random_values(length, 13);
    x[static_cast<size_t>(length / 2)] = nan;
    Buffer in(DType::f32, x);
    EXPECT_TRUE(std::isnan(run({Reduction::max, 1, length, 1, DType::f32, DType::f32}, in)[0]));
    EXPECT_TRUE(std::isnan(run({Reduction::min, 1, length, 1, DType::f32, DType::f32}, in)[0]));
    EXPECT_EQ(run({Reduction::argmax, 1, length, 1, DType::f32, DType::i64}, in)[0],
              static_cast<double>(length / 2));
  }
}

TEST(ReduceSim, ArgmaxTakesTheFirstOfEquals) {
  for (const int64_t length : {5, 100, 20000}) {
    for (const double value : {1.0, -std::numeric_limits<double>::infinity()}) {
      const Values x(static_cast<size_t>(length), value);
      Buffer in(DType::f32, x);
      EXPECT_EQ(run({Reduction::argmax, 1, length, 1, DType::f32, DType::i64}, in)[0], 0);
    }
  }
}

TEST(ReduceSim, LongSumsStayAccurate) {
  constexpr int64_t kLength = 300000;
  const Values x(static_cast<size_t>(kLength), 0.1);
  Buffer in(DType::f32, x);
  const Values found = run({Reduction::mean, 1, kLength, 1, DType::f32, DType::f32}, in);
  EXPECT_NEAR(found[0], 0.1, 1e-7);
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
