// Random numbers of the cpu device: known answers, the layout of the counter, distributions.
#include <omp.h>

#include "kernels/cpu/philox.h"
#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

// One counter at a time, as the paper writes it.
void philox(uint64_t key, uint32_t (&x)[4]) {
  uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t p0 = uint64_t{0xD2511F53} * x[0], p1 = uint64_t{0xCD9E8D57} * x[2];
    const uint32_t y[4] = {static_cast<uint32_t>(p1 >> 32) ^ x[1] ^ k0, static_cast<uint32_t>(p1),
                           static_cast<uint32_t>(p0 >> 32) ^ x[3] ^ k1, static_cast<uint32_t>(p0)};
    std::copy(y, y + 4, x);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
}

TEST(Philox, KnownAnswers) {  // Random123, kat_vectors
  const PhiloxBlock zero(0, 0, 0, 0, 0);
  EXPECT_EQ(zero.lanes[0][0], 0x6627e8d5u);
  EXPECT_EQ(zero.lanes[1][0], 0xe169c58du);
  EXPECT_EQ(zero.lanes[2][0], 0xbc57ac4cu);
  EXPECT_EQ(zero.lanes[3][0], 0x9b00dbd8u);
  const PhiloxBlock ones(~uint64_t{0}, ~uint32_t{0}, ~uint32_t{0}, ~uint32_t{0}, ~uint32_t{0});
  EXPECT_EQ(ones.lanes[0][0], 0x408f276du);
  EXPECT_EQ(ones.lanes[1][0], 0x41c83b0eu);
  EXPECT_EQ(ones.lanes[2][0], 0xa20bc7c6u);
  EXPECT_EQ(ones.lanes[3][0], 0x6d5451fdu);
}

constexpr RandomState kState{0x123456789abcdef0u, 17, 3};
constexpr uint32_t kOrdinal = 5;

uint32_t bits_of(int64_t i) {
  uint32_t x[4] = {static_cast<uint32_t>(i / 4), kOrdinal, kState.unit, kState.iteration};
  philox(kState.seed, x);
  return x[i % 4];
}

TEST(Random, UniformsFollowTheCounter) {
  for (int64_t count : {0, 1, 5, 63, 64, 65, 9999}) {
    Output<float> out(count);
    Output<double> wide(count);
    Output<Bf16> narrow(count);
    random_kernels.uniform(nullptr, &kState, kOrdinal, DType::f32, count, -1, 3, out.data());
    random_kernels.uniform(nullptr, &kState, kOrdinal, DType::f64, count, -1, 3, wide.data());
    random_kernels.uniform(nullptr, &kState, kOrdinal, DType::bf16, count, -1, 3, narrow.data());
    const auto a = out.values(), b = wide.values(), c = narrow.values();
    for (int64_t i = 0; i < count; ++i) {
      const float u = static_cast<float>(bits_of(i) >> 8) * 0x1p-24f;
      ASSERT_EQ(a[i], -1 + 4 * u) << i;
      ASSERT_EQ(b[i], -1 + 4 * static_cast<double>(u));
      ASSERT_EQ(c[i], to_float(to_bf16(-1 + 4 * u)));
    }
  }
}

TEST(Random, IntegersAndMasks) {
  constexpr int64_t kCount = 5001;
  Output<int64_t> integers(kCount);
  Output<float> mask(kCount);
  random_kernels.integers(nullptr, &kState, kOrdinal, kCount, 1000, integers.data());
  random_kernels.bernoulli(nullptr, &kState, kOrdinal, DType::f32, kCount, 0.3, 2.5, mask.data());
  const auto a = integers.values(), b = mask.values();
  for (int64_t i = 0; i < kCount; ++i) {
    ASSERT_EQ(a[i], (uint64_t{bits_of(i)} * 1000) >> 32);
    ASSERT_EQ(b[i], static_cast<float>(bits_of(i) >> 8) * 0x1p-24f < 0.3f ? 2.5 : 0);
  }
}

TEST(Random, NormalsAreBoxMuller) {
  constexpr int64_t kCount = 200003;
  Output<float> out(kCount);
  Output<double> wide(kCount);
  random_kernels.normal(nullptr, &kState, kOrdinal, DType::f32, kCount, 0, 1, out.data());
  random_kernels.normal(nullptr, &kState, kOrdinal, DType::f64, kCount, 0.5, 2, wide.data());
  const auto a = out.values(), b = wide.values();
  double worst = 0, sum = 0, squares = 0, fourth = 0;
  for (int64_t i = 0; i < kCount; ++i) {
    const int64_t pair = i / 2 * 2;
    const double u1 = (bits_of(pair) + 1.0) * 0x1p-32, u2 = bits_of(pair + 1) * 0x1p-32;
    const double radius = std::sqrt(-2 * std::log(u1)), angle = 2 * M_PI * u2;
    const double want = radius * (i % 2 == 0 ? std::cos(angle) : std::sin(angle));
    worst = std::max(worst, std::abs(a[i] - want) / std::ldexp(1.0, std::ilogb(want) - 23));
    ASSERT_NEAR(b[i], 0.5 + 2 * want, 1e-13);
    sum += a[i];
    squares += a[i] * a[i];
    fourth += a[i] * a[i] * a[i] * a[i];
  }
  EXPECT_LE(worst, 4);  // units in the last place
  EXPECT_NEAR(sum / kCount, 0, 0.01);
  EXPECT_NEAR(squares / kCount, 1, 0.02);
  EXPECT_NEAR(fourth / kCount, 3, 0.1);
}

TEST(Random, DrawsDifferByOrdinalUnitIterationAndSeed) {
  const RandomState states[] = {kState, {kState.seed + 1, 17, 3}, {kState.seed, 18, 3}, {kState.seed, 17, 4}};
  std::vector<std::vector<double>> draws;
  for (const RandomState& state : states) {
    Output<float> out(64);
    random_kernels.uniform(nullptr, &state, kOrdinal, DType::f32, 64, 0, 1, out.data());
    draws.push_back(out.values());
  }
  Output<float> other(64);
  random_kernels.uniform(nullptr, &kState, kOrdinal + 1, DType::f32, 64, 0, 1, other.data());
  draws.push_back(other.values());
  for (size_t i = 0; i < draws.size(); ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_NE(draws[i], draws[j]);
  }
}

TEST(Random, DoesNotDependOnTheThreads) {
  Output<float> all(50001), one(50001);
  const int threads = omp_get_max_threads();
  random_kernels.normal(nullptr, &kState, kOrdinal, DType::f32, 50001, 0, 1, all.data());
  omp_set_num_threads(1);
  random_kernels.normal(nullptr, &kState, kOrdinal, DType::f32, 50001, 0, 1, one.data());
  omp_set_num_threads(threads);
  EXPECT_EQ(all.values(), one.values());
}

}  // namespace
}  // namespace ganymede::kernels::cpu
