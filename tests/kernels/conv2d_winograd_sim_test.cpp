// Winograd's form of convolutions in strict f32, on the simulator (on the GPU: device_under_test.h), against seven nested loops in double:
// every direction, in three orders of threads, which must give equal bits; edges first. And what it serves, how it is cut and that only a
// preference takes it.
#include <gtest/gtest.h>

#include "kernels/api/conv2d_rows.h"
#include "kernels/simt/simulator.h"
#include "kernels/device/families.h"
#include "tests/kernels/conv2d_cases.h"
#include "tests/kernels/padded_image.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim {
namespace {

using namespace check;

constexpr ConvVariant kWinograd{static_cast<int>(TileName::winograd), 1};

class Conv2dWinogradSim : public testing::Test {
 protected:
  ~Conv2dWinogradSim() override { variants_under_test().forget(); }

 private:
  const SettingsGuard guard_;
};

Outcome run(Conv2dRole role, const Conv2d& p, Epilogue epilogue, int shift) {
  if (role == Conv2dRole::forward) return forward(p, {}, epilogue, shift);
  return role == Conv2dRole::data_gradient ? data_gradient(p, {}, epilogue, shift) : weight_gradient(p, {}, shift);
}

void expect_winograd(Conv2dRole role, const Conv2d& p, Epilogue epilogue = kPlain, int shift = 0) {
  SCOPED_TRACE(describe(p) + " " + kRoleNames[static_cast<int>(role)]);
  ASSERT_TRUE(variants_under_test().prefer(role, p, kWinograd));
  const Tolerance allowed = tolerance(p.dtype, p.math);
  std::vector<unsigned char> bits;
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    configure({order, 5, 0});
    const Outcome got = run(role, p, epilogue, shift);
    EXPECT_LE(got.error, role == Conv2dRole::forward ? allowed.forward : allowed.gradient);
    if (order == Order::forward) bits = got.bits;
    else EXPECT_EQ(got.bits, bits) << "order " << static_cast<int>(order);
  }
}

void expect_winograd_matches(const Conv2d& p, Epilogue epilogue = kPlain, int shift = 0) {
  for (const Conv2dRole role : kRoles) expect_winograd(role, p, epilogue, shift);
}

Conv2d conv3(int n, int h, int w, int c, int k, int pad) { return conv(n, h, w, c, k, 3, 3, 1, pad); }

TEST_F(Conv2dWinogradSim, OddSizesMatchReference) {
  const char present = 0;
  expect_winograd_matches(conv3(1, 1, 1, 1, 1, 1));                                          // one pixel, one channel
  expect_winograd_matches(conv3(1, 3, 3, 2, 3, 0), {&present, Unary::identity, 0});          // one position; with a bias, or its data gradient is a product
  expect_winograd_matches(conv3(1, 5, 7, 3, 5, 1));                                          // tiles overhang both ways
  expect_winograd_matches(conv3(2, 9, 6, 13, 1, 0));
  expect_winograd_matches(conv3(3, 2, 17, 1, 7, 1));                                         // fewer rows than a tile has
  expect_winograd_matches(conv3(1, 13, 4, 6, 33, 2));                                        // all that the filter reaches outside
  expect_winograd_matches(conv3(1, 4, 3, 5, 6, 3));                                          // more than that: the data gradient's pad is negative
  expect_winograd_matches(conv3(1, 2, 2, 3, 2, 6));                                          // tiles without a pixel
  Conv2d cut = conv3(2, 11, 10, 4, 6, 1);
  cut.p = 7, cut.q = 5;                                                             // fewer positions than fit
  expect_winograd_matches(cut);
  Conv2d uneven = conv3(1, 6, 9, 3, 4, 0);
  uneven.pad_w = 2, uneven.q = 11;
  expect_winograd_matches(uneven);
}

TEST_F(Conv2dWinogradSim, VectorsAndSeveralBlocksMatchReference) {
  expect_winograd_matches(conv3(2, 8, 8, 16, 32, 1));                                        // whole tiles, vectors in the products
  expect_winograd_matches(conv3(1, 12, 9, 72, 40, 1));                                       // several blocks of a transform
  expect_winograd_matches(conv3(5, 7, 8, 24, 68, 1));
}

TEST_F(Conv2dWinogradSim, EpiloguesMatchReference) {
  const char present = 0;
  for (const Unary f : {Unary::identity, Unary::relu, Unary::leaky_relu, Unary::sigmoid, Unary::tanh})
    for (const void* bias : {static_cast<const void*>(&present), static_cast<const void*>(nullptr)})
      for (const void* residual : {static_cast<const void*>(&present), static_cast<const void*>(nullptr)})
        for (const Conv2dRole role : {Conv2dRole::forward, Conv2dRole::data_gradient}) expect_winograd(role, conv3(1, 6, 5, 6, 10, 1), {bias, f, 0.2, residual});
}

TEST_F(Conv2dWinogradSim, MasksMatchReference) {
  for (const Conv2dRole role : {Conv2dRole::forward, Conv2dRole::data_gradient}) expect_winograd(role, conv3(1, 6, 5, 6, 10, 1), kMasked);
}

TEST_F(Conv2dWinogradSim, UnalignedPointersMatchReference) {
  for (const int shift : {1, 2, 3}) expect_winograd_matches(conv3(1, 6, 5, 8, 16, 1), kPlain, shift);
}

// A long sum of few results is cut into parts, which the last block of a tile adds in their order.
TEST_F(Conv2dWinogradSim, PartsOfSumsMatchReference) {
  const Conv2d p = conv3(2, 64, 64, 5, 3, 1);
  ASSERT_GT(winograd_product_plan(Conv2dRole::weight_gradient, p).parts, 1);
  expect_winograd(Conv2dRole::weight_gradient, p);
}

// More tiles than a slice has: results lie where they belong, and sums over slices are added.
TEST_F(Conv2dWinogradSim, SlicesMatchReference) {
  const Conv2d p = conv3(3, 21, 31, 2046, 2, 1);
  for (const Conv2dRole role : {Conv2dRole::forward, Conv2dRole::weight_gradient}) {
    const WinogradCut cut = winograd_cut(role, p);
    ASSERT_EQ(cut.tiles, 144);
    ASSERT_EQ(cut.slice, 128);
    ASSERT_TRUE(variants_under_test().prefer(role, p, kWinograd));
    EXPECT_LE(run(role, p, kPlain, 0).error, role == Conv2dRole::forward ? 1e-5 : 5e-5);
  }
}

// x is read through its border: the bits of padding first.
TEST_F(Conv2dWinogradSim, BordersEqualPaddingFirst) {
  for (const Conv2d& problem : {conv3(2, 7, 5, 8, 16, 1), conv3(1, 6, 9, 3, 5, 2), conv3(1, 3, 4, 2, 3, 1)}) {
    for (const Padding border : {Padding::reflect, Padding::replicate}) {
      Conv2d p = problem;
      p.border = border;
      SCOPED_TRACE(describe(p));
      const Conv2d padded = kernels::check::of_padded_image(p);
      const auto x = random_values(x_count(p), 1), image = kernels::check::padded_image(p, x), w = random_values(w_count(p), 2), dy = random_values(y_count(p), 3);
      EXPECT_FALSE(variants_under_test().prefer(Conv2dRole::data_gradient, p, kWinograd));
      const auto found = [&](const Conv2d& q, const std::vector<double>& pixels) {
        for (const Conv2dRole role : {Conv2dRole::forward, Conv2dRole::weight_gradient}) EXPECT_TRUE(variants_under_test().prefer(role, q, kWinograd));
        Guarded from(q.dtype, pixels), filter(q.dtype, w), above(q.dtype, dy), y(q.dtype, y_count(q)), dw(q.dtype, w_count(q));
        Guarded memory(DType::f32, static_cast<int64_t>(conv2d().forward_workspace(q) / 4)), more(DType::f32, static_cast<int64_t>(conv2d().weight_gradient_workspace(q) / 4));
        conv2d().forward(nullptr, q, from.data(), {filter.data(), nullptr}, y.data(), kPlain, memory.data());
        conv2d().weight_gradient(nullptr, q, from.data(), above.data(), dw.data(), more.data());
        EXPECT_TRUE(memory.guard_is_whole() && more.guard_is_whole());
        return std::vector{y.bits(), dw.bits()};
      };
      const auto want = found(padded, image);
      EXPECT_EQ(found(p, x), want);
    }
  }
}

// What rounding costs at 128 channels: some twenty times what plain sums lose, and a quarter of what forward may.
TEST_F(Conv2dWinogradSim, LosesLittle) {
  const Conv2d p = conv3(1, 8, 8, 128, 16, 1);
  double plain[3];
  for (const Conv2dRole role : kRoles) plain[static_cast<int>(role)] = run(role, p, kPlain, 0).error;
  for (const Conv2dRole role : kRoles) {
    ASSERT_TRUE(variants_under_test().prefer(role, p, kWinograd));
    const double error = run(role, p, kPlain, 0).error;
    EXPECT_LE(error, 2.5e-6) << kRoleNames[static_cast<int>(role)];
    EXPECT_GE(error, 3 * plain[static_cast<int>(role)]) << kRoleNames[static_cast<int>(role)] << ": by plain sums";
  }
}

TEST_F(Conv2dWinogradSim, NeedsItsWorkspace) {
  const Conv2d p = conv3(1, 5, 5, 3, 4, 1);
  float memory[256] = {};
  ASSERT_TRUE(variants_under_test().prefer(Conv2dRole::forward, p, kWinograd));
  EXPECT_THROW(conv2d().forward(nullptr, p, memory, {memory, nullptr}, memory, kPlain, nullptr), std::runtime_error);
}

TEST(Conv2dWinogradTable, ServesWhatItSays) {
  const auto served = [](const Conv2d& p) {
    std::string text;
    for (const Conv2dRole role : kRoles) text += winograd_serves(role, p) ? kRoleNames[static_cast<int>(role)][0] : '-';
    return text;
  };
  const Conv2d p = conv3(2, 9, 8, 5, 7, 1);
  EXPECT_EQ(served(p), "fdw");
  EXPECT_EQ(served(with(p, kNumbers[1])), "---");                                   // tf32
  EXPECT_EQ(served(with(p, kNumbers[2])), "---");                                   // bf16
  EXPECT_EQ(served(conv(2, 9, 8, 5, 7, 3, 3, 2, 1)), "---");
  EXPECT_EQ(served(conv(2, 9, 8, 5, 7, 3, 3, 1, 2, 2)), "---");
  EXPECT_EQ(served(conv(2, 9, 8, 4, 6, 3, 3, 1, 1, 1, 2)), "---");
  EXPECT_EQ(served(conv(2, 9, 8, 5, 7, 3, 4, 1, 1)), "---");
  EXPECT_EQ(served(conv(2, 9, 8, 5, 7, 4, 3, 1, 1)), "---");
  EXPECT_EQ(served(conv3(0, 9, 8, 5, 7, 1)), "---");
  EXPECT_EQ(served(conv3(1, 9, 8, 512, 512, 1)), "fdw");
  EXPECT_EQ(served(conv3(1, 9, 8, 512, 1024, 1)), "---");                           // too many filters
  EXPECT_EQ(served(conv3(1, 9, 8, 2048, 1, 1)), "---");                             // too many channels
  Conv2d border = p;
  border.border = Padding::reflect;
  EXPECT_EQ(served(border), "f-w");
}

// Slices cover the tiles, and what they take stays within bounds.
TEST(Conv2dWinogradTable, SlicesAreBounded) {
  for (const int images : {1, 16, 128})
    for (const int size : {1, 5, 64, 250, 1024})
      for (const int c : {1, 64, 512, 2000})
        for (const int k : {1, 48, 512}) {
          const Conv2d p = conv3(images, size, size, c, k, 1);
          for (const Conv2dRole role : kRoles) {
            if (!winograd_serves(role, p)) continue;
            const WinogradCut cut = winograd_cut(role, p);
            ASSERT_EQ(cut.tiles, images * ceil_div(size, 4) * ceil_div(size, 4));
            ASSERT_GE(cut.slice, 1);
            ASSERT_LE(cut.slice, cut.tiles);
            ASSERT_TRUE(cut.slice == cut.tiles || cut.slice % kWinogradGrain == 0);
            ASSERT_LE(winograd_workspace(role, p), size_t(kWinogradSliceBytes + kMostWinogradFilterBytes));
          }
        }
}

// The table never takes it; tune measures it where it is expected to win by far, beginning with the table's choice.
TEST(Conv2dWinogradTable, IsListedWherePromising) {
  std::string promising;
  for (const Conv2dRow& row : kConv2dRows) {
    for (const Conv2dRole role : kRoles) {
      const Conv2d p = problem_of(row, DType::f32, Math::f32);
      for (const int capability : {80, 90}) {
        EXPECT_NE(table_plan(role, p, capability).tile, TileName::winograd);
        TilePlan plans[kMostVariants];
        const int count = list_plans(role, p, capability, plans);
        int listed = 0;
        for (int i = 0; i < count; ++i) listed += plans[i].tile == TileName::winograd;
        EXPECT_EQ(listed, winograd_promises(role, p) ? 1 : 0) << row.name;
      }
      if (winograd_promises(role, p)) promising += std::string(promising.empty() ? "" : " ") + row.name + kRoleNames[static_cast<int>(role)][0];
    }
  }
  EXPECT_EQ(promising, "C3f C3d C3w D2f D2d D2w D3f D3d D3w D4d E1f E1d E1w E2w F1f F1d F1w F2f F2d F2w");
}

TEST(Conv2dWinogradTable, PreferencesAreFollowed) {
  const Conv2d p = conv3(1, 64, 64, 64, 64, 1);
  const VariantKernels& v = variants();
  for (const Conv2dRole role : kRoles) {
    const auto name = [&] { return std::string(v.tile_name(v.chosen(role, p).tile)); };
    EXPECT_NE(name(), "winograd");
    EXPECT_FALSE(v.prefer(role, p, {kWinograd.tile, 2}));
    EXPECT_FALSE(v.prefer(role, with(p, kNumbers[1]), kWinograd));
    EXPECT_TRUE(v.prefer(role, p, kWinograd));
    EXPECT_EQ(name(), "winograd");
    EXPECT_LT(v.count(role, p, kWinograd), v.count(role, p, {static_cast<int>(TileName::tall), 1}));
    const auto bytes = role == Conv2dRole::forward ? conv2d_kernels.forward_workspace(p)
                                                   : role == Conv2dRole::data_gradient ? conv2d_kernels.data_gradient_workspace(p) : conv2d_kernels.weight_gradient_workspace(p);
    EXPECT_EQ(bytes, size_t{4} * 36 * (64 * 64 + 256 * 128));
  }
  v.forget();
  EXPECT_EQ(conv2d_kernels.forward_workspace(p), 0u);
}

}  // namespace
}  // namespace ganymede::kernels::sim
