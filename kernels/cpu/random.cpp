// Random numbers of kernels/api/random.h. A block of counters gives 4 * kWide consecutive elements.
#include "kernels/cpu/families.h"
#include "kernels/cpu/math.h"
#include "kernels/cpu/number.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/philox.h"

namespace ganymede::kernels::cpu {
namespace {

constexpr int64_t kBlock = 4 * kWide;

// Calls body(PhiloxBlock, first element, elements) for every block of a draw.
template <typename Body>
void for_each_block(const RandomState& state, uint32_t ordinal, int64_t count, Body body) {
  parallel_ranges(ceil_div(count, kBlock), count, kCostlyGrain, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const PhiloxBlock bits(state.seed, static_cast<uint32_t>(block * kWide), ordinal, state.unit,
                             state.iteration);
      body(bits, block * kBlock, std::min(kBlock, count - block * kBlock));
    }
  });
}

// The values of one block, four per counter, in the order of the elements.
template <typename T, typename C>
void store_block(const C (*values)[kWide], int64_t count, T* out) {
  if (count == kBlock) {
#pragma omp simd
    for (int i = 0; i < kWide; ++i) {
      out[4 * i] = store<T>(values[0][i]);
      out[4 * i + 1] = store<T>(values[1][i]);
      out[4 * i + 2] = store<T>(values[2][i]);
      out[4 * i + 3] = store<T>(values[3][i]);
    }
  } else {
    for (int64_t i = 0; i < count; ++i) out[i] = store<T>(values[i % 4][i / 4]);
  }
}

inline float unit_interval(uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

void uniform(Stream, const RandomState* state, uint32_t ordinal, DType dtype, int64_t count, double low,
             double high, void* out) {
  with_float_type(dtype, "uniform", [&](auto type) {
    using T = decltype(type);
    using C = Compute<T>;
    const C origin = static_cast<C>(low), length = static_cast<C>(high) - origin;
    for_each_block(*state, ordinal, count, [&](const PhiloxBlock& bits, int64_t first, int64_t size) {
      C values[4][kWide];
      for (int lane = 0; lane < 4; ++lane) {
#pragma omp simd
        for (int i = 0; i < kWide; ++i)
          values[lane][i] = origin + length * static_cast<C>(unit_interval(bits.lanes[lane][i]));
      }
      store_block(values, size, static_cast<T*>(out) + first);
    });
  });
}

// log((bits + 1) 2^-32). Near 1 the float of bits + 1 would lose the digits that the logarithm is made of: 1
// - u goes in.
inline float log_of_unit(uint32_t bits, float) {
  const uint32_t gap = 0xFFFFFFFFu - bits;
  const float near = math::log_near_one(static_cast<float>(gap) * -0x1p-32f, 0.0f);
  const float far = math::log((static_cast<float>(bits) + 1.0f) * 0x1p-32f);
  return gap < 0x4AFB0CCCu ? near : far;  // (1 - sqrt(1/2)) 2^32
}

inline double log_of_unit(uint32_t bits, double) {
  return std::log((static_cast<double>(bits) + 1.0) * 0x1p-32);
}

// sin and cos of 2 pi bits 2^-32. The quarter of the circle is taken off in integers, so that zeros are
// accurate too.
inline void sincos_turn(uint32_t bits, float& sine, float& cosine) {
  const uint32_t quarter = (bits + 0x20000000u) >> 30;
  const float r =
      static_cast<float>(static_cast<int32_t>(bits - (quarter << 30))) * 0x1p-32f;  // in [-1/8, 1/8]
  const float z = r * r;
  const float s =
      r * 6.28318548f +
      (r * z * math::polynomial(z, -75.4016127027f, 81.5925428713f, -41.3416625705f) - r * 1.74845553e-7f);
  const float c = math::polynomial(z, 59.2201689583f, -85.4428446731f, 64.9393161357f, -19.7392086501f, 1.0f);
  const bool swap = (quarter & 1) != 0;
  sine = swap ? c : s;
  cosine = swap ? s : c;
  sine = (quarter & 2) != 0 ? -sine : sine;
  cosine = ((quarter + 1) & 2) != 0 ? -cosine : cosine;
}

inline void sincos_turn(uint32_t bits, double& sine, double& cosine) {
  const double angle = static_cast<double>(bits) * (0x1p-32 * 6.28318530717958647692);
  sine = std::sin(angle);
  cosine = std::cos(angle);
}

void normal(Stream, const RandomState* state, uint32_t ordinal, DType dtype, int64_t count, double mean,
            double deviation, void* out) {
  with_float_type(dtype, "normal", [&](auto type) {
    using T = decltype(type);
    using C = Compute<T>;
    const C centre = static_cast<C>(mean), scale = static_cast<C>(deviation);
    for_each_block(*state, ordinal, count, [&](const PhiloxBlock& bits, int64_t first, int64_t size) {
      C values[4][kWide];
      for (int pair = 0; pair < 4; pair += 2) {
#pragma omp simd
        for (int i = 0; i < kWide; ++i) {
          const C radius = std::sqrt(C(-2) * log_of_unit(bits.lanes[pair][i], C()));
          C sine, cosine;
          sincos_turn(bits.lanes[pair + 1][i], sine, cosine);
          values[pair][i] = centre + scale * (radius * cosine);
          values[pair + 1][i] = centre + scale * (radius * sine);
        }
      }
      store_block(values, size, static_cast<T*>(out) + first);
    });
  });
}

void bernoulli(Stream, const RandomState* state, uint32_t ordinal, DType dtype, int64_t count,
               double probability, double value, void* out) {
  with_float_type(dtype, "bernoulli", [&](auto type) {
    using T = decltype(type);
    using C = Compute<T>;
    const float threshold = static_cast<float>(probability);
    for_each_block(*state, ordinal, count, [&](const PhiloxBlock& bits, int64_t first, int64_t size) {
      C values[4][kWide];
      for (int lane = 0; lane < 4; ++lane) {
#pragma omp simd
        for (int i = 0; i < kWide; ++i) {
          values[lane][i] = unit_interval(bits.lanes[lane][i]) < threshold ? static_cast<C>(value) : C(0);
        }
      }
      store_block(values, size, static_cast<T*>(out) + first);
    });
  });
}

void integers(Stream, const RandomState* state, uint32_t ordinal, int64_t count, uint32_t bound,
              int64_t* out) {
  for_each_block(*state, ordinal, count, [&](const PhiloxBlock& bits, int64_t first, int64_t size) {
    for (int64_t i = 0; i < size; ++i)
      out[first + i] = static_cast<int64_t>((uint64_t{bits.lanes[i % 4][i / 4]} * bound) >> 32);
  });
}

}  // namespace

const RandomKernels random_kernels = {uniform, normal, bernoulli, integers};

}  // namespace ganymede::kernels::cpu
