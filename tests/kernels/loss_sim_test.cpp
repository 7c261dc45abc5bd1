// Losses in the simulator against plain loops in double.
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

constexpr Unary kFunctions[] = {Unary::identity, Unary::abs, Unary::square, Unary::relu, Unary::softplus, Unary::sigmoid};

struct ValueAndSlope {
  double value, slope;
};
ValueAndSlope of(Unary f, double u) {
  const double s = 1 / (1 + std::exp(-u));
  switch (f) {
    case Unary::abs: return {std::fabs(u), u > 0 ? 1.0 : u < 0 ? -1.0 : 0.0};
    case Unary::square: return {u * u, 2 * u};
    case Unary::relu: return {std::max(u, 0.0), u > 0 ? 1.0 : 0.0};
    case Unary::softplus: return {std::max(u, 0.0) + std::log1p(std::exp(-std::fabs(u))), s};
    case Unary::sigmoid: return {s, s * (1 - s)};
    default: return {u, 1};
  }
}

void check(const Loss& p, bool has_t, bool has_g, int shift) {
  const Values x = random_values(p.count, 1), t = random_values(p.count, 2);
  Buffer px(p.x, x, shift), pt(p.t, t), g(wide_type(p.x), Values{-1.5}), workspace(DType::u8, static_cast<int64_t>(kernels().loss.workspace_bytes(p)), 0, 64);
  const Values rx = px.values(), rt = pt.values();
  double sum = 0;
  Values dx, dt;
  for (int64_t i = 0; i < p.count; ++i) {
    const ValueAndSlope v = of(p.f, p.sign * rx[i] + p.shift - (has_t ? rt[i] : 0));
    sum += v.value;
    dx.push_back((has_g ? -1.5 : 1) * p.factor * p.sign * v.slope);
    dt.push_back((has_g ? 1.5 : -1) * p.factor * v.slope);
  }
  const auto value = run_in_orders({{wide_type(p.x), 1}}, [&](const auto& out) {
    workspace.poison();
    kernels().loss.value(nullptr, p, px.data(), has_t ? pt.data() : nullptr, out[0], workspace.data());
  });
  EXPECT_TRUE(workspace.guarded());
  EXPECT_NEAR(value[0][0], p.factor * sum, 1e-5 * (1 + std::fabs(p.factor) * static_cast<double>(p.count)));
  const auto gradient = run_in_orders({{p.x, p.count}, {p.t, p.count}}, [&](const auto& out) {
    kernels().loss.gradient(nullptr, p, has_g ? g.data() : nullptr, px.data(), has_t ? pt.data() : nullptr, out[0], has_t ? out[1] : nullptr);
    if (!has_t) kernels().elementwise.fill(nullptr, p.t, p.count, 0, out[1]);
  });
  const auto bound = [](DType type) { return type == DType::bf16 ? 5e-3 : 1e-6; };
  EXPECT_LE(relative_error(gradient[0], dx), bound(p.x));
  if (has_t) {
    EXPECT_LE(relative_error(gradient[1], dt), bound(p.t));
  }
}

TEST(LossSim, MatchesReference) {
  const std::pair<DType, DType> kinds[] = {{DType::f32, DType::f32}, {DType::bf16, DType::bf16}, {DType::f32, DType::bf16}, {DType::bf16, DType::f32}, {DType::f64, DType::f64}};
  for (const int64_t count : {1, 7, 1000, 20011}) {
    for (const Unary f : kFunctions) {
      for (const auto& [x, t] : kinds) {
        if (count > 1000 && (f != Unary::softplus || x == DType::f64)) continue;  // slow here, and nothing new
        SCOPED_TRACE(testing::Message() << count << ' ' << static_cast<int>(f) << ' ' << text(x) << ' ' << text(t));
        check({f, -1, 0.25, 0.5, count, x, t}, false, true, 1);
        check({f, 0.5, 0, 2, count, x, t}, true, count % 2 == 0, 0);
      }
    }
  }
}

TEST(LossSim, OfNothingIsZero) {
  const Loss p{Unary::square, 1, 0, 1, 0, DType::f32, DType::f32};
  const Buffer one(DType::f32, 1);
  const auto value = run_in_orders({{DType::f32, 1}}, [&](const auto& out) { kernels().loss.value(nullptr, p, one.data(), nullptr, out[0], nullptr); });
  EXPECT_EQ(value[0][0], 0);
}

// b + weight (a - b), a weight a row.
TEST(ElementwiseSim, MixesRows) {
  for (const auto& [ta, tb] : {std::pair{DType::f32, DType::f32}, std::pair{DType::bf16, DType::f32}, std::pair{DType::f32, DType::bf16}, std::pair{DType::f64, DType::f64}}) {
    const int64_t rows = 5, columns = 37;
    Buffer a(ta, random_values(rows * columns, 1)), b(tb, random_values(rows * columns, 2)), weight(wide_type(ta), random_values(rows, 3));
    const Values ra = a.values(), rb = b.values(), rw = weight.values();
    Values wanted;
    for (int64_t i = 0; i < rows * columns; ++i) wanted.push_back(rb[i] + rw[i / columns] * (ra[i] - rb[i]));
    const auto found = run_in_orders({{wide_type(ta), rows * columns}}, [&, ta = ta, tb = tb](const auto& out) { kernels().elementwise.mix(nullptr, ta, tb, rows, columns, weight.data(), a.data(), b.data(), out[0]); });
    EXPECT_LT(relative_error(found[0], wanted), 1e-6);
  }
}

TEST(ElementwiseSim, JoinsPieces) {
  for (const DType to : kFloats) {
    Buffer a(DType::f32, random_values(37, 1)), b(DType::bf16, random_values(5, 2)), c(DType::f64, random_values(100, 3));
    std::vector<ElementwiseKernels::Piece> pieces{{a.data(), DType::f32, 37, 0}, {nullptr, DType::f32, 3, 0.75}, {b.data(), DType::bf16, 5, 0}, {nullptr, DType::f32, 0, 1}};
    for (int i = 0; i < 16; ++i) pieces.push_back({c.data(), DType::f64, 100, 0});
    Values wanted = a.values();
    wanted.insert(wanted.end(), 3, 0.75);
    for (const double v : b.values()) wanted.push_back(v);
    for (int i = 0; i < 16; ++i)
      for (const double v : c.values()) wanted.push_back(v);
    const auto found = run_in_orders({{to, static_cast<int64_t>(wanted.size())}}, [&](const auto& out) { kernels().elementwise.join(nullptr, to, pieces.data(), static_cast<int>(pieces.size()), out[0]); });
    EXPECT_LE(relative_error(found[0], wanted), tolerance(to, 1e-7));
  }
}

// dx = g f'(y), and its columns' sums.
TEST(ElementwiseSim, BiasGradients) {
  struct Size { int64_t rows, channels; int shift; };
  for (const Size& s : {Size{1, 1, 0}, Size{7, 3, 0}, Size{300, 24, 0}, Size{300, 24, 1}, Size{1100, 8, 0}, Size{2050, 3, 0}, Size{1100, 33, 0}, Size{5, 300, 0}, Size{0, 4, 0}}) {
    for (const DType dtype : kFloats) {
      for (const Unary f : {Unary::leaky_relu, Unary::tanh}) {
        const int64_t count = s.rows * s.channels;
        Buffer y(dtype, random_values(count, 1, 0, 0.4), s.shift), g(dtype, random_values(count, 2));
        const Values ry = y.values(), rg = g.values();
        Values dx, sums(static_cast<size_t>(s.channels), 0.0);
        for (int64_t i = 0; i < count; ++i) {
          dx.push_back(rg[i] * (f == Unary::tanh ? 1 - ry[i] * ry[i] : ry[i] > 0 ? 1 : 0.25));
          sums[i % s.channels] += dx.back();
        }
        Buffer workspace(DType::u8, static_cast<int64_t>(kernels().elementwise.bias_gradient_workspace(dtype, s.rows, s.channels)), 0, 64);
        const auto found = run_in_orders({{dtype, count}, {wide_type(dtype), s.channels}}, [&](const auto& out) {
          workspace.poison();
          kernels().elementwise.bias_gradient(nullptr, {f, 0.25, 0}, dtype, s.rows, s.channels, y.data(), g.data(), out[0], out[1], workspace.data());
        });
        SCOPED_TRACE(testing::Message() << s.rows << ' ' << s.channels << ' ' << text(dtype));
        EXPECT_LE(relative_error(found[0], dx), dtype == DType::bf16 ? 5e-3 : 1e-6);
        EXPECT_LE(relative_error(found[1], sums), dtype == DType::f64 ? 1e-12 : 1e-5);
        EXPECT_TRUE(workspace.guarded());
      }
    }
  }
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
