// Convolutions of the cpu device that read x through its border, against the same over an image that was padded first.
#include <gtest/gtest.h>
#include <omp.h>

#include <cstring>

#include "kernels/cpu/conv2d_border.h"
#include "kernels/cpu/conv2d_winograd.h"
#include "kernels/cpu/onednn.h"
#include "tests/kernels/cpu_check.h"
#include "tests/kernels/padded_image.h"

namespace ganymede::kernels::cpu {
namespace {

using check::of_padded_image;
using check::padded_image;

constexpr Conv2dRole kReaders[] = {Conv2dRole::forward, Conv2dRole::weight_gradient};

// n, h, w, c, k, r, s, stride, pad, dilation, groups; p and q the largest that fit.
Conv2d conv(int n, int h, int w, int c, int k, int r, int s, int stride, int pad, int dilation = 1, int groups = 1) {
  const auto out = [&](int size, int taps) { return (size + 2 * pad - (taps - 1) * dilation - 1) / stride + 1; };
  return {n, h, w, c, k, r, s, out(h, r), out(w, s), stride, stride, pad, pad, dilation, dilation, groups, DType::f32, Math::f32};
}

template <typename T>
std::vector<double> run(Conv2dRole role, const Conv2d& p, const std::vector<double>& x, const std::vector<double>& second) {
  const auto from = as<T>(x), other = as<T>(second);
  if (role == Conv2dRole::forward) {
    const auto bias = as<Compute<T>>(random_values(p.k, 3));
    Output<T> y(int64_t{p.n} * p.p * p.q * p.k);
    conv2d_kernels.forward(nullptr, p, from.data(), {other.data(), nullptr}, y.data(), {bias.data(), Unary::leaky_relu, 0.25}, nullptr);
    return y.values();
  }
  Output<Compute<T>> dw(int64_t{p.k} * p.r * p.s * (p.c / p.groups));
  conv2d_kernels.weight_gradient(nullptr, p, from.data(), other.data(), dw.data(), nullptr);
  return dw.values();
}

double relative_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < b.size(); ++i) difference += (a[i] - b[i]) * (a[i] - b[i]), size += b[i] * b[i];
  return std::sqrt(difference / size);
}

// allowed: relative L2 difference; 0: equal bits.
template <typename T>
void expect_equal(Conv2d p, double allowed) {
  p.dtype = dtype_of<T>();
  for (p.border = Padding::reflect; ; p.border = Padding::replicate) {
    const bool possible = p.border != Padding::reflect || (p.pad_h < p.h && p.pad_w < p.w);
    for (const Conv2dRole role : kReaders) {
      if (!possible) continue;
      SCOPED_TRACE(testing::Message() << name_of(p.dtype) << ' ' << p.h << 'x' << p.w << 'x' << p.c << " -> " << p.k << " k" << p.r << 'x' << p.s << " s" << p.stride_h
                                      << " p" << p.pad_h << (p.border == Padding::reflect ? " reflect" : " replicate")
                                      << (role == Conv2dRole::forward ? " forward" : " weight gradient"));
      const auto x = random_values(int64_t{p.n} * p.h * p.w * p.c, 1);
      const auto second = random_values(role == Conv2dRole::forward ? int64_t{p.k} * p.r * p.s * (p.c / p.groups) : int64_t{p.n} * p.p * p.q * p.k, 2);
      const auto got = run<T>(role, p, x, second), want = run<T>(role, of_padded_image(p), padded_image(p, x), second);
      const bool own = conv2d_kernels.reads_border(role, p);   // the same kernel; elsewhere plain loops have taken the place of oneDNN
      if (allowed == 0 && own) EXPECT_EQ(got, want);
      else EXPECT_LE(relative_difference(got, want), allowed > 0 ? allowed : p.dtype == DType::bf16 ? 5e-3 : 1e-6);
    }
    if (p.border == Padding::replicate) return;
  }
}

TEST(Conv2dBorderCpu, IndicesAreThoseOfAWalk) {
  for (const Padding border : {Padding::reflect, Padding::replicate})
    for (int extent = 1; extent <= 9; ++extent)
      for (int pad = 0; pad <= (border == Padding::reflect ? extent - 1 : 12); ++pad) {
        const BorderAxis axis{extent, pad, border};
        const auto want = check::walk(extent, pad, border);
        for (int i = -pad; i < extent + pad; ++i) ASSERT_EQ(axis.own(i), want[i + pad]) << extent << ' ' << pad << ' ' << i;
        for (const int outside : {-pad - 1, -pad - 20, extent + pad, extent + pad + 20}) ASSERT_EQ(axis.own(outside), -1);
      }
  const BorderAxis zeros{5, 3, Padding::zero};
  for (int i = -6; i < 12; ++i) ASSERT_EQ(zeros.own(i), i >= 0 && i < 5 ? i : -1);
}

const Conv2d kOdd[] = {
    conv(2, 5, 7, 3, 5, 3, 3, 1, 1),  conv(1, 7, 5, 4, 6, 4, 4, 2, 3),     conv(2, 9, 8, 5, 3, 3, 2, 3, 2, 2), conv(2, 5, 8, 6, 9, 3, 3, 1, 1, 1, 3),
    conv(1, 6, 5, 8, 8, 1, 1, 1, 4),  conv(3, 2, 3, 8, 8, 3, 3, 1, 7),     conv(2, 1, 1, 4, 4, 3, 3, 1, 1),    conv(1, 7, 9, 2, 3, 3, 5, 1, 2),
};

TEST(Conv2dBorderCpu, LoopsEqualPaddingFirst) {
  for (const Conv2d& p : kOdd) {
    expect_equal<double>(p, 1e-14);
    expect_equal<float>(p, 1e-6);
    expect_equal<Bf16>(p, 5e-3);
  }
}

// Few channels in y, and below AVX-512 in x; several numbers of threads.
TEST(Conv2dBorderCpu, NarrowKernelsEqualPaddingFirst) {
  const int threads = omp_get_max_threads();
  for (const int each : {1, 3, 8}) {
    omp_set_num_threads(each);
    for (const Conv2d& p : {conv(2, 10, 9, 64, 3, 7, 7, 1, 3), conv(5, 9, 8, 16, 3, 3, 3, 1, 1), conv(1, 4, 3, 32, 1, 4, 4, 1, 3), conv(2, 11, 13, 3, 32, 7, 7, 1, 3),
                            conv(2, 12, 10, 4, 16, 4, 4, 2, 1), conv(1, 3, 4, 16, 4, 2, 2, 1, 1),
                            conv(1, 5, 208, 3, 16, 4, 4, 2, 3), conv(1, 4, 203, 16, 2, 3, 3, 1, 2)}) {
      expect_equal<float>(p, 0);
      expect_equal<Bf16>(p, 0);
    }
  }
  omp_set_num_threads(threads);
  Conv2d last = conv(1, 64, 64, 64, 3, 7, 7, 1, 3);
  last.border = Padding::reflect;
  for (const Conv2dRole role : kReaders) EXPECT_TRUE(conv2d_kernels.reads_border(role, last));
}

TEST(Conv2dBorderCpu, WinogradEqualsPaddingFirst) {
  const bool before = multiply_bf16_in_winograd(true);
  for (const bool bf16 : {true, false}) {
    multiply_bf16_in_winograd(bf16);
    for (const Conv2d& p : {conv(2, 14, 14, 64, 64, 3, 3, 1, 1), conv(1, 19, 17, 64, 48, 3, 3, 1, 2), conv(2, 16, 15, 64, 64, 4, 4, 1, 2), conv(3, 82, 80, 64, 64, 4, 4, 2, 1),
                            conv(4, 41, 40, 64, 64, 5, 5, 2, 2), conv(4, 40, 41, 64, 64, 3, 3, 2, 1)}) {
      expect_equal<float>(p, 0);
      expect_equal<Bf16>(p, 0);
    }
  }
  multiply_bf16_in_winograd(before);
  Conv2d block = conv(1, 64, 64, 64, 64, 3, 3, 1, 1);
  block.border = Padding::reflect;
  for (const Conv2dRole role : kReaders) EXPECT_TRUE(conv2d_kernels.reads_border(role, block));
}

// Patches; below AVX-512 also direct sums.
TEST(Conv2dBorderCpu, CopiesOfPatchesEqualPaddingFirst) {
  for (const Conv2d& p : {conv(2, 4, 4, 512, 512, 3, 3, 1, 1), conv(2, 3, 5, 320, 136, 3, 3, 1, 2), conv(2, 12, 9, 72, 128, 5, 5, 1, 1), conv(2, 11, 9, 32, 48, 4, 4, 2, 1),
                          conv(1, 8, 7, 64, 32, 3, 2, 2, 2)}) {
    expect_equal<float>(p, 1e-6);
    expect_equal<Bf16>(p, 5e-3);
  }
}

TEST(Conv2dBorderCpu, SaysWhatIsWrong) {
  Conv2d p = conv(1, 3, 3, 4, 4, 3, 3, 1, 3);
  p.border = Padding::reflect;
  float memory[1024] = {};
  EXPECT_THROW(conv2d_kernels.forward(nullptr, p, memory, {memory, nullptr}, memory, {nullptr, Unary::identity, 0}, nullptr), std::runtime_error);
  p.pad_h = p.pad_w = 1, p.p = p.q = 3;
  EXPECT_THROW(conv2d_kernels.data_gradient(nullptr, p, memory, {memory, nullptr}, memory, {nullptr, Unary::identity, 0}, nullptr), std::runtime_error);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
