// Convolutions drawn at random, small and odd ones first, in every direction against seven nested loops in double, on the cpu and on the
// simulator (the GPU: device_under_test.h). GANYMEDE_RANDOM_CASES=N draws N of each instead of a few.
#include <omp.h>

#include "tests/kernels/conv2d_cases.h"
#include "tests/kernels/conv2d_cpu_check.h"
#include "tests/support/draw.h"

namespace ganymede::kernels {
namespace {

using test::Draw;

int64_t terms(const Conv2d& p) { return int64_t{p.n} * p.p * p.q * p.k * p.r * p.s * (p.c / p.groups); }

// Of at most so many products, at least one of them.
Conv2d random_problem(Draw& draw, int64_t most_terms) {
  while (true) {
    Conv2d p{};
    p.n = draw.of({1, 1, 1, 2, 3, 5}), p.groups = draw.one_in(8) ? draw.of({2, 3, 4}) : 1;
    const bool many_weights = draw.one_in(12);
    const auto size = [&] { return many_weights ? draw.of({1, 2, 3, 4, 5, 7}) : draw.of({1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 24, 33, 50, 101, 250}); };
    const auto channels = [&] { return (many_weights ? draw.of({96, 128, 160, 208, 256}) : draw.of({1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 24, 32, 32, 33, 40, 48, 64, 64, 80, 96, 128, 144, 256, 512})) * p.groups; };
    const auto filter = [&] { return draw.of({1, 1, 2, 3, 3, 3, 4, 4, 5, 6, 7, 9}); };
    p.h = size(), p.w = size(), p.c = channels(), p.k = channels();
    p.r = p.s = filter(), p.stride_h = p.stride_w = draw.of({1, 1, 1, 2, 2, 2, 3, 4}), p.pad_h = p.pad_w = int(draw.between(0, std::min(p.r, 4))), p.dilation_h = p.dilation_w = draw.one_in(6) ? 2 : 1;
    if (draw.one_in(4)) p.s = filter();
    if (draw.one_in(4)) p.stride_w = draw.of({1, 2, 3});
    if (draw.one_in(6)) p.pad_w = int(draw.between(0, 3));
    if (draw.one_in(10)) p.dilation_w = draw.of({1, 2, 3});
    const auto out = [](int extent, int pad, int taps, int dilation, int stride) { return (extent + 2 * pad - (taps - 1) * dilation - 1 + stride) / stride; };
    p.p = out(p.h, p.pad_h, p.r, p.dilation_h, p.stride_h), p.q = out(p.w, p.pad_w, p.s, p.dilation_w, p.stride_w);
    if (draw.one_in(6)) p.p -= int(draw.between(0, 2)), p.q -= int(draw.between(0, 2));  // fewer than fit
    if (p.p > 0 && p.q > 0 && terms(p) <= most_terms) return p;
  }
}

Unary random_activation(Draw& draw) {
  return draw.of({Unary::identity, Unary::relu, Unary::leaky_relu, Unary::tanh});
}

TEST(Conv2dRandom, CpuMatchesReference) {
  using namespace cpu::conv2d_check;
  const int threads = omp_get_max_threads();
  for (int seed = 0; seed < test::random_cases(150) && !testing::Test::HasFailure(); ++seed) {
    Draw draw(seed);
    Conv2d p = random_problem(draw, 4'000'000);
    p.math = Math::f32;
    p.dtype = draw.of({DType::f32, DType::f32, DType::bf16, DType::f64});
    omp_set_num_threads(draw.of({1, 2, 3}));
    SCOPED_TRACE(testing::Message() << "case " << seed << ", " << omp_get_max_threads() << " threads");
    if (draw.one_in(6)) expect_matches(p, kMasked, false);
    else expect_matches(p, {nullptr, random_activation(draw), 0.2}, draw.one_in(2), cpu::conv2d_kernels, draw.one_in(3));
  }
  omp_set_num_threads(threads);
}

TEST(Conv2dRandom, DeviceMatchesReference) {
  using namespace sim::check;
  for (int seed = 0; seed < test::random_cases(40) && !testing::Test::HasFailure(); ++seed) {
    Draw draw(1'000'000 + seed);
    const Conv2d p = with(random_problem(draw, 200'000), kNumbers[draw.between(0, 2)]);
    const auto all = epilogues(random_activation(draw));
    const Epilogue epilogue = draw.one_in(3) ? kPlain : draw.one_in(6) ? kMasked : all[size_t(draw.between(0, 3))];
    SCOPED_TRACE(testing::Message() << "case " << seed << ": " << describe(p));
    const Tolerance allowed = tolerance(p.dtype, p.math);
    EXPECT_LE(forward(p, {}, epilogue).error, allowed.forward);
    EXPECT_LE(data_gradient(p, {}, epilogue).error, allowed.gradient);
    EXPECT_LE(weight_gradient(p).error, allowed.gradient);
  }
}

}  // namespace
}  // namespace ganymede::kernels
