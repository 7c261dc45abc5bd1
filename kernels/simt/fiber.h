// A stack that a CUDA thread runs on, switched by Boost.Context. Included by simt_cpu.cpp alone.
#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <boost/context/detail/fcontext.hpp>
#include <new>

#include "kernels/simt/sanitizers.h"
#include "kernels/simt/simt_cpu.h"

namespace ganymede::kernels::sim {

// The body runs forever: whenever it calls suspend(), control returns to the caller of resume().
class Fiber {
 public:
  using Body = void (*)(void* context, Fiber& self);

  Fiber(Body body, void* context) : body_(body), context_(context) {
    // Reserved, not used: pages are taken from the machine when they are first touched. The lowest page traps overflow.
    void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    mprotect(memory, static_cast<size_t>(getpagesize()), PROT_NONE);
    stack_ = static_cast<unsigned char*>(memory);
    self_ = boost::context::detail::make_fcontext(stack_ + kStackBytes, kStackBytes, &Fiber::enter);
    if (sanitizers::thread()) identity_ = __tsan_create_fiber(0);
  }
  ~Fiber() {
    if (sanitizers::address()) __asan_unpoison_memory_region(stack_, kStackBytes);
    if (identity_) __tsan_destroy_fiber(identity_);
    munmap(stack_, kStackBytes);
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void resume() {
    void* fake_stack = nullptr;
    void* caller_identity = sanitizers::thread() ? __tsan_get_current_fiber() : nullptr;
    sanitizers::leave_stack(&fake_stack, stack_, kStackBytes);
    sanitizers::become(identity_);
    self_ = boost::context::detail::jump_fcontext(self_, this).fctx;
    sanitizers::become(caller_identity);
    sanitizers::enter_stack(fake_stack, nullptr, nullptr);
  }

  void suspend() {
    sanitizers::leave_stack(&fake_stack_, caller_stack_, caller_stack_bytes_);
    caller_ = boost::context::detail::jump_fcontext(caller_, nullptr).fctx;
    sanitizers::enter_stack(fake_stack_, &caller_stack_, &caller_stack_bytes_);
  }

  // The CUDA thread that it carries, from its first instruction to its last.
  int rank = 0;
  struct Block* block = nullptr;
  fibers::CopyQueue copies;
  // The barrier at which it waits; null while it runs.
  struct Barrier* barrier = nullptr;
  Fiber* next_waiting = nullptr;
  bool cancelled = false;

 private:
  static constexpr size_t kStackBytes = 256 * 1024;

  static void enter(boost::context::detail::transfer_t from) {
    Fiber& self = *static_cast<Fiber*>(from.data);
    sanitizers::enter_stack(nullptr, &self.caller_stack_, &self.caller_stack_bytes_);
    self.caller_ = from.fctx;
    for (;;) {
      self.body_(self.context_, self);
      self.suspend();
    }
  }

  Body body_;
  void* context_;
  unsigned char* stack_;
  boost::context::detail::fcontext_t self_, caller_ = nullptr;
  void* identity_ = nullptr;
  void* fake_stack_ = nullptr;
  const void* caller_stack_ = nullptr;
  size_t caller_stack_bytes_ = 0;
};

}  // namespace ganymede::kernels::sim
