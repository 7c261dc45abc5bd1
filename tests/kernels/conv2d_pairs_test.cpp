// Convolutions that read and write two tensors side by side in channels, of the simulator (of the GPU: device_under_test.h), against the
// same kernels over one tensor: equal bits, in three orders. And which kernels do so.
#include <gtest/gtest.h>

#include "kernels/simt/simulator.h"
#include "tests/kernels/conv2d_cases.h"
#include "tests/kernels/conv2d_drawn.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim {
namespace {

using namespace check;

class Conv2dPairsSim : public testing::Test {
  const SettingsGuard guard_;
};

// An image of so many channels in one tensor or two, each guarded.
class Image {
 public:
  Image(DType dtype, int64_t pixels, int channels, int first, int shift) : size_(dtype == DType::bf16 ? 2 : 4), channels_{first ? first : channels, first ? channels - first : 0} {
    for (int i = 0; i < (first ? 2 : 1); ++i) parts_.push_back(std::make_unique<Guarded>(dtype, pixels * channels_[i], shift));
  }
  Image(DType dtype, const std::vector<double>& values, int channels, int first, int shift) : size_(dtype == DType::bf16 ? 2 : 4), channels_{first ? first : channels, first ? channels - first : 0} {
    for (int i = 0; i < (first ? 2 : 1); ++i) {
      std::vector<double> own;
      for (size_t j = 0; j < values.size(); ++j)
        if ((static_cast<int>(j % channels) >= channels_[0]) == (i == 1)) own.push_back(values[j]);
      parts_.push_back(std::make_unique<Guarded>(dtype, own, shift));
    }
  }
  template <class Place>
  Place place() { return {parts_[0]->data(), parts_.size() > 1 ? parts_[1]->data() : nullptr}; }
  bool guards_are_whole() const { return std::all_of(parts_.begin(), parts_.end(), [](const auto& part) { return part->guard_is_whole(); }); }
  // As of one tensor.
  std::vector<unsigned char> bits() const {
    if (parts_.size() == 1) return parts_[0]->bits();
    const auto left = parts_[0]->bits(), right = parts_[1]->bits();
    std::vector<unsigned char> all;
    const size_t a = channels_[0] * size_, b = channels_[1] * size_;
    for (size_t i = 0; i * a < left.size(); ++i) {
      all.insert(all.end(), left.begin() + i * a, left.begin() + (i + 1) * a);
      all.insert(all.end(), right.begin() + i * b, right.begin() + (i + 1) * b);
    }
    return all;
  }

 private:
  size_t size_;
  int channels_[2];
  std::vector<std::unique_ptr<Guarded>> parts_;
};

std::vector<unsigned char> run(Conv2dRole role, const Conv2d& p, Choice choice, int shift) {
  const auto pixels_x = int64_t{p.n} * p.h * p.w, pixels_y = int64_t{p.n} * p.p * p.q;
  const auto x_values = random_values(x_count(p), 1), y_values = random_values(y_count(p), 2), w_values = random_values(w_count(p), 3);
  const int tile = static_cast<int>(choice.tile);
  size_t bytes = 0;
  if (role == Conv2dRole::data_gradient) bytes = choice.by_kernels ? conv2d().data_gradient_workspace(p) : data_gradient_workspace(p, {choice.tile, choice.parts});
  if (role == Conv2dRole::weight_gradient) bytes = choice.by_kernels ? conv2d().weight_gradient_workspace(p) : weight_gradient_workspace(p, {choice.tile, choice.parts});
  Guarded workspace(DType::f32, static_cast<int64_t>(bytes / 4));
  void* const memory = bytes ? workspace.data() : nullptr;
  Guarded w(p.dtype, w_values, shift), dw(DType::f32, w_count(p), shift), bias(DType::f32, random_values(role == Conv2dRole::forward ? p.k : p.c, 4));
  const Epilogue epilogue{bias.data(), Unary::leaky_relu, 0.2};
  Image x(p.dtype, x_values, p.c, p.c_first, shift), y(p.dtype, y_values, p.k, p.k_first, shift);
  Image to_x(p.dtype, pixels_x, p.c, p.c_first, shift), to_y(p.dtype, pixels_y, p.k, p.k_first, shift);
  const auto from_x = x.place<ImageIn>(), from_y = y.place<ImageIn>();
  if (role == Conv2dRole::forward) {
    if (choice.by_kernels) conv2d().forward(nullptr, p, from_x, {w.data(), nullptr}, to_y.place<ImageOut>(), epilogue, nullptr);
    else launchers().forward(nullptr, p, from_x, w.data(), to_y.place<ImageOut>(), epilogue, tile, choice.parts);
  } else if (role == Conv2dRole::data_gradient) {
    if (choice.by_kernels) conv2d().data_gradient(nullptr, p, from_y, {w.data(), nullptr}, to_x.place<ImageOut>(), epilogue, memory);
    else launchers().data_gradient(nullptr, p, from_y, w.data(), to_x.place<ImageOut>(), epilogue, memory, tile, choice.parts);
  } else {
    if (choice.by_kernels) conv2d().weight_gradient(nullptr, p, from_x, from_y, dw.data(), memory);
    else launchers().weight_gradient(nullptr, p, from_x, from_y, dw.data(), memory, tile, choice.parts);
  }
  EXPECT_TRUE(to_x.guards_are_whole() && to_y.guards_are_whole() && dw.guard_is_whole() && workspace.guard_is_whole());
  return role == Conv2dRole::forward ? to_y.bits() : role == Conv2dRole::data_gradient ? to_x.bits() : dw.bits();
}

// A pair of x, one of y, and both.
void expect_equal(const Conv2d& joined, int c_first, int k_first, Choice choice = {false}, int shift = 0) {
  for (const Conv2dRole role : kRoles) {
    if (role == Conv2dRole::data_gradient && joined.border != Padding::zero) continue;
    const auto want = run(role, joined, choice, shift);
    for (const int ends : {1, 2, 3}) {
      Conv2d p = joined;
      if (ends & 1) p.c_first = c_first;
      if (ends & 2) p.k_first = k_first;
      SCOPED_TRACE(check::describe(p) + " " + std::to_string(p.c_first) + " + ..., " + std::to_string(p.k_first) + " + ..., role " + std::to_string(static_cast<int>(role)));
      for (const Order order : {Order::forward, Order::reverse, Order::random}) {
        configure({order, 5, 0});
        EXPECT_TRUE(run(role, p, choice, shift) == want) << "order " << static_cast<int>(order);
      }
    }
  }
}

void expect_equal_numbers(const Conv2d& p, int c_first, int k_first, Choice choice = {false}, int shift = 0) {
  for (const Number number : kNumbers) expect_equal(with(p, number), c_first, k_first, choice, shift);
}

TEST_F(Conv2dPairsSim, TilesEqualOneTensor) {
  expect_equal_numbers(conv(2, 7, 5, 16, 24, 3, 3, 1, 1), 8, 16);          // vectors, halves of x
  expect_equal_numbers(conv(1, 8, 6, 16, 32, 4, 4, 2, 1), 8, 16);          // a level of a U-net
  expect_equal_numbers(conv(1, 8, 6, 6, 16, 4, 4, 2, 1), 3, 8);            // pictures in pairs
  expect_equal_numbers(conv(1, 6, 5, 20, 12, 3, 3, 1, 1), 12, 4);          // vectors of f32, elements of bf16
  expect_equal_numbers(conv(1, 5, 7, 13, 9, 3, 3, 1, 1), 5, 2);            // odd everywhere
  expect_equal_numbers(conv(2, 5, 4, 16, 16, 3, 3, 1, 1), 6, 7);           // splits within vectors
  expect_equal_numbers(conv(1, 6, 6, 11, 11, 3, 3, 1, 1), 8, 10);          // a plane or three beside features
  expect_equal_numbers(conv(1, 6, 6, 2, 2, 1, 1), 1, 1);
  expect_equal_numbers(conv(1, 13, 12, 8, 8, 3, 2, 3, 2, 2), 4, 4);        // strides and dilation
  expect_equal_numbers(conv(1, 21, 20, 3, 3, 3, 3, 9, 1), 1, 2);           // more phases than one launch describes
  expect_equal_numbers(conv(2, 7, 5, 16, 16, 3, 3, 1, 1), 8, 8, {false}, 1);   // unaligned
  Conv2d p = conv(1, 6, 6, 8, 8, 4, 4, 2, 1);
  p.h = 7, p.w = 7;                                                        // output padding of the transposed convolution
  expect_equal_numbers(p, 4, 4);
}

TEST_F(Conv2dPairsSim, EveryTileEqualsOneTensor) {
  for (const TileName tile : kTileNames) {
    for (const Number number : kNumbers) {
      if (tile == TileName::large && number.dtype == DType::f32 && number.math == Math::f32) continue;
      expect_equal(with(conv(1, 9, 8, 24, 40, 3, 3, 1, 1), number), 16, 24, {false, tile, 2});
      expect_equal(with(conv(1, 9, 8, 6, 5, 3, 3, 1, 1), number), 1, 3, {false, tile, 1});
    }
  }
}

TEST_F(Conv2dPairsSim, BordersEqualOneTensor) {
  for (const Padding border : {Padding::reflect, Padding::replicate}) {
    Conv2d p = conv(1, 6, 5, 16, 12, 3, 3, 1, 2);
    p.border = border;
    expect_equal_numbers(p, 8, 4);
    expect_equal_numbers(p, 3, 5);
  }
}

TEST_F(Conv2dPairsSim, DrawnOnesEqualOneTensor) {
  for (int seed = 0; seed < test::random_cases(15) && !HasFailure(); ++seed) {
    test::Draw draw(seed);
    Conv2d p = drawn_problem(draw, 60'000);
    while (p.groups > 1 || p.c == 1 || p.k == 1) p = drawn_problem(draw, 60'000);
    p = with(p, kNumbers[draw.between(0, 2)]);
    if (draw.one_in(3)) p.border = p.pad_h < p.h && p.pad_w < p.w && draw.one_in(2) ? Padding::reflect : Padding::replicate;
    SCOPED_TRACE(testing::Message() << "case " << seed);
    expect_equal(p, int(draw.between(1, p.c - 1)), int(draw.between(1, p.k - 1)), {false, draw.of({TileName::small, TileName::medium, TileName::thin}), int(draw.between(1, 3))}, draw.one_in(4) ? 1 : 0);
  }
}

// By the kernels that Conv2dKernels chooses, which are those for few channels.
void expect_equal_few(const Conv2d& problem, int c_first, int k_first, int shift = 0) {
  for (const Number number : {kNumbers[1], kNumbers[2]}) {
    Conv2d p = with(problem, number);
    p.c_first = c_first, p.k_first = k_first;
    for (const Conv2dRole role : kRoles) ASSERT_TRUE(few_channels_serve(role, p)) << check::describe(p);
    expect_equal(joined_problem(p), c_first, k_first, {true}, shift);
  }
}

TEST_F(Conv2dPairsSim, FewChannelsEqualOneTensor) {
  expect_equal_few(conv(1, 12, 10, 4, 64, 4, 4, 2, 1), 1, 32);     // pictures in pairs
  expect_equal_few(conv(2, 9, 35, 2, 33, 3, 5, 1, 2), 1, 9);       // odd, several rectangles
  expect_equal_few(conv(1, 16, 12, 3, 128, 4, 4, 2, 1), 2, 64);    // the last level of a U-net
  expect_equal_few(conv(2, 10, 9, 64, 3, 7, 7, 1, 3), 24, 1);      // few outputs
  expect_equal_few(conv(1, 7, 70, 13, 1, 3, 3, 1, 1), 4, 0);
  expect_equal_few(conv(1, 12, 13, 24, 2, 3, 3, 1, 2, 2), 12, 1);  // vectors of f32, elements of bf16
  expect_equal_few(conv(1, 12, 10, 3, 64, 4, 4, 2, 1), 1, 32, 1);  // unaligned
  Conv2d p = conv(1, 9, 8, 3, 16, 3, 3, 1, 1);
  p.border = Padding::reflect;
  expect_equal_few(p, 1, 8);
  p = conv(1, 9, 8, 16, 3, 3, 3, 1, 1);
  p.border = Padding::replicate;
  expect_equal_few(p, 8, 2);
}

// Every direction whose twin takes the pair; at least so many.
void expect_equal_twins(const Conv2d& problem, int c_first, int k_first, TileName tile, int parts, int least) {
  if (tests_run_on_cuda() && kernels_under_test().device.info(0).compute_capability != 90) return;
  int served = 0;
  for (const Number number : {kNumbers[1], kNumbers[2]}) {
    Conv2d p = with(problem, number);
    p.c_first = c_first, p.k_first = k_first;
    for (const Conv2dRole role : kRoles) {
      if (!has_twin(role, p)) continue;
      ++served;
      SCOPED_TRACE(check::describe(p) + " role " + std::to_string(static_cast<int>(role)));
      const auto want = run(role, joined_problem(p), {false, tile, parts}, 0);
      for (const Order order : {Order::forward, Order::reverse, Order::random}) {
        configure({order, 5, 0});
        EXPECT_TRUE(run(role, p, {false, tile, parts}, 0) == want) << "order " << static_cast<int>(order);
      }
    }
  }
  EXPECT_GE(served, least);
}

TEST_F(Conv2dPairsSim, TwinsEqualOneTensor) {
  expect_equal_twins(conv(1, 8, 6, 16, 128, 4, 4, 2, 1), 0, 64, TileName::twin_narrow, 1, 6);
  expect_equal_twins(conv(2, 7, 5, 24, 256, 3, 3, 1, 1), 0, 128, TileName::twin_wide, 2, 6);
  expect_equal_twins(conv(1, 9, 8, 8, 128, 3, 3, 2, 1), 0, 64, TileName::twin_square, 2, 6);
  expect_equal_twins(conv(1, 7, 8, 8, 128, 1, 1, 2, 0), 0, 64, TileName::twin_narrow, 1, 6);   // phases that no tap meets
  expect_equal_twins(conv(1, 6, 5, 7, 9, 3, 3, 1, 1), 3, 4, TileName::twin_narrow, 1, 1);      // turned round: any
}

// What is not finite stays in the tensor that it came from.
TEST_F(Conv2dPairsSim, TensorsDoNotMeetInResults) {
  Conv2d p = conv(1, 4, 4, 8, 8, 3, 3, 1, 1);
  p.c_first = 5;
  Image dy(p.dtype, random_values(y_count(p), 2), p.k, 0, 0);
  std::vector<double> w(w_count(p), 0.5);
  for (size_t i = 0; i < w.size(); ++i)
    if (static_cast<int>(i % p.c) >= p.c_first) w[i] = std::nan("");
  Guarded filter(p.dtype, w);
  Guarded left(p.dtype, int64_t{p.n} * p.h * p.w * 5), right(p.dtype, int64_t{p.n} * p.h * p.w * 3);
  launchers().data_gradient(nullptr, p, dy.place<ImageIn>(), filter.data(), {left.data(), right.data()}, kPlain, nullptr, kSmall, 1);
  for (const double v : left.values()) EXPECT_FALSE(std::isnan(v));
  for (const double v : right.values()) EXPECT_TRUE(std::isnan(v));
}

// For each role: p where the kernels take the pair, - where it is joined first.
std::string takers(Conv2d p, Number number, int capability, int c_first, int k_first) {
  p = with(p, number);
  p.c_first = c_first, p.k_first = k_first;
  std::string text;
  for (const Conv2dRole role : kRoles) {
    const bool taken = takes_pairs(role, p, capability);
    text += taken ? 'p' : '-';
    if (!taken) continue;
    const TilePlan mine = table_plan(role, p, capability), joined = table_plan(role, joined_problem(p), capability);
    EXPECT_TRUE(mine.tile == joined.tile && mine.parts == joined.parts) << check::describe(p);
  }
  return text;
}

TEST(Conv2dPairsTable, SaysWhatTakesThem) {
  const Number f32 = kNumbers[0];
  EXPECT_EQ(takers(conv(1, 8, 8, 6, 64, 4, 4, 2, 1), f32, 80, 3, 0), "ppp");
  EXPECT_EQ(takers(conv(1, 8, 8, 64, 128, 4, 4, 2, 1), f32, 80, 0, 64), "ppp");
  EXPECT_EQ(takers(conv(2, 4, 4, 64, 128, 4, 4), f32, 80, 0, 64), "p-p");   // a plain matrix product
  EXPECT_EQ(takers(conv(1, 8, 8, 6, 64, 4, 4, 2, 1, 1, 2), f32, 80, 3, 0), "---");   // groups
  Conv2d p = conv(1, 8, 8, 6, 64, 3, 3, 1, 1);
  p.border = Padding::reflect;
  EXPECT_EQ(takers(p, f32, 80, 3, 0), "p-p");
  // On sm_90 twins take the levels of a U-net, and what they take in no other split is joined first.
  const Number tf32 = kNumbers[1], bf16 = kNumbers[2];
  for (const Number number : {tf32, bf16}) {
    EXPECT_TRUE(is_twin(table_plan(Conv2dRole::data_gradient, with(conv(1, 64, 64, 128, 512, 4, 4, 2, 1), number), 90).tile));
    EXPECT_EQ(takers(conv(1, 64, 64, 128, 512, 4, 4, 2, 1), number, 90, 0, 256), "ppp");
    EXPECT_EQ(takers(conv(1, 256, 256, 3, 128, 4, 4, 2, 1), number, 90, 0, 64), "ppp");   // the last, by the kernels for few channels
    EXPECT_EQ(takers(conv(1, 256, 256, 4, 64, 4, 4, 2, 1), number, 90, 1, 0), "ppp");
    EXPECT_EQ(takers(conv(1, 64, 64, 128, 512, 4, 4, 2, 1), number, 80, 0, 200), "ppp");
  }
  EXPECT_EQ(takers(conv(1, 64, 64, 128, 512, 4, 4, 2, 1), bf16, 90, 0, 200), "---");
  EXPECT_EQ(takers(conv(1, 256, 256, 6, 64, 4, 4, 2, 1), tf32, 90, 3, 0), "p-p");
  EXPECT_EQ(takers(conv(1, 256, 256, 6, 64, 4, 4, 2, 1), bf16, 90, 3, 0), "ppp");
}

TEST(Conv2dPairsTable, SaysWhatIsWrong) {
  float memory[4096] = {};
  for (const int first : {-1, 6, 7}) {
    Conv2d p = conv(1, 3, 3, 6, 4, 3, 3, 1, 1);
    p.c_first = first;
    EXPECT_THROW(conv2d().forward(nullptr, p, {memory, memory}, {memory, nullptr}, memory, kPlain, nullptr), std::runtime_error) << first;
  }
  Conv2d halves = conv(1, 3, 3, 6, 4, 3, 3, 1, 1);
  halves.k_first = 2;
  Epilogue summed = kPlain;
  summed.residual = memory;
  EXPECT_THROW(conv2d().forward(nullptr, halves, memory, {memory, nullptr}, {memory, memory}, summed, nullptr), std::runtime_error);
  Epilogue masked = kPlain;
  masked.mask = memory;
  EXPECT_THROW(conv2d().forward(nullptr, halves, memory, {memory, nullptr}, {memory, memory}, masked, nullptr), std::runtime_error);
  Conv2d p = conv(1, 3, 3, 6, 4, 3, 3, 1, 1, 1, 2);
  p.k_first = 2;
  EXPECT_THROW(conv2d().weight_gradient(nullptr, p, memory, {memory, memory}, memory, nullptr), std::runtime_error);
}

}  // namespace
}  // namespace ganymede::kernels::sim
