// Kernels that are wrong, one each run: the sanitizers must name the line marked with the fault's name. Built
// and run by simt_sanitizer_test.cpp. With "correct" the right versions of all of them run, and nothing may
// be reported.
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "kernels/device/reduce.h"
#include "kernels/simt/simt.h"

namespace ganymede::kernels::sim {
namespace {

struct Scratch {
  float partial[2];
  alignas(16) float tile[64];
};

template <bool Broken>
__global__ void missing_barrier_kernel(float* out, const float* x) {
  auto& s = shared<Scratch>();
  const float sum = warp_sum(x[threadIdx.x]);
  if (threadIdx.x % 32 == 0) s.partial[threadIdx.x / 32] = sum;   // FAULT missing_barrier
  if (!Broken) simt::sync_threads();
  if (threadIdx.x != 0) return;
  float total = 0;
  for (const float p : s.partial) total += p;
  out[blockIdx.x] = total;
}

// Two threads of a warp write one place without an order.
template <bool Broken>
__global__ void warp_race_kernel(float* x) {
  auto& s = shared<Scratch>();
  s.tile[Broken ? threadIdx.x / 2 : threadIdx.x] = x[threadIdx.x];   // FAULT warp_race
  simt::sync_warp();
  x[threadIdx.x] = s.tile[threadIdx.x / 2];
}

// Two blocks write one place.
template <bool Broken>
__global__ void block_race_kernel(float* out) {
  if (threadIdx.x == 0) out[Broken ? 0 : blockIdx.x] = static_cast<float>(blockIdx.x);   // FAULT block_race
}

template <bool Broken>
__global__ void missing_fence_kernel(float* partial, unsigned* finished) {
  auto& s = shared<unsigned>();
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = 1;
    if (!Broken) simt::fence();
    s = simt::atomic_add(finished, 1u);
  }
  simt::sync_threads();
  if (s != gridDim.x - 1 || threadIdx.x != 0) return;
  if (!Broken) simt::fence();
  float total = 0;
  for (unsigned i = 0; i < gridDim.x; ++i) total += partial[i];   // FAULT missing_fence
  partial[0] = total;
}

template <bool Broken>
__global__ void out_of_bounds_kernel(float* y, const float* x, int n) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (Broken ? i <= n : i < n) y[i % n] = x[i];   // FAULT out_of_bounds
}

template <bool Broken>
__global__ void shared_overrun_kernel(float* x) {
  auto& s = shared<Scratch>();
  volatile unsigned index = threadIdx.x + (Broken ? 1 : 0);
  s.tile[index] = x[threadIdx.x];   // FAULT shared_overrun
  x[threadIdx.x] = s.tile[index];
}

template <bool Broken>
__global__ void missing_wait_kernel(float* x) {
  auto& s = shared<Scratch>();
  simt::cp_async<4>(&s.tile[threadIdx.x], x + threadIdx.x);
  simt::cp_async_commit();
  if (!Broken) simt::cp_async_wait<0>();
  const float mine = s.tile[threadIdx.x];   // FAULT missing_wait
  simt::sync_threads();
  x[threadIdx.x] = mine + s.tile[63 - threadIdx.x];
}

__global__ void divergent_kernel() {
  if (threadIdx.x < 16) simt::sync_threads();   // FAULT divergent_barrier
  else simt::sync_threads();
}

__global__ void deadlock_kernel() {
  if (threadIdx.x < 16) simt::sync_warp();   // FAULT deadlock
  else simt::sync_threads();
}

__global__ void tensor_core_kernel(float* x) {
  auto& s = shared<Scratch>();
  s.tile[threadIdx.x] = x[threadIdx.x];
  simt::sync_threads();
  uint32_t a[4], b[2];
  simt::ldmatrix_x4(a, &s.tile[threadIdx.x % 16 * 4]);
  simt::ldmatrix_x2_trans(b, &s.tile[threadIdx.x % 16 * 4]);
  float d[4] = {};
  simt::mma_bf16(d, a, b);
  simt::mma_tf32(d, a, b);
  simt::sync_threads();
  x[threadIdx.x] = d[0] + d[3];
}

__global__ void grid_barrier_kernel(float* x) {
  const unsigned me = blockIdx.x * blockDim.x + threadIdx.x, count = gridDim.x * blockDim.x;
  x[me] = 1;
  simt::grid_sync();
  const float sum = x[(me + 33) % count];
  simt::grid_sync();
  x[me] = sum;
}

template <bool Broken>
void run(const std::string& fault) {
  const auto chosen = [&](const char* name) { return fault == name || !Broken; };
  std::vector<float> x(256, 1.0f), y(256);
  unsigned finished = 0;
  if (chosen("missing_barrier"))
    launch<Scratch>(missing_barrier_kernel<Broken>, 4, 64, nullptr, y.data(), x.data());
  if (chosen("warp_race")) launch<Scratch>(warp_race_kernel<Broken>, 1, 32, nullptr, x.data());
  if (chosen("block_race")) launch(block_race_kernel<Broken>, 4, 64, nullptr, y.data());
  if (chosen("missing_fence"))
    launch<unsigned>(missing_fence_kernel<Broken>, 6, 64, nullptr, y.data(), &finished);
  if (chosen("out_of_bounds")) launch(out_of_bounds_kernel<Broken>, 5, 60, nullptr, y.data(), x.data(), 256);
  if (chosen("shared_overrun")) launch<Scratch>(shared_overrun_kernel<Broken>, 1, 64, nullptr, x.data());
  if (chosen("missing_wait")) launch<Scratch>(missing_wait_kernel<Broken>, 1, 64, nullptr, x.data());
  if (fault == "divergent_barrier") launch(divergent_kernel, 2, 64, nullptr);
  if (fault == "deadlock") launch(deadlock_kernel, 2, 64, nullptr);
  if (Broken) return;
  launch<Scratch>(tensor_core_kernel, 1, 64, nullptr, y.data());
  launch_cooperative(grid_barrier_kernel, 4, 32, nullptr, x.data());
}

}  // namespace
}  // namespace ganymede::kernels::sim

int main(int, char** arguments) {
  const std::string fault = arguments[1];
  try {
    using namespace ganymede::kernels::sim;
    fault == "correct" ? run<false>(fault) : run<true>(fault);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ERROR: %s\n", error.what());
    return 1;
  }
  return 0;
}
