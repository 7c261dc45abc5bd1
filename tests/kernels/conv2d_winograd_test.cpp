// Winograd's convolutions of the cpu device against seven nested loops in double, at several numbers of threads, in f32 and bf16.
#include <omp.h>

#include "kernels/cpu/conv2d.h"
#include "kernels/cpu/conv2d_winograd.h"
#include "tests/kernels/conv2d_cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

using namespace conv2d_check;

// Whatever is the faster way.
const Conv2dKernels kByWinograd{
    [](Stream, const Conv2d& p, ImageIn x, const Weight& w, ImageOut y, const Epilogue& e, void*) { forward_by_winograd(p, x.first, w, y.first, e); },
    [](Stream, const Conv2d& p, ImageIn dy, const Weight& w, ImageOut dx, const Epilogue& e, void*) { data_gradient_by_winograd(p, dy.first, w, dx.first, e); },
    [](Stream, const Conv2d& p, ImageIn x, ImageIn dy, void* dw, void*) { weight_gradient_by_winograd(p, x.first, dy.first, dw); },
    conv2d_kernels.forward_workspace, conv2d_kernels.data_gradient_workspace, conv2d_kernels.weight_gradient_workspace, conv2d_kernels.reads_border, conv2d_kernels.shuffles, conv2d_kernels.takes_pairs,
    conv2d_kernels.masks};

const Conv2d kWinogradProblems[] = {
    {13, 9, 12, 32, 48, 4, 4, 4, 5, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {8, 16, 11, 48, 80, 4, 4, 9, 5, 2, 2, 2, 1, 1, 1, 1, DType::f32, Math::f32},
    {29, 8, 9, 32, 32, 4, 4, 4, 4, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {17, 19, 18, 32, 32, 4, 4, 8, 8, 2, 2, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {1, 71, 20, 32, 48, 4, 4, 35, 10, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},  // one picture in bands
    {1, 51, 36, 48, 32, 4, 4, 25, 18, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {1, 103, 70, 32, 48, 4, 4, 51, 35, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},  // large enough for 4x4 tiles
    {1, 103, 70, 48, 32, 3, 3, 52, 35, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {6, 47, 39, 32, 48, 3, 3, 24, 20, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},  // missing taps
    {1, 85, 40, 48, 32, 3, 4, 42, 20, 2, 2, 0, 1, 1, 1, 1, DType::f32, Math::f32},
    {8, 13, 9, 32, 48, 5, 5, 7, 5, 2, 2, 2, 2, 1, 1, 1, DType::f32, Math::f32},
    {2, 28, 19, 48, 32, 5, 4, 12, 8, 2, 2, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {12, 4, 5, 32, 48, 3, 3, 4, 5, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {3, 19, 14, 48, 32, 3, 3, 17, 12, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {3, 7, 9, 32, 80, 3, 3, 9, 13, 1, 1, 2, 3, 1, 1, 1, DType::f32, Math::f32},
    {4, 12, 9, 64, 32, 3, 3, 9, 7, 1, 1, 1, 0, 1, 1, 1, DType::f32, Math::f32},  // p and q smaller than what fits
    {29, 6, 6, 32, 32, 3, 3, 6, 6, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {9, 9, 12, 32, 48, 4, 4, 8, 11, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {3, 14, 13, 48, 32, 4, 4, 13, 9, 1, 1, 2, 0, 1, 1, 1, DType::f32, Math::f32},  // q smaller than what fits
    {5, 32, 16, 32, 48, 4, 4, 16, 8, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},  // in bf16: 12x6 in tiles of 3x3, the rest in 2x2
    {6, 27, 28, 48, 32, 4, 4, 13, 14, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},  // the lowest of those overhang
};

TEST(Conv2dWinograd, MatchesReference) {
  const int threads = omp_get_max_threads();
  for (const Conv2d& p : kWinogradProblems) {
    EXPECT_TRUE(goes_by_winograd(p)) << p.n << ' ' << p.h << 'x' << p.w;
    expect_matches(p, kPlain, false);
  }
  for (const int each : {1, 3, 5, 16}) {
    omp_set_num_threads(each);
    for (int i : {4, 6, 10, 13, 17}) {
      expect_matches(kWinogradProblems[i], {nullptr, Unary::tanh, 0}, true, kByWinograd, each % 3 == 0);
      expect_matches(kWinogradProblems[i], kMasked, false, kByWinograd);
    }
  }
  omp_set_num_threads(threads);
}

TEST(Conv2dWinograd, MatchesReferenceInBf16) {
  const int threads = omp_get_max_threads();
  const bool before = multiply_bf16_in_winograd(true);
  for (const bool bf16 : {true, false}) {
    multiply_bf16_in_winograd(bf16);
    for (const Conv2d& p : kWinogradProblems) expect_matches(with_type(p, DType::bf16), kPlain, false, kByWinograd);
    for (const int each : {1, 3, 5, 16}) {
      omp_set_num_threads(each);
      for (int i : {4, 6, 10, 13, 17, 19, 20}) {
        expect_matches(with_type(kWinogradProblems[i], DType::bf16), {nullptr, Unary::tanh, 0}, true, kByWinograd, each % 3 == 0);
        expect_matches(with_type(kWinogradProblems[i], DType::bf16), kMasked, false, kByWinograd);
      }
    }
    omp_set_num_threads(threads);
  }
  multiply_bf16_in_winograd(before);
}

// Threads that are at different tiles at the same time share no memory: the bits are those of one thread.
TEST(Conv2dWinograd, ThreadsDoNotDisturbEachOther) {
  const int threads = omp_get_max_threads();
  const bool before = multiply_bf16_in_winograd(true);
  const Conv2d p = with_type({64, 32, 32, 64, 64, 4, 4, 16, 16, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32}, DType::bf16);
  Buffer dy(p.dtype, random_values(y_count(p), 1)), w(p.dtype, random_values(w_count(p), 2));
  const auto found = [&](int each) {
    omp_set_num_threads(each);
    Buffer dx(p.dtype, x_count(p));
    data_gradient_by_winograd(p, dy.data(), {w.data(), nullptr}, dx.data(), kPlain);
    return dx.values();
  };
  const auto expected = found(1);
  for (int round = 0; round < 4; ++round)
    for (const int each : {2, 3, 5, 7, 11, 13, 16}) EXPECT_TRUE(found(each) == expected) << each;
  omp_set_num_threads(threads);
  multiply_bf16_in_winograd(before);
}

// Rounding transformed images to bf16 costs a fixed share of what is summed; a scheme that loses more is not one of those used.
TEST(Conv2dWinograd, LosesLittleInBf16) {
  const bool before = multiply_bf16_in_winograd(true);
  for (const Conv2d& p : {kWinogradProblems[0], kWinogradProblems[6], kWinogradProblems[10], kWinogradProblems[13], kWinogradProblems[19]}) {
    const Conv2d q = with_type(p, DType::bf16);
    const auto x = random_values(x_count(p), 1), w = random_values(w_count(p), 2);
    std::vector<double> exact(y_count(p));
    for_each_term(p, [&](int64_t ix, int64_t iw, int64_t iy) { exact[iy] += x[ix] * w[iw]; });
    Buffer bx(DType::bf16, x), bw(DType::bf16, w), y(DType::bf16, y_count(p));
    forward_by_winograd(q, bx.data(), {bw.data(), nullptr}, y.data(), kPlain);
    const double error = relative_error(y.values(), exact);
    EXPECT_LE(error, 6e-3) << p.r << 'x' << p.s;  // 2e-3 of them for rounding y
    EXPECT_GE(error, 2e-3) << "products in f32";
  }
  multiply_bf16_in_winograd(before);
}

TEST(Conv2dWinograd, IsCloseAndCanBeForbidden) {
  const Conv2d problems[] = {
      {2, 14, 14, 64, 32, 3, 3, 14, 14, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32},
      {1, 19, 15, 32, 48, 3, 3, 17, 13, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
      {3, 82, 80, 32, 32, 4, 4, 41, 40, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
  };
  for (const Conv2d& p : problems) {
    expect_matches(p, {nullptr, Unary::leaky_relu, 0.2f}, false);
    expect_matches(p, {nullptr, Unary::tanh, 0}, true);
  }
  const auto result = [&](bool allowed) {
    allow_winograd(allowed);
    const Conv2d& p = problems[0];
    Buffer x(p.dtype, random_values(x_count(p), 1)), w(p.dtype, random_values(w_count(p), 2)),
        y(p.dtype, y_count(p));
    conv2d_kernels.forward(nullptr, p, x.data(), {w.data(), nullptr}, y.data(), kPlain, nullptr);
    return y.values();
  };
  const auto with = result(true), without = result(false);
  EXPECT_NE(with, without);
  EXPECT_EQ(result(true), with);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
