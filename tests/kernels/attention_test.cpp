// Attention and its gradient on cpu and on sim or cuda (device_under_test.h) against plain loops in double that store every score.
#include <gtest/gtest.h>

#include <span>

#include "kernels/cpu/families.h"
#include "kernels/device/families.h"
#include "kernels/simt/simulator.h"
#include "tests/kernels/conv2d_check.h"

namespace ganymede::kernels::sim {
namespace {

using namespace check;

struct Device {
  const char* name;
  const AttentionKernels& kernels;
  DType dtype;
  Math math;
  bool on_host() const { return &kernels == &cpu::attention_kernels; }
};
const Device kDevices[] = {{"f32", kernels_under_test().attention, DType::f32, Math::f32},
                           {"tf32", kernels_under_test().attention, DType::f32, Math::tf32},
                           {"bf16", kernels_under_test().attention, DType::bf16, Math::f32},
                           {"cpu f32", cpu::attention_kernels, DType::f32, Math::f32},
                           {"cpu bf16", cpu::attention_kernels, DType::bf16, Math::f32},
                           {"cpu f64", cpu::attention_kernels, DType::f64, Math::f32}};

Attention attention(int batch, int queries, int keys, int depth, int width, double scale = 0) {
  return {batch, queries, keys, depth, width, scale ? scale : 1 / std::sqrt(depth), DType::f32, Math::f32};
}

struct Tensors {
  std::vector<double> q, k, v, g;             // operands
  std::vector<double> o, logsum, dq, dk, dv;  // results
};

Tensors operands(const Attention& a) {
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

void reference(const Attention& p, Tensors& t) {
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
std::vector<std::vector<unsigned char>> expect_matches(Attention a, const Device& device) {
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

TEST(Attention, OddSizesMatchReference) {
  for (const Device& device : kDevices) {
    expect_matches(attention(1, 1, 1, 1, 1), device);
    expect_matches(attention(1, 3, 5, 2, 7), device);
    expect_matches(attention(2, 67, 13, 5, 3), device);
    expect_matches(attention(3, 7, 131, 9, 33), device);
    expect_matches(attention(1, 65, 129, 35, 130), device);  // two tiles of columns, chunks that end early
  }
}

TEST(Attention, VectorPathMatchesReference) {
  for (const Device& device : kDevices) {
    expect_matches(attention(2, 64, 64, 32, 128), device);
    expect_matches(attention(1, 100, 72, 8, 32), device);
    expect_matches(attention(1, 40, 136, 64, 24), device);
  }
}

TEST(Attention, LargeScoresDoNotOverflow) {
  for (const Device& device : kDevices) {
    if (device.dtype == DType::f32 && device.math == Math::tf32)
      continue;  // scores in the hundreds have few digits left
    if (device.dtype == DType::bf16) continue;
    const HostOperands where(device.on_host());
    Attention a = attention(1, 9, 70, 16, 8, 20.0);
    a.dtype = device.dtype;
    Tensors t = operands(a);
    const DType wide = a.dtype == DType::f64 ? DType::f64 : DType::f32;
    Guarded q(a.dtype, t.q), k(a.dtype, t.k), v(a.dtype, t.v), o(a.dtype, std::ssize(t.g)), logsum(wide, 9);
    Guarded workspace(DType::f32, static_cast<int64_t>(device.kernels.workspace_bytes(a) / 4 + 1));
    device.kernels.forward(nullptr, a, q.data(), k.data(), v.data(), o.data(), logsum.data(),
                           workspace.data());
    for (const double value : o.values()) ASSERT_TRUE(std::isfinite(value)) << device.name;
    for (const double value : logsum.values()) ASSERT_GT(value, 50) << device.name;
  }
}

TEST(Attention, NullGradientsAreNotComputed) {
  for (const Device& device : kDevices) {
    const HostOperands where(device.on_host());
    Attention a = attention(1, 10, 11, 4, 6);
    a.dtype = device.dtype, a.math = device.math;
    Tensors t = operands(a);
    reference(a, t);
    const DType wide = a.dtype == DType::f64 ? DType::f64 : DType::f32;
    Guarded q(a.dtype, t.q), k(a.dtype, t.k), v(a.dtype, t.v), g(a.dtype, t.g), o(a.dtype, t.o),
        logsum(wide, t.logsum);
    Guarded dq(a.dtype, std::ssize(t.q)), dk(a.dtype, std::ssize(t.k)), dv(a.dtype, std::ssize(t.v));
    Guarded workspace(DType::f32, static_cast<int64_t>(device.kernels.workspace_bytes(a) / 4 + 1));
    const auto run = [&](void* to_q, void* to_k, void* to_v) {
      device.kernels.gradient(nullptr, a, q.data(), k.data(), v.data(), o.data(), logsum.data(), g.data(),
                              to_q, to_k, to_v, workspace.data());
    };
    run(dq.data(), nullptr, nullptr);
    run(nullptr, dk.data(), nullptr);
    run(nullptr, nullptr, dv.data());
    const double allowed = tolerance(a.dtype, a.math).gradient;
    EXPECT_LE(relative_error(dq.values(), t.dq), allowed) << device.name;
    EXPECT_LE(relative_error(dk.values(), t.dk), allowed) << device.name;
    EXPECT_LE(relative_error(dv.values(), t.dv), allowed) << device.name;
  }
}

TEST(Attention, ThreadOrdersGiveEqualBits) {
  const Settings before = settings();
  for (const Device& device : std::span(kDevices).first(3)) {
    const auto run = [&](Order order) {
      configure({order, 3, 0});
      return expect_matches(attention(2, 70, 67, 20, 10), device);
    };
    const auto bits = run(Order::forward);
    EXPECT_EQ(run(Order::reverse), bits) << device.name;
    EXPECT_EQ(run(Order::random), bits) << device.name;
  }
  configure(before);
}

TEST(Attention, RefusesNoKeys) {
  const Attention a = attention(1, 4, 0, 4, 4, 1.0);
  EXPECT_THROW(
      kernels_under_test().attention.forward(nullptr, a, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr),
      std::runtime_error);
  EXPECT_THROW(
      cpu::attention_kernels.forward(nullptr, a, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr),
      std::runtime_error);
}

}  // namespace
}  // namespace ganymede::kernels::sim
