// What the tests of the cpu kernels share: operands that every type holds exactly, poisoned outputs with
// sentinels behind them, and the error measure of the tolerance table (relative L2 error against double).
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "kernels/cpu/families.h"
#include "kernels/cpu/number.h"

namespace ganymede::kernels::cpu {

// Normal values rounded to bf16, so that every type starts from the same numbers.
inline std::vector<double> random_values(int64_t count, int seed, double mean = 0, double deviation = 1) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal(mean, deviation);
  std::vector<double> values(count);
  for (double& v : values) v = to_float(to_bf16(static_cast<float>(normal(generator))));
  return values;
}

template <typename T>
std::vector<T> as(const std::vector<double>& values) {
  std::vector<T> all(values.size());
  for (size_t i = 0; i < values.size(); ++i) all[i] = store<T>(static_cast<Compute<T>>(values[i]));
  return all;
}

template <typename T>
constexpr DType dtype_of() {
  if (std::is_same_v<T, double>) return DType::f64;
  return std::is_same_v<T, Bf16> ? DType::bf16 : DType::f32;
}

// An output: NaN (or 0xff for integers) before the call, and a guard behind it that must not change.
template <typename T>
class Output {
 public:
  explicit Output(int64_t count) : count_(count), bytes_((count + kGuard) * sizeof(T), 0xff) {}
  T* data() { return reinterpret_cast<T*>(bytes_.data()); }
  const T& operator[](int64_t i) const { return reinterpret_cast<const T*>(bytes_.data())[i]; }
  int64_t size() const { return count_; }

  std::vector<double> values() const {
    for (size_t i = count_ * sizeof(T); i < bytes_.size(); ++i)
      EXPECT_EQ(bytes_[i], 0xff) << "written behind the end";
    std::vector<double> all(count_);
    for (int64_t i = 0; i < count_; ++i) {
      if constexpr (std::is_integral_v<T>) {
        all[i] = static_cast<double>((*this)[i]);
      } else {
        all[i] = load((*this)[i]);
      }
    }
    return all;
  }

 private:
  static constexpr int64_t kGuard = 16;
  int64_t count_;
  std::vector<uint8_t> bytes_;
};

// Relative L2 error; NaN anywhere makes it NaN, which no bound admits.
inline double relative_error(const std::vector<double>& got, const std::vector<double>& want) {
  EXPECT_EQ(got.size(), want.size());
  double difference = 0, size = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    difference += (got[i] - want[i]) * (got[i] - want[i]);
    size += want[i] * want[i];
  }
  return difference == 0 ? 0 : std::sqrt(difference / size);
}

// The bound for results of T: a few roundings of f64, `f32` for float, one storage rounding for bf16.
template <typename T>
double tolerance(double f32) {
  if (std::is_same_v<T, double>) return 1e-12;
  return std::is_same_v<T, Bf16> ? 5e-3 : f32;
}

template <typename Body>
void for_each_float_type(Body body) {
  {
    SCOPED_TRACE("f32");
    body(float{});
  }
  {
    SCOPED_TRACE("bf16");
    body(Bf16{});
  }
  {
    SCOPED_TRACE("f64");
    body(double{});
  }
}

}  // namespace ganymede::kernels::cpu
