// Attention and its gradient on cpu and on sim or cuda (device_under_test.h) against plain loops in double that store every score.
#include <gtest/gtest.h>

#include <span>

#include "tests/kernels/attention_check.h"

namespace ganymede::kernels::sim {
namespace {

using namespace check;

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
