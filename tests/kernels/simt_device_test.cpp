// The parts that kernels share (kernels/device), compiled for the simulator.
#pragma GCC diagnostic ignored "-Wunknown-pragmas"
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "kernels/device/convert.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/fragment.h"
#include "kernels/device/math.h"
#include "kernels/device/pack.h"
#include "kernels/device/reduce.h"
#include "kernels/device/rng.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim {
namespace {

// Units in the last place of the exact value's float.
double ulps(float value, double exact) {
  const double spacing = std::ldexp(1.0, std::max(std::ilogb(exact), -126) - 23);
  return std::fabs(value - exact) / spacing;
}

TEST(DevicePhilox, MatchesTheAuthorsKnownAnswers) {   // kat_vectors of Random123, philox4x32 with 10 rounds
  const auto check = [](uint64_t key, Philox4 counter, Philox4 expected) {
    const Philox4 r = philox(key, counter);
    for (int i = 0; i < 4; ++i) EXPECT_EQ(r.v[i], expected.v[i]) << i;
  };
  check(0, {{0, 0, 0, 0}}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
  check(~0ull, {{~0u, ~0u, ~0u, ~0u}}, {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
  check(0x299f31d0a4093822ull, {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
        {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

TEST(DevicePhilox, UniformsAndIntegersStayInRange) {
  EXPECT_EQ(uniform(0), 0.0f);
  EXPECT_EQ(uniform(~0u), 1.0f - 0x1p-24f);
  EXPECT_EQ(uniform(0x80000000u), 0.5f);
  EXPECT_EQ(below(~0u, 10), 9u);
  EXPECT_EQ(below(0, 10), 0u);
  EXPECT_EQ(below(~0u, ~0u), ~0u - 1);
}

TEST(DevicePhilox, NormalsAreWithinFourUlps) {
  double worst = 0, sum = 0, squares = 0, fourth = 0;
  int count = 0;
  const auto check = [&](uint32_t a, uint32_t b) {
    const NormalPair n = normal_pair(a, b);
    const long double radius = std::sqrt(-2 * std::log((static_cast<long double>(a) + 1) * 0x1p-32L));
    const long double angle =
        2 * 3.14159265358979323846264338327950288L * static_cast<long double>(b) * 0x1p-32L;
    const double exact[2] = {double(radius * std::cos(angle)), double(radius * std::sin(angle))};
    for (int i = 0; i < 2; ++i) {
      const float value = i ? n.second : n.first;
      // At multiples of a quarter turn the true sine is zero and the long double one is noise.
      if (std::fabs(exact[i]) > 1e-17) worst = std::max(worst, ulps(value, exact[i]));
      else EXPECT_LE(std::fabs(value), 1e-17);
    }
    return n;
  };
  for (uint32_t i = 0; i < 100000; ++i) {
    const Philox4 r = philox(7, {{i, 0, 0, 0}});
    const NormalPair n = check(r.v[0], r.v[1]);
    check(r.v[2] >> (i % 32), r.v[3] >> (i % 31));   // small ones: the tail, and angles near zero
    check(~(r.v[2] >> (i % 32)), ~(r.v[3] >> (i % 31)));
    for (const double v : {n.first, n.second}) sum += v, squares += v * v, fourth += v * v * v * v, ++count;
  }
  for (const uint32_t a : {0u, 1u, 0x7FFFFFFEu, 0x7FFFFFFFu, 0x80000000u, ~0u - 1, ~0u}) {
    for (uint32_t b = 0; b < 16; ++b) {
      for (const uint32_t d : {0u, 1u, ~0u}) check(a, b * 0x10000000u + d);
    }
  }
  EXPECT_LE(worst, 4.0);
  EXPECT_NEAR(sum / count, 0, 0.01);
  EXPECT_NEAR(squares / count, 1, 0.015);
  EXPECT_NEAR(fourth / count, 3, 0.1);
}

TEST(DeviceConvert, Bf16RoundsToNearestEven) {
  for (uint32_t high = 0; high < 0x10000; ++high) {
    const uint32_t exponent = high >> 7 & 0xFF;
    for (const uint32_t low : {0u, 1u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
      const float x = std::bit_cast<float>(high << 16 | low);
      const uint16_t bits = to_bf16(x).bits;
      if (exponent == 0xFF && (high & 0x7F || low)) {
        ASSERT_EQ(bits, 0x7FFF);   // NaN
      } else {
        const bool up = low > 0x8000 || (low == 0x8000 && high % 2);
        ASSERT_EQ(bits, high + up) << std::hex << high << low;
      }
    }
    const float exact = to_float(Bf16{static_cast<uint16_t>(high)});
    ASSERT_EQ(std::bit_cast<uint32_t>(exact), high << 16);
  }
  EXPECT_EQ(to_bf16(std::numeric_limits<float>::max()).bits, 0x7F80);
}

TEST(DeviceFragment, MapsCoverEveryElementOnce) {
  std::set<std::pair<int, int>> d, a16, b16, a8, b8;
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      d.insert({AccumulatorMap::row(lane, i), AccumulatorMap::column(lane, i)});
      a8.insert({Tf32Map::a_row(lane, i), Tf32Map::a_k(lane, i)});
      for (int half = 0; half < 2; ++half)
        a16.insert({Bf16Map::a_row(lane, i), Bf16Map::a_k(lane, i) + half});
    }
    for (int i = 0; i < 2; ++i) {
      b8.insert({Tf32Map::b_k(lane, i), Tf32Map::b_column(lane)});
      for (int half = 0; half < 2; ++half)
        b16.insert({Bf16Map::b_k(lane, i) + half, Bf16Map::b_column(lane)});
    }
  }
  const auto fills = [](const std::set<std::pair<int, int>>& s, int rows, int columns) {
    return int(s.size()) == rows * columns && s.rbegin()->first == rows - 1 && s.begin()->second == 0;
  };
  EXPECT_TRUE(fills(d, 16, 8));
  EXPECT_TRUE(fills(a16, 16, 16));
  EXPECT_TRUE(fills(b16, 16, 8));
  EXPECT_TRUE(fills(a8, 16, 8));
  EXPECT_TRUE(fills(b8, 8, 8));
}

template <class T>
__global__ void block_reduce_kernel(T* out, const T* x) {
  auto& scratch = shared<BlockReduce<T>>();
  const int t = simt::thread_rank(), count = static_cast<int>(blockDim.x * blockDim.y);
  const T value = x[t];
  const T sum = block_sum(value, scratch), largest = block_reduce(value, Max{}, -INFINITY, scratch);
  const T smallest = block_reduce(value, Min{}, INFINITY, scratch);
  out[t] = sum;
  out[count + t] = largest;
  out[2 * count + t] = smallest;
  out[3 * count + t] = warp_sum(value) + warp_max(value);
}

template <class T>
void check_block_reduce(dim3 block) {
  const size_t count = block.x * block.y;
  std::vector<T> x(count);
  T total = 0, largest = -INFINITY, smallest = INFINITY;
  for (size_t i = 0; i < count; ++i) {
    x[i] = T(int(i * 29 % 67)) - 30;   // sums are exact
    total += x[i], largest = std::max(largest, x[i]), smallest = std::min(smallest, x[i]);
  }
  const auto out = equal_in_any_order([&] {
    std::vector<T> out(4 * count);
    launch<BlockReduce<T>>(block_reduce_kernel<T>, 1, block, nullptr, out.data(), x.data());
    return out;
  });
  for (size_t t = 0; t < count; ++t) {
    ASSERT_EQ(out[t], total);
    ASSERT_EQ(out[count + t], largest);
    ASSERT_EQ(out[2 * count + t], smallest);
    T sum = 0, top = -INFINITY;
    for (size_t i = t / 32 * 32; i < t / 32 * 32 + 32; ++i) sum += x[i], top = std::max(top, x[i]);
    ASSERT_EQ(out[3 * count + t], sum + top);
  }
}

TEST(DeviceReduce, BlocksOfAllSizes) {
  check_block_reduce<float>(dim3(32));
  check_block_reduce<float>(dim3(16, 6));
  check_block_reduce<double>(dim3(256));
  check_block_reduce<float>(dim3(1024));
}

TEST(DeviceReduce, NanWins) {
  for (const float other : {1.0f, -INFINITY, INFINITY}) {
    EXPECT_TRUE(std::isnan(Max{}(NAN, other)) && std::isnan(Max{}(other, NAN)));
    EXPECT_TRUE(std::isnan(Min{}(NAN, other)) && std::isnan(Min{}(other, NAN)));
    EXPECT_TRUE(std::isnan(math::maximum(NAN, other)) && std::isnan(math::maximum(other, NAN)));
    EXPECT_TRUE(std::isnan(math::minimum(NAN, other)) && std::isnan(math::minimum(other, NAN)));
  }
}

template <class T>
__global__ void double_kernel(T* x) {
  auto pack = load_pack(x + threadIdx.x * Pack<T>::kSize);
  for (int i = 0; i < Pack<T>::kSize; ++i) pack[i] = narrow<T>(2 * widen(pack[i]));
  store_pack(x + threadIdx.x * Pack<T>::kSize, pack);
}

TEST(DevicePack, LoadsAndStoresSixteenAlignedBytes) {
  const auto check = []<class T>() {
    static_assert(Pack<T>::kSize * sizeof(T) == 16 && sizeof(Pack<T>) == 16);
    constexpr int threads = 32 / Pack<T>::kSize;
    alignas(16) T x[32];
    for (int i = 0; i < 32; ++i) x[i] = narrow<T>(float(i));
    launch(double_kernel<T>, 1, threads, nullptr, static_cast<T*>(x));
    for (int i = 0; i < 32; ++i) EXPECT_EQ(widen(x[i]), 2.0f * float(i));
    EXPECT_TRUE(packable<T>(32, static_cast<T*>(x), static_cast<T*>(nullptr)));
    EXPECT_FALSE(packable<T>(31, static_cast<T*>(x)));
    EXPECT_FALSE(packable<T>(32, static_cast<T*>(x), x + 1));
    EXPECT_THROW(launch(double_kernel<T>, 1, 1, nullptr, x + 1), std::runtime_error);
  };
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) dispatch_float(dtype, "double", check);
}

TEST(DeviceDispatch, ChoosesTheTypeOrNamesTheOperation) {
  const auto size = []<class T>() { return sizeof(T); };
  EXPECT_EQ(dispatch_float(DType::f32, "x", size), 4u);
  EXPECT_EQ(dispatch_float(DType::bf16, "x", size), 2u);
  EXPECT_EQ(dispatch_float(DType::f64, "x", size), 8u);
  EXPECT_EQ(dispatch_any(DType::u8, "x", size), 1u);
  EXPECT_EQ(dispatch_any(DType::i32, "x", size), 4u);
  EXPECT_EQ(dispatch_any(DType::i64, "x", size), 8u);
  EXPECT_EQ(dispatch_any(DType::bf16, "x", size), 2u);
  try {
    dispatch_float(DType::i64, "norm", size);
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "norm: dtype i64; f32, bf16 or f64 is needed");
  }
}

TEST(DeviceMath, SigmoidAndSoftplusAreAccurateEverywhere) {
  for (double x = -80; x <= 80; x += 0.37) {
    const float f = static_cast<float>(x);
    EXPECT_LE(ulps(math::sigmoid(f), 1 / (1 + std::exp(-double(f)))), 4) << x;
    EXPECT_LE(ulps(math::softplus(f),
                   f > 0 ? f + std::log1p(std::exp(-double(f))) : std::log1p(std::exp(double(f)))),
              4)
        << x;
    EXPECT_NEAR(math::sigmoid(x), 1 / (1 + std::exp(-x)), 1e-15);
  }
  EXPECT_EQ(math::sigmoid(1000.0f), 1.0f);
  EXPECT_EQ(math::sigmoid(-1000.0f), 0.0f);
  EXPECT_EQ(math::softplus(1000.0f), 1000.0f);
  EXPECT_EQ(math::softplus(-1000.0f), 0.0f);
  EXPECT_TRUE(std::isnan(math::sigmoid(NAN)) && std::isnan(math::softplus(NAN)));
}

}  // namespace
}  // namespace ganymede::kernels::sim
