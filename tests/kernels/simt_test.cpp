// Every primitive of the kernel vocabulary on the simulator, against plain computations.
#include "kernels/simt/simt.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include "kernels/device/convert.h"
#include "kernels/device/fragment.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim {
namespace {

std::vector<float> ramp(size_t count) {
  std::vector<float> x(count);
  for (size_t i = 0; i < count; ++i) x[i] = static_cast<float>(static_cast<int>(i * 37 % 101) - 50) / 8;
  return x;
}

__global__ void record_indices_kernel(int* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  const unsigned thread = threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z);
  out[block * blockDim.x * blockDim.y * blockDim.z + thread] += static_cast<int>(1 + block * 1000 + thread);
  if (simt::thread_rank() != static_cast<int>(thread) || simt::lane() != static_cast<int>(thread % 32) ||
      simt::warp() != static_cast<int>(thread / 32)) {
    out[0] = -1;
  }
}

TEST(Simt, EveryThreadOfEveryBlockRunsOnce) {
  const auto out = equal_in_any_order([] {
    std::vector<int> out(2 * 3 * 4 * 60);
    launch(record_indices_kernel, dim3(2, 3, 4), dim3(5, 4, 3), nullptr, out.data());
    return out;
  });
  for (int b = 0; b < 24; ++b) {
    for (int t = 0; t < 60; ++t) ASSERT_EQ(out[static_cast<size_t>(b * 60 + t)], 1 + b * 1000 + t);
  }
}

TEST(Simt, AGridWithAZeroDimensionDoesNothing) {
  launch(record_indices_kernel, dim3(3, 0, 2), 32, nullptr, nullptr);
  launch_cooperative(record_indices_kernel, 0, 32, nullptr, nullptr);
}

struct Tile {
  float a[8][9], b[8][9];
};
__global__ void multiply_tiles_kernel(float* c, const float* a, const float* b, int n) {
  auto& s = shared<Tile>();
  const int x = static_cast<int>(threadIdx.x), y = static_cast<int>(threadIdx.y);
  const int row = static_cast<int>(blockIdx.y) * 8 + y, column = static_cast<int>(blockIdx.x) * 8 + x;
  float sum = 0;
  for (int k = 0; k < n; k += 8) {
    s.a[y][x] = row < n && k + x < n ? a[row * n + k + x] : 0;
    s.b[y][x] = column < n && k + y < n ? b[(k + y) * n + column] : 0;
    simt::sync_threads();
    for (int i = 0; i < 8; ++i) sum += s.a[y][i] * s.b[i][x];
    simt::sync_threads();
  }
  if (row < n && column < n) c[row * n + column] = sum;
}

TEST(Simt, BlockBarrierAndSharedMemory) {
  constexpr int n = 27;
  const auto a = ramp(n * n), b = ramp(n * n + 5);
  const auto c = equal_in_any_order([&] {
    std::vector<float> c(n * n, NAN);
    launch<Tile>(multiply_tiles_kernel, dim3(4, 4), dim3(8, 8), nullptr, c.data(), a.data(), b.data(), n);
    return c;
  });
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = 0;
      for (int k = 0; k < n; ++k) sum += double(a[size_t(i * n + k)]) * b[size_t(k * n + j)];
      ASSERT_NEAR(c[size_t(i * n + j)], sum, 1e-3);
    }
  }
}

struct WidePair {
  uint64_t first, second;
};
__global__ void shuffle_kernel(float* f, WidePair* w, int* counts) {
  const int t = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x), lane = simt::lane();
  const float value = static_cast<float>(t);
  f[t] =
      simt::shuffle_xor(value, 5) + 1000 * simt::shuffle_up(value, 3) + 1e6f * simt::shuffle_down(value, 7);
  w[t] = simt::shuffle_idx(WidePair{uint64_t(t), ~uint64_t(t)}, (lane * 5 + 2) % 32);
  const uint8_t byte = simt::shuffle_idx(static_cast<uint8_t>(t), 31);
  const unsigned odd = simt::ballot(lane % 2 == 1), none = simt::ballot(false);
  counts[t] = byte == t / 32 * 32 + 31 && odd == 0xAAAAAAAAu && none == 0 && simt::any(lane == 17) &&
              !simt::any(lane > 31) && simt::all(lane < 32) && !simt::all(lane != 3);
}

TEST(Simt, ShufflesAndVotes) {
  constexpr int threads = 2 * 96;
  std::vector<WidePair> w(threads);
  std::vector<int> good(threads);
  const auto f = equal_in_any_order([&] {
    std::vector<float> f(threads);
    launch(shuffle_kernel, 2, 96, nullptr, f.data(), w.data(), good.data());
    return f;
  });
  for (int t = 0; t < threads; ++t) {
    const int lane = t % 32, base = t - lane;
    const auto up = lane >= 3 ? t - 3 : t, down = lane + 7 < 32 ? t + 7 : t;
    EXPECT_EQ(f[size_t(t)], float(t ^ 5) + 1000.f * float(up) + 1e6f * float(down)) << t;
    EXPECT_EQ(w[size_t(t)].first, uint64_t(base + (lane * 5 + 2) % 32));
    EXPECT_EQ(w[size_t(t)].second, ~w[size_t(t)].first);
    EXPECT_TRUE(good[size_t(t)]) << t;
  }
}

struct Exchange {
  int value[64];
};
__global__ void warp_barrier_kernel(int* out) {
  auto& s = shared<Exchange>();
  const int t = static_cast<int>(threadIdx.x);
  if (t >= 40) return;   // a warp with 8 live lanes
  s.value[t] = t * t;
  simt::sync_warp();
  out[t] = s.value[t < 32 ? 31 - t : 71 - t];
}

TEST(Simt, WarpBarrierCountsLiveLanes) {
  const auto out = equal_in_any_order([] {
    std::vector<int> out(40);
    launch<Exchange>(warp_barrier_kernel, 1, 64, nullptr, out.data());
    return out;
  });
  for (int t = 0; t < 40; ++t) EXPECT_EQ(out[size_t(t)], t < 32 ? (31 - t) * (31 - t) : (71 - t) * (71 - t));
}

struct alignas(16) Matrices {
  uint16_t m[32][8];
};
template <int Count, bool Transposed>
__global__ void ldmatrix_kernel(uint32_t* out) {
  auto& s = shared<Matrices>();
  const int lane = simt::lane();
  for (int i = 0; i < 8; ++i) s.m[lane][i] = static_cast<uint16_t>(lane * 8 + i);
  simt::sync_warp();
  uint32_t r[Count];
  if constexpr (Count == 4 && Transposed) simt::ldmatrix_x4_trans(r, s.m[lane]);
  if constexpr (Count == 4 && !Transposed) simt::ldmatrix_x4(r, s.m[lane]);
  if constexpr (Count == 2 && Transposed) simt::ldmatrix_x2_trans(r, s.m[lane % 16]);
  if constexpr (Count == 2 && !Transposed) simt::ldmatrix_x2(r, s.m[lane % 16]);
  for (int i = 0; i < Count; ++i) out[lane * Count + i] = r[i];
}

template <int Count, bool Transposed>
void check_ldmatrix() {
  const auto out = equal_in_any_order([] {
    std::vector<uint32_t> out(32 * Count);
    launch<Matrices>(ldmatrix_kernel<Count, Transposed>, 1, 32, nullptr, out.data());
    return out;
  });
  for (int lane = 0; lane < 32; ++lane) {
    for (int m = 0; m < Count; ++m) {
      const int row = lane / 4, column = lane % 4 * 2;
      const auto at = [m](int r, int c) { return uint32_t(m * 64 + r * 8 + c); };
      const uint32_t low = Transposed ? at(column, row) : at(row, column);
      const uint32_t high = Transposed ? at(column + 1, row) : at(row, column + 1);
      ASSERT_EQ(out[size_t(lane * Count + m)], low | high << 16) << "lane " << lane << ", matrix " << m;
    }
  }
}

TEST(Simt, Ldmatrix) {
  check_ldmatrix<4, false>();
  check_ldmatrix<4, true>();
  check_ldmatrix<2, false>();
  check_ldmatrix<2, true>();
}

// d[16x8] += a[16xK] b[Kx8] with both kinds of element.
__global__ void mma_bf16_kernel(float* d, const float* a, const float* b) {
  const int lane = simt::lane();
  const auto pair = [](float low, float high) {
    return uint32_t{to_bf16(low).bits} | uint32_t{to_bf16(high).bits} << 16;
  };
  uint32_t fa[4], fb[2];
  float fd[4];
  for (int i = 0; i < 4; ++i) {
    const float* p = a + Bf16Map::a_row(lane, i) * 16 + Bf16Map::a_k(lane, i);
    fa[i] = pair(p[0], p[1]);
    fd[i] = d[AccumulatorMap::row(lane, i) * 8 + AccumulatorMap::column(lane, i)];
  }
  for (int i = 0; i < 2; ++i) {
    const float* p = b + Bf16Map::b_k(lane, i) * 8 + Bf16Map::b_column(lane);
    fb[i] = pair(p[0], p[8]);
  }
  simt::mma_bf16(fd, fa, fb);
  for (int i = 0; i < 4; ++i) d[AccumulatorMap::row(lane, i) * 8 + AccumulatorMap::column(lane, i)] = fd[i];
}
__global__ void mma_tf32_kernel(float* d, const float* a, const float* b) {
  const int lane = simt::lane();
  uint32_t fa[4], fb[2];
  float fd[4];
  for (int i = 0; i < 4; ++i) {
    fa[i] = simt::to_tf32(a[Tf32Map::a_row(lane, i) * 8 + Tf32Map::a_k(lane, i)]);
    fd[i] = d[AccumulatorMap::row(lane, i) * 8 + AccumulatorMap::column(lane, i)];
  }
  for (int i = 0; i < 2; ++i) fb[i] = simt::to_tf32(b[Tf32Map::b_k(lane, i) * 8 + Tf32Map::b_column(lane)]);
  simt::mma_tf32(fd, fa, fb);
  for (int i = 0; i < 4; ++i) d[AccumulatorMap::row(lane, i) * 8 + AccumulatorMap::column(lane, i)] = fd[i];
}

void check_mma(void (*kernel)(float*, const float*, const float*), int k) {
  const auto a = ramp(size_t(16 * k)),
             b = ramp(size_t(8 * k + 3));   // exact in bf16 and tf32, so are all sums
  const auto d = equal_in_any_order([&] {
    auto d = ramp(128);
    launch(kernel, 1, 32, nullptr, d.data(), a.data(), b.data());
    return d;
  });
  const auto before = ramp(128);
  for (int i = 0; i < 16; ++i) {
    for (int j = 0; j < 8; ++j) {
      double sum = before[size_t(i * 8 + j)];
      for (int l = 0; l < k; ++l) sum += double(a[size_t(i * k + l)]) * b[size_t(l * 8 + j)];
      ASSERT_EQ(d[size_t(i * 8 + j)], sum) << i << "," << j;
    }
  }
}

TEST(Simt, MmaBf16) { check_mma(mma_bf16_kernel, 16); }
TEST(Simt, MmaTf32) { check_mma(mma_tf32_kernel, 8); }

TEST(Simt, Tf32RoundsToNearestTiesAway) {
  const auto round = [](float x) { return std::bit_cast<float>(simt::to_tf32(x)); };
  EXPECT_EQ(round(1.0f + 0x1p-11f), 1.0f + 0x1p-10f);
  EXPECT_EQ(round(-1.0f - 0x1p-11f), -1.0f - 0x1p-10f);
  EXPECT_EQ(round(1.0f + 0x1.FFEp-12f), 1.0f);
  EXPECT_EQ(round(std::numeric_limits<float>::max()), INFINITY);
  EXPECT_EQ(round(-INFINITY), -INFINITY);
  EXPECT_TRUE(std::isnan(round(NAN)));
}

struct alignas(16) Stages {
  float data[2][128];
  float tail[8];
};
__global__ void async_kernel(float* out, const float* in) {
  auto& s = shared<Stages>();
  const int t = static_cast<int>(threadIdx.x);   // 32 threads, 4 floats each
  const auto issue = [&](int stage, int tile) {
    simt::cp_async<16>(&s.data[stage][t * 4], in + tile * 128 + t * 4);
    simt::cp_async_commit();
  };
  issue(0, 0);
  for (int tile = 0; tile < 3; ++tile) {
    if (tile + 1 < 3) issue((tile + 1) % 2, tile + 1);
    else simt::cp_async_commit();
    simt::cp_async_wait<1>();
    simt::sync_threads();
    for (int i = 0; i < 4; ++i) out[tile * 128 + t * 4 + i] = s.data[tile % 2][127 - (t * 4 + i)];
    simt::sync_threads();
  }
  if (t == 0) {   // valid: 4 bytes of 8, none, all
    simt::cp_async<8>(&s.tail[0], in, 4);
    simt::cp_async<4>(&s.tail[2], nullptr, false);
    simt::cp_async<4>(&s.tail[3], in + 1, true);
    simt::cp_async_commit();
    simt::cp_async<4>(&s.tail[5], in);   // of no group: not waited for
#ifndef __SANITIZE_ADDRESS__             // which stops at the two reads of what has not landed
    out[388] = s.tail[3];
    simt::cp_async_wait<0>();
    out[389] = s.tail[5];
#else
    out[388] = out[389] = NAN;
    simt::cp_async_wait<0>();
#endif
    for (int i = 0; i < 4; ++i) out[384 + i] = s.tail[i];
  }
}

TEST(Simt, AsyncCopiesLandAtTheWait) {
  const auto in = ramp(384);
  alignas(16) static float aligned[384];
  std::copy(in.begin(), in.end(), aligned);
  const auto out = equal_in_any_order([&] {
    std::vector<float> out(390);
    launch<Stages>(async_kernel, 1, 32, nullptr, out.data(), aligned);
    return out;
  });
  for (int tile = 0; tile < 3; ++tile) {
    for (int i = 0; i < 128; ++i) ASSERT_EQ(out[size_t(tile * 128 + i)], in[size_t(tile * 128 + 127 - i)]);
  }
  EXPECT_EQ(out[384], in[0]);
  EXPECT_EQ(out[385], 0);
  EXPECT_EQ(out[386], 0);
  EXPECT_EQ(out[387], in[1]);
  EXPECT_TRUE(std::isnan(out[388])) << "read before the wait";
  EXPECT_TRUE(std::isnan(out[389])) << "never committed";
}

__global__ void atomics_kernel(int* i, unsigned* u, unsigned long long* l) {
  const int t = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  simt::atomic_add(i, t % 3 - 1);
  simt::atomic_min(i + 1, 50 - t);
  simt::atomic_max(i + 2, t - 50);
  simt::atomic_add(u, 2);
  simt::atomic_exchange(u + 1, unsigned(t) | 0x80000000u);
  simt::atomic_cas(u + 2, 0, unsigned(t) + 1);
  simt::atomic_max(u + 3, unsigned(t) << 20);
  simt::atomic_add(l, 1ull << 33);
}

TEST(Simt, Atomics) {
  std::vector<int> i(3);
  std::vector<unsigned> u(4);
  unsigned long long l = 0;
  launch(atomics_kernel, 30, 100, nullptr, i.data(), u.data(), &l);
  EXPECT_EQ(i[0], 0);
  EXPECT_EQ(i[1], 50 - 2999);
  EXPECT_EQ(i[2], 2949);
  EXPECT_EQ(u[0], 6000u);
  EXPECT_TRUE(u[1] & 0x80000000u);
  EXPECT_TRUE(u[2] >= 1 && u[2] <= 3000);
  EXPECT_EQ(u[3], 2999u << 20);
  EXPECT_EQ(l, 3000ull << 33);
}

struct Last {
  bool last;
};
// The block that finishes last adds up what the others left: fence, count, fence.
__global__ void last_block_kernel(int* partial, unsigned* finished, int* sum) {
  auto& s = shared<Last>();
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = static_cast<int>(blockIdx.x) + 1;
    simt::fence();
    s.last = simt::atomic_add(finished, 1u) == gridDim.x - 1;
  }
  simt::sync_threads();
  if (!s.last) return;
  simt::fence();
  if (threadIdx.x != 0) return;
  int total = 0;
  for (unsigned i = 0; i < gridDim.x; ++i) total += partial[i];
  *sum = total;
}

TEST(Simt, TheLastBlockSeesWhatTheOthersWrote) {
  const auto sum = equal_in_any_order([] {
    std::vector<int> partial(50), sum(1);
    unsigned finished = 0;
    launch<Last>(last_block_kernel, 50, 64, nullptr, partial.data(), &finished, sum.data());
    return sum;
  });
  EXPECT_EQ(sum[0], 50 * 51 / 2);
}

// Every thread adds the cells of all threads of the grid, several times.
__global__ void grid_phases_kernel(int* cells, int rounds) {
  const int count = static_cast<int>(gridDim.x * blockDim.x),
            me = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  for (int round = 0; round < rounds; ++round) {
    int sum = 0;
    for (int i = 0; i < count; ++i) sum += cells[i];
    simt::grid_sync();
    cells[me] = sum;
    simt::grid_sync();
  }
}

TEST(Simt, GridBarrier) {
  const int blocks = simt::cooperative_blocks(grid_phases_kernel, 48);
  EXPECT_EQ(blocks, 4);
  EXPECT_EQ(simt::multiprocessors(), 4);
  const auto cells = equal_in_any_order([&] {
    std::vector<int> cells(size_t(blocks) * 48, 1);
    launch_cooperative(grid_phases_kernel, blocks, 48, nullptr, cells.data(), 3);
    return cells;
  });
  for (int c : cells) ASSERT_EQ(c, 192 * 192 * 192);
}

struct Raw {
  uint32_t words[1000];
};
__global__ void poison_kernel(int* bad) {
  auto& s = shared<Raw>();
  int count = 0;
  for (uint32_t word : s.words) count += word != ~0u;
  for (uint32_t& word : s.words) word = 0;
  bad[blockIdx.x] = count;
}

TEST(Simt, SharedMemoryOfEveryBlockStartsPoisoned) {
  std::vector<int> bad(8, -1);
  launch<Raw>(poison_kernel, 8, 1, nullptr, bad.data());
  EXPECT_EQ(bad, std::vector<int>(8, 0));
}

__global__ void first_kernel(int* out) {
  if (threadIdx.x % 2 == 0) simt::sync_threads();
  else simt::sync_threads();
  out[0] = 1;
}
__global__ void sum_kernel(int* out) { simt::atomic_add(out, 1); }

TEST(Simt, LaunchesWorkFromSeveralThreadsAndAfterErrors) {
  std::vector<std::thread> threads;
  std::vector<int> sums(4);
  std::atomic<int> errors = 0;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int repeat = 0; repeat < 20; ++repeat) {
        launch(sum_kernel, 40, 64, nullptr, &sums[size_t(i)]);
        int nothing = 0;
        try {
          launch(first_kernel, 9, 64, nullptr, &nothing);
        } catch (const std::runtime_error&) {
          ++errors;
        }
      }
    });
  }
  for (auto& t : threads) t.join();
  EXPECT_EQ(sums, std::vector<int>(4, 20 * 40 * 64));
  EXPECT_EQ(errors, 80);
}

}  // namespace
}  // namespace ganymede::kernels::sim
