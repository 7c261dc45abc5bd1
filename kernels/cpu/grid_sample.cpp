// Sampling an image at given places, and its gradients (kernels/api/grid_sample.h). A place reads up to four
// pixels; the weight of each is a product of one factor for its row and one for its column, and derivatives
// replace a factor by its slope.
#include <vector>

#include "kernels/cpu/columns.h"
#include "kernels/cpu/families.h"

namespace ganymede::kernels::cpu {
namespace {

// Along one axis: the two pixels next to the place, their weights, and the slopes of these by the grid's
// coordinate.
template <typename C>
struct Line {
  int64_t pixel[2];
  C weight[2], slope[2];
};

// The place that coordinate g in [-1, 1] means on an axis of `size` pixels, and its derivative by g.
template <typename C>
void place(const GridSample& p, int64_t size, C g, C& at, C& derivative) {
  const C length = static_cast<C>(size);
  derivative = (p.align_corners ? length - 1 : length) / 2;
  at = p.align_corners ? (g + 1) / 2 * (length - 1) : ((g + 1) * length - 1) / 2;
  if (p.border == SampleBorder::reflect) {
    const C low = p.align_corners ? C(0) : C(-0.5), span = p.align_corners ? length - 1 : length;
    if (span == 0) {
      at = 0;
      derivative = 0;
    } else {
      const C distance = std::fabs(at - low), flips = std::floor(distance / span),
              rest = std::fmod(distance, span);
      const bool back = std::fmod(flips, C(2)) != 0;
      if (at < low) derivative = -derivative;
      if (back) derivative = -derivative;
      at = low + (back ? span - rest : rest);
    }
  }
  if (p.border != SampleBorder::zeros) {  // reflection about the outer edges too leaves half a pixel to clamp
    if (at <= 0 || at >= length - 1) derivative = 0;
    at = at > 0 ? (at < length - 1 ? at : length - 1) : C(0);
  }
  at = at > -2 ? (at < length + 1 ? at : length + 1) : C(-2);  // far away is nothing, and so is NaN
}

template <typename C>
Line<C> line_at(const GridSample& p, int64_t size, C g) {
  C at, derivative;
  place(p, size, g, at, derivative);
  Line<C> line;
  if (p.mode == SampleMode::nearest) {
    line = {{static_cast<int64_t>(std::nearbyint(at)), -1}, {1, 0}, {0, 0}};
  } else {
    const C base = std::floor(at), fraction = at - base;
    const int64_t first = static_cast<int64_t>(base);
    line = {{first, first + 1}, {1 - fraction, fraction}, {-derivative, derivative}};
  }
  for (int k = 0; k < 2; ++k) {
    if (line.pixel[k] < 0 || line.pixel[k] >= size) line.pixel[k] = -1;
  }
  return line;
}

// The up to four pixels of one place: their offsets in the picture (elements), and rows and columns in `rows`
// and `columns`.
template <typename C>
struct Taps {
  Line<C> rows, columns;
  int count = 0;
  int64_t offset[4];
  int row[4], column[4];

  Taps(const GridSample& p, const C* grid)
      : rows(line_at(p, p.h, grid[1])), columns(line_at(p, p.w, grid[0])) {
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) {
        if (rows.pixel[i] < 0 || columns.pixel[j] < 0) continue;
        offset[count] = (rows.pixel[i] * p.w + columns.pixel[j]) * p.c;
        row[count] = i;
        column[count] = j;
        ++count;
      }
    }
  }
  // Of tap k in S, or in J along direction (x, y).
  C weight(int k, const C* direction) const {
    const int i = row[k], j = column[k];
    if (!direction) return rows.weight[i] * columns.weight[j];
    return direction[0] * rows.weight[i] * columns.slope[j] +
           direction[1] * rows.slope[i] * columns.weight[j];
  }
};

template <typename T, typename C = Compute<T>>
void sample_of(const GridSample& p, const T* x, const C* grid, const C* direction, T* y) {
  const int64_t places = p.p * p.q;
  parallel_ranges(p.n * places, p.n * places * p.c * 4, kCheapGrain, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const T* picture = x + index / places * p.h * p.w * p.c;
      const Taps<C> taps(p, grid + 2 * index);
      for (int64_t first = 0; first < p.c; first += kTile) {
        const int64_t size = std::min(kTile, p.c - first);
        C sums[kTile];
        std::fill_n(sums, size, C(0));
        for (int k = 0; k < taps.count; ++k) {
          const C weight = taps.weight(k, direction ? direction + 2 * index : nullptr);
          const T* from = picture + taps.offset[k] + first;
#pragma omp simd
          for (int64_t c = 0; c < size; ++c) sums[c] += weight * load(from[c]);
        }
        T* to = y + index * p.c + first;
#pragma omp simd
        for (int64_t c = 0; c < size; ++c) to[c] = store<T>(sums[c]);
      }
    }
  });
}

// Tasks own channels of one picture, so that each adds its places in order. bf16 is summed in f32 in the
// workspace.
template <typename T, typename C = Compute<T>>
void data_gradient_of(const GridSample& p, const T* dy, const C* grid, const C* direction, T* dx,
                      C* workspace) {
  const int64_t places = p.p * p.q, picture = p.h * p.w * p.c, blocks = ceil_div(p.c, 16);
  C* sums = nullptr;
  if constexpr (std::is_same_v<T, C>) {
    sums = dx;
  } else {
    sums = workspace;
  }
  parallel_ranges(p.n * blocks, p.n * (places + p.h * p.w) * p.c, kCheapGrain,
                  [&](int64_t begin, int64_t end) {
                    while (begin < end) {  // the blocks of one picture that lie side by side go together
                      const int64_t n = begin / blocks, last_block = std::min(end - n * blocks, blocks);
                      const int64_t first = begin % blocks * 16, last = std::min(last_block * 16, p.c);
                      C* to = sums + n * picture;
                      for (int64_t pixel = 0; pixel < p.h * p.w; ++pixel)
                        std::fill(to + pixel * p.c + first, to + pixel * p.c + last, C(0));
                      for (int64_t index = n * places; index < (n + 1) * places; ++index) {
                        const Taps<C> taps(p, grid + 2 * index);
                        const T* from = dy + index * p.c;
                        for (int k = 0; k < taps.count; ++k) {
                          const C weight = taps.weight(k, direction ? direction + 2 * index : nullptr);
                          C* target = to + taps.offset[k];
#pragma omp simd
                          for (int64_t c = first; c < last; ++c) target[c] += weight * load(from[c]);
                        }
                      }
                      begin = n * blocks + last_block;
                    }
                  });
  if constexpr (!std::is_same_v<T, C>) {
    parallel_elements(p.n * picture, kCheapGrain, [&](int64_t begin, int64_t end) {
#pragma omp simd
      for (int64_t i = begin; i < end; ++i) dx[i] = store<T>(sums[i]);
    });
  }
}

// With d(i, j) = <dy, x[i, j]> over the channels:
//   by S       dgx = sum wy(i) sx(j) d,            dgy = sum sy(i) wx(j) d
//   by J       dgx = vy sum sy(i) sx(j) d,         dgy = vx sum sy(i) sx(j) d
template <typename T, typename C = Compute<T>>
void grid_gradient_of(const GridSample& p, const T* x, const T* dy, const C* grid, const C* direction,
                      C* dgrid) {
  const int64_t places = p.p * p.q;
  parallel_ranges(p.n * places, p.n * places * p.c * 4, kCheapGrain, [&](int64_t begin, int64_t end) {
    for (int64_t index = begin; index < end; ++index) {
      const T *picture = x + index / places * p.h * p.w * p.c, *gradient = dy + index * p.c;
      const Taps<C> taps(p, grid + 2 * index);
      C by_x = 0, by_y = 0;
      for (int k = 0; k < taps.count; ++k) {
        const T* from = picture + taps.offset[k];
        const C dot = sum_line<Add, C>(p.c, [=](int64_t c) { return load(gradient[c]) * load(from[c]); });
        const int i = taps.row[k], j = taps.column[k];
        if (direction) {
          const C cross = taps.rows.slope[i] * taps.columns.slope[j] * dot;
          by_x += direction[2 * index + 1] * cross;
          by_y += direction[2 * index] * cross;
        } else {
          by_x += taps.rows.weight[i] * taps.columns.slope[j] * dot;
          by_y += taps.rows.slope[i] * taps.columns.weight[j] * dot;
        }
      }
      dgrid[2 * index] = by_x;
      dgrid[2 * index + 1] = by_y;
    }
  });
}

void sample(Stream, const GridSample& p, const void* x, const void* grid, const void* direction, void* y) {
  with_float_type(p.dtype, "grid sample", [&](auto type) {
    using T = decltype(type);
    using C = Compute<T>;
    sample_of<T>(p, static_cast<const T*>(x), static_cast<const C*>(grid), static_cast<const C*>(direction),
                 static_cast<T*>(y));
  });
}

void data_gradient(Stream, const GridSample& p, const void* dy, const void* grid, const void* direction,
                   void* dx, void* workspace) {
  with_float_type(p.dtype, "grid sample data_gradient", [&](auto type) {
    using T = decltype(type);
    using C = Compute<T>;
    data_gradient_of<T>(p, static_cast<const T*>(dy), static_cast<const C*>(grid),
                        static_cast<const C*>(direction), static_cast<T*>(dx), static_cast<C*>(workspace));
  });
}

size_t workspace_bytes(const GridSample& p) {
  return p.dtype == DType::bf16 ? p.n * p.h * p.w * p.c * sizeof(float) : 0;
}

void grid_gradient(Stream, const GridSample& p, const void* x, const void* dy, const void* grid,
                   const void* direction, void* dgrid) {
  with_float_type(p.dtype, "grid sample grid_gradient", [&](auto type) {
    using T = decltype(type);
    using C = Compute<T>;
    grid_gradient_of<T>(p, static_cast<const T*>(x), static_cast<const T*>(dy), static_cast<const C*>(grid),
                        static_cast<const C*>(direction), static_cast<C*>(dgrid));
  });
}

}  // namespace

const GridSampleKernels grid_sample_kernels = {sample, data_gradient, workspace_bytes, grid_gradient};

}  // namespace ganymede::kernels::cpu
