// What the simulator tells the sanitizers about its fibers. The functions exist only in programs built with
// the sanitizer, hence weak. Included by simt_cpu.cpp alone, which is itself never instrumented.
#pragma once
#include <cstddef>

extern "C" {
[[gnu::weak]] void* __tsan_get_current_fiber();
[[gnu::weak]] void* __tsan_create_fiber(unsigned flags);
[[gnu::weak]] void __tsan_destroy_fiber(void* fiber);
[[gnu::weak]] void __tsan_switch_to_fiber(void* fiber, unsigned flags);
[[gnu::weak]] void __tsan_acquire(void* token);
[[gnu::weak]] void __tsan_release(void* token);
[[gnu::weak]] void __sanitizer_start_switch_fiber(void** fake_stack, const void* bottom, size_t size);
[[gnu::weak]] void __sanitizer_finish_switch_fiber(void* fake_stack, const void** bottom, size_t* size);
[[gnu::weak]] void __asan_poison_memory_region(void const volatile* begin, size_t size);
[[gnu::weak]] void __asan_unpoison_memory_region(void const volatile* begin, size_t size);
}

namespace ganymede::kernels::sim::sanitizers {

// Read at run time, not at static initialisation: launches may happen before it.
inline bool thread() { return __tsan_create_fiber != nullptr; }
inline bool address() { return __asan_poison_memory_region != nullptr; }

// Happens-before edges: what was done before a release is seen after an acquire of the same token.
inline void release(void* token) {
  if (thread()) __tsan_release(token);
}
inline void acquire(void* token) {
  if (thread()) __tsan_acquire(token);
}
// Makes an identity current without ordering it after the one it replaces.
inline void become(void* fiber) {
  if (thread()) __tsan_switch_to_fiber(fiber, 1);
}
inline void leave_stack(void** fake_stack, const void* bottom, size_t size) {
  if (address()) __sanitizer_start_switch_fiber(fake_stack, bottom, size);
}
inline void enter_stack(void* fake_stack, const void** old_bottom, size_t* old_size) {
  if (address()) __sanitizer_finish_switch_fiber(fake_stack, old_bottom, old_size);
}

}  // namespace ganymede::kernels::sim::sanitizers
