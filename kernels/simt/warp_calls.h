// What warps do together in the simulator: exchanges, votes, products. Included by simt_cpu.cpp alone, behind Worker's own functions.
#pragma once

namespace ganymede::kernels::sim {

void fibers::exchange(const void* value, unsigned bytes, const int* sources, int count, void* results,
                      const char* what, Where where) {
  // Of fixed sizes: a call of memcpy would be seen by ThreadSanitizer, to which slots are nobody's.
  const auto copy = [bytes](void* to, const void* from) {
    if (bytes == 4) std::memcpy(to, from, 4);
    else if (bytes == 8) std::memcpy(to, from, 8);
    else if (bytes == 16) std::memcpy(to, from, 16);
    else
      std::copy_n(static_cast<const volatile unsigned char*>(from), bytes, static_cast<unsigned char*>(to));
  };
  Worker& w = *worker;
  Warp& warp = w.warp();
  const int lane = fibers::rank % 32;
  const int side = w.meet(
      what, where, [&](Warp& warp, int side, bool) { copy(warp.slots[side][lane].bytes, value); },
      [](Warp&, int) {});
  for (int i = 0; i < count; ++i) {
    copy(static_cast<unsigned char*>(results) + static_cast<size_t>(i) * bytes,
         warp.slots[side][sources[i]].bytes);
  }
}

unsigned fibers::ballot(bool predicate, const char* what, Where where) {
  Worker& w = *worker;
  Warp& warp = w.warp();
  const unsigned bit = unsigned{predicate} << fibers::rank % 32;
  const int side = w.meet(
      what, where,
      [&](Warp& warp, int side, bool first) { warp.votes[side] = (first ? 0 : warp.votes[side]) | bit; },
      [](Warp&, int) {});
  return warp.votes[side];
}

namespace {

template <class Combine>
void multiply_together(fibers::Fragments& f, const char* what, Where where, Combine combine) {
  Worker& w = *worker;
  Warp& warp = w.warp();
  const int lane = fibers::rank % 32;
  const int side = w.meet(
      what, where,
      [&](Warp& warp, int side, bool) { std::memcpy(warp.slots[side][lane].bytes, &f, sizeof f); },
      [&](Warp& warp, int side) { combine(warp.slots[side]); });
  std::memcpy(&f, warp.slots[side][lane].bytes, sizeof f);
}

}  // namespace

void fibers::mma_bf16(Fragments& lane, Where where) {
  multiply_together(lane, "mma_bf16", where, multiply_bf16);
}
void fibers::mma_tf32(Fragments& lane, Where where) {
  multiply_together(lane, "mma_tf32", where, multiply_tf32);
}

}  // namespace ganymede::kernels::sim
