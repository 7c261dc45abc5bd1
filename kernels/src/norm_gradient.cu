// Gradients of norms. Parameters: dbeta = sum dy, dgamma = sum dy * xhat over rows; a block owns 128 bytes of
// each row and a part of the rows, and the block that ends last merges the parts (column_merge.h). Data: dx =
// rstd * (dy * gamma - m1 - xhat * m2). With width 1 the means are the channel's own sums and a thread owns a
// pack of channels, coefficients in registers; otherwise a warp or a block owns (a part of) an (outer,
// group), finds its means from the channel sums first and then writes it. Each reads x and dy once, several
// rows of both at a time, the second writes dx: bound by memory.
// Both put the derivative of an activation behind the norm to dy as they read it (device/norm_activation.h).
#include "kernels/device/accumulate.h"
#include "kernels/device/column_merge.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/norm_activation.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class A>
struct SumsTarget {
  A *dgamma, *dbeta;   // [outer, channels]
  A* parts;            // [outer, parts, 2, channels]; null: the sums are written at once
  unsigned* arrivals;  // for last_to_arrive
};

// The sums of dy and of dy * (x - mean); rstd is a factor of all the latter. vectors: mean, rstd, gamma and beta
// may be read 16 bytes at a time.
template <int kWidth, class T, class Op>
__global__ void sum_parameter_gradient_kernel(Norm norm, Behind<Op, Accumulator<T>> behind, RowParts cut,
                                              int64_t across, bool vectors,
                                              const T* x, const T* dy, const Accumulator<T>* mean,
                                              const Accumulator<T>* rstd, SumsTarget<Accumulator<T>> target) {
  using A = Accumulator<T>;
  const PairSum<A> op;
  const int64_t channels = norm.groups * norm.width, jobs = norm.outer * cut.parts * across;
  for (int64_t job = blockIdx.x; job < jobs; job += gridDim.x) {
    const Division block = divide(job, across), at = divide(block.quotient, cut.parts);
    const int64_t tile = block.remainder * blockDim.x * kWidth, channel = tile + threadIdx.x * kWidth;
    ColumnState<A, kWidth> state = {};
    if (channel < channels) {
      A m[kWidth], scale[kWidth], shift[kWidth];
      load_of_groups(mean + at.quotient * norm.groups, channel, norm.width, vectors, m);
      behind.load_scale(norm, at.quotient, channel, vectors, rstd, scale);
      behind.load_shift(norm, at.quotient, channel, vectors, shift);
      const int64_t begin = at.remainder * cut.part, left = norm.rows - begin;
      const int64_t first = (at.quotient * norm.rows + begin) * channels + channel;
      in_batches<8>(threadIdx.y, left < cut.part ? left : cut.part, blockDim.y,
                    [&]<int kRows>(Times<kRows>, int64_t row) {
        Elements<kWidth, T> vx[kRows], vg[kRows];
        for (int i = 0; i < kRows; ++i) {
          const int64_t place = first + (row + int64_t{i} * blockDim.y) * channels;
          vx[i] = load_elements<kWidth>(x + place);
          vg[i] = load_elements<kWidth>(dy + place);
        }
        for (int i = 0; i < kRows; ++i) behind.template add<kWidth, T>(vx[i], vg[i], m, scale, shift, state);
      });
    }
    const auto put = [&](int column, A, A sum, A product) {
      if (tile + column >= channels) return;
      const int64_t group = at.quotient * norm.groups + divide(tile + column, norm.width).quotient;
      target.dbeta[at.quotient * channels + tile + column] = sum;
      target.dgamma[at.quotient * channels + tile + column] = product * rstd[group];
    };
    if (!target.parts) {
      merge_columns(op, state, put);
      continue;
    }
    merge_columns(op, state, [&](int column, A, A sum, A product) {
      if (tile + column >= channels) return;
      A* to = target.parts + block.quotient * 2 * channels + tile + column;
      to[0] = sum;
      to[channels] = product;
    });
    if (!last_to_arrive(target.arrivals + at.quotient * across + block.remainder, cut.parts,
                        shared<ColumnMerge<A, kWidth>>().last))
      continue;
    ColumnState<A, kWidth> all = {};
    if (channel < channels) {
      all = merge_parts_of<kWidth>(op, target.parts + at.quotient * cut.parts * 2 * channels + channel,
                                   cut.parts, cut.part, norm.rows, channels);
    }
    merge_columns(op, all, put);
  }
}

template <class A>
struct DataArguments {
  const A *mean, *rstd;  // [outer, groups]
  const A* gamma;        // null: 1
  const A *dgamma, *dbeta;
  bool vectors;  // all may be read 16 bytes at a time
};

// width = 1: dx = a * dy - b - (x - mean) * c, coefficients a channel.
template <int kWidth, class T, class Op>
__global__ void channel_data_gradient_kernel(Norm norm, Behind<Op, Accumulator<T>> behind,
                                             DataArguments<Accumulator<T>> args, RowChunks cut,
                                             int64_t across, const T* x, const T* dy, T* dx) {
  using A = Accumulator<T>;
  const A share = A(1) / static_cast<A>(norm.rows);
  const int64_t channels = norm.groups, jobs = norm.outer * cut.chunks * across;
  for (int64_t job = blockIdx.x; job < jobs; job += gridDim.x) {
    const Division block = divide(job, across), at = divide(block.quotient, cut.chunks);
    const int64_t outer = at.quotient, channel = (block.remainder * blockDim.x + threadIdx.x) * kWidth;
    if (channel >= channels) continue;
    const int64_t i = outer * channels + channel;
    A mean[kWidth], a[kWidth], b[kWidth], c[kWidth], shift[kWidth];
    behind.load_shift(norm, outer, channel, args.vectors, shift);
    load_numbers(args.mean + i, args.vectors, mean);
    load_numbers(args.rstd + i, args.vectors, c);
    for (int j = 0; j < kWidth; ++j) a[j] = 1;
    if (args.gamma) load_numbers(args.gamma + outer * norm.affine_stride + channel, args.vectors, a);
    for (int j = 0; j < kWidth; ++j) b[j] = 0;
    if (norm.centred) load_numbers(args.dbeta + i, args.vectors, b);
    A sums[kWidth];
    load_numbers(args.dgamma + i, args.vectors, sums);
    for (int j = 0; j < kWidth; ++j) gradient_coefficients(share, sums[j], a[j], b[j], c[j]);
    const int64_t begin = at.remainder * cut.chunk, left = norm.rows - begin;
    const int64_t first = (outer * norm.rows + begin) * channels + channel;
    in_batches<4>(threadIdx.y, left < cut.chunk ? left : cut.chunk, blockDim.y,
                  [&]<int kRows>(Times<kRows>, int64_t row) {
      Elements<kWidth, T> vx[kRows], vg[kRows];
      for (int k = 0; k < kRows; ++k) {
        const int64_t place = first + (row + int64_t{k} * blockDim.y) * channels;
        vx[k] = load_elements<kWidth>(x + place);
        vg[k] = load_elements<kWidth>(dy + place);
      }
      for (int k = 0; k < kRows; ++k) {
        behind.template apply<kWidth, T>(vx[k], vg[k], mean, a, b, c, shift);
        store_elements<kWidth>(dx + first + (row + int64_t{k} * blockDim.y) * channels, vx[k]);
      }
    });
  }
}

// width > 1: kLanes threads own part of an (outer, group), rows x width elements in packs of kWidth.
template <int kLanes, int kWidth, class T, class Op>
__global__ void group_data_gradient_kernel(Norm norm, Behind<Op, Accumulator<T>> behind,
                                           DataArguments<Accumulator<T>> args, int64_t part, int64_t parts,
                                           const T* x, const T* dy, T* dx) {
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
    const A* beta = behind.beta ? behind.beta + outer * norm.affine_stride + base : nullptr;
    Pair<A> sums = op.empty();
    if (job < jobs) {
      const A *dbeta = args.dbeta + outer * channels + base, *dgamma = args.dgamma + outer * channels + base;
      for (int64_t w = lane; w < norm.width; w += kLanes) {
        const A g = gamma ? gamma[w] : A(1);
        sums.first += g * dbeta[w];
        sums.second += g * dgamma[w];
      }
    }
    sums = merge_lanes<kLanes>(op, sums);
    if (job >= jobs) continue;
    const A m1 = norm.centred ? sums.first * share : A(0), m2 = sums.second * share;
    const A mean = args.mean[cut.quotient], r = args.rstd[cut.quotient];
    const auto value = [&](T xi, T gi, int64_t w) {
      const A centred = widen(xi) - mean, by = gamma ? gamma[w] : A(1);
      const A g = behind.times_slope(widen(gi), centred, r * by, beta ? beta[w] : A(0));
      return narrow<T>(r * (g * by - m1 - centred * r * m2));
    };
    const int64_t length = norm.rows * norm.width, begin = cut.remainder * part;
    const int64_t end = begin + part < length ? begin + part : length;
    const auto place = [&](const Division& where) {
      return (outer * norm.rows + where.quotient) * channels + base + where.remainder;
    };
    in_batches<4>(begin + lane * kWidth, end, kLanes * kWidth, [&]<int kPacks>(Times<kPacks>, int64_t e) {
      Elements<kWidth, T> vx[kPacks], vg[kPacks];
      Division where[kPacks];
      for (int k = 0; k < kPacks; ++k) {
        where[k] = divide(e + k * kLanes * kWidth, norm.width);
        vx[k] = load_elements<kWidth>(x + place(where[k]));
        vg[k] = load_elements<kWidth>(dy + place(where[k]));
      }
      for (int k = 0; k < kPacks; ++k) {
        for (int j = 0; j < kWidth; ++j) vx[k][j] = value(vx[k][j], vg[k][j], where[k].remainder + j);
        store_elements<kWidth>(dx + place(where[k]), vx[k]);
      }
    });
  }
}

template <int kWidth, class T, class Op>
void launch_parameter_gradient(Stream stream, const Norm& norm, const Behind<Op, Accumulator<T>>& behind,
                               const T* x, const T* dy, const Accumulator<T>* mean,
                               const Accumulator<T>* rstd,
                               const SumsTarget<Accumulator<T>>& target, const RowParts& cut) {
  const ColumnBlock block = column_block(norm.groups * norm.width, kWidth, cut.part);
  const bool vectors =
      aligned(mean, 16) && aligned(rstd, 16) && aligned(behind.gamma, 16) && aligned(behind.beta, 16);
  launch<ColumnMerge<Accumulator<T>, kWidth>>(
      sum_parameter_gradient_kernel<kWidth, T, Op>, grid_of(norm.outer * cut.parts * block.across),
      dim3(block.threads_x, block.threads_y), stream, norm, behind, cut, block.across, vectors, x, dy, mean,
      rstd, target);
}

template <int kWidth, class T, class Op>
void launch_channel_gradient(Stream stream, const Norm& norm, const Behind<Op, Accumulator<T>>& behind,
                             const DataArguments<Accumulator<T>>& args, const T* x, const T* dy, T* dx) {
  const ColumnBlock block = column_block(norm.groups, kWidth, norm.rows);
  const RowChunks cut = row_chunks(norm.outer, norm.rows, block);
  launch(channel_data_gradient_kernel<kWidth, T, Op>, grid_of(norm.outer * cut.chunks * block.across),
         dim3(block.threads_x, block.threads_y), stream, norm, behind, args, cut, block.across, x, dy, dx);
}

template <int kWidth, class T, class Op>
void launch_group_gradient(Stream stream, const Norm& norm, const Behind<Op, Accumulator<T>>& behind,
                           const DataArguments<Accumulator<T>>& args, const T* x, const T* dy, T* dx) {
  const int64_t owners = norm.outer * norm.groups, length = norm.rows * norm.width;
  if (length <= 1024) {
    launch(group_data_gradient_kernel<32, kWidth, T, Op>,
           grid_of(ceil_div<int64_t>(owners, kThreads / 32)), kThreads, stream, norm, behind, args, length, int64_t{1}, x, dy, dx);
    return;
  }
  // Every part reads all of the group's sums, so parts stay at least as long as four times the width.
  const int64_t least = 4 * norm.width > 8192 ? 4 * norm.width : 8192;
  const int64_t parts = parts_for(owners, length, least);
  const int64_t part = ceil_div<int64_t>(ceil_div(length, parts), 8) * 8;
  launch<BlockShared<Pair<Accumulator<T>>>>(group_data_gradient_kernel<kThreads, kWidth, T, Op>,
                                            grid_of(owners * parts), kThreads, stream, norm, behind, args,
                                            part, parts, x, dy, dx);
}

}  // namespace

void norm_parameter_gradient(Stream stream, const Norm& norm, const NormActivation& activation,
                             const void* x, const void* dy, const void* mean, const void* rstd, void* dgamma,
                             void* dbeta, void* workspace) {
  const int64_t channels = norm.groups * norm.width;
  if (norm.outer * channels == 0) return;
  dispatch_float(norm.dtype, "norm.parameter_gradient", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const RowParts cut = row_parts(norm);
    const SumsTarget<A> target{static_cast<A*>(dgamma), static_cast<A*>(dbeta),
                               cut.parts > 1 ? static_cast<A*>(workspace) : nullptr,
                               cut.parts > 1 ? arrivals_of(stream) : nullptr};
    const T *in = static_cast<const T*>(x), *g = static_cast<const T*>(dy);
    const A *m = static_cast<const A*>(mean), *r = static_cast<const A*>(rstd);
    with_activation_behind<T>(activation, [&](const auto& behind) {
      if (aligned(x, 16) && aligned(dy, 16) && channels % kPack == 0) {
        launch_parameter_gradient<kPack>(stream, norm, behind, in, g, m, r, target, cut);
      } else {
        launch_parameter_gradient<1>(stream, norm, behind, in, g, m, r, target, cut);
      }
    });
  });
}

void norm_data_gradient(Stream stream, const Norm& norm, const NormActivation& activation, const void* x,
                        const void* dy, const void* mean, const void* rstd, const void* gamma,
                        const void* dgamma, const void* dbeta, void* dx) {
  if (norm.outer * norm.rows * norm.groups * norm.width == 0) return;
  dispatch_float(norm.dtype, "norm.data_gradient", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const DataArguments<A> args{static_cast<const A*>(mean), static_cast<const A*>(rstd),
                                static_cast<const A*>(gamma), static_cast<const A*>(dgamma),
                                static_cast<const A*>(dbeta),
                                aligned(mean, 16) && aligned(rstd, 16) && aligned(gamma, 16) &&
                                    aligned(dgamma, 16) && aligned(dbeta, 16) &&
                                    aligned(activation.beta, 16)};
    const T *in = static_cast<const T*>(x), *g = static_cast<const T*>(dy);
    T* out = static_cast<T*>(dx);
    const bool wide = aligned(x, 16) && aligned(dy, 16) && aligned(dx, 16);
    with_activation_behind<T>(activation, [&](const auto& behind) {
      if (norm.width == 1) {
        if (wide && norm.groups % kPack == 0) {
          launch_channel_gradient<kPack>(stream, norm, behind, args, in, g, out);
        } else {
          launch_channel_gradient<1>(stream, norm, behind, args, in, g, out);
        }
      } else if (wide && norm.width % kPack == 0) {
        launch_group_gradient<kPack>(stream, norm, behind, args, in, g, out);
      } else {
        launch_group_gradient<1>(stream, norm, behind, args, in, g, out);
      }
    });
  });
}

size_t norm_gradient_workspace(const Norm& norm) {
  const RowParts cut = row_parts(norm);
  return cut.parts > 1 ? parts_bytes(norm, norm.outer, cut.parts, norm.groups * norm.width) : 0;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
