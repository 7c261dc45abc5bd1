// The element-wise kernels in the simulator against plain loops in double.
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

struct Case {
  Unary op;
  double alpha, beta;
  bool of_x;  // the derivative's reference is x, else y
  bool positive_only;
  double (*f)(double x, double alpha, double beta);
};

double cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

const Case kCases[] = {
    {Unary::identity, 0, 0, true, false, [](double x, double, double) { return x; }},
    {Unary::neg, 0, 0, true, false, [](double x, double, double) { return -x; }},
    {Unary::abs, 0, 0, true, false, [](double x, double, double) { return std::fabs(x); }},
    {Unary::sign, 0, 0, true, false,
     [](double x, double, double) { return x > 0   ? 1.0
                                           : x < 0 ? -1.0
                                                   : 0.0; }},
    {Unary::exp, 0, 0, false, false, [](double x, double, double) { return std::exp(x); }},
    {Unary::log, 0, 0, true, true, [](double x, double, double) { return std::log(x); }},
    {Unary::sqrt, 0, 0, false, true, [](double x, double, double) { return std::sqrt(x); }},
    {Unary::rsqrt, 0, 0, false, true, [](double x, double, double) { return 1 / std::sqrt(x); }},
    {Unary::square, 0, 0, true, false, [](double x, double, double) { return x * x; }},
    {Unary::reciprocal, 0, 0, false, true, [](double x, double, double) { return 1 / x; }},
    {Unary::sin, 0, 0, true, false, [](double x, double, double) { return std::sin(x); }},
    {Unary::cos, 0, 0, true, false, [](double x, double, double) { return std::cos(x); }},
    {Unary::relu, 0, 0, false, false, [](double x, double, double) { return std::max(x, 0.0); }},
    {Unary::leaky_relu, 0.2, 0, false, false, [](double x, double a, double) { return x > 0 ? x : a * x; }},
    {Unary::elu, 0.7, 0, false, false,
     [](double x, double a, double) { return x > 0 ? x : a * std::expm1(x); }},
    {Unary::selu, 0, 0, false, false,
     [](double x, double, double) {
       return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x));
     }},
    {Unary::gelu, 0, 0, true, false, [](double x, double, double) { return x * cdf(x); }},
    {Unary::silu, 0, 0, true, false, [](double x, double, double) { return x / (1 + std::exp(-x)); }},
    {Unary::softplus, 0, 0, false, false, [](double x, double, double) { return std::log1p(std::exp(x)); }},
    {Unary::sigmoid, 0, 0, false, false, [](double x, double, double) { return 1 / (1 + std::exp(-x)); }},
    {Unary::tanh, 0, 0, false, false, [](double x, double, double) { return std::tanh(x); }},
    {Unary::scale, 1.5, -0.25, true, false, [](double x, double a, double b) { return a * x + b; }},
    {Unary::power, 2.5, 0, true, true, [](double x, double a, double) { return std::pow(x, a); }},
    {Unary::clamp, -0.51, 0.77, true, false,
     [](double x, double a, double b) { return std::min(std::max(x, a), b); }},
    {Unary::step, 0.3, 0, true, false, [](double x, double a, double) { return x > a ? 1.0 : 0.0; }},
};

std::string name_of(const Case& c, DType dtype, int64_t count) {
  return "unary " + std::to_string(static_cast<int>(c.op)) + " " + text(dtype) + " of " +
         std::to_string(count);
}

TEST(ElementwiseSim, UnaryMatchesReference) {
  for (const Case& c : kCases) {
    for (const DType dtype : kFloats) {
      for (const auto& [count, shift] : {std::pair<int64_t, int>{1, 0}, {7, 1}, {307, 0}}) {
        Buffer in(dtype, c.positive_only ? positive(random_values(count, 1)) : random_values(count, 1),
                  shift);
        Values wanted = in.values();
        for (double& v : wanted) v = c.f(v, c.alpha, c.beta);
        const auto found = run_in_orders({{dtype, count, {}, shift}}, [&](const auto& out) {
          kernels().elementwise.unary(nullptr, {c.op, c.alpha, c.beta}, dtype, count, in.data(), nullptr, 1,
                                      out[0]);
        });
        EXPECT_LT(relative_error(found[0], wanted), tolerance(dtype, 1e-6)) << name_of(c, dtype, count);
      }
    }
  }
}

TEST(ElementwiseSim, UnaryAddsBiasPerChannel) {
  for (const DType dtype : kFloats) {
    for (const int64_t channels : {1, 3, 8, 13}) {
      const int64_t count = channels * 37;
      const Values x = random_values(count, 2), bias = random_values(channels, 3);
      Buffer in(dtype, x), b(wide_type(dtype), bias);
      Values wanted(x);
      for (int64_t i = 0; i < count; ++i) {
        const double v = x[i] + bias[i % channels];
        wanted[i] = v > 0 ? v : 0.2 * v;
      }
      const auto found = run_in_orders({{dtype, count, x}}, [&](const auto& out) {  // in place
        kernels().elementwise.unary(nullptr, {Unary::leaky_relu, 0.2, 0}, dtype, count, out[0], b.data(),
                                    channels, out[0]);
      });
      EXPECT_LT(relative_error(found[0], wanted), tolerance(dtype, 1e-6)) << text(dtype) << " " << channels;
    }
  }
}

TEST(ElementwiseSim, GradientMatchesFiniteDifferences) {
  constexpr double kStep = 1e-6;
  for (const Case& c : kCases) {
    for (const DType dtype : kFloats) {
      for (const auto& [count, shift] : {std::pair<int64_t, int>{1, 1}, {305, 0}}) {
        const Values x = c.positive_only ? positive(random_values(count, 4)) : random_values(count, 4);
        const Values g = random_values(count, 5);
        Values reference(x), wanted(x);
        for (int64_t i = 0; i < count; ++i) {
          if (!c.of_x) reference[i] = to_float(to_bf16(static_cast<float>(c.f(x[i], c.alpha, c.beta))));
        }
        Buffer r(dtype, reference, shift), gradient(dtype, g, shift);
        const Values exact = r.values();  // what the kernel sees
        for (int64_t i = 0; i < count; ++i) {
          // For references that are y: f' at the x whose image y is, by the inverse function theorem on f
          // itself.
          double at = c.of_x ? exact[i] : x[i];
          if (!c.of_x) {
            for (int n = 0; n < 60; ++n) {
              const double slope =
                  (c.f(at + kStep, c.alpha, c.beta) - c.f(at - kStep, c.alpha, c.beta)) / (2 * kStep);
              if (slope == 0) break;
              const double next = at - (c.f(at, c.alpha, c.beta) - exact[i]) / slope;
              if (!std::isfinite(next) || (c.positive_only && next <= kStep) || (x[i] > 0) != (next > 0))
                break;
              at = next;
            }
          }
          wanted[i] =
              g[i] * (c.f(at + kStep, c.alpha, c.beta) - c.f(at - kStep, c.alpha, c.beta)) / (2 * kStep);
        }
        const auto found = run_in_orders({{dtype, count, {}, shift}}, [&](const auto& out) {
          kernels().elementwise.unary_gradient(nullptr, {c.op, c.alpha, c.beta}, dtype, count, r.data(),
                                               gradient.data(), out[0]);
        });
        const double bound = dtype == DType::bf16 ? 4e-3 : 2e-6;  // f64: the finite difference's own error
        EXPECT_LT(relative_error(found[0], wanted), bound) << name_of(c, dtype, count);
      }
    }
  }
}

TEST(ElementwiseSim, NotANumberPassesThrough) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Case& c : kCases) {
    if (c.op == Unary::step) continue;
    Buffer in(DType::f32, Values{nan});
    const auto found = run_in_orders({{DType::f32, 1}}, [&](const auto& out) {
      kernels().elementwise.unary(nullptr, {c.op, c.alpha, c.beta}, DType::f32, 1, in.data(), nullptr, 1,
                                  out[0]);
    });
    EXPECT_TRUE(std::isnan(found[0][0])) << static_cast<int>(c.op);
  }
}

double combine_reference(Binary op, double a, double b) {
  switch (op) {
    case Binary::add: return a + b;
    case Binary::sub: return a - b;
    case Binary::mul: return a * b;
    case Binary::div: return a / b;
    case Binary::maximum: return std::max(a, b);
    case Binary::minimum: return std::min(a, b);
    case Binary::power: return std::pow(a, b);
    case Binary::greater: return a > b;
    case Binary::greater_equal: return a >= b;
    case Binary::equal: return a == b;
  }
  return 0;
}

// Shapes of a and b are those of c with some dimensions made 1.
struct Shapes {
  std::vector<int64_t> c;
  std::vector<bool> a_keeps, b_keeps;
};

TEST(ElementwiseSim, BinaryBroadcasts) {
  const Shapes shapes[] = {
      {{1}, {true}, {true}},
      {{13}, {true}, {true}},
      {{64}, {true}, {false}},
      {{37}, {true}, {false}},
      {{5, 16}, {true, true}, {false, true}},
      {{5, 16}, {true, false}, {true, true}},
      {{3, 4, 7}, {true, true, true}, {false, true, false}},
      {{2, 3, 8}, {true, false, true}, {false, true, true}},
      {{2, 3, 2, 5, 3, 2}, {true, false, true, false, true, false}, {false, true, true, true, false, true}},
  };
  for (int op = 0; op <= static_cast<int>(Binary::equal); ++op) {
    for (const DType dtype : kFloats) {
      for (const Shapes& s : shapes) {
        ElementwiseKernels::Broadcast shape{};
        shape.rank = static_cast<int>(s.c.size());
        int64_t count = 1, count_a = 1, count_b = 1;
        for (int d = shape.rank - 1; d >= 0; --d) {
          shape.dims[d] = s.c[d];
          shape.stride_a[d] = s.a_keeps[d] ? count_a : 0;
          shape.stride_b[d] = s.b_keeps[d] ? count_b : 0;
          count *= s.c[d];
          if (s.a_keeps[d]) count_a *= s.c[d];
          if (s.b_keeps[d]) count_b *= s.c[d];
        }
        Values a = positive(random_values(count_a, 6)), b = positive(random_values(count_b, 7));
        b[0] = a[0];
        Buffer in_a(dtype, a), in_b(dtype, b);
        a = in_a.values(), b = in_b.values();
        Values wanted(static_cast<size_t>(count));
        for (int64_t i = 0; i < count; ++i) {
          int64_t rest = i, at_a = 0, at_b = 0;
          for (int d = shape.rank - 1; d >= 0; --d) {
            at_a += rest % s.c[d] * shape.stride_a[d];
            at_b += rest % s.c[d] * shape.stride_b[d];
            rest /= s.c[d];
          }
          wanted[i] = combine_reference(static_cast<Binary>(op), a[at_a], b[at_b]);
        }
        const auto found = run_in_orders({{dtype, count}}, [&](const auto& out) {
          kernels().elementwise.binary(nullptr, static_cast<Binary>(op), dtype, shape, in_a.data(),
                                       in_b.data(), out[0]);
        });
        EXPECT_LT(relative_error(found[0], wanted), tolerance(dtype, 1e-6))
            << op << " " << text(dtype) << " " << count;
      }
    }
  }
}

TEST(ElementwiseSim, ScaledSums) {
  for (const DType dtype : kFloats) {
    for (const auto& [count, shift] : {std::pair<int64_t, int>{1, 0}, {33, 0}, {100, 3}}) {
      const Values a = random_values(count, 8), b = random_values(count, 9);
      Buffer in_a(dtype, a, shift), in_b(dtype, b, shift), factor(wide_type(dtype), Values{-1.75});
      Values sum(a), single(a), scaled(a);
      for (int64_t i = 0; i < count; ++i) {
        sum[i] = 0.5 * a[i] - 2 * b[i] + 0.25;
        single[i] = 3 * a[i] - 1;
        scaled[i] = -1.75 * a[i];
      }
      const Output out{dtype, count, {}, shift};
      const auto found = run_in_orders({out, out, out}, [&](const auto& y) {
        kernels().elementwise.axpby(nullptr, dtype, count, 0.5, in_a.data(), -2, in_b.data(), 0.25, y[0]);
        kernels().elementwise.axpby(nullptr, dtype, count, 3, in_a.data(), 7, nullptr, -1, y[1]);
        kernels().elementwise.scale_by(nullptr, dtype, count, factor.data(), in_a.data(), y[2]);
      });
      EXPECT_LT(relative_error(found[0], sum), tolerance(dtype, 1e-6));
      EXPECT_LT(relative_error(found[1], single), tolerance(dtype, 1e-6));
      EXPECT_LT(relative_error(found[2], scaled), tolerance(dtype, 1e-6));
    }
  }
}

TEST(ElementwiseSim, FillAndCastEveryType) {
  const DType all[] = {DType::f32, DType::bf16, DType::f64, DType::i32, DType::i64, DType::u8};
  for (const DType from : all) {
    for (const auto& [count, shift] : {std::pair<int64_t, int>{5, 1}, {67, 0}}) {
      const auto filled = run_in_orders({{from, count, {}, shift}}, [&](const auto& out) {
        kernels().elementwise.fill(nullptr, from, count, 5, out[0]);
      });
      EXPECT_EQ(filled[0], Values(static_cast<size_t>(count), 5.0)) << text(from);
      Values x(static_cast<size_t>(count));
      for (int64_t i = 0; i < count; ++i) x[i] = static_cast<double>(i * 3 % 251);
      Buffer in(from, x, shift);
      for (const DType to : all) {
        const auto found = run_in_orders({{to, count, {}, shift}}, [&](const auto& out) {
          kernels().elementwise.cast(nullptr, from, to, count, in.data(), out[0]);
        });
        EXPECT_EQ(found[0], x) << text(from) << " to " << text(to);
      }
    }
  }
}

TEST(ElementwiseSim, CastsToBf16RoundToNearestEven) {
  // 1 + 2^-8 lies half way between two neighbours; 2^-40 more or less decides, which f32 alone would not see.
  const Values x = {
      1 + 0x1p-8, 1 + 0x1p-8 + 0x1p-40, 1 + 0x1p-8 - 0x1p-40, 1 + 3 * 0x1p-8, -1 - 0x1p-8 - 0x1p-40, 1e300,
      -0.0};
  const Values wanted = {1, 1 + 0x1p-7, 1, 1 + 0x1p-6, -1 - 0x1p-7, std::numeric_limits<double>::infinity(),
                         0};
  Buffer in(DType::f64, x);
  const auto found = run_in_orders({{DType::bf16, 7}}, [&](const auto& out) {
    kernels().elementwise.cast(nullptr, DType::f64, DType::bf16, 7, in.data(), out[0]);
  });
  EXPECT_EQ(found[0], wanted);
}

void check_copy(DType dtype, const ElementwiseKernels::Strided& shape, int64_t from_count, int64_t to_count,
                int64_t from_start, int64_t to_start, const char* what) {
  Values x(static_cast<size_t>(from_count));
  for (int64_t i = 0; i < from_count; ++i) x[i] = static_cast<double>(i % 250);
  const Values before(static_cast<size_t>(to_count), 251.0);
  Values wanted(before);
  int64_t count = 1;
  for (int d = 0; d < shape.rank; ++d) count *= shape.dims[d];
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, from = from_start, to = to_start;
    for (int d = shape.rank - 1; d >= 0; --d) {
      from += rest % shape.dims[d] * shape.stride_from[d];
      to += rest % shape.dims[d] * shape.stride_to[d];
      rest /= shape.dims[d];
    }
    wanted[to] = x[from];
  }
  Buffer in(dtype, x);
  const int bytes = static_cast<int>(bytes_of(dtype));
  const auto found = run_in_orders({{dtype, to_count, before}}, [&](const auto& out) {
    kernels().elementwise.copy(nullptr, shape, bytes, in.as<char>() + from_start * bytes,
                               static_cast<char*>(out[0]) + to_start * bytes);
  });
  EXPECT_EQ(found[0], wanted) << what << " " << text(dtype);
}

TEST(ElementwiseSim, CopiesStrided) {
  for (const DType dtype : {DType::u8, DType::bf16, DType::f32, DType::f64}) {
    check_copy(dtype, {1, {37}, {1}, {1}}, 37, 37, 0, 0, "contiguous");
    check_copy(dtype, {0, {}, {}, {}}, 1, 1, 0, 0, "scalar");
    check_copy(dtype, {1, {9}, {-1}, {1}}, 9, 9, 8, 0, "flip");
    check_copy(dtype, {2, {5, 8}, {0, 1}, {8, 1}}, 8, 40, 0, 0, "broadcast rows");
    check_copy(dtype, {2, {5, 8}, {1, 0}, {8, 1}}, 5, 40, 0, 0, "broadcast columns");
    check_copy(dtype, {3, {2, 3, 16}, {80, 16, 1}, {48, 16, 1}}, 160, 96, 32, 0, "slice of rows");
    check_copy(dtype, {2, {6, 8}, {8, 1}, {24, 1}}, 48, 144, 0, 8, "concatenation");
    check_copy(dtype, {4, {2, 5, 7, 3}, {105, 7, 1, 35}, {105, 21, 3, 1}}, 210, 210, 0, 0,
               "NCHW to NHWC, 3 channels");
    check_copy(dtype, {3, {2, 45, 37}, {45 * 37, 1, 45}, {45 * 37, 37, 1}}, 3330, 3330, 0, 0,
               "transpose of 37 x 45");
    check_copy(dtype, {3, {2, 33, 64}, {64 * 33, 1, 33}, {64 * 33, 64, 1}}, 4224, 4224, 0, 0,
               "transpose of 64 x 33");
    check_copy(dtype, {4, {9, 2, 3, 10}, {1, 27 * 10, 9 * 10, 9}, {60, 30, 10, 1}}, 540, 540, 0, 0,
               "permute");
    check_copy(dtype, {2, {4, 0}, {1, 1}, {1, 1}}, 4, 4, 0, 0, "empty");
  }
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
