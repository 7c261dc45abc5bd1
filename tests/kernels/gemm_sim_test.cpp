// Matrix products of the simulator (of the GPU: device_under_test.h) against plain loops in double.
#include <gtest/gtest.h>

#include "kernels/device/conv_launch.h"
#include "kernels/device/families.h"
#include "kernels/device/gemm_plan.h"
#include "kernels/simt/simulator.h"
#include "tests/kernels/conv2d_check.h"
#include "tests/kernels/simt_orders.h"

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
            bool biased = false, int shift = 0, bool summed = false, bool masked = false) {
  const int64_t last = g.batch - 1;
  const auto a = random_values(g.stride_a * last + int64_t{g.m} * g.k, 1),
             b = random_values(g.stride_b * last + int64_t{g.n} * g.k, 2);
  const auto bias = random_values(g.n, 3);
  Guarded left(g.dtype, a, shift), right(g.dtype, b, shift), offset(DType::f32, bias),
      to(g.out, int64_t{g.batch} * g.m * g.n, shift);
  const auto beside = random_values(int64_t{g.batch} * g.m * g.n, 4);
  Guarded residual(g.out, beside, shift);
  const Epilogue epilogue{biased ? offset.data() : nullptr, activation, 0.2f, summed ? residual.data() : nullptr, 1, masked ? residual.data() : nullptr};
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
  finish(want, biased ? bias : std::vector<double>{}, activation, 0.2f, summed ? beside : std::vector<double>{}, masked ? beside : std::vector<double>{});
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

// The twins for sm_90a: every layout and tile, parts of sums, edges, a batch and one matrix for all of it.
TEST(GemmSim, TwinsMatchReference) {
  if (tests_run_on_cuda() && kernels_under_test().device.info(0).compute_capability != 90) GTEST_SKIP() << "the twins are for sm_90";
  const SettingsGuard guard;
  const auto expect_twin = [](Gemm g, TileName tile, int parts) {
    for (const bool bf16 : {true, false}) {
      g.dtype = bf16 ? DType::bf16 : DType::f32;
      g.math = bf16 ? Math::f32 : Math::tf32;
      for (const DType out : {DType::f32, DType::bf16}) {
        g.out = out;
        if (!gemm_has_twin(g) || (out == DType::bf16 && !bf16)) continue;
        SCOPED_TRACE(testing::Message() << g.batch << " x " << g.m << "x" << g.n << "x" << g.k << " transposes " << g.transpose_a << g.transpose_b << " bf16 " << bf16
                                        << " tile " << int(tile) << " parts " << parts);
        std::vector<unsigned char> bits;
        for (const Order order : {Order::forward, Order::reverse, Order::random}) {
          configure({order, 5, 0});
          const Outcome c = run(g, {tile, parts}, Unary::leaky_relu, true);
          EXPECT_LE(c.error, tolerance(g.dtype, g.math).forward);
          if (order == Order::forward) bits = c.bits;
          else EXPECT_EQ(c.bits, bits);
        }
      }
    }
  };
  for_each_transpose([&](bool a, bool b) {
    for (const TileName tile : kTwinTiles) expect_twin(gemm(1, 136, 264, 200, a, b), tile, tile == TileName::twin_square ? 3 : 1);
    expect_twin(gemm(3, 16, 24, 40, a, b), TileName::twin_narrow, 1);
    Gemm shared = gemm(2, 8, 72, 8, a, b);
    shared.stride_b = 0;
    expect_twin(shared, TileName::twin_narrow, 1);
  });
  expect_twin(gemm(1, 5, 7, 64, false, true), TileName::twin_narrow, 1);   // neither rows nor columns of whole packs
  const Gemm g = gemm(1, 16, 16, 20, false, true);
  EXPECT_TRUE(gemm_has_twin([&] { Gemm t = g; t.math = Math::tf32; return t; }()));
  EXPECT_FALSE(gemm_has_twin(g));
  EXPECT_FALSE(gemm_has_twin([&] { Gemm t = g; t.dtype = DType::bf16; return t; }()));   // lines of 40 bytes
}

TEST(GemmSim, TwinsOnlyWhereTheyWin) {
  Gemm g = gemm(1, 4096, 4096, 4096, false, true);
  g.dtype = g.out = DType::bf16;
  EXPECT_TRUE(is_twin(gemm_plan(g, 90).tile));
  EXPECT_FALSE(is_twin(gemm_plan(g, 80).tile));
  g = gemm(1, 64, 1, 8192, false, true);
  g.dtype = g.out = DType::bf16;
  EXPECT_LE(gemm_plan(g, 90).parts, kMostParts);
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
    if (f == Unary::identity) EXPECT_LE(run(gemm(2, 19, 23, 9, false, true), {TileName::small, 1}, f, false, 0, false, true).error, 1e-5);
    for (const bool summed : {false, true}) {
      EXPECT_LE(run(gemm(2, 19, 23, 9, false, true), {TileName::small, 1}, f, true, 0, summed).error, 1e-5)
          << static_cast<int>(f);
    }
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
