// What the tests of attention share: operands, the sums of kernels/api/attention.h as plain loops in double that store every
// score, and the comparison of all results of a device with them.
#pragma once
#include "kernels/cpu/families.h"
#include "kernels/device/families.h"
#include "kernels/simt/simulator.h"
#include "tests/kernels/conv2d_check.h"

namespace ganymede::kernels::sim::check {

struct Device {
  const char* name;
  const AttentionKernels& kernels;
  DType dtype;
  Math math;
  bool on_host() const { return &kernels == &cpu::attention_kernels; }
};
inline const Device kDevices[] = {{"f32", kernels_under_test().attention, DType::f32, Math::f32},
                                  {"tf32", kernels_under_test().attention, DType::f32, Math::tf32},
                                  {"bf16", kernels_under_test().attention, DType::bf16, Math::f32},
                                  {"cpu f32", cpu::attention_kernels, DType::f32, Math::f32},
                                  {"cpu bf16", cpu::attention_kernels, DType::bf16, Math::f32},
                                  {"cpu f64", cpu::attention_kernels, DType::f64, Math::f32}};

inline Attention attention(int batch, int queries, int keys, int depth, int width, double scale = 0) {
  return {batch, queries, keys, depth, width, scale ? scale : 1 / std::sqrt(depth), DType::f32, Math::f32};
}

struct Tensors {
  std::vector<double> q, k, v, g;             // operands
  std::vector<double> o, logsum, dq, dk, dv;  // results
};

inline Tensors operands(const Attention& a) {
  return {random_values(int64_t{a.batch} * a.queries * a.depth, 1),
          random_values(int64_t{a.batch} * a.keys * a.depth, 2),
          random_values(int64_t{a.batch} * a.keys * a.width, 3),
          random_values(int64_t{a.batch} * a.queries * a.width, 4),
          {},
          {},
          {},
          {},
          {}};
}

inline void reference(const Attention& p, Tensors& t) {
  t.o.assign(t.g.size(), 0), t.logsum.assign(int64_t{p.batch} * p.queries, 0);
  t.dq.assign(t.q.size(), 0), t.dk.assign(t.k.size(), 0), t.dv.assign(t.v.size(), 0);
  for (int64_t row = 0; row < std::ssize(t.logsum); ++row) {
    const int64_t first = row / p.queries * p.keys;
    std::vector<double> a(p.keys), da(p.keys);
    double total = 0, delta = 0;
    for (int j = 0; j < p.keys; ++j) {
      for (int d = 0; d < p.depth; ++d)
        a[j] += p.scale * t.q[row * p.depth + d] * t.k[(first + j) * p.depth + d];
      for (int e = 0; e < p.width; ++e) da[j] += t.g[row * p.width + e] * t.v[(first + j) * p.width + e];
      total += std::exp(a[j]);
    }
    t.logsum[row] = std::log(total);
    for (int j = 0; j < p.keys; ++j) {
      a[j] = std::exp(a[j]) / total;
      delta += a[j] * da[j];
      for (int e = 0; e < p.width; ++e) {
        t.o[row * p.width + e] += a[j] * t.v[(first + j) * p.width + e];
        t.dv[(first + j) * p.width + e] += a[j] * t.g[row * p.width + e];
      }
    }
    for (int j = 0; j < p.keys; ++j) {
      const double ds = p.scale * a[j] * (da[j] - delta);
      for (int d = 0; d < p.depth; ++d) {
        t.dq[row * p.depth + d] += ds * t.k[(first + j) * p.depth + d];
        t.dk[(first + j) * p.depth + d] += ds * t.q[row * p.depth + d];
      }
    }
  }
}

// Forward, then the gradient; returns the bits of all results.
inline std::vector<std::vector<unsigned char>> expect_matches(Attention a, const Device& device) {
  const HostOperands where(device.on_host());
  a.dtype = device.dtype, a.math = device.math;
  SCOPED_TRACE(testing::Message() << device.name << " " << a.batch << " x " << a.queries << " queries, "
                                  << a.keys << " keys, depth " << a.depth << ", width " << a.width);
  Tensors t = operands(a);
  reference(a, t);
  const DType wide = a.dtype == DType::f64 ? DType::f64 : DType::f32;
  Guarded q(a.dtype, t.q), k(a.dtype, t.k), v(a.dtype, t.v), g(a.dtype, t.g), o(a.dtype, std::ssize(t.o));
  Guarded logsum(wide, std::ssize(t.logsum)), dq(a.dtype, std::ssize(t.q)), dk(a.dtype, std::ssize(t.k)),
      dv(a.dtype, std::ssize(t.v));
  Guarded workspace(DType::f32, static_cast<int64_t>(device.kernels.workspace_bytes(a) / 4 + 1));
  device.kernels.forward(nullptr, a, q.data(), k.data(), v.data(), o.data(), logsum.data(), workspace.data());
  device.kernels.gradient(nullptr, a, q.data(), k.data(), v.data(), o.data(), logsum.data(), g.data(),
                          dq.data(), dk.data(), dv.data(), workspace.data());
  const Tolerance allowed = tolerance(a.dtype, a.math);
  EXPECT_LE(relative_error(o.values(), t.o), allowed.forward);
  EXPECT_LE(relative_error(logsum.values(), t.logsum), allowed.forward);
  EXPECT_LE(relative_error(dv.values(), t.dv), allowed.gradient) << "dv";
  if (a.keys > 1) {  // with one key the weights are 1 and these gradients vanish
    EXPECT_LE(relative_error(dq.values(), t.dq), allowed.gradient) << "dq";
    EXPECT_LE(relative_error(dk.values(), t.dk), allowed.gradient) << "dk";
  }
  for (const Guarded* tensor : {&o, &logsum, &dq, &dk, &dv, &workspace})
    EXPECT_TRUE(tensor->guard_is_whole());
  return {o.bits(), logsum.bits(), dq.bits(), dk.bits(), dv.bits()};
}

// Forward alone, with scores that no default makes.
inline void expect_forward_matches(const Attention& a, Tensors& t, const Device& device, double allowed) {
  reference(a, t);
  Guarded q(a.dtype, t.q), k(a.dtype, t.k), v(a.dtype, t.v), o(a.dtype, std::ssize(t.o)), logsum(DType::f32, std::ssize(t.logsum));
  device.kernels.forward(nullptr, a, q.data(), k.data(), v.data(), o.data(), logsum.data(), nullptr);
  EXPECT_LE(relative_error(o.values(), t.o), allowed);
  EXPECT_LE(relative_error(logsum.values(), t.logsum), allowed);
}

inline Attention bf16(Attention a) {
  a.dtype = DType::bf16;
  return a;
}

}  // namespace ganymede::kernels::sim::check
