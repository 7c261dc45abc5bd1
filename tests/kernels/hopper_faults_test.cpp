// What the simulator says about kernels that misuse sm_90a's barriers, TMA and wgmma: one kernel, right as it stands, with one fault
// at a time. A message must name the line that is marked with the fault.
#include "kernels/simt/hopper.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>

#include "kernels/device/convert.h"
#include "tests/kernels/simt_orders.h"
#include "tests/support/places.h"

namespace ganymede::kernels::sim {
namespace {

enum class Fault {
  none, no_proxy_fence, no_init_fence, wrong_parity, no_wait, too_few_bytes, too_many_bytes, too_many_arrivals, not_made, made_twice,
  overwritten, early_free, no_wgmma_fence, read_before_wait, no_commit, written_in_flight, never_waited, wrong_swizzle, wrong_stride,
  beyond_memory, different_warps, different_lanes, same_place, stores_under_tma, stores_under_wgmma, outside_corners, unaligned,
  named_twice, registers_back, half_warpgroup, no_free, wrong_rank, odd_begin,
};

constexpr int kStages = 2, kBytes = 64 * 128;
struct Pipeline {
  alignas(1024) unsigned char a[kStages][kBytes];
  alignas(1024) unsigned char b[kBytes];
  simt::Mbarrier full[kStages], empty[kStages], spare;
};

// out[64 x 64] = sum over steps of a[64 x 64] (by TMA) b[64 x 64]^T (by ordinary stores, the same in each step).
__global__ void product_kernel(const TensorMap map, const TensorMap window, const unsigned char* b, float* out, int steps, Fault fault) {
  auto& s = shared<Pipeline>();
  const int thread = static_cast<int>(threadIdx.x), warp = thread / 32, lane = thread % 32;
  if (thread == 0) {
    for (int i = 0; i < kStages; ++i) simt::mbarrier_init(s.full[i], 1), simt::mbarrier_init(s.empty[i], 4);
    if (fault == Fault::made_twice) simt::mbarrier_init(s.full[0], 1);   // FAULT made_twice
    if (fault != Fault::no_init_fence) simt::mbarrier_init_fence();
    if (fault == Fault::overwritten) s.full[1].state = 7;
  }
  for (int i = thread; i < kBytes; i += 256) s.b[swizzled(static_cast<uint32_t>(i), Swizzle::bytes128)] = b[i];
  if (fault != Fault::no_proxy_fence) simt::fence_proxy_async();
  simt::sync_threads();
  if (warp >= 4) {
    if (warp > 4 || lane) return;
    for (int step = 0; step < steps; ++step) {
      const int stage = step % kStages;
      const auto turn = static_cast<unsigned>(step / kStages);
      if (fault == Fault::same_place && step == 0) {
        simt::tma_load_tile(s.a[1], map, {0, 0}, s.full[0]);
        simt::tma_load_tile(s.a[1], map, {0, 0}, s.full[0]);   // FAULT same_place
      }
      if (fault == Fault::unaligned) simt::tma_load_tile(s.a[0] + 512, map, {0, 0}, s.full[0]);   // FAULT unaligned
      if (fault == Fault::wrong_rank) simt::tma_load_tile(s.a[0], map, {0, 0, 0}, s.full[0]);   // FAULT wrong_rank
      if (fault == Fault::odd_begin) simt::tma_load_tile(s.a[0], map, {4, 0}, s.full[0]);   // FAULT odd_begin
      if (fault == Fault::outside_corners) simt::tma_load_im2col(s.a[0], window, {0, 9, 0, 0}, 0, 0, s.full[0]);   // FAULT outside_corners
      if (fault == Fault::not_made) simt::mbarrier_arrive(s.spare);   // FAULT not_made
      if (fault != Fault::no_free) simt::mbarrier_wait(s.empty[stage], fault == Fault::wrong_parity ? 1 : (turn + 1) % 2);   // FAULT wrong_parity
      simt::mbarrier_expect(s.full[stage], fault == Fault::too_few_bytes ? kBytes / 2 : fault == Fault::too_many_bytes ? kBytes + 16 : kBytes);   // FAULT no_free overwritten
      if (fault == Fault::too_many_arrivals) simt::mbarrier_arrive(s.full[stage]);   // FAULT too_many_arrivals
      if (fault == Fault::too_few_bytes) {
        for (int half = 0; half < 2; ++half) simt::tma_load_tile(s.a[stage] + half * (kBytes / 2), window, {0, 0, 64 * step + 32 * half}, s.full[stage]);   // FAULT too_few_bytes
      } else {
        if (fault == Fault::stores_under_tma) s.a[stage][5] = 1;
        simt::tma_load_tile(s.a[stage], map, {0, 64 * step}, s.full[stage]);   // FAULT stores_under_tma no_init_fence early_free
      }
    }
    return;
  }
  if (fault == Fault::registers_back) {
    simt::registers_more<240>();
    simt::registers_more<232>();   // FAULT registers_back
  }
  if (fault == Fault::half_warpgroup && warp > 1) return;
  const uint64_t right = simt::matrix_descriptor(s.b, 16, fault == Fault::wrong_stride ? 512 : 1024, Swizzle::bytes128);
  float d[32];
  for (int step = 0; step < steps; ++step) {
    const int stage = step % kStages;
    if (fault != Fault::no_wait) simt::mbarrier_wait(s.full[stage], static_cast<unsigned>(step / kStages) % 2);   // FAULT too_many_bytes
    uint64_t left = simt::matrix_descriptor(s.a[stage], 16, 1024, fault == Fault::wrong_swizzle ? Swizzle::bytes64 : Swizzle::bytes128);
    if (fault == Fault::beyond_memory) left = simt::matrix_descriptor(&s.spare, 16, 1024, Swizzle::bytes128);
    if (fault == Fault::different_warps && warp == 2) left = simt::descriptor_at(left, 32);
    if (fault == Fault::different_lanes && lane == 9) left = simt::descriptor_at(left, 32);
    if (fault != Fault::no_wgmma_fence) simt::wgmma_fence();
    for (int k = 0; k < 128; k += 32)
      simt::wgmma_bf16<64>(d, simt::descriptor_at(left, k), simt::descriptor_at(right, k), step || k);   // FAULT no_proxy_fence no_wait no_wgmma_fence beyond_memory different_warps different_lanes never_waited stores_under_wgmma
    if (fault == Fault::written_in_flight) d[3] = 0;
    if (fault == Fault::stores_under_wgmma && thread == 0) s.b[3] = 9;
    if (fault == Fault::early_free) {
      if (lane == 0) simt::mbarrier_arrive(s.empty[stage]);
      simt::wgmma_commit();
      if (step + 1 == steps) simt::wgmma_wait<0>();
      continue;
    }
    if (fault != Fault::no_commit) simt::wgmma_commit();
    if (fault == Fault::never_waited) return;
    if (fault == Fault::read_before_wait && step + 1 == steps) break;
    simt::wgmma_wait<0>();   // FAULT written_in_flight
    if (lane == 0) simt::mbarrier_arrive(s.empty[stage]);
  }
  if (fault == Fault::named_twice) {
    simt::named_barrier_sync(2, warp < 2 ? 96 : 64);   // FAULT named_twice
  }
  for (int i = 0; i < 32; ++i) out[(16 * warp + lane / 4 + i / 2 % 2 * 8) * 64 + i / 4 * 8 + lane % 4 * 2 + i % 2] = d[i];
  if (fault == Fault::read_before_wait) simt::wgmma_wait<0>();
}

struct Result {
  std::string message;
  double error = 0;   // largest; NaN counts as infinite
};

class HopperFaults : public testing::Test {
 protected:
  HopperFaults() {
    std::mt19937 generator(5);
    std::normal_distribution<float> normal;
    const auto fill = [&](std::vector<float>& values, uint16_t* bits) {
      for (size_t i = 0; i < values.size(); ++i) {
        const Bf16 half = to_bf16(normal(generator));
        values[i] = to_float(half);
        bits[i] = half.bits;
      }
    };
    fill(a_, aligned(a_bits_));
    fill(b_, aligned(b_bits_));
  }
  static uint16_t* aligned(std::vector<uint16_t>& v) { return v.data() + (16 - reinterpret_cast<uintptr_t>(v.data()) % 16) % 16 / 2; }

  Result run(Fault fault, int steps = kSteps) {
    MapSpec m, w;
    m.data = w.data = aligned(a_bits_);
    m.rank = 2;
    m.size[0] = 64, m.size[1] = 64 * kSteps, m.stride[0] = 128, m.box[0] = m.box[1] = 64;
    w.rank = 3;   // the same in boxes of half the rows
    w.size[0] = 64, w.size[1] = 1, w.size[2] = 64 * kSteps, w.stride[0] = w.stride[1] = 128, w.box[0] = 64, w.box[1] = 1, w.box[2] = 32;
    if (fault == Fault::outside_corners) {
      w = MapSpec{};
      w.data = m.data;
      w.rank = 4;
      w.im2col = true;
      w.size[0] = 64, w.size[1] = 8, w.size[2] = 8, w.size[3] = 1, w.stride[0] = 128, w.stride[1] = 1024, w.stride[2] = 8192;
      w.channels = w.pixels = 64;
    }
    std::vector<float> out(64 * 64, 7);
    Result result;
    try {
      launch<Pipeline>(product_kernel, 1, 256, nullptr, make_map(m), make_map(w), reinterpret_cast<const unsigned char*>(aligned(b_bits_)), out.data(), steps, fault);
    } catch (const std::runtime_error& error) {
      result.message = error.what();
      EXPECT_EQ(result.message.find('\n'), std::string::npos);
      return result;
    }
    for (int i = 0; i < 64; ++i) {
      for (int j = 0; j < 64; ++j) {
        double want = 0;
        for (int step = 0; step < steps; ++step)
          for (int k = 0; k < 64; ++k) want += double(a_[static_cast<size_t>((64 * step + i) * 64 + k)]) * b_[static_cast<size_t>(j * 64 + k)];
        const double e = std::fabs(out[static_cast<size_t>(i * 64 + j)] - want);
        result.error = std::isnan(e) ? INFINITY : std::max(result.error, e);
      }
    }
    return result;
  }

  // In every order; name: what stands behind FAULT.
  void expect_said(Fault fault, const std::string& name, std::initializer_list<const char*> parts, int orders = 4) {
    std::ifstream source(test::source_dir() + "/tests/kernels/hopper_faults_test.cpp");
    std::string line;
    int number = 0, marked = 0;
    while (std::getline(source, line) && ++number) {
      const size_t mark = line.find("// FAULT ");
      if (mark != std::string::npos && (line.substr(mark + 8) + " ").find(" " + name + " ") != std::string::npos) marked = number;
    }
    ASSERT_GT(marked, 0) << name;
    for (int i = 0; i < orders; ++i) {
      const Settings& order = kOrders[i];
      configure(order);
      const Result result = run(fault);
      SCOPED_TRACE(name + " in order " + sim::name(order) + ": " + (result.message.empty() ? "nothing was said" : result.message));
      EXPECT_NE(result.message.find("hopper_faults_test.cpp:" + std::to_string(marked) + ":"), std::string::npos) << "line " << marked;
      for (const char* part : parts) EXPECT_NE(result.message.find(part), std::string::npos) << part;
    }
  }

  static constexpr int kSteps = 6;
  static constexpr Settings kOrders[] = {{Order::forward, 1, 1}, {Order::reverse, 1, 1}, {Order::random, 1, 1}, {Order::random, 2, 1}};
  const SettingsGuard guard_;
  std::vector<float> a_ = std::vector<float>(64 * 64 * kSteps), b_ = std::vector<float>(64 * 64);
  std::vector<uint16_t> a_bits_ = std::vector<uint16_t>(64 * 64 * kSteps + 8), b_bits_ = std::vector<uint16_t>(64 * 64 + 8);
};

TEST_F(HopperFaults, NoneAsItStands) {
  for (const Settings& order : kOrders) {
    configure(order);
    const Result result = run(Fault::none);
    EXPECT_EQ(result.message, "");
    EXPECT_LT(result.error, 1e-4) << sim::name(order);
  }
}

TEST_F(HopperFaults, Barriers) {
  expect_said(Fault::wrong_parity, "wrong_parity", {"already waited for phase -1", "parity must alternate", "thread (128,0,0)"});
  expect_said(Fault::too_many_bytes, "too_many_bytes", {"deadlock", "mbarrier_wait, phase 0 misses 0 of 1 arrivals and 16 bytes"});
  expect_said(Fault::too_few_bytes, "too_few_bytes", {"mbarrier_expect announced too few"});
  expect_said(Fault::too_many_arrivals, "too_many_arrivals", {"more arrivals than the 1 of a phase"});
  expect_said(Fault::not_made, "not_made", {"there is no barrier"});
  expect_said(Fault::made_twice, "made_twice", {"made before"});
  expect_said(Fault::overwritten, "overwritten", {"overwritten the barrier"});
  expect_said(Fault::no_init_fence, "no_init_fence", {"mbarrier_init_fence() is missing"});
  expect_said(Fault::named_twice, "named_twice", {"barrier 2"});
  expect_said(Fault::registers_back, "registers_back", {"has 240 registers a thread, asked for 232"});
}

TEST_F(HopperFaults, Copies) {
  expect_said(Fault::no_wait, "no_wait", {"still being filled by TMA; wait for its mbarrier"}, 2);   // in a random order they may have landed
  expect_said(Fault::same_place, "same_place", {"another copy into the same shared memory"});
  expect_said(Fault::stores_under_tma, "stores_under_tma", {"ordinary stores have written to the destination"});
  expect_said(Fault::early_free, "early_free", {"a wgmma in flight still reads the destination"});
  expect_said(Fault::outside_corners, "outside_corners", {"first position lies outside"});
  expect_said(Fault::unaligned, "unaligned", {"multiples of its pattern"});
  expect_said(Fault::wrong_rank, "wrong_rank", {"another rank"});
  expect_said(Fault::odd_begin, "odd_begin", {"multiple of 16 bytes of its row"});
  expect_said(Fault::no_free, "no_free", {"more arrivals than the 1 of a phase"});
}

TEST_F(HopperFaults, Products) {
  expect_said(Fault::no_proxy_fence, "no_proxy_fence", {"ordinary stores have written byte", "no fence_proxy_async()"});
  expect_said(Fault::no_wgmma_fence, "no_wgmma_fence", {"wgmma_fence() is missing"});
  expect_said(Fault::written_in_flight, "written_in_flight", {"accumulators were written"});
  expect_said(Fault::stores_under_wgmma, "stores_under_wgmma", {"shared memory was written while this wgmma read it"});
  expect_said(Fault::no_commit, "early_free", {"a wgmma in flight still reads"});   // the wait was for nothing
  expect_said(Fault::never_waited, "never_waited", {"wgmma_wait is missing"});
  expect_said(Fault::beyond_memory, "beyond_memory", {"outside of shared memory"});
  expect_said(Fault::different_warps, "different_warps", {"the warps of a warpgroup give different operands"});
  expect_said(Fault::different_lanes, "different_lanes", {"lanes of a warp give different operands"});
}

// Not said, but seen in the numbers: poison, or those of other places.
TEST_F(HopperFaults, Numbers) {
  for (const Settings& order : kOrders) {
    configure(order);
    SCOPED_TRACE(sim::name(order));
    EXPECT_EQ(run(Fault::read_before_wait).error, INFINITY);
    for (const Fault fault : {Fault::wrong_swizzle, Fault::wrong_stride}) {
      const Result wrong = run(fault);
      EXPECT_EQ(wrong.message, "");
      EXPECT_GT(wrong.error, 1);
    }
    EXPECT_NE(run(Fault::half_warpgroup, 2).message.find("different numbers of wgmma"), std::string::npos);
    EXPECT_NE(run(Fault::half_warpgroup).message.find("deadlock"), std::string::npos);   // nobody frees the stages
  }
}

}  // namespace
}  // namespace ganymede::kernels::sim
