// The words for clusters in the simulator: what they do, and what it says about kernels that misuse them. One kernel, right as it
// stands, with one fault at a time.
#include "kernels/simt/simt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "tests/kernels/simt_orders.h"
#include "tests/support/places.h"

namespace ganymede::kernels::sim {
namespace {

enum class ClusterFault { none, no_first_sync, no_last_sync, wrong_rank, early_exit, block_barrier, two_places, too_large, poison, overwritten };

constexpr int kBlock = 64;
struct Part {
  float sum;
  float numbers[kBlock];
};
struct Larger {
  Part part;
  float more;
};

// out[i] = sum of the cluster's part of in, for all blocks of the cluster: every block sums its own numbers, then those of all in order.
__global__ void sum_of_cluster_kernel(const float* in, float* out, ClusterFault fault) {
  auto& s = shared<Part>();
  const int thread = static_cast<int>(threadIdx.x), place = static_cast<int>(blockIdx.x) * kBlock + thread;
  if (fault == ClusterFault::early_exit && thread == 5 && simt::cluster_rank() == 1) return;
  s.numbers[thread] = in[place];
  simt::sync_threads();
  if (thread == 0 && fault != ClusterFault::poison) {
    float sum = 0;
    for (const float number : s.numbers) sum += number;
    s.sum = sum;
  }
  if (fault == ClusterFault::block_barrier && simt::cluster_rank() == 1 && thread == 5) simt::sync_threads();
  if (fault == ClusterFault::two_places && thread == 7) simt::cluster_sync();   // FAULT two_places
  else if (fault != ClusterFault::no_first_sync) simt::cluster_sync();   // FAULT early_exit block_barrier
  float all = 0;
  for (int rank = 0; rank < simt::cluster_size(); ++rank)
    all += cluster_shared<Part>(fault == ClusterFault::wrong_rank ? rank + 1 : rank).sum;   // FAULT no_first_sync no_last_sync wrong_rank
  if (fault == ClusterFault::too_large) all += cluster_shared<Larger>(0).more;   // FAULT too_large
  if (fault == ClusterFault::overwritten) s.sum = 0;
  out[place] = all;
  if (fault != ClusterFault::no_last_sync) simt::cluster_sync();
}

constexpr Settings kOrders[] = {{Order::forward, 1, 1, 90}, {Order::reverse, 1, 1, 90}, {Order::random, 1, 1, 90}, {Order::random, 2, 3, 90}};

class SimtCluster : public testing::Test {
 protected:
  SimtCluster() { configure(kOrders[0]); }

  static std::vector<float> run(unsigned blocks, unsigned cluster, ClusterFault fault = ClusterFault::none) {
    std::vector<float> in(blocks * kBlock), out(in.size());
    for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i % 97) + 0.1f;
    launch_cluster<Part>(sum_of_cluster_kernel, blocks, cluster, kBlock, nullptr, in.data(), out.data(), fault);
    return out;
  }
  static std::string message_of(ClusterFault fault, unsigned blocks = 12, unsigned cluster = 4) {
    try {
      run(blocks, cluster, fault);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "nothing was thrown";
  }
  // In every order, at one of the lines that are marked with the fault's name.
  static void expect_said(ClusterFault fault, const std::string& name, std::initializer_list<std::string> either) {
    std::ifstream source(test::source_dir() + "/tests/kernels/simt_cluster_test.cpp");
    std::vector<std::string> places;
    std::string line;
    for (int number = 1; std::getline(source, line); ++number) {
      const size_t mark = line.find("// FAULT ");
      if (mark != std::string::npos && (line.substr(mark + 8) + " ").find(" " + name + " ") != std::string::npos)
        places.push_back("simt_cluster_test.cpp:" + std::to_string(number));
    }
    ASSERT_FALSE(places.empty()) << name;
    for (const Settings& order : kOrders) {
      configure(order);
      const std::string message = message_of(fault);
      const auto has = [&](const std::string& part) { return message.find(part) != std::string::npos; };
      SCOPED_TRACE(name + " in order " + sim::name(order) + ": " + message);
      EXPECT_TRUE(std::any_of(places.begin(), places.end(), has));
      EXPECT_TRUE(std::any_of(either.begin(), either.end(), has));
      EXPECT_EQ(message.find('\n'), std::string::npos);
    }
  }
  const SettingsGuard guard_;
};

TEST_F(SimtCluster, BlocksReadOneAnothersMemory) {
  for (const unsigned cluster : {1u, 2u, 3u, 4u, 8u}) {
    const unsigned blocks = 3 * cluster;
    std::vector<float> first;
    for (const Settings& order : kOrders) {
      configure(order);
      const std::vector<float> out = run(blocks, cluster);
      for (unsigned begin = 0; begin < blocks; begin += cluster) {
        float all = 0;
        for (unsigned rank = 0; rank < cluster; ++rank) {
          float sum = 0;
          for (unsigned i = 0; i < kBlock; ++i) sum += static_cast<float>(((begin + rank) * kBlock + i) % 97) + 0.1f;
          all += sum;
        }
        for (unsigned i = begin * kBlock; i < (begin + cluster) * kBlock; ++i) ASSERT_EQ(out[i], all) << cluster << " " << sim::name(order) << " " << i;
      }
    }
  }
}

__global__ void places_kernel(int* ranks, int* sizes) {
  ranks[blockIdx.y * gridDim.x + blockIdx.x] = simt::cluster_rank();
  sizes[blockIdx.y * gridDim.x + blockIdx.x] = simt::cluster_size();
}

TEST_F(SimtCluster, RankAndSize) {
  std::vector<int> ranks(12), sizes(12);
  for (const Settings& order : kOrders) {
    configure(order);
    launch_cluster(places_kernel, dim3(6, 2), 3, 1, nullptr, ranks.data(), sizes.data());
    for (int i = 0; i < 12; ++i) EXPECT_TRUE(ranks[static_cast<size_t>(i)] == i % 3 && sizes[static_cast<size_t>(i)] == 3) << i;
    launch(places_kernel, dim3(6, 2), 1, nullptr, ranks.data(), sizes.data());   // a block without a cluster
    for (int i = 0; i < 12; ++i) EXPECT_TRUE(ranks[static_cast<size_t>(i)] == 0 && sizes[static_cast<size_t>(i)] == 1) << i;
  }
}

TEST_F(SimtCluster, FaultsAreSaidWithTheirLine) {
  expect_said(ClusterFault::no_first_sync, "no_first_sync", {"a cluster_sync() must come first; block 0 may not have begun"});
  expect_said(ClusterFault::no_last_sync, "no_last_sync", {"has ended; a cluster_sync() must come behind the last read", "ends after this read and could do so before it"});
  expect_said(ClusterFault::wrong_rank, "wrong_rank", {"there is no block 4 in a cluster of 4"});
  expect_said(ClusterFault::early_exit, "early_exit", {"cluster_sync needs all 256 threads of the cluster; 255 are alive", "this thread ends while others of its cluster wait in cluster_sync"});
  expect_said(ClusterFault::block_barrier, "block_barrier", {"255 of 256 live threads wait in cluster_sync"});
  expect_said(ClusterFault::two_places, "two_places", {"divergent barrier: cluster_sync"});
  expect_said(ClusterFault::too_large, "too_large", {"cluster_shared<T>() is larger than the launch's Shared"});
}

// Not said, but seen in the numbers.
TEST_F(SimtCluster, FaultsAreSeenInTheNumbers) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer reports the race";
#endif
  const std::vector<float> right = run(8, 4);
  for (const Settings& order : kOrders) {
    configure(order);
    for (const float value : run(8, 4, ClusterFault::poison)) EXPECT_TRUE(value != value) << sim::name(order);
    EXPECT_NE(run(8, 4, ClusterFault::overwritten), right) << sim::name(order);
  }
}

__global__ void barrier_kernel() { simt::cluster_sync(); }
__global__ void read_kernel(float* x) { *x = cluster_shared<Part>(0).sum; }

TEST_F(SimtCluster, LaunchesThatCannotBe) {
  const auto said = [](auto launch_it) -> std::string {
    try {
      launch_it();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  const auto expect = [](const std::string& message, const std::string& part) { EXPECT_NE(message.find(part), std::string::npos) << message; };
  float x = 0;
  expect(said([] { launch(barrier_kernel, 1, 1, nullptr); }), "cluster_sync needs launch_cluster");
  expect(said([&] { launch<Part>(read_kernel, 1, 1, nullptr, &x); }), "cluster_shared needs launch_cluster");
  expect(said([] { launch_cluster(barrier_kernel, 10, 4, 1, nullptr); }), "not made of whole clusters of 4 blocks");
  for (const unsigned size : {0u, 9u}) expect(said([&] { launch_cluster(barrier_kernel, 9, size, 1, nullptr); }), "a cluster has 1 to 8 blocks");
  Settings older = kOrders[0];
  older.capability = 80;
  configure(older);
  expect(said([] { launch_cluster(barrier_kernel, 4, 2, 1, nullptr); }), "a cluster needs a card of compute capability 90, this one has 80");
}

}  // namespace
}  // namespace ganymede::kernels::sim
