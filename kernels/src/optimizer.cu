// One step of SGD, RMSprop, Adam or Adamax over a flat buffer, with clipping of gradients and of weights and the
// moving average of the weights. The segments travel in the kernel's arguments, as many a launch as fit in
// 4 KB; the parts of a gradient are added up as they are read. A block owns 4096 elements of one segment and a
// thread four neighbours at a time; the block that ends last adds up what the others found of the norm and
// advances the step counter. Adam with an average moves 36 bytes a parameter, with a bf16 copy two more: bound by memory.
// gradient_norm_squared: a fixed number of blocks shares out the elements; the last launch adds up their sums.
#include "kernels/device/column_merge.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/families.h"
#include "kernels/device/grid.h"
#include "kernels/device/math.h"
#include "kernels/device/reduce.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int kChunk = 4096;       // elements of a block
constexpr int kMaxSegments = 84, kMaxParts = 2 * kMaxSegments;  // of a launch
constexpr int64_t kNormBlocks = 256;

struct SegmentTable {
  int count, blocks;
  int first_chunk;  // blocks of the tables before
  bool last;        // of the tables
  int first_block[kMaxSegments];
  int first_part[kMaxSegments + 1];                    // those of a segment end where the next one's begin
  int64_t offset[kMaxSegments], length[kMaxSegments];  // elements
  const void* part[kMaxParts];
};
static_assert(sizeof(SegmentTable) + sizeof(Optimizer) + sizeof(OptimizerState) < 4000,
              "arguments must fit in 4 KB");

// The last segment whose blocks begin at or before this one.
__device__ inline int segment_of(const SegmentTable& table, int block) {
  int low = 0, high = table.count - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (table.first_block[middle] <= block) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

// Calls body(table) for tables that together hold every non-empty segment.
template <class Body>
void for_each_table(const Segment* segments, int count, Body&& body) {
  SegmentTable table{};
  for (int i = 0; i < count; ++i) {
    const Segment& segment = segments[i];
    if (segment.count == 0) continue;
    int parts = table.first_part[table.count];
    if (table.count == kMaxSegments || parts + Segment::kParts > kMaxParts) {
      body(table);
      table.first_chunk += table.blocks;
      table.count = table.blocks = parts = 0;
    }
    table.first_block[table.count] = table.blocks;
    table.offset[table.count] = segment.offset;
    table.length[table.count] = segment.count;
    for (int k = 0; k < Segment::kParts && segment.gradient[k]; ++k) table.part[parts++] = segment.gradient[k];
    table.blocks += static_cast<int>(ceil_div<int64_t>(segment.count, kChunk));
    table.first_part[++table.count] = parts;
  }
  table.last = true;
  body(table);
}

template <class A>
struct alignas(16) Four {
  A v[4];
};

// Four neighbours of one thread; wide: all exist and lie at a multiple of 16 bytes.
template <class A>
__device__ inline Four<A> load_four(const A* p, bool wide, int64_t valid) {
  if (wide) return *reinterpret_cast<const Four<A>*>(p);
  Four<A> result;
  for (int j = 0; j < 4; ++j) result.v[j] = j < valid ? p[j] : A(0);
  return result;
}

template <class A>
__device__ inline void store_four(A* p, const Four<A>& value, bool wide, int64_t valid) {
  if (wide) {
    *reinterpret_cast<Four<A>*>(p) = value;
  } else {
    for (int j = 0; j < 4; ++j) {
      if (j < valid) p[j] = value.v[j];
    }
  }
}

// Rounded; in one store of 8 bytes where the address allows it.
template <class A>
__device__ inline void store_copy(Bf16* to, const Four<A>& value, int64_t valid) {
  struct alignas(8) FourRounded {
    Bf16 v[4];
  } rounded;
  for (int j = 0; j < 4; ++j) rounded.v[j] = narrow<Bf16>(value.v[j]);
  if (valid >= 4 && reinterpret_cast<uintptr_t>(to) % 8 == 0) {
    *reinterpret_cast<FourRounded*>(to) = rounded;
  } else {
    for (int j = 0; j < 4 && j < valid; ++j) to[j] = rounded.v[j];
  }
}

// Four neighbours of a segment's gradient from element `at` of the segment on.
template <class A>
__device__ inline Four<A> load_gradient(const SegmentTable& table, int segment, int64_t at, int64_t valid) {
  Four<A> sum{};
  for (int k = table.first_part[segment]; k < table.first_part[segment + 1]; ++k) {
    const A* g = static_cast<const A*>(table.part[k]) + at;
    const bool wide = valid >= 4 && reinterpret_cast<uintptr_t>(g) % 16 == 0;
    const Four<A> part = load_four(g, wide, valid);
    for (int j = 0; j < 4; ++j) sum.v[j] += part.v[j];
  }
  return sum;
}

// Numbers of this step, the same for all elements.
template <class A>
struct StepNumbers {
  A rate, beta1, rest1, beta2, rest2, eps, decay, shrink, clip, ema, ema_rest;
  A size, root_correction;  // adam: rate / (1 - beta1^t) and 1 / sqrt(1 - beta2^t); adamax: the first over the second, and none
  A bound, scale;           // of the gradient: clamped to [-bound, bound] if bound > 0, then multiplied by scale
};

template <class A>
__device__ StepNumbers<A> numbers_of(const Optimizer& o, const OptimizerState& state) {
  const StepScalars now = *state.scalars;
  StepNumbers<A> k{};
  k.rate = static_cast<A>(now.rate);
  k.beta1 = static_cast<A>(now.beta1);
  k.rest1 = static_cast<A>(1 - now.beta1);
  k.beta2 = static_cast<A>(o.beta2);
  k.rest2 = static_cast<A>(1 - o.beta2);
  k.eps = static_cast<A>(o.eps);
  k.decay = static_cast<A>(o.decoupled ? 0 : o.weight_decay);
  k.shrink = static_cast<A>(o.decoupled ? 1 - now.rate * o.weight_decay : 1);
  k.clip = static_cast<A>(o.clip);
  k.ema = static_cast<A>(o.ema);
  k.ema_rest = static_cast<A>(1 - o.ema);
  k.bound = static_cast<A>(o.gradient_clip);
  k.scale = 1;
  if (o.norm_clip > 0) {
    const double norm = math::sqrt(static_cast<double>(*static_cast<const A*>(state.norm_squared)));
    const double scale = o.norm_clip / (norm + 1e-6);
    if (scale < 1) k.scale = static_cast<A>(scale);
  }
  if (o.rule == Rule::adam) {
    const double t = static_cast<double>(state.step[0] + 1);
    k.size = static_cast<A>(now.rate / (1 - math::pow(now.beta1, t)));
    k.root_correction = static_cast<A>(1 / math::sqrt(1 - math::pow(o.beta2, t)));
  }
  if (o.rule == Rule::adamax) {
    const double t = static_cast<double>(state.step[0] + 1);
    k.size = static_cast<A>(now.rate * math::sqrt(1 - math::pow(o.beta2, t)) / (1 - math::pow(now.beta1, t)));
  }
  return k;
}

template <class A>
__device__ inline void step_element(Rule rule, const StepNumbers<A>& k, A g, A& p, A& m, A& v) {
  if (k.bound > A(0)) g = g > k.bound ? k.bound : g < -k.bound ? -k.bound : g;  // NaN stays
  g = g * k.scale + k.decay * p;
  A move = 0;
  switch (rule) {
    case Rule::adam:
      m = k.beta1 * m + k.rest1 * g;
      v = k.beta2 * v + k.rest2 * g * g;
      move = k.size * m / (math::sqrt(v) * k.root_correction + k.eps);
      break;
    case Rule::adamax: {
      const A decayed = k.beta2 * v, length = g < A(0) ? -g : g;
      m = k.beta1 * m + k.rest1 * g;
      v = decayed > length ? decayed : length;  // NaN stays
      move = k.size * m / (v + k.eps);
      break;
    }
    case Rule::rmsprop:
      v = k.beta2 * v + k.rest2 * g * g;
      m = k.beta1 * m + g / (math::sqrt(v) + k.eps);
      move = k.rate * m;
      break;
    case Rule::sgd:
      m = k.beta1 * m + g;
      move = k.rate * m;
      break;
  }
  p = k.shrink * p - move;
  if (k.clip > A(0)) p = p > k.clip ? k.clip : p < -k.clip ? -k.clip : p;
}

template <class A>
struct StepShared {
  StepNumbers<A> numbers;
  BlockReduce<A> reduce;
  bool last;
};

template <class A>
__global__ void step_kernel(const __grid_constant__ Optimizer optimizer,
                            const __grid_constant__ OptimizerState state,
                            const __grid_constant__ SegmentTable table, unsigned* arrivals) {
  const bool open = !state.gate || *state.gate != 0;
  A* chunk_sums = static_cast<A*>(state.norm_workspace);
  auto& s = shared<StepShared<A>>();
  if (threadIdx.x == 0) s.numbers = numbers_of<A>(optimizer, state);
  simt::sync_threads();
  StepNumbers<A> k = s.numbers;
  if (optimizer.rule != Rule::adam && !state.m) k.beta1 = 0;
  for (int block = blockIdx.x; block < table.blocks; block += gridDim.x) {
    const int segment = segment_of(table, block);
    const int64_t begin = int64_t{block - table.first_block[segment]} * kChunk;
    const int64_t left = table.length[segment] - begin, count = left < kChunk ? left : kChunk;
    const int64_t offset = table.offset[segment] + begin;
    A *p = static_cast<A*>(state.p) + offset, *m = state.m ? static_cast<A*>(state.m) + offset : nullptr;
    A* v = state.v ? static_cast<A*>(state.v) + offset : nullptr;
    A* average = state.average ? static_cast<A*>(state.average) + offset : nullptr;
    Bf16* copy = state.copy ? state.copy + offset : nullptr;
    const auto address = [](const void* at) { return reinterpret_cast<uintptr_t>(at); };
    const bool straight = (address(p) | address(m) | address(v) | address(average)) % 16 == 0;
    A squares = 0;
    for (int64_t i = threadIdx.x * 4; i < count; i += kThreads * 4) {
      const bool wide = straight && i + 4 <= count;
      const int64_t valid = count - i;
      const Four<A> zero{};
      const Four<A> gi = load_gradient<A>(table, segment, begin + i, valid);
      for (int j = 0; j < 4; ++j) squares += gi.v[j] * gi.v[j];
      if (!open) continue;
      Four<A> pi = load_four(p + i, wide, valid);
      Four<A> mi = m ? load_four(m + i, wide, valid) : zero, vi = v ? load_four(v + i, wide, valid) : zero;
      for (int j = 0; j < 4; ++j) step_element(optimizer.rule, k, gi.v[j], pi.v[j], mi.v[j], vi.v[j]);
      store_four(p + i, pi, wide, valid);
      if (copy) store_copy(copy + i, pi, valid);
      if (m) store_four(m + i, mi, wide, valid);
      if (v) store_four(v + i, vi, wide, valid);
      if (average) {
        Four<A> mean = load_four(average + i, wide, valid);
        for (int j = 0; j < 4; ++j) mean.v[j] = k.ema * mean.v[j] + k.ema_rest * pi.v[j];
        store_four(average + i, mean, wide, valid);
      }
    }
    if (!chunk_sums) continue;
    squares = block_sum(squares, s.reduce);
    if (threadIdx.x == 0) chunk_sums[table.first_chunk + block] = squares;
  }
  if (!table.last || !last_to_arrive(arrivals, gridDim.x, s.last)) return;
  if (chunk_sums) {
    A sum = 0;
    for (int i = threadIdx.x; i < table.first_chunk + table.blocks; i += kThreads) sum += chunk_sums[i];
    sum = block_sum(sum, s.reduce);
    if (threadIdx.x == 0) *static_cast<A*>(state.norm_squared) = sum;
  }
  if (threadIdx.x == 0 && open) ++*state.step;
}

template <class A>
void launch_steps(Stream stream, const Optimizer& optimizer, const OptimizerState& state,
                  const Segment* segments, int count) {
  for_each_table(segments, count, [&](const SegmentTable& table) {
    launch<StepShared<A>>(step_kernel<A>, grid_of(table.blocks > 0 ? table.blocks : 1), kThreads, stream,
                          optimizer, state, table, arrivals_of(stream));
  });
}

void step(Stream stream, const Optimizer& optimizer, const OptimizerState& state, const Segment* segments,
          int count) {
  if (optimizer.dtype == DType::f32) {
    launch_steps<float>(stream, optimizer, state, segments, count);
  } else if (optimizer.dtype == DType::f64) {
    launch_steps<double>(stream, optimizer, state, segments, count);
  } else {
    throw std::runtime_error(std::string("optimizer.step: dtype ") + name(optimizer.dtype) +
                             "; f32 or f64 is needed");
  }
}

template <class A>
struct NormShared {
  BlockReduce<A> reduce;
};

// sums[b] (+)= the squares of chunks b, b + gridDim.x, ... of the table.
template <class A>
__global__ void sum_squares_kernel(const __grid_constant__ SegmentTable table, bool first, A* sums) {
  auto& s = shared<NormShared<A>>();
  A sum = 0;
  for (int block = blockIdx.x; block < table.blocks; block += gridDim.x) {
    const int segment = segment_of(table, block);
    if (table.first_part[segment] == table.first_part[segment + 1]) continue;
    const int64_t begin = int64_t{block - table.first_block[segment]} * kChunk;
    const int64_t left = table.length[segment] - begin, count = left < kChunk ? left : kChunk;
    for (int64_t i = threadIdx.x * 4; i < count; i += kThreads * 4) {
      const Four<A> v = load_gradient<A>(table, segment, begin + i, count - i);
      for (int j = 0; j < 4; ++j) sum += v.v[j] * v.v[j];
    }
  }
  sum = block_sum(sum, s.reduce);
  if (threadIdx.x == 0) sums[blockIdx.x] = first ? sum : sums[blockIdx.x] + sum;
}

template <class A>
__global__ void add_sums_kernel(int64_t count, const A* sums, A* out) {
  auto& s = shared<NormShared<A>>();
  A sum = 0;
  for (int64_t i = threadIdx.x; i < count; i += kThreads) sum += sums[i];
  sum = block_sum(sum, s.reduce);
  if (threadIdx.x == 0) *out = sum;
}

template <class A>
void launch_norm(Stream stream, const Segment* segments, int segment_count, A* out, A* sums) {
  int64_t chunks = 0;
  for (int i = 0; i < segment_count; ++i) chunks += ceil_div<int64_t>(segments[i].count, kChunk);
  const int64_t blocks = chunks < 1 ? 1 : chunks < kNormBlocks ? chunks : kNormBlocks;
  bool first = true;
  for_each_table(segments, segment_count, [&](const SegmentTable& table) {
    launch<NormShared<A>>(sum_squares_kernel<A>, blocks, kThreads, stream, table, first, sums);
    first = false;
  });
  launch<NormShared<A>>(add_sums_kernel<A>, 1, kThreads, stream, blocks, sums, out);
}

void gradient_norm_squared(Stream stream, DType dtype, const Segment* segments, int count, void* out,
                           void* workspace) {
  if (dtype == DType::f32) {
    launch_norm(stream, segments, count, static_cast<float*>(out), static_cast<float*>(workspace));
  } else if (dtype == DType::f64) {
    launch_norm(stream, segments, count, static_cast<double*>(out), static_cast<double*>(workspace));
  } else {
    throw std::runtime_error(std::string("gradient_norm_squared: dtype ") + name(dtype) +
                             "; f32 or f64 is needed");
  }
}

// The sums of so many blocks, or of as many chunks as there can be.
size_t norm_workspace(int64_t count, int segment_count) {
  const int64_t chunks = count / kChunk + segment_count;
  return static_cast<size_t>(chunks > kNormBlocks ? chunks : kNormBlocks) * sizeof(double);
}

}  // namespace

extern const OptimizerKernels optimizer_kernels = {step, gradient_norm_squared, norm_workspace};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
