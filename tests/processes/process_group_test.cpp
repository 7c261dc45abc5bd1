// What processes tell each other. mpirun starts this program; every process runs every test.
#include "engine/process_group.h"

#include <gtest/gtest.h>
#include <sched.h>

#include <cstring>

#include "engine/ops/create.h"

namespace ganymede::test {
namespace {

const ProcessGroup& world() { return ProcessGroup::world(); }

TEST(ProcessGroup, HasSeveralProcessesOnThisMachine) {
  EXPECT_GE(world().size(), 2);
  EXPECT_EQ(world().local_size(), world().size());
  EXPECT_EQ(world().local_rank(), world().rank());
  EXPECT_EQ(world().leads(), world().rank() == 0);
  EXPECT_FALSE(world().alone());
}

TEST(ProcessGroup, DividesTheCores) {
  cpu_set_t mine;
  ASSERT_EQ(sched_getaffinity(0, sizeof mine, &mine), 0);
  std::vector<std::byte> bytes(sizeof mine);
  std::memcpy(bytes.data(), &mine, sizeof mine);
  const auto all = world().gather(bytes);
  cpu_set_t together;
  CPU_ZERO(&together);
  int cores = 0;
  for (const auto& other : all) {
    cpu_set_t set;
    std::memcpy(&set, other.data(), sizeof set);
    CPU_OR(&together, &together, &set);
    cores += CPU_COUNT(&set);
    EXPECT_GE(CPU_COUNT(&set), 1);
  }
  // Fewer cores than processes: one each, some of them shared.
  if (world().leads()) EXPECT_EQ(cores, std::max(CPU_COUNT(&together), world().size()));
}

TEST(ProcessGroup, AveragesEveryElementWhateverTheSizes) {
  const int rank = world().rank(), size = world().size();
  for (const int64_t n : {1, 2, 3, 7, 64, 1001}) {
    std::vector<double> values;
    for (int64_t i = 0; i < n; ++i) values.push_back(double(i) + 10.0 * rank);
    const Tensor a = tensor(values, {n}, DType::f32, Device{}), b = tensor(values, {n}, DType::f64, Device{}), c = tensor(std::vector<double>{1.0 * rank}, {1}, DType::f32, Device{});
    world().average({a, b, c});
    const double mean = 5.0 * (size - 1);
    for (int64_t i = 0; i < n; ++i) {
      EXPECT_NEAR(a.to_doubles()[size_t(i)], double(i) + mean, 1e-3) << n;
      EXPECT_NEAR(b.to_doubles()[size_t(i)], double(i) + mean, 1e-9) << n;
    }
    EXPECT_NEAR(c.item(), mean / 10, 1e-6);
  }
}

TEST(ProcessGroup, LeavesWhatIsTheSameEverywhere) {
  std::vector<float> values;
  for (int i = 1; i < 500; ++i) values.push_back(1.0f / float(i));
  const Tensor x = tensor(values, {499}, DType::f32, Device{});
  const auto before = x.to_doubles();
  world().average({x});
  EXPECT_EQ(x.to_doubles(), before);
}

TEST(ProcessGroup, SumsInTheOrderOfTheRanks) {
  // In f32 the sum of these differences depends on the order, so only one of them gives these bits.
  const float mine[] = {0.0f, 1e8f, 1.0f, -1e8f};
  const int rank = world().rank(), size = world().size();
  const Tensor x = tensor(std::vector<float>{mine[rank % 4]}, {1}, DType::f32, Device{});
  float sum = 0;
  for (int i = 1; i < size; ++i) sum += mine[i % 4];
  world().average({x});
  EXPECT_EQ(float(x.item()), sum / float(size));
}

TEST(ProcessGroup, HearsTheLowestRankThatSpeaks) {
  const int rank = world().rank(), last = world().size() - 1;
  EXPECT_EQ(world().first(""), "");
  EXPECT_EQ(world().first("from " + std::to_string(rank)), "from 0");
  EXPECT_EQ(world().first(rank == last ? "a longer text" : ""), "a longer text");
}

TEST(ProcessGroup, GathersOnRankZero) {
  const int rank = world().rank();
  const auto all = world().gather(std::vector<std::byte>(size_t(rank) + 1, std::byte(rank)));
  if (!world().leads()) {
    EXPECT_TRUE(all.empty());
    return;
  }
  ASSERT_EQ(int(all.size()), world().size());
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i], std::vector<std::byte>(i + 1, std::byte(i)));
}

}  // namespace
}  // namespace ganymede::test
