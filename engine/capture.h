// An update that runs the same way every time: eager once, traced once, captured once, then replayed.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "engine/context.h"
#include "engine/memory.h"

namespace ganymede {

// One unit of capture on the context's device. The function must launch the same kernels with the same shapes each time;
// tensors it leaves in variables of the caller keep their addresses, so they hold fresh values after every replay.
//   run 1: eager (pools and primitives warm up);  run 2: eager, allocations traced, arena laid out;
//   run 3: what eager runs left in the pool is given back, the arena takes its memory; captured (a graph on cuda and sim, a list of actions on cpu);  from run 4 on: replayed.
class Unit {
 public:
  // scratch: shared with other units that never run while this one does; null: memory of its own.
  explicit Unit(bool capture = true, std::shared_ptr<Scratch> scratch = nullptr) : capture_(capture), scratch_(std::move(scratch)) {}
  ~Unit();
  Unit(const Unit&) = delete;
  void run(const std::function<void()>& f);
  bool captured() const { return stage_ >= 3; }
  size_t arena_bytes() const { return arena_ ? arena_->bytes() : 0; }
  int64_t launches() const { return launches_; }  // kernels of one run

 private:
  void replay();
  bool capture_;
  std::shared_ptr<Scratch> scratch_;
  int stage_ = 0;
  Device device_;
  std::shared_ptr<Arena> arena_;
  std::vector<Action> recorded_;
  std::vector<std::shared_ptr<Storage>> copied_;  // bf16 copies of their weights are read
  void* graph_ = nullptr;
  int64_t launches_ = 0;
};

}  // namespace ganymede
