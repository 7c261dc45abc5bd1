// Runs blocks on the fibers of one operating-system thread. Included by simt_cpu.cpp alone.
#pragma once
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "kernels/simt/arena.h"
#include "kernels/simt/fiber.h"
#include "kernels/simt/hopper_model.h"
#include "kernels/simt/simulator.h"

namespace ganymede::kernels::sim {

using fibers::Launch;
using simt::Where;

// Threads that are still alive and those of them that have arrived. Opens when the two are equal.
struct Barrier {
  int alive = 0, arrived = 0;
  uint32_t generation = 0;
  int full = 0;                 // threads that it was made for
  const char* all_of = nullptr; // "warp" or "cluster": no thread of it may have exited
  const char* what = nullptr;   // the primitive and its place, of the first to arrive
  Where where;
  int first = 0;
  FiberList waiting;        // in order of arrival
  char* tokens = nullptr;   // ThreadSanitizer's, one for odd generations and one for even ones

  void reset(int threads, int full);
};

struct alignas(16) Slot {
  unsigned char bytes[48];
};

struct Warp {
  Barrier barrier;
  unsigned votes[2];
  Slot slots[2][32];   // by generation: the next exchange may begin while this one is being read
};

struct Block {
  dim3 index;
  int alive = 0, fresh = 0;   // live threads; threads that have not begun
  Barrier barrier;
  std::unique_ptr<Warp[]> warps;
  std::vector<uint16_t> order;   // of Order::random
  Arena arena;
  std::unique_ptr<AsyncState> async;   // of the words of hopper.h; made when the first of them is said
  bool read = false;   // by another block of its cluster, with no cluster_sync since
  Where read_at;
};

// Thrown through the threads of a block that is given up.
struct Cancelled {};

class Worker {
 public:
  // Runs blocks [begin, end) of the launch's order, all at once. Throws what went wrong in one of them.
  void run_blocks(const Launch& launch, const Settings& settings, uint64_t begin, uint64_t end);

  bool busy() const { return current_ != nullptr; }

  // For the thread that runs now.
  void arrive_block(Where where);
  void arrive_grid(Where where);
  void arrive_warp(Where where);
  void arrive_cluster(Where where);
  unsigned char* cluster_arena(int rank, Where where);
  int cluster_size() const { return launch_->cluster ? static_cast<int>(launch_->cluster) : 1; }
  // All 32 lanes meet; deposit is called by each with its lane's generation of slots, combine by the last.
  template <class Deposit, class Combine>
  int meet(const char* what, Where where, Deposit deposit, Combine combine);
  Warp& warp() { return current_->block->warps[current_->rank / 32]; }
  [[noreturn]] void fail(const std::string& message, Where where);

  // The words of hopper.h (hopper_calls.h), for the thread or the warp that runs now.
  AsyncState& async();
  Block* block() const { return current_->block; }
  int threads() const { return threads_; }
  MbarrierState& mbarrier(const simt::Mbarrier* b, const char* what, Where where);
  void wait_at(Waiting& place, const char* what, Where where);
  void yield();
  std::string settle(MbarrierState& b);
  std::string launch_name() const;
  void open(NamedBarrier& n);
  void take_off(Flight flight) { flights_.push_back(std::move(flight)); }
  void issue_product(const Slot* slots, Where where);
  void wait_products(int groups, Where where);

 private:
  static void carry(void* worker, Fiber& self);
  void start_block(Block& block, uint64_t number);
  void begin_thread(Fiber& fiber);
  void end_thread(Fiber& fiber);
  template <class Combine>
  void arrive(Barrier& barrier, const char* all_of, const char* what, Where where, Combine combine);
  void leave(Barrier& barrier);
  void open(Barrier& barrier);
  void land(size_t flight);
  bool land_next(bool must);
  void end_warp(Block& block, int warp);
  void end_block(Block& block);
  void end_in_cluster(Block& block);
  void make_current(Fiber& fiber);
  bool fresh_left() const { return blocks_[filling_]->fresh || filling_ + 1 < resident_; }
  Fiber* pick();
  void add_fiber();
  Fiber* idle_fiber();
  void hand_over(Fiber& self);
  void release_waiting();
  std::string deadlock() const;
  std::string thread_name(int rank) const;
  uint64_t draw();

  std::vector<std::unique_ptr<Fiber>> fibers_;
  FiberList idle_, ready_;   // those that carry no thread, and those that can go on
  std::vector<Flight> flights_;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<dim3> indices_;   // threadIdx of each rank
  dim3 indexed_;                // the block size they are for
  const Launch* launch_ = nullptr;
  Settings settings_;
  Barrier together_;   // of the blocks at work: all of a cooperative grid, or of a cluster
  bool cluster_begun_ = false;   // it has opened before
  size_t resident_ = 0, filling_ = 0;   // blocks at work; the one whose threads begin now
  int alive_ = 0, threads_ = 0;
  Fiber* current_ = nullptr;
  ThreadContext* scheduler_ = nullptr;   // goes on when no thread can, or after an error
  uint64_t random_ = 1;
  std::exception_ptr error_;
};

}  // namespace ganymede::kernels::sim
