// The vocabulary of hopper.h for the simulator. What touches the kernel's own memory is here, where sanitizers see it; the
// model itself is in hopper_model.h and hopper_calls.h.
#pragma once
#include <vector>

#include "kernels/simt/simt_cpu.h"
#include "kernels/simt/tensor_map.h"

#define GANYMEDE_HOPPER_CODE 1

namespace ganymede::kernels::sim {

namespace simt {
struct alignas(8) Mbarrier {
  uint64_t state;
};
}  // namespace simt

namespace fibers {

void mbarrier_init(simt::Mbarrier* b, unsigned arrivals, Where where);
void mbarrier_init_fence(Where where);
void mbarrier_arrive(simt::Mbarrier* b, uint32_t bytes, const char* what, Where where);
void mbarrier_wait(simt::Mbarrier* b, unsigned parity, Where where);
void fence_proxy_async(Where where);

// A copy begins: what is wrong with it is reported by check_copy, before its destination is poisoned.
void check_copy(const void* to, size_t bytes, const simt::Mbarrier* b, const char* what, Where where);
void begin_copy(void* to, std::vector<unsigned char> data, simt::Mbarrier* b, const char* what, Where where);

struct Product {
  float* d;   // of this lane
  uint64_t a, b;
  int n;
  bool bf16, add;
  Major a_major, b_major;
  const uint32_t* left = nullptr;   // a of this lane, where it lies in registers
};
void wgmma(const Product& lane, Where where);
void wgmma_fence(Where where);
void wgmma_commit(Where where);
void wgmma_wait(int groups, Where where);

void named_barrier(int id, int threads, bool wait, Where where);
void set_registers(int count, bool more, Where where);

}  // namespace fibers

namespace simt {

inline void mbarrier_init(Mbarrier& b, unsigned arrivals, Where where = Where::current()) { fibers::mbarrier_init(&b, arrivals, where); }
inline void mbarrier_init_fence(Where where = Where::current()) { fibers::mbarrier_init_fence(where); }
inline void mbarrier_arrive(Mbarrier& b, Where where = Where::current()) { fibers::mbarrier_arrive(&b, 0, "mbarrier_arrive", where); }
inline void mbarrier_expect(Mbarrier& b, unsigned bytes, Where where = Where::current()) {
  fibers::mbarrier_arrive(&b, bytes, "mbarrier_expect", where);
}
inline void mbarrier_wait(Mbarrier& b, unsigned parity, Where where = Where::current()) { fibers::mbarrier_wait(&b, parity, where); }
inline void fence_proxy_async(Where where = Where::current()) { fibers::fence_proxy_async(where); }

// The bytes of a copy in the order of its destination, read at once.
class BoxOfBytes {
 public:
  BoxOfBytes(const void* to, const TensorMap& map, size_t rows, int row_elements)
      : map_(map), to_(static_cast<uint32_t>(static_cast<const unsigned char*>(to) - fibers::arena)), row_elements_(row_elements),
        bytes_(rows * static_cast<size_t>(row_elements * map.element_bytes())) {}

  // The next row: elements [first, first + row_elements) of the innermost dimension at `offset` bytes, or zeros.
  void row(bool inside, int64_t offset, int64_t first) {
    const int size = map_.element_bytes();
    row_.assign(static_cast<size_t>(row_elements_ * size), 0);
    const int64_t begin = std::max<int64_t>(first, 0), end = std::min<int64_t>(first + row_elements_, static_cast<int64_t>(map_.size[0]));
    if (inside && begin < end)
      std::memcpy(row_.data() + (begin - first) * size, static_cast<const unsigned char*>(map_.data) + offset + begin * size,
                  static_cast<size_t>((end - begin) * size));
    for (size_t i = 0; i < row_.size(); i += 16) std::memcpy(&bytes_[swizzled(to_ + done_ + static_cast<uint32_t>(i), map_.swizzle) - to_], &row_[i], 16);
    done_ += static_cast<uint32_t>(row_.size());
  }
  std::vector<unsigned char> take() { return std::move(bytes_); }

 private:
  const TensorMap& map_;
  uint32_t to_, done_ = 0;
  int row_elements_;
  std::vector<unsigned char> bytes_, row_;
};

inline void issue_copy(void* to, std::vector<unsigned char> bytes, Mbarrier& b, const char* what, Where where) {
  std::memset(to, 0xFF, bytes.size());
  fibers::hide(to, bytes.size());
  fibers::begin_copy(to, std::move(bytes), &b, what, where);
}
// The exchange of pieces stays within the box where it begins and ends at multiples of the pattern.
inline void check_box(const void* to, const TensorMap& map, size_t bytes, const Mbarrier& b, const char* what, Where where) {
  const size_t pattern = map.swizzle == Swizzle::none ? 128 : size_t{128} << static_cast<int>(map.swizzle);
  check_shared(to, bytes, 128, "TMA: the destination must be shared memory aligned to 128 bytes", where);
  if (static_cast<size_t>(static_cast<const unsigned char*>(to) - fibers::arena) % pattern || (map.swizzle != Swizzle::none && bytes % pattern))
    fibers::fail("TMA: a swizzled tile must begin and end at multiples of its pattern (256, 512 or 1024 bytes)", where);
  fibers::check_copy(to, bytes, &b, what, where);
}

template <int kRank>
void tma_load_tile(void* to, const TensorMap& map, const int (&at)[kRank], Mbarrier& b, Where where = Where::current()) {
  if (map.im2col || map.rank != kRank) fibers::fail("tma_load_tile: the map is of another rank or kind", where);
  uint32_t count[kRank];
  size_t rows = 1;
  for (int d = 0; d < kRank; ++d) {
    count[d] = (map.box[d] + map.step[d] - 1) / map.step[d];
    if (d) rows *= count[d];
  }
  // A card calls it an illegal instruction.
  if (at[0] * map.element_bytes() % 16 != 0) fibers::fail("tma_load_tile: a box must begin at a multiple of 16 bytes of its row", where);
  if (map.step[0] != 1) fibers::fail("tma_load_tile: steps of the innermost dimension are not modelled", where);
  check_box(to, map, rows * count[0] * static_cast<size_t>(map.element_bytes()), b, "tma_load_tile", where);
  BoxOfBytes bytes(to, map, rows, static_cast<int>(count[0]));
  for (size_t row = 0; row < rows; ++row) {
    int64_t offset = 0;
    bool inside = true;
    size_t rest = row;
    for (int d = 1; d < kRank; ++d) {
      const int64_t i = at[d] + static_cast<int64_t>(rest % count[d]) * map.step[d];
      rest /= count[d];
      inside = inside && i >= 0 && i < static_cast<int64_t>(map.size[d]);
      offset += i * static_cast<int64_t>(map.stride[d - 1]);
    }
    bytes.row(inside, offset, at[0]);
  }
  issue_copy(to, bytes.take(), b, "tma_load_tile", where);
}

inline void tma_load_im2col(void* to, const TensorMap& map, const int (&at)[4], int dw, int dh, Mbarrier& b, Where where = Where::current()) {
  if (!map.im2col) fibers::fail("tma_load_im2col: the map is a tiled one", where);
  if (dw < 0 || dw > 255 || dh < 0 || dh > 255) fibers::fail("tma_load_im2col: offsets must be 0 to 255", where);
  const auto size = [&](int d) { return static_cast<int64_t>(map.size[d]); };
  const int64_t last_w = size(1) - 1 + map.upper[0], last_h = size(2) - 1 + map.upper[1];
  int64_t w = at[1], h = at[2], n = at[3];
  if (w < map.lower[0] || w > last_w || h < map.lower[1] || h > last_h) fibers::fail("tma_load_im2col: the first position lies outside of the corners", where);
  check_box(to, map, size_t{map.pixels} * map.channels * static_cast<size_t>(map.element_bytes()), b, "tma_load_im2col", where);
  BoxOfBytes bytes(to, map, map.pixels, static_cast<int>(map.channels));
  for (uint32_t i = 0; i < map.pixels; ++i) {
    const int64_t x = w + dw, y = h + dh;
    const bool inside = x >= 0 && x < size(1) && y >= 0 && y < size(2) && n >= 0 && n < size(3);
    bytes.row(inside, x * static_cast<int64_t>(map.stride[0]) + y * static_cast<int64_t>(map.stride[1]) + n * static_cast<int64_t>(map.stride[2]), at[0]);
    if ((w += map.step[1]) <= last_w) continue;
    w = map.lower[0];
    if ((h += map.step[2]) <= last_h) continue;
    h = map.lower[1];
    ++n;
  }
  issue_copy(to, bytes.take(), b, "tma_load_im2col", where);
}
inline void tma_prefetch(const TensorMap&, Where = Where::current()) {}

// As the hardware's: address, leading and stride bytes in units of 16, swizzle 1 (128 bytes), 2 (64), 3 (32) at bit 62. Shared
// memory begins at address 0 here.
inline uint64_t matrix_descriptor(const void* shared, int leading, int stride, Swizzle swizzle, Where where = Where::current()) {
  check_shared(shared, 16, 16, "matrix_descriptor: not 16 aligned bytes of shared memory", where);
  constexpr uint64_t kModes[] = {0, 3, 2, 1};
  const auto address = static_cast<uint64_t>(static_cast<const unsigned char*>(shared) - fibers::arena);
  return address >> 4 | static_cast<uint64_t>(leading >> 4) << 16 | static_cast<uint64_t>(stride >> 4) << 32 | kModes[static_cast<int>(swizzle)] << 62;
}
inline uint64_t descriptor_at(uint64_t descriptor, int bytes) { return descriptor + static_cast<uint64_t>(bytes >> 4); }

inline void wgmma_fence(Where where = Where::current()) { fibers::wgmma_fence(where); }
inline void wgmma_commit(Where where = Where::current()) { fibers::wgmma_commit(where); }
template <int kGroups>
void wgmma_wait(Where where = Where::current()) {
  fibers::wgmma_wait(kGroups, where);
}
template <int kN, Major kA = Major::k, Major kB = Major::k>
void wgmma_bf16(float (&d)[kN / 2], uint64_t a, uint64_t b, bool add, Where where = Where::current()) {
  static_assert(kN == 64 || kN == 128 || kN == 256);
  fibers::wgmma({d, a, b, kN, true, add, kA, kB}, where);
}
template <int kN, Major kB = Major::k>
void wgmma_bf16(float (&d)[kN / 2], const uint32_t (&a)[4], uint64_t b, bool add, Where where = Where::current()) {
  static_assert(kN == 64 || kN == 128);
  fibers::wgmma({d, 0, b, kN, true, add, Major::k, kB, a}, where);
}
template <class Registers>
void wgmma_keep(Registers&) {}
template <int kN, Major kA = Major::k, Major kB = Major::k>
void wgmma_tf32(float (&d)[kN / 2], uint64_t a, uint64_t b, bool add, Where where = Where::current()) {
  static_assert(kN == 64 || kN == 128 || kN == 256);
  static_assert(kA == Major::k && kB == Major::k, "only bf16 can lie along m and n");
  fibers::wgmma({d, a, b, kN, false, add, kA, kB}, where);
}

inline void named_barrier_sync(int id, int threads, Where where = Where::current()) { fibers::named_barrier(id, threads, true, where); }
inline void named_barrier_arrive(int id, int threads, Where where = Where::current()) { fibers::named_barrier(id, threads, false, where); }
template <int kCount>
void registers_fewer(Where where = Where::current()) {
  static_assert(kCount >= 24 && kCount <= 256 && kCount % 8 == 0);
  fibers::set_registers(kCount, false, where);
}
template <int kCount>
void registers_more(Where where = Where::current()) {
  static_assert(kCount >= 24 && kCount <= 256 && kCount % 8 == 0);
  fibers::set_registers(kCount, true, where);
}

}  // namespace simt
}  // namespace ganymede::kernels::sim
