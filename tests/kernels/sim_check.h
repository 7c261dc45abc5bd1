// What the tests of the simulated kernels share: inputs of exact size, poisoned and guarded outputs, and running a kernel
// in three thread orders, which must give equal bits.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "kernels/device/convert.h"
#include "kernels/device/families.h"
#include "kernels/simt/simulator.h"

namespace ganymede::kernels::sim::family_check {

inline int64_t bytes_of(DType dtype) {
  switch (dtype) {
    case DType::f32: case DType::i32: return 4;
    case DType::bf16: return 2;
    case DType::u8: return 1;
    default: return 8;
  }
}

inline const char* text(DType dtype) {
  constexpr const char* kNames[] = {"f32", "bf16", "f64", "i32", "i64", "u8"};
  return kNames[static_cast<int>(dtype)];
}

// What gamma, statistics and other f32 companions of a tensor are stored as.
inline DType wide_type(DType dtype) { return dtype == DType::f64 ? DType::f64 : DType::f32; }

// Device memory of exact size at a multiple of 256 bytes plus `shift` elements, so that AddressSanitizer sees every read
// past the end. guard: elements behind it that must stay as they are.
class Buffer {
 public:
  Buffer(DType dtype, int64_t count, int shift = 0, int64_t guard = 0)
      : dtype_(dtype), count_(count), guard_(guard), shift_(shift) {
    const size_t bytes = static_cast<size_t>((shift + count + guard) * bytes_of(dtype));
    if (posix_memalign(&base_, 256, bytes ? bytes : 1) != 0) std::abort();
    std::memset(base_, 0xff, bytes);
  }
  Buffer(DType dtype, const std::vector<double>& values, int shift = 0, int64_t guard = 0)
      : Buffer(dtype, static_cast<int64_t>(values.size()), shift, guard) {
    for (int64_t i = 0; i < count_; ++i) set(i, values[static_cast<size_t>(i)]);
  }
  ~Buffer() { std::free(base_); }
  Buffer(const Buffer&) = delete;

  void* data() const { return static_cast<char*>(base_) + shift_ * bytes_of(dtype_); }
  template <class T>
  T* as() const { return static_cast<T*>(data()); }

  std::vector<unsigned char> bits() const {
    const auto* p = static_cast<const unsigned char*>(data());
    return {p, p + count_ * bytes_of(dtype_)};
  }
  std::vector<double> values() const {
    std::vector<double> all(static_cast<size_t>(count_));
    for (int64_t i = 0; i < count_; ++i) all[static_cast<size_t>(i)] = get(i);
    return all;
  }
  bool guarded() const {
    const auto* p = static_cast<const unsigned char*>(data());
    for (int64_t i = count_ * bytes_of(dtype_); i < (count_ + guard_) * bytes_of(dtype_); ++i) {
      if (p[i] != 0xff) return false;
    }
    const auto* front = static_cast<const unsigned char*>(base_);
    for (int64_t i = 0; i < shift_ * bytes_of(dtype_); ++i) {
      if (front[i] != 0xff) return false;
    }
    return true;
  }

 private:
  void set(int64_t i, double value) {
    switch (dtype_) {
      case DType::f32: as<float>()[i] = static_cast<float>(value); break;
      case DType::bf16: as<Bf16>()[i] = to_bf16(static_cast<float>(value)); break;
      case DType::f64: as<double>()[i] = value; break;
      case DType::i32: as<int32_t>()[i] = static_cast<int32_t>(value); break;
      case DType::i64: as<int64_t>()[i] = static_cast<int64_t>(value); break;
      case DType::u8: as<uint8_t>()[i] = static_cast<uint8_t>(value); break;
    }
  }
  double get(int64_t i) const {
    switch (dtype_) {
      case DType::f32: return as<float>()[i];
      case DType::bf16: return to_float(as<Bf16>()[i]);
      case DType::f64: return as<double>()[i];
      case DType::i32: return as<int32_t>()[i];
      case DType::i64: return static_cast<double>(as<int64_t>()[i]);
      default: return as<uint8_t>()[i];
    }
  }

  DType dtype_;
  int64_t count_, guard_;
  int shift_;
  void* base_ = nullptr;
};

// An output of a kernel; initial: what it holds before (poison when empty), for kernels that work in place.
struct Output {
  DType dtype;
  int64_t count;
  std::vector<double> initial = {};
  int shift = 0;
};

using Values = std::vector<double>;

// Runs the kernel in three orders on fresh outputs. Demands equal bits and whole guards; returns the values.
inline std::vector<Values> run_in_orders(const std::vector<Output>& outputs,
                                         const std::function<void(const std::vector<void*>&)>& kernel) {
  const Settings kept = settings();
  std::vector<Values> values;
  std::vector<std::vector<unsigned char>> first;
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    Settings now = kept;
    now.order = order;
    now.seed = 7;
    configure(now);
    std::vector<std::unique_ptr<Buffer>> buffers;
    std::vector<void*> pointers;
    for (const Output& output : outputs) {
      constexpr int64_t kGuard = 64;
      buffers.push_back(output.initial.empty()
                            ? std::make_unique<Buffer>(output.dtype, output.count, output.shift, kGuard)
                            : std::make_unique<Buffer>(output.dtype, output.initial, output.shift, kGuard));
      pointers.push_back(buffers.back()->data());
    }
    kernel(pointers);
    for (size_t i = 0; i < buffers.size(); ++i) {
      EXPECT_TRUE(buffers[i]->guarded()) << "output " << i << ": written outside";
      if (order == Order::forward) {
        values.push_back(buffers[i]->values());
        first.push_back(buffers[i]->bits());
      } else {
        EXPECT_EQ(first[i], buffers[i]->bits()) << "output " << i << " depends on the order of threads";
      }
    }
  }
  configure(kept);
  return values;
}

// Normal values that bf16 holds exactly, so that every dtype starts from the same numbers.
inline Values random_values(int64_t count, int seed, double mean = 0, double deviation = 1) {
  std::mt19937 generator(static_cast<unsigned>(seed));
  std::normal_distribution<double> normal(mean, deviation);
  Values values(static_cast<size_t>(count));
  for (double& v : values) v = to_float(to_bf16(static_cast<float>(normal(generator))));
  return values;
}

inline Values positive(Values values) {
  for (double& v : values) v = std::fabs(v) + 0.0625;
  return values;
}

// Relative L2 error; infinite where either side is not finite and they differ.
inline double relative_error(const Values& found, const Values& wanted) {
  if (found.size() != wanted.size()) return std::numeric_limits<double>::infinity();
  double difference = 0, size = 0;
  for (size_t i = 0; i < found.size(); ++i) {
    if (std::isfinite(found[i]) != std::isfinite(wanted[i])) return std::numeric_limits<double>::infinity();
    if (!std::isfinite(wanted[i])) continue;
    difference += (found[i] - wanted[i]) * (found[i] - wanted[i]);
    size += wanted[i] * wanted[i];
  }
  return size > 0 ? std::sqrt(difference / size) : std::sqrt(difference);
}

// Bound of relative_error for one rounding of the result, or for sums in f32.
inline double tolerance(DType dtype, double f32) { return dtype == DType::f64 ? 1e-12 : dtype == DType::bf16 ? 4e-3 : f32; }

constexpr DType kFloats[] = {DType::f32, DType::bf16, DType::f64};

}  // namespace ganymede::kernels::sim::family_check
