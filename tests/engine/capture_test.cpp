// Captured updates: what they share, what they give back, and that neither shows in their values.
#include "engine/capture.h"

#include <gtest/gtest.h>

#include "engine/ops.h"

namespace ganymede {
namespace {

constexpr int64_t kNumbers = 1 << 18;   // 1 MiB of floats

// Sums of functions of x through `deep` temporaries of its size that live at the same time.
struct Update {
  Unit unit;
  int deep;
  Tensor result;
  Update(int deep, std::shared_ptr<Scratch> scratch) : unit(true, std::move(scratch)), deep(deep) {}
  void run(const Tensor& x) {
    unit.run([&] {
      Tensors held;
      for (int i = 0; i < deep; ++i) held.push_back(x * double(i + 1));
      Tensor total = held[0];
      for (int i = 1; i < deep; ++i) total = total + held[size_t(i)];
      result = sum(total);
    });
  }
  double expected(double x) const { return x * deep * (deep + 1) / 2 * double(kNumbers); }
};

// What two updates hold after five iterations, values checked at each.
int64_t held_by_two(bool shared) {
  release_pooled_memory(Device{});
  const int64_t before = memory_use(Device{}).held;
  const Tensor x = full({kNumbers}, 1);
  const auto scratch = shared ? std::make_shared<Scratch>(Device{}) : nullptr;
  Update small(3, scratch), large(6, scratch);
  for (int i = 0; i < 5; ++i) {
    assign(x, full({kNumbers}, i + 1));
    small.run(x), large.run(x);
    EXPECT_DOUBLE_EQ(small.result.item(), small.expected(i + 1)) << i;
    EXPECT_DOUBLE_EQ(large.result.item(), large.expected(i + 1)) << i;
  }
  EXPECT_TRUE(small.unit.captured() && large.unit.captured());
  return memory_use(Device{}).held - before;
}

TEST(Capture, UpdatesThatShareScratchHoldAsMuchAsTheLargest) {
  const int64_t apart = held_by_two(false), together = held_by_two(true);
  EXPECT_GE(apart - together, 3 * kNumbers * int64_t{sizeof(float)});
}

// One that comes late and needs more gets memory of its own, and leaves the others' alone.
TEST(Capture, ALateUpdateMayBeTheLargest) {
  const auto scratch = std::make_shared<Scratch>(Device{});
  const Tensor x = full({kNumbers}, 1);
  Update early(2, scratch), late(9, scratch);
  for (int i = 0; i < 9; ++i) {
    assign(x, full({kNumbers}, i + 1));
    early.run(x);
    if (i >= 4) late.run(x);
    EXPECT_DOUBLE_EQ(early.result.item(), early.expected(i + 1)) << i;
    if (i >= 4) EXPECT_DOUBLE_EQ(late.result.item(), late.expected(i + 1)) << i;
  }
}

// What eager runs left in the pool is the device's again once an update is captured.
TEST(Capture, GivesBackWhatEagerRunsTook) {
  release_pooled_memory(Device{});
  const Tensor x = full({kNumbers}, 2);
  Update u(8, nullptr);
  u.run(x), u.run(x);
  const int64_t eager = memory_use(Device{}).held;
  u.run(x);
  EXPECT_LE(memory_use(Device{}).held, eager + kNumbers / 4);
  EXPECT_DOUBLE_EQ(u.result.item(), u.expected(2));
}

// Its places are made on the device, so that a replay has them too: rotated by a quarter, then by none. What comes after them takes their memory.
TEST(Capture, AffineGridsMayBeReplayed) {
  const Tensor theta = full({1, 2, 3}, 0);
  Unit unit;
  Tensor grid;
  for (int i = 0; i < 6; ++i) {
    assign(theta, tensor(i % 2 ? std::vector<double>{1, 0, 0, 0, 1, 0} : std::vector<double>{0, -1, 0, 1, 0, 0}, {1, 2, 3}, DType::f32, Device{}));
    unit.run([&] {
      grid = affine_grid(theta, 3, 4) * 1.0;
      Tensor after = full({1, 12, 3}, 9);
      for (int k = 0; k < 4; ++k) after = after + 1.0;
    });
    const auto at = grid.to_doubles();
    for (int y = 0; y < 3; ++y)
      for (int x = 0; x < 4; ++x) {
        const double px = (2.0 * x + 1) / 4 - 1, py = (2.0 * y + 1) / 3 - 1;
        EXPECT_NEAR(at[size_t(2 * (4 * y + x))], i % 2 ? px : -py, 1e-6) << i;
        EXPECT_NEAR(at[size_t(2 * (4 * y + x) + 1)], i % 2 ? py : px, 1e-6) << i;
      }
  }
  EXPECT_TRUE(unit.captured());
}

}  // namespace
}  // namespace ganymede
