// The random kernels in the simulator against Philox written out once more.
#include "kernels/device/rng.h"
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {
namespace {

constexpr RandomState kState{0x123456789abcdef0ull, 77, 5};
constexpr uint32_t kOrdinal = 3;

// Element i of a draw, by the definition in kernels/api/random.h.
uint32_t bits_of(int64_t i) {
  uint32_t c[4] = {static_cast<uint32_t>(i / 4), kOrdinal, kState.unit, kState.iteration};
  uint32_t k0 = static_cast<uint32_t>(kState.seed), k1 = static_cast<uint32_t>(kState.seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * c[0], p1 = uint64_t{0xCD9E8D57} * c[2];
    const uint32_t next[4] = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(p1),
                              static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(p0)};
    std::copy(next, next + 4, c);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c[i % 4];
}

TEST(RandomSim, PhiloxKnownAnswers) {
  const Philox4 zero = philox(0, Philox4{{0, 0, 0, 0}});
  EXPECT_EQ(zero.v[0], 0x6627e8d5u);
  EXPECT_EQ(zero.v[1], 0xe169c58du);
  EXPECT_EQ(zero.v[2], 0xbc57ac4cu);
  EXPECT_EQ(zero.v[3], 0x9b00dbd8u);
  const Philox4 ones = philox(~0ull, Philox4{{~0u, ~0u, ~0u, ~0u}});
  EXPECT_EQ(ones.v[0], 0x408f276du);
  EXPECT_EQ(ones.v[1], 0x41c83b0eu);
  EXPECT_EQ(ones.v[2], 0xa20bc7c6u);
  EXPECT_EQ(ones.v[3], 0x6d5451fdu);
}

TEST(RandomSim, UniformAndBernoulliAreExact) {
  const OnDevice<RandomState> state(kState);
  for (const DType dtype : kFloats) {
    for (const auto& [count, shift] : {std::pair<int64_t, int>{1, 0}, {6, 1}, {1029, 0}}) {
      Values plain(static_cast<size_t>(count)), scaled(plain), mask(plain);
      for (int64_t i = 0; i < count; ++i) {
        const double u = (bits_of(i) >> 8) * 0x1p-24;
        plain[i] = u;
        scaled[i] = -1 + 2 * u;
        mask[i] = u < 0.25 ? 4 : 0;
      }
      const Output out{dtype, count, {}, shift};
      const auto found = run_in_orders({out, out, out}, [&](const auto& y) {
        kernels().random.uniform(nullptr, state.get(), kOrdinal, dtype, count, 0, 1, y[0]);
        kernels().random.uniform(nullptr, state.get(), kOrdinal, dtype, count, -1, 1, y[1]);
        kernels().random.bernoulli(nullptr, state.get(), kOrdinal, dtype, count, 0.25, 4, y[2]);
      });
      if (dtype == DType::bf16) {
        EXPECT_LT(relative_error(found[0], plain), 4e-3);
      } else {
        EXPECT_EQ(found[0], plain);
      }
      EXPECT_LT(relative_error(found[1], scaled), tolerance(dtype, 1e-6));
      EXPECT_EQ(found[2], mask);
    }
  }
}

TEST(RandomSim, NormalsAreWithinFourUlp) {
  const OnDevice<RandomState> state(kState);
  constexpr int64_t kCount = 20001;
  Values wanted(kCount);
  for (int64_t i = 0; i < kCount; ++i) {
    const int64_t even = i / 2 * 2;
    const double radius = std::sqrt(-2 * std::log((bits_of(even) + 1.0) * 0x1p-32));
    const double angle = bits_of(even + 1) * 0x1p-32 * 2 * M_PI;
    wanted[i] = radius * (i % 2 ? std::sin(angle) : std::cos(angle));
  }
  const auto found =
      run_in_orders({{DType::f32, kCount}, {DType::f64, kCount}, {DType::f32, 10}}, [&](const auto& y) {
        kernels().random.normal(nullptr, state.get(), kOrdinal, DType::f32, kCount, 0, 1, y[0]);
        kernels().random.normal(nullptr, state.get(), kOrdinal, DType::f64, kCount, 0, 1, y[1]);
        kernels().random.normal(nullptr, state.get(), kOrdinal, DType::f32, 10, 3, 0.5, y[2]);
      });
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < kCount; ++i) {
    const float value = static_cast<float>(wanted[i]);
    const double ulp = std::nextafter(std::fabs(value), INFINITY) - std::fabs(value);
    ASSERT_LE(std::fabs(found[0][i] - wanted[i]), 4 * ulp) << i;
    ASSERT_NEAR(found[1][i], wanted[i], 1e-13) << i;
    sum += found[0][i];
    squares += found[0][i] * found[0][i];
  }
  EXPECT_NEAR(sum / kCount, 0, 0.03);
  EXPECT_NEAR(squares / kCount, 1, 0.05);
  for (int i = 0; i < 10; ++i) EXPECT_NEAR(found[2][i], 3 + 0.5 * wanted[i], 1e-6);
}

TEST(RandomSim, IntegersAreExact) {
  const OnDevice<RandomState> state(kState);
  constexpr int64_t kCount = 519;
  Values wanted(kCount);
  for (int64_t i = 0; i < kCount; ++i) wanted[i] = static_cast<double>(uint64_t{bits_of(i)} * 1000003 >> 32);
  const auto found = run_in_orders({{DType::i64, kCount}}, [&](const auto& y) {
    kernels().random.integers(nullptr, state.get(), kOrdinal, kCount, 1000003, static_cast<int64_t*>(y[0]));
  });
  EXPECT_EQ(found[0], wanted);
}

TEST(RandomSim, NothingIsDrawnForNoElements) {
  kernels().random.normal(nullptr, &kState, kOrdinal, DType::f32, 0, 0, 1, nullptr);
  kernels().random.integers(nullptr, &kState, kOrdinal, 0, 5, nullptr);
}

}  // namespace
}  // namespace ganymede::kernels::sim::family_check
