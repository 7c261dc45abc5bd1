// The norms in the simulator against plain loops in double; in one launch: norm_resident_test.cpp.
#include "tests/kernels/norm_reference.h"
#include "tests/kernels/norm_second_reference.h"

namespace ganymede::kernels::sim::family_check {
namespace {

const NormShape kShapes[] = {
    {"batch, one channel", 1, 5, 1, 1, true, false, 0},
    {"batch, 3 channels", 1, 50, 3, 1, true, false, 0},
    {"batch, 24 channels", 1, 333, 24, 1, true, false, 0},
    {"batch, unaligned", 1, 77, 8, 1, true, false, 1},
    {"batch, wide", 1, 9, 300, 1, true, false, 0},
    {"batch, one row", 1, 1, 40, 1, true, false, 0},
    {"batch, many parts", 1, 1100, 24, 1, true, false, 0},
    {"batch, many parts of 5 channels", 1, 1025, 5, 1, true, false, 0},
    {"batch, many parts of two tiles, unaligned", 1, 1100, 40, 1, true, false, 1},
    {"instance", 3, 70, 16, 1, true, true, 0},
    {"instance, parts of two tiles", 2, 700, 72, 1, true, true, 0},
    {"instance, one row", 3, 1, 8, 1, true, true, 0},
    {"instance, many rows", 2, 150, 8, 1, true, false, 0},
    {"instance, 5 channels", 2, 33, 5, 1, true, false, 0},
    {"layer", 3, 1, 1, 60, true, false, 0},
    {"layer, long", 2, 1, 1, 17001, true, false, 0},
    {"layer, long, one sample", 1, 1, 1, 17003, true, false, 0},
    {"layer, a block a sample", 2, 1, 1, 2000, true, false, 0},
    {"layer, conditional", 5, 1, 1, 24, true, true, 0},
    {"layer per channel", 2, 40, 1, 24, true, false, 0},
    {"layer per channel, long", 2, 700, 1, 24, true, false, 0},
    {"group", 2, 37, 3, 8, true, true, 0},
    {"group of 5", 2, 21, 2, 5, true, false, 0},
    {"group, long", 1, 900, 2, 8, true, false, 0},
    {"pixel", 40, 1, 1, 12, false, false, 0},
    {"pixel, wide", 70, 1, 1, 264, false, false, 0},
    {"pixel, 7 channels", 33, 1, 1, 7, false, false, 0},
    {"root mean square of channels", 1, 90, 8, 1, false, false, 0},
};

TEST(NormSim, MatchesReference) {
  for (const NormShape& s : kShapes) {
    for (const DType dtype : kFloats) {
      for (const bool affine : {true, false}) {
        SCOPED_TRACE(std::string(s.name) + " " + text(dtype) + (affine ? " affine" : ""));
        const Norm n = norm_of(s, dtype);
        const NormReference r = reference_of(n, 0.25, affine, 0.5);
        const DType wide = wide_type(dtype);
        Buffer x(dtype, r.x, s.shift), dy(dtype, r.dy, s.shift), gamma(wide, r.gamma), beta(wide, r.beta);
        Buffer mean(wide, r.mean), rstd(wide, r.rstd), dgamma(wide, r.dgamma), dbeta(wide, r.dbeta);
        const size_t bytes = kernels().norm.workspace_bytes(n);
        Buffer workspace(DType::u8, static_cast<int64_t>(bytes), 0, 64);
        const auto size = [](const Values& v) { return static_cast<int64_t>(v.size()); };
        const auto found = run_in_orders(
            {{wide, size(r.mean)},
             {wide, size(r.rstd)},
             {dtype, size(r.y), {}, s.shift},
             {wide, size(r.dgamma)},
             {wide, size(r.dbeta)},
             {dtype, size(r.dx), {}, s.shift}},
            [&](const auto& out) {
              workspace.poison();
              kernels().norm.statistics(nullptr, n, x.data(), out[0], out[1], {}, workspace.data());
              kernels().norm.apply(nullptr, n, x.data(), nullptr, mean.data(), rstd.data(),
                                   affine ? gamma.data() : nullptr, affine ? beta.data() : nullptr,
                                   Unary::leaky_relu, 0.25f, out[2]);
              workspace.poison();
              kernels().norm.parameter_gradient(nullptr, n, {}, x.data(), dy.data(), mean.data(), rstd.data(),
                                                out[3], out[4], workspace.data());
              kernels().norm.data_gradient(nullptr, n, {}, x.data(), dy.data(), mean.data(),
                                           rstd.data(), affine ? gamma.data() : nullptr, dgamma.data(),
                                           dbeta.data(), out[5]);
            });
        EXPECT_TRUE(workspace.guarded());
        const double sums = dtype == DType::f64 ? 1e-12 : 1e-5;
        EXPECT_LT(relative_error(found[0], r.mean), sums) << "mean";
        EXPECT_LT(relative_error(found[1], r.rstd), sums) << "rstd";
        EXPECT_LT(relative_error(found[2], r.y), tolerance(dtype, 1e-5)) << "y";
        EXPECT_LT(relative_error(found[3], r.dgamma), sums) << "dgamma";
        EXPECT_LT(relative_error(found[4], r.dbeta), sums) << "dbeta";
        EXPECT_LT(relative_error(found[5], r.dx), tolerance(dtype, 1e-5)) << "dx";
      }
    }
  }
}

TEST(NormSim, ApplyAddsAResidual) {
  for (const NormShape& s : kShapes) {
    for (const DType dtype : kFloats) {
      for (const bool affine : {true, false}) {
        SCOPED_TRACE(std::string(s.name) + " " + text(dtype) + (affine ? " affine" : ""));
        const Norm n = norm_of(s, dtype);
        const NormReference r = reference_of(n, 1, affine, 0.5);
        const int64_t count = static_cast<int64_t>(r.x.size());
        const Values added = random_values(count, 28);
        const DType wide = wide_type(dtype);
        Buffer x(dtype, r.x, s.shift), residual(dtype, added, affine ? s.shift : 1);  // or unaligned by itself
        Buffer mean(wide, r.mean), rstd(wide, r.rstd), gamma(wide, r.gamma), beta(wide, r.beta);
        const auto found = run_in_orders({{dtype, count, {}, s.shift}}, [&](const auto& out) {
          kernels().norm.apply(nullptr, n, x.data(), residual.data(), mean.data(), rstd.data(),
                               affine ? gamma.data() : nullptr, affine ? beta.data() : nullptr, Unary::leaky_relu,
                               0.25f, out[0]);
        });
        EXPECT_LT(relative_error(found[0], leaky_sum(r.y, added)), tolerance(dtype, 1e-5));
      }
    }
  }
}

TEST(NormSim, GradientsTakeTheActivationBehind) {
  struct Case {
    Unary op;
    double alpha;
    Derivative derivative;
  };
  const Case cases[] = {{Unary::relu, 0.5, [](double v) { return v > 0 ? 1.0 : 0.0; }},
                        {Unary::leaky_relu, 0.25, [](double v) { return v > 0 ? 1 : 0.25; }},
                        {Unary::tanh, 0, [](double v) { return 1 - std::tanh(v) * std::tanh(v); }}};
  for (const NormShape& s : kShapes) {
    for (const DType dtype : kFloats) {
      for (const Case& c : cases) {
        const bool affine = c.op != Unary::relu || s.rows % 2;
        SCOPED_TRACE(std::string(s.name) + " " + text(dtype) + " op " + std::to_string(static_cast<int>(c.op)));
        const Norm n = norm_of(s, dtype);
        const NormReference r = reference_of(n, 1, affine, 0.5, c.derivative);
        const DType wide = wide_type(dtype);
        Buffer x(dtype, r.x, s.shift), dy(dtype, random_values(static_cast<int64_t>(r.x.size()), 22, 0.25), s.shift);
        Buffer gamma(wide, r.gamma), beta(wide, r.beta), mean(wide, r.mean), rstd(wide, r.rstd);
        Buffer dgamma(wide, r.dgamma), dbeta(wide, r.dbeta);
        Buffer workspace(DType::u8, static_cast<int64_t>(kernels().norm.workspace_bytes(n)), 0, 64);
        const NormActivation behind{c.op, c.alpha, affine ? gamma.data() : nullptr, affine ? beta.data() : nullptr};
        const int64_t channels = static_cast<int64_t>(r.dgamma.size());
        const auto found = run_in_orders(
            {{wide, channels}, {wide, channels}, {dtype, static_cast<int64_t>(r.dx.size()), {}, s.shift}},
            [&](const auto& out) {
              workspace.poison();
              kernels().norm.parameter_gradient(nullptr, n, behind, x.data(), dy.data(), mean.data(), rstd.data(),
                                                out[0], out[1], workspace.data());
              kernels().norm.data_gradient(nullptr, n, behind, x.data(), dy.data(), mean.data(), rstd.data(),
                                           behind.gamma, dgamma.data(), dbeta.data(), out[2]);
            });
        EXPECT_TRUE(workspace.guarded());
        const double sums = dtype == DType::f64 ? 1e-12 : 1e-5;
        EXPECT_LT(relative_error(found[0], r.dgamma), sums) << "dgamma";
        EXPECT_LT(relative_error(found[1], r.dbeta), sums) << "dbeta";
        EXPECT_LT(relative_error(found[2], r.dx), tolerance(dtype, 1e-5)) << "dx";
      }
    }
  }
  const Norm n{1, 1, 1, 1, 1e-5, true, 0, DType::f32};
  Buffer one(DType::f32, {1});
  EXPECT_THROW(kernels().norm.parameter_gradient(nullptr, n, {Unary::gelu}, one.data(), one.data(), one.data(),
                                                 one.data(), one.data(), one.data(), nullptr),
               std::runtime_error);
}

// plain: gamma and the cotangents of the parameters' gradients are absent.
TEST(NormSim, SecondGradientMatchesReference) {
  const BlocksOfNorms none(0);
  for (const NormShape& s : kShapes) {
    for (const DType dtype : kFloats) {
      for (const bool plain : {false, true}) {
        if (dtype != DType::f32 && (plain || s.rows * s.width > 10000)) continue;
        SCOPED_TRACE(std::string(s.name) + " " + text(dtype) + (plain ? " plain" : ""));
        const Norm n = norm_of(s, dtype);
        const NormReference first = reference_of(n, 1, !plain, 0.5);
        const auto size = [](const Values& values) { return static_cast<int64_t>(values.size()); };
        const Values none, v = random_values(size(first.x), 25, 0.25), u = random_values(size(first.gamma), 26),
                           w = random_values(size(first.gamma), 27);
        const SecondReference r = second_reference(n, first.x, first.dy, v, first.mean, first.rstd,
                                                   plain ? none : first.gamma, plain ? none : u, plain ? none : w);
        const DType wide = wide_type(dtype);
        Buffer x(dtype, first.x, s.shift), dy(dtype, first.dy, s.shift), cotangent(dtype, v, s.shift);
        Buffer mean(wide, first.mean), rstd(wide, first.rstd), gamma(wide, first.gamma), of_gamma(wide, u), of_beta(wide, w);
        Buffer dgamma(wide, first.dgamma), dbeta(wide, first.dbeta);
        Buffer workspace(DType::u8, static_cast<int64_t>(kernels().norm.second_workspace_bytes(n)), 0, 64);
        const auto found = run_in_orders({{dtype, size(r.to_dy), {}, s.shift}, {dtype, size(r.to_x), {}, s.shift}, {wide, size(r.to_gamma)}},
                                         [&](const auto& out) {
          workspace.poison();
          kernels().norm.second_gradient(nullptr, n,
                                         {x.data(), dy.data(), mean.data(), rstd.data(), plain ? nullptr : gamma.data(),
                                          dgamma.data(), dbeta.data(), cotangent.data(), plain ? nullptr : of_gamma.data(),
                                          plain ? nullptr : of_beta.data(), out[0], out[1], out[2]},
                                         workspace.data());
        });
        EXPECT_TRUE(workspace.guarded());
        // What cancels in the results of one element is rstd = 30 times as large as they are.
        const double exact = n.rows * n.width == 1 ? 1e-4 : 1e-5;
        EXPECT_LT(relative_error(found[0], r.to_dy), tolerance(dtype, exact)) << "to_dy";
        EXPECT_LT(relative_error(found[1], r.to_x), tolerance(dtype, exact)) << "to_x";
        EXPECT_LT(relative_error(found[2], r.to_gamma), dtype == DType::f64 ? 1e-11 : 1e-4) << "to_gamma";
      }
    }
  }
}

// What is not asked for is not written.
TEST(NormSim, SecondGradientOfOneInputAlone) {
  const BlocksOfNorms none(0);
  for (const int64_t width : {1, 3}) {
    const Norm n{1, 30, 8, width, 1e-3, true, 0, DType::f32};
    const NormReference first = reference_of(n, 1, true, 0.5);
    const Values v = random_values(static_cast<int64_t>(first.x.size()), 25);
    const SecondReference r = second_reference(n, first.x, first.dy, v, first.mean, first.rstd, first.gamma, {}, {});
    Buffer x(DType::f32, first.x), dy(DType::f32, first.dy), cotangent(DType::f32, v), mean(DType::f32, first.mean), rstd(DType::f32, first.rstd);
    Buffer gamma(DType::f32, first.gamma), dgamma(DType::f32, first.dgamma), dbeta(DType::f32, first.dbeta);
    Buffer workspace(DType::u8, static_cast<int64_t>(kernels().norm.second_workspace_bytes(n)), 0, 64);
    const Values* wanted[] = {&r.to_dy, &r.to_x, &r.to_gamma};
    for (int asked = 0; asked < 3; ++asked) {
      const auto found = run_in_orders({{DType::f32, static_cast<int64_t>(wanted[asked]->size())}}, [&](const auto& out) {
        void* to[3] = {};
        to[asked] = out[0];
        kernels().norm.second_gradient(nullptr, n, {x.data(), dy.data(), mean.data(), rstd.data(), gamma.data(), dgamma.data(), dbeta.data(), cotangent.data(),
                                                    nullptr, nullptr, to[0], to[1], to[2]}, workspace.data());
      });
      EXPECT_LT(relative_error(found[0], *wanted[asked]), 1e-5) << "width " << width << ", result " << asked;
    }
  }
}

TEST(NormSim, VarianceSurvivesALargeMean) {
  const Norm norms[] = {{1, 500, 8, 1, 1e-5, true, 0, DType::f32},
                        {1, 4200, 5, 1, 1e-5, true, 0, DType::f32},
                        {2, 1, 1, 400, 1e-5, true, 0, DType::f32},
                        {1, 100, 2, 4, 1e-5, true, 0, DType::f32}};
  for (const Norm& n : norms) {
    NormReference r = reference_of(n, 1, false,
                               1000);  // a unit deviation around 1000: E[x^2] - E[x]^2 would lose all digits
    Buffer x(DType::f32, r.x), workspace(DType::u8, static_cast<int64_t>(kernels().norm.workspace_bytes(n)));
    const int64_t statistics = n.outer * n.groups;
    const auto found =
        run_in_orders({{DType::f32, statistics}, {DType::f32, statistics}}, [&](const auto& out) {
          kernels().norm.statistics(nullptr, n, x.data(), out[0], out[1], {}, workspace.data());
        });
    EXPECT_LT(relative_error(found[1], r.rstd), 1e-4);
  }
}

TEST(NormSim, EveryActivation) {
  const Norm n{1, 20, 5, 1, 1e-5, true, 0, DType::f32};
  const NormReference r = reference_of(n, 1, true, 0);
  Buffer x(DType::f32, r.x), mean(DType::f32, r.mean), rstd(DType::f32, r.rstd), gamma(DType::f32, r.gamma),
      beta(DType::f32, r.beta);
  const std::pair<Unary, double (*)(double)> cases[] = {
      {Unary::identity, [](double v) { return v; }},
      {Unary::relu, [](double v) { return std::max(v, 0.0); }},
      {Unary::tanh, [](double v) { return std::tanh(v); }}};
  for (const auto& [activation, f] : cases) {
    Values wanted(r.y);
    for (double& v : wanted) v = f(v);
    const auto found = run_in_orders({{DType::f32, 100}}, [&, activation = activation](const auto& out) {
      kernels().norm.apply(nullptr, n, x.data(), nullptr, mean.data(), rstd.data(), gamma.data(), beta.data(),
                           activation, 0, out[0]);
    });
    EXPECT_LT(relative_error(found[0], wanted), 1e-5);
  }
  EXPECT_THROW(kernels().norm.apply(nullptr, n, x.data(), nullptr, mean.data(), rstd.data(), nullptr, nullptr,
                                    Unary::gelu, 0, x.data()),
               std::runtime_error);
}

TEST(NormSim, RunningStatisticsAreUnbiased) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    for (const int64_t rows : {1, 6, 300}) {
      const Norm n{1, rows, 3, 1, 1e-5, true, 0, dtype};
      const NormReference r = reference_of(n, 1, false, 0.5);
      Values wanted_mean(3), wanted_variance(3), variance(3);
      for (size_t i = 0; i < 3; ++i) {
        variance[i] = 1 / (r.rstd[i] * r.rstd[i]) - n.eps;
        wanted_mean[i] = 0.9 * 4 + 0.1 * r.mean[i];
        wanted_variance[i] = 0.9 * 5 + 0.1 * variance[i] * (rows > 1 ? rows / (rows - 1.0) : 1);
      }
      Buffer x(dtype, r.x), v(dtype, variance);
      Buffer workspace(DType::u8, static_cast<int64_t>(kernels().norm.workspace_bytes(n)));
      const auto found = run_in_orders(
          {{dtype, 3, {4, 4, 4}}, {dtype, 3, {5, 5, 5}}, {dtype, 3}, {dtype, 3}, {dtype, 3}},
          [&](const auto& out) {
            kernels().norm.statistics(nullptr, n, x.data(), out[2], out[3], {0.1, out[0], out[1]},
                                      workspace.data());
            kernels().norm.rstd_of(nullptr, dtype, 3, v.data(), 1e-5, out[4]);
          });
      EXPECT_LT(relative_error(found[0], wanted_mean), 1e-6);
      EXPECT_LT(relative_error(found[1], wanted_variance), 1e-6);
      EXPECT_LT(relative_error(found[4], r.rstd), 1e-5);
    }
  }
}

TEST(NormSim, RunningStatisticsFollowOneOuterIndexAfterTheOther) {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Norm n{3, 40, 5, 1, 1e-5, true, 0, dtype};
    const NormReference r = reference_of(n, 1, false, 0.5);
    Values wanted_mean(5, 4), wanted_variance(5, 5);
    for (size_t s = 0; s < 15; ++s) {
      wanted_mean[s % 5] = 0.9 * wanted_mean[s % 5] + 0.1 * r.mean[s];
      wanted_variance[s % 5] = 0.9 * wanted_variance[s % 5] + 0.1 * (1 / (r.rstd[s] * r.rstd[s]) - n.eps) * 40 / 39;
    }
    Buffer x(dtype, r.x), workspace(DType::u8, static_cast<int64_t>(kernels().norm.workspace_bytes(n)));
    const auto found = run_in_orders({{dtype, 5, Values(5, 4)}, {dtype, 5, Values(5, 5)}, {dtype, 15}, {dtype, 15}}, [&](const auto& out) {
      kernels().norm.statistics(nullptr, n, x.data(), out[2], out[3], {0.1, out[0], out[1]}, workspace.data());
    });
    EXPECT_LT(relative_error(found[0], wanted_mean), 1e-6);
    EXPECT_LT(relative_error(found[1], wanted_variance), 1e-6);
  }
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
