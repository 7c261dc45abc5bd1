// Convolutions of the cpu device against seven nested loops in double, in every direction, type and epilogue.
#include <omp.h>

#include <bit>

#include "kernels/cpu/conv2d.h"
#include "kernels/cpu/conv2d_direct.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/vectors.h"
#include "tests/kernels/conv2d_cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

using namespace conv2d_check;

constexpr DType kTypes[] = {DType::f64, DType::f32, DType::bf16};

//                       n  h   w   c   k  r  s  p   q   stride pad  dil  groups
const Conv2d kOddProblems[] = {
    {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {2, 5, 7, 3, 5, 3, 3, 5, 7, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {3, 7, 5, 1, 4, 4, 4, 3, 2, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {2, 9, 11, 7, 1, 5, 5, 5, 6, 2, 2, 2, 2, 1, 1, 1, DType::f32, Math::f32},
    {1, 8, 8, 17, 19, 3, 3, 4, 4, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {2, 13, 6, 16, 32, 3, 1, 6, 6, 2, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {2, 11, 13, 4, 6, 3, 3, 7, 9, 1, 1, 0, 0, 2, 2, 1, DType::f32, Math::f32},
    {1, 14, 9, 5, 3, 3, 2, 4, 2, 3, 4, 1, 0, 2, 3, 1, DType::f32, Math::f32},
    {2, 7, 7, 6, 9, 3, 3, 7, 7, 1, 1, 1, 1, 1, 1, 3, DType::f32, Math::f32},
    {2, 8, 8, 16, 16, 3, 3, 4, 4, 2, 2, 1, 1, 1, 1, 16, DType::f32, Math::f32},
    {1, 6, 5, 8, 12, 2, 3, 2, 2, 2, 2, 0, 1, 2, 1, 4, DType::f32, Math::f32},
    {1, 12, 12, 2, 3, 9, 9, 12, 12, 1, 1, 4, 4, 1, 1, 1, DType::f32, Math::f32},
    {1, 10, 10, 3, 8, 7, 7, 4, 4, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {2, 4, 4, 13, 11, 4, 4, 1, 1, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},  // a matrix product
    {3, 4, 4, 16, 1, 4, 4, 1, 1, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    // p and q smaller than what fits
    {2, 8, 9, 4, 5, 3, 3, 2, 2, 2, 2, 0, 1, 1, 1, 1, DType::f32, Math::f32},
    {1, 12, 7, 16, 16, 4, 4, 3, 2, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    // taps and pixels that meet only zeros
    {1, 3, 3, 2, 3, 2, 2, 3, 4, 4, 3, 5, 4, 1, 1, 1, DType::f32, Math::f32},
    {1, 5, 5, 32, 16, 1, 1, 5, 5, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    // one tap, few channels on a side: all pixels, and fewer than there are
    {2, 6, 7, 16, 3, 1, 1, 6, 7, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {2, 6, 7, 3, 16, 1, 1, 6, 7, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {2, 6, 7, 16, 3, 1, 1, 5, 4, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {3, 6, 5, 1, 16, 4, 4, 3, 2, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},  // few channels in x
    {2, 11, 13, 3, 32, 5, 3, 5, 4, 2, 3, 2, 0, 1, 1, 1, DType::f32, Math::f32},
    {1, 23, 17, 4, 48, 7, 7, 17, 11, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {3, 40, 3, 2, 16, 3, 3, 13, 1, 3, 3, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {1, 3, 205, 3, 32, 3, 3, 3, 205, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32},  // rows in several pieces
    {2, 5, 222, 1, 16, 5, 4, 2, 110, 2, 2, 1, 0, 1, 1, 1, DType::f32, Math::f32},
    {1, 4, 197, 16, 2, 3, 3, 4, 197, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {5, 9, 8, 16, 3, 3, 3, 9, 8, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32},  // few channels in y
    {1, 15, 10, 32, 1, 4, 4, 14, 9, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {2, 9, 9, 48, 2, 7, 5, 3, 5, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    // more padding than the filter is wide
    {1, 4, 5, 16, 3, 3, 3, 8, 9, 1, 1, 3, 3, 1, 1, 1, DType::f32, Math::f32},
    {2, 6, 5, 512, 130, 4, 4, 3, 3, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},     // products over patches
    {3, 13, 15, 64, 129, 4, 4, 13, 15, 1, 1, 2, 1, 1, 1, 1, DType::f32, Math::f32},  // in two chunks
    {1, 5, 7, 3, 16, 1, 1, 3, 4, 2, 2, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    // one tap, few channels, steps wider than a pixel
    {3, 24, 250, 5, 128, 1, 1, 12, 125, 2, 2, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {1, 6, 6, 3, 17, 1, 1, 6, 3, 1, 2, 0, 0, 1, 1, 1, DType::f32, Math::f32},
    {2, 9, 9, 4, 5, 1, 1, 3, 9, 3, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},
};

// steps wider than the image; a wide filter in steps over one channel
const Conv2d kWideSteps[] = {
    {1, 1, 1, 64, 8, 3, 3, 1, 1, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {3, 5, 1, 16, 16, 4, 4, 3, 1, 2, 2, 2, 2, 1, 1, 1, DType::f32, Math::f32},
    {2, 3, 2, 64, 16, 3, 3, 1, 1, 3, 3, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {2, 3, 3, 64, 16, 3, 3, 1, 1, 4, 4, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {5, 2, 13, 1, 48, 9, 9, 1, 7, 2, 2, 4, 4, 1, 1, 1, DType::f32, Math::f32},
    {2, 9, 17, 1, 16, 5, 5, 5, 9, 2, 2, 2, 2, 1, 1, 1, DType::f32, Math::f32},
    {1, 7, 14, 1, 5, 6, 6, 3, 5, 3, 3, 3, 3, 1, 1, 1, DType::f32, Math::f32},
};

const Conv2d kDirectProblems[] = {
    {2, 9, 12, 32, 48, 4, 4, 4, 5, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},      // too few tiles for Winograd's form
    {1, 31, 20, 48, 80, 3, 3, 16, 10, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {3, 12, 9, 80, 64, 3, 3, 6, 5, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {2, 14, 5, 32, 144, 7, 5, 7, 2, 2, 2, 3, 1, 1, 1, 1, DType::f32, Math::f32},     // three panels of columns
    {1, 13, 11, 64, 64, 3, 2, 4, 4, 3, 3, 0, 1, 1, 1, 1, DType::f32, Math::f32},     // a filter narrower than the stride: not its own
    {2, 13, 14, 64, 32, 4, 5, 4, 4, 3, 3, 1, 1, 1, 1, 1, DType::f32, Math::f32},     // nine phases, of one and of two taps
    {1, 41, 3, 64, 64, 4, 4, 20, 1, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},
    {1, 6, 7, 512, 544, 3, 3, 3, 4, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},     // more weights than Winograd's form takes
    {2, 13, 1, 64, 64, 4, 3, 6, 1, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32},      // phases without a pixel
    {1, 50, 49, 176, 176, 3, 3, 25, 25, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32}, // many weights, and pixels in two chunks
    {1, 9, 10, 64, 128, 7, 7, 5, 5, 2, 2, 3, 3, 1, 1, 1, DType::f32, Math::f32},     // many weights, and taps that reach a part of the border
    {2, 9, 21, 48, 144, 1, 1, 9, 21, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32},    // one tap
    {1, 5, 6, 64, 32, 1, 1, 7, 8, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32},
};

TEST(Conv2dCpu, MatchesReference) {
  for (const Conv2d& p : kOddProblems)
    for (DType dtype : kTypes) expect_matches(with_type(p, dtype), kPlain, false);
  for (const Conv2d& p : kWideSteps)
    for (DType dtype : kTypes) expect_matches(with_type(p, dtype), kPlain, false);
}

TEST(Conv2dCpu, VectorsRoundLikeSingleNumbers) {
  std::vector<float> values{0, -0.0f, 1, -1, 1.00390625f, 1.01171875f, 3.4e38f, 1e-40f, INFINITY, -INFINITY, NAN, -NAN, std::bit_cast<float>(0x7f800001u)};
  for (uint32_t i = 0; values.size() % kRegisterLanes != 0 || values.size() < 256; ++i) values.push_back(std::bit_cast<float>(i * 2654435761u));
  std::vector<Bf16> rounded(values.size());
  for (size_t i = 0; i < values.size(); i += kRegisterLanes) store_lanes(&rounded[i], load_lanes(&values[i]));
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(rounded[i].bits, to_bf16(values[i]).bits) << values[i];
  std::vector<float> widened(values.size());
  for (size_t i = 0; i < values.size(); i += kRegisterLanes) store_lanes(&widened[i], load_lanes(&rounded[i]));
  for (size_t i = 0; i < values.size(); ++i) EXPECT_EQ(std::bit_cast<uint32_t>(widened[i]), uint32_t{rounded[i].bits} << 16);
}

TEST(Conv2dCpu, DirectSumsMatchReference) {
  const int threads = omp_get_max_threads();
  for (const int each : {1, 3, 16}) {
    omp_set_num_threads(each);
    for (const Conv2d& p : kDirectProblems) {
      for (const ConvRole role : {ConvRole::forward, ConvRole::data_gradient})
        EXPECT_EQ(goes_directly(p, role), !has_avx512() && p.s >= p.stride_w) << p.n << ' ' << p.h << 'x' << p.w;
      expect_matches(p, each == 3 ? Epilogue{nullptr, Unary::tanh, 0} : kPlain, each == 3);
    }
  }
  omp_set_num_threads(threads);
}

TEST(Conv2dCpu, EpilogueMatchesReference) {
  for (int i : {1, 2, 6, 8, 13, 15, 20, 23})
    for (DType dtype : kTypes)
      for (Unary activation : {Unary::identity, Unary::relu, Unary::leaky_relu, Unary::sigmoid, Unary::tanh})
        for (bool bias : {false, true})
          expect_matches(with_type(kOddProblems[i], dtype), {nullptr, activation, 0.2f}, bias);
}

// Every way: loops, products, few channels, patches, direct sums, oneDNN.
TEST(Conv2dCpu, ResidualMatchesReference) {
  for (const Conv2d& p : kOddProblems)
    for (DType dtype : kTypes)
      for (bool bias : {false, true})
        expect_matches(with_type(p, dtype), {nullptr, bias ? Unary::leaky_relu : Unary::identity, 0.2}, bias, conv2d_kernels, true);
  for (const Conv2d& p : kDirectProblems) expect_matches(p, {nullptr, Unary::relu, 0}, true, conv2d_kernels, true);
}

TEST(Conv2dCpu, MaskMatchesReference) {
  for (const Conv2d& p : kOddProblems)
    for (DType dtype : kTypes) expect_matches(with_type(p, dtype), kMasked, false);
  for (const Conv2d& p : kDirectProblems) expect_matches(p, kMasked, false);
  // In f64 loops store; where oneDNN does, and where a product is all there is, it would be a pass of its own.
  const Conv2d product = with_type({8, 4, 4, 32, 64, 4, 4, 1, 1, 1, 1, 0, 0, 1, 1, 1, DType::f32, Math::f32}, DType::f32);
  for (const Conv2dRole role : {Conv2dRole::forward, Conv2dRole::data_gradient}) {
    EXPECT_TRUE(conv2d_kernels.masks(role, with_type(kOddProblems[1], DType::f64)));
    EXPECT_FALSE(conv2d_kernels.masks(role, product));
  }
  float memory[256] = {};
  for (Epilogue wrong : {Epilogue{memory, Unary::identity, 0}, Epilogue{nullptr, Unary::relu, 0}, Epilogue{nullptr, Unary::identity, 0, memory}}) {
    wrong.mask = memory;
    EXPECT_THROW(conv2d_kernels.forward(nullptr, kOddProblems[0], memory, {memory, nullptr}, memory, wrong, nullptr), std::runtime_error);
  }
}

TEST(Conv2dCpu, EmptyProblemsDoNothing) {
  Conv2d p = kOddProblems[1];
  p.n = 0;
  for (DType dtype : kTypes) {
    p.dtype = dtype;
    Buffer w(dtype, random_values(w_count(p), 1)),
        dw(dtype == DType::f64 ? DType::f64 : DType::f32, w_count(p));
    conv2d_kernels.forward(nullptr, p, nullptr, {w.data(), nullptr}, nullptr, kPlain, nullptr);
    conv2d_kernels.data_gradient(nullptr, p, nullptr, {w.data(), nullptr}, nullptr, kPlain, nullptr);
    conv2d_kernels.weight_gradient(nullptr, p, nullptr, nullptr, dw.data(), nullptr);
    for (double v : dw.values()) EXPECT_EQ(v, 0);  // a sum of nothing
  }
}

TEST(Conv2dCpu, RefusesTf32) {
  Conv2d p = kOddProblems[1];
  p.math = Math::tf32;
  Buffer x(p.dtype, x_count(p)), w(p.dtype, w_count(p)), y(p.dtype, y_count(p));
  EXPECT_THROW(conv2d_kernels.forward(nullptr, p, x.data(), {w.data(), nullptr}, y.data(), kPlain, nullptr),
               std::runtime_error);
}

// Packed copies, which are kept from the second request at a version on, follow the version, and nothing else, until they are forgotten or
// a version has been asked for only once.
void expect_packed_weights_follow(const Conv2d& p) {
  Buffer x(p.dtype, random_values(x_count(p), 1)), dy(p.dtype, random_values(y_count(p), 2));
  Buffer w(p.dtype, random_values(w_count(p), 3)), other(p.dtype, random_values(w_count(p), 4));
  uint64_t version = 7;
  const auto outputs = [&](const uint64_t* counter) {
    Buffer y(p.dtype, y_count(p)), dx(p.dtype, x_count(p));
    conv2d_kernels.forward(nullptr, p, x.data(), {w.data(), counter}, y.data(), kPlain, nullptr);
    conv2d_kernels.data_gradient(nullptr, p, dy.data(), {w.data(), counter}, dx.data(), kPlain, nullptr);
    return std::pair(y.values(), dx.values());
  };
  const auto before = outputs(&version);
  EXPECT_EQ(before, outputs(&version));
  EXPECT_EQ(before, outputs(nullptr));
  std::memcpy(w.data(), other.data(), w_count(p) * size_of(p.dtype));
  const auto after = outputs(nullptr);
  EXPECT_NE(after.first, before.first);
  EXPECT_NE(after.second, before.second);
  EXPECT_EQ(outputs(&version), before);
  ++version;
  EXPECT_EQ(outputs(&version), after);
  std::memset(w.data(), 0, w_count(p) * size_of(p.dtype));
  forget_packed_weights(static_cast<char*>(w.data()) + 4, 4);  // not its beginning
  EXPECT_EQ(outputs(&version), after);
  forget_packed_weights(w.data(), 4);
  EXPECT_EQ(outputs(&version), outputs(nullptr));
  ++version;
  outputs(&version);
  std::memcpy(w.data(), other.data(), w_count(p) * size_of(p.dtype));
  EXPECT_EQ(outputs(&version), after) << "nothing was kept of the first request";
}

TEST(Conv2dCpu, PackedWeightsFollowTheirVersion) {
  expect_packed_weights_follow({1, 8, 8, 17, 19, 3, 3, 4, 4, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32});
  // Below AVX-512 bf16 weights are widened at each call.
  if (has_avx512()) expect_packed_weights_follow({1, 8, 8, 17, 19, 3, 3, 4, 4, 2, 2, 1, 1, 1, 1, 1, DType::bf16, Math::f32});
  expect_packed_weights_follow({13, 9, 12, 32, 48, 4, 4, 4, 5, 2, 2, 1, 1, 1, 1, 1, DType::f32, Math::f32});
  expect_packed_weights_follow({2, 14, 14, 32, 32, 3, 3, 14, 14, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32});
}

TEST(Conv2dCpu, RepeatsItsBits) {
  for (DType dtype : kTypes) {
    const Conv2d p =
        with_type({4, 32, 32, 16, 16, 3, 3, 32, 32, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32}, dtype);
    const DType sums = dtype == DType::f64 ? DType::f64 : DType::f32;
    Buffer x(dtype, random_values(x_count(p), 1)), dy(dtype, random_values(y_count(p), 2));
    Buffer first(sums, w_count(p)), second(sums, w_count(p));
    conv2d_kernels.weight_gradient(nullptr, p, x.data(), dy.data(), first.data(), nullptr);
    conv2d_kernels.weight_gradient(nullptr, p, x.data(), dy.data(), second.data(), nullptr);
    EXPECT_EQ(first.values(), second.values());
  }
}

// Whatever ran before: a step wider than the image leaves part of what oneDNN copies the image to unwritten, and so do some widths of one channel.
TEST(Conv2dCpu, WideStepsReadNothingLeftBehind) {
  const auto gradient = [](const Conv2d& p, int left_behind) {
    constexpr size_t kBytes = 1 << 22;
    std::memset(onednn_scratch(Scratch::primitive, kBytes), left_behind, kBytes);
    Buffer x(p.dtype, random_values(x_count(p), 1)), dy(p.dtype, random_values(y_count(p), 2));
    Buffer dw(DType::f32, w_count(p));
    conv2d_kernels.weight_gradient(nullptr, p, x.data(), dy.data(), dw.data(), nullptr);
    return dw.values();
  };
  for (const Conv2d& p : kWideSteps) EXPECT_EQ(gradient(with_type(p, DType::bf16), 0), gradient(with_type(p, DType::bf16), 0x4e)) << p.h << "x" << p.w << ", stride " << p.stride_w;
}

// k x k convolution of a square image.
Conv2d layer(int n, int size, int c, int k, int kernel, int stride, int pad, int out) {
  return {n,      size,   size, c,   k, kernel, kernel, out,        out,
          stride, stride, pad,  pad, 1, 1,      1,      DType::f32, Math::f32};
}

// The layers of DCGAN, WGAN-GP and ResNet-9 steps, transposed ones as the convolution whose gradient they
// are.
std::vector<Conv2d> model_layers() {
  std::vector<Conv2d> all;
  for (int channels : {1, 3})
    for (int width : {32, 64}) {
      for (int size : {64, 32}) {
        all.push_back(layer(4, size, channels, width, 4, 2, 1, size / 2));
        int c = width;
        for (size /= 2; size > 4; size /= 2, c *= 2)
          all.push_back(layer(4, size, c, 2 * c, 4, 2, 1, size / 2));
        all.push_back(layer(4, 4, c, 100, 4, 1, 0, 1));
        all.push_back(layer(4, 4, c, 1, 4, 1, 0, 1));
      }
      for (int size : {64, 28}) all.push_back(layer(4, size, channels, width, 5, 2, 2, size / 2));
      all.push_back(layer(4, 16, width, 2 * width, 5, 2, 2, 8));
      all.push_back(layer(4, 14, width, 2 * width, 5, 2, 2, 7));
      all.push_back(layer(4, 7, width, 2 * width, 5, 2, 2, 4));
    }
  for (int channels : {1, 3}) {  // residual blocks of WGAN-GP at 32x32, and the 7x7 ends of ResNet-9
    all.push_back(layer(4, 32, channels, 128, 3, 1, 1, 32));
    all.push_back(layer(4, 32, 128, channels, 3, 1, 1, 32));
    all.push_back(layer(4, 16, channels, 128, 1, 1, 0, 16));
    all.push_back(layer(1, 70, channels, 64, 7, 1, 0, 64));
    all.push_back(layer(1, 70, 64, channels, 7, 1, 0, 64));
  }
  all.push_back(layer(4, 16, 128, 128, 3, 1, 1, 16));
  all.push_back(layer(4, 8, 128, 128, 3, 1, 1, 8));
  all.push_back(layer(4, 16, 128, 128, 1, 1, 0, 16));
  all.push_back(layer(1, 64, 64, 128, 3, 2, 1, 32));
  all.push_back(layer(1, 32, 128, 256, 3, 2, 1, 16));
  all.push_back(layer(1, 18, 256, 256, 3, 1, 0, 16));
  return all;
}

TEST(Conv2dCpu, ModelLayersHaveFastImplementations) {
  if (!has_avx512()) GTEST_SKIP() << "oneDNN 2.6 has bf16 and all layouts from AVX-512 on";
  const size_t before = implementations_used().size();
  size_t layers = 0;
  for (const Conv2d& each : model_layers())
    for (DType dtype : {DType::f32, DType::bf16}) {
      const Conv2d p = with_type(each, dtype);
      Buffer x(dtype, x_count(p)), w(dtype, w_count(p)), y(dtype, y_count(p)), dw(DType::f32, w_count(p));
      conv2d_kernels.forward(nullptr, p, x.data(), {w.data(), nullptr}, y.data(), kPlain, nullptr);
      conv2d_kernels.data_gradient(nullptr, p, y.data(), {w.data(), nullptr}, x.data(), kPlain, nullptr);
      conv2d_kernels.weight_gradient(nullptr, p, x.data(), y.data(), dw.data(), nullptr);
      ++layers;
    }
  const auto used = implementations_used();
  EXPECT_GE(used.size() - before, layers);
  for (size_t i = before; i < used.size(); ++i) {
    const std::string name = used[i].substr(used[i].find(": ") + 2);
    EXPECT_EQ(name.find("ref"), std::string::npos) << used[i];
    if (used[i].starts_with("conv2d")) {
      EXPECT_EQ(name.find("gemm"), std::string::npos) << used[i];
    }
  }
}

}  // namespace
}  // namespace ganymede::kernels::cpu
