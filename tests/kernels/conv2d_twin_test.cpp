// The forward twin for sm_90a on the simulator (of the GPU: device_under_test.h, where it is one) against seven nested loops in
// double: every tile, edge and epilogue, in three orders; and where the table chooses it.
#include <gtest/gtest.h>

#include "kernels/api/conv2d_rows.h"
#include "kernels/device/conv_plan.h"
#include "kernels/simt/simulator.h"
#include "tests/kernels/conv2d_cases.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim {
namespace {

using namespace check;

constexpr Number kTwinNumbers[] = {{DType::f32, Math::tf32}, {DType::bf16, Math::f32}};

class Conv2dTwinSim : public testing::Test {
 protected:
  void SetUp() override {
    if (tests_run_on_cuda() && kernels_under_test().device.info(0).compute_capability != 90) GTEST_SKIP() << "the twins are for sm_90";
  }
  const SettingsGuard guard_;
};

// In three orders, which must give equal bits.
void expect_matches(const Conv2d& p, TileName tile, Epilogue epilogue = kPlain) {
  SCOPED_TRACE(describe(p) + " tile " + std::to_string(static_cast<int>(tile)));
  ASSERT_TRUE(forward_has_twin(p));
  std::vector<unsigned char> bits;
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    configure({order, 5, 0});
    const Outcome y = forward(p, {false, tile, 1}, epilogue);
    EXPECT_LE(y.error, tolerance(p.dtype, p.math).forward);
    if (order == Order::forward) bits = y.bits;
    else EXPECT_EQ(y.bits, bits) << "order " << static_cast<int>(order);
  }
}

void expect_matches(const Conv2d& problem) {
  for (const Number number : kTwinNumbers) expect_matches(with(problem, number), TileName::twin_narrow);
}

TEST_F(Conv2dTwinSim, EdgesMatchReference) {
  expect_matches(conv(1, 1, 1, 8, 1, 1, 1));                 // one pixel, one output
  expect_matches(conv(1, 5, 7, 8, 5, 3, 3, 1, 1));           // part of a tile both ways; more padding than channels
  expect_matches(conv(3, 1, 11, 24, 17, 1, 7, 1, 3));
  expect_matches(conv(1, 9, 7, 72, 65, 1, 1));               // a channel line and 8 more; an output tile and 1 more
  expect_matches(conv(2, 11, 12, 64, 64, 3, 3, 1, 1));       // whole lines, more steps than stages, images share a tile
  expect_matches(conv(1, 3, 3, 8, 8, 5, 5, 1, 4));           // windows that lie outside altogether
  expect_matches(conv(1, 8, 16, 16, 64, 3, 3, 1, 1));        // exactly one tile
}

TEST_F(Conv2dTwinSim, StridesDilationAndCutsMatchReference) {
  expect_matches(conv(2, 8, 8, 8, 16, 4, 4, 2, 1));
  expect_matches(conv(1, 9, 11, 8, 6, 3, 3, 2, 1));
  expect_matches(conv(1, 11, 10, 8, 8, 3, 3, 3, 0));
  expect_matches(conv(1, 13, 12, 16, 5, 3, 3, 2, 2, 2));
  expect_matches(conv(1, 20, 17, 8, 8, 2, 2, 8, 0));
  Conv2d p = conv(2, 9, 10, 8, 5, 3, 2);
  p.stride_h = 2, p.stride_w = 3, p.pad_h = 1, p.pad_w = 0, p.dilation_h = 1, p.dilation_w = 2;
  p.p = 4, p.q = 2;  // one less than fit
  expect_matches(p);
  Conv2d beyond = conv(1, 6, 6, 8, 8, 3, 3, 1, 1);
  beyond.p = 8, beyond.q = 7;  // positions below and to the right of those that the padding allows
  expect_matches(beyond);
}

// More tiles than multiprocessors, so that a block takes several, and stages and parities wrap around.
TEST_F(Conv2dTwinSim, EveryTileMatchesReference) {
  for (const TileName tile : kTwinTiles) {
    for (const Number number : kTwinNumbers) {
      expect_matches(with(conv(1, 13, 11, 72, 264, 2, 2, 1, 1), number), tile);
      expect_matches(with(conv(3, 17, 13, 8, 40, 3, 2, 1, 1), number), tile);
    }
  }
}

TEST_F(Conv2dTwinSim, EpiloguesMatchReference) {
  const char present = 0;
  for (const Number number : kTwinNumbers) {
    for (const int outputs : {10, 72}) {
      const Conv2d p = with(conv(1, 6, 5, 8, outputs, 3, 3, 2, 1), number);
      for (const Unary f : {Unary::identity, Unary::relu, Unary::leaky_relu, Unary::sigmoid, Unary::tanh}) {
        SCOPED_TRACE(static_cast<int>(f));
        for (const Epilogue epilogue : {Epilogue{&present, f, 0.2f}, Epilogue{nullptr, f, 0.2f}})
          EXPECT_LE(forward(p, {false, TileName::twin_square}, epilogue).error, tolerance(p.dtype, p.math).forward);
      }
    }
  }
}

// A NaN reaches the results whose sums it belongs to and no others.
TEST_F(Conv2dTwinSim, NaNStaysInItsSums) {
  for (const Number number : kTwinNumbers) {
    const Conv2d p = with(conv(2, 7, 6, 8, 16, 3, 3, 1, 1), number);
    SCOPED_TRACE(describe(p));
    const auto w = random_values(w_count(p), 2);
    auto x = random_values(x_count(p), 1);
    x[((int64_t{p.n - 1} * p.h + p.h / 2) * p.w + p.w / 2) * p.c] = std::nan("");
    std::vector<double> want(y_count(p));
    for_each_term(p, [&](int64_t i, int64_t f, int64_t j) { want[j] += x[i] * w[f]; });
    Guarded from(p.dtype, x), filter(p.dtype, w), to(p.dtype, y_count(p));
    launchers().forward(nullptr, p, from.data(), filter.data(), to.data(), kPlain, static_cast<int>(TileName::twin_narrow), 1);
    const auto got = to.values();
    for (size_t i = 0; i < want.size(); ++i) ASSERT_EQ(std::isnan(got[i]), std::isnan(want[i])) << "element " << i;
  }
}

// TMA cannot read them; the kernel for sm_80 does.
TEST_F(Conv2dTwinSim, UnalignedPointersAreServedByTheOtherKernel) {
  for (const Number number : kTwinNumbers) {
    const Conv2d p = with(conv(1, 6, 5, 8, 16, 3, 3, 2, 1), number);
    EXPECT_LE(forward(p, {false, TileName::twin_narrow}, kPlain, 1).error, tolerance(p.dtype, p.math).forward);
  }
}

TEST_F(Conv2dTwinSim, RefusesWhatItCannotDo) {
  const auto refused = [](const Conv2d& p) {
    EXPECT_FALSE(forward_has_twin(p)) << describe(p);
    EXPECT_THROW(launchers().forward(nullptr, p, nullptr, nullptr, nullptr, kPlain, static_cast<int>(TileName::twin_narrow), 1), std::runtime_error);
  };
  const Number bf16 = kTwinNumbers[1], tf32 = kTwinNumbers[0];
  refused(conv(1, 5, 5, 8, 8, 3, 3));   // f32 without tensor cores
  refused(with(conv(1, 5, 5, 4, 8, 3, 3), bf16));
  refused(with(conv(1, 5, 5, 6, 8, 3, 3), tf32));
  refused(with(conv(1, 5, 5, 16, 8, 3, 3, 1, 1, 1, 2), bf16));
  refused(with(conv(1, 40, 40, 8, 8, 3, 3, 9, 1), bf16));
  refused(with(conv(1, 300, 300, 8, 8, 9, 9, 1, 129, 1), bf16));
  refused(with(conv(1, 300, 300, 8, 8, 2, 2, 1, 0, 256), bf16));
  EXPECT_TRUE(forward_has_twin(with(conv(1, 5, 5, 4, 8, 3, 3), tf32)));
}

// The table is a pure function of the shape and the card.
TEST(Conv2dTwinTable, OnlyCardsOfItsOwnAndOnlyWhereItWins) {
  int twins = 0;
  for (const Conv2dRow& row : kConv2dRows) {
    for (const Number number : kNumbers) {
      const Conv2d p = problem_of(row, number.dtype, number.math);
      const TilePlan old = plan_of(forward_product(p));
      for (const int other : {0, 80, 86, 89, 100, 120}) {
        EXPECT_EQ(forward_plan(p, other).tile, old.tile) << row.name << other;
        EXPECT_EQ(forward_plan(p, other).parts, old.parts) << row.name << other;
      }
      const TilePlan plan = forward_plan(p, 90);
      if (!is_twin(plan.tile)) continue;
      ++twins;
      EXPECT_TRUE(forward_has_twin(p)) << row.name;
      EXPECT_EQ(plan.parts, 1);
    }
  }
  EXPECT_GT(twins, 20);
  const auto expect = [](const char* name, Number number, TileName tile) {
    for (const Conv2dRow& row : kConv2dRows) {
      if (std::string(row.name) != name) continue;
      EXPECT_EQ(static_cast<int>(forward_plan(problem_of(row, number.dtype, number.math), 90).tile), static_cast<int>(tile)) << name;
    }
  };
  for (const Number number : kTwinNumbers) {
    expect("A7", number, TileName::twin_square);   // 128 tiles of 132 multiprocessors; 64 wide ones would leave half
    expect("B5", number, TileName::twin_square);   // 128 outputs
    expect("D3", number, TileName::twin_square);
    expect("E1", number, TileName::twin_square);
    expect("F2", number, TileName::twin_square);   // 576 tiles are 4.4 rounds, 288 wide ones 2.2
    EXPECT_EQ(forward_plan(with(conv(16, 64, 64, 256, 512, 3, 3, 1, 1), number), 90).tile, TileName::twin_wide);
    EXPECT_FALSE(is_twin(forward_plan(with(conv(1, 16, 16, 512, 512, 4, 4, 2, 1), number), 90).tile));   // few tiles: parts of sums are better
    expect("E2", number, TileName::thin);          // 32 outputs: half of the narrowest twin would be padding
  }
  const TilePlan first = forward_plan(problem_of(kConv2dRows[5], DType::bf16, Math::f32), 90);   // A6: 3 channels
  EXPECT_FALSE(is_twin(first.tile));
}

}  // namespace
}  // namespace ganymede::kernels::sim
