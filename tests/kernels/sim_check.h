// What the tests of the simulated kernels share: inputs of exact size, poisoned and guarded outputs, and
// running a kernel in three thread orders, which must give equal bits. With GANYMEDE_TEST_DEVICE=cuda in the
// environment the same tests run on the GPU, three times over.
#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/device/convert.h"
#include "kernels/device/families.h"
#include "kernels/simt/simulator.h"
#include "tests/kernels/device_under_test.h"

namespace ganymede::kernels::sim::family_check {

// The kernels under test.
inline const Kernels& kernels() { return kernels_under_test(); }

// Memory of the host, for the cpu kernels that results are compared with.
inline const DeviceKernels& host() { return sim::table().device; }

inline int64_t bytes_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
    case DType::i32: return 4;
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

using Values = std::vector<double>;

// A number as bytes of a dtype, and back.
inline void encode(DType dtype, double value, unsigned char* to) {
  const auto put = [&](auto element) { std::memcpy(to, &element, sizeof element); };
  switch (dtype) {
    case DType::f32: return put(static_cast<float>(value));
    case DType::bf16: return put(to_bf16(static_cast<float>(value)));
    case DType::f64: return put(value);
    case DType::i32: return put(static_cast<int32_t>(value));
    case DType::i64: return put(static_cast<int64_t>(value));
    case DType::u8: return put(static_cast<uint8_t>(value));
  }
}

template <class T>
T decode_as(const unsigned char* from) {
  T element;
  std::memcpy(&element, from, sizeof element);
  return element;
}

inline double decode(DType dtype, const unsigned char* from) {
  switch (dtype) {
    case DType::f32: return decode_as<float>(from);
    case DType::bf16: return to_float(decode_as<Bf16>(from));
    case DType::f64: return decode_as<double>(from);
    case DType::i32: return decode_as<int32_t>(from);
    case DType::i64: return static_cast<double>(decode_as<int64_t>(from));
    default: return *from;
  }
}

// Memory of the device under test, of exact size at a multiple of 256 bytes plus `shift` elements, so that
// AddressSanitizer sees every read past the end. guard: elements behind it that must stay as they are.
class Buffer {
 public:
  Buffer(DType dtype, int64_t count, int shift = 0, int64_t guard = 0,
         const DeviceKernels& device = kernels().device)
      : device_(device),
        dtype_(dtype),
        count_(count),
        guard_(guard),
        shift_(shift),
        base_(device.allocate(all_bytes())) {
    store(std::vector<unsigned char>(all_bytes(), 0xff));
  }
  Buffer(DType dtype, const Values& values, int shift = 0, int64_t guard = 0,
         const DeviceKernels& device = kernels().device)
      : Buffer(dtype, static_cast<int64_t>(values.size()), shift, guard, device) {
    std::vector<unsigned char> bytes(all_bytes(), 0xff);
    const int64_t size = bytes_of(dtype);
    for (int64_t i = 0; i < count_; ++i)
      encode(dtype, values[static_cast<size_t>(i)], &bytes[static_cast<size_t>((shift_ + i) * size)]);
    store(bytes);
  }
  ~Buffer() { device_.release(base_); }
  Buffer(const Buffer&) = delete;

  void* data() const { return static_cast<char*>(base_) + shift_ * bytes_of(dtype_); }
  template <class T>
  T* as() const {
    return static_cast<T*>(data());
  }

  void poison() { store(std::vector<unsigned char>(all_bytes(), 0xff)); }
  std::vector<unsigned char> bits() const {
    const std::vector<unsigned char> all = load();
    const int64_t begin = shift_ * bytes_of(dtype_);
    return {all.begin() + begin, all.begin() + begin + count_ * bytes_of(dtype_)};
  }
  Values values() const {
    const std::vector<unsigned char> all = bits();
    Values result(static_cast<size_t>(count_));
    for (int64_t i = 0; i < count_; ++i)
      result[static_cast<size_t>(i)] = decode(dtype_, all.data() + i * bytes_of(dtype_));
    return result;
  }
  bool guarded() const {
    std::vector<unsigned char> all = load();
    const int64_t begin = shift_ * bytes_of(dtype_);
    all.erase(all.begin() + begin, all.begin() + begin + count_ * bytes_of(dtype_));
    for (const unsigned char byte : all) {
      if (byte != 0xff) return false;
    }
    return true;
  }

 private:
  size_t all_bytes() const { return static_cast<size_t>((shift_ + count_ + guard_) * bytes_of(dtype_)); }
  void store(const std::vector<unsigned char>& bytes) {
    device_.upload(nullptr, base_, bytes.data(), bytes.size());
  }
  std::vector<unsigned char> load() const {
    std::vector<unsigned char> bytes(all_bytes());
    device_.download(nullptr, bytes.data(), base_, bytes.size());
    return bytes;
  }

  const DeviceKernels& device_;
  DType dtype_;
  int64_t count_, guard_;
  int shift_;
  void* base_;
};

// One object in the memory of the device under test.
template <class T>
class OnDevice {
 public:
  explicit OnDevice(const T& value) : memory_(DType::u8, sizeof(T)) {
    kernels().device.upload(nullptr, memory_.data(), &value, sizeof value);
  }
  const T* get() const { return memory_.as<T>(); }

 private:
  Buffer memory_;
};

// An output of a kernel; initial: what it holds before (poison when empty), for kernels that work in place.
struct Output {
  DType dtype;
  int64_t count;
  Values initial = {};
  int shift = 0;
};

// Runs the kernel in three orders on fresh outputs. Demands equal bits and whole guards; returns the values.
inline std::vector<Values> run_in_orders(const std::vector<Output>& outputs,
                                         const std::function<void(const std::vector<void*>&)>& kernel,
                                         const DeviceKernels& device = kernels().device) {
  constexpr int64_t kGuard = 64;
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
      buffers.push_back(
          output.initial.empty()
              ? std::make_unique<Buffer>(output.dtype, output.count, output.shift, kGuard, device)
              : std::make_unique<Buffer>(output.dtype, output.initial, output.shift, kGuard, device));
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
inline double tolerance(DType dtype, double f32) {
  return dtype == DType::f64 ? 1e-12 : dtype == DType::bf16 ? 4e-3 : f32;
}

constexpr DType kFloats[] = {DType::f32, DType::bf16, DType::f64};

}  // namespace ganymede::kernels::sim::family_check
