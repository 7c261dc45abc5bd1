// Element-wise kernels of the cpu device against the C library in double.
#include <cstring>
#include <functional>

#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct UnaryCase {
  Unary op;
  const char* name;
  double alpha, beta, low, high;                    // the domain to draw from
  bool from_y;                                      // the derivative is a function of y
  std::function<double(double)> value, derivative;  // of x
};

const double kLambda = 1.0507009873554805, kSelu = 1.6732632423543772;

std::vector<UnaryCase> unary_cases() {
  using std::exp;
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  const auto cdf = [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); };
  return {
      {Unary::identity, "identity", 0, 0, -3, 3, false, [](double x) { return x; }, [](double) { return 1; }},
      {Unary::neg, "neg", 0, 0, -3, 3, false, [](double x) { return -x; }, [](double) { return -1; }},
      {Unary::abs, "abs", 0, 0, -3, 3, false, [](double x) { return std::abs(x); },
       [](double x) { return x > 0 ? 1 : -1; }},
      {Unary::sign, "sign", 0, 0, -3, 3, false, [](double x) { return x > 0 ? 1 : -1; },
       [](double) { return 0; }},
      {Unary::exp, "exp", 0, 0, -80, 80, true, [](double x) { return exp(x); },
       [](double x) { return exp(x); }},
      {Unary::log, "log", 0, 0, 1e-3, 900, false, [](double x) { return std::log(x); },
       [](double x) { return 1 / x; }},
      {Unary::sqrt, "sqrt", 0, 0, 0.01, 9, true, [](double x) { return std::sqrt(x); },
       [](double x) { return 0.5 / std::sqrt(x); }},
      {Unary::rsqrt, "rsqrt", 0, 0, 0.1, 9, true, [](double x) { return 1 / std::sqrt(x); },
       [](double x) { return -0.5 * std::pow(x, -1.5); }},
      {Unary::square, "square", 0, 0, -3, 3, false, [](double x) { return x * x; },
       [](double x) { return 2 * x; }},
      {Unary::reciprocal, "reciprocal", 0, 0, 0.2, 5, true, [](double x) { return 1 / x; },
       [](double x) { return -1 / (x * x); }},
      {Unary::sin, "sin", 0, 0, -6, 6, false, [](double x) { return std::sin(x); },
       [](double x) { return std::cos(x); }},
      {Unary::cos, "cos", 0, 0, -6, 6, false, [](double x) { return std::cos(x); },
       [](double x) { return -std::sin(x); }},
      {Unary::relu, "relu", 0, 0, -3, 3, true, [](double x) { return x > 0 ? x : 0; },
       [](double x) { return x > 0 ? 1 : 0; }},
      {Unary::leaky_relu, "leaky_relu", 0.25, 0, -3, 3, true, [](double x) { return x > 0 ? x : 0.25 * x; },
       [](double x) { return x > 0 ? 1 : 0.25; }},
      {Unary::elu, "elu", 1.5, 0, -3, 3, true, [](double x) { return x > 0 ? x : 1.5 * std::expm1(x); },
       [](double x) { return x > 0 ? 1 : 1.5 * exp(x); }},
      {Unary::selu, "selu", 0, 0, -3, 3, true,
       [](double x) { return kLambda * (x > 0 ? x : kSelu * std::expm1(x)); },
       [](double x) { return kLambda * (x > 0 ? 1 : kSelu * exp(x)); }},
      {Unary::gelu, "gelu", 0, 0, -5, 5, false, [=](double x) { return x * cdf(x); },
       [=](double x) { return cdf(x) + x * exp(-x * x / 2) / std::sqrt(2 * M_PI); }},
      {Unary::silu, "silu", 0, 0, -9, 9, false, [=](double x) { return x * sigmoid(x); },
       [=](double x) { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); }},
      {Unary::softplus, "softplus", 0, 0, -9, 9, true, [](double x) { return std::log1p(exp(x)); },
       [=](double x) { return sigmoid(x); }},
      {Unary::sigmoid, "sigmoid", 0, 0, -2, 2, true, [=](double x) { return sigmoid(x); },
       [=](double x) { return sigmoid(x) * (1 - sigmoid(x)); }},
      {Unary::tanh, "tanh", 0, 0, -1, 1, true, [](double x) { return std::tanh(x); },
       [](double x) { return 1 - std::tanh(x) * std::tanh(x); }},
      {Unary::scale, "scale", 1.75, -0.5, -3, 3, false, [](double x) { return 1.75 * x - 0.5; },
       [](double) { return 1.75; }},
      {Unary::power, "power", 2.5, 0, 0.1, 4, false, [](double x) { return std::pow(x, 2.5); },
       [](double x) { return 2.5 * std::pow(x, 1.5); }},
      {Unary::clamp, "clamp", -0.5, 0.75, -2, 2, false,
       [](double x) { return std::min(std::max(x, -0.5), 0.75); },
       [](double x) { return x >= -0.5 && x <= 0.75 ? 1 : 0; }},
      {Unary::step, "step", 0.25, 0, -2, 2, false, [](double x) { return x > 0.25 ? 1 : 0; },
       [](double) { return 0; }},
  };
}

std::vector<double> drawn(const UnaryCase& c, int64_t count) {
  std::mt19937 generator(static_cast<int>(c.op) + 1);
  std::uniform_real_distribution<float> uniform(static_cast<float>(c.low), static_cast<float>(c.high));
  std::vector<double> x(count);
  for (double& v : x) v = to_float(to_bf16(uniform(generator)));
  return x;
}

TEST(Unary, MatchesTheCLibrary) {
  ASSERT_EQ(unary_cases().size(), static_cast<size_t>(Unary::step) + 1);
  for (const UnaryCase& c : unary_cases()) {
    SCOPED_TRACE(c.name);
    for_each_float_type([&](auto type) {
      using T = decltype(type);
      for (int64_t count : {0, 1, 63, 1000, 40003}) {
        const auto x = drawn(c, count), g = random_values(count, 9);
        const auto tx = as<T>(x), tg = as<T>(g);
        std::vector<double> want_y(count), want_dx(count);
        for (int64_t i = 0; i < count; ++i) {
          want_y[i] = c.value(x[i]);
          want_dx[i] = g[i] * c.derivative(x[i]);
        }
        Output<T> y(count), dx(count);
        elementwise_kernels.unary(nullptr, {c.op, c.alpha, c.beta}, dtype_of<T>(), count, tx.data(), nullptr, 1,
                      y.data());
        EXPECT_LT(relative_error(y.values(), want_y), tolerance<T>(1e-6));
        // The reference is what the forward pass would have stored, in the type at hand but for bf16, whose y
        // has its own error.
        const auto ty = as<T>(want_y);
        const T* reference = c.from_y ? ty.data() : tx.data();
        elementwise_kernels.unary_gradient(nullptr, {c.op, c.alpha, c.beta}, dtype_of<T>(), count, reference, tg.data(),
                               dx.data());
        EXPECT_LT(relative_error(dx.values(), want_dx),
                  tolerance<T>(1e-6) * (std::is_same_v<T, Bf16> ? 4 : 1));
      }
    });
  }
}

TEST(Unary, FloatFunctionsAreAccurateEverywhere) {
  // Largest relative error over each domain (absolute, scaled by 1, where the result may be near 0).
  struct Probe {
    Unary op;
    double low, high, limit;
    double (*value)(double);
  };
  const Probe probes[] = {
      {Unary::exp, -87, 88.7, 4e-7, [](double x) { return std::exp(x); }},
      {Unary::log, 1e-37, 3e38, 4e-7, [](double x) { return std::log(x); }},
      {Unary::tanh, -12, 12, 4e-7, [](double x) { return std::tanh(x); }},
      {Unary::sigmoid, -80, 30, 6e-7, [](double x) { return 1 / (1 + std::exp(-x)); }},
      {Unary::softplus, -80, 50, 6e-7, [](double x) { return std::log1p(std::exp(x)); }},
      {Unary::gelu, -4, 8, 2e-6, [](double x) { return x * 0.5 * std::erfc(-x / std::sqrt(2.0)); }},
  };
  constexpr int kCount = 40001;
  for (const Probe& probe : probes) {
    std::vector<float> x(kCount), y(kCount);
    for (int i = 0; i < kCount; ++i) {
      const double t = static_cast<double>(i) / (kCount - 1);
      x[i] = static_cast<float>(probe.op == Unary::log
                                    ? std::exp(std::log(probe.low) * (1 - t) + std::log(probe.high) * t)
                                    : probe.low + (probe.high - probe.low) * t);
    }
    elementwise_kernels.unary(nullptr, {probe.op, 0, 0}, DType::f32, kCount, x.data(), nullptr, 1, y.data());
    double worst = 0;
    for (int i = 0; i < kCount; ++i) {
      const double want = probe.value(x[i]);
      const double error = std::abs(y[i] - want) / std::max(std::abs(want), 1e-37);
      if (!(error <= worst)) worst = error;
    }
    EXPECT_LT(worst, probe.limit) << static_cast<int>(probe.op);
  }
}

TEST(Unary, EndsOfTheRange) {
  const float infinity = std::numeric_limits<float>::infinity();
  const auto at = [](Unary op, float x) {
    float y;
    elementwise_kernels.unary(nullptr, {op, 0.5, 2}, DType::f32, 1, &x, nullptr, 1, &y);
    return y;
  };
  EXPECT_EQ(at(Unary::exp, infinity), infinity);
  EXPECT_EQ(at(Unary::exp, -infinity), 0.0f);
  EXPECT_EQ(at(Unary::exp, 0.0f), 1.0f);
  EXPECT_NEAR(at(Unary::exp, -100.0f) / std::exp(-100.0), 1, 0.03);  // subnormal
  EXPECT_EQ(at(Unary::log, 0.0f), -infinity);
  EXPECT_EQ(at(Unary::log, 1.0f), 0.0f);
  EXPECT_EQ(at(Unary::log, infinity), infinity);
  EXPECT_TRUE(std::isnan(at(Unary::log, -1.0f)));
  EXPECT_NEAR(at(Unary::log, 1e-40f), std::log(1e-40), 1e-4);
  EXPECT_EQ(at(Unary::tanh, infinity), 1.0f);
  EXPECT_EQ(at(Unary::tanh, -infinity), -1.0f);
  EXPECT_EQ(at(Unary::sigmoid, -infinity), 0.0f);
  EXPECT_EQ(at(Unary::softplus, infinity), infinity);
  EXPECT_EQ(at(Unary::softplus, -infinity), 0.0f);
  for (int op = 0; op < static_cast<int>(Unary::step); ++op) {
    EXPECT_TRUE(std::isnan(at(static_cast<Unary>(op), static_cast<float>(kNaN)))) << op;
  }
}

TEST(Unary, DerivativeAtTheKink) {
  for (const Unary op : {Unary::relu, Unary::leaky_relu, Unary::abs, Unary::sign}) {
    const float zero = 0, g = 3;
    float dx = kNaN;
    elementwise_kernels.unary_gradient(nullptr, {op, 0.25, 0}, DType::f32, 1, &zero, &g, &dx);
    EXPECT_EQ(dx, op == Unary::leaky_relu ? 0.75f : 0.0f);
  }
}

TEST(Unary, AddsABiasPerChannel) {
  for_each_float_type([&](auto type) {
    using T = decltype(type);
    for (int64_t channels : {1, 3, 7, 63, 64, 100, 257}) {
      for (int64_t count : {channels * 5, channels * 700, channels * 700 + channels / 2}) {
        const auto x = random_values(count, 1), bias = random_values(channels, 2);
        const auto tx = as<T>(x);
        const auto tbias = as<Compute<T>>(bias);
        std::vector<double> want(count);
        for (int64_t i = 0; i < count; ++i) {
          const double v = x[i] + bias[i % channels];
          want[i] = v > 0 ? v : 0.2 * v;
        }
        Output<T> y(count);
        elementwise_kernels.unary(nullptr, {Unary::leaky_relu, 0.2, 0}, dtype_of<T>(), count, tx.data(), tbias.data(),
                      channels, y.data());
        EXPECT_LT(relative_error(y.values(), want), tolerance<T>(1e-6)) << channels << ' ' << count;
      }
    }
  });
}

TEST(Unary, WorksInPlace) {
  auto x = as<float>(random_values(70001, 1));
  const auto before = x;
  elementwise_kernels.unary(nullptr, {Unary::square, 0, 0}, DType::f32, 70001, x.data(), nullptr, 1, x.data());
  for (size_t i = 0; i < x.size(); ++i) ASSERT_EQ(x[i], before[i] * before[i]);
}

// Row-major strides of dims with 0 where `broadcast` says so.
void strides_of(const std::vector<int64_t>& dims, const std::vector<bool>& broadcast, int64_t* strides) {
  int64_t step = 1;
  for (int d = static_cast<int>(dims.size()) - 1; d >= 0; --d) {
    strides[d] = broadcast[d] ? 0 : step;
    if (!broadcast[d]) step *= dims[d];
  }
}

TEST(Binary, BroadcastsAnyPattern) {
  const std::function<double(double, double)> functions[] = {
      [](double a, double b) { return a + b; },          [](double a, double b) { return a - b; },
      [](double a, double b) { return a * b; },          [](double a, double b) { return a / b; },
      [](double a, double b) { return std::max(a, b); }, [](double a, double b) { return std::min(a, b); },
      [](double a, double b) { return std::pow(a, b); }, [](double a, double b) { return a > b; },
      [](double a, double b) { return a >= b; },         [](double a, double b) { return a == b; }};
  struct Shape {
    std::vector<int64_t> dims;
    std::vector<bool> a, b;
  };
  const std::vector<Shape> shapes = {
      {{}, {}, {}},
      {{1}, {false}, {false}},
      {{1001}, {false}, {true}},
      {{5, 7, 3}, {false, false, false}, {true, true, false}},
      {{5, 7, 3}, {true, true, false}, {false, false, false}},
      {{5, 7, 3}, {false, false, true}, {true, false, false}},
      {{2, 1, 3, 5}, {false, true, true, false}, {true, false, false, true}},
      {{3, 2, 4, 2, 3, 2}, {true, false, true, false, true, false}, {false, true, false, true, false, true}},
      {{40, 33, 65}, {false, false, false}, {true, true, false}},
      {{40, 33, 65}, {false, false, false}, {false, false, true}},
      {{0, 4}, {false, false}, {true, false}},
  };
  for_each_float_type([&](auto type) {
    using T = decltype(type);
    for (const Shape& shape : shapes) {
      ElementwiseKernels::Broadcast problem{};
      problem.rank = static_cast<int>(shape.dims.size());
      int64_t count = 1, count_a = 1, count_b = 1;
      for (int d = 0; d < problem.rank; ++d) {
        problem.dims[d] = shape.dims[d];
        count *= shape.dims[d];
        count_a *= shape.a[d] ? 1 : shape.dims[d];
        count_b *= shape.b[d] ? 1 : shape.dims[d];
      }
      strides_of(shape.dims, shape.a, problem.stride_a);
      strides_of(shape.dims, shape.b, problem.stride_b);
      auto a = random_values(count_a, 1), b = random_values(count_b, 2);
      for (int op = 0; op <= static_cast<int>(Binary::equal); ++op) {
        if (static_cast<Binary>(op) == Binary::power) {
          for (double& v : a) v = std::abs(v) + 0.5;
        }
        if (static_cast<Binary>(op) == Binary::equal) b.assign(b.size(), a.empty() ? 0 : a[0]);
        const auto ta = as<T>(a), tb = as<T>(b);
        const auto xa = ta, xb = tb;
        std::vector<double> want(count);
        for (int64_t i = 0; i < count; ++i) {
          int64_t rest = i, at_a = 0, at_b = 0;
          for (int d = problem.rank - 1; d >= 0; --d) {
            at_a += rest % shape.dims[d] * problem.stride_a[d];
            at_b += rest % shape.dims[d] * problem.stride_b[d];
            rest /= shape.dims[d];
          }
          want[i] = functions[op](load(ta[at_a]), load(tb[at_b]));
        }
        Output<T> c(count);
        elementwise_kernels.binary(nullptr, static_cast<Binary>(op), dtype_of<T>(), problem, ta.data(), tb.data(),
                       c.data());
        EXPECT_LT(relative_error(c.values(), want), tolerance<T>(1e-6)) << "op " << op << " count " << count;
      }
    }
  });
}

TEST(Binary, NaNGoesThroughMaximumAndMinimum) {
  ElementwiseKernels::Broadcast one{};
  one.rank = 1;
  one.dims[0] = 2;
  one.stride_a[0] = one.stride_b[0] = 1;
  const float a[] = {static_cast<float>(kNaN), 1}, b[] = {1, static_cast<float>(kNaN)};
  for (const Binary op : {Binary::maximum, Binary::minimum}) {
    float c[2] = {};
    elementwise_kernels.binary(nullptr, op, DType::f32, one, a, b, c);
    EXPECT_TRUE(std::isnan(c[0]) && std::isnan(c[1]));
  }
}

TEST(Axpby, CombinesTwoTensors) {
  for_each_float_type([&](auto type) {
    using T = decltype(type);
    for (int64_t count : {0, 1, 77, 70001}) {
      const auto a = random_values(count, 1), b = random_values(count, 2);
      const auto ta = as<T>(a), tb = as<T>(b);
      std::vector<double> both(count), one(count), scaled(count);
      for (int64_t i = 0; i < count; ++i) {
        both[i] = 0.5 * a[i] - 3 * b[i] + 0.25;
        one[i] = 0.5 * a[i] + 0.25;
        scaled[i] = 1.5 * a[i];
      }
      Output<T> out(count), single(count), by(count);
      elementwise_kernels.axpby(nullptr, dtype_of<T>(), count, 0.5, ta.data(), -3, tb.data(), 0.25, out.data());
      elementwise_kernels.axpby(nullptr, dtype_of<T>(), count, 0.5, ta.data(), kNaN, nullptr, 0.25, single.data());
      const Compute<T> factor = 1.5;
      elementwise_kernels.scale_by(nullptr, dtype_of<T>(), count, &factor, ta.data(), by.data());
      EXPECT_LT(relative_error(out.values(), both), tolerance<T>(1e-6));
      EXPECT_LT(relative_error(single.values(), one), tolerance<T>(1e-6));
      EXPECT_LT(relative_error(by.values(), scaled), tolerance<T>(1e-6));
    }
  });
}

TEST(Fill, WritesEveryType) {
  const auto check = [](auto zero, DType dtype, double value, double want) {
    using T = decltype(zero);
    for (int64_t count : {0, 1, 70001}) {
      Output<T> out(count);
      elementwise_kernels.fill(nullptr, dtype, count, value, out.data());
      for (double v : out.values()) ASSERT_EQ(v, want);
    }
  };
  check(float{}, DType::f32, -1.5, -1.5);
  check(double{}, DType::f64, 0.1, 0.1);
  check(Bf16{}, DType::bf16, 0.5, 0.5);
  check(int32_t{}, DType::i32, -7, -7);
  check(int64_t{}, DType::i64, 1e12, 1e12);
  check(uint8_t{}, DType::u8, 200, 200);
}

TEST(Cast, RoundsBf16ToNearestEven) {
  const float x[] = {1.0f,   1.00390625f, 1.01171875f, 3.4e38f, -0.0f, static_cast<float>(kNaN),
                     1e-40f, 1.0039064f};
  Bf16 y[8];
  elementwise_kernels.cast(nullptr, DType::f32, DType::bf16, 8, x, y);
  EXPECT_EQ(y[0].bits, 0x3f80);
  EXPECT_EQ(y[1].bits, 0x3f80);  // a tie goes down to even
  EXPECT_EQ(y[2].bits, 0x3f82);  // a tie goes up to even
  EXPECT_EQ(y[3].bits, 0x7f80);  // to infinity
  EXPECT_EQ(y[4].bits, 0x8000);
  EXPECT_TRUE(std::isnan(to_float(y[5])));
  EXPECT_EQ(y[6].bits, 0x0001);  // subnormal
  EXPECT_EQ(y[7].bits, 0x3f81);
}

TEST(Cast, GoesBetweenAllTypes) {
  constexpr int kCount = 201;
  std::vector<uint8_t> source(kCount);
  for (int i = 0; i < kCount; ++i)
    source[i] = static_cast<uint8_t>(i);  // every type holds 0 to 200 exactly, bf16 too
  const DType all[] = {DType::f32, DType::bf16, DType::f64, DType::i32, DType::i64, DType::u8};
  for (DType from : all) {
    for (DType to : all) {
      std::vector<double> a(kCount), b(kCount);
      std::vector<uint8_t> back(kCount);
      elementwise_kernels.cast(nullptr, DType::u8, from, kCount, source.data(), a.data());
      elementwise_kernels.cast(nullptr, from, to, kCount, a.data(), b.data());
      elementwise_kernels.cast(nullptr, to, DType::u8, kCount, b.data(), back.data());
      EXPECT_EQ(back, source) << name_of(from) << " to " << name_of(to);
    }
  }
}

TEST(Copy, MovesAnyStrides) {
  struct Move {
    std::vector<int64_t> dims, from, to;
    int64_t start_from, start_to, size_from, size_to;
  };
  const std::vector<Move> moves = {
      {{}, {}, {}, 0, 0, 1, 1},
      {{7}, {1}, {1}, 0, 0, 7, 7},
      {{7}, {-1}, {1}, 6, 0, 7, 7},           // flip
      {{5, 3}, {0, 1}, {3, 1}, 0, 0, 3, 15},  // broadcast
      {{5, 3}, {1, 0}, {3, 1}, 0, 0, 5, 15},
      {{2, 3, 35, 37}, {3885, 1, 111, 3}, {3885, 1295, 37, 1}, 0, 0, 7770, 7770},  // NHWC to NCHW
      {{2, 35, 37, 3}, {3885, 37, 1, 1295}, {3885, 111, 3, 1}, 0, 0, 7770, 7770},  // and back
      {{300, 201}, {1, 300}, {201, 1}, 0, 0, 60300, 60300},  // transposition, more than one thread
      {{300, 201}, {201, 1}, {1, 300}, 0, 0, 60300, 60300},
      {{4, 5, 3}, {63, 9, 1}, {15, 3, 1}, 10, 0, 400, 60},  // crop
      {{4, 5, 3}, {15, 3, 1}, {63, 9, 1}, 0, 10, 60, 400},  // into a larger tensor
      {{3, 0, 2}, {2, 2, 1}, {2, 2, 1}, 0, 0, 1, 1},
      {{2, 3, 2, 3, 2, 2}, {1, 2, 6, 12, 36, 72}, {72, 24, 12, 4, 2, 1}, 0, 0, 144, 144},
  };
  const auto check = [&](auto zero) {
    using T = decltype(zero);
    for (size_t m = 0; m < moves.size(); ++m) {
      const Move& move = moves[m];
      ElementwiseKernels::Strided problem{};
      problem.rank = static_cast<int>(move.dims.size());
      int64_t count = 1;
      for (int d = 0; d < problem.rank; ++d) {
        problem.dims[d] = move.dims[d];
        problem.stride_from[d] = move.from[d];
        problem.stride_to[d] = move.to[d];
        count *= move.dims[d];
      }
      std::vector<T> from(move.size_from), to(move.size_to + 8, T(0xAB)), want = to;
      for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<T>(i * 7 + 1);
      for (int64_t i = 0; i < count; ++i) {
        int64_t rest = i, a = move.start_from, b = move.start_to;
        for (int d = problem.rank - 1; d >= 0; --d) {
          a += rest % move.dims[d] * move.from[d];
          b += rest % move.dims[d] * move.to[d];
          rest /= move.dims[d];
        }
        want[b] = from[a];
      }
      elementwise_kernels.copy(nullptr, problem, sizeof(T), from.data() + move.start_from, to.data() + move.start_to);
      EXPECT_EQ(to, want) << "move " << m << " of " << sizeof(T) << " bytes";
    }
  };
  check(uint8_t{});
  check(uint16_t{});
  check(uint32_t{});
  check(uint64_t{});
}

TEST(Device, MemoryIsAlignedAndCopied) {
  void* p = device_kernels.allocate(1000);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(p) % 256, 0u);
  std::vector<char> from(300001), to(300001, 1);
  for (size_t i = 0; i < from.size(); ++i) from[i] = static_cast<char>(i * 31);
  device_kernels.copy(nullptr, to.data(), from.data(), from.size() - 1);
  EXPECT_EQ(std::memcmp(to.data(), from.data(), from.size() - 1), 0);
  EXPECT_EQ(to.back(), 1);
  device_kernels.fill_bytes(nullptr, to.data(), 0x5a, to.size() - 1);
  for (size_t i = 0; i + 1 < to.size(); ++i) ASSERT_EQ(to[i], 0x5a);
  EXPECT_EQ(to.back(), 1);
  device_kernels.release(p);
  EXPECT_THROW(device_kernels.allocate(~size_t{0} - 100), std::bad_alloc);
  EXPECT_GT(device_kernels.info(0).total_memory, 0);
  EXPECT_NE(device_kernels.info(0).name[0], 0);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
