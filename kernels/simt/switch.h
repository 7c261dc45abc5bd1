// Leaving one stack for another. Included by simt_cpu.cpp alone.
//
// Boost.Context can do this on every processor, but it jumps back where the processor expects a return, so
// that all returns after it are predicted wrongly: 43 ns a switch. The x86-64 version below returns; 13 ns,
// and warp operations are little else than switches.
#pragma once
#include <cstddef>
#include <cstdint>

#ifndef __x86_64__
#include <boost/context/detail/fcontext.hpp>
#endif

namespace ganymede::kernels::sim {

#ifdef __x86_64__

// Where a stack was left: its pointer, below which lie the registers that a call preserves.
using Place = void*;
struct Arrival {
  Place from;   // where the one who switched here was left
  void* data;   // what it handed over
};

extern "C" Arrival ganymede_sim_switch(Place to, void* data);
extern "C" void ganymede_sim_start();
asm(R"(
.text
.type ganymede_sim_switch, @function
ganymede_sim_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, %rax
  movq %rsi, %rdx
  movq %rdi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size ganymede_sim_switch, .-ganymede_sim_switch
.type ganymede_sim_start, @function
ganymede_sim_start:
  .cfi_startproc
  .cfi_undefined rip
  movq %rax, %rdi
  movq %rdx, %rsi
  callq *%rbx
  ud2
  .cfi_endproc
.size ganymede_sim_start, .-ganymede_sim_start
)");

inline Arrival switch_stack(Place to, void* data) { return ganymede_sim_switch(to, data); }

// A place that, when switched to, calls body on the stack [bottom, bottom + bytes). body must not return.
inline Place new_stack(void* bottom, size_t bytes, void (*body)(Arrival)) {
  auto** top = reinterpret_cast<void**>(static_cast<unsigned char*>(bottom) + bytes) -
               2;     // 16-byte aligned at the call
  *--top = nullptr;   // where unwinding ends
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(&ganymede_sim_start);   // the switch returns into it
  *--top = nullptr;                                        // rbp
  *--top = reinterpret_cast<void*>(body);                  // rbx
  for (int i = 0; i < 4; ++i) *--top = nullptr;            // r12 to r15
  return top;
}

#else

using Place = boost::context::detail::fcontext_t;
struct Arrival {
  Place from;
  void* data;
};

inline Arrival switch_stack(Place to, void* data) {
  const auto transfer = boost::context::detail::jump_fcontext(to, data);
  return {transfer.fctx, transfer.data};
}

inline Place new_stack(void* bottom, size_t bytes, void (*body)(Arrival)) {
  struct Start {
    void (*body)(Arrival);
  };
  const Place place = boost::context::detail::make_fcontext(
      static_cast<unsigned char*>(bottom) + bytes, bytes, [](boost::context::detail::transfer_t first) {
        const auto run = static_cast<Start*>(first.data)->body;
        const auto next = boost::context::detail::jump_fcontext(first.fctx, nullptr);
        run({next.fctx, next.data});
      });
  Start start{body};
  return boost::context::detail::jump_fcontext(place, &start).fctx;
}

#endif

}  // namespace ganymede::kernels::sim
