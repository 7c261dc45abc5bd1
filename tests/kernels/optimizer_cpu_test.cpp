// Optimiser steps of the cpu device against their formulas, one element at a time in double.
#include "tests/kernels/cpu_check.h"
#include "tests/kernels/optimizer_reference.h"

namespace ganymede::kernels::cpu {
namespace {

struct Setting {
  const char* name;
  Rule rule;
  double momentum, beta2, eps, decay;
  bool decoupled;
  double clip;
  double gradient_clip = 0, norm_clip = 0;
};
const Setting kSettings[] = {
    {"adam", Rule::adam, 0.5, 0.999, 1e-8, 0, false, 0},
    {"adam with decay", Rule::adam, 0.9, 0.99, 1e-8, 0.1, false, 0},
    {"adamax", Rule::adamax, 0.9, 0.99, 1e-8, 0, false, 0},
    {"adamax with decay, clipped", Rule::adamax, 0.5, 0.6, 1e-3, 0.1, false, 0.5},
    {"adamw", Rule::adam, 0.9, 0.99, 1e-8, 0.1, true, 0},
    {"rmsprop, clipped", Rule::rmsprop, 0, 0.99, 1e-8, 0, false, 0.5},
    {"rmsprop with momentum", Rule::rmsprop, 0.9, 0.99, 1e-8, 0.05, false, 0},
    {"sgd", Rule::sgd, 0, 0, 0, 0.01, false, 0},
    {"sgd with momentum", Rule::sgd, 0.9, 0, 0, 0, false, 0},
    {"sgd, decoupled decay", Rule::sgd, 0.9, 0, 0, 0.1, true, 0},
    {"adam with decay, gradients clipped", Rule::adam, 0.5, 0.9, 1e-8, 0.1, false, 0, 0.4, 0},
    {"sgd with decay, norm clipped", Rule::sgd, 0.9, 0, 0, 0.1, false, 0, 0, 2.5},
    {"rmsprop, norm below its bound", Rule::rmsprop, 0, 0.9, 1e-8, 0, false, 0, 0, 1e6},
};

template <typename T>
void expect_matches(const Setting& setting, bool with_average) {
  // Three segments: one has no gradient, one spans several chunks of threads.
  const int64_t counts[] = {7, 130, 70001};
  const int64_t total = 70138;
  const auto start = random_values(total, 1);
  OptimizerReference want{start, std::vector<double>(total), std::vector<double>(total), start};
  Output<T> tp(total), tm(total), tv(total), taverage(total);
  for (int64_t i = 0; i < total; ++i) {
    tp.data()[i] = taverage.data()[i] = static_cast<T>(start[i]);
    tm.data()[i] = tv.data()[i] = 0;
  }
  const Optimizer problem{setting.rule,      dtype_of<T>(), total, setting.beta2, setting.eps, setting.decay,
                          setting.decoupled, setting.clip,  0.9,   setting.gradient_clip, setting.norm_clip};
  const bool has_m = setting.rule == Rule::adam || setting.rule == Rule::adamax || setting.momentum > 0;
  int64_t step = 0;
  StepScalars scalars{0.01, setting.momentum};
  T norm_squared = 0;
  std::vector<Bf16> copy(total, Bf16{0x1234});
  const OptimizerState state{tp.data(),
                             has_m ? tm.data() : nullptr,
                             setting.rule == Rule::sgd ? nullptr : tv.data(),
                             with_average ? taverage.data() : nullptr,
                             &step,
                             &scalars,
                             nullptr,
                             &norm_squared,
                             nullptr,
                             std::is_same_v<T, float> ? copy.data() : nullptr};
  for (int t = 1; t <= 3; ++t) {
    scalars.rate = 0.01 * t;
    const auto g = random_values(total, 10 + t);
    const auto tg = as<T>(g);
    // The last one in parts: a quarter, three eighths twice.
    auto quarter = g, rest = g;
    for (double& v : quarter) v *= 0.25;
    for (double& v : rest) v *= 0.375;
    const auto tq = as<T>(quarter), tr = as<T>(rest);
    const int64_t last = counts[0] + counts[1];
    const Segment segments[] = {{0, counts[0], {tg.data()}},
                                {counts[0], counts[1], {}},
                                {last, counts[2], {tq.data() + last, tr.data() + last, tr.data() + last}}};
    auto gradient = g;
    std::fill_n(gradient.begin() + counts[0], counts[1], 0.0);
    double squares = 0;
    for (const double d : gradient) squares += d * d;
    norm_squared = static_cast<T>(squares);
    optimizer_kernels.step(nullptr, problem, state, segments, 3);
    want.take(problem, scalars, has_m, gradient);
  }
  EXPECT_EQ(step, 3);
  EXPECT_LT(relative_error(tp.values(), want.p), tolerance<T>(1e-6));
  for (int64_t i = 0; std::is_same_v<T, float> && i < total; ++i) ASSERT_EQ(copy[i].bits, to_bf16(static_cast<float>(tp.data()[i])).bits) << i;
  if (with_average) {
    EXPECT_LT(relative_error(taverage.values(), want.average), tolerance<T>(1e-6));
  }
  if (has_m) {
    EXPECT_LT(relative_error(tm.values(), want.m), tolerance<T>(1e-6));
  }
}

TEST(Optimizer, MatchesReference) {
  for (const Setting& setting : kSettings) {
    SCOPED_TRACE(setting.name);
    for (bool average : {false, true}) {
      expect_matches<float>(setting, average);
      expect_matches<double>(setting, average);
    }
  }
}

TEST(Optimizer, AClosedGateLeavesEverythingAlone) {
  float p = 1, m = 2, v = 3, average = 4, g = 5, gate = 0;
  int64_t step = 6;
  const StepScalars scalars{0.1, 0.9};
  const Optimizer problem{Rule::adam, DType::f32, 1, 0.999, 1e-8, 0, false, 0, 0.5};
  Bf16 copy{0x1234};
  const OptimizerState state{&p, &m, &v, &average, &step, &scalars, &gate, nullptr, nullptr, &copy};
  const Segment segment{0, 1, {&g}};
  optimizer_kernels.step(nullptr, problem, state, &segment, 1);
  EXPECT_TRUE(p == 1 && m == 2 && v == 3 && average == 4 && step == 6 && copy.bits == 0x1234);
  gate = 1;
  optimizer_kernels.step(nullptr, problem, state, &segment, 1);
  EXPECT_TRUE(p != 1 && m != 2 && v != 3 && average != 4 && step == 7 && copy.bits == to_bf16(p).bits);
}

TEST(Optimizer, StepsTellTheNormWhateverTheGate) {
  std::vector<float> p(5000, 1), g(5000, 0.5f);
  int64_t step = 0;
  const StepScalars scalars{0.1, 0};
  float norm = -1, gate = 0;
  std::vector<double> workspace(optimizer_kernels.norm_workspace(5000, 1) / sizeof(double));
  const OptimizerState state{p.data(), nullptr, nullptr, nullptr, &step, &scalars, &gate, &norm, workspace.data()};
  const Segment segment{0, 5000, {g.data()}};
  optimizer_kernels.step(nullptr, {Rule::sgd, DType::f32, 5000, 0, 0, 0, false, 0, 0}, state, &segment, 1);
  EXPECT_EQ(norm, 1250);
  EXPECT_EQ(p[0], 1);
}

TEST(Optimizer, NormOfTheGradients) {
  const auto g = random_values(20000, 1);
  const auto f = as<float>(g);
  double want = 0;
  for (int64_t i = 0; i < 20000; ++i) {
    if (i < 5 || i >= 1000) want += g[i] * g[i];
  }
  const auto norm = [&](auto type, const auto* data) {
    using T = decltype(type);
    const Segment segments[] = {{0, 5, {data}}, {5, 995, {}}, {1000, 19000, {data + 1000}}};
    std::vector<uint64_t> workspace(optimizer_kernels.norm_workspace(20000, 3) / 8 + 1, ~uint64_t{0});
    T out;
    optimizer_kernels.gradient_norm_squared(nullptr, dtype_of<T>(), segments, 3, &out, workspace.data());
    return static_cast<double>(out);
  };
  EXPECT_NEAR(norm(float{}, f.data()) / want, 1, 1e-6);
  EXPECT_NEAR(norm(double{}, g.data()) / want, 1, 1e-13);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
