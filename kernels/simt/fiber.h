// Stacks that CUDA threads run on, Included by simt_cpu.cpp alone.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <new>

#include "kernels/simt/sanitizers.h"
#include "kernels/simt/simt_cpu.h"
#include "kernels/simt/switch.h"

namespace ganymede::kernels::sim {

// Something that can be left and come back to: a fiber, or the operating-system thread that started it.
class Context {
 public:
  // Runs target until somebody switches back to this one.
  void switch_to(Context& target) {
    sanitizers::leave_stack(&fake_stack_, target.stack_, target.stack_bytes_);
    sanitizers::become(target.identity_);
    Jump jump{*this, target};
    arrived(switch_stack(target.place_, &jump));
  }

 protected:
  struct Jump {
    Context &from, &to;
  };

  // Whoever jumped here is from now on to be found at the place that it jumped from.
  void arrived(Arrival arrival) {
    Context& from = static_cast<Jump*>(arrival.data)->from;
    from.place_ = arrival.from;
    sanitizers::enter_stack(fake_stack_, &from.stack_, &from.stack_bytes_);
  }

  Place place_ = nullptr;
  const void* stack_ = nullptr;   // lowest address; of a thread's own stack known once it was left
  size_t stack_bytes_ = 0;
  void* fake_stack_ = nullptr;   // AddressSanitizer's
  void* identity_ = nullptr;     // ThreadSanitizer's
};

// The calling operating-system thread.
class ThreadContext : public Context {
 public:
  ThreadContext() {
    if (sanitizers::thread()) identity_ = __tsan_get_current_fiber();
  }
};

class Fiber : public Context {
 public:
  using Body = void (*)(void* context, Fiber& self);   // never returns

  Fiber(Body body, void* context, size_t number) : body_(body), context_(context) {
    // Reserved, not used: pages are taken from the machine when they are first touched. The lowest page traps
    // overflow.
    memory_ = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
    mprotect(memory_, static_cast<size_t>(getpagesize()), PROT_NONE);
    stack_ = memory_;
    stack_bytes_ = kStackBytes;
    // Stacks that all began at the same offset would share a few sets of the caches.
    place_ = new_stack(memory_, kStackBytes - number % 128 * 320, &Fiber::enter);
    if (sanitizers::thread()) identity_ = __tsan_create_fiber(0);
  }
  ~Fiber() {
    if (sanitizers::address()) __asan_unpoison_memory_region(memory_, kStackBytes);
    if (identity_) __tsan_destroy_fiber(identity_);
    munmap(memory_, kStackBytes);
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // The CUDA thread that it carries, from its first instruction to its last.
  struct Block* block = nullptr;
  int rank = 0;
  bool cancelled = false;
  struct Barrier* barrier = nullptr;   // at which it waited last
  struct Waiting* waits = nullptr;     // where it waits now, if not at a Barrier
  Fiber* next = nullptr;               // in its list: of a barrier, of those that can go on, or of the idle
  fibers::CopyQueue copies;

 private:
  static constexpr size_t kStackBytes = 256 * 1024;

  static void enter(Arrival arrival) {
    auto& self = static_cast<Fiber&>(static_cast<Jump*>(arrival.data)->to);
    self.arrived(arrival);
    self.body_(self.context_, self);
  }

  Body body_;
  void* context_;
  void* memory_;
};

// Linked through its members: scheduling allocates nothing and moves no memory, which ThreadSanitizer would
// watch.
struct FiberList {
  Fiber *head = nullptr, *tail = nullptr;

  void push(Fiber* fiber) {
    fiber->next = nullptr;
    (tail ? tail->next : head) = fiber;
    tail = fiber;
  }
  void push_front(Fiber* fiber) {
    fiber->next = head;
    head = fiber;
    if (!tail) tail = fiber;
  }
  void put_first(FiberList& other) {
    if (!other.head) return;
    other.tail->next = head;
    head = other.head;
    if (!tail) tail = other.tail;
    other = {};
  }
  Fiber* pop() {
    Fiber* fiber = head;
    head = fiber->next;
    if (!head) tail = nullptr;
    return fiber;
  }
  void take_all(FiberList& other) {
    if (!other.head) return;
    (tail ? tail->next : head) = other.head;
    tail = other.tail;
    other = {};
  }
};

}  // namespace ganymede::kernels::sim
