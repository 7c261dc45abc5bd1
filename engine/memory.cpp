#include "engine/memory.h"

#include <malloc.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "engine/check.h"
#include "engine/out_of_memory.h"

namespace ganymede {
namespace {

constexpr size_t kAlign = 256;
size_t round_up(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

// Freed blocks wait in bins of equal size: training asks for the same sizes again and again.
struct Pool {
  std::mutex mutex;
  std::multimap<size_t, void*> free;
  MemoryUse use;
};

Pool& pool_of(const Device& device) {
  static Pool(*const pools)[16] = new Pool[4][16];  // never destroyed: tensors may outlive any static
  return pools[int(device.type)][device.index % 16];
}

bool poison = false;

struct ActiveArena {
  std::shared_ptr<Arena> arena;
  ArenaScope::Mode mode;
};
thread_local ActiveArena active;

// The plan device has no memory, but the same bookkeeping: what it would hold is what another device will hold.
void* const kOnPaper = reinterpret_cast<void*>(kAlign);

void* take(const Device& device, size_t bytes) {
  Pool& pool = pool_of(device);
  std::lock_guard lock(pool.mutex);
  if (auto it = pool.free.find(bytes); it != pool.free.end()) {
    void* data = it->second;
    pool.free.erase(it);
    return data;
  }
  const auto count = [&] {
    pool.use.held += int64_t(bytes);
    pool.use.most_held = std::max(pool.use.most_held, pool.use.held);
  };
  if (is_plan(device)) {
    count();
    return kOnPaper;
  }
  const auto& kernels = kernels_of(device).device;
  kernels.select(device.index);
  void* data = nullptr;
  try {
    data = kernels.allocate(bytes);
  } catch (const std::bad_alloc&) {
    for (auto& [size, block] : pool.free) kernels.release(block), pool.use.held -= int64_t(size);
    pool.free.clear();
    try {
      data = kernels.allocate(bytes);
    } catch (const std::bad_alloc&) {
      const int64_t total = kernels.info(device.index).total_memory;
      throw OutOfMemory(text("out of memory on ", device, ": ", bytes >> 20, " MiB more were asked for, ", pool.use.live >> 20,
                             " MiB are in use, the device has ", total >> 20, " MiB"));
    }
  }
  count();
  return data;
}

void give_back(const Device& device, void* data, size_t bytes) {
  Pool& pool = pool_of(device);
  std::lock_guard lock(pool.mutex);
  pool.free.emplace(bytes, data);
}

void count_live(const Device& device, int64_t bytes) {
  Pool& pool = pool_of(device);
  std::lock_guard lock(pool.mutex);
  pool.use.live += bytes;
  pool.use.peak = std::max(pool.use.peak, pool.use.live);
}

}  // namespace

Storage::Storage(Device where, size_t size) : device(where), bytes(round_up(size)) {
  count_live(device, int64_t(bytes));
  if (bytes == 0) return;
  if (active.arena && active.mode == ArenaScope::Mode::place) {
    arena_ = active.arena.get();
    data = arena_->place(bytes);
  } else {
    if (active.arena) trace_ = active.arena, number_ = active.arena->note_allocation(bytes);
    data = take(device, bytes);
  }
  if (is_plan(device)) data = nullptr;
  if (poison && data) {
    const auto& kernels = kernels_of(device).device;
    kernels.fill_bytes(kernels.stream(), data, 0xFF, bytes);
  }
}

Storage::~Storage() {
  count_live(device, -int64_t(bytes));
  if (data && parameter && kernels_of(device).device.forget_weights) kernels_of(device).device.forget_weights(data, bytes);
  if (bytes == 0 || arena_) return;
  if (auto arena = trace_.lock()) arena->note_release(number_);
  give_back(device, is_plan(device) ? kOnPaper : data, bytes);
}

std::byte* Scratch::take(size_t bytes) {
  for (const Region& r : regions_)
    if (r.bytes >= bytes) return r.data;
  const size_t size = std::max({bytes, announced_, kAlign});
  regions_.push_back({static_cast<std::byte*>(ganymede::take(device_, size)), size});
  return regions_.back().data;
}

Scratch::~Scratch() {
  for (const Region& r : regions_) give_back(device_, r.data, r.bytes);
}

int Arena::note_allocation(size_t bytes) {
  items_.push_back({bytes, clock_++, INT64_MAX, 0});
  return int(items_.size()) - 1;
}

void Arena::note_release(int number) {
  if (!laid_out_) items_[number].died = std::min(items_[number].died, clock_++);
}

void Arena::lay_out() {
  // Largest first, each at the lowest offset that is free during its whole life.
  std::vector<int> order;
  for (int i = 0; i < int(items_.size()); ++i) {
    if (items_[i].died == INT64_MAX) {
      items_[i].offset = kept_bytes_;
      kept_bytes_ += items_[i].bytes;
    } else {
      order.push_back(i);
    }
  }
  std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return items_[a].bytes > items_[b].bytes; });
  std::vector<int> placed;  // by offset
  for (int i : order) {
    Item& item = items_[i];
    size_t offset = 0;
    for (int j : placed) {
      const Item& other = items_[j];
      if (other.died < item.born || item.died < other.born) continue;
      if (offset + item.bytes <= other.offset) break;
      offset = std::max(offset, other.offset + other.bytes);
    }
    item.offset = offset;
    scratch_bytes_ = std::max(scratch_bytes_, offset + item.bytes);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), i,
                                   [&](int a, int b) { return items_[a].offset < items_[b].offset; }), i);
  }
  laid_out_ = true;
  shared_->announce(scratch_bytes_);
}

void Arena::settle() {
  if (scratch_) return;
  release_pooled_memory(device_);
  if (!kept_) kept_ = static_cast<std::byte*>(take(device_, std::max(kept_bytes_, kAlign)));   // there from a call that then ran out of memory
  scratch_ = shared_->take(scratch_bytes_);
}

void* Arena::place(size_t bytes) {
  require(next_ < items_.size() && items_[next_].bytes == bytes, "capture: allocation ", next_, " of ", bytes,
          " bytes differs from the traced run; an update must do the same work every time");
  const Item& item = items_[next_++];
  return (item.died == INT64_MAX ? kept_ : scratch_) + item.offset;
}

Arena::~Arena() {
  if (kept_) give_back(device_, kept_, std::max(kept_bytes_, kAlign));
}

ArenaScope::ArenaScope(std::shared_ptr<Arena> arena, Mode mode) {
  require(!active.arena, "an arena is in use already");
  active = {std::move(arena), mode};
}
ArenaScope::~ArenaScope() { active.arena.reset(); }

MemoryUse memory_use(const Device& device) {
  Pool& pool = pool_of(device);
  std::lock_guard lock(pool.mutex);
  return pool.use;
}

void reset_peak_memory(const Device& device) {
  Pool& pool = pool_of(device);
  std::lock_guard lock(pool.mutex);
  pool.use.peak = pool.use.live, pool.use.most_held = pool.use.held;
}

void release_pooled_memory(const Device& device) {
  Pool& pool = pool_of(device);
  std::lock_guard lock(pool.mutex);
  for (auto& [size, block] : pool.free) {
    if (!is_plan(device)) kernels_of(device).device.release(block);
    pool.use.held -= int64_t(size);
  }
  if (pool.free.empty()) return;
  pool.free.clear();
#ifdef __GLIBC__
  malloc_trim(0);   // else the C library keeps host memory for itself
#endif
}

void poison_fresh_memory(bool on) { poison = on; }

}  // namespace ganymede
