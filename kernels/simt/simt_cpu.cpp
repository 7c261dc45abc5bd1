// The simulator: fibers, barriers, launches. A fiber runs fresh threads one after another until one of them
// waits; only then does another fiber take over, so that a kernel without barriers is a plain loop. Never
// built with a sanitizer: it switches stacks itself and tells them by hand (sanitizers.h).
#include "kernels/simt/simt_cpu.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

#include "kernels/simt/graph.h"
#include "kernels/simt/mma.h"
#include "kernels/simt/scheduler.h"
#include "kernels/simt/workers.h"

namespace ganymede::kernels::sim {

constinit thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;
constinit thread_local unsigned char* fibers::arena = nullptr;
constinit thread_local size_t fibers::arena_bytes = 0;
constinit thread_local int fibers::rank = 0;
constinit thread_local fibers::CopyQueue* fibers::copies = nullptr;

namespace {

// ThreadSanitizer tokens: the launch happens before all of its threads, and they before its end; a fence
// orders with later fences.
char launch_token, finish_token, fence_token;
// Two for each barrier, by generation, so that a thread that runs ahead orders nobody; for a barrier of a new
// block new ones, so that blocks are not ordered among themselves. Addresses alone: the memory is never
// touched.
alignas(8) char barrier_tokens[1 << 22];
char* fresh_tokens() {
  static std::atomic<size_t> used{0};
  return barrier_tokens + used.fetch_add(16, std::memory_order_relaxed) % sizeof barrier_tokens;
}

constinit thread_local Worker* worker = nullptr;

std::string text(dim3 v) {
  return "(" + std::to_string(v.x) + "," + std::to_string(v.y) + "," + std::to_string(v.z) + ")";
}
std::string text(Where where) { return std::string(where.file_name()) + ":" + std::to_string(where.line()); }

bool same(const Where& a, const Where& b) {
  return a.line() == b.line() && a.column() == b.column() &&
         (a.file_name() == b.file_name() || !std::strcmp(a.file_name(), b.file_name()));
}

uint64_t mix(uint64_t x) {   // splitmix64's finaliser
  x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
  x = (x ^ x >> 27) * 0x94D049BB133111EBu;
  return x ^ x >> 31;
}

// Place i of a permutation of [0, n): an affine map whose factor has no divisor in common with n.
uint64_t permuted(uint64_t i, uint64_t n, uint64_t seed) {
  uint64_t factor = mix(seed) % n | 1;
  const auto gcd = [](uint64_t a, uint64_t b) {
    while (b) std::swap(a %= b, b);
    return a;
  };
  while (gcd(factor, n) != 1) factor += 2;
  return static_cast<uint64_t>((static_cast<unsigned __int128>(i) * factor + mix(seed + 1)) % n);
}

}  // namespace

uint64_t Worker::draw() { return mix(random_ += 0x9E3779B97F4A7C15u); }

void Barrier::reset(int threads, int all) {
  alive = threads;
  full = all;
  arrived = 0;
  waiting = {};
  tokens = sanitizers::thread() ? fresh_tokens() : barrier_tokens;
}

std::string Worker::launch_name() const {
  const Where& where = launch_->grid.where;
  return "kernel launched at " + text(where) + " (" + where.function_name() + ")";
}

std::string Worker::thread_name(int rank) const { return text(indices_[static_cast<size_t>(rank)]); }

void Worker::fail(const std::string& message, Where where) {
  throw std::runtime_error(text(where) + ": " + message + "; thread " + thread_name(current_->rank) +
                           " of block " + text(current_->block->index) + ", " + launch_name());
}

void Worker::make_current(Fiber& fiber) {
  current_ = &fiber;
  fibers::copies = &fiber.copies;
  fibers::rank = fiber.rank;
  fibers::arena = fiber.block->arena.data();
  threadIdx = indices_[static_cast<size_t>(fiber.rank)];
  blockIdx = fiber.block->index;
}

void Worker::open(Barrier& barrier) {
  barrier.arrived = 0;
  ++barrier.generation;
  // A block of a cluster runs ahead as far as the barriers let it: it ends while the others still want its memory.
  if (launch_->cluster && settings_.order != Order::random) ready_.put_first(barrier.waiting);
  else ready_.take_all(barrier.waiting);
}

template <class Combine>
void Worker::arrive(Barrier& barrier, const char* all_of, const char* what, Where where, Combine combine) {
  Fiber& self = *current_;
  if (!barrier.arrived) {
    barrier.all_of = all_of;
    barrier.what = what;
    barrier.where = where;
    barrier.first = self.rank;
  } else if (!same(barrier.where, where)) {
    fail(std::string("divergent barrier: ") + what + " is reached here while thread " +
             thread_name(barrier.first) + " waits in " + barrier.what + " at " + text(barrier.where),
         where);
  }
  if (all_of && barrier.alive != barrier.full) {
    fail(std::string(what) + " needs all " + std::to_string(barrier.full) +
             (&barrier == &together_ ? " threads" : " lanes") + " of the " + all_of + "; " +
             std::to_string(barrier.alive) + " are alive",
         where);
  }
  void* token = barrier.tokens + barrier.generation % 2 * 8;
  sanitizers::release(token);
  if (++barrier.arrived == barrier.alive) {
    combine();
    open(barrier);
  } else {
    self.barrier = &barrier;
    barrier.waiting.push(&self);
    hand_over(self);
    if (self.cancelled) throw Cancelled{};
  }
  sanitizers::acquire(token);
}

template <class Deposit, class Combine>
int Worker::meet(const char* what, Where where, Deposit deposit, Combine combine) {
  Warp& w = warp();
  const int side = static_cast<int>(w.barrier.generation % 2);
  deposit(w, side, w.barrier.arrived == 0);
  arrive(w.barrier, "warp", what, where, [&] { combine(w, side); });
  return side;
}

void Worker::arrive_block(Where where) {
  arrive(current_->block->barrier, nullptr, "sync_threads", where, [] {});
}
void Worker::arrive_warp(Where where) {
  arrive(warp().barrier, nullptr, "sync_warp", where, [] {});
}
void Worker::arrive_grid(Where where) {
  if (!launch_->cooperative) fail("grid_sync needs launch_cooperative", where);
  arrive(together_, nullptr, "grid_sync", where, [] {});
}

void Worker::leave(Barrier& barrier) {
  --barrier.alive;
  if (!barrier.arrived) return;
  if (barrier.all_of) {
    fail(std::string("this thread ends while others of its ") + barrier.all_of + " wait in " + barrier.what,
         barrier.where);
  }
  if (barrier.arrived == barrier.alive) open(barrier);
}

void Worker::begin_thread(Fiber& fiber) {
  while (!blocks_[filling_]->fresh) ++filling_;
  Block& block = *blocks_[filling_];
  const int position = threads_ - block.fresh--;
  fiber.block = &block;
  fiber.rank = settings_.order == Order::forward   ? position
               : settings_.order == Order::reverse ? threads_ - 1 - position
                                                   : block.order[static_cast<size_t>(position)];
}

void Worker::end_thread(Fiber& fiber) {
  Block& block = *fiber.block;
  fiber.copies.pending.clear();
  fiber.copies.group = 0;
  --alive_;
  end_warp(block, fiber.rank / 32);
  leave(block.warps[fiber.rank / 32].barrier);
  leave(block.barrier);
  leave(together_);
  if (--block.alive == 0) end_block(block);
  if (block.alive == 0 && block.arena.overrun(launch_->shared_bytes)) {
    throw std::runtime_error("block " + text(block.index) + " wrote behind its " +
                             std::to_string(launch_->shared_bytes) + " bytes of shared memory; " +
                             launch_name());
  }
  if (block.alive == 0 && launch_->cluster) end_in_cluster(block);
}

// The body of every fiber. Under ThreadSanitizer a fiber is an identity, so it takes a single thread a turn.
void Worker::carry(void* raw, Fiber& self) {
  Worker& w = *static_cast<Worker*>(raw);
  for (;;) {
    const bool one = sanitizers::thread() || w.settings_.order == Order::random;
    try {
      do {
        w.begin_thread(self);
        w.make_current(self);
        sanitizers::acquire(&launch_token);
        w.launch_->thread(w.launch_->context);
        w.end_thread(self);
      } while (!one && !w.ready_.head && w.fresh_left());
    } catch (const Cancelled&) {
    } catch (...) {
      if (!w.error_) w.error_ = std::current_exception();
    }
    sanitizers::release(&finish_token);
    self.block = nullptr;
    self.cancelled = false;
    self.waits = nullptr;
    self.copies.pending.clear();
    self.copies.group = 0;
    sanitizers::thread() ? w.idle_.push(&self) : w.idle_.push_front(&self);
    w.hand_over(self);
  }
}

void Worker::add_fiber() {
  fibers_.push_back(std::make_unique<Fiber>(&Worker::carry, this, fibers_.size()));
  idle_.push(fibers_.back().get());
}

// The last to become idle, whose stack is in the cache. Under ThreadSanitizer the first, of twice as many as
// needed: the identities of one block know nothing of the block before it, so races between the two are seen.
Fiber* Worker::idle_fiber() {
  if (!idle_.head) add_fiber();
  return idle_.pop();
}

// Those that can go on come first: a warp runs ahead as far as the barriers let it.
Fiber* Worker::pick() {
  while (land_next(false)) {
  }
  if (settings_.order == Order::random && ready_.head) {
    for (uint64_t turns = draw() % 8; turns; --turns) ready_.push(ready_.pop());
    if (draw() % 2 && fresh_left()) return idle_fiber();
  }
  if (ready_.head) return ready_.pop();
  if (fresh_left()) return idle_fiber();
  while (!ready_.head && land_next(true)) {
  }
  return ready_.head ? ready_.pop() : nullptr;
}

// Leaves self, which waits or has become idle, for whoever is next.
void Worker::hand_over(Fiber& self) {
  Fiber* next = error_ ? nullptr : pick();
  if (next == &self) return;
  if (!next) return self.switch_to(*scheduler_);
  if (next->block) make_current(*next);
  self.switch_to(*next);
}

std::string Worker::deadlock() const {
  std::string message = "deadlock: ";
  std::vector<const Barrier*> seen;
  std::vector<const Waiting*> elsewhere;
  int places = 0;
  for (const auto& fiber : fibers_) {
    if (const Waiting* place = fiber->block ? fiber->waits : nullptr) {
      if (std::find(elsewhere.begin(), elsewhere.end(), place) != elsewhere.end()) continue;
      elsewhere.push_back(place);
      if (++places > 4) continue;
      message += (places > 1 ? ", " : "") + text(place->where) + ": " + place->what + ", " + place->missing() + " (first: thread " + thread_name(place->first) +
                 " of block " + text(fiber->block->index) + ")";
      continue;
    }
    const Barrier* barrier = fiber->block ? fiber->barrier : nullptr;
    if (!barrier || std::find(seen.begin(), seen.end(), barrier) != seen.end()) continue;
    seen.push_back(barrier);
    if (++places > 4) continue;
    message += (places > 1 ? ", " : "") + text(barrier->where) + ": " + std::to_string(barrier->arrived) +
               " of " + std::to_string(barrier->alive) + " live threads wait in " + barrier->what +
               " (first: thread " + thread_name(barrier->first) + " of block " + text(fiber->block->index) +
               ")";
  }
  if (places > 4) message += " and at " + std::to_string(places - 4) + " more barriers";
  return message + "; " + launch_name();
}

void Worker::start_block(Block& block, uint64_t number) {
  const Launch& launch = *launch_;
  const uint64_t total = uint64_t{launch.grid.x} * launch.grid.y * launch.grid.z;
  if (settings_.order == Order::reverse) number = total - 1 - number;
  if (settings_.order == Order::random) {
    const uint64_t together = launch.cluster ? launch.cluster : 1;
    number = permuted(number / together, total / together, settings_.seed) * together +
             permuted(number % together, together, settings_.seed + number / together);
    block.order.resize(static_cast<size_t>(threads_));
    for (int i = 0; i < threads_; ++i) {
      const auto other = static_cast<size_t>(mix(settings_.seed + number * 1024 + static_cast<uint64_t>(i)) %
                                             static_cast<uint64_t>(i + 1));
      block.order[static_cast<size_t>(i)] = block.order[other];
      block.order[other] = static_cast<uint16_t>(i);
    }
  }
  const auto plane = uint64_t{launch.grid.x} * launch.grid.y;
  block.index =
      dim3(static_cast<unsigned>(number % launch.grid.x),
           static_cast<unsigned>(number % plane / launch.grid.x), static_cast<unsigned>(number / plane));
  block.alive = block.fresh = threads_;
  block.barrier.reset(threads_, threads_);
  for (int w = 0; w * 32 < threads_; ++w) block.warps[w].barrier.reset(std::min(32, threads_ - w * 32), 32);
  block.arena.prepare(launch.shared_bytes);
  block.async.reset();
  block.read = false;
}

void Worker::run_blocks(const Launch& launch, const Settings& settings, uint64_t begin, uint64_t end) {
  launch_ = &launch;
  settings_ = settings;
  random_ = mix(settings.seed + begin);
  error_ = nullptr;
  flights_.clear();
  const dim3 size = launch.block;
  threads_ = static_cast<int>(size.x * size.y * size.z);
  if (indices_.empty() || indexed_.x != size.x || indexed_.y != size.y || indexed_.z != size.z) {
    indexed_ = size;
    indices_.resize(static_cast<size_t>(threads_));
    for (unsigned i = 0; i < indices_.size(); ++i)
      indices_[i] = dim3(i % size.x, i / size.x % size.y, i / (size.x * size.y));
  }
  resident_ = static_cast<size_t>(end - begin);
  filling_ = 0;
  alive_ = static_cast<int>(resident_) * threads_;
  while (blocks_.size() < resident_) {
    blocks_.push_back(std::make_unique<Block>());
    blocks_.back()->warps = std::make_unique<Warp[]>(32);
  }
  for (size_t i = 0; i < resident_; ++i) start_block(*blocks_[i], begin + i);
  together_.reset(alive_, alive_);
  cluster_begun_ = false;
  blockDim = size;
  gridDim = launch.grid;
  fibers::arena_bytes = launch.shared_bytes;
  worker = this;
  // ThreadSanitizer's: before any thread runs, since what a thread allocates is ordered after that thread
  // alone.
  if (sanitizers::thread()) {
    while (fibers_.size() < 2 * static_cast<size_t>(alive_)) add_fiber();
  }

  sanitizers::release(&launch_token);
  ThreadContext scheduler;
  scheduler_ = &scheduler;
  scheduler.switch_to(*pick());
  if (!error_ && alive_) error_ = std::make_exception_ptr(std::runtime_error(deadlock()));
  if (error_) release_waiting();
  current_ = nullptr;
  fibers::arena = nullptr;
  fibers::arena_bytes = 0;
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

// After an error: the threads that are still on a stack leave it by an exception.
void Worker::release_waiting() {
  ready_ = {};
  for (auto& fiber : fibers_) {
    if (!fiber->block) continue;
    fiber->cancelled = true;
    make_current(*fiber);
    scheduler_->switch_to(*fiber);
  }
}

}  // namespace ganymede::kernels::sim

#include "kernels/simt/cluster_calls.h"
#include "kernels/simt/hopper_calls.h"
#include "kernels/simt/warp_calls.h"

namespace ganymede::kernels::sim {

void fibers::sync_block(Where where) { worker->arrive_block(where); }
void fibers::sync_warp(Where where) { worker->arrive_warp(where); }
void fibers::sync_grid(Where where) { worker->arrive_grid(where); }
void fibers::fail(const char* message, Where where) { worker->fail(message, where); }

void fibers::fence() {
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  sanitizers::release(&fence_token);
  sanitizers::acquire(&fence_token);
}

namespace {

std::mutex settings_mutex;
std::optional<Settings> settings_now;
std::atomic<uint64_t> launches_so_far{0};

void check(const Launch& launch) {
  const dim3 grid = launch.grid, block = launch.block;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z, blocks = uint64_t{grid.x} * grid.y * grid.z;
  const auto require = [&](bool holds, const std::string& limit) {
    if (holds) return;
    throw std::runtime_error(text(launch.grid.where) + ": launch with grid " + text(grid) + ", block " +
                             text(block) + ", " + std::to_string(launch.shared_bytes) +
                             " bytes of shared memory: " + limit + " (" + launch.grid.where.function_name() +
                             ")");
  };
  require(threads >= 1 && threads <= 1024 && block.z <= 64,
          "a block has 1 to 1024 threads, its z at most 64");
  require(grid.x <= 0x7FFFFFFFu && grid.y <= 65535 && grid.z <= 65535,
          "a grid has at most 2^31-1 x 65535 x 65535 blocks");
  require(launch.shared_bytes <= 227 * 1024, "a block has at most 227 KB of shared memory");
  require(!launch.cooperative || blocks <= simt::kMultiprocessors,
          "a cooperative grid has at most " + std::to_string(simt::kMultiprocessors) +
              " blocks here (cooperative_blocks)");
  require(!this_worker().busy(), "a kernel cannot launch another");
  if (!launch.cluster) return;
  require(launch.cluster <= 8, "a cluster has 1 to 8 blocks");
  require(grid.x % launch.cluster == 0, "the grid is not made of whole clusters of " + std::to_string(launch.cluster) + " blocks along x");
  require(simt::compute_capability() >= 90, "a cluster needs a card of compute capability 90, this one has " +
                                                std::to_string(simt::compute_capability()));
}

}  // namespace

Settings settings() {
  std::lock_guard lock(settings_mutex);
  if (!settings_now) settings_now = settings_from_environment();
  return *settings_now;
}

void configure(const Settings& settings) {
  std::lock_guard lock(settings_mutex);
  settings_now = settings;
}

uint64_t launch_count() { return launches_so_far; }

int simt::compute_capability() { return settings().capability; }

void fibers::run(const Launch& launch) {
  const dim3 grid = launch.grid;
  if (!grid.x || !grid.y || !grid.z) return;
  check(launch);
  if (graphs::note(launch)) return;
  ++launches_so_far;
  const uint64_t blocks = uint64_t{grid.x} * grid.y * grid.z;
  const uint64_t together = launch.cooperative ? blocks : launch.cluster ? launch.cluster : 1;
  Job job{launch, settings(), blocks / together, together};
  static Workers workers;
  workers.run(job);
  sanitizers::acquire(&finish_token);
  if (job.error) std::rethrow_exception(job.error);
}

}  // namespace ganymede::kernels::sim
