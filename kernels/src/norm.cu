// Statistics of norms: mean and 1 / sqrt(variance + eps) of each (outer, group) over rows x width.
// Where a statistic's elements lie side by side (rows = 1 or groups = 1) a warp or a block owns them, or a
// part of them. Elsewhere a block owns up to 32 packs of channels and a part of the rows (columns.h). Parts,
// and the channels of a group, merge in a second launch with a warp a statistic. Every thread merges small
// batches of exact mean and squared deviation (accumulate.h), so one read of x suffices: bound by memory.
#include "kernels/device/norm.h"
#include "kernels/device/accumulate.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/math.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

// One matrix [rows, channels] an outer index, cut into parts of `part` rows (contiguous statistics: channels
// is 1).
struct Cut {
  int64_t outer, rows, channels, part, parts;
};

template <class A>
struct Result {
  A *mean, *rstd;       // [outer, groups]
  Moments<A>* moments;  // [outer, parts, channels]; null: one state is a statistic
  A eps;
};

template <class A>
__device__ inline void put_statistic(const Result<A>& result, int64_t i, const Moments<A>& state) {
  result.mean[i] = state.mean;
  result.rstd[i] = A(1) / math::sqrt(state.squared / state.count + result.eps);
}

template <class A>
__device__ inline void put(const Result<A>& result, int64_t statistic, int64_t slot,
                           const Moments<A>& state) {
  if (result.moments) {
    result.moments[slot] = state;
  } else {
    put_statistic(result, statistic, state);
  }
}

// kLanes threads own a part of a contiguous statistic: 32 or kThreads.
template <int kLanes, class T>
__global__ void gather_contiguous_kernel(MomentsOp<Accumulator<T>> op, Cut cut, bool packs, const T* x,
                                         Result<Accumulator<T>> result) {
  using A = Accumulator<T>;
  constexpr int kPack = Pack<T>::kSize, kRows = kThreads / kLanes;
  const int lane = threadIdx.x % kLanes;
  const int64_t jobs = cut.outer * cut.parts;
  for (int64_t first = int64_t{blockIdx.x} * kRows; first < jobs; first += int64_t{gridDim.x} * kRows) {
    const int64_t job = first + threadIdx.x / kLanes;
    Moments<A> state = op.empty();
    if (job < jobs) {
      const Division at = divide(job, cut.parts);
      const T* row = x + at.quotient * cut.rows;
      const int64_t begin = at.remainder * cut.part;
      const int64_t end = begin + cut.part < cut.rows ? begin + cut.part : cut.rows;
      for (int64_t p = begin + lane * kPack; p < end; p += kLanes * kPack) {
        const int valid = end - p < kPack ? static_cast<int>(end - p) : kPack;
        A values[kPack];
        if (packs && valid == kPack) {
          const Pack<T> v = load_pack(row + p);
          for (int j = 0; j < kPack; ++j) values[j] = widen(v[j]);
        } else {
          for (int j = 0; j < kPack; ++j) values[j] = j < valid ? widen(row[p + j]) : A(0);
        }
        state = op.merge(state, op.of(values, valid));
      }
    }
    if constexpr (kLanes == 32) {
      state = merge_warp(op, state);
    } else {
      state = merge_block(op, state);
    }
    if (lane == 0 && job < jobs) put(result, job, job, state);
  }
}

template <int kWidth, class T>
__global__ void gather_columns_kernel(MomentsOp<Accumulator<T>> op, Cut cut, int64_t across, const T* x,
                                      Result<Accumulator<T>> result) {
  using A = Accumulator<T>;
  constexpr int kBatch = 4;
  const int64_t jobs = cut.outer * cut.parts * across;
  for (int64_t job = blockIdx.x; job < jobs; job += gridDim.x) {
    const Division block = divide(job, across), at = divide(block.quotient, cut.parts);
    const int64_t channel = (block.remainder * blockDim.x + threadIdx.x) * kWidth;
    Moments<A> states[kWidth];
    for (int j = 0; j < kWidth; ++j) states[j] = op.empty();
    if (channel < cut.channels) {
      const int64_t begin = at.remainder * cut.part;
      const int64_t end = begin + cut.part < cut.rows ? begin + cut.part : cut.rows;
      const T* column = x + at.quotient * cut.rows * cut.channels + channel;
      for (int64_t r = begin + threadIdx.y; r < end; r += int64_t{kBatch} * blockDim.y) {
        A values[kWidth][kBatch];
        int valid = 0;
        for (int b = 0; b < kBatch; ++b) {
          const int64_t row = r + int64_t{b} * blockDim.y;
          if (row < end) {
            ++valid;
            if constexpr (kWidth == 1) {
              values[0][b] = widen(column[row * cut.channels]);
            } else {
              const Pack<T> v = load_pack(column + row * cut.channels);
              for (int j = 0; j < kWidth; ++j) values[j][b] = widen(v[j]);
            }
          } else {
            for (int j = 0; j < kWidth; ++j) values[j][b] = 0;
          }
        }
        for (int j = 0; j < kWidth; ++j) states[j] = op.merge(states[j], op.of(values[j], valid));
      }
    }
    merge_block_rows(op, states);
    if (threadIdx.y == 0 && channel < cut.channels) {
      for (int j = 0; j < kWidth; ++j) {
        put(result, at.quotient * cut.channels + channel + j, block.quotient * cut.channels + channel + j,
            states[j]);
      }
    }
  }
}

// A warp a statistic: merges parts x width states.
template <class A>
__global__ void merge_statistics_kernel(MomentsOp<A> op, Cut cut, int64_t groups, int64_t width,
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
        state = op.merge(state, result.moments[(at.quotient * cut.parts + from.quotient) * cut.channels +
                                               at.remainder * width + from.remainder]);
      }
    }
    state = merge_warp(op, state);
    if (threadIdx.x % 32 == 0 && statistic < statistics) put_statistic(result, statistic, state);
  }
}

bool contiguous(const Norm& norm) { return norm.rows == 1 || norm.groups == 1; }

Cut cut_of(const Norm& norm) {
  if (contiguous(norm)) {
    const int64_t outer = norm.outer * norm.groups, length = norm.rows * norm.width;
    const int64_t parts = parts_for(outer, length, 8192);
    // Parts are whole packs, so that all start aligned; the last may be empty.
    const int64_t part = parts == 1 ? length : ceil_div<int64_t>(ceil_div(length, parts), 8) * 8;
    return {outer, length, 1, part, parts};
  }
  const int64_t channels = norm.groups * norm.width;
  const RowParts rows = row_parts(norm.outer, norm.rows, channels);
  return {norm.outer, norm.rows, channels, rows.part, rows.parts};
}

bool merges(const Norm& norm, const Cut& cut) {
  return cut.parts > 1 || (!contiguous(norm) && norm.width > 1);
}

template <int kWidth, class T>
void launch_columns(Stream stream, MomentsOp<Accumulator<T>> op, const Cut& cut, const T* x,
                    Result<Accumulator<T>> result) {
  const ColumnBlock block = column_block(ceil_div<int64_t>(cut.channels, kWidth), cut.part);
  launch<ColumnShared<Moments<Accumulator<T>>, kWidth>>(
      gather_columns_kernel<kWidth, T>, grid_of(cut.outer * cut.parts * block.across),
      dim3(block.threads_x, block.threads_y), stream, op, cut, block.across, x, result);
}

void find_statistics(Stream stream, const Norm& norm, const void* x, void* mean, void* rstd,
                     void* workspace) {
  if (norm.outer == 0 || norm.groups == 0) return;
  dispatch_float(norm.dtype, "norm.statistics", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const Cut cut = cut_of(norm);
    const bool two_stages = merges(norm, cut);
    const MomentsOp<A> op{norm.centred};
    const Result<A> result{static_cast<A*>(mean), static_cast<A*>(rstd),
                           two_stages ? static_cast<Moments<A>*>(workspace) : nullptr,
                           static_cast<A>(norm.eps)};
    const T* in = static_cast<const T*>(x);
    if (contiguous(norm)) {
      const bool packs = aligned(x, 16) && (cut.outer == 1 || cut.rows % kPack == 0);
      const int64_t jobs = cut.outer * cut.parts;
      if (cut.part <= 1024) {
        launch(gather_contiguous_kernel<32, T>, grid_of(ceil_div<int64_t>(jobs, kThreads / 32)), kThreads,
               stream, op, cut, packs, in, result);
      } else {
        launch<BlockShared<Moments<A>>>(gather_contiguous_kernel<kThreads, T>, grid_of(jobs), kThreads,
                                        stream, op, cut, packs, in, result);
      }
    } else if (aligned(x, 16) && cut.channels % kPack == 0) {
      launch_columns<kPack>(stream, op, cut, in, result);
    } else {
      launch_columns<1>(stream, op, cut, in, result);
    }
    if (two_stages) {
      const int64_t groups = contiguous(norm) ? 1 : norm.groups, width = contiguous(norm) ? 1 : norm.width;
      launch(merge_statistics_kernel<A>, grid_of(ceil_div<int64_t>(cut.outer * groups, kThreads / 32)),
             kThreads, stream, op, cut, groups, width, result);
    }
  });
}

template <class A>
__global__ void update_running_kernel(int64_t groups, double unbias, double eps, double momentum,
                                      const A* mean, const A* rstd, A* running_mean, A* running_var) {
  for (int64_t g = first_item(); g < groups; g += item_stride()) {
    const double r = rstd[g], variance = (1 / (r * r) - eps) * unbias;
    running_mean[g] = static_cast<A>((1 - momentum) * running_mean[g] + momentum * mean[g]);
    running_var[g] =
        static_cast<A>((1 - momentum) * running_var[g] + momentum * (variance > 0 ? variance : 0));
  }
}

void update_running(Stream stream, const Norm& norm, const void* mean, const void* rstd, double momentum,
                    void* running_mean, void* running_var) {
  if (norm.groups == 0) return;
  const double count = static_cast<double>(norm.rows * norm.width);
  dispatch_float(norm.dtype, "norm.update_running", [&]<class T>() {
    using A = Accumulator<T>;
    launch(update_running_kernel<A>, blocks_for(norm.groups), kThreads, stream, norm.groups,
           count > 1 ? count / (count - 1) : 1.0, norm.eps, momentum, static_cast<const A*>(mean),
           static_cast<const A*>(rstd), static_cast<A*>(running_mean), static_cast<A*>(running_var));
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
  const size_t state = norm.dtype == DType::f64 ? sizeof(Moments<double>) : sizeof(Moments<float>);
  const size_t statistics =
      merges(norm, cut) ? static_cast<size_t>(cut.outer * cut.parts * cut.channels) * state : 0;
  const size_t gradient = norm_gradient_workspace(norm);
  return statistics > gradient ? statistics : gradient;
}

}  // namespace

extern const NormKernels norm_kernels = {find_statistics,    apply_norm,     norm_parameter_gradient,
                                         norm_data_gradient, update_running, rstd_of,
                                         workspace_bytes};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
