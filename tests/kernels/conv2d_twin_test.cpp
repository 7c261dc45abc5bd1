// The twins for sm_90a on the simulator (of the GPU: device_under_test.h, where it is one) against seven nested loops in
// double: every tile, edge and epilogue, in three orders; and where the table chooses it.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

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

Outcome outcome(Conv2dRole role, const Conv2d& p, TileName tile, int parts, const Epilogue& epilogue = kPlain, int shift = 0) {
  const Choice choice{false, tile, parts};
  if (role == Conv2dRole::forward) return forward(p, choice, epilogue, shift);
  return role == Conv2dRole::data_gradient ? data_gradient(p, choice, epilogue, shift) : weight_gradient(p, choice, shift);
}
double allowed(Conv2dRole role, const Conv2d& p) {
  const Tolerance t = tolerance(p.dtype, p.math);
  return role == Conv2dRole::forward ? t.forward : t.gradient;
}

// In three orders, which must give equal bits.
void expect_twin_matches(Conv2dRole role, const Conv2d& p, TileName tile, int parts = 1) {
  SCOPED_TRACE(describe(p) + " role " + std::to_string(static_cast<int>(role)) + " tile " + std::to_string(static_cast<int>(tile)) + " parts " + std::to_string(parts));
  ASSERT_TRUE(has_twin(role, p));
  std::vector<unsigned char> bits;
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    configure({order, 5, 0});
    const Outcome y = outcome(role, p, tile, parts);
    EXPECT_LE(y.error, allowed(role, p));
    if (order == Order::forward) bits = y.bits;
    else EXPECT_EQ(y.bits, bits) << "order " << static_cast<int>(order);
  }
}

// Every direction that has a twin for it; at least one.
void expect_twin_matches(const Conv2d& problem) {
  int served = 0;
  for (const Number number : kTwinNumbers) {
    for (const Conv2dRole role : kRoles) {
      const Conv2d p = with(problem, number);
      if (!has_twin(role, p)) continue;
      ++served;
      for (const int parts : {1, 2}) expect_twin_matches(role, p, TileName::twin_narrow, parts);
    }
  }
  EXPECT_GT(served, 0) << describe(problem);
}

TEST_F(Conv2dTwinSim, EdgesMatchReference) {
  expect_twin_matches(conv(1, 1, 1, 8, 1, 1, 1));                 // one pixel, one output
  expect_twin_matches(conv(1, 5, 7, 8, 5, 3, 3, 1, 1));           // part of a tile both ways; more padding than channels
  expect_twin_matches(conv(3, 1, 11, 24, 17, 1, 7, 1, 3));
  expect_twin_matches(conv(1, 9, 7, 72, 65, 1, 1));               // a channel line and 8 more; an output tile and 1 more
  expect_twin_matches(conv(2, 11, 12, 64, 64, 3, 3, 1, 1));       // whole lines, more steps than stages, images share a tile
  expect_twin_matches(conv(1, 3, 3, 8, 8, 5, 5, 1, 4));           // windows that lie outside altogether
  expect_twin_matches(conv(1, 8, 16, 16, 64, 3, 3, 1, 1));        // exactly one tile
}

// Gradients: more phases than rows, phases that no tap meets, parts without positions, channels that end within a block.
TEST_F(Conv2dTwinSim, GradientEdgesMatchReference) {
  const auto bf16 = [](const Conv2d& p) { return with(p, kTwinNumbers[1]); };
  for (const Conv2d& p : {conv(1, 1, 1, 8, 8, 1, 1), conv(1, 1, 5, 16, 8, 3, 3, 2, 1), conv(2, 9, 7, 8, 72, 1, 1, 2), conv(1, 4, 4, 136, 24, 4, 4, 1, 0),
                          conv(2, 8, 8, 64, 128, 4, 4, 2, 1), conv(3, 7, 6, 72, 40, 5, 5, 2, 2), conv(2, 12, 11, 24, 64, 3, 3, 1, 2, 2), conv(1, 9, 9, 8, 8, 3, 3, 2, 1, 2)}) {
    for (const TileName tile : kTwinTiles) expect_twin_matches(Conv2dRole::data_gradient, bf16(p), tile);
    for (const int parts : {1, 2, 7}) {
      expect_twin_matches(Conv2dRole::data_gradient, bf16(p), TileName::twin_square, parts);
      expect_twin_matches(Conv2dRole::weight_gradient, bf16(p), TileName::twin_square, parts);
    }
    expect_twin_matches(Conv2dRole::weight_gradient, bf16(p), TileName::twin_wide, 3);
  }
}

// Any number of channels where the filters are turned round: few outputs, and more than a tile of the transposition has.
TEST_F(Conv2dTwinSim, TurnedFiltersMatchReference) {
  for (const Conv2d& p : {conv(1, 1, 5, 16, 8, 3, 3, 2, 1), conv(2, 9, 7, 8, 72, 1, 1, 2), conv(3, 7, 6, 72, 40, 5, 5, 2, 2), conv(2, 12, 11, 24, 64, 3, 3, 1, 2, 2),
                          conv(1, 9, 9, 8, 8, 3, 3, 2, 1, 2), conv(1, 5, 4, 1, 4, 1, 1), conv(2, 6, 5, 7, 12, 3, 3, 2, 1), conv(1, 4, 4, 67, 36, 2, 3, 1, 1), conv(1, 3, 5, 33, 68, 3, 3, 1, 2)}) {
    const Conv2d tf32 = with(p, kTwinNumbers[0]);
    for (const TileName tile : kTwinTiles) expect_twin_matches(Conv2dRole::data_gradient, tf32, tile);
    expect_twin_matches(Conv2dRole::data_gradient, tf32, TileName::twin_narrow, 2);
  }
}

TEST_F(Conv2dTwinSim, TurnedImagesMatchReference) {
  for (const Conv2d& p : {conv(1, 1, 1, 1, 1, 1, 1), conv(2, 5, 7, 3, 5, 3, 3, 1, 1), conv(1, 3, 3, 8, 8, 5, 5, 1, 4), conv(3, 9, 6, 65, 33, 4, 4, 2, 1), conv(2, 10, 13, 40, 130, 3, 3, 1, 1),
                          conv(2, 13, 12, 16, 5, 3, 3, 2, 2, 2), conv(1, 20, 17, 8, 8, 2, 2, 4, 0), conv(2, 11, 10, 8, 8, 4, 4, 3, 2), conv(2, 9, 7, 8, 72, 1, 1, 2)}) {
    for (const TileName tile : kTwinTiles) expect_twin_matches(Conv2dRole::weight_gradient, with(p, kTwinNumbers[0]), tile, tile == TileName::twin_wide ? 3 : 1);
  }
  Conv2d before = conv(2, 6, 8, 8, 8, 2, 2, 1, 1);   // taps reach before a row and not behind it
  before.p = 6, before.q = 8;
  expect_twin_matches(Conv2dRole::weight_gradient, with(before, kTwinNumbers[0]), TileName::twin_narrow);
}

TEST_F(Conv2dTwinSim, StridesDilationAndCutsMatchReference) {
  expect_twin_matches(conv(2, 8, 8, 8, 16, 4, 4, 2, 1));
  expect_twin_matches(conv(1, 9, 11, 8, 6, 3, 3, 2, 1));
  expect_twin_matches(conv(1, 11, 10, 8, 8, 3, 3, 3, 0));
  expect_twin_matches(conv(1, 13, 12, 16, 5, 3, 3, 2, 2, 2));
  expect_twin_matches(conv(1, 20, 17, 8, 8, 2, 2, 8, 0));
  Conv2d p = conv(2, 9, 10, 8, 5, 3, 2);
  p.stride_h = 2, p.stride_w = 3, p.pad_h = 1, p.pad_w = 0, p.dilation_h = 1, p.dilation_w = 2;
  p.p = 4, p.q = 2;  // one less than fit
  expect_twin_matches(p);
  Conv2d beyond = conv(1, 6, 6, 8, 8, 3, 3, 1, 1);
  beyond.p = 8, beyond.q = 7;  // positions below and to the right of those that the padding allows
  expect_twin_matches(beyond);
}

// More tiles than multiprocessors, so that a block takes several, and stages and parities wrap around.
TEST_F(Conv2dTwinSim, EveryTileMatchesReference) {
  for (const TileName tile : kTwinTiles) {
    for (const Number number : kTwinNumbers) {
      for (const Conv2dRole role : kRoles) {
        const Conv2d many = with(conv(1, 13, 11, 72, 264, 2, 2, 1, 1), number), few = with(conv(3, 17, 13, 8, 40, 3, 2, 1, 1), number);
        if (has_twin(role, many)) expect_twin_matches(role, many, tile);
        if (has_twin(role, few)) expect_twin_matches(role, few, tile, 5);
      }
    }
  }
}

TEST_F(Conv2dTwinSim, EpiloguesMatchReference) {
  for (const Number number : kTwinNumbers) {
    for (const int outputs : {9, 72}) {
      const Conv2d p = with(conv(1, 6, 5, 8, outputs, 3, 3, 2, 1), number);
      for (const int parts : {1, 3}) {
        EXPECT_LE(forward(p, {false, TileName::twin_square, parts}, kMasked).error, tolerance(p.dtype, p.math).forward);
        if (data_gradient_has_twin(p)) EXPECT_LE(data_gradient(p, {false, TileName::twin_square, parts}, kMasked).error, tolerance(p.dtype, p.math).gradient);
      }
      for (const Unary f : {Unary::identity, Unary::relu, Unary::leaky_relu, Unary::sigmoid, Unary::tanh}) {
        SCOPED_TRACE(static_cast<int>(f));
        for (const Epilogue& epilogue : epilogues(f)) {
          EXPECT_LE(forward(p, {false, TileName::twin_square}, epilogue).error, tolerance(p.dtype, p.math).forward);
          if (data_gradient_has_twin(p)) EXPECT_LE(data_gradient(p, {false, TileName::twin_square}, epilogue).error, tolerance(p.dtype, p.math).gradient);
        }
      }
    }
  }
}

TEST_F(Conv2dTwinSim, ShuffledResultsMatchReference) {
  for (const Number number : kTwinNumbers) {
    for (const Conv2d& problem : {conv(2, 5, 6, 8, 256, 3, 3, 1, 1), conv(1, 7, 5, 40, 512, 1, 1), conv(1, 5, 6, 24, 576, 2, 3, 2, 1)}) {
      const Conv2d p = with(problem, number);
      SCOPED_TRACE(describe(p));
      for (Epilogue epilogue : epilogues(Unary::tanh)) {
        epilogue.shuffle = p.k == 576 ? 3 : 2;
        ASSERT_TRUE(twin_can_shuffle(p, epilogue.shuffle));
        for (const TileName tile : kTwinTiles) {
          EXPECT_LE(forward(p, {false, tile}, epilogue).error, tolerance(p.dtype, p.math).forward);
          EXPECT_LE(forward(p, {false, tile, 3}, epilogue, 0).error, tolerance(p.dtype, p.math).forward);
        }
      }
    }
  }
  const Conv2d up = with(conv(16, 48, 48, 64, 256, 3, 3, 1, 1), kTwinNumbers[1]);   // F2
  EXPECT_TRUE(is_twin(table_plan(Conv2dRole::forward, up, 90).tile) && shuffles(up, 2, 90) && shuffles(up, 2, 80));
  EXPECT_FALSE(twin_can_shuffle(conv(1, 5, 5, 8, 128, 3, 3), 2));   // runs of 32 channels
}

// A NaN reaches the results whose sums it belongs to and no others.
TEST_F(Conv2dTwinSim, NaNStaysInItsSums) {
  for (const Number number : kTwinNumbers) {
    const Conv2d p = with(conv(2, 7, 6, 8, 16, 3, 3, 1, 1), number);
    SCOPED_TRACE(describe(p));
    const auto w = random_values(w_count(p), 2), clean = random_values(y_count(p), 4);
    auto x = random_values(x_count(p), 1), dy = random_values(y_count(p), 3);
    x[((int64_t{p.n - 1} * p.h + p.h / 2) * p.w + p.w / 2) * p.c] = std::nan("");
    dy[((int64_t{p.n - 1} * p.p + p.p / 2) * p.q + p.q / 2) * p.k] = std::nan("");
    std::vector<double> want[3] = {std::vector<double>(y_count(p)), std::vector<double>(x_count(p)), std::vector<double>(w_count(p))};
    for_each_term(p, [&](int64_t i, int64_t f, int64_t j) { want[0][j] += x[i] * w[f], want[1][i] += dy[j] * w[f], want[2][f] += x[i] * clean[j]; });
    Guarded x_in(p.dtype, x), w_in(p.dtype, w), dy_in(p.dtype, dy), clean_in(p.dtype, clean);
    Guarded y_out(p.dtype, y_count(p)), dx_out(p.dtype, x_count(p)), dw_out(DType::f32, w_count(p));
    const int tile = static_cast<int>(TileName::twin_narrow);
    launchers().forward(nullptr, p, x_in.data(), w_in.data(), y_out.data(), kPlain, tile, 1);
    Guarded turned(p.dtype, w_count(p));
    launchers().data_gradient(nullptr, p, dy_in.data(), w_in.data(), dx_out.data(), kPlain, turned.data(), tile, 1);
    const bool weights = weight_gradient_has_twin(p);
    if (weights) {
      Guarded turned_images(DType::f32, static_cast<int64_t>(weight_gradient_workspace(p, {TileName::twin_narrow}) / 4));
      launchers().weight_gradient(nullptr, p, x_in.data(), clean_in.data(), dw_out.data(), turned_images.data(), tile, 1);
    }
    const Guarded* found[] = {&y_out, &dx_out, &dw_out};
    for (int role = 0; role < (weights ? 3 : 2); ++role) {
      const auto got = found[role]->values();
      for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(std::isnan(got[i]), std::isnan(want[role][i])) << "role " << role << " element " << i;
    }
  }
}

// TMA cannot read them; the kernel for sm_80 does.
TEST_F(Conv2dTwinSim, UnalignedPointersAreServedByTheOtherKernel) {
  for (const Number number : kTwinNumbers) {
    const Conv2d p = with(conv(1, 6, 5, 8, 16, 3, 3, 2, 1), number);
    for (const Conv2dRole role : kRoles)
      if (has_twin(role, p)) EXPECT_LE(outcome(role, p, TileName::twin_narrow, role == Conv2dRole::weight_gradient ? 2 : 1, kPlain, 1).error, allowed(role, p));
  }
}

// Without memory for turned filters the data gradient in tf32 is computed by the other kernel too.
TEST_F(Conv2dTwinSim, AMissingWorkspaceIsServedByTheOtherKernel) {
  const Conv2d p = with(conv(1, 6, 5, 8, 16, 3, 3, 2, 1), kTwinNumbers[0]);
  const auto dy = random_values(y_count(p), 4), w = random_values(w_count(p), 5);
  Guarded from(p.dtype, dy), filter(p.dtype, w), to(p.dtype, x_count(p));
  launchers().data_gradient(nullptr, p, from.data(), filter.data(), to.data(), kPlain, nullptr, static_cast<int>(TileName::twin_narrow), 1);
  std::vector<double> want(x_count(p));
  for_each_term(p, [&](int64_t i, int64_t f, int64_t j) { want[i] += dy[j] * w[f]; });
  EXPECT_LE(relative_error(to.values(), want), tolerance(p.dtype, p.math).gradient);
}

TEST(Conv2dTwinTable, WorkspacesAreThoseOfThePlan) {
  const Conv2d p = conv(2, 9, 7, 5, 12, 3, 3, 2, 1), tf32 = with(p, kTwinNumbers[0]), bf16 = with(p, kTwinNumbers[1]);   // [2, 5, 4, 12] above
  EXPECT_EQ(data_gradient_workspace(tf32, {TileName::twin_wide, 2}), 4u * 12 * 9 * 5);
  EXPECT_EQ(data_gradient_workspace(tf32, {TileName::large, 2}), 0u);
  EXPECT_EQ(data_gradient_workspace(bf16, {TileName::twin_wide, 2}), 0u);
  // 5 x 4 positions, for the phase that a tap leaves to the left has one row and column fewer; of x two phases of rows, each with the
  // odd columns as they are and one early, and the even ones.
  EXPECT_EQ(turned_layout(tf32).length, 2 * 5 * 4);
  EXPECT_EQ(turned_layout(tf32).planes.count, 3);
  EXPECT_EQ(turned_layout(with(conv(3, 4, 6, 8, 8, 3, 3, 1, 1), kTwinNumbers[0])).length, 3 * 5 * 8);   // one row of zeros, two columns
  EXPECT_EQ(weight_gradient_workspace(tf32, {TileName::twin_wide, 1}), 4u * (44 * 6 * 5 + 40 * 12));
  EXPECT_EQ(weight_gradient_workspace(tf32, {TileName::twin_wide, 3}), 4u * (3 * 12 * 9 * 5 + 44 * 6 * 5 + 40 * 12));
  EXPECT_EQ(weight_gradient_workspace(tf32, {TileName::large, 3}), 4u * 3 * 12 * 9 * 5);
  EXPECT_EQ(weight_gradient_workspace(bf16, {TileName::twin_wide, 3}), 4u * 3 * 12 * 9 * 5);
  EXPECT_EQ(weight_gradient_workspace(tf32, {TileName::large, 1}), 0u);
}

// Position p and tap r meet row p + shift of a phase, whatever else lies there: the row of the definition, or zeros.
TEST(Conv2dTwinTable, TurnedRowsMeetTheirTaps) {
  constexpr int kImages = 3;
  for (const int inputs : {1, 2, 5, 8, 13})
    for (const int taps : {1, 2, 3, 5})
      for (const int stride : {1, 2, 3, 4})
        for (const int pad : {0, 1, 2, 4})
          for (const int dilation : {1, 2, 3})
            for (const int more : {-1, 0, 2}) {   // positions beyond those that the padding allows
              const int positions = (inputs + 2 * pad - (taps - 1) * dilation - 1 + stride) / stride + more;
              if (positions < 1) continue;
              const TurnedAxis axis = turned_axis(inputs, positions, taps, stride, pad, dilation);
              ASSERT_GE(axis.pitch, positions);
              const TurnedPlanes planes = turned_planes(axis, taps);
              for (int r = 0; r < taps; ++r) {   // a box at a multiple of 16 bytes of a plane that begins so much early
                const TurnedPlanes::Box box = planes.box(axis.meeting(r));
                ASSERT_TRUE(box.plane < planes.count && box.shift % kTurnedGrain == 0);
                ASSERT_EQ(planes.phase[box.plane], axis.meeting(r).phase);
                ASSERT_EQ(box.shift - planes.early[box.plane], axis.meeting(r).shift);
              }
              for (int n = 0; n < kImages; ++n)
                for (int p = 0; p < positions; ++p)
                  for (int r = 0; r < taps; ++r) {
                    const TurnedAxis::Meeting m = axis.meeting(r);
                    ASSERT_TRUE(m.phase >= 0 && m.phase < stride);
                    const int at = n * axis.pitch + p + m.shift, image = at / axis.pitch, row = at % axis.pitch;
                    const bool zero = at < 0 || image >= kImages || row >= axis.count[m.phase];
                    const int h = p * stride - pad + r * dilation;
                    ASSERT_EQ(zero, h < 0 || h >= inputs) << inputs << " " << taps << " " << stride << " " << pad << " " << dilation << " " << positions;
                    if (!zero) ASSERT_TRUE(image == n && row * stride + m.phase == h);
                  }
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
  const auto gradients_refused = [](const Conv2d& p) {
    EXPECT_FALSE(data_gradient_has_twin(p)) << describe(p);
    EXPECT_THROW(launchers().data_gradient(nullptr, p, nullptr, nullptr, nullptr, kPlain, nullptr, static_cast<int>(TileName::twin_narrow), 1), std::runtime_error);
    if (weight_gradient_has_twin(p)) return;
    EXPECT_THROW(launchers().weight_gradient(nullptr, p, nullptr, nullptr, nullptr, nullptr, static_cast<int>(TileName::twin_narrow), 1), std::runtime_error);
  };
  gradients_refused(with(conv(1, 5, 5, 8, 6, 3, 3), tf32));
  EXPECT_FALSE(weight_gradient_has_twin(with(conv(1, 5, 5, 16, 16, 3, 3, 1, 1, 1, 2), tf32)));
  EXPECT_FALSE(weight_gradient_has_twin(with(conv(1, 20, 20, 8, 8, 5, 5, 5), tf32)));            // 25 phases
  EXPECT_FALSE(weight_gradient_has_twin(with(conv(8, 1024, 1024, 8, 8, 3, 3, 1, 1), tf32)));   // 536 MB turned round
  gradients_refused(with(conv(1, 5, 5, 8, 4, 3, 3), bf16));
  gradients_refused(with(conv(1, 5, 5, 4, 8, 3, 3), bf16));
  gradients_refused(with(conv(1, 9, 9, 8, 8, 3, 3, 3), bf16));   // nine phases
  gradients_refused(with(conv(1, 5, 5, 16, 16, 3, 3, 1, 1, 1, 2), bf16));
  EXPECT_TRUE(weight_gradient_has_twin(with(conv(1, 9, 9, 8, 8, 3, 3, 3), bf16)));
}

// The table is a pure function of the shape and the card.
TEST(Conv2dTwinTable, OnlyCardsOfItsOwnAndOnlyWhereItWins) {
  int twins[3] = {};
  for (const Conv2dRow& row : kConv2dRows) {
    for (const Number number : kNumbers) {
      for (const Conv2dRole role : kRoles) {
        const Conv2d p = problem_of(row, number.dtype, number.math);
        const TilePlan old = table_plan(role, p, 80);
        EXPECT_FALSE(is_twin(old.tile)) << row.name;
        for (const int other : {0, 86, 89, 100, 120}) {
          EXPECT_EQ(table_plan(role, p, other).tile, old.tile) << row.name << other;
          EXPECT_EQ(table_plan(role, p, other).parts, old.parts) << row.name << other;
        }
        const TilePlan plan = table_plan(role, p, 90);
        if (!is_twin(plan.tile)) continue;
        ++twins[static_cast<int>(role)];
        EXPECT_TRUE(has_twin(role, p)) << row.name;
        EXPECT_LE(plan.parts, most_parts(role)) << row.name;
      }
    }
  }
  for (const int count : twins) EXPECT_GT(count, 15);
  const auto expect = [](Conv2dRole role, const char* name, Number number, TileName tile) {
    for (const Conv2dRow& row : kConv2dRows) {
      if (std::string(row.name) != name) continue;
      EXPECT_EQ(static_cast<int>(table_plan(role, problem_of(row, number.dtype, number.math), 90).tile), static_cast<int>(tile)) << name;
    }
  };
  for (const Number number : kTwinNumbers) {
    expect(Conv2dRole::forward, "B5", number, TileName::twin_square);   // 128 outputs
    expect(Conv2dRole::forward, "D3", number, TileName::twin_square);
    EXPECT_EQ(table_plan(Conv2dRole::forward, with(conv(16, 64, 64, 256, 512, 3, 3, 1, 1), number), 90).tile, TileName::twin_wide);
  }
  // Operands turned round pay where sums are long; images, which are there several times over, less often than filters.
  const auto expect_twins = [](Conv2dRole role, const std::vector<std::string>& names) {
    for (const Conv2dRow& row : kConv2dRows)
      if (std::find(names.begin(), names.end(), row.name) != names.end())
        EXPECT_TRUE(is_twin(table_plan(role, problem_of(row, DType::f32, Math::tf32), 90).tile)) << row.name;
  };
  expect(Conv2dRole::data_gradient, "D3", kTwinNumbers[0], TileName::twin_square);
  expect_twins(Conv2dRole::data_gradient, {"A3", "A4", "A7", "B1", "B5", "B6", "C2", "C3", "E1", "F2", "F4"});
  expect_twins(Conv2dRole::weight_gradient, {"B1", "B6", "C3", "E1"});
  expect(Conv2dRole::data_gradient, "E3", kTwinNumbers[0], TileName::thin);   // half of each line would be padding
  const TilePlan few = table_plan(Conv2dRole::forward, with(conv(1, 16, 16, 512, 512, 4, 4, 2, 1), kTwinNumbers[1]), 90);   // few tiles: parts of sums
  EXPECT_TRUE(is_twin(few.tile));
  EXPECT_GT(few.parts, 4);
  const TilePlan first = table_plan(Conv2dRole::forward, problem_of(kConv2dRows[5], DType::bf16, Math::f32), 90);   // A6: 3 channels
  EXPECT_FALSE(is_twin(first.tile));
}

}  // namespace
}  // namespace ganymede::kernels::sim
