// Memory of a device: a caching pool, and arenas that give a captured update the same addresses at every replay.
#pragma once
#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/device.h"

namespace ganymede {

struct MemoryUse {
  int64_t live = 0;   // bytes of tensors alive now
  int64_t peak = 0;   // largest live since the last reset
  int64_t held = 0;   // bytes taken from the device (live, pooled and arenas)
  int64_t most_held = 0;   // largest held since the last reset
};

// Memory for what does not outlive a run of an update, shared by updates that never run at the same time.
class Scratch {
 public:
  explicit Scratch(Device device) : device_(device) {}
  ~Scratch();
  Scratch(const Scratch&) = delete;

  // Announces a size. The first take() allocates the largest of those announced.
  void announce(size_t bytes) { announced_ = std::max(announced_, bytes); }
  std::byte* take(size_t bytes);

 private:
  Device device_;
  size_t announced_ = 0;
  struct Region { std::byte* data; size_t bytes; };
  std::vector<Region> regions_;   // more than one if a size was not announced in time
};

// Lifetimes of one run of an update, and the layout that follows from them.
class Arena {
 public:
  Arena(Device device, std::shared_ptr<Scratch> shared) : device_(device), shared_(std::move(shared)) {}
  ~Arena();
  Arena(const Arena&) = delete;

  // Tracing: every allocation gets a number; releases are noted in order.
  int note_allocation(size_t bytes);
  void note_release(int number);
  // Lays the traced allocations out: those released before the end share scratch, the others (values that other updates
  // or the log still read) get memory of their own.
  void lay_out();
  // Takes the memory, at the first call. What eager runs left in the pool goes back to the device before.
  void settle();
  // Addresses for the run that is captured, in the order of the trace. Throws when the run differs from the trace.
  void* place(size_t bytes);
  void rewind() { next_ = 0; }
  size_t bytes() const { return scratch_bytes_ + kept_bytes_; }

 private:
  struct Item { size_t bytes; int64_t born, died; size_t offset; };
  Device device_;
  std::shared_ptr<Scratch> shared_;
  std::vector<Item> items_;
  int64_t clock_ = 0;
  bool laid_out_ = false;
  size_t next_ = 0, scratch_bytes_ = 0, kept_bytes_ = 0;
  std::byte* scratch_ = nullptr;
  std::byte* kept_ = nullptr;
};

// What a tensor's bytes live in. Contents are undefined at first (NaN when poison is on).
class Storage {
 public:
  Storage(Device device, size_t bytes);
  ~Storage();
  Storage(const Storage&) = delete;

  Device device;
  size_t bytes;
  void* data = nullptr;      // null on plan and when bytes is 0
  uint64_t version = 0;      // advanced by every writer after the first
  bool parameter = false;    // written only by steps: devices may keep packed copies by version
  // If set, every element is this number; if unwritten, memory says so only once it is asked for (ops/create.h, uniform_constant).
  std::optional<double> uniform;
  bool unwritten = false;
  // A bf16 copy of all f32 numbers in here, and what it is a copy of: of parameters the version, of others the run that made them (UnitRun::serial).
  // all_at_once: they were, by one launch, so that any part of them may ask for it. See ops/weights.h.
  struct LowPrecision { std::shared_ptr<Storage> copy; uint64_t version = 0, run = 0; bool all_at_once = false; } low_precision;
  bool copy_is_fresh() const { return low_precision.copy && low_precision.version == version; }

 private:
  Arena* arena_ = nullptr;   // placed in an arena: not ours to release
  std::weak_ptr<Arena> trace_;
  int number_ = -1;
};

MemoryUse memory_use(const Device& device);
void reset_peak_memory(const Device& device);
// Gives pooled, unused memory back to the device.
void release_pooled_memory(const Device& device);
// Fresh tensors are filled with NaN patterns (tests).
void poison_fresh_memory(bool on);

// While in scope, allocations of this thread on the arena's device are traced or placed.
class ArenaScope {
 public:
  enum class Mode { trace, place };
  ArenaScope(std::shared_ptr<Arena> arena, Mode mode);
  ~ArenaScope();
  ArenaScope(const ArenaScope&) = delete;
};

}  // namespace ganymede
