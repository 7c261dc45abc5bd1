#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace ganymede::data {

// Counter-based random numbers: a stream is a pure function of its keys, so what a sample draws depends
// on (seed, epoch, sample) and never on which thread asked first. The step is splitmix64.
class Random {
 public:
  explicit Random(uint64_t seed, uint64_t first = 0, uint64_t second = 0)
      : state_(mix(mix(mix(seed) + kStep * (first + 1)) ^ (kStep * (2 * second + 1)))) {}

  uint64_t bits() { return mix(state_ += kStep); }

  // In [0, 1), 53 bits.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double uniform(double low, double high) { return low + (high - low) * uniform(); }

  // In [0, n), without bias; n >= 1.
  int64_t below(int64_t n) {
    const uint64_t range = static_cast<uint64_t>(n), reject = -range % range;
    for (;;) {
      const unsigned __int128 product = static_cast<unsigned __int128>(bits()) * range;
      if (static_cast<uint64_t>(product) >= reject) return static_cast<int64_t>(product >> 64);
    }
  }

  bool chance(double probability) { return uniform() < probability; }

  // Standard normal (Box-Muller, one of the pair).
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15u;
  static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

  uint64_t state_;
};

}  // namespace ganymede::data
