// Norms in one launch, by blocks that hold their rows and by clusters of them, in the simulator (or on the GPU: device_under_test.h):
// against plain loops in double and against the two launches; and which of them a call takes.
#include "kernels/device/norm_plan.h"
#include "tests/kernels/norm_reference.h"
#include "tests/kernels/norm_second_reference.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim::family_check {
namespace {

const NormShape kResidentShapes[] = {
    {"one number", 1, 1, 1, 1, true, false, 0},
    {"one channel", 1, 5, 1, 1, true, false, 0},
    {"one channel, many rows", 1, 1001, 1, 1, true, false, 0},
    {"3 channels", 1, 50, 3, 1, true, false, 0},
    {"24 channels", 1, 333, 24, 1, true, false, 0},
    {"unaligned", 1, 77, 8, 1, true, false, 1},
    {"two tiles, unaligned", 2, 150, 40, 1, true, true, 1},
    {"wide", 1, 9, 300, 1, true, false, 0},
    {"one row", 1, 1, 40, 1, true, false, 0},
    {"9 rows", 1, 9, 16, 1, true, false, 0},
    {"instance", 3, 70, 16, 1, true, true, 0},
    {"instance, a part of a tile", 2, 131, 72, 1, true, true, 0},
    {"instance, 5 channels", 2, 33, 5, 1, true, false, 0},
    {"instance, one row", 3, 1, 8, 1, true, true, 0},
    {"instance, tiles of whole lines", 17, 6, 264, 1, true, true, 0},
    {"instance, whole lines of 65 channels", 43, 5, 65, 1, true, false, 0},
    {"root mean square", 1, 90, 8, 1, false, false, 0},
    {"root mean square, instance", 2, 37, 24, 1, false, true, 0},
};

struct Derived {
  Unary op;
  double alpha;
  Derivative derivative;
};
const Derived kBehind[] = {{Unary::identity, 0, nullptr},
                           {Unary::leaky_relu, 0.25, [](double v) { return v > 0 ? 1 : 0.25; }},
                           {Unary::tanh, 0, [](double v) { return 1 - std::tanh(v) * std::tanh(v); }}};

int64_t size(const Values& v) { return static_cast<int64_t>(v.size()); }

class NormResidentSim : public testing::Test {
 protected:
  NormResidentSim() {
    Settings hopper = settings();
    hopper.capability = 90;
    configure(hopper);
  }
  static bool have_clusters() { return !tests_run_on_cuda() || kernels().device.info(0).compute_capability == 90; }

  // check(blocks) for every number of blocks that can hold the rows.
  template <class Check>
  static void with_every_number_of_blocks(NormRole role, const Norm& n, const Check& check) {
    int checked = 0;
    for (const int blocks : {1, 2, 4, 8}) {
      if (resident_plan(role, n, blocks).blocks == 0 || (blocks > 1 && !have_clusters())) continue;
      SCOPED_TRACE(std::to_string(blocks) + " blocks");
      const BlocksOfNorms forced(blocks);
      ASSERT_EQ(variants_under_test().norm_blocks(role, n), blocks);
      ASSERT_EQ(kernels().norm.launches(role, n, true), 1);
      const uint64_t before = launch_count();
      check();
      if (!tests_run_on_cuda()) EXPECT_EQ(launch_count() - before, 3u);   // of three orders
      ++checked;
    }
    ASSERT_GE(checked, n.rows >= 8 && have_clusters() ? 4 : 1);
  }
  const SettingsGuard guard_;
};

TEST_F(NormResidentSim, ForwardMatchesReference) {
  for (const NormShape& s : kResidentShapes) {
    for (const DType dtype : kFloats) {
      for (const bool affine : {true, false}) {
        if (dtype != DType::f32 && !affine) continue;
        SCOPED_TRACE(std::string(s.name) + " " + text(dtype) + (affine ? " affine" : ""));
        const Norm n = norm_of(s, dtype);
        const NormReference r = reference_of(n, 0.25, affine, 0.5);
        const DType wide = wide_type(dtype);
        Buffer x(dtype, r.x, s.shift), gamma(wide, r.gamma), beta(wide, r.beta);
        const NormActivation behind{Unary::leaky_relu, 0.25, affine ? gamma.data() : nullptr, affine ? beta.data() : nullptr};
        with_every_number_of_blocks(NormRole::forward, n, [&] {
          const auto found = run_in_orders({{wide, size(r.mean)}, {wide, size(r.rstd)}, {dtype, size(r.y), {}, s.shift}}, [&](const auto& out) {
            kernels().norm.forward(nullptr, n, behind, x.data(), nullptr, out[0], out[1], {}, out[2], nullptr);
          });
          const double sums = dtype == DType::f64 ? 1e-12 : 1e-5;
          EXPECT_LT(relative_error(found[0], r.mean), sums) << "mean";
          EXPECT_LT(relative_error(found[1], r.rstd), sums) << "rstd";
          EXPECT_LT(relative_error(found[2], r.y), tolerance(dtype, 1e-5)) << "y";
        });
      }
    }
  }
}

TEST_F(NormResidentSim, ForwardAddsAResidual) {
  for (const NormShape& s : kResidentShapes) {
    for (const DType dtype : kFloats) {
      for (const bool affine : {true, false}) {
        if (dtype == DType::f64 && !affine) continue;
        SCOPED_TRACE(std::string(s.name) + " " + text(dtype) + (affine ? " affine" : ""));
        const Norm n = norm_of(s, dtype);
        const NormReference r = reference_of(n, 1, affine, 0.5);
        const Values added = random_values(size(r.x), 28);
        const DType wide = wide_type(dtype);
        Buffer x(dtype, r.x, s.shift), residual(dtype, added, affine ? s.shift : 1), gamma(wide, r.gamma), beta(wide, r.beta);
        const NormActivation behind{Unary::leaky_relu, 0.25, affine ? gamma.data() : nullptr, affine ? beta.data() : nullptr};
        with_every_number_of_blocks(NormRole::forward, n, [&] {
          const auto found = run_in_orders({{wide, size(r.mean)}, {wide, size(r.rstd)}, {dtype, size(r.y), {}, s.shift}}, [&](const auto& out) {
            kernels().norm.forward(nullptr, n, behind, x.data(), residual.data(), out[0], out[1], {}, out[2], nullptr);
          });
          EXPECT_LT(relative_error(found[2], leaky_sum(r.y, added)), tolerance(dtype, 1e-5)) << "y";
        });
      }
    }
  }
}

TEST_F(NormResidentSim, GradientMatchesReference) {
  for (const NormShape& s : kResidentShapes) {
    for (const DType dtype : kFloats) {
      for (const Derived& c : kBehind) {
        if (dtype != DType::f32 && c.op == Unary::tanh) continue;
        const bool affine = c.op != Unary::tanh || s.rows % 2;
        SCOPED_TRACE(std::string(s.name) + " " + text(dtype) + " op " + std::to_string(static_cast<int>(c.op)));
        const Norm n = norm_of(s, dtype);
        const NormReference r = reference_of(n, 1, affine, 0.5, c.derivative);
        const DType wide = wide_type(dtype);
        Buffer x(dtype, r.x, s.shift), dy(dtype, random_values(size(r.x), 22, 0.25), s.shift);
        Buffer gamma(wide, r.gamma), beta(wide, r.beta), mean(wide, r.mean), rstd(wide, r.rstd);
        const NormActivation behind{c.op, c.alpha, affine ? gamma.data() : nullptr, affine ? beta.data() : nullptr};
        with_every_number_of_blocks(NormRole::gradient, n, [&] {
          const auto found = run_in_orders({{wide, size(r.dgamma)}, {wide, size(r.dbeta)}, {dtype, size(r.dx), {}, s.shift}}, [&](const auto& out) {
            kernels().norm.gradient(nullptr, n, behind, x.data(), dy.data(), mean.data(), rstd.data(), out[0], out[1], out[2], nullptr);
          });
          const double sums = dtype == DType::f64 ? 1e-11 : 1e-5;   // of one row dgamma is what rounding left of x - mean
          EXPECT_LT(relative_error(found[0], r.dgamma), sums) << "dgamma";
          EXPECT_LT(relative_error(found[1], r.dbeta), sums) << "dbeta";
          EXPECT_LT(relative_error(found[2], r.dx), tolerance(dtype, 1e-5)) << "dx";
        });
      }
    }
  }
}

// plain: gamma and the cotangents of the parameters' gradients are absent.
TEST_F(NormResidentSim, SecondGradientMatchesReference) {
  for (const NormShape& s : kResidentShapes) {
    for (const DType dtype : kFloats) {
      for (const bool plain : {false, true}) {
        if (dtype != DType::f32 && plain) continue;
        SCOPED_TRACE(std::string(s.name) + " " + text(dtype) + (plain ? " plain" : ""));
        const Norm n = norm_of(s, dtype);
        const NormReference first = reference_of(n, 1, !plain, 0.5);
        const Values none, v = random_values(size(first.x), 25, 0.25), u = random_values(size(first.gamma), 26), w = random_values(size(first.gamma), 27);
        const SecondReference r = second_reference(n, first.x, first.dy, v, first.mean, first.rstd, plain ? none : first.gamma, plain ? none : u, plain ? none : w);
        const DType wide = wide_type(dtype);
        Buffer x(dtype, first.x, s.shift), dy(dtype, first.dy, s.shift), cotangent(dtype, v, s.shift);
        Buffer mean(wide, first.mean), rstd(wide, first.rstd), gamma(wide, first.gamma), of_gamma(wide, u), of_beta(wide, w);
        Buffer dgamma(wide, first.dgamma), dbeta(wide, first.dbeta);
        with_every_number_of_blocks(NormRole::second_gradient, n, [&] {
          const auto found = run_in_orders({{dtype, size(r.to_dy), {}, s.shift}, {dtype, size(r.to_x), {}, s.shift}, {wide, size(r.to_gamma)}}, [&](const auto& out) {
            kernels().norm.second_gradient(nullptr, n,
                                           {x.data(), dy.data(), mean.data(), rstd.data(), plain ? nullptr : gamma.data(), dgamma.data(), dbeta.data(), cotangent.data(),
                                            plain ? nullptr : of_gamma.data(), plain ? nullptr : of_beta.data(), out[0], out[1], out[2]},
                                           nullptr);
          });
          const double exact = n.rows == 1 ? 1e-4 : 1e-5;   // as in norm_sim_test.cpp
          EXPECT_LT(relative_error(found[0], r.to_dy), tolerance(dtype, exact)) << "to_dy";
          EXPECT_LT(relative_error(found[1], r.to_x), tolerance(dtype, exact)) << "to_x";
          EXPECT_LT(relative_error(found[2], r.to_gamma), dtype == DType::f64 ? 1e-11 : 1e-4) << "to_gamma";
        });
      }
    }
  }
}

// What is not asked for is not written.
TEST_F(NormResidentSim, SecondGradientOfOneInputAlone) {
  const Norm n{1, 30, 8, 1, 1e-3, true, 0, DType::f32};
  const NormReference first = reference_of(n, 1, true, 0.5);
  const Values v = random_values(size(first.x), 25);
  const SecondReference r = second_reference(n, first.x, first.dy, v, first.mean, first.rstd, first.gamma, {}, {});
  Buffer x(DType::f32, first.x), dy(DType::f32, first.dy), cotangent(DType::f32, v), mean(DType::f32, first.mean), rstd(DType::f32, first.rstd);
  Buffer gamma(DType::f32, first.gamma), dgamma(DType::f32, first.dgamma), dbeta(DType::f32, first.dbeta);
  const Values* wanted[] = {&r.to_dy, &r.to_x, &r.to_gamma};
  for (int asked = 0; asked < 3; ++asked) {
    with_every_number_of_blocks(NormRole::second_gradient, n, [&] {
      const auto found = run_in_orders({{DType::f32, size(*wanted[asked])}}, [&](const auto& out) {
        void* to[3] = {};
        to[asked] = out[0];
        kernels().norm.second_gradient(nullptr, n, {x.data(), dy.data(), mean.data(), rstd.data(), gamma.data(), dgamma.data(), dbeta.data(), cotangent.data(), nullptr, nullptr,
                                                    to[0], to[1], to[2]}, nullptr);
      });
      EXPECT_LT(relative_error(found[0], *wanted[asked]), 1e-5) << asked;
    });
  }
}

// What cannot be seen against exact numbers: both ways give the same but for the order of their sums, the running statistics too.
TEST_F(NormResidentSim, AgreesWithTwoLaunches) {
  for (const DType dtype : kFloats) {
    for (const auto& [outer, rows] : {std::pair<int64_t, int64_t>{1, 1}, {1, 6}, {1, 300}, {3, 40}}) {
      SCOPED_TRACE(std::string(text(dtype)) + ", " + std::to_string(outer) + " of " + std::to_string(rows) + " rows");
      const Norm n{outer, rows, 19, 1, 1e-5, true, 0, dtype};
      const DType wide = wide_type(dtype);
      const NormReference r = reference_of(n, 1, true, 0.5);
      Buffer x(dtype, r.x), gamma(wide, r.gamma), beta(wide, r.beta), workspace(DType::u8, static_cast<int64_t>(kernels().norm.workspace_bytes(n)));
      const auto run = [&] {
        return run_in_orders({{wide, 19, Values(19, 4)}, {wide, 19, Values(19, 5)}, {wide, size(r.mean)}, {wide, size(r.rstd)}, {dtype, size(r.y)}}, [&](const auto& out) {
          kernels().norm.forward(nullptr, n, {Unary::tanh, 0, gamma.data(), beta.data()}, x.data(), nullptr, out[2], out[3], {0.1, out[0], out[1]}, out[4], workspace.data());
        });
      };
      std::vector<Values> right;
      {
        const BlocksOfNorms none(0);
        const uint64_t before = launch_count();
        right = run();
        if (!tests_run_on_cuda()) EXPECT_EQ(launch_count() - before, 3u * static_cast<unsigned>(kernels().norm.launches(NormRole::forward, n, true)));
      }
      with_every_number_of_blocks(NormRole::forward, n, [&] {
        const std::vector<Values> found = run();
        for (size_t i = 0; i < found.size(); ++i) EXPECT_LT(relative_error(found[i], right[i]), i == 4 ? tolerance(dtype, 1e-5) : dtype == DType::f64 ? 1e-12 : 1e-6) << i;
      });
    }
  }
}

TEST_F(NormResidentSim, VarianceSurvivesALargeMean) {
  for (const Norm& n : {Norm{1, 500, 8, 1, 1e-5, true, 0, DType::f32}, Norm{2, 4200, 5, 1, 1e-5, true, 0, DType::f32}}) {
    const NormReference r = reference_of(n, 1, false, 1000);
    Buffer x(DType::f32, r.x);
    with_every_number_of_blocks(NormRole::forward, n, [&] {
      const auto found = run_in_orders({{DType::f32, size(r.mean)}, {DType::f32, size(r.rstd)}, {DType::f32, size(r.y)}}, [&](const auto& out) {
        kernels().norm.forward(nullptr, n, {}, x.data(), nullptr, out[0], out[1], {}, out[2], nullptr);
      });
      EXPECT_LT(relative_error(found[1], r.rstd), 1e-4);
    });
  }
}

TEST_F(NormResidentSim, OtherActivationsAreRefused) {
  const Norm n{1, 4, 8, 1, 1e-5, true, 0, DType::f32};
  Buffer a(DType::f32, 32);
  void* p = a.data();
  const BlocksOfNorms one(1);
  EXPECT_THROW(kernels().norm.forward(nullptr, n, {Unary::gelu}, p, nullptr, p, p, {}, p, nullptr), std::runtime_error);
  EXPECT_THROW(kernels().norm.gradient(nullptr, n, {Unary::gelu}, p, p, p, p, p, p, p, nullptr), std::runtime_error);
}

constexpr NormRole kRoles[] = {NormRole::forward, NormRole::gradient, NormRole::second_gradient};

TEST(NormPlan, TilesCoverTheTensorAndFit) {
  int held = 0;
  for (const NormRole role : kRoles) {
    for (const DType dtype : kFloats) {
      for (const int64_t outer : {1, 2, 300}) {
        for (const int64_t rows : {1, 2, 7, 64, 1000, 5000, 40000}) {
          for (const int64_t channels : {1, 3, 8, 24, 64, 100, 512, 40000}) {
            for (const int blocks : {1, 2, 4, 8}) {
              const Norm n{outer, rows, channels, 1, 1e-5, true, 0, dtype};
              const NormPlan plan = resident_plan(role, n, blocks);
              const int64_t size = bytes_of(dtype);
              if (plan.blocks == 0) {   // too few rows, or too many, or counters
                const int64_t least = held_tensors(role) * ceil_div<int64_t>(rows, blocks) * std::min(channels * size, int64_t{32});
                EXPECT_TRUE(rows < blocks || 2 * least > kMostHeld || channels * size > 32 * kMostTiles);
                continue;
              }
              ++held;
              ASSERT_EQ(plan.blocks, blocks);
              ASSERT_GE(plan.part * blocks, rows);
              ASSERT_GE(plan.tiles * plan.channels, channels);
              ASSERT_LT((plan.tiles - 1) * plan.channels, channels);
              ASSERT_TRUE(plan.channels * size == 32 || plan.channels * size == 64 || plan.channels * size == 128);
              ASSERT_GE(plan.width, std::min<int64_t>(plan.channels, channels));
              ASSERT_LE(plan.width, plan.channels);
              ASSERT_EQ(plan.bytes, held_tensors(role) * plan.part * plan.width * size);
              ASSERT_LE(plan.bytes, kMostHeld);
              if (plan.channels * size > 32) ASSERT_LE(plan.bytes, kFewHeld);
            }
          }
        }
      }
    }
  }
  EXPECT_GT(held, 1000);
}

TEST(NormPlan, OthersAreComputedInTwoLaunches) {
  for (const NormRole role : kRoles) {
    EXPECT_EQ(resident_plan(role, {2, 10, 4, 3, 1e-5, true, 0, DType::f32}, 1).blocks, 0);   // a group of channels
    EXPECT_EQ(resident_plan(role, {0, 10, 4, 1, 1e-5, true, 0, DType::f32}, 1).blocks, 0);
    EXPECT_EQ(resident_plan(role, {1, 0, 4, 1, 1e-5, true, 0, DType::f32}, 1).blocks, 0);
    EXPECT_EQ(resident_plan(role, {1, 10, 4, 1, 1e-5, true, 0, DType::f32}, 3).blocks, 0);
    EXPECT_EQ(resident_plan(role, {1, 10, 4, 1, 1e-5, true, 0, DType::f32}, 16).blocks, 0);
  }
}

TEST(NormPlan, TheTableTakesOneBlockForFewRows) {
  const auto table = [](NormRole role, int64_t outer, int64_t rows, int64_t channels, DType dtype = DType::bf16) {
    return table_norm_blocks(role, {outer, rows, channels, 1, 1e-5, true, 0, dtype});
  };
  EXPECT_EQ(table(NormRole::forward, 1, 2048, 32), 1);   // 64 KB of 32 bytes a row
  EXPECT_EQ(table(NormRole::forward, 1, 2049, 32), 0);
  EXPECT_EQ(table(NormRole::gradient, 1, 1024, 32), 1);
  EXPECT_EQ(table(NormRole::gradient, 1, 1025, 32), 0);
  EXPECT_EQ(table(NormRole::second_gradient, 1, 682, 32), 1);
  EXPECT_EQ(table(NormRole::second_gradient, 1, 683, 32), 0);
  EXPECT_EQ(table(NormRole::forward, 1, 1024, 2048), 1);   // 4 MB
  EXPECT_EQ(table(NormRole::forward, 1, 1024, 2056), 0);
  EXPECT_EQ(table(NormRole::forward, 1, 257, 9), 0);       // one by one: rows of 16 channels of 2 bytes are as dear as 256 bytes
  EXPECT_EQ(table(NormRole::forward, 1, 256, 9), 1);
  EXPECT_EQ(table(NormRole::forward, 1, 131072, 64), 0);
}

TEST(NormVariants, AreTakenWherePreferred) {
  const SettingsGuard guard;
  const VariantKernels& v = sim::variants();
  const Norm n{1, 4000, 64, 1, 1e-5, true, 0, DType::bf16}, small{1, 40, 64, 1, 1e-5, true, 0, DType::bf16}, group{2, 40, 8, 8, 1e-5, true, 0, DType::bf16};
  int list[kMostNormVariants];
  EXPECT_EQ(v.list_norm(NormRole::forward, n, list), 2);   // the simulator is a card of sm_80 unless it is told otherwise
  EXPECT_TRUE(list[0] == 0 && list[1] == 1);
  EXPECT_FALSE(v.prefer_norm(NormRole::forward, n, 4));
  v.force_norm_blocks(4);
  EXPECT_EQ(v.norm_blocks(NormRole::forward, n), 0);
  v.force_norm_blocks(-1);
  Settings hopper = settings();
  hopper.capability = 90;
  configure(hopper);
  EXPECT_EQ(v.list_norm(NormRole::forward, n, list), 5);
  EXPECT_EQ(v.list_norm(NormRole::gradient, n, list), 4);   // 4000 rows of 64 bytes of both are too many for one block
  EXPECT_EQ(v.list_norm(NormRole::forward, small, list), 5);
  EXPECT_EQ(list[0], 1);
  EXPECT_EQ(v.list_norm(NormRole::forward, group, list), 1);
  for (const NormRole role : kRoles) {
    EXPECT_EQ(v.norm_blocks(role, n), 0);
    EXPECT_TRUE(v.prefer_norm(role, n, 4));
    EXPECT_EQ(v.norm_blocks(role, n), 4);
    EXPECT_EQ(sim::table().norm.launches(role, n, false), 1);
    EXPECT_EQ(v.norm_blocks(role, small), 1);
    EXPECT_TRUE(v.prefer_norm(role, small, 0));
    EXPECT_EQ(sim::table().norm.launches(role, small, false), 2);
    EXPECT_FALSE(v.prefer_norm(role, group, 1));
    EXPECT_FALSE(v.prefer_norm(role, n, 5));
    EXPECT_FALSE(v.prefer_norm(role, {1, 400000, 64, 1, 1e-5, true, 0, DType::bf16}, 8));
  }
  v.forget();
  EXPECT_EQ(v.norm_blocks(NormRole::forward, n), 0);
  EXPECT_EQ(v.norm_blocks(NormRole::forward, small), 1);
}

TEST(NormVariants, LaunchesAreThoseThatRun) {
  const auto& k = sim::table().norm;
  const auto counts = [&](const Norm& n) { return std::vector<int>{k.launches(NormRole::forward, n, false), k.launches(NormRole::forward, n, true), k.launches(NormRole::gradient, n, false), k.launches(NormRole::second_gradient, n, false)}; };
  EXPECT_EQ(counts({1, 40, 64, 1, 1e-5, true, 0, DType::f32}), (std::vector<int>{1, 1, 1, 1}));
  EXPECT_EQ(counts({2, 40, 64, 1, 1e-5, true, 0, DType::f32}), (std::vector<int>{1, 1, 1, 1}));
  EXPECT_EQ(counts({1, 9000, 64, 1, 1e-5, true, 0, DType::f32}), (std::vector<int>{2, 2, 2, 2}));
  EXPECT_EQ(counts({2, 9000, 64, 1, 1e-5, true, 0, DType::f32}), (std::vector<int>{2, 3, 2, 2}));
  EXPECT_EQ(counts({2, 40, 4, 3, 1e-5, true, 0, DType::f32}), (std::vector<int>{3, 4, 2, 2}));   // groups of channels are merged by a launch
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
