// What the simulator says about kernels that are wrong. Faults that only a sanitizer sees:
// simt_sanitizer_test.cpp.
#include "kernels/simt/simt.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim {
namespace {

// Messages name the threads that the order of the run brings first.
class SimtFaults : public testing::Test {
 protected:
  SimtFaults() { configure({}); }
  const SettingsGuard guard_;
};

// Runs and returns the message of what is thrown.
template <class Run>
std::string message_of(Run run) {
  try {
    run();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::string here(int line) { return "simt_faults_test.cpp:" + std::to_string(line); }

void expect_all(const std::string& message, std::initializer_list<std::string> parts) {
  for (const auto& part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << part << "\nis not in\n" << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

struct Row {
  float value[64];
};
template <bool Barrier>
__global__ void reverse_kernel(float* x) {
  auto& s = shared<Row>();
  s.value[threadIdx.x] = x[threadIdx.x];
  if (Barrier) simt::sync_threads();
  x[threadIdx.x] = s.value[63 - threadIdx.x];
}

TEST_F(SimtFaults, AMissingBarrierReadsPoison) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer reports the race";
#endif
  const auto nans = [](auto kernel) {
    std::vector<float> x(64, 1.f);
    launch<Row>(kernel, 1, 64, nullptr, x.data());
    return std::count_if(x.begin(), x.end(), [](float v) { return v != v; });
  };
  for (Order order : {Order::forward, Order::reverse, Order::random}) {
    configure({order, 5, 1});
    EXPECT_EQ(nans(reverse_kernel<true>), 0);
    EXPECT_GT(nans(reverse_kernel<false>), 0);
  }
}

constexpr int kDivergentLine = __LINE__ + 2;
__global__ void divergent_kernel() {
  if (threadIdx.x < 16) simt::sync_threads();
  else simt::sync_threads();
}

TEST_F(SimtFaults, DivergentBarrier) {
  const auto message = message_of([] { launch(divergent_kernel, dim3(2, 3), 64, nullptr); });
  expect_all(message, {"divergent barrier", here(kDivergentLine), here(kDivergentLine + 1), "thread (16,0,0)",
                       "block (0,0,0)", "kernel launched at", here(__LINE__ - 2)});
}

constexpr int kLonelyLine = __LINE__ + 3;
__global__ void lonely_kernel() {
  if (threadIdx.x == 3) return;
  if (threadIdx.x < 16) simt::sync_warp();
  else simt::sync_threads();
}

TEST_F(SimtFaults, Deadlock) {
  const auto message = message_of([] { launch(lonely_kernel, 1, 64, nullptr); });
  expect_all(message,
             {"deadlock", here(kLonelyLine), "15 of 31 live threads wait in sync_warp", here(kLonelyLine + 1),
              "48 of 63 live threads wait in sync_threads", "kernel launched at"});
}

constexpr int kHalfWarpLine = __LINE__ + 2, kEarlyExitLine = __LINE__ + 6;
__global__ void half_warp_kernel(float* x) {
  if (threadIdx.x < 16) x[threadIdx.x] = simt::shuffle_xor(1.0f, 1);
}
__global__ void early_exit_kernel(float* x) {
  if (threadIdx.x == 31) return;
  x[threadIdx.x] = simt::shuffle_xor(1.0f, 1);
}

TEST_F(SimtFaults, AWarpOperationNeedsAllLanes) {
  std::vector<float> x(32);
  const auto run = [&](auto kernel, unsigned threads) {
    return message_of([&] { launch(kernel, 1, threads, nullptr, x.data()); });
  };
  expect_all(run(half_warp_kernel, 32),
             {"shuffle_xor", "ends while others of its warp wait", here(kHalfWarpLine)});
  expect_all(run(early_exit_kernel, 32), {"shuffle_xor", here(kEarlyExitLine)});
  expect_all(run(half_warp_kernel, 16),
             {"shuffle_xor needs all 32 lanes of the warp; 16 are alive", here(kHalfWarpLine)});
}

constexpr int kGridLine = __LINE__ + 1;
__global__ void grid_barrier_kernel() { simt::grid_sync(); }

TEST_F(SimtFaults, GridBarrierOutsideOfACooperativeLaunch) {
  expect_all(message_of([] { launch(grid_barrier_kernel, 1, 1, nullptr); }),
             {"grid_sync needs launch_cooperative", here(kGridLine)});
}

struct Small {
  alignas(16) float value[16];
};
struct Large {
  float value[60000];
};
[[maybe_unused]] __global__ void overrun_kernel(int index) {
  const_cast<volatile float*>(shared<Small>().value)[index] = 1;
}
constexpr int kLargerLine = __LINE__ + 1, kMisalignedLine = __LINE__ + 4;
__global__ void larger_kernel() { shared<Large>().value[0] = 1; }
__global__ void misaligned_kernel(const float* x, int kind) {
  auto& s = shared<Small>();
  if (kind == 0) simt::cp_async<16>(s.value + 1, x);
  if (kind == 1) simt::cp_async<16>(s.value, x + 1);
  if (kind == 2) simt::cp_async<4>(const_cast<float*>(x), x);
  if (kind == 3) simt::cp_async<4>(s.value, x, 5);
  uint32_t r[4];
  if (kind == 4) simt::ldmatrix_x4(r, s.value + 1);
}

TEST_F(SimtFaults, SharedMemory) {
  alignas(16) static float x[8];
#ifndef __SANITIZE_ADDRESS__   // which stops at the store
  expect_all(message_of([] { launch<Small>(overrun_kernel, 1, 1, nullptr, 16); }),
             {"wrote behind its 64 bytes of shared memory"});
#endif
  expect_all(message_of([] { launch<Small>(larger_kernel, 1, 1, nullptr); }),
             {"shared<T>() is larger", here(kLargerLine)});
  const char* said[] = {"destination must be aligned shared memory", "source is not aligned",
                        "destination must be aligned shared memory", "valid bytes outside",
                        "ldmatrix: a row"};
  for (int kind = 0; kind < 5; ++kind) {
    const int line = kMisalignedLine + kind + (kind == 4);
    expect_all(message_of([&] { launch<Small>(misaligned_kernel, 1, 32, nullptr, x, kind); }),
               {said[kind], here(line)});
  }
}

__global__ void nothing_kernel() {}
__global__ void nested_kernel() { launch(nothing_kernel, 1, 1, nullptr); }

TEST_F(SimtFaults, LaunchesBeyondTheLimits) {
  expect_all(message_of([] { launch(nothing_kernel, 1, 1025, nullptr); }),
             {"1 to 1024 threads", "block (1025,1,1)"});
  expect_all(message_of([] { launch(nothing_kernel, 1, 0, nullptr); }), {"1 to 1024 threads"});
  expect_all(message_of([] { launch(nothing_kernel, dim3(1, 65536), 1, nullptr); }),
             {"grid has at most", "grid (1,65536,1)"});
  expect_all(message_of([] { launch<Large>(nothing_kernel, 1, 1, nullptr); }), {"227 KB", "240000 bytes"});
  expect_all(message_of([] { launch_cooperative(nothing_kernel, 5, 1, nullptr); }),
             {"cooperative grid has at most 4 blocks"});
  expect_all(message_of([] { launch(nested_kernel, 1, 1, nullptr); }), {"a kernel cannot launch another"});
}

TEST_F(SimtFaults, ExceptionsReachTheLaunchFromEveryWorker) {
  configure({Order::forward, 1, 3});
  for (int repeat = 0; repeat < 20; ++repeat) {
    expect_all(message_of([] { launch(divergent_kernel, 500, 64, nullptr); }), {"divergent barrier"});
  }
}

}  // namespace
}  // namespace ganymede::kernels::sim
