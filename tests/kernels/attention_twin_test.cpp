// The twins of attention for sm_90a on the simulator (of the GPU: device_under_test.h, where it is one): every size of tile and edge, in
// three orders, what their reference of the softmax must bear, and when a call takes them.
#include <gtest/gtest.h>

#include "kernels/device/flash_plan.h"
#include "tests/kernels/attention_check.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim {
namespace {

using namespace check;

const Device kTwin{"bf16 twin", kernels_under_test().attention, DType::bf16, Math::f32};
constexpr AttentionRole kTwinRoles[] = {AttentionRole::forward, AttentionRole::query_gradient, AttentionRole::key_gradient};

class AttentionTwinSim : public testing::Test {
 protected:
  void SetUp() override {
    if (tests_run_on_cuda() && kernels_under_test().device.info(0).compute_capability != 90) GTEST_SKIP() << "the twins are for sm_90";
    variants_under_test().force_twins(true);
  }
  ~AttentionTwinSim() override { variants_under_test().force_twins(false); }
  const SettingsGuard guard_;
};

// In three orders, which must give equal bits.
void expect_twin_matches(const Attention& a) {
  ASSERT_TRUE(flash_has_twin(AttentionRole::forward, bf16(a)));
  std::vector<std::vector<unsigned char>> bits;
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    SCOPED_TRACE(static_cast<int>(order));
    configure({order, 5, 0});
    const auto found = expect_matches(a, kTwin);
    if (order == Order::forward) bits = found;
    else EXPECT_EQ(found, bits);
  }
}

TEST_F(AttentionTwinSim, EverySizeMatchesReference) {
  for (const int depth : {8, 16, 24, 32, 64, 128}) {
    for (const int width : {8, 64, 72, 128}) expect_twin_matches(attention(1, 70, 150, depth, width));
  }
}

TEST_F(AttentionTwinSim, EveryCountMatchesReference) {
  expect_twin_matches(attention(1, 1, 1, 32, 128));
  expect_twin_matches(attention(1, 1, 300, 16, 32));
  expect_twin_matches(attention(1, 129, 1, 32, 64));
  expect_twin_matches(attention(1, 64, 128, 40, 64));
  expect_twin_matches(attention(2, 128, 256, 32, 128));
  expect_twin_matches(attention(1, 127, 129, 64, 40));
  expect_twin_matches(attention(2, 65, 257, 96, 104));
}

// More jobs than blocks, and more tiles than stages: rings and turns go on from job to job.
TEST_F(AttentionTwinSim, PersistentBlocksMatchReference) {
  expect_twin_matches(attention(6, 140, 200, 32, 128));
  expect_twin_matches(attention(9, 20, 1, 8, 8));
  expect_twin_matches(attention(5, 10, 600, 128, 128));
  expect_twin_matches(attention(5, 130, 400, 16, 64));
  expect_twin_matches(attention(3, 401, 140, 32, 128));
}

TEST_F(AttentionTwinSim, ScaleZeroAverages) {
  Attention a = bf16(attention(1, 5, 170, 16, 8));
  a.scale = 0;
  Tensors t = operands(a);
  expect_forward_matches(a, t, kTwin, tolerance(a.dtype, a.math).forward);
}

// Scores rise from key to key, or fall, by more or less than the slack that a reference has.
TEST_F(AttentionTwinSim, ReferenceFollowsScores) {
  for (const double step : {0.05, 1.0, -0.05, -1.0}) {
    SCOPED_TRACE(step);
    const Attention a = bf16(attention(2, 137, 500, 8, 72, 1.0));
    Tensors t = operands(a);
    for (size_t i = 0; i < t.q.size(); i += 8) {
      std::fill_n(&t.q[i], 8, 0.0);
      t.q[i] = i / 8 % 3 == 0 ? step : step / 4;
    }
    for (size_t j = 0; j < t.k.size(); j += 8) t.k[j] = static_cast<double>(j / 8 % 500 / 2) - 125;
    expect_forward_matches(a, t, kTwin, tolerance(a.dtype, a.math).forward);
  }
}

// The gradients alone: forward asks for scores that grow with products.
TEST_F(AttentionTwinSim, NegativeScaleMatchesReference) {
  ASSERT_FALSE(flash_has_twin(AttentionRole::forward, bf16(attention(1, 133, 270, 24, 40, -0.5))));
  ASSERT_TRUE(flash_has_twin(AttentionRole::query_gradient, bf16(attention(1, 133, 270, 24, 40, -0.5))));
  expect_matches(attention(1, 133, 270, 24, 40, -0.5), kTwin);
}

struct Gradients {
  std::vector<double> q, k, v;
};
// From the reference's forward results; a null gradient is not asked for.
Gradients twin_gradients(const Attention& a, const Tensors& t, bool with_dk = true, bool with_dv = true) {
  Guarded q(a.dtype, t.q), k(a.dtype, t.k), v(a.dtype, t.v), g(a.dtype, t.g), o(a.dtype, t.o), logsum(DType::f32, t.logsum);
  Guarded dq(a.dtype, std::ssize(t.q)), dk(a.dtype, std::ssize(t.k)), dv(a.dtype, std::ssize(t.v));
  Guarded workspace(DType::f32, static_cast<int64_t>(kTwin.kernels.workspace_bytes(a) / 4));
  kTwin.kernels.gradient(nullptr, a, q.data(), k.data(), v.data(), o.data(), logsum.data(), g.data(), dq.data(), with_dk ? dk.data() : nullptr,
                         with_dv ? dv.data() : nullptr, workspace.data());
  EXPECT_TRUE(workspace.guard_is_whole());
  return {dq.values(), dk.values(), dv.values()};
}

// Scores far below zero make the weights of places beyond the last infinite, which must not reach a sum.
TEST_F(AttentionTwinSim, PlacesBeyondTheLastStayOut) {
  const Attention a = bf16(attention(1, 35, 35, 8, 8, 1.0));
  Tensors t = operands(a);
  for (double& x : t.q) x = 4 + 0.25 * x;
  for (double& x : t.k) x = -4 + 0.25 * x;
  for (std::vector<double>* all : {&t.q, &t.k}) {
    for (double& x : *all) x = to_float(to_bf16(static_cast<float>(x)));
  }
  reference(a, t);
  const Gradients found = twin_gradients(a, t);
  for (const double x : found.q) ASSERT_TRUE(std::isfinite(x));   // its digits cancel with such keys
  EXPECT_LE(relative_error(found.k, t.dk), tolerance(a.dtype, a.math).gradient);
  EXPECT_LE(relative_error(found.v, t.dv), tolerance(a.dtype, a.math).gradient);
}

TEST_F(AttentionTwinSim, OneOfTheGradientsMayBeLeftOut) {
  const Attention a = bf16(attention(1, 70, 140, 16, 24));
  Tensors t = operands(a);
  reference(a, t);
  const Gradients all = twin_gradients(a, t);
  EXPECT_EQ(twin_gradients(a, t, true, false).k, all.k);
  EXPECT_EQ(twin_gradients(a, t, false, true).v, all.v);
}

// What a row gives does not depend on the rows beside it, whose references move at other times.
TEST_F(AttentionTwinSim, RowsAreTheirOwn) {
  const Attention all = bf16(attention(1, 32, 500, 8, 24, 1.0));
  Attention one = all;
  one.queries = 1;
  Tensors t = operands(all);
  for (size_t i = 0; i < t.q.size(); i += 8) {
    std::fill_n(&t.q[i], 8, 0.0);
    t.q[i] = i / 8 % 2 == 0 ? 0.03125 : 1.0;
  }
  for (size_t j = 0; j < t.k.size(); j += 8) t.k[j] = static_cast<double>(j / 8 / 2) - 125;
  const auto output = [&](const Attention& a) {
    Guarded q(a.dtype, {t.q.begin(), t.q.begin() + a.queries * a.depth}), k(a.dtype, t.k), v(a.dtype, t.v), o(a.dtype, int64_t{a.queries} * a.width),
        logsum(DType::f32, a.queries);
    kTwin.kernels.forward(nullptr, a, q.data(), k.data(), v.data(), o.data(), logsum.data(), nullptr);
    return o.values();
  };
  const std::vector<double> whole = output(all), first = output(one);
  EXPECT_TRUE(std::equal(first.begin(), first.end(), whole.begin()));
}

TEST(AttentionTwin, ServesWholePieces) {
  EXPECT_TRUE(flash_has_twin(AttentionRole::forward, bf16(attention(1, 1, 1, 8, 8))));
  EXPECT_TRUE(flash_has_twin(AttentionRole::forward, bf16(attention(1, 7, 9, 128, 128))));
  EXPECT_FALSE(flash_has_twin(AttentionRole::forward, attention(1, 7, 9, 128, 128)));   // f32
  EXPECT_FALSE(flash_has_twin(AttentionRole::forward, bf16(attention(1, 7, 9, 4, 8))));
  EXPECT_FALSE(flash_has_twin(AttentionRole::forward, bf16(attention(1, 7, 9, 8, 12))));
  EXPECT_FALSE(flash_has_twin(AttentionRole::forward, bf16(attention(1, 7, 9, 136, 8))));
  EXPECT_FALSE(flash_has_twin(AttentionRole::forward, bf16(attention(1, 7, 9, 8, 136))));
  EXPECT_FALSE(flash_has_twin(AttentionRole::forward, bf16(attention(1, 7, 9, 8, 8, -1.0))));
  EXPECT_FALSE(flash_has_twin(AttentionRole::forward, bf16(attention(1, 0, 9, 8, 8))));
  EXPECT_TRUE(flash_has_twin(AttentionRole::query_gradient, bf16(attention(1, 7, 9, 128, 128))));
  EXPECT_TRUE(flash_has_twin(AttentionRole::key_gradient, bf16(attention(1, 7, 9, 64, 128))));
  EXPECT_TRUE(flash_has_twin(AttentionRole::key_gradient, bf16(attention(1, 7, 9, 128, 64))));
  EXPECT_FALSE(flash_has_twin(AttentionRole::key_gradient, bf16(attention(1, 7, 9, 72, 72))));   // registers do not hold both sums
}

TEST(AttentionTwin, IsTakenWherePreferred) {
  const SettingsGuard guard;
  const VariantKernels& v = sim::variants();
  const Attention a = bf16(attention(1, 7, 9, 16, 8)), other = bf16(attention(1, 7, 9, 16, 16)), odd = bf16(attention(1, 7, 9, 16, 9));
  for (const AttentionRole role : kTwinRoles) {
    EXPECT_FALSE(v.has_attention_twin(role, a));   // the simulator is a card of sm_80 unless it is told otherwise
    EXPECT_FALSE(v.prefer_attention_twin(role, a, true));
    const Settings plain = settings();
    Settings hopper = plain;
    hopper.capability = 90;
    configure(hopper);
    EXPECT_TRUE(v.has_attention_twin(role, a));
    EXPECT_FALSE(v.takes_attention_twin(role, a));   // the table
    EXPECT_TRUE(v.prefer_attention_twin(role, a, true));
    EXPECT_TRUE(v.takes_attention_twin(role, a));
    EXPECT_FALSE(v.takes_attention_twin(role, other));
    EXPECT_TRUE(v.prefer_attention_twin(role, a, false));
    EXPECT_FALSE(v.takes_attention_twin(role, a));
    EXPECT_FALSE(v.prefer_attention_twin(role, odd, true));
    v.force_twins(true);
    EXPECT_TRUE(v.takes_attention_twin(role, other));
    EXPECT_FALSE(v.takes_attention_twin(role, odd));
    v.force_twins(false);
    configure(plain);
  }
  v.prefer_attention_twin(kTwinRoles[0], a, true);
  v.forget();
  EXPECT_FALSE(v.takes_attention_twin(kTwinRoles[0], a));
}

// Behind sources that do not begin at 16 bytes the other kernel serves.
TEST_F(AttentionTwinSim, UnalignedPointersAreServedByTheOtherKernel) {
  const Attention a = bf16(attention(1, 9, 20, 16, 8));
  Tensors t = operands(a);
  reference(a, t);
  std::vector<double> shifted = t.q;
  shifted.insert(shifted.begin(), 0.0);
  Guarded q(a.dtype, shifted), k(a.dtype, t.k), v(a.dtype, t.v), o(a.dtype, std::ssize(t.o)), logsum(DType::f32, std::ssize(t.logsum));
  const auto* odd = static_cast<const Bf16*>(q.data()) + 1;
  EXPECT_FALSE(flash_output_twin(nullptr, a, odd, k.data(), v.data(), o.data(), static_cast<float*>(logsum.data())));
  kTwin.kernels.forward(nullptr, a, odd, k.data(), v.data(), o.data(), logsum.data(), nullptr);
  EXPECT_LE(relative_error(o.values(), t.o), tolerance(a.dtype, a.math).forward);
  Guarded statistics(DType::f32, std::vector<double>(40)), d(a.dtype, std::ssize(t.k));
  const auto* known = static_cast<const FlashStatistics*>(statistics.data());
  EXPECT_FALSE(flash_query_gradient_twin(nullptr, a, odd, k.data(), v.data(), o.data(), known, d.data()));
  EXPECT_FALSE(flash_key_gradient_twin(nullptr, a, odd, k.data(), v.data(), o.data(), known, d.data(), nullptr));
}

}  // namespace
}  // namespace ganymede::kernels::sim
