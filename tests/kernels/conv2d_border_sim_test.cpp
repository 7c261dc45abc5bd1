// Convolutions that read x through its border, of the simulator (of the GPU: device_under_test.h), against the same kernels over an
// image that was padded first: equal bits, in three orders. And which kernels do so.
#include <gtest/gtest.h>

#include "kernels/simt/simulator.h"
#include "tests/kernels/conv2d_cases.h"
#include "tests/kernels/conv2d_drawn.h"
#include "tests/kernels/padded_image.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim {
namespace {

using namespace check;
using kernels::check::of_padded_image;
using kernels::check::padded_image;

constexpr Conv2dRole kReaders[] = {Conv2dRole::forward, Conv2dRole::weight_gradient};

class Conv2dBorderSim : public testing::Test {
  const SettingsGuard guard_;
};

std::vector<unsigned char> run(Conv2dRole role, const Conv2d& p, const std::vector<double>& x, const std::vector<double>& second, Choice choice, int shift) {
  const bool is_forward = role == Conv2dRole::forward;
  Guarded from(p.dtype, x, shift), other(p.dtype, second, shift), bias(DType::f32, random_values(p.k, 3));
  Guarded to(is_forward ? p.dtype : DType::f32, is_forward ? y_count(p) : w_count(p), shift);
  const size_t bytes = is_forward ? (choice.by_kernels ? conv2d().forward_workspace(p) : 0) : choice.by_kernels ? conv2d().weight_gradient_workspace(p) : weight_gradient_workspace(p, {choice.tile, choice.parts});
  Guarded workspace(DType::f32, static_cast<int64_t>(bytes / 4));
  void* const memory = bytes ? workspace.data() : nullptr;
  const Epilogue epilogue{bias.data(), Unary::leaky_relu, 0.2};
  const int tile = static_cast<int>(choice.tile);
  if (is_forward && choice.by_kernels) conv2d().forward(nullptr, p, from.data(), {other.data(), nullptr}, to.data(), epilogue, memory);
  else if (is_forward) launchers().forward(nullptr, p, from.data(), other.data(), to.data(), epilogue, tile, choice.parts);
  else if (choice.by_kernels) conv2d().weight_gradient(nullptr, p, from.data(), other.data(), to.data(), memory);
  else launchers().weight_gradient(nullptr, p, from.data(), other.data(), to.data(), memory, tile, choice.parts);
  EXPECT_TRUE(to.guard_is_whole() && workspace.guard_is_whole());
  return to.bits();
}

void expect_equal(Conv2d p, Choice choice = {}, int shift = 0) {
  for (p.border = Padding::reflect; ; p.border = Padding::replicate) {
    if (p.border == Padding::reflect && (p.pad_h >= p.h || p.pad_w >= p.w)) continue;
    for (const Conv2dRole role : kReaders) {
      SCOPED_TRACE(check::describe(p) + (p.border == Padding::reflect ? " reflect" : " replicate") + (role == Conv2dRole::forward ? " forward" : " weight gradient"));
      const auto x = random_values(x_count(p), 1), second = random_values(role == Conv2dRole::forward ? w_count(p) : y_count(p), 2);
      const auto want = run(role, of_padded_image(p), padded_image(p, x), second, choice, shift);
      for (const Order order : {Order::forward, Order::reverse, Order::random}) {
        configure({order, 5, 0});
        EXPECT_EQ(run(role, p, x, second, choice, shift), want) << "order " << static_cast<int>(order);
      }
    }
    if (p.border == Padding::replicate) return;
  }
}

void expect_equal_numbers(const Conv2d& p, Choice choice = {}, int shift = 0) {
  for (const Number number : kNumbers) expect_equal(with(p, number), choice, shift);
}

TEST_F(Conv2dBorderSim, TilesEqualPaddingFirst) {
  expect_equal_numbers(conv(2, 7, 5, 8, 16, 3, 3, 1, 1));
  expect_equal_numbers(conv(1, 6, 5, 20, 12, 3, 3, 1, 2));         // vectors of f32, elements of bf16
  expect_equal_numbers(conv(1, 7, 9, 13, 5, 5, 5, 1, 2));          // odd channels
  expect_equal_numbers(conv(2, 6, 6, 32, 8, 4, 4, 2, 1));
  expect_equal_numbers(conv(1, 13, 12, 8, 8, 3, 2, 3, 2, 2));      // strides and dilation
  expect_equal_numbers(conv(2, 5, 8, 16, 24, 3, 3, 1, 1, 1, 2));   // groups
  expect_equal_numbers(conv(1, 6, 5, 8, 8, 1, 1, 1, 4));           // more padding than the filter needs
  expect_equal_numbers(conv(3, 2, 3, 8, 8, 3, 3, 1, 7));           // more than the image has: replicate alone
  expect_equal_numbers(conv(2, 1, 1, 8, 8, 3, 3, 1, 1));           // one pixel
  expect_equal_numbers(conv(2, 7, 5, 8, 16, 3, 3, 1, 1), {}, 1);   // unaligned
  Conv2d p = conv(2, 9, 8, 8, 8, 3, 3);
  p.pad_h = 3, p.pad_w = 0, p.stride_h = 2, p.p = 5;               // rows alone, fewer than fit
  expect_equal_numbers(p);
}

TEST_F(Conv2dBorderSim, EveryTileEqualsPaddingFirst) {
  for (const TileName tile : kTileNames) {
    for (const Number number : kNumbers) {
      if (tile == TileName::large && number.dtype == DType::f32 && number.math == Math::f32) continue;
      expect_equal(with(conv(1, 9, 8, 16, 24, 3, 3, 1, 1), number), {false, tile, 2});
      expect_equal(with(conv(1, 9, 8, 6, 5, 3, 3, 1, 1), number), {false, tile, 1});
    }
  }
}

TEST_F(Conv2dBorderSim, FewChannelsEqualPaddingFirst) {
  expect_equal_numbers(conv(1, 15, 14, 3, 16, 7, 7, 1, 3));        // C1's filter
  expect_equal_numbers(conv(2, 9, 35, 2, 33, 3, 5, 1, 2));         // several rectangles
  expect_equal_numbers(conv(2, 12, 10, 3, 64, 4, 4, 2, 1));
  expect_equal_numbers(conv(1, 17, 16, 3, 8, 3, 3, 2, 2, 2));
  expect_equal_numbers(conv(1, 2, 3, 4, 8, 2, 2, 1, 5));
  expect_equal_numbers(conv(2, 10, 9, 64, 3, 7, 7, 1, 3));         // C5, smaller
  expect_equal_numbers(conv(1, 7, 70, 13, 1, 3, 3, 1, 1));
  expect_equal_numbers(conv(2, 37, 6, 16, 3, 3, 3, 1, 1));         // several rectangles one below another
  expect_equal_numbers(conv(1, 12, 13, 16, 2, 3, 3, 1, 2, 2));
  expect_equal_numbers(conv(1, 4, 3, 8, 1, 4, 4, 1, 5));           // more padding than the filter reaches
  expect_equal_numbers(conv(2, 10, 9, 16, 3, 3, 3, 1, 1), {}, 1);
}

TEST_F(Conv2dBorderSim, DrawnOnesEqualPaddingFirst) {
  for (int seed = 0; seed < test::random_cases(15) && !HasFailure(); ++seed) {
    test::Draw draw(seed);
    const Conv2d p = with(drawn_problem(draw, 100'000), kNumbers[draw.between(0, 2)]);
    SCOPED_TRACE(testing::Message() << "case " << seed);
    expect_equal(p, {}, draw.one_in(4) ? 1 : 0);
  }
}

// A border never goes to a twin; where the padded image's problem does, x is padded first.
TEST(Conv2dBorderTable, TwinsArePaddedFor) {
  const auto all = [](const Conv2d& given, Number number, int capability) {
    std::string text;
    Conv2d p = with(given, number);
    p.border = Padding::reflect;
    for (const Conv2dRole role : {Conv2dRole::forward, Conv2dRole::data_gradient, Conv2dRole::weight_gradient}) {
      EXPECT_FALSE(has_twin(role, p));
      EXPECT_FALSE(is_twin(table_plan(role, p, capability).tile));
      text += reads_border(role, p, capability) ? 'r' : '-';
      if (role != Conv2dRole::data_gradient && reads_border(role, p, capability)) {
        const TilePlan mine = table_plan(role, p, capability), padded = table_plan(role, of_padded_image(p), capability);
        EXPECT_TRUE(mine.tile == padded.tile && mine.parts == padded.parts);
      }
    }
    return text;
  };
  const Conv2d block = conv(1, 64, 64, 256, 256, 3, 3, 1, 1), first = conv(1, 256, 256, 3, 64, 7, 7, 1, 3), last = conv(1, 256, 256, 64, 3, 7, 7, 1, 3);
  const Number f32 = kNumbers[0], bf16 = kNumbers[2];
  for (const Conv2d& p : {block, first, last}) {
    for (const Number number : kNumbers) EXPECT_EQ(all(p, number, 80), "r-r");
    EXPECT_EQ(all(p, f32, 90), "r-r");
  }
  EXPECT_EQ(all(block, bf16, 90), "---");
  EXPECT_EQ(all(first, bf16, 90), "r-r");
  EXPECT_EQ(all(last, bf16, 90), "r-r");
}

TEST(Conv2dBorderTable, SaysWhatIsWrong) {
  Conv2d p = conv(1, 3, 3, 4, 4, 3, 3, 1, 3);
  p.border = Padding::reflect;
  float memory[1024] = {};
  EXPECT_THROW(conv2d().forward(nullptr, p, memory, {memory, nullptr}, memory, kPlain, nullptr), std::runtime_error);
  p.pad_h = p.pad_w = 1, p.p = p.q = 3;
  EXPECT_THROW(conv2d().data_gradient(nullptr, p, memory, {memory, nullptr}, memory, kPlain, nullptr), std::runtime_error);
}

}  // namespace
}  // namespace ganymede::kernels::sim
