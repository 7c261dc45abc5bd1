// Gradients of norms. Parameters: dbeta = sum dy, dgamma = sum dy * xhat over rows; a block owns up to 32
// packs of channels and a part of the rows, parts merge in a second launch with a warp a channel. Data: dx =
// rstd * (dy * gamma - m1 - xhat * m2). With width 1 the means are the channel's own sums and a thread owns a
// pack of channels, coefficients in registers; otherwise a warp or a block owns (a part of) an (outer,
// group), finds its means from the channel sums first and then writes it. Each reads x and dy once, the
// second writes dx: bound by memory.
#include "kernels/device/accumulate.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/norm.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class A>
struct SumsTarget {
  A *dgamma, *dbeta;  // [outer, channels]
  Pair<A>* parts;     // [outer, parts, channels]; null: the sums are written at once
};

template <class A>
__device__ inline void put_sums(const SumsTarget<A>& target, int64_t i, const Pair<A>& sums) {
  target.dbeta[i] = sums.first;
  target.dgamma[i] = sums.second;
}

template <int kWidth, class T>
__global__ void sum_parameter_gradient_kernel(Norm norm, RowParts cut, int64_t across, const T* x,
                                              const T* dy, const Accumulator<T>* mean,
                                              const Accumulator<T>* rstd, SumsTarget<Accumulator<T>> target) {
  using A = Accumulator<T>;
  const PairSum<A> op;
  const int64_t channels = norm.groups * norm.width, jobs = norm.outer * cut.parts * across;
  for (int64_t job = blockIdx.x; job < jobs; job += gridDim.x) {
    const Division block = divide(job, across), at = divide(block.quotient, cut.parts);
    const int64_t channel = (block.remainder * blockDim.x + threadIdx.x) * kWidth;
    Pair<A> sums[kWidth];
    for (int j = 0; j < kWidth; ++j) sums[j] = op.empty();
    if (channel < channels) {
      A m[kWidth], r[kWidth];
      for (int j = 0; j < kWidth; ++j) {
        const int64_t group = at.quotient * norm.groups + divide(channel + j, norm.width).quotient;
        m[j] = mean[group];
        r[j] = rstd[group];
      }
      const int64_t begin = at.remainder * cut.part;
      const int64_t end = begin + cut.part < norm.rows ? begin + cut.part : norm.rows;
      for (int64_t row = begin + threadIdx.y; row < end; row += blockDim.y) {
        const int64_t i = (at.quotient * norm.rows + row) * channels + channel;
        const auto add = [&](T xi, T gi, int j) {
          const A g = widen(gi);
          sums[j].first += g;
          sums[j].second += g * ((widen(xi) - m[j]) * r[j]);
        };
        if constexpr (kWidth == 1) {
          add(x[i], dy[i], 0);
        } else {
          const Pack<T> vx = load_pack(x + i), vg = load_pack(dy + i);
          for (int j = 0; j < kWidth; ++j) add(vx[j], vg[j], j);
        }
      }
    }
    merge_block_rows(op, sums);
    if (threadIdx.y == 0 && channel < channels) {
      for (int j = 0; j < kWidth; ++j) {
        if (target.parts) {
          target.parts[block.quotient * channels + channel + j] = sums[j];
        } else {
          put_sums(target, at.quotient * channels + channel + j, sums[j]);
        }
      }
    }
  }
}

template <class A>
__global__ void merge_parameter_gradient_kernel(int64_t outer, int64_t channels, int64_t parts,
                                                SumsTarget<A> target) {
  constexpr int kWarps = kThreads / 32;
  const PairSum<A> op;
  for (int64_t first = int64_t{blockIdx.x} * kWarps; first < outer * channels;
       first += int64_t{gridDim.x} * kWarps) {
    const int64_t i = first + threadIdx.x / 32;
    Pair<A> sums = op.empty();
    if (i < outer * channels) {
      const Division at = divide(i, channels);
      for (int64_t part = threadIdx.x % 32; part < parts; part += 32)
        sums = op.merge(sums, target.parts[(at.quotient * parts + part) * channels + at.remainder]);
    }
    sums = merge_warp(op, sums);
    if (threadIdx.x % 32 == 0 && i < outer * channels) put_sums(target, i, sums);
  }
}

template <class A>
struct DataArguments {
  const A *mean, *rstd;  // [outer, groups]
  const A* gamma;        // null: 1
  const A *dgamma, *dbeta;
};

// width = 1: dx = a * dy - b - (x - mean) * c, coefficients a channel.
template <int kWidth, class T>
__global__ void channel_data_gradient_kernel(Norm norm, DataArguments<Accumulator<T>> args, int64_t across,
                                             const T* x, const T* dy, T* dx) {
  using A = Accumulator<T>;
  const Division block = divide(blockIdx.x, across);
  const int64_t channel = (block.remainder * blockDim.x + threadIdx.x) * kWidth;
  if (channel >= norm.groups) return;
  const A share = A(1) / static_cast<A>(norm.rows);
  A mean[kWidth] = {}, a[kWidth] = {}, b[kWidth] = {}, c[kWidth] = {};
  int64_t current = -1;
  const int64_t step = gridDim.x / across * blockDim.y, all_rows = norm.outer * norm.rows;
  for (int64_t row = block.quotient * blockDim.y + threadIdx.y; row < all_rows; row += step) {
    const int64_t outer = divide(row, norm.rows).quotient;
    if (outer != current) {
      current = outer;
      for (int j = 0; j < kWidth; ++j) {
        const int64_t i = outer * norm.groups + channel + j;
        const A r = args.rstd[i];
        mean[j] = args.mean[i];
        a[j] = args.gamma ? r * args.gamma[outer * norm.affine_stride + channel + j] : r;
        b[j] = norm.centred ? a[j] * args.dbeta[i] * share : A(0);
        c[j] = a[j] * r * args.dgamma[i] * share;
      }
    }
    const int64_t at = row * norm.groups + channel;
    const auto value = [&](T xi, T gi, int j) {
      return narrow<T>(a[j] * widen(gi) - b[j] - (widen(xi) - mean[j]) * c[j]);
    };
    if constexpr (kWidth == 1) {
      dx[at] = value(x[at], dy[at], 0);
    } else {
      const Pack<T> vx = load_pack(x + at);
      Pack<T> v = load_pack(dy + at);
      for (int j = 0; j < kWidth; ++j) v[j] = value(vx[j], v[j], j);
      store_pack(dx + at, v);
    }
  }
}

// width > 1: kLanes threads own part of an (outer, group), rows x width elements in packs of kWidth.
template <int kLanes, int kWidth, class T>
__global__ void group_data_gradient_kernel(Norm norm, DataArguments<Accumulator<T>> args, int64_t part,
                                           int64_t parts, const T* x, const T* dy, T* dx) {
  using A = Accumulator<T>;
  constexpr int kOwners = kThreads / kLanes;
  const PairSum<A> op;
  const int lane = threadIdx.x % kLanes;
  const int64_t channels = norm.groups * norm.width, jobs = norm.outer * norm.groups * parts;
  const A share = A(1) / static_cast<A>(norm.rows * norm.width);
  for (int64_t first = int64_t{blockIdx.x} * kOwners; first < jobs; first += int64_t{gridDim.x} * kOwners) {
    const int64_t job = first + threadIdx.x / kLanes;
    const Division cut = divide(job, parts), at = divide(cut.quotient, norm.groups);
    const int64_t outer = at.quotient, base = at.remainder * norm.width;  // the group's first channel
    const A* gamma = args.gamma ? args.gamma + outer * norm.affine_stride + base : nullptr;
    Pair<A> sums = op.empty();
    if (job < jobs) {
      const A *dbeta = args.dbeta + outer * channels + base, *dgamma = args.dgamma + outer * channels + base;
      for (int64_t w = lane; w < norm.width; w += kLanes) {
        const A g = gamma ? gamma[w] : A(1);
        sums.first += g * dbeta[w];
        sums.second += g * dgamma[w];
      }
    }
    if constexpr (kLanes == 32) {
      sums = merge_warp(op, sums);
    } else {
      auto& s = shared<BlockShared<Pair<A>>>();
      sums = merge_block(op, sums);
      if (threadIdx.x == 0) s.warps[0] = sums;
      simt::sync_threads();
      sums = s.warps[0];
      simt::sync_threads();
    }
    if (job >= jobs) continue;
    const A m1 = norm.centred ? sums.first * share : A(0), m2 = sums.second * share;
    const A mean = args.mean[cut.quotient], r = args.rstd[cut.quotient];
    const auto value = [&](T xi, T gi, int64_t w) {
      const A g = gamma ? widen(gi) * gamma[w] : widen(gi);
      return narrow<T>(r * (g - m1 - (widen(xi) - mean) * r * m2));
    };
    const int64_t length = norm.rows * norm.width, begin = cut.remainder * part;
    const int64_t end = begin + part < length ? begin + part : length;
    for (int64_t e = begin + lane * kWidth; e < end; e += kLanes * kWidth) {
      const Division where = divide(e, norm.width);
      const int64_t i = (outer * norm.rows + where.quotient) * channels + base + where.remainder;
      if constexpr (kWidth == 1) {
        dx[i] = value(x[i], dy[i], where.remainder);
      } else {
        const Pack<T> vx = load_pack(x + i);
        Pack<T> v = load_pack(dy + i);
        for (int j = 0; j < kWidth; ++j) v[j] = value(vx[j], v[j], where.remainder + j);
        store_pack(dx + i, v);
      }
    }
  }
}

template <int kWidth, class T>
void launch_parameter_gradient(Stream stream, const Norm& norm, const T* x, const T* dy,
                               const Accumulator<T>* mean, const Accumulator<T>* rstd,
                               const SumsTarget<Accumulator<T>>& target, const RowParts& cut) {
  const ColumnBlock block = column_block(ceil_div<int64_t>(norm.groups * norm.width, kWidth), cut.part);
  launch<ColumnShared<Pair<Accumulator<T>>, kWidth>>(
      sum_parameter_gradient_kernel<kWidth, T>, grid_of(norm.outer * cut.parts * block.across),
      dim3(block.threads_x, block.threads_y), stream, norm, cut, block.across, x, dy, mean, rstd, target);
}

template <int kWidth, class T>
void launch_channel_gradient(Stream stream, const Norm& norm, const DataArguments<Accumulator<T>>& args,
                             const T* x, const T* dy, T* dx) {
  const int64_t all_rows = norm.outer * norm.rows;
  const ColumnBlock block = column_block(ceil_div<int64_t>(norm.groups, kWidth), all_rows);
  const int64_t down = ceil_div<int64_t>(all_rows, block.threads_y);
  const int64_t most = ceil_div<int64_t>(int64_t{16} * simt::multiprocessors(), block.across);
  launch(channel_data_gradient_kernel<kWidth, T>,
         static_cast<unsigned>(block.across * (down < most ? down : most)),
         dim3(block.threads_x, block.threads_y), stream, norm, args, block.across, x, dy, dx);
}

template <int kWidth, class T>
void launch_group_gradient(Stream stream, const Norm& norm, const DataArguments<Accumulator<T>>& args,
                           const T* x, const T* dy, T* dx) {
  const int64_t owners = norm.outer * norm.groups, length = norm.rows * norm.width;
  if (length <= 1024) {
    launch(group_data_gradient_kernel<32, kWidth, T>, grid_of(ceil_div<int64_t>(owners, kThreads / 32)),
           kThreads, stream, norm, args, length, int64_t{1}, x, dy, dx);
    return;
  }
  // Every part reads all of the group's sums, so parts stay at least as long as four times the width.
  const int64_t least = 4 * norm.width > 8192 ? 4 * norm.width : 8192;
  const int64_t parts = parts_for(owners, length, least);
  const int64_t part = ceil_div<int64_t>(ceil_div(length, parts), 8) * 8;
  launch<BlockShared<Pair<Accumulator<T>>>>(group_data_gradient_kernel<kThreads, kWidth, T>,
                                            grid_of(owners * parts), kThreads, stream, norm, args, part,
                                            parts, x, dy, dx);
}

}  // namespace

void norm_parameter_gradient(Stream stream, const Norm& norm, const void* x, const void* dy, const void* mean,
                             const void* rstd, void* dgamma, void* dbeta, void* workspace) {
  const int64_t channels = norm.groups * norm.width;
  if (norm.outer * channels == 0) return;
  dispatch_float(norm.dtype, "norm.parameter_gradient", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const RowParts cut = row_parts(norm.outer, norm.rows, channels);
    const SumsTarget<A> target{static_cast<A*>(dgamma), static_cast<A*>(dbeta),
                               cut.parts > 1 ? static_cast<Pair<A>*>(workspace) : nullptr};
    const T *in = static_cast<const T*>(x), *g = static_cast<const T*>(dy);
    const A *m = static_cast<const A*>(mean), *r = static_cast<const A*>(rstd);
    if (aligned(x, 16) && aligned(dy, 16) && channels % kPack == 0) {
      launch_parameter_gradient<kPack>(stream, norm, in, g, m, r, target, cut);
    } else {
      launch_parameter_gradient<1>(stream, norm, in, g, m, r, target, cut);
    }
    if (cut.parts > 1) {
      launch(merge_parameter_gradient_kernel<A>,
             grid_of(ceil_div<int64_t>(norm.outer * channels, kThreads / 32)), kThreads, stream, norm.outer,
             channels, cut.parts, target);
    }
  });
}

void norm_data_gradient(Stream stream, const Norm& norm, const void* x, const void* dy, const void* mean,
                        const void* rstd, const void* gamma, const void* dgamma, const void* dbeta,
                        void* dx) {
  if (norm.outer * norm.rows * norm.groups * norm.width == 0) return;
  dispatch_float(norm.dtype, "norm.data_gradient", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const DataArguments<A> args{static_cast<const A*>(mean), static_cast<const A*>(rstd),
                                static_cast<const A*>(gamma), static_cast<const A*>(dgamma),
                                static_cast<const A*>(dbeta)};
    const T *in = static_cast<const T*>(x), *g = static_cast<const T*>(dy);
    T* out = static_cast<T*>(dx);
    const bool wide = aligned(x, 16) && aligned(dy, 16) && aligned(dx, 16);
    if (norm.width == 1) {
      if (wide && norm.groups % kPack == 0) {
        launch_channel_gradient<kPack>(stream, norm, args, in, g, out);
      } else {
        launch_channel_gradient<1>(stream, norm, args, in, g, out);
      }
    } else if (wide && norm.width % kPack == 0) {
      launch_group_gradient<kPack>(stream, norm, args, in, g, out);
    } else {
      launch_group_gradient<1>(stream, norm, args, in, g, out);
    }
  });
}

size_t norm_gradient_workspace(const Norm& norm) {
  const int64_t channels = norm.groups * norm.width;
  const RowParts cut = row_parts(norm.outer, norm.rows, channels);
  const size_t state = norm.dtype == DType::f64 ? sizeof(Pair<double>) : sizeof(Pair<float>);
  return cut.parts > 1 ? static_cast<size_t>(norm.outer * cut.parts * channels) * state : 0;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
