// Statistics of norms: mean and 1 / sqrt(variance + eps) of each (outer, group) over rows x width.
// Where a statistic's elements lie side by side (rows = 1 or groups = 1) a warp or a block owns them, or a
// part of them. Elsewhere a block owns 128 bytes of each row and a part of the rows (columns.h). The block
// that ends last merges the parts (column_merge.h); the channels of a group are merged by a second launch with
// a warp a statistic. Every thread merges batches of exact mean and squared deviation (accumulate.h), whose
// loads are in flight together, so one read of x suffices: bound by memory.
#include "kernels/device/norm.h"
#include "kernels/device/accumulate.h"
#include "kernels/device/column_merge.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/norm_plan.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

// One matrix [rows, channels] an outer index, cut into parts of `part` rows (contiguous statistics: channels
// is 1).
struct Cut {
  int64_t outer, rows, channels, part, parts;
};

__host__ __device__ inline int64_t rows_of_part(const Cut& cut, int64_t index) {
  const int64_t left = cut.rows - index * cut.part;
  return left < cut.part ? left : cut.part;
}

template <class A>
struct Result : StatisticTarget<A> {
  A* parts;            // [outer, parts, 2, channels], mean and squared deviations; null: a block has it all
  unsigned* arrivals;  // for last_to_arrive; null: another launch merges the parts
};

template <class A>
__device__ inline A* part_of(const Result<A>& result, const Cut& cut, int64_t outer, int64_t part,
                             int64_t channel) {
  return result.parts + (outer * cut.parts + part) * 2 * cut.channels + channel;
}

// merge_block works in its first member.
template <class A>
struct LineShared {
  BlockShared<Moments<A>> merge;
  bool last;
};

// Elements begin .. end of a line, of which a thread reads every kLanes-th pack, or element.
template <int kLanes, class T>
__device__ inline Moments<Accumulator<T>> gather_line(const MomentsOp<Accumulator<T>>& op, const T* line,
                                                      int64_t begin, int64_t end, bool packs) {
  using A = Accumulator<T>;
  constexpr int kPack = Pack<T>::kSize;
  const int lane = threadIdx.x % kLanes;
  Moments<A> state = op.empty();
  if (packs) {
    const int64_t whole = (end - begin) / kPack;
    const T* from = line + begin;
    in_batches<4>(lane, whole, kLanes, [&]<int kPacks>(Times<kPacks>, int64_t p) {
      Pack<T> v[kPacks];
      for (int i = 0; i < kPacks; ++i) v[i] = load_pack(from + (p + i * kLanes) * kPack);
      state = op.merge(
          state, op.template of<kPacks * kPack>([&](int i) { return widen(v[i / kPack][i % kPack]); }));
    });
    begin += whole * kPack;
  }
  in_batches<8>(begin + lane, end, kLanes, [&]<int kElements>(Times<kElements>, int64_t p) {
    T v[kElements];
    for (int i = 0; i < kElements; ++i) v[i] = line[p + i * kLanes];
    state = op.merge(state, op.template of<kElements>([&](int i) { return widen(v[i]); }));
  });
  return state;
}

// kLanes threads own a part of a contiguous statistic: 32 or kThreads.
template <int kLanes, class T>
__global__ void gather_contiguous_kernel(MomentsOp<Accumulator<T>> op, Cut cut, bool packs, const T* x,
                                         Result<Accumulator<T>> result) {
  using A = Accumulator<T>;
  constexpr int kRows = kThreads / kLanes;
  const int lane = threadIdx.x % kLanes;
  const int64_t jobs = cut.outer * cut.parts;
  for (int64_t first = int64_t{blockIdx.x} * kRows; first < jobs; first += int64_t{gridDim.x} * kRows) {
    const int64_t job = first + threadIdx.x / kLanes;
    const Division at = divide(job, cut.parts);
    Moments<A> state = op.empty();
    if (job < jobs) {
      const int64_t begin = at.remainder * cut.part;
      const int64_t end = begin + rows_of_part(cut, at.remainder);
      state = gather_line<kLanes>(op, x + at.quotient * cut.rows, begin, end, packs);
    }
    if constexpr (kLanes == 32) {
      state = merge_warp(op, state);
      if (lane == 0 && job < jobs) result.put(job, state.count, state.mean, state.squared);
    } else {
      state = merge_block(op, state);
      if (result.parts) {
        if (lane == 0) {
          A* to = part_of(result, cut, at.quotient, at.remainder, 0);
          to[0] = state.mean;
          to[1] = state.squared;
        }
        if (!last_to_arrive(result.arrivals + at.quotient, cut.parts, shared<LineShared<A>>().last)) continue;
        state = op.empty();
        for (int64_t part = lane; part < cut.parts; part += kThreads) {
          const A* from = part_of(result, cut, at.quotient, part, 0);
          state = op.merge(state, {static_cast<A>(rows_of_part(cut, part)), from[0], from[1]});
        }
        state = merge_block(op, state);
      }
      if (lane == 0) result.put(at.quotient, state.count, state.mean, state.squared);
    }
  }
}

template <int kWidth, class T>
__global__ void gather_columns_kernel(MomentsOp<Accumulator<T>> op, Cut cut, int64_t across, const T* x,
                                      Result<Accumulator<T>> result) {
  using A = Accumulator<T>;
  const int64_t jobs = cut.outer * cut.parts * across;
  for (int64_t job = blockIdx.x; job < jobs; job += gridDim.x) {
    const Division block = divide(job, across), at = divide(block.quotient, cut.parts);
    const int64_t tile = block.remainder * blockDim.x * kWidth, channel = tile + threadIdx.x * kWidth;
    ColumnState<A, kWidth> state = {};
    if (channel < cut.channels) {
      const T* column =
          x + (at.quotient * cut.rows + at.remainder * cut.part) * cut.channels + channel;
      in_batches<8>(threadIdx.y, rows_of_part(cut, at.remainder), blockDim.y,
                    [&]<int kRows>(Times<kRows>, int64_t row) {
        Elements<kWidth, T> v[kRows];
        for (int i = 0; i < kRows; ++i)
          v[i] = load_elements<kWidth>(column + (row + int64_t{i} * blockDim.y) * cut.channels);
        join_rows<kRows, kWidth, T>(op, v, state);
      });
    }
    merge_columns(op, state, [&](int column, A count, A mean, A squared) {
      if (tile + column >= cut.channels) return;
      if (result.parts) {
        A* to = part_of(result, cut, at.quotient, at.remainder, tile + column);
        to[0] = mean;
        to[cut.channels] = squared;
      } else {
        result.put(at.quotient * cut.channels + tile + column, count, mean, squared);
      }
    });
    if (!result.arrivals) continue;
    if (!last_to_arrive(result.arrivals + at.quotient * across + block.remainder, cut.parts,
                        shared<ColumnMerge<A, kWidth>>().last))
      continue;
    ColumnState<A, kWidth> all = {};
    if (channel < cut.channels) {
      all = merge_parts_of<kWidth>(op, part_of(result, cut, at.quotient, 0, channel), cut.parts, cut.part,
                                   cut.rows, cut.channels);
    }
    merge_columns(op, all, [&](int column, A count, A mean, A squared) {
      if (tile + column < cut.channels)
        result.put(at.quotient * cut.channels + tile + column, count, mean, squared);
    });
  }
}

// A warp a group: merges the states of its channels in all parts.
template <class A>
__global__ void merge_groups_kernel(MomentsOp<A> op, Cut cut, int64_t groups, int64_t width,
                                    Result<A> result) {
  constexpr int kWarps = kThreads / 32;
  const int64_t statistics = cut.outer * groups;
  for (int64_t first = int64_t{blockIdx.x} * kWarps; first < statistics;
       first += int64_t{gridDim.x} * kWarps) {
    const int64_t statistic = first + threadIdx.x / 32;
    Moments<A> state = op.empty();
    if (statistic < statistics) {
      const Division at = divide(statistic, groups);
      for (int64_t item = threadIdx.x % 32; item < cut.parts * width; item += 32) {
        const Division from = divide(item, width);
        const A* part =
            part_of(result, cut, at.quotient, from.quotient, at.remainder * width + from.remainder);
        state = op.merge(
            state, {static_cast<A>(rows_of_part(cut, from.quotient)), part[0], part[cut.channels]});
      }
    }
    state = merge_warp(op, state);
    if (threadIdx.x % 32 == 0 && statistic < statistics)
      result.put(statistic, state.count, state.mean, state.squared);
  }
}

// Several outer indices' statistics, one after the other: a thread a group.
template <class A>
__global__ void follow_kernel(Norm norm, StatisticTarget<A> target) {
  for (int64_t group = first_item(); group < norm.groups; group += item_stride()) target.follow_all(norm, group);
}

bool contiguous(const Norm& norm) { return norm.rows == 1 || norm.groups == 1; }

Cut cut_of(const Norm& norm) {
  if (contiguous(norm)) {
    const int64_t outer = norm.outer * norm.groups, length = norm.rows * norm.width;
    const int64_t parts = parts_for(outer, length, 8192);
    // Parts are whole packs, so that all start aligned.
    const int64_t part = parts == 1 ? length : ceil_div<int64_t>(ceil_div(length, parts), 8) * 8;
    return {outer, length, 1, part, parts == 1 ? 1 : ceil_div(length, part)};
  }
  const RowParts rows = row_parts(norm);
  return {norm.outer, norm.rows, norm.groups * norm.width, rows.part, rows.parts};
}

// Whether the channels of a group are merged by a launch of its own.
bool grouped(const Norm& norm) { return !contiguous(norm) && norm.width > 1; }

template <int kWidth, class T>
void launch_columns(Stream stream, MomentsOp<Accumulator<T>> op, const Cut& cut, const T* x,
                    Result<Accumulator<T>> result) {
  const ColumnBlock block = column_block(cut.channels, kWidth, cut.part);
  launch<ColumnMerge<Accumulator<T>, kWidth>>(
      gather_columns_kernel<kWidth, T>, grid_of(cut.outer * cut.parts * block.across),
      dim3(block.threads_x, block.threads_y), stream, op, cut, block.across, x, result);
}

void find_statistics(Stream stream, const Norm& norm, const void* x, void* mean, void* rstd,
                     const Running& running, void* workspace) {
  if (norm.outer == 0 || norm.groups == 0) return;
  dispatch_float(norm.dtype, "norm.statistics", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const Cut cut = cut_of(norm);
    const MomentsOp<A> op{norm.centred};
    const StatisticTarget<A> target = statistic_target<A>(norm, mean, rstd, running);
    Result<A> result{target, cut.parts > 1 || grouped(norm) ? static_cast<A*>(workspace) : nullptr,
                     cut.parts > 1 && !grouped(norm) ? arrivals_of(stream) : nullptr};
    if (norm.outer > 1) result.running_mean = nullptr;  // followed by a launch of its own
    const T* in = static_cast<const T*>(x);
    if (contiguous(norm)) {
      const bool packs = aligned(x, 16) && (cut.outer == 1 || cut.rows % kPack == 0);
      const int64_t jobs = cut.outer * cut.parts;
      if (cut.part <= 1024) {
        launch(gather_contiguous_kernel<32, T>, grid_of(ceil_div<int64_t>(jobs, kThreads / 32)), kThreads,
               stream, op, cut, packs, in, result);
      } else {
        launch<LineShared<A>>(gather_contiguous_kernel<kThreads, T>, grid_of(jobs), kThreads, stream, op, cut,
                              packs, in, result);
      }
    } else if (aligned(x, 16) && cut.channels % kPack == 0) {
      launch_columns<kPack>(stream, op, cut, in, result);
    } else {
      launch_columns<1>(stream, op, cut, in, result);
    }
    if (grouped(norm)) {
      launch(merge_groups_kernel<A>, grid_of(ceil_div<int64_t>(cut.outer * norm.groups, kThreads / 32)),
             kThreads, stream, op, cut, norm.groups, norm.width, result);
    }
    if (running.mean && norm.outer > 1) {
      launch(follow_kernel<A>, blocks_for(norm.groups), kThreads, stream, norm, target);
    }
  });
}

template <class A>
__global__ void find_rstd_kernel(int64_t count, const A* variance, A eps, A* rstd) {
  for (int64_t i = first_item(); i < count; i += item_stride())
    rstd[i] = A(1) / math::sqrt(variance[i] + eps);
}

void rstd_of(Stream stream, DType dtype, int64_t count, const void* variance, double eps, void* rstd) {
  if (count == 0) return;
  dispatch_float(dtype, "norm.rstd_of", [&]<class T>() {
    using A = Accumulator<T>;
    launch(find_rstd_kernel<A>, blocks_for(count), kThreads, stream, count, static_cast<const A*>(variance),
           static_cast<A>(eps), static_cast<A*>(rstd));
  });
}

size_t workspace_bytes(const Norm& norm) {
  const Cut cut = cut_of(norm);
  const size_t statistics =
      cut.parts > 1 || grouped(norm) ? parts_bytes(norm, cut.outer, cut.parts, cut.channels) : 0;
  const size_t gradient = norm_gradient_workspace(norm);
  return statistics > gradient ? statistics : gradient;
}

void forward(Stream stream, const Norm& norm, const NormActivation& behind, const void* x, const void* residual, void* mean,
             void* rstd, const Running& running, void* y, void* workspace) {
  if (resident_forward(stream, norm, behind, x, residual, mean, rstd, running, y)) return;
  find_statistics(stream, norm, x, mean, rstd, running, workspace);
  apply_norm(stream, norm, x, residual, mean, rstd, behind.gamma, behind.beta, behind.op, behind.alpha, y);
}

void gradient(Stream stream, const Norm& norm, const NormActivation& behind, const void* x, const void* dy, const void* mean,
              const void* rstd, void* dgamma, void* dbeta, void* dx, void* workspace) {
  if (resident_gradient(stream, norm, behind, x, dy, mean, rstd, dgamma, dbeta, dx)) return;
  norm_parameter_gradient(stream, norm, behind, x, dy, mean, rstd, dgamma, dbeta, workspace);
  norm_data_gradient(stream, norm, behind, x, dy, mean, rstd, behind.gamma, dgamma, dbeta, dx);
}

int launches(NormRole role, const Norm& norm, bool follows) {
  if (norm_blocks(role, norm) > 0) return 1;
  return role == NormRole::forward ? 2 + grouped(norm) + (follows && norm.outer > 1) : 2;
}

}  // namespace

extern const NormKernels norm_kernels = {forward,    gradient,
                                         launches,   find_statistics,
                                         apply_norm, norm_parameter_gradient,
                                         norm_data_gradient, rstd_of,
                                         workspace_bytes, norm_second_gradient,
                                         norm_second_workspace};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
