// The state of a block that uses the words of hopper.h. Included by simt_cpu.cpp alone.
//
// Wgmma and TMA reach shared memory on a way of their own (the async proxy). What they know of it is kept beside the memory
// itself: ordinary stores change the memory alone, fence_proxy_async() copies it over, and where the two differ a fence is missing.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/simt/fiber.h"
#include "kernels/simt/hopper_cpu.h"

namespace ganymede::kernels::sim {

// Something that threads wait at which is not a Barrier of known threads.
struct Waiting {
  FiberList waiting;
  const char* what = nullptr;   // the primitive and its place, of the first to wait
  simt::Where where;
  int first = 0, count = 0;
  char* tokens = nullptr;       // ThreadSanitizer's, as of Barrier

  virtual ~Waiting() = default;
  virtual std::string missing() const = 0;   // what it waits for, for messages about deadlocks
};

struct MbarrierState : Waiting {
  uint32_t arrivals = 0, pending = 0;   // of a phase; those of this phase that have not come
  int64_t bytes = 0;                    // announced and not landed
  int64_t phase = 0;                    // complete ones
  bool fenced = false;                  // the async proxy knows of it
  std::vector<int64_t> seen;            // the last phase that each thread has waited for; -2: none

  std::string missing() const override {
    return "phase " + std::to_string(phase) + " misses " + std::to_string(pending) + " of " + std::to_string(arrivals) + " arrivals and " +
           std::to_string(bytes) + " bytes";
  }
};

struct NamedBarrier : Waiting {
  int id = 0, threads = 0, arrived = 0;
  uint32_t generation = 0;
  std::string missing() const override {
    return "barrier " + std::to_string(id) + " has " + std::to_string(arrived) + " of " + std::to_string(threads) + " threads";
  }
};

// A lane's registers of a, and what they held when the product was issued.
struct Left {
  const uint32_t* registers;
  uint32_t bits[4];
};

// One warp's part of a product: 16 rows of the 64. Which bytes it reads.
struct Operation {
  fibers::Product product;   // d: of lane 0
  uint64_t group;
  std::vector<uint32_t> a, b;   // shared addresses of 16-byte pieces (pieces(), hopper_calls.h)
  std::vector<Left> left;       // of each lane, where a lies in registers and has no pieces
  simt::Where where;
};

// Accumulators in flight: the numbers, and the registers that hold poison until they are waited for.
struct Accumulators {
  float* d[32];
  int n;
  std::vector<float> values;   // [16][n]
};

struct WarpProducts {
  std::vector<Operation> operations;   // in flight, oldest first
  std::map<float*, Accumulators> accumulators;
  uint64_t group = 0;       // that the next operation joins
  bool fenced = false;
  bool left_fenced = false; // since the last wait, behind which registers of a may have been written
  size_t issued = 0;        // operations ever
  int registers = 0;        // set by set_registers; 0: those of the launch
};

struct AsyncState {
  AsyncState(unsigned char* arena, size_t bytes, int threads)
      : arena(arena), known(bytes, 0xFF), filling((bytes + 15) / 16), readers((bytes + 15) / 16), warps(static_cast<size_t>(threads + 31) / 32),
        agreed((warps.size() + 3) / 4) {}

  unsigned char* arena;
  std::vector<unsigned char> known;    // shared memory as the async proxy sees it
  std::vector<bool> filling;           // by 16 bytes: a copy has been issued and has not landed
  std::vector<uint16_t> readers;       // by 16 bytes: operations in flight that read it
  std::map<size_t, MbarrierState> mbarriers;   // by address
  std::map<int, NamedBarrier> named;
  std::vector<WarpProducts> warps;
  std::vector<std::vector<fibers::Product>> agreed;   // of each warpgroup: its operations, as its first warp gave them

  // Bytes [at, at + 16) are the same for stores and for the async proxy, as far as they lie inside.
  bool visible(uint32_t at) const {
    const size_t bytes = std::min<size_t>(16, known.size() - at);
    return !std::memcmp(arena + at, known.data() + at, bytes);
  }
};

// A copy on its way.
struct Flight {
  struct Block* block;
  AsyncState* state;
  unsigned char* to;
  std::vector<unsigned char> data;
  MbarrierState* barrier;
  const char* what;
  simt::Where where;
};

}  // namespace ganymede::kernels::sim
