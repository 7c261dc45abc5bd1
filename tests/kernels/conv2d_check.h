// What the tests of convolution and matrix product kernels share: guarded operands, random values that bf16
// holds exactly, the sums of kernels/api/conv2d.h and gemm.h as plain loops in double, and the tolerances.
#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "kernels/api/gemm.h"
#include "kernels/api/kernels.h"
#include "kernels/device/convert.h"
#include "tests/kernels/device_under_test.h"
#include "tests/kernels/tile_launchers.h"

namespace ganymede::kernels::sim::check {

// The launchers of the device under test.
inline const TileLaunchers& launchers() {
#ifdef GANYMEDE_HAS_CUDA
  if (tests_run_on_cuda()) return cuda::tile_launchers();
#endif
  return tile_launchers();
}

// Where the operands of the next kernels lie: the device under test, or the host while a HostOperands lives.
inline bool operands_on_cuda = tests_run_on_cuda();
class HostOperands {
 public:
  explicit HostOperands(bool on_host) { operands_on_cuda = tests_run_on_cuda() && !on_host; }
  ~HostOperands() { operands_on_cuda = tests_run_on_cuda(); }
  HostOperands(const HostOperands&) = delete;
};

// A tensor of f32, bf16 or f64 that starts as NaN and has a guard of 64 bytes behind it. `shift` elements
// before the data spoil its alignment. On cuda the bytes move to the card when a kernel asks for them, and come back
// whenever they are looked at.
class Guarded {
 public:
  Guarded(DType dtype, int64_t count, int shift = 0)
      : dtype_(dtype),
        size_(dtype == DType::bf16  ? 2
              : dtype == DType::f32 ? 4
                                    : 8),
        count_(count),
        start_(shift * size_),
        bytes_(start_ + count * size_ + 80, 0xff) {
    start_ += (16 - reinterpret_cast<uintptr_t>(bytes_.data()) % 16) % 16;
  }
  Guarded(DType dtype, const std::vector<double>& values, int shift = 0)
      : Guarded(dtype, std::ssize(values), shift) {
    for (int64_t i = 0; i < count_; ++i) set(i, values[i]);
  }
  ~Guarded() {
    if (on_card_) memory().release(on_card_);
  }
  Guarded(const Guarded&) = delete;
  void* data() {
    if (!operands_on_cuda) return bytes_.data() + start_;
    if (!on_card_) {
      on_card_ = static_cast<unsigned char*>(memory().allocate(bytes_.size()));
      memory().upload(nullptr, on_card_, bytes_.data(), bytes_.size());
    }
    return on_card_ + start_;
  }
  std::vector<double> values() const {
    fetch();
    std::vector<double> all(count_);
    for (int64_t i = 0; i < count_; ++i) all[i] = get(i);
    return all;
  }
  bool guard_is_whole() const {
    fetch();
    for (size_t i = start_ + count_ * size_; i < bytes_.size(); ++i) {
      if (bytes_[i] != 0xff) return false;
    }
    return true;
  }
  std::vector<unsigned char> bits() const {
    fetch();
    return {bytes_.begin() + start_, bytes_.begin() + start_ + count_ * size_};
  }

 private:
  void set(int64_t i, double value) {
    unsigned char* to = bytes_.data() + start_ + i * size_;
    const float single = static_cast<float>(value);
    const Bf16 half = to_bf16(single);
    if (dtype_ == DType::bf16) std::memcpy(to, &half, 2);
    else if (dtype_ == DType::f32) std::memcpy(to, &single, 4);
    else std::memcpy(to, &value, 8);
  }
  double get(int64_t i) const {
    const unsigned char* from = bytes_.data() + start_ + i * size_;
    Bf16 half;
    float single;
    double value;
    std::memcpy(&half, from, 2);
    if (dtype_ == DType::bf16) return to_float(half);
    std::memcpy(&single, from, 4);
    if (dtype_ == DType::f32) return single;
    std::memcpy(&value, from, 8);
    return value;
  }

  DType dtype_;
  static const DeviceKernels& memory() { return kernels_under_test().device; }
  void fetch() const {
    if (on_card_) memory().download(nullptr, bytes_.data(), on_card_, bytes_.size());
  }

  int64_t size_, count_, start_;
  mutable std::vector<unsigned char> bytes_;
  unsigned char* on_card_ = nullptr;
};

inline std::vector<double> random_values(int64_t count, int seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  std::vector<double> values(count);
  for (double& v : values) v = to_float(to_bf16(normal(generator)));
  return values;
}

// What a relu leaves: some are zero.
inline std::vector<double> mask_values(int64_t count, int seed) {
  std::vector<double> values = random_values(count, seed);
  for (size_t i = 0; i < values.size(); i += 3) values[i] = 0;
  return values;
}

inline double relative_error(const std::vector<double>& got, const std::vector<double>& want) {
  double difference = 0, size = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    difference += (got[i] - want[i]) * (got[i] - want[i]);
    size += want[i] * want[i];
  }
  return size > 0 ? std::sqrt(difference / size) : std::sqrt(difference);
}

// Relative L2 error allowed to a forward sum, a gradient.
struct Tolerance {
  double forward, gradient;
};
inline Tolerance tolerance(DType dtype, Math math) {
  if (dtype == DType::f64) return {1e-13, 1e-13};
  if (dtype == DType::bf16) return {1e-2, 2e-2};
  return math == Math::tf32 ? Tolerance{2e-3, 2e-3} : Tolerance{1e-5, 5e-5};
}

inline double activated(Unary f, double x, double alpha) {
  switch (f) {
    case Unary::relu: return x < 0 ? 0 : x;
    case Unary::leaky_relu: return x > 0 ? x : alpha * x;
    case Unary::sigmoid: return 1 / (1 + std::exp(-x));
    case Unary::tanh: return std::tanh(x);
    default: return x;
  }
}

inline int64_t x_count(const Conv2d& p) { return int64_t{p.n} * p.h * p.w * p.c; }
inline int64_t y_count(const Conv2d& p) { return int64_t{p.n} * p.p * p.q * p.k; }
inline int64_t w_count(const Conv2d& p) { return int64_t{p.k} * p.r * p.s * (p.c / p.groups); }

// Calls term(index in x, in w, in y) for every product of the sum in kernels/api/conv2d.h.
template <class Term>
void for_each_term(const Conv2d& p, Term term) {
  const int channels = p.c / p.groups, outputs = p.k / p.groups;
  for (int n = 0; n < p.n; ++n)
    for (int op = 0; op < p.p; ++op)
      for (int oq = 0; oq < p.q; ++oq)
        for (int k = 0; k < p.k; ++k)
          for (int r = 0; r < p.r; ++r)
            for (int s = 0; s < p.s; ++s) {
              const int h = op * p.stride_h - p.pad_h + r * p.dilation_h,
                        w = oq * p.stride_w - p.pad_w + s * p.dilation_w;
              if (h < 0 || h >= p.h || w < 0 || w >= p.w) continue;
              for (int c = 0; c < channels; ++c) {
                const int64_t x = ((int64_t{n} * p.h + h) * p.w + w) * p.c + k / outputs * channels + c;
                const int64_t f = ((int64_t{k} * p.r + r) * p.s + s) * channels + c;
                term(x, f, ((int64_t{n} * p.p + op) * p.q + oq) * p.k + k);
              }
            }
}

// values = f(values + bias[i % channels] + residual), or values * (mask > 0 ? 1 : alpha).
inline void finish(std::vector<double>& values, const std::vector<double>& bias, Unary f, double alpha, const std::vector<double>& residual = {}, const std::vector<double>& mask = {}) {
  for (size_t i = 0; i < values.size(); ++i) {
    values[i] = activated(f, values[i] + (bias.empty() ? 0 : bias[i % bias.size()]) + (residual.empty() ? 0 : residual[i]), alpha);
    if (!mask.empty() && !(mask[i] > 0)) values[i] *= alpha;
  }
}

inline std::string describe(const Conv2d& p) {
  const auto text = [](int a, int b) { return std::to_string(a) + "x" + std::to_string(b); };
  return std::to_string(p.n) + " x " + text(p.h, p.w) + "x" + std::to_string(p.c) + " -> " + text(p.p, p.q) +
         "x" + std::to_string(p.k) + " filter " + text(p.r, p.s) + " stride " + text(p.stride_h, p.stride_w) +
         " pad " + text(p.pad_h, p.pad_w) + " dilation " + text(p.dilation_h, p.dilation_w) + " groups " +
         std::to_string(p.groups) +
         (p.dtype == DType::bf16 ? " bf16"
          : p.math == Math::tf32 ? " tf32"
                                 : " f32");
}

}  // namespace ganymede::kernels::sim::check
