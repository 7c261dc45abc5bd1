// Sees what the threads of one block do. The functions that g++ -fsanitize=thread calls before every load and
// store are defined here, and the hooks of trace_hooks.h. This file itself is compiled without that option.
#include "kernels/simt/trace.h"

#include <mutex>

#include "kernels/simt/simulator.h"
#include "kernels/simt/trace_record.h"

// The simulator itself is compiled without the other names of trace_hooks.h.
namespace ganymede::kernels::sim::fibers {
void sync_warp(Where where);
void mma_bf16(Fragments& lane, Where where);
void mma_tf32(Fragments& lane, Where where);
void unseen_sync_warp(Where where) { sync_warp(where); }
void unseen_mma_bf16(Fragments& lane, Where where) { mma_bf16(lane, where); }
void unseen_mma_tf32(Fragments& lane, Where where) { mma_tf32(lane, where); }

void mbarrier_init(simt::Mbarrier* b, unsigned arrivals, Where where);
void mbarrier_init_fence(Where where);
void mbarrier_arrive(simt::Mbarrier* b, uint32_t bytes, const char* what, Where where);
void mbarrier_wait(simt::Mbarrier* b, unsigned parity, Where where);
void fence_proxy_async(Where where);
void wgmma_fence(Where where);
void wgmma_commit(Where where);
void wgmma_wait(int groups, Where where);
void unseen_mbarrier_init(simt::Mbarrier* b, unsigned arrivals, Where where) { mbarrier_init(b, arrivals, where); }
void unseen_mbarrier_init_fence(Where where) { mbarrier_init_fence(where); }
void unseen_mbarrier_arrive(simt::Mbarrier* b, uint32_t bytes, const char* what, Where where) { mbarrier_arrive(b, bytes, what, where); }
void unseen_mbarrier_wait(simt::Mbarrier* b, unsigned parity, Where where) { mbarrier_wait(b, parity, where); }
void unseen_fence_proxy_async(Where where) { fence_proxy_async(where); }
void unseen_wgmma_fence(Where where) { wgmma_fence(where); }
void unseen_wgmma_commit(Where where) { wgmma_commit(where); }
void unseen_wgmma_wait(int groups, Where where) { wgmma_wait(groups, where); }
}  // namespace ganymede::kernels::sim::fibers

namespace ganymede::kernels::sim::tracing {

const Kernels& table();   // trace_table.cpp

namespace {

struct Recorder {
  const TraceRequest& request;
  std::vector<LaunchRecord> launches;
  const char* host_frame;   // arguments of a launch lie near it
};

Recorder* recorder = nullptr;   // written while no kernel runs

uint64_t number_of(dim3 index, dim3 grid) { return index.x + uint64_t{grid.x} * (index.y + uint64_t{grid.y} * index.z); }

// The record of the thread that runs now; null when nobody watches it.
ThreadRecord* watched() {
  if (!recorder || recorder->launches.empty() || !fibers::copies) return nullptr;
  LaunchRecord& launch = recorder->launches.back();
  if (!launch.watched || number_of(blockIdx, gridDim) != static_cast<uint64_t>(recorder->request.block)) return nullptr;
  if (fibers::rank < recorder->request.first_thread || fibers::rank > recorder->request.last_thread) return nullptr;
  ThreadRecord& thread = launch.threads[static_cast<size_t>(fibers::rank)];
  thread.begun = true;
  return &thread;
}

bool near(const void* p, const void* place, ptrdiff_t bytes) {
  const ptrdiff_t distance = static_cast<const char*>(p) - static_cast<const char*>(place);
  return distance > -bytes && distance < bytes;
}

Place place_of(const void* p) {
  const auto* byte = static_cast<const unsigned char*>(p);
  if (fibers::arena && byte >= fibers::arena && byte < fibers::arena + fibers::arena_bytes)
    return {kShared, static_cast<uint64_t>(byte - fibers::arena)};
  const auto& operands = recorder->request.operands;
  for (size_t i = 0; i < operands.size(); ++i) {
    const auto* begin = static_cast<const unsigned char*>(operands[i].data);
    if (byte >= begin && byte < begin + operands[i].bytes) return {static_cast<int>(i), static_cast<uint64_t>(byte - begin)};
  }
  // A thread's own variables lie on its fiber's stack; threadIdx and the like are thread-local; arguments are the host's.
  if (near(p, __builtin_frame_address(0), 256 << 10) || near(p, &fibers::rank, 4096) || near(p, recorder->host_frame, 64 << 10)) return {};
  return {kScratch, reinterpret_cast<uint64_t>(p)};
}

void access(What what, const void* p, size_t bytes) {
  ThreadRecord* thread = watched();
  if (!thread || thread->quiet) return;
  const Place place = place_of(p);
  if (place.region != kNowhere) thread->phases.back().events.push_back({what, static_cast<uint32_t>(bytes), place});
}

}  // namespace

Quiet::Quiet() {
  if (ThreadRecord* thread = watched()) ++thread->quiet;
}
Quiet::~Quiet() {
  if (ThreadRecord* thread = watched()) --thread->quiet;
}

void copied(const void* to, const void* from, int bytes, int valid_bytes) {
  ThreadRecord* thread = watched();
  if (!thread) return;
  const bool zero = valid_bytes == 0;   // nothing is read, whatever the address
  thread->phases.back().events.push_back({zero ? What::copy_zero : What::copy, static_cast<uint32_t>(zero ? bytes : valid_bytes),
                                          zero ? Place{} : place_of(from), place_of(to)});
}

void matrix_row(const void* row) {
  if (ThreadRecord* thread = watched()) thread->phases.back().events.push_back({What::matrix, 16, place_of(row)});
}

void warp_operation(const char* what) {
  if (ThreadRecord* thread = watched()) thread->phases.back().events.push_back({What::operation, 0, {}, {}, what});
}

void block_barrier(const char* what, simt::Where where) {
  ThreadRecord* thread = watched();
  if (!thread) return;
  thread->phases.back().barrier = what;
  thread->phases.back().where = where;
  thread->phases.emplace_back();
}

void launch_begins(const Grid& grid, dim3 block, size_t shared_bytes) {
  if (!recorder || !grid.x || !grid.y || !grid.z) return;
  LaunchRecord launch;
  launch.grid = grid;
  launch.block = block;
  launch.shared_bytes = shared_bytes;
  launch.where = grid.where;
  const auto number = static_cast<uint64_t>(recorder->request.block), plane = uint64_t{grid.x} * grid.y;
  launch.watched = number < plane * grid.z;
  launch.index = dim3(static_cast<unsigned>(number % grid.x), static_cast<unsigned>(number % plane / grid.x),
                      static_cast<unsigned>(number / plane));
  launch.threads.resize(size_t{block.x} * block.y * block.z);
  recorder->host_frame = static_cast<const char*>(__builtin_frame_address(0));
  recorder->launches.push_back(std::move(launch));
}

void launch_ends() {}

namespace {

std::string watch(const TraceRequest& request, const std::function<void()>& run) {
  static std::mutex one;
  const std::lock_guard lock(one);
  const Settings kept = settings();
  Settings alone = kept;
  alone.workers = 1;
  configure(alone);
  Recorder all{request, {}, nullptr};
  recorder = &all;
  try {
    run();
  } catch (...) {
    recorder = nullptr;
    configure(kept);
    throw;
  }
  recorder = nullptr;
  configure(kept);
  return tell(request, all.launches);
}

const TraceLibrary library{table, watch};

}  // namespace
}  // namespace ganymede::kernels::sim::tracing

extern "C" const ganymede::kernels::TraceLibrary* ganymede_trace_library() { return &ganymede::kernels::sim::tracing::library; }

// --- what g++ -fsanitize=thread calls --------------------------------------------------------------------------

using ganymede::kernels::sim::tracing::What;
using ganymede::kernels::sim::tracing::access;

extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

#define GANYMEDE_ACCESS(size)                                                       \
  void __tsan_read##size(void* p) { access(What::read, p, size); }                  \
  void __tsan_write##size(void* p) { access(What::write, p, size); }                \
  void __tsan_unaligned_read##size(void* p) { access(What::read, p, size); }        \
  void __tsan_unaligned_write##size(void* p) { access(What::write, p, size); }
GANYMEDE_ACCESS(1)
GANYMEDE_ACCESS(2)
GANYMEDE_ACCESS(4)
GANYMEDE_ACCESS(8)
GANYMEDE_ACCESS(16)
#undef GANYMEDE_ACCESS
void __tsan_read_range(void* p, size_t bytes) { access(What::read, p, bytes); }
void __tsan_write_range(void* p, size_t bytes) { access(What::write, p, bytes); }

// Atomic operations are calls, too; they do the work. The last argument is the memory order.
#define GANYMEDE_ATOMIC(bits, T)                                                                                 \
  T __tsan_atomic##bits##_load(const volatile T* p, int) {                                                       \
    access(What::atomic, const_cast<const T*>(p), sizeof(T));                                                    \
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                                                 \
  }                                                                                                              \
  void __tsan_atomic##bits##_store(volatile T* p, T v, int) {                                                    \
    access(What::atomic, const_cast<const T*>(p), sizeof(T));                                                    \
    __atomic_store_n(p, v, __ATOMIC_SEQ_CST);                                                                    \
  }                                                                                                              \
  T __tsan_atomic##bits##_fetch_add(volatile T* p, T v, int) {                                                   \
    access(What::atomic, const_cast<const T*>(p), sizeof(T));                                                    \
    return __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST);                                                           \
  }                                                                                                              \
  T __tsan_atomic##bits##_exchange(volatile T* p, T v, int) {                                                    \
    access(What::atomic, const_cast<const T*>(p), sizeof(T));                                                    \
    return __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST);                                                          \
  }                                                                                                              \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile T* p, T* expected, T v, int, int) {                 \
    access(What::atomic, const_cast<const T*>(p), sizeof(T));                                                    \
    return __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);               \
  }                                                                                                              \
  T __tsan_atomic##bits##_compare_exchange_val(volatile T* p, T expected, T v, int, int) {                       \
    access(What::atomic, const_cast<const T*>(p), sizeof(T));                                                    \
    __atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                     \
    return expected;                                                                                             \
  }
GANYMEDE_ATOMIC(8, unsigned char)
GANYMEDE_ATOMIC(32, unsigned)
GANYMEDE_ATOMIC(64, unsigned long)
#undef GANYMEDE_ATOMIC
void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
}
