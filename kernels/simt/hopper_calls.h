// What the words of hopper.h do in the simulator. Included by simt_cpu.cpp alone, behind Worker's own functions.
#pragma once

namespace ganymede::kernels::sim {

namespace {
constexpr uint64_t kMbarrierMark = 0x6D62617272696572u;   // what stands in shared memory where a barrier is
}

AsyncState& Worker::async() {
  auto& state = current_->block->async;
  if (!state) state = std::make_unique<AsyncState>(current_->block->arena.data(), launch_->shared_bytes, threads_);
  return *state;
}

void Worker::wait_at(Waiting& place, const char* what, Where where) {
  Fiber& self = *current_;
  if (!place.waiting.head) place.what = what, place.where = where, place.first = self.rank;
  self.waits = &place;
  place.waiting.push(&self);
  hand_over(self);
  self.waits = nullptr;
  if (self.cancelled) throw Cancelled{};
}

// In a random order others may run between two words.
void Worker::yield() {
  if (settings_.order != Order::random || draw() % 4) return;
  ready_.push(current_);
  Fiber& self = *current_;
  hand_over(self);
  if (self.cancelled) throw Cancelled{};
}

MbarrierState& Worker::mbarrier(const simt::Mbarrier* b, const char* what, Where where) {
  AsyncState& state = async();
  const auto at = static_cast<size_t>(reinterpret_cast<const unsigned char*>(b) - state.arena);
  if (at + 8 > state.known.size() || at % 8) fail(std::string(what) + ": a barrier must be 8 aligned bytes of shared memory", where);
  const auto found = state.mbarriers.find(at);
  if (found == state.mbarriers.end()) fail(std::string(what) + ": there is no barrier; mbarrier_init comes first, and a block barrier after it", where);
  if (b->state != kMbarrierMark) fail(std::string(what) + ": something has overwritten the barrier", where);
  return found->second;
}

void fibers::mbarrier_init(simt::Mbarrier* b, unsigned arrivals, Where where) {
  Worker& w = *worker;
  AsyncState& state = w.async();
  const auto at = static_cast<size_t>(reinterpret_cast<unsigned char*>(b) - state.arena);
  if (at + 8 > state.known.size() || at % 8) w.fail("mbarrier_init: a barrier must be 8 aligned bytes of shared memory", where);
  if (arrivals < 1 || arrivals >= 1u << 20) w.fail("mbarrier_init: arrivals must be 1 to 2^20 - 1", where);
  if (state.mbarriers.count(at)) w.fail("mbarrier_init: the barrier has been made before", where);
  MbarrierState& m = state.mbarriers[at];
  m.arrivals = m.pending = arrivals;
  m.seen.assign(static_cast<size_t>(w.threads()), -2);
  m.tokens = sanitizers::thread() ? fresh_tokens() : barrier_tokens;
  b->state = kMbarrierMark;
}

void fibers::mbarrier_init_fence(Where) {
  for (auto& [at, barrier] : worker->async().mbarriers) barrier.fenced = true;
}

// Completes the phase if nothing is missing. Says what is wrong where copies bring more bytes than were announced: the phase would
// end before them.
std::string Worker::settle(MbarrierState& b) {
  if (b.pending || b.bytes > 0) return {};
  const auto left = std::find_if(flights_.begin(), flights_.end(), [&](const Flight& f) { return f.barrier == &b; });
  if (left != flights_.end())
    return text(left->where) + ": " + left->what + ": all bytes that were announced on its barrier have come before this copy; mbarrier_expect announced too few";
  if (b.bytes < 0) return {};
  ++b.phase;
  b.pending = b.arrivals;
  ready_.take_all(b.waiting);
  return {};
}

void fibers::mbarrier_arrive(simt::Mbarrier* b, uint32_t bytes, const char* what, Where where) {
  Worker& w = *worker;
  w.yield();
  MbarrierState& m = w.mbarrier(b, what, where);
  if (!m.pending) w.fail(std::string(what) + ": more arrivals than the " + std::to_string(m.arrivals) + " of a phase", where);
  if (m.bytes + bytes >= 1 << 20) w.fail(std::string(what) + ": more than 2^20 - 1 bytes in a phase", where);
  sanitizers::release(m.tokens + m.phase % 2 * 8);
  m.bytes += bytes;
  --m.pending;
  if (const std::string wrong = w.settle(m); !wrong.empty()) throw std::runtime_error(wrong + "; " + w.launch_name());
}

void fibers::mbarrier_wait(simt::Mbarrier* b, unsigned parity, Where where) {
  Worker& w = *worker;
  w.yield();
  MbarrierState& m = w.mbarrier(b, "mbarrier_wait", where);
  if (parity > 1) w.fail("mbarrier_wait: the parity must be 0 or 1", where);
  int64_t& seen = m.seen[static_cast<size_t>(fibers::rank)];
  int64_t phase = m.phase;
  if ((phase & 1) != parity) {   // the phase before this one is complete
    --phase;
    if (seen == phase) {
      w.fail("mbarrier_wait: this thread has already waited for phase " + std::to_string(phase) + " and does so again; its parity must alternate",
             where);
    }
  } else {
    w.wait_at(m, "mbarrier_wait", where);
  }
  seen = phase;
  sanitizers::acquire(m.tokens + (phase & 1) * 8);
}

void fibers::fence_proxy_async(Where) {
  AsyncState& state = worker->async();
  std::memcpy(state.known.data(), state.arena, state.known.size());   // what is being filled is poison on both sides
}

void fibers::check_copy(const void* to, size_t bytes, const simt::Mbarrier* b, const char* what, Where where) {
  Worker& w = *worker;
  AsyncState& state = w.async();
  const std::string name = what;
  if (!w.mbarrier(b, what, where).fenced) w.fail(name + ": mbarrier_init_fence() is missing after mbarrier_init()", where);
  const auto begin = static_cast<uint32_t>(static_cast<const unsigned char*>(to) - state.arena);
  for (uint32_t at = begin; at < begin + bytes; at += 16) {
    if (state.filling[at / 16]) w.fail(name + ": another copy into the same shared memory is still on its way", where);
    if (state.readers[at / 16]) w.fail(name + ": a wgmma in flight still reads the destination", where);
    if (!state.visible(at)) w.fail(name + ": ordinary stores have written to the destination, and no fence_proxy_async() has followed", where);
  }
}

void fibers::begin_copy(void* to, std::vector<unsigned char> data, simt::Mbarrier* b, const char* what, Where where) {
  Worker& w = *worker;
  AsyncState& state = w.async();
  MbarrierState& barrier = w.mbarrier(b, what, where);
  const auto begin = static_cast<size_t>(static_cast<unsigned char*>(to) - state.arena);
  for (size_t i = 0; i < data.size(); i += 16) state.filling[(begin + i) / 16] = true;
  std::fill_n(state.known.data() + begin, data.size(), static_cast<unsigned char>(0xFF));
  sanitizers::release(barrier.tokens + barrier.phase % 2 * 8);
  w.take_off({w.block(), &state, static_cast<unsigned char*>(to), std::move(data), &barrier, what, where});
}

// Called between threads, so that errors cannot be thrown.
void Worker::land(size_t number) {
  const Flight flight = std::move(flights_[number]);
  flights_.erase(flights_.begin() + static_cast<ptrdiff_t>(number));
  const size_t begin = static_cast<size_t>(flight.to - flight.state->arena), bytes = flight.data.size();
  if (sanitizers::address()) __asan_unpoison_memory_region(flight.to, bytes);
  std::copy_n(flight.data.data(), bytes, static_cast<volatile unsigned char*>(flight.to));
  std::memcpy(flight.state->known.data() + begin, flight.data.data(), bytes);
  for (size_t i = 0; i < bytes; i += 16) flight.state->filling[(begin + i) / 16] = false;
  flight.barrier->bytes -= static_cast<int64_t>(bytes);
  std::string wrong = settle(*flight.barrier);
  const bool more = flight.barrier->bytes < 0 && (!flight.barrier->pending || flight.barrier->bytes <= -(1 << 20));
  if (wrong.empty() && more) wrong = text(flight.where) + ": " + flight.what + ": more bytes have come than were announced on its barrier";
  if (!wrong.empty() && !error_) error_ = std::make_exception_ptr(std::runtime_error(wrong + "; " + launch_name()));
}

// As late as possible, or in a random order at any time.
bool Worker::land_next(bool must) {
  if (flights_.empty()) return false;
  if (settings_.order == Order::random) {
    if (!must && draw() % 64) return false;
    land(draw() % flights_.size());
  } else {
    if (!must) return false;
    land(settings_.order == Order::forward ? 0 : flights_.size() - 1);
  }
  return true;
}

void Worker::end_warp(Block& block, int warp) {
  if (!block.async || block.async->warps[static_cast<size_t>(warp)].operations.empty()) return;
  fail("the thread ends while products of its warp are in flight; wgmma_wait is missing", block.async->warps[static_cast<size_t>(warp)].operations[0].where);
}

void Worker::end_block(Block& block) {
  if (!block.async) return;
  for (const Flight& f : flights_) {
    if (f.block == &block)
      throw std::runtime_error(text(f.where) + ": " + f.what + ": the block ends while this copy is on its way; " + launch_name());
  }
  for (size_t g = 0; g < block.async->agreed.size(); ++g) {
    for (size_t w = 4 * g; w < std::min(4 * g + 4, block.async->warps.size()); ++w) {
      if (block.async->warps[w].issued != block.async->warps[4 * g].issued)
        throw std::runtime_error("warpgroup " + std::to_string(g) + " of block " + text(block.index) + ": its warps issued different numbers of wgmma; " + launch_name());
    }
  }
}

namespace {

// Addresses of the 16-byte pieces of an operand, as the hardware finds them: two a row; of one that lies along m or n one for each
// eight rows and term.
std::vector<uint32_t> pieces(Worker& w, uint64_t descriptor, Major major, int first_row, int rows, size_t memory, const char* operand, Where where) {
  constexpr Swizzle kModes[] = {Swizzle::none, Swizzle::bytes128, Swizzle::bytes64, Swizzle::bytes32};
  const auto field = [&](int bit) { return static_cast<uint32_t>(descriptor >> bit & 0x3FFF) << 4; };
  const Swizzle swizzle = kModes[descriptor >> 62];
  const uint32_t start = field(0), leading = field(16), stride = field(32);
  if (descriptor >> 49 & 7) w.fail("wgmma: a base offset in a descriptor is not modelled; begin tiles at multiples of the swizzle's pattern", where);
  const uint32_t row_bytes = 16u << static_cast<int>(swizzle), next = swizzle == Swizzle::none ? leading : 16;
  std::vector<uint32_t> all;
  if (major == Major::mn) {
    if (swizzle != Swizzle::bytes128) w.fail("wgmma: of operands along m or n only the swizzle of 128 bytes is modelled", where);
    for (int i = first_row; i < first_row + rows; i += 8) {
      const auto row = static_cast<uint32_t>(i);
      for (uint32_t k = 0; k < 16; ++k) {
        const uint32_t at = swizzled(start + row / 64 * leading + k / 8 * stride + k % 8 * 128 + row % 64 * 2, swizzle);
        if (at + 16 > memory)
          w.fail(std::string("wgmma: row ") + std::to_string(i) + " of " + operand + " lies at byte " + std::to_string(at) + ", outside of shared memory", where);
        all.push_back(at);
      }
    }
    return all;
  }
  for (int i = first_row; i < first_row + rows; ++i) {
    const auto row = static_cast<uint32_t>(i);
    for (uint32_t half = 0; half < 2; ++half) {
      const uint32_t at = swizzled(start + row / 8 * stride + row % 8 * row_bytes + half * next, swizzle);
      if (at + 16 > memory)
        w.fail(std::string("wgmma: row ") + std::to_string(i) + " of " + operand + " lies at byte " + std::to_string(at) + ", outside of shared memory", where);
      all.push_back(at);
    }
  }
  return all;
}

// Row r of the 16 from the registers of four lanes. Pairs of bf16 alone.
template <int K>
void fetch_left(const std::vector<Left>& lanes, int r, float (&to)[K]) {
  for (int k = 0; k < K; ++k) {
    const uint32_t pair = lanes[static_cast<size_t>(r % 8 * 4 + k % 8 / 2)].bits[r / 8 + k / 8 * 2];
    to[k] = std::bit_cast<float>((k % 2 ? pair >> 16 : pair) << 16);
  }
}

// d[16][n] (+)= a[16][K] b[n][K]^T from shared memory.
template <int K, class Read>
void multiply_rows(Accumulators& d, const Operation& op, const unsigned char* arena, Read read) {
  float a[16][K], b8[8][K];
  const auto fetch = [&](const std::vector<uint32_t>& at, Major major, int row, float (&to)[K]) {
    if (major == Major::k) {
      for (int half = 0; half < 2; ++half) read(arena + at[static_cast<size_t>(2 * row + half)], &to[half * K / 2]);
      return;
    }
    for (int k = 0; k < K; ++k) {
      float eight[K / 2];
      read(arena + at[static_cast<size_t>(row / 8 * K + k)], eight);
      to[k] = eight[row % 8];
    }
  };
  for (int r = 0; r < 16; ++r) {
    if (op.left.empty()) fetch(op.a, op.product.a_major, r, a[r]);
    else fetch_left(op.left, r, a[r]);
  }
  for (int column = 0; column < d.n; column += 8) {
    Row b[K], sum[16];
    for (int c = 0; c < 8; ++c) {
      fetch(op.b, op.product.b_major, column + c, b8[c]);
      for (int k = 0; k < K; ++k) b[k][c] = b8[c][k];
    }
    for (int r = 0; r < 16; ++r) {
      sum[r] = Row{};
      if (op.product.add) std::memcpy(&sum[r], &d.values[static_cast<size_t>(r * d.n + column)], sizeof(Row));
    }
    multiply(a, b, sum);
    for (int r = 0; r < 16; ++r) std::memcpy(&d.values[static_cast<size_t>(r * d.n + column)], &sum[r], sizeof(Row));
  }
}

void run_operation(Accumulators& d, const Operation& op, const unsigned char* arena) {
  if (op.product.bf16) {
    multiply_rows<16>(d, op, arena, [](const unsigned char* from, float* to) {
      uint16_t bits[8];
      std::memcpy(bits, from, 16);
      for (int i = 0; i < 8; ++i) to[i] = std::bit_cast<float>(uint32_t{bits[i]} << 16);
    });
  } else {
    multiply_rows<8>(d, op, arena, [](const unsigned char* from, float* to) {
      uint32_t bits[4];
      std::memcpy(bits, from, 16);
      for (int i = 0; i < 4; ++i) to[i] = std::bit_cast<float>(bits[i] & 0xFFFFE000u);
    });
  }
}

// Calls use(register of the lane, place in [16][n]).
template <class Use>
void each_register(int lane, int n, Use use) {
  for (int i = 0; i < n / 2; ++i)
    use(static_cast<size_t>(i), static_cast<size_t>((lane / 4 + i / 2 % 2 * 8) * n + i / 4 * 8 + lane % 4 * 2 + i % 2));
}

constexpr uint32_t kPoison = 0xFFFFFFFFu;

}  // namespace

void Worker::issue_product(const Slot* slots, Where where) {
  fibers::Product lanes[32];
  for (int l = 0; l < 32; ++l) std::memcpy(&lanes[l], slots[l].bytes, sizeof lanes[l]);
  const auto same_product = [](const fibers::Product& a, const fibers::Product& b) {
    return a.a == b.a && a.b == b.b && a.n == b.n && a.bf16 == b.bf16 && a.add == b.add && a.a_major == b.a_major && a.b_major == b.b_major &&
           !a.left == !b.left;
  };
  for (const auto& lane : lanes)
    if (!same_product(lane, lanes[0])) fail("wgmma: lanes of a warp give different operands", where);
  if (threads_ % 128) fail("wgmma: a block must have whole warpgroups of 128 threads", where);
  AsyncState& state = async();
  const auto number = static_cast<size_t>(current_->rank / 32);
  WarpProducts& warp = state.warps[number];
  auto& agreed = state.agreed[number / 4];
  if (warp.issued == agreed.size()) agreed.push_back(lanes[0]);
  else if (!same_product(agreed[warp.issued], lanes[0])) fail("wgmma: the warps of a warpgroup give different operands", where);
  ++warp.issued;

  auto found = warp.accumulators.find(lanes[0].d);
  if (found == warp.accumulators.end()) {
    if (!warp.fenced) fail("wgmma: wgmma_fence() is missing before the first product that touches these accumulators", where);
    Accumulators fresh{{}, lanes[0].n, std::vector<float>(static_cast<size_t>(16 * lanes[0].n))};
    for (int l = 0; l < 32; ++l) {
      fresh.d[l] = lanes[l].d;
      each_register(l, fresh.n, [&](size_t i, size_t place) {
        fresh.values[place] = lanes[l].d[i];
        lanes[l].d[i] = std::bit_cast<float>(kPoison);
      });
    }
    found = warp.accumulators.emplace(lanes[0].d, std::move(fresh)).first;
  }
  for (int l = 0; l < 32; ++l)
    if (found->second.d[l] != lanes[l].d || found->second.n != lanes[l].n) fail("wgmma: accumulators in flight are used as another shape", where);

  Operation op{lanes[0], warp.group, {}, pieces(*this, lanes[0].b, lanes[0].b_major, 0, lanes[0].n, state.known.size(), "b", where), {}, where};
  if (lanes[0].left) {
    if (!warp.left_fenced) fail("wgmma: wgmma_fence() is missing after the last wait, before a product that reads registers", where);
    for (const auto& lane : lanes) std::memcpy(op.left.emplace_back(Left{lane.left, {}}).bits, lane.left, sizeof(Left::bits));
  } else {
    op.a = pieces(*this, lanes[0].a, lanes[0].a_major, static_cast<int>(number % 4) * 16, 16, state.known.size(), "a", where);
  }
  for (const auto* operand : {&op.a, &op.b}) {
    for (const uint32_t at : *operand) {
      if (state.filling[at / 16]) fail("wgmma: byte " + std::to_string(at) + " of shared memory is still being filled by TMA; wait for its mbarrier first", where);
      if (!state.visible(at)) fail("wgmma: ordinary stores have written byte " + std::to_string(at) + " of shared memory, and no fence_proxy_async() has followed", where);
      ++state.readers[at / 16];
    }
  }
  warp.operations.push_back(std::move(op));
}

void Worker::wait_products(int groups, Where where) {
  AsyncState& state = async();
  WarpProducts& warp = state.warps[static_cast<size_t>(current_->rank / 32)];
  warp.left_fenced = false;
  size_t done = 0;
  for (; done < warp.operations.size() && warp.group - warp.operations[done].group > static_cast<uint64_t>(groups); ++done) {
    const Operation& op = warp.operations[done];
    for (const auto* operand : {&op.a, &op.b}) {
      for (const uint32_t at : *operand) {
        --state.readers[at / 16];
        if (!state.visible(at)) fail("shared memory was written while this wgmma read it", op.where);
      }
    }
    for (const Left& lane : op.left) {
      for (int i = 0; i < 4; ++i)   // not memcmp, which ThreadSanitizer sees: it does not know that the lanes have met
        if (lane.registers[i] != lane.bits[i]) fail("registers of a were written while this wgmma read them", op.where);
    }
    run_operation(warp.accumulators.at(op.product.d), op, state.arena);
  }
  warp.operations.erase(warp.operations.begin(), warp.operations.begin() + static_cast<ptrdiff_t>(done));
  for (auto at = warp.accumulators.begin(); at != warp.accumulators.end();) {
    const bool busy = std::any_of(warp.operations.begin(), warp.operations.end(), [&](const Operation& o) { return o.product.d == at->first; });
    if (busy) {
      ++at;
      continue;
    }
    const Accumulators& all = at->second;
    for (int l = 0; l < 32; ++l) {
      each_register(l, all.n, [&](size_t i, size_t place) {
        if (std::bit_cast<uint32_t>(all.d[l][i]) != kPoison) fail("accumulators were written while a wgmma was in flight", where);
        all.d[l][i] = all.values[place];
      });
    }
    at = warp.accumulators.erase(at);
    warp.fenced = false;
  }
}

namespace {

// A word that all lanes of a warp say together; `last` is done once, when the last has come.
template <class Last>
void together(const char* what, Where where, Last last) {
  worker->meet(what, where, [](Warp&, int, bool) {}, [&](Warp&, int) { last(worker->async().warps[static_cast<size_t>(fibers::rank / 32)]); });
}

}  // namespace

void fibers::wgmma(const Product& lane, Where where) {
  worker->meet(
      "wgmma", where, [&](Warp& warp, int side, bool) { std::memcpy(warp.slots[side][fibers::rank % 32].bytes, &lane, sizeof lane); },
      [&](Warp& warp, int side) { worker->issue_product(warp.slots[side], where); });
}
void fibers::wgmma_fence(Where where) {
  together("wgmma_fence", where, [](WarpProducts& warp) { warp.fenced = warp.left_fenced = true; });
}
void fibers::wgmma_commit(Where where) {
  together("wgmma_commit", where, [](WarpProducts& warp) { ++warp.group; });
}
void fibers::wgmma_wait(int groups, Where where) {
  together("wgmma_wait", where, [&](WarpProducts&) { worker->wait_products(groups, where); });
}

void fibers::named_barrier(int id, int threads, bool wait, Where where) {
  Worker& w = *worker;
  w.yield();
  const char* what = wait ? "named_barrier_sync" : "named_barrier_arrive";
  if (id < 1 || id > 15) w.fail(std::string(what) + ": the barrier must be 1 to 15", where);
  if (threads < 32 || threads % 32 || threads > w.threads()) w.fail(std::string(what) + ": threads must be whole warps of the block", where);
  NamedBarrier& n = w.async().named[id];
  if (!n.tokens) n.tokens = sanitizers::thread() ? fresh_tokens() : barrier_tokens;
  if (n.arrived && n.threads != threads)
    w.fail(std::string(what) + ": barrier " + std::to_string(id) + " is for " + std::to_string(n.threads) + " threads, not " + std::to_string(threads), where);
  n.id = id;
  n.threads = threads;
  char* token = n.tokens + n.generation % 2 * 8;
  sanitizers::release(token);
  if (++n.arrived == threads) w.open(n);
  else if (wait) w.wait_at(n, what, where);
  if (wait) sanitizers::acquire(token);
}

void Worker::open(NamedBarrier& n) {
  n.arrived = 0;
  ++n.generation;
  ready_.take_all(n.waiting);
}

void fibers::set_registers(int count, bool more, Where where) {
  const char* what = more ? "registers_more" : "registers_fewer";
  together(what, where, [&](WarpProducts& warp) {
    if (warp.registers && (more ? count < warp.registers : count > warp.registers))
      worker->fail(std::string(what) + ": the warp has " + std::to_string(warp.registers) + " registers a thread, asked for " + std::to_string(count), where);
    warp.registers = count;
    int all = 0;
    for (const WarpProducts& other : worker->async().warps) all += 32 * other.registers;
    if (all > 65536) worker->fail(std::string(what) + ": the warps of the block would have " + std::to_string(all) + " registers; a multiprocessor has 65536", where);
  });
}

}  // namespace ganymede::kernels::sim
