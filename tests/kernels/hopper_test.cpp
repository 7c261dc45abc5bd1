// The simulator's model of sm_90a's barriers and TMA: what right kernels get; wgmma: hopper_wgmma_test.cpp. What wrong ones are told: hopper_faults_test.cpp.
#include "kernels/simt/hopper.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

#include "kernels/device/conv_maps.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim {
namespace {

constexpr Swizzle kSwizzles[] = {Swizzle::none, Swizzle::bytes32, Swizzle::bytes64, Swizzle::bytes128};

TEST(HopperSwizzle, ExchangesWholePiecesWithinAPattern) {
  for (const Swizzle s : kSwizzles) {
    const uint32_t pattern = s == Swizzle::none ? 128 : 128u << static_cast<int>(s);
    std::set<uint32_t> seen;
    for (uint32_t at = 0; at < 4096; ++at) {
      const uint32_t to = swizzled(at, s);
      EXPECT_EQ(to / pattern, at / pattern);
      EXPECT_EQ(to % 16, at % 16);
      EXPECT_EQ(swizzled(to, s), at);
      seen.insert(to);
    }
    EXPECT_EQ(seen.size(), 4096u);
  }
  // Of eight rows of 128 bytes, the same column falls into eight different sets of banks.
  std::set<uint32_t> banks;
  for (uint32_t row = 0; row < 8; ++row) banks.insert(swizzled(row * 128 + 32, Swizzle::bytes128) % 128);
  EXPECT_EQ(banks.size(), 8u);
}

struct Box {
  alignas(1024) unsigned char bytes[16384];
  simt::Mbarrier full;
};

template <int kRank>
struct Corner {
  int at[kRank];
};
// One box, as it lies in shared memory.
template <int kRank>
__global__ void load_box_kernel(const TensorMap map, Corner<kRank> corner, unsigned char* out, unsigned bytes) {
  auto& s = shared<Box>();
  if (threadIdx.x == 0) {
    simt::mbarrier_init(s.full, 1);
    simt::mbarrier_init_fence();
  }
  simt::sync_threads();
  if (threadIdx.x == 32) {
    simt::mbarrier_expect(s.full, bytes);
    simt::tma_load_tile(s.bytes, map, corner.at, s.full);
  }
  simt::mbarrier_wait(s.full, 0);
  for (unsigned i = threadIdx.x; i < bytes; i += blockDim.x) out[i] = s.bytes[i];
}

template <int kRank>
void expect_box(const std::vector<uint64_t>& sizes, const std::vector<uint32_t>& box, const std::vector<uint32_t>& steps, Corner<kRank> corner, Swizzle swizzle) {
  MapSpec m;
  m.element = TensorElement::bf16;
  m.swizzle = swizzle;
  m.rank = kRank;
  uint64_t count = 1, rows = 1;
  for (int d = 0; d < kRank; ++d) {
    m.size[d] = sizes[static_cast<size_t>(d)];
    m.box[d] = box[static_cast<size_t>(d)];
    m.step[d] = steps[static_cast<size_t>(d)];
    count *= m.size[d];
    if (d + 1 < kRank) m.stride[d] = count * 2;
    if (d) rows *= (m.box[d] + m.step[d] - 1) / m.step[d];
  }
  std::vector<uint16_t> data(count);
  for (size_t i = 0; i < count; ++i) data[i] = static_cast<uint16_t>(i + 1);
  std::vector<uint16_t> aligned(count + 8);
  auto* begin = aligned.data() + (16 - reinterpret_cast<uintptr_t>(aligned.data()) % 16) % 16 / 2;
  std::copy(data.begin(), data.end(), begin);
  m.data = begin;
  const size_t bytes = rows * m.box[0] * 2;
  const auto got = equal_in_any_order([&] {
    std::vector<unsigned char> out(bytes);
    launch<Box>(load_box_kernel<kRank>, 1, 64, nullptr, make_map(m), corner, out.data(), static_cast<unsigned>(bytes));
    return out;
  });
  for (size_t row = 0; row < rows; ++row) {
    for (uint32_t i = 0; i < m.box[0]; ++i) {
      bool inside = true;
      int64_t offset = 0;
      size_t rest = row;
      std::vector<int64_t> place{corner.at[0] + static_cast<int64_t>(i)};
      for (int d = 1; d < kRank; ++d) {
        const size_t n = (m.box[d] + m.step[d] - 1) / m.step[d];
        place.push_back(corner.at[d] + static_cast<int64_t>(rest % n * m.step[d]));
        rest /= n;
      }
      for (int d = kRank - 1; d >= 0; --d) {
        inside = inside && place[static_cast<size_t>(d)] >= 0 && place[static_cast<size_t>(d)] < static_cast<int64_t>(m.size[d]);
        offset = offset * static_cast<int64_t>(m.size[d]) + place[static_cast<size_t>(d)];
      }
      uint16_t found;
      std::memcpy(&found, &got[swizzled(static_cast<uint32_t>((row * m.box[0] + i) * 2), swizzle)], 2);
      ASSERT_EQ(found, inside ? data[static_cast<size_t>(offset)] : 0) << "row " << row << " element " << i;
    }
  }
}

TEST(HopperTma, TilesWithZerosOutside) {
  for (const Swizzle s : {Swizzle::none, Swizzle::bytes128}) {
    expect_box<2>({72, 9}, {64, 8}, {1, 1}, {{0, 0}}, s);
    expect_box<2>({72, 9}, {64, 8}, {1, 1}, {{64, 5}}, s);   // behind both ends
    expect_box<2>({72, 9}, {64, 8}, {1, 1}, {{-8, -3}}, s);
    expect_box<3>({64, 5, 4}, {64, 4, 2}, {1, 1, 1}, {{0, 3, 3}}, s);
    expect_box<3>({64, 9, 4}, {64, 8, 4}, {1, 2, 1}, {{0, 1, 0}}, s);   // every second
    expect_box<4>({64, 3, 4, 2}, {64, 2, 2, 2}, {1, 1, 1, 1}, {{0, -1, 3, 1}}, s);
  }
  expect_box<2>({40, 9}, {16, 8}, {1, 1}, {{8, 0}}, Swizzle::bytes32);
  expect_box<2>({40, 9}, {32, 8}, {1, 1}, {{8, 0}}, Swizzle::bytes64);
}

TEST(HopperTma, MapsAreRefusedByName) {
  const auto message = [](auto change) -> std::string {
    alignas(16) static uint16_t data[4096];
    MapSpec m;
    m.data = data;
    m.rank = 2;
    m.size[0] = 64, m.size[1] = 8, m.stride[0] = 128, m.box[0] = 64, m.box[1] = 8;
    change(m);
    try {
      make_map(m);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "accepted";
  };
  EXPECT_EQ(message([](MapSpec&) {}), "accepted");
  EXPECT_NE(message([](MapSpec& m) { m.data = static_cast<const char*>(m.data) + 2; }).find("16 bytes"), std::string::npos);
  EXPECT_NE(message([](MapSpec& m) { m.stride[0] = 136; }).find("strides"), std::string::npos);
  EXPECT_NE(message([](MapSpec& m) { m.box[1] = 257; }).find("boxes"), std::string::npos);
  EXPECT_NE(message([](MapSpec& m) { m.swizzle = Swizzle::bytes64; }).find("longer than the swizzle"), std::string::npos);
  EXPECT_NE(message([](MapSpec& m) { m.box[0] = 60; }).find("rows of a box"), std::string::npos);
  EXPECT_NE(message([](MapSpec& m) { m.rank = 1; }).find("rank"), std::string::npos);
  EXPECT_NE(message([](MapSpec& m) { m.size[1] = 0; }).find("sizes"), std::string::npos);
  EXPECT_NE(message([](MapSpec& m) { m.step[1] = 9; }).find("steps"), std::string::npos);
  const auto im2col = [&](auto change) {
    return message([&](MapSpec& m) {
      m.im2col = true;
      m.rank = 4;
      m.size[0] = 64, m.size[1] = 4, m.size[2] = 4, m.size[3] = 1;
      m.stride[0] = 128, m.stride[1] = 512, m.stride[2] = 2048;
      m.channels = 64, m.pixels = 16;
      change(m);
    });
  };
  EXPECT_EQ(im2col([](MapSpec&) {}), "accepted");
  EXPECT_NE(im2col([](MapSpec& m) { m.lower[0] = -129; }).find("corners"), std::string::npos);
  EXPECT_NE(im2col([](MapSpec& m) { m.upper[1] = -4; }).find("empty"), std::string::npos);
  EXPECT_NE(im2col([](MapSpec& m) { m.pixels = 1025; }).find("1024 pixels"), std::string::npos);
}

// Every tap of a convolution, from every position on, is what the index map of the mma.sync kernels gathers.
__global__ void load_positions_kernel(const TensorMap map, int w, int h, int n, int dw, int dh, float* out, int pixels) {
  auto& s = shared<Box>();
  if (threadIdx.x == 0) {
    simt::mbarrier_init(s.full, 1);
    simt::mbarrier_init_fence();
    simt::mbarrier_expect(s.full, static_cast<unsigned>(pixels) * 128);
    simt::tma_load_im2col(s.bytes, map, {0, w, h, n}, dw, dh, s.full);
  }
  simt::sync_threads();
  simt::mbarrier_wait(s.full, 0);
  for (int i = static_cast<int>(threadIdx.x); i < pixels * 32; i += 32)
    std::memcpy(&out[i], &s.bytes[swizzled(static_cast<uint32_t>(i * 4), Swizzle::bytes128)], 4);
}

TEST(HopperTma, PositionsOfAConvolution) {
  struct Case {
    int n, h, w, c, r, s, stride_h, stride_w, pad_h, pad_w, dilation, p, q;
  };
  for (const Case& k : {Case{2, 5, 6, 8, 3, 3, 1, 1, 1, 1, 1, 5, 6}, Case{1, 9, 8, 36, 3, 2, 2, 3, 0, 1, 1, 4, 3}, Case{3, 4, 4, 4, 2, 3, 1, 1, 2, 3, 2, 6, 6}}) {
    const size_t count = static_cast<size_t>(k.n * k.h * k.w * k.c);
    std::vector<float> storage(count + 4);
    float* x = storage.data() + (16 - reinterpret_cast<uintptr_t>(storage.data()) % 16) % 16 / 4;
    for (size_t i = 0; i < count; ++i) x[i] = static_cast<float>(i + 1);
    constexpr int kPixels = 24;
    MapSpec m;
    m.element = TensorElement::tf32;
    m.data = x;
    m.rank = 4;
    m.im2col = true;
    const int sizes[] = {k.c, k.w, k.h, k.n};
    for (int d = 0; d < 4; ++d) m.size[d] = static_cast<uint64_t>(sizes[d]);
    m.stride[0] = static_cast<uint64_t>(k.c) * 4;
    m.stride[1] = m.stride[0] * static_cast<uint64_t>(k.w);
    m.stride[2] = m.stride[1] * static_cast<uint64_t>(k.h);
    m.lower[0] = -k.pad_w, m.lower[1] = -k.pad_h;
    m.upper[0] = (k.q - 1) * k.stride_w - k.pad_w - (k.w - 1);
    m.upper[1] = (k.p - 1) * k.stride_h - k.pad_h - (k.h - 1);
    m.step[1] = static_cast<uint32_t>(k.stride_w), m.step[2] = static_cast<uint32_t>(k.stride_h);
    m.channels = 32;
    m.pixels = kPixels;
    const PatchMap patch{forward_axis(k.h, k.p, k.r, k.stride_h, k.pad_h, k.dilation), forward_axis(k.w, k.q, k.s, k.stride_w, k.pad_w, k.dilation), FastDivide(k.c), k.c};
    const int positions = k.n * k.p * k.q;
    for (int first = 0; first < positions; first += 7) {
      for (int tap = 0; tap < k.r * k.s; ++tap) {
        std::vector<float> got(kPixels * 32, -1);
        const int q = first % k.q, p = first / k.q % k.p, n = first / k.q / k.p;
        launch<Box>(load_positions_kernel, 1, 32, nullptr, make_map(m), q * k.stride_w - k.pad_w, p * k.stride_h - k.pad_h, n, tap % k.s * k.dilation,
                    tap / k.s * k.dilation, got.data(), kPixels);
        for (int i = 0; i < kPixels; ++i) {
          for (int c = 0; c < 32; ++c) {
            float want = 0;
            if (first + i < positions && c < k.c) {
              const auto corner = patch.corner(first + i);
              const auto t = patch.tap(tap * k.c + c);
              if (patch.inside(corner, t)) want = x[corner.offset + t.offset];
            }
            ASSERT_EQ(got[static_cast<size_t>(i * 32 + c)], want) << "position " << first + i << " tap " << tap << " channel " << c;
          }
        }
      }
    }
  }
}

// A producer and three consumers hand numbers over through two slots; phases wrap around many times.
struct Slots {
  int value[2];
  simt::Mbarrier full[2], empty[2];
};
__global__ void hand_over_kernel(unsigned* sums, int count) {
  auto& s = shared<Slots>();
  if (threadIdx.x == 0) {
    for (int i = 0; i < 2; ++i) simt::mbarrier_init(s.full[i], 1), simt::mbarrier_init(s.empty[i], 3);
    simt::mbarrier_init_fence();
  }
  simt::sync_threads();
  if (threadIdx.x == 0) {
    for (int i = 0; i < count; ++i) {
      simt::mbarrier_wait(s.empty[i % 2], static_cast<unsigned>(i / 2 + 1) % 2);
      s.value[i % 2] = i * i;
      simt::mbarrier_arrive(s.full[i % 2]);
    }
  } else if (threadIdx.x < 4) {
    unsigned sum = 0;
    for (int i = 0; i < count; ++i) {
      simt::mbarrier_wait(s.full[i % 2], static_cast<unsigned>(i / 2) % 2);
      sum = sum * 3 + static_cast<unsigned>(s.value[i % 2]);
      simt::mbarrier_arrive(s.empty[i % 2]);
    }
    sums[threadIdx.x] = sum;
  }
}

TEST(HopperMbarrier, HandsOverInEveryOrder) {
  const auto got = equal_in_any_order([] {
    std::vector<unsigned> sums(4);
    launch<Slots>(hand_over_kernel, 1, 64, nullptr, sums.data(), 23);
    return sums;
  });
  unsigned want = 0;
  for (unsigned i = 0; i < 23; ++i) want = want * 3 + i * i;
  for (int i = 1; i < 4; ++i) EXPECT_EQ(got[static_cast<size_t>(i)], want);
}

struct Words {
  int value[128];
};
// Two warps write, two others read after them; nobody waits for the readers.
__global__ void named_kernel(int* out) {
  auto& s = shared<Words>();
  const int thread = static_cast<int>(threadIdx.x);
  simt::registers_fewer<64>();
  if (thread < 64) {
    s.value[thread] = thread * 5;
    simt::named_barrier_arrive(3, 128);
  } else {
    simt::named_barrier_sync(3, 128);
    out[thread - 64] = s.value[127 - thread];
    simt::named_barrier_sync(4, 64);
    if (thread == 64) out[0] += out[63];
  }
}

TEST(HopperNamedBarrier, SomeWait) {
  const auto got = equal_in_any_order([] {
    std::vector<int> out(64);
    launch<Words>(named_kernel, 1, 128, nullptr, out.data());
    return out;
  });
  for (int i = 1; i < 63; ++i) EXPECT_EQ(got[static_cast<size_t>(i)], (63 - i) * 5);
  EXPECT_EQ(got[0], 63 * 5 + 0);
}

}  // namespace
}  // namespace ganymede::kernels::sim
