// Attention on tensor cores by the kernels of kernels/device/flash.h: every size of tile, both ways to deal out rows, and what their
// reference of the softmax must bear.
#include <gtest/gtest.h>

#include "kernels/device/flash_plan.h"
#include "tests/kernels/attention_check.h"

namespace ganymede::kernels::sim {
namespace {

using namespace check;

const Device kBf16{"bf16", kernels_under_test().attention, DType::bf16, Math::f32};
const Device kTf32{"tf32", kernels_under_test().attention, DType::f32, Math::tf32};

// Enough to give a warp 32 rows, on the simulator and on a card.
int paired_batch() { return tests_run_on_cuda() ? 300 : 8; }

Attention tf32(Attention a) {
  a.math = Math::tf32;
  return a;
}

TEST(AttentionFlash, ServesWhatRegistersHold) {
  EXPECT_TRUE(flash_serves_forward(bf16(attention(1, 1, 1, 1, 1))));
  EXPECT_TRUE(flash_serves_forward(bf16(attention(1, 7, 9, 128, 300))));
  EXPECT_FALSE(flash_serves_forward(bf16(attention(1, 7, 9, 129, 3))));
  EXPECT_FALSE(flash_serves_forward(attention(1, 7, 9, 32, 32)));  // f32
  EXPECT_TRUE(flash_serves_gradient(bf16(attention(1, 7, 9, 128, 128))));
  EXPECT_FALSE(flash_serves_gradient(bf16(attention(1, 7, 9, 129, 128))));
  EXPECT_FALSE(flash_serves_gradient(bf16(attention(1, 7, 9, 128, 129))));
  EXPECT_FALSE(flash_serves_gradient(attention(1, 7, 9, 32, 32)));
  EXPECT_TRUE(flash_serves_gradient(tf32(attention(1, 7, 9, 32, 128))));
  EXPECT_TRUE(flash_serves_gradient(tf32(attention(1, 7, 9, 64, 64))));
  EXPECT_FALSE(flash_serves_gradient(tf32(attention(1, 7, 9, 32, 129))));
  EXPECT_FALSE(flash_serves_gradient(tf32(attention(1, 7, 9, 33, 65))));
  EXPECT_TRUE(flash_serves_forward(tf32(attention(1, 7, 9, 32, 129))));
  EXPECT_FALSE(flash_serves_forward(tf32(attention(1, 7, 9, 33, 65))));
}

TEST(AttentionFlash, RowsArePairedWhereTheyFillTheMachineTwice) {
  EXPECT_TRUE(flash_rows_are_paired(16, 4096, 1, 132));
  EXPECT_FALSE(flash_rows_are_paired(16, 1024, 1, 132));
  EXPECT_TRUE(flash_rows_are_paired(8, 1, 1, 4));
  EXPECT_FALSE(flash_rows_are_paired(7, 128, 1, 4));
  EXPECT_TRUE(flash_rows_are_paired(4, 129, 1, 4));
  EXPECT_TRUE(flash_rows_are_paired(4, 128, 2, 4));
}

TEST(AttentionFlash, EveryTileMatchesReference) {
  expect_matches(attention(1, 66, 70, 33, 64), kBf16);
  expect_matches(attention(1, 30, 129, 100, 20), kBf16);
  expect_matches(attention(2, 65, 33, 128, 128), kBf16);
  expect_matches(attention(2, 64, 130, 64, 72), kBf16);
  expect_matches(attention(1, 65, 66, 20, 40), kBf16);
  expect_matches(attention(1, 70, 66, 32, 32), kBf16);
  expect_matches(attention(1, 66, 63, 61, 101), kBf16);   // nothing is aligned
  expect_matches(attention(1, 20, 150, 16, 200), kBf16);  // two blocks of columns; the gradient is left to other kernels
  expect_matches(attention(1, 20, 70, 130, 16), kBf16);   // all is left to other kernels
}

TEST(AttentionFlash, EveryTileOfTf32MatchesReference) {
  expect_matches(attention(2, 65, 70, 32, 128), kTf32);
  expect_matches(attention(1, 66, 67, 31, 101), kTf32);  // nothing is aligned
  expect_matches(attention(1, 70, 129, 20, 60), kTf32);
  expect_matches(attention(1, 30, 80, 9, 5), kTf32);
  expect_matches(attention(1, 66, 65, 60, 64), kTf32);
  expect_matches(attention(1, 20, 150, 16, 200), kTf32);
  expect_matches(attention(1, 33, 70, 20, 12, -0.5), kTf32);
}

TEST(AttentionFlash, PairedRowsMatchReference) {
  expect_matches(attention(paired_batch(), 40, 80, 32, 128), kBf16);
  expect_matches(attention(paired_batch(), 30, 17, 50, 60), kBf16);
  expect_matches(attention(paired_batch(), 9, 70, 7, 33), kBf16);
  expect_matches(attention(paired_batch(), 9, 70, 7, 5), kBf16);
  expect_matches(attention(paired_batch() / 2, 133, 40, 16, 30), kBf16);  // a second block of queries in each
}

// With scores that move references at different times: what the batch as a whole gives with 32 rows a warp its first element
// gives alone with 16.
TEST(AttentionFlash, PairedRowsGiveEqualBits) {
  const auto all = expect_matches(attention(paired_batch(), 50, 90, 24, 100, 1.0), kBf16),
             first = expect_matches(attention(1, 50, 90, 24, 100, 1.0), kBf16);
  for (const int i : {0, 1, 2}) EXPECT_TRUE(std::equal(first[i].begin(), first[i].end(), all[i].begin())) << i;  // o, logsum, dq
}

TEST(AttentionFlash, NegativeScaleMatchesReference) {
  expect_matches(attention(1, 33, 70, 20, 12, -0.5), kBf16);
  expect_matches(attention(paired_batch(), 33, 70, 20, 12, -0.5), kBf16);
}

TEST(AttentionFlash, ScaleZeroAverages) {
  Attention a = bf16(attention(1, 5, 70, 16, 8));
  a.scale = 0;
  Tensors t = operands(a);
  expect_forward_matches(a, t, kBf16, tolerance(a.dtype, a.math).forward);
}

// Scores rise from key to key, or fall, by more or less than the slack that a reference has.
TEST(AttentionFlash, ReferenceFollowsScores) {
  for (const int batch : {1, paired_batch()}) {
    for (const double step : {0.05, 1.0, -0.05, -1.0}) {
      SCOPED_TRACE(testing::Message() << batch << " x, step " << step);
      Attention a = bf16(attention(batch, 37, 200, 2, 9, 1.0));
      Tensors t = operands(a);
      for (size_t i = 0; i < t.q.size(); i += 2) t.q[i] = i % 3 == 0 ? step : step / 4, t.q[i + 1] = 0;
      for (size_t j = 0; j < t.k.size(); j += 2) t.k[j] = static_cast<double>(j / 2 % 200) - 100;
      expect_forward_matches(a, t, kBf16, tolerance(a.dtype, a.math).forward);
    }
  }
}

// Scores far below zero make the weights of places beyond the last infinite, which must not reach a sum.
TEST(AttentionFlash, PlacesBeyondTheLastStayOut) {
  Attention a = bf16(attention(1, 35, 35, 8, 8, 1.0));
  Tensors t = operands(a);
  for (double& x : t.q) x = 4 + 0.25 * x;
  for (double& x : t.k) x = -4 + 0.25 * x;
  for (std::vector<double>* all : {&t.q, &t.k}) {
    for (double& x : *all) x = to_float(to_bf16(static_cast<float>(x)));
  }
  reference(a, t);
  Guarded q(a.dtype, t.q), k(a.dtype, t.k), v(a.dtype, t.v), g(a.dtype, t.g), o(a.dtype, t.o), logsum(DType::f32, t.logsum);
  Guarded dq(a.dtype, std::ssize(t.q)), dk(a.dtype, std::ssize(t.k)), dv(a.dtype, std::ssize(t.v));
  Guarded workspace(DType::f32, static_cast<int64_t>(kBf16.kernels.workspace_bytes(a) / 4));
  kBf16.kernels.gradient(nullptr, a, q.data(), k.data(), v.data(), o.data(), logsum.data(), g.data(), dq.data(), dk.data(), dv.data(),
                         workspace.data());
  const double allowed = tolerance(a.dtype, a.math).gradient;
  for (const double x : dq.values()) ASSERT_TRUE(std::isfinite(x));  // its digits cancel with such keys
  EXPECT_LE(relative_error(dk.values(), t.dk), allowed);
  EXPECT_LE(relative_error(dv.values(), t.dv), allowed);
  EXPECT_TRUE(workspace.guard_is_whole());
}

TEST(AttentionFlash, ThreadOrdersGiveEqualBits) {
  const Settings before = settings();
  const auto expect_equal = [](int batch, const Device& device) {
    const auto run = [&](Order order) {
      configure({order, 3, 0});
      return expect_matches(attention(batch, 40, 67, 20, 66), device);
    };
    const auto bits = run(Order::forward);
    EXPECT_EQ(run(Order::reverse), bits) << batch << " " << device.name;
    EXPECT_EQ(run(Order::random), bits) << batch << " " << device.name;
  };
  expect_equal(1, kBf16);
  expect_equal(paired_batch(), kBf16);
  expect_equal(1, kTf32);
  configure(before);
}

}  // namespace
}  // namespace ganymede::kernels::sim
