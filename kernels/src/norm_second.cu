// Gradients of a norm's backward, as a gradient penalty asks for them; the formula is in kernels/api/norm.h. All
// of it follows from three sums a channel (of v, v * xhat and dy * v) and the two that the backward found, so
// two launches do. Sums: a block owns 128 bytes of each row and a part of the rows, and the block that ends
// last merges the parts (column_merge.h). Results: elements are
//   to_dy = p v + q (x - mean) + s,   to_x = i v + q dy + j (x - mean) + n
// With width 1 a thread owns a pack of channels and some rows, the coefficients in registers; otherwise a warp
// or a block owns (a part of) an (outer, group), finds its means from the channels' sums first and then writes
// it. Each launch reads x, dy and v once, several rows at a time, the second writes to_dy and to_x: bound by
// memory, 8 elements of traffic each.
#include "kernels/device/accumulate.h"
#include "kernels/device/column_merge.h"
#include "kernels/device/dispatch.h"
#include "kernels/device/norm_second.h"
#include "kernels/device/pack.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

template <class T>
struct SecondArguments {
  using A = Accumulator<T>;
  const T *x, *dy, *v;
  const A *mean, *rstd;         // [outer, groups]
  const A *gamma, *u, *w;       // null: 1, 0, 0
  const A *dgamma, *dbeta;      // [outer, channels]
  A *sum_v, *sum_vx, *sum_gv;   // the same, of v, v * xhat and dy * v
  A *parts, *more_parts;        // [outer, parts, 2, channels]: of the first two, of the third; null: not needed
  unsigned* arrivals;           // for last_to_arrive
  T *to_dy, *to_x;              // null: not asked for
  A* to_gamma;
  bool vectors;                 // all that A points at may be read 16 bytes at a time
};

template <int kWidth, class T>
__global__ void sum_second_kernel(Norm norm, SecondArguments<T> args, RowParts cut, int64_t across) {
  using A = Accumulator<T>;
  const PairSum<A> op;
  const int64_t channels = norm.groups * norm.width, jobs = norm.outer * cut.parts * across;
  for (int64_t job = blockIdx.x; job < jobs; job += gridDim.x) {
    const Division block = divide(job, across), at = divide(block.quotient, cut.parts);
    const int64_t tile = block.remainder * blockDim.x * kWidth, channel = tile + threadIdx.x * kWidth;
    ColumnState<A, kWidth> state = {}, more = {};
    if (channel < channels) {
      A m[kWidth];
      load_of_groups(args.mean + at.quotient * norm.groups, channel, norm.width, args.vectors, m);
      const int64_t begin = at.remainder * cut.part, left = norm.rows - begin;
      const int64_t first = (at.quotient * norm.rows + begin) * channels + channel;
      in_batches<4>(threadIdx.y, left < cut.part ? left : cut.part, blockDim.y,
                    [&]<int kRows>(Times<kRows>, int64_t row) {
        Elements<kWidth, T> vx[kRows], vg[kRows], vv[kRows];
        for (int i = 0; i < kRows; ++i) {
          const int64_t place = first + (row + int64_t{i} * blockDim.y) * channels;
          vx[i] = load_elements<kWidth>(args.x + place);
          vg[i] = load_elements<kWidth>(args.dy + place);
          vv[i] = load_elements<kWidth>(args.v + place);
        }
        for (int i = 0; i < kRows; ++i) add_second<kWidth, T>(vx[i], vg[i], vv[i], m, state, more);
      });
    }
    const auto put = [&](int column, A, A sum, A product) {
      if (tile + column >= channels) return;
      const int64_t group = at.quotient * norm.groups + divide(tile + column, norm.width).quotient;
      args.sum_v[at.quotient * channels + tile + column] = sum;
      args.sum_vx[at.quotient * channels + tile + column] = product * args.rstd[group];
    };
    const auto put_more = [&](int column, A, A sum, A) {
      if (tile + column < channels) args.sum_gv[at.quotient * channels + tile + column] = sum;
    };
    if (cut.parts == 1) {
      merge_columns(op, state, put);
      merge_columns(op, more, put_more);
      continue;
    }
    const auto leave = [&](A* parts) {
      return [=](int column, A, A sum, A product) {
        if (tile + column >= channels) return;
        A* to = parts + block.quotient * 2 * channels + tile + column;
        to[0] = sum;
        to[channels] = product;
      };
    };
    merge_columns(op, state, leave(args.parts));
    merge_columns(op, more, leave(args.more_parts));
    if (!last_to_arrive(args.arrivals + at.quotient * across + block.remainder, cut.parts,
                        shared<ColumnMerge<A, kWidth>>().last))
      continue;
    const auto all_of = [&](const A* parts) {
      if (channel >= channels) return ColumnState<A, kWidth>{};
      return merge_parts_of<kWidth>(op, parts + at.quotient * cut.parts * 2 * channels + channel, cut.parts,
                                    cut.part, norm.rows, channels);
    };
    merge_columns(op, all_of(args.parts), put);
    merge_columns(op, all_of(args.more_parts), put_more);
  }
}

// width = 1: a statistic is a channel.
template <int kWidth, class T>
__global__ void channel_second_kernel(Norm norm, SecondArguments<T> args, RowChunks cut, int64_t across) {
  using A = Accumulator<T>;
  const A share = A(1) / static_cast<A>(norm.rows);
  const int64_t channels = norm.groups, jobs = norm.outer * cut.chunks * across;
  for (int64_t job = blockIdx.x; job < jobs; job += gridDim.x) {
    const Division block = divide(job, across), at = divide(block.quotient, cut.chunks);
    const int64_t outer = at.quotient, channel = (block.remainder * blockDim.x + threadIdx.x) * kWidth;
    if (channel >= channels) continue;
    const int64_t own = outer * channels + channel, affine = outer * norm.affine_stride + channel;
    A mean[kWidth], p[kWidth], q[kWidth], s[kWidth], i[kWidth], j[kWidth], n[kWidth];
    load_numbers(args.mean + own, args.vectors, mean);
    {
      A rstd[kWidth], u[kWidth], dgamma[kWidth], dbeta[kWidth], v[kWidth], vx[kWidth], gv[kWidth];
      for (int c = 0; c < kWidth; ++c) p[c] = 1, u[c] = 0, s[c] = 0;
      if (args.gamma) load_numbers(args.gamma + affine, args.vectors, p);
      if (args.u) load_numbers(args.u + affine, args.vectors, u);
      if (args.w) load_numbers(args.w + affine, args.vectors, s);
      load_numbers(args.rstd + own, args.vectors, rstd);
      load_numbers(args.dgamma + own, args.vectors, dgamma);
      load_numbers(args.dbeta + own, args.vectors, dbeta);
      load_numbers(args.sum_v + own, args.vectors, v);
      load_numbers(args.sum_vx + own, args.vectors, vx);
      load_numbers(args.sum_gv + own, args.vectors, gv);
#pragma unroll
      for (int c = 0; c < kWidth; ++c) {
        const auto means = means_of(norm.centred, share, p[c], u[c], dgamma[c], dbeta[c], v[c], vx[c], gv[c]);
        const auto by = SecondCoefficients<A>::of(SecondShared<A>::of(rstd[c], means), p[c], u[c], s[c]);
        if (args.to_gamma && at.remainder == 0 && threadIdx.y == 0)
          args.to_gamma[own + c] = rstd[c] * (gv[c] - means.c * dbeta[c] - means.d * dgamma[c]);
        p[c] = by.p, q[c] = by.q, s[c] = by.s;
        i[c] = by.i, j[c] = by.j, n[c] = by.n;
      }
    }
    const int64_t begin = at.remainder * cut.chunk, left = norm.rows - begin;
    const int64_t first = (outer * norm.rows + begin) * channels + channel;
    in_batches<2>(threadIdx.y, left < cut.chunk ? left : cut.chunk, blockDim.y,
                  [&]<int kRows>(Times<kRows>, int64_t row) {
      Elements<kWidth, T> vx[kRows], vg[kRows], vv[kRows];
      for (int k = 0; k < kRows; ++k) {
        const int64_t place = first + (row + int64_t{k} * blockDim.y) * channels;
        vx[k] = load_elements<kWidth>(args.x + place);
        vg[k] = load_elements<kWidth>(args.dy + place);
        vv[k] = load_elements<kWidth>(args.v + place);
      }
      for (int k = 0; k < kRows; ++k) {
        const int64_t place = first + (row + int64_t{k} * blockDim.y) * channels;
        apply_second<kWidth, T>(vx[k], vg[k], vv[k], mean, p, q, s, i, j, n);
        if (args.to_dy) store_elements<kWidth>(args.to_dy + place, vg[k]);
        if (args.to_x) store_elements<kWidth>(args.to_x + place, vx[k]);
      }
    });
  }
}

// width > 1: kLanes threads own part of an (outer, group), rows x width elements in packs of kWidth.
template <int kLanes, int kWidth, class T>
__global__ void group_second_kernel(Norm norm, SecondArguments<T> args, int64_t part, int64_t parts) {
  using A = Accumulator<T>;
  constexpr int kOwners = kThreads / kLanes;
  const SecondMeansSum<A> op;
  const int lane = threadIdx.x % kLanes;
  const int64_t channels = norm.groups * norm.width, jobs = norm.outer * norm.groups * parts;
  const A share = A(1) / static_cast<A>(norm.rows * norm.width);
  for (int64_t first = int64_t{blockIdx.x} * kOwners; first < jobs; first += int64_t{gridDim.x} * kOwners) {
    const int64_t job = first + threadIdx.x / kLanes;
    const Division cut = divide(job, parts), at = divide(cut.quotient, norm.groups);
    const int64_t outer = at.quotient, base = at.remainder * norm.width;  // the group's first channel
    const int64_t own = outer * channels + base, affine = outer * norm.affine_stride + base;
    const auto gamma = [&](int64_t c) { return args.gamma ? args.gamma[affine + c] : A(1); };
    const auto u = [&](int64_t c) { return args.u ? args.u[affine + c] : A(0); };
    SecondMeans<A> means = op.empty();
    if (job < jobs) {
      for (int64_t c = lane; c < norm.width; c += kLanes)
        means = op.merge(means, means_of(norm.centred, share, gamma(c), u(c), args.dgamma[own + c],
                                         args.dbeta[own + c], args.sum_v[own + c], args.sum_vx[own + c],
                                         args.sum_gv[own + c]));
    }
    means = merge_lanes<kLanes>(op, means);
    if (job >= jobs) continue;
    const A mean = args.mean[cut.quotient];
    const auto of = SecondShared<A>::of(args.rstd[cut.quotient], means);
    if (args.to_gamma && cut.remainder == 0) {
      for (int64_t c = lane; c < norm.width; c += kLanes)
        args.to_gamma[own + c] = of.r * (args.sum_gv[own + c] - means.c * args.dbeta[own + c] -
                                         means.d * args.dgamma[own + c]);
    }
    const int64_t length = norm.rows * norm.width, begin = cut.remainder * part;
    const int64_t end = begin + part < length ? begin + part : length;
    in_batches<2>(begin + lane * kWidth, end, kLanes * kWidth, [&]<int kPacks>(Times<kPacks>, int64_t e) {
      Elements<kWidth, T> vx[kPacks], vg[kPacks], vv[kPacks];
      int64_t place[kPacks], channel[kPacks];
#pragma unroll
      for (int k = 0; k < kPacks; ++k) {
        const Division where = divide(e + k * kLanes * kWidth, norm.width);
        channel[k] = where.remainder;
        place[k] = (outer * norm.rows + where.quotient) * channels + base + where.remainder;
        vx[k] = load_elements<kWidth>(args.x + place[k]);
        vg[k] = load_elements<kWidth>(args.dy + place[k]);
        vv[k] = load_elements<kWidth>(args.v + place[k]);
      }
#pragma unroll
      for (int k = 0; k < kPacks; ++k) {
#pragma unroll
        for (int c = 0; c < kWidth; ++c) {
          const A x = widen(vx[k][c]) - mean, g = widen(vg[k][c]), v = widen(vv[k][c]);
          const A scale = gamma(channel[k] + c), q = of.r * u(channel[k] + c) - scale * of.rd;
          const A w = args.w ? args.w[affine + channel[k] + c] : A(0);
          vg[k][c] = narrow<T>(scale * (of.r * v - of.rc) + q * x + w);
          vx[k][c] = narrow<T>(of.i * v + q * g + of.j * x + of.n);
        }
        if (args.to_dy) store_elements<kWidth>(args.to_dy + place[k], vg[k]);
        if (args.to_x) store_elements<kWidth>(args.to_x + place[k], vx[k]);
      }
    });
  }
}

template <int kWidth, class T>
void launch_sums(Stream stream, const Norm& norm, const SecondArguments<T>& args, const RowParts& cut) {
  const ColumnBlock block = column_block(norm.groups * norm.width, kWidth, cut.part);
  launch<ColumnMerge<Accumulator<T>, kWidth>>(sum_second_kernel<kWidth, T>,
                                              grid_of(norm.outer * cut.parts * block.across),
                                              dim3(block.threads_x, block.threads_y), stream, norm, args, cut,
                                              block.across);
}

template <int kWidth, class T>
void launch_channels(Stream stream, const Norm& norm, const SecondArguments<T>& args) {
  const ColumnBlock block = column_block(norm.groups, kWidth, norm.rows);
  const RowChunks cut = row_chunks(norm.outer, norm.rows, block);
  launch(channel_second_kernel<kWidth, T>, grid_of(norm.outer * cut.chunks * block.across),
         dim3(block.threads_x, block.threads_y), stream, norm, args, cut, block.across);
}

template <int kWidth, class T>
void launch_groups(Stream stream, const Norm& norm, const SecondArguments<T>& args) {
  const int64_t owners = norm.outer * norm.groups, length = norm.rows * norm.width;
  if (length <= 1024) {
    launch(group_second_kernel<32, kWidth, T>, grid_of(ceil_div<int64_t>(owners, kThreads / 32)), kThreads,
           stream, norm, args, length, int64_t{1});
    return;
  }
  // Every part reads all of the group's sums, so parts stay at least as long as eight times the width.
  const int64_t least = 8 * norm.width > 8192 ? 8 * norm.width : 8192;
  const int64_t parts = parts_for(owners, length, least);
  const int64_t part = ceil_div<int64_t>(ceil_div(length, parts), 8) * 8;
  launch<BlockShared<SecondMeans<Accumulator<T>>>>(group_second_kernel<kThreads, kWidth, T>,
                                                   grid_of(owners * parts), kThreads, stream, norm, args, part,
                                                   parts);
}

// Numbers of each of the three sums, so many that all start aligned.
int64_t sums_of(const Norm& norm) { return ceil_div<int64_t>(norm.outer * norm.groups * norm.width, 4) * 4; }

// The parts of two sums, the same.
int64_t numbers_of_parts(const Norm& norm, const RowParts& cut) {
  return cut.parts > 1 ? ceil_div<int64_t>(norm.outer * cut.parts * 2 * norm.groups * norm.width, 4) * 4 : 0;
}

}  // namespace

size_t norm_second_workspace(const Norm& norm) {
  const int64_t numbers = 3 * sums_of(norm) + 2 * numbers_of_parts(norm, row_parts(norm));
  return static_cast<size_t>(numbers) * (norm.dtype == DType::f64 ? 8 : 4);
}

void norm_second_gradient(Stream stream, const Norm& norm, const NormSecond& of, void* workspace) {
  const int64_t channels = norm.groups * norm.width;
  if (norm.outer * channels == 0 || resident_second_gradient(stream, norm, of)) return;
  dispatch_float(norm.dtype, "norm.second_gradient", [&]<class T>() {
    using A = Accumulator<T>;
    constexpr int kPack = Pack<T>::kSize;
    const RowParts cut = row_parts(norm);
    A *sums = static_cast<A*>(workspace), *parts = sums + 3 * sums_of(norm);
    SecondArguments<T> args{};
    args.x = static_cast<const T*>(of.x), args.dy = static_cast<const T*>(of.dy);
    args.v = static_cast<const T*>(of.v);
    args.mean = static_cast<const A*>(of.mean), args.rstd = static_cast<const A*>(of.rstd);
    args.gamma = static_cast<const A*>(of.gamma);
    args.u = static_cast<const A*>(of.u), args.w = static_cast<const A*>(of.w);
    args.dgamma = static_cast<const A*>(of.dgamma), args.dbeta = static_cast<const A*>(of.dbeta);
    args.sum_v = sums, args.sum_vx = sums + sums_of(norm), args.sum_gv = sums + 2 * sums_of(norm);
    args.parts = parts, args.more_parts = parts + numbers_of_parts(norm, cut);
    args.arrivals = cut.parts > 1 ? arrivals_of(stream) : nullptr;
    args.to_dy = static_cast<T*>(of.to_dy), args.to_x = static_cast<T*>(of.to_x);
    args.to_gamma = static_cast<A*>(of.to_gamma);
    args.vectors = true;
    for (const void* p : {of.mean, of.rstd, of.gamma, of.u, of.w, of.dgamma, of.dbeta})
      args.vectors = args.vectors && aligned(p, 16);
    const bool packs = aligned(of.x, 16) && aligned(of.dy, 16) && aligned(of.v, 16);
    const bool all = packs && aligned(of.to_dy, 16) && aligned(of.to_x, 16);
    if (packs && channels % kPack == 0) {
      launch_sums<kPack>(stream, norm, args, cut);
    } else {
      launch_sums<1>(stream, norm, args, cut);
    }
    if (norm.width == 1) {
      if (all && channels % kPack == 0) {
        launch_channels<kPack>(stream, norm, args);
      } else {
        launch_channels<1>(stream, norm, args);
      }
    } else if (all && norm.width % kPack == 0) {
      launch_groups<kPack>(stream, norm, args);
    } else {
      launch_groups<1>(stream, norm, args);
    }
  });
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
