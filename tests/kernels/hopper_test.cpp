// The simulator's model of sm_90a's barriers, TMA and wgmma: what right kernels get. What wrong ones are told: hopper_faults_test.cpp.
#include "kernels/simt/hopper.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <set>

#include "kernels/device/conv_maps.h"
#include "kernels/device/convert.h"
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

// d[64 x N] = a[64 x K] b[N x K]^T twice over, from operands that threads have written where the descriptor looks for them.
struct Operands {
  alignas(1024) unsigned char a[16384];
  alignas(1024) unsigned char b[65536];
};
struct Layout {
  Swizzle swizzle;
  int leading, stride;   // bytes
};
// Where term k of row `row` of an operand along m or n lies, in blocks of 64 rows: the canonical layout of the PTX manual.
__host__ __device__ constexpr uint32_t place_along_rows(uint32_t row, uint32_t k, uint32_t leading, uint32_t stride) {
  return swizzled(row / 64 * leading + k / 8 * stride + k % 8 * 128 + row % 64 * 2, Swizzle::bytes128);
}

// d[64 x N] = a[64 x 32] b[N x 32]^T of bf16, each operand along k or along its rows.
template <int kN, Major kA, Major kB>
__global__ void multiply_majors_kernel(const Bf16* a, const Bf16* b, float* out, int leading) {
  auto& s = shared<Operands>();
  const int thread = static_cast<int>(threadIdx.x);
  const auto fill = [&](const Bf16* from, unsigned char* to, int rows, Major major) {
    for (int i = thread; i < rows * 32; i += 128) {
      const auto row = static_cast<uint32_t>(i / 32), k = static_cast<uint32_t>(i % 32);
      const uint32_t at = major == Major::k ? swizzled(row * 128 + k * 2, Swizzle::bytes128) : place_along_rows(row, k, static_cast<uint32_t>(leading), 1024);
      *reinterpret_cast<Bf16*>(to + at) = from[i];
    }
  };
  fill(a, s.a, 64, kA);
  fill(b, s.b, kN, kB);
  simt::fence_proxy_async();
  simt::sync_threads();
  const auto descriptor = [&](const void* at, Major major) { return simt::matrix_descriptor(at, major == Major::k ? 16 : leading, 1024, Swizzle::bytes128); };
  float d[kN / 2];
  simt::wgmma_fence();
  for (int k = 0; k < 2; ++k)
    simt::wgmma_bf16<kN, kA, kB>(d, simt::descriptor_at(descriptor(s.a, kA), k * (kA == Major::k ? 32 : 2048)),
                                 simt::descriptor_at(descriptor(s.b, kB), k * (kB == Major::k ? 32 : 2048)), k > 0);
  simt::wgmma_commit();
  simt::wgmma_wait<0>();
  const int lane = thread % 32, warp = thread / 32;
  for (int i = 0; i < kN / 2; ++i)
    out[(16 * warp + lane / 4 + i / 2 % 2 * 8) * kN + i / 4 * 8 + lane % 4 * 2 + i % 2] = d[i];
}

template <int kN, Major kA, Major kB>
void expect_majors(int leading) {
  SCOPED_TRACE("N " + std::to_string(kN) + " majors " + std::to_string(static_cast<int>(kA)) + std::to_string(static_cast<int>(kB)));
  std::mt19937 generator(4);
  std::normal_distribution<float> normal;
  std::vector<Bf16> a(64 * 32), b(kN * 32);
  for (auto* all : {&a, &b})
    for (Bf16& x : *all) x = to_bf16(normal(generator));
  const auto got = equal_in_any_order([&] {
    std::vector<float> out(64 * kN);
    launch<Operands>(multiply_majors_kernel<kN, kA, kB>, 1, 128, nullptr, a.data(), b.data(), out.data(), leading);
    return out;
  });
  for (int m = 0; m < 64; ++m) {
    for (int n = 0; n < kN; ++n) {
      double want = 0;
      for (int k = 0; k < 32; ++k) want += double{to_float(a[static_cast<size_t>(m * 32 + k)])} * to_float(b[static_cast<size_t>(n * 32 + k)]);
      ASSERT_NEAR(got[static_cast<size_t>(m * kN + n)], want, 1e-4) << m << ", " << n;
    }
  }
}

TEST(HopperWgmma, OperandsAlongRows) {
  expect_majors<64, Major::k, Major::mn>(8192);
  expect_majors<128, Major::k, Major::mn>(8192);
  expect_majors<256, Major::mn, Major::mn>(8192);
  expect_majors<64, Major::mn, Major::k>(8192);
  expect_majors<256, Major::k, Major::mn>(4096);   // of 32 terms alone
}

enum class LeftFault { none, no_fence, written_in_flight, one_warp_from_memory };

// d[64 x N] = a[64 x 32] b[N x 32]^T of bf16 with a in registers, from two groups in flight.
template <int kN, Major kB>
__global__ void multiply_registers_kernel(const Bf16* a, const Bf16* b, float* out, LeftFault fault) {
  auto& s = shared<Operands>();
  const int thread = static_cast<int>(threadIdx.x), lane = thread % 32, warp = thread / 32;
  for (int i = thread; i < kN * 32; i += 128) {
    const auto row = static_cast<uint32_t>(i / 32), k = static_cast<uint32_t>(i % 32);
    const uint32_t at = kB == Major::k ? swizzled(row * 128 + k * 2, Swizzle::bytes128) : place_along_rows(row, k, 8192, 1024);
    *reinterpret_cast<Bf16*>(s.b + at) = b[i];
  }
  simt::fence_proxy_async();
  simt::sync_threads();
  uint32_t left[2][4];
  for (int k = 0; k < 2; ++k) {
    for (int i = 0; i < 4; ++i) {
      const int row = 16 * warp + lane / 4 + i % 2 * 8, term = 16 * k + i / 2 * 8 + lane % 4 * 2;
      left[k][i] = a[row * 32 + term].bits | uint32_t{a[row * 32 + term + 1].bits} << 16;
    }
  }
  const uint64_t right = simt::matrix_descriptor(s.b, kB == Major::k ? 16 : 8192, 1024, Swizzle::bytes128);
  float d[kN / 2];
  simt::wgmma_keep(left);
  if (fault != LeftFault::no_fence) simt::wgmma_fence();
  for (int k = 0; k < 2; ++k) {
    const uint64_t terms = simt::descriptor_at(right, k * (kB == Major::k ? 32 : 2048));
    if (fault == LeftFault::one_warp_from_memory && warp == 3) simt::wgmma_bf16<kN, Major::k, kB>(d, right, terms, k > 0);
    else simt::wgmma_bf16<kN, kB>(d, left[k], terms, k > 0);
    simt::wgmma_commit();
  }
  if (fault == LeftFault::written_in_flight) left[1][2] ^= 1;
  simt::wgmma_wait<1>();
  simt::wgmma_wait<0>();
  simt::wgmma_keep(d);
  for (int i = 0; i < kN / 2; ++i) out[(16 * warp + lane / 4 + i / 2 % 2 * 8) * kN + i / 4 * 8 + lane % 4 * 2 + i % 2] = d[i];
}

template <int kN, Major kB>
void expect_registers() {
  SCOPED_TRACE("N " + std::to_string(kN) + " major " + std::to_string(static_cast<int>(kB)));
  std::mt19937 generator(6);
  std::normal_distribution<float> normal;
  std::vector<Bf16> a(64 * 32), b(kN * 32);
  for (auto* all : {&a, &b})
    for (Bf16& x : *all) x = to_bf16(normal(generator));
  const auto run = [&](LeftFault fault) {
    std::vector<float> out(64 * kN);
    launch<Operands>(multiply_registers_kernel<kN, kB>, 1, 128, nullptr, a.data(), b.data(), out.data(), fault);
    return out;
  };
  const auto got = equal_in_any_order([&] { return run(LeftFault::none); });
  for (int m = 0; m < 64; ++m) {
    for (int n = 0; n < kN; ++n) {
      double want = 0;
      for (int k = 0; k < 32; ++k) want += double{to_float(a[static_cast<size_t>(m * 32 + k)])} * to_float(b[static_cast<size_t>(n * 32 + k)]);
      ASSERT_NEAR(got[static_cast<size_t>(m * kN + n)], want, 1e-4) << m << ", " << n;
    }
  }
  const auto said = [&](LeftFault fault) {
    try {
      run(fault);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(said(LeftFault::no_fence).find("wgmma_fence() is missing"), std::string::npos);
  EXPECT_NE(said(LeftFault::written_in_flight).find("registers of a were written while this wgmma read them"), std::string::npos);
  EXPECT_NE(said(LeftFault::one_warp_from_memory).find("different operands"), std::string::npos);
}

TEST(HopperWgmma, LeftOperandInRegisters) {
  expect_registers<64, Major::k>();
  expect_registers<128, Major::k>();
  expect_registers<64, Major::mn>();
  expect_registers<128, Major::mn>();
}

// Where byte `column` of a row lies: the canonical layouts of the PTX manual.
__host__ __device__ constexpr uint32_t place(const Layout& l, uint32_t row, uint32_t column) {
  if (l.swizzle == Swizzle::none) return row / 8 * static_cast<uint32_t>(l.stride) + row % 8 * 16 + column / 16 * static_cast<uint32_t>(l.leading) + column % 16;
  return swizzled(row / 8 * static_cast<uint32_t>(l.stride) + row % 8 * (16u << static_cast<int>(l.swizzle)) + column, l.swizzle);
}

template <int kN, bool kBf16>
__global__ void multiply_kernel(const unsigned char* a, const unsigned char* b, float* out, Layout layout, int depth) {   // depth: bytes of a line, 32 or 64
  auto& s = shared<Operands>();
  const int thread = static_cast<int>(threadIdx.x);
  for (int i = thread; i < 64 * depth; i += 128) s.a[place(layout, static_cast<uint32_t>(i / depth), static_cast<uint32_t>(i % depth))] = a[i];
  for (int i = thread; i < kN * depth; i += 128) s.b[place(layout, static_cast<uint32_t>(i / depth), static_cast<uint32_t>(i % depth))] = b[i];
  simt::fence_proxy_async();
  simt::sync_threads();
  const uint64_t left = simt::matrix_descriptor(s.a, layout.leading, layout.stride, layout.swizzle),
                 right = simt::matrix_descriptor(s.b, layout.leading, layout.stride, layout.swizzle);
  float d[kN / 2];
  for (float& v : d) v = 1;   // the first product does not add
  simt::wgmma_fence();
  for (int turn = 0; turn < 2; ++turn) {
    for (int k = 0; k < depth; k += 32) {
      const int bytes = layout.swizzle == Swizzle::none ? k / 16 * layout.leading : k;
      if constexpr (kBf16) simt::wgmma_bf16<kN>(d, simt::descriptor_at(left, bytes), simt::descriptor_at(right, bytes), turn || k);
      else simt::wgmma_tf32<kN>(d, simt::descriptor_at(left, bytes), simt::descriptor_at(right, bytes), turn || k);
    }
    simt::wgmma_commit();
    simt::wgmma_wait<1>();
  }
  simt::wgmma_wait<0>();
  const int lane = thread % 32, warp = thread / 32;
  for (int i = 0; i < kN / 2; ++i)
    out[(16 * warp + lane / 4 + i / 2 % 2 * 8) * kN + i / 4 * 8 + lane % 4 * 2 + i % 2] = d[i];
}

template <int kN, bool kBf16>
void expect_product(Layout layout, int depth) {
  SCOPED_TRACE("N " + std::to_string(kN) + (kBf16 ? " bf16" : " tf32") + " swizzle " + std::to_string(static_cast<int>(layout.swizzle)) + " depth " + std::to_string(depth));
  const int size = kBf16 ? 2 : 4, terms = depth / size;
  std::mt19937 generator(3);
  std::normal_distribution<float> normal;
  std::vector<float> a(static_cast<size_t>(64 * terms)), b(static_cast<size_t>(kN * terms));
  std::vector<unsigned char> a_bytes(a.size() * static_cast<size_t>(size)), b_bytes(b.size() * static_cast<size_t>(size));
  const auto fill = [&](std::vector<float>& values, std::vector<unsigned char>& bytes) {
    for (size_t i = 0; i < values.size(); ++i) {
      const Bf16 half = to_bf16(normal(generator));
      values[i] = to_float(half);
      float single = values[i];
      if (!kBf16) {   // low bits that the tensor cores ignore
        uint32_t bits;
        std::memcpy(&bits, &single, 4);
        bits |= 0x1FFF;
        std::memcpy(&single, &bits, 4);
      }
      std::memcpy(&bytes[i * static_cast<size_t>(size)], kBf16 ? static_cast<const void*>(&half) : &single, static_cast<size_t>(size));
    }
  };
  fill(a, a_bytes);
  fill(b, b_bytes);
  const auto got = equal_in_any_order([&] {
    std::vector<float> out(64 * kN);
    launch<Operands>(multiply_kernel<kN, kBf16>, 1, 128, nullptr, a_bytes.data(), b_bytes.data(), out.data(), layout, depth);
    return out;
  });
  for (int m = 0; m < 64; ++m) {
    for (int n = 0; n < kN; ++n) {
      double want = 0;
      for (int k = 0; k < terms; ++k) want += 2.0 * a[static_cast<size_t>(m * terms + k)] * b[static_cast<size_t>(n * terms + k)];
      ASSERT_NEAR(got[static_cast<size_t>(m * kN + n)], want, 1e-4) << m << ", " << n;
    }
  }
}

TEST(HopperWgmma, EveryShapeAndLayout) {
  const Layout plain{Swizzle::none, 128, 256}, plain64{Swizzle::none, 128, 512}, b32{Swizzle::bytes32, 16, 256}, b64{Swizzle::bytes64, 16, 512}, b128{Swizzle::bytes128, 16, 1024};
  expect_product<64, true>(plain, 32);
  expect_product<64, true>(plain64, 64);
  expect_product<64, true>(Layout{Swizzle::none, 1024, 128}, 32);   // columns further apart than groups of rows
  expect_product<64, true>(b32, 32);
  expect_product<64, true>(b64, 64);
  expect_product<64, true>(b128, 64);
  expect_product<128, true>(b128, 64);
  expect_product<256, true>(b128, 64);
  expect_product<64, false>(plain, 32);
  expect_product<128, false>(b64, 64);
  expect_product<256, false>(b128, 64);
}

}  // namespace
}  // namespace ganymede::kernels::sim
