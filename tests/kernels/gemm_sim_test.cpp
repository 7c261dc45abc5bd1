// Matrix products of the simulator (of the GPU: device_under_test.h) against plain loops in double.
#include <gtest/gtest.h>

#include "kernels/device/conv_launch.h"
#include "kernels/device/families.h"
#include "kernels/simt/simulator.h"
#include "tests/kernels/conv2d_check.h"

namespace ganymede::kernels::sim {
namespace {

using namespace check;

Gemm gemm(int batch, int m, int n, int k, bool transpose_a, bool transpose_b) {
  return {batch,          m,          n,          k,        transpose_a, transpose_b, int64_t{m} * k,
          int64_t{n} * k, DType::f32, DType::f32, Math::f32};
}

struct Outcome {
  double error;
  std::vector<unsigned char> bits;
};

// Runs with the tile and parts given, or as the kernels choose (no parts).
Outcome run(const Gemm& g, TilePlan plan = {TileName::small, 0}, Unary activation = Unary::identity,
            bool biased = false, int shift = 0) {
  const int64_t last = g.batch - 1;
  const auto a = random_values(g.stride_a * last + int64_t{g.m} * g.k, 1),
             b = random_values(g.stride_b * last + int64_t{g.n} * g.k, 2);
  const auto bias = random_values(g.n, 3);
  Guarded left(g.dtype, a, shift), right(g.dtype, b, shift), offset(DType::f32, bias),
      to(g.out, int64_t{g.batch} * g.m * g.n, shift);
  const Epilogue epilogue{biased ? offset.data() : nullptr, activation, 0.2f};
  if (plan.parts == 0) {
    kernels_under_test().gemm.multiply(nullptr, g, left.data(), right.data(), to.data(), epilogue);
  } else {
    launchers().multiply(nullptr, g, left.data(), right.data(), to.data(), epilogue, static_cast<int>(plan.tile),
                         plan.parts);
  }
  EXPECT_TRUE(to.guard_is_whole());
  std::vector<double> want(int64_t{g.batch} * g.m * g.n);
  for (int z = 0; z < g.batch; ++z)
    for (int i = 0; i < g.m; ++i)
      for (int j = 0; j < g.n; ++j) {
        double sum = 0;
        for (int k = 0; k < g.k; ++k) {
          sum += a[z * g.stride_a + (g.transpose_a ? int64_t{k} * g.m + i : int64_t{i} * g.k + k)] *
                 b[z * g.stride_b + (g.transpose_b ? int64_t{j} * g.k + k : int64_t{k} * g.n + j)];
        }
        want[(int64_t{z} * g.m + i) * g.n + j] = sum;
      }
  finish(want, biased ? bias : std::vector<double>{}, activation, 0.2f);
  return {relative_error(to.values(), want), to.bits()};
}

void expect_matches(Gemm g, TilePlan plan = {TileName::small, 0}) {
  struct Number {
    DType dtype, out;
    Math math;
  };
  for (const Number number :
       {Number{DType::f32, DType::f32, Math::f32}, Number{DType::f32, DType::f32, Math::tf32},
        Number{DType::bf16, DType::bf16, Math::f32}, Number{DType::bf16, DType::f32, Math::f32}}) {
    g.dtype = number.dtype, g.out = number.out, g.math = number.math;
    SCOPED_TRACE(testing::Message() << g.batch << " x " << g.m << "x" << g.n << "x" << g.k << " transposes "
                                    << g.transpose_a << g.transpose_b << " dtype " << int(g.dtype) << " out "
                                    << int(g.out) << " math " << int(g.math));
    EXPECT_LE(run(g, plan).error, tolerance(g.dtype, g.math).forward);
  }
}

void for_each_transpose(auto&& f) {
  for (const bool a : {false, true}) {
    for (const bool b : {false, true}) f(a, b);
  }
}

TEST(GemmSim, OddSizesMatchReference) {
  for_each_transpose([](bool a, bool b) {
    expect_matches(gemm(1, 1, 1, 1, a, b));
    expect_matches(gemm(1, 1, 17, 5, a, b));
    expect_matches(gemm(1, 37, 1, 13, a, b));
    expect_matches(gemm(1, 33, 35, 67, a, b));
    expect_matches(gemm(3, 7, 5, 11, a, b));
  });
}

TEST(GemmSim, VectorPathMatchesReference) {
  for_each_transpose([](bool a, bool b) {
    expect_matches(gemm(1, 64, 40, 72, a, b));
    expect_matches(gemm(2, 40, 64, 24, a, b));
    expect_matches(gemm(1, 8, 24, 100, a, b));
  });
}

TEST(GemmSim, EveryTileMatchesReference) {
  for (const TileName tile : kTileNames) {
    SCOPED_TRACE(static_cast<int>(tile));
    for_each_transpose([&](bool a, bool b) {
      expect_matches(gemm(1, 136, 144, 40, a, b), {tile, tile == TileName::medium ? 3 : 1});
    });
  }
}

TEST(GemmSim, LongSumsAreCut) {
  expect_matches(gemm(1, 6, 5, 700, false, false));
  expect_matches(gemm(2, 40, 33, 512, false, true));
}

TEST(GemmSim, SharedAndUnalignedOperands) {
  Gemm g = gemm(3, 9, 8, 12, false, false);
  g.stride_b = 0;
  expect_matches(g);
  g.stride_b = 9 * 12 + 5;  // matrices that begin off 16 bytes
  expect_matches(g);
  for (const DType dtype : {DType::f32, DType::bf16}) {
    Gemm shifted = gemm(1, 16, 16, 16, false, true);
    shifted.dtype = shifted.out = dtype;
    EXPECT_LE(run(shifted, {TileName::small, 1}, Unary::identity, false, 1).error,
              tolerance(dtype, Math::f32).forward);
  }
}

TEST(GemmSim, EpiloguesMatchReference) {
  for (const Unary f : {Unary::identity, Unary::relu, Unary::leaky_relu, Unary::sigmoid, Unary::tanh}) {
    EXPECT_LE(run(gemm(2, 19, 23, 9, false, true), {TileName::small, 1}, f, true).error, 1e-5)
        << static_cast<int>(f);
  }
}

TEST(GemmSim, ThreadOrdersGiveEqualBits) {
  const Settings before = settings();
  for_each_transpose([&](bool a, bool b) {
    for (const Math math : {Math::f32, Math::tf32}) {
      Gemm g = gemm(2, 37, 40, 45, a, b);
      g.math = math;
      configure({Order::forward, 1, 0});
      const auto bits = run(g).bits;
      configure({Order::reverse, 1, 0});
      EXPECT_EQ(run(g).bits, bits);
      configure({Order::random, 5, 0});
      EXPECT_EQ(run(g).bits, bits);
    }
  });
  configure(before);
}

TEST(GemmSim, EmptyProblems) {
  EXPECT_EQ(run(gemm(1, 0, 4, 3, false, false)).error, 0);
  EXPECT_EQ(run(gemm(1, 4, 0, 3, false, false)).error, 0);
  EXPECT_EQ(run(gemm(1, 4, 4, 0, false, false)).error, 0);  // an empty sum is zero
}

}  // namespace
}  // namespace ganymede::kernels::sim
