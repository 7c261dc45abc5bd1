// Shared memory of one block. Included by simt_cpu.cpp alone.
#pragma once
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>

#include "kernels/simt/sanitizers.h"

namespace ganymede::kernels::sim {

// Poisoned at the start of every block: 0xFF bytes, NaN in f32, f64 and bf16. Behind the end lies a guard,
// which is looked at when the block ends, or poison of AddressSanitizer.
class Arena {
 public:
  Arena() = default;
  ~Arena() {
    if (memory_) munmap(memory_, capacity_);
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  unsigned char* data() const { return memory_; }

  void prepare(size_t bytes) {
    if (!bytes && !memory_) return;
    if (capacity_ < bytes + kGuardBytes) {
      grow(bytes + kGuardBytes);
    } else if (sanitizers::thread()) {
      // A new block's shared memory has no history; ThreadSanitizer forgets what is mapped anew.
      mmap(memory_, capacity_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    }
    if (sanitizers::address()) __asan_unpoison_memory_region(memory_, capacity_);
    // Through volatile: a call of memset would be seen by ThreadSanitizer.
    std::fill_n(reinterpret_cast<volatile uint64_t*>(memory_), bytes / 8, ~uint64_t{0});
    std::fill_n(static_cast<volatile unsigned char*>(memory_) + bytes / 8 * 8, bytes % 8, 0xFF);
    std::fill_n(static_cast<volatile unsigned char*>(memory_) + bytes, kGuardBytes, kGuard);
    if (sanitizers::address()) __asan_poison_memory_region(memory_ + bytes, capacity_ - bytes);
  }

  // Was something written just behind the end?
  bool overrun(size_t bytes) const {
    if (!memory_ || sanitizers::address()) return false;
    const unsigned char* end = memory_ + bytes;
    return !std::all_of(end, end + kGuardBytes, [](unsigned char c) { return c == kGuard; });
  }

 private:
  static constexpr size_t kGuardBytes = 128;
  static constexpr unsigned char kGuard = 0xA5;

  void grow(size_t bytes) {
    if (memory_) munmap(memory_, capacity_);
    memory_ = nullptr;
    capacity_ = (bytes + 65535) / 65536 * 65536;
    void* fresh = mmap(nullptr, capacity_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fresh == MAP_FAILED) throw std::bad_alloc();
    memory_ = static_cast<unsigned char*>(fresh);
  }

  unsigned char* memory_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace ganymede::kernels::sim
