// The simulator's model of sm_90a's wgmma: what right kernels get. What wrong ones are told: hopper_faults_test.cpp.
#include "kernels/simt/hopper.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "kernels/device/convert.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim {
namespace {

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
