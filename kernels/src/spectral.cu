// Spectral normalisation of all the weights of a network in one cooperative launch: v = W'u / |W'u|, u = Wv / |Wv|,
// sigma = u'Wv, y = W / sigma. A product is cut into jobs of a block: along stored rows a warp owns one row, along
// stored columns 32 x 8 threads own 32 columns. Between the products the grid meets and one block a weight
// normalises its vector. Reads every weight three times, from L2 where the network fits, and writes it once: bound by
// memory and five grid barriers.
#include "kernels/device/dispatch.h"
#include "kernels/device/families.h"
#include "kernels/device/grid.h"
#include "kernels/device/math.h"
#include "kernels/device/reduce.h"

#include "kernels/api/spectral.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int kMaxMatrices = 40;  // of a launch; a larger network takes several
constexpr int kColumns = 32, kWarps = kThreads / 32;

template <class A>
struct Matrix {
  const A* w;
  A *u, *v, *sigma, *y;
  A *raw_u, *raw_v;   // products before they are normalised
  int rows, columns;  // as stored
  bool transposed;
};

template <class A>
struct MatrixTable {
  int count;
  int first_row_job[kMaxMatrices + 1], first_column_job[kMaxMatrices + 1];
  Matrix<A> matrix[kMaxMatrices];
};
static_assert(sizeof(MatrixTable<double>) < 4000, "arguments must fit in 4 KB");

template <class A>
struct Shared {
  A part[kWarps][kColumns + 1];
  BlockReduce<A> reduce;
};

// y = W'u (to_v) or y = Wv of every matrix, unnormalised. along_rows picks the matrices whose product runs
// along stored rows.
template <class A>
__device__ void multiply_all(const MatrixTable<A>& table, bool to_v) {
  auto& s = shared<Shared<A>>();
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int index = 0; index < table.count; ++index) {
    const Matrix<A>& m = table.matrix[index];
    const A* x = to_v ? m.u : m.v;
    A* y = to_v ? m.raw_v : m.raw_u;
    // Jobs of successive matrices start at successive blocks, so that small matrices do not all fall to the
    // first.
    if (m.transposed == to_v) {
      const int jobs = ceil_div(m.rows, kWarps), start = table.first_row_job[index] % gridDim.x;
      for (int job = (blockIdx.x + gridDim.x - start) % gridDim.x; job < jobs; job += gridDim.x) {
        const int row = job * kWarps + warp;
        A sum = 0;
        for (int c = lane; row < m.rows && c < m.columns; c += 32)
          sum += m.w[int64_t{row} * m.columns + c] * x[c];
        sum = warp_sum(sum);
        if (lane == 0 && row < m.rows) y[row] = sum;
      }
    } else {
      const int jobs = ceil_div(m.columns, kColumns), start = table.first_column_job[index] % gridDim.x;
      for (int job = (blockIdx.x + gridDim.x - start) % gridDim.x; job < jobs; job += gridDim.x) {
        const int column = job * kColumns + lane;
        A sum = 0;
        for (int r = warp; r < m.rows && column < m.columns; r += kWarps)
          sum += m.w[int64_t{r} * m.columns + column] * x[r];
        s.part[warp][lane] = sum;
        simt::sync_threads();
        if (warp == 0 && column < m.columns) {
          for (int other = 1; other < kWarps; ++other) sum += s.part[other][lane];
          y[column] = sum;
        }
        simt::sync_threads();
      }
    }
  }
}

// out = raw / max(|raw|, eps), a block a matrix; for u also sigma = u . raw.
template <class A>
__device__ void normalise_all(const MatrixTable<A>& table, bool is_v, bool keep, A eps) {
  auto& s = shared<Shared<A>>();
  for (int index = blockIdx.x; index < table.count; index += gridDim.x) {
    const Matrix<A>& m = table.matrix[index];
    const int size = is_v == m.transposed ? m.rows : m.columns;
    const A* raw = is_v ? m.raw_v : m.raw_u;
    A* out = is_v ? m.v : m.u;
    if (!keep) {
      A squares = 0;
      for (int i = threadIdx.x; i < size; i += kThreads) squares += raw[i] * raw[i];
      const A norm = math::sqrt(block_sum(squares, s.reduce));
      const A scale = A(1) / (norm > eps ? norm : eps);
      for (int i = threadIdx.x; i < size; i += kThreads) out[i] = raw[i] * scale;
    }
    if (is_v) continue;
    A product = 0;
    for (int i = threadIdx.x; i < size; i += kThreads) product += out[i] * raw[i];
    product = block_sum(product, s.reduce);
    if (threadIdx.x == 0) *m.sigma = product;
  }
}

template <class A>
__device__ void divide_all(const MatrixTable<A>& table) {
  for (int index = 0; index < table.count; ++index) {
    const Matrix<A>& m = table.matrix[index];
    const A sigma = *m.sigma;
    const int64_t size = int64_t{m.rows} * m.columns;
    for (int64_t i = first_item(); i < size; i += item_stride()) m.y[i] = m.w[i] / sigma;
  }
}

template <class A>
__global__ void spectral_normalise_kernel(const __grid_constant__ MatrixTable<A> table, int iterations, A eps) {
  for (int n = 0; n < iterations; ++n) {
    multiply_all(table, true);
    simt::grid_sync();
    normalise_all(table, true, false, eps);
    simt::grid_sync();
    multiply_all(table, false);
    simt::grid_sync();
    normalise_all(table, false, false, eps);
    simt::grid_sync();
  }
  if (iterations == 0) {
    multiply_all(table, false);
    simt::grid_sync();
    normalise_all(table, false, true, eps);
    simt::grid_sync();
  }
  divide_all(table);
}

template <class A>
void launch_normalise(Stream stream, const SpectralMatrix* matrices, int count, int iterations, double eps,
                      A* workspace) {
  for (int begin = 0; begin < count; begin += kMaxMatrices) {
    MatrixTable<A> table{};
    int64_t work = 0;
    for (; table.count < kMaxMatrices && begin + table.count < count; ++table.count) {
      const SpectralMatrix& from = matrices[begin + table.count];
      Matrix<A>& to = table.matrix[table.count];
      to = {static_cast<const A*>(from.w),
            static_cast<A*>(from.u),
            static_cast<A*>(from.v),
            static_cast<A*>(from.sigma),
            static_cast<A*>(from.y),
            workspace,
            workspace + from.rows,
            static_cast<int>(from.transposed ? from.columns : from.rows),
            static_cast<int>(from.transposed ? from.rows : from.columns),
            from.transposed};
      workspace += from.rows + from.columns;
      table.first_row_job[table.count + 1] = table.first_row_job[table.count] + ceil_div(to.rows, kWarps);
      table.first_column_job[table.count + 1] =
          table.first_column_job[table.count] + ceil_div(to.columns, kColumns);
      work += ceil_div(to.rows, kWarps) + ceil_div(to.columns, kColumns);
    }
    const int64_t most = simt::cooperative_blocks<Shared<A>>(spectral_normalise_kernel<A>, kThreads);
    launch_cooperative<Shared<A>>(spectral_normalise_kernel<A>, work < most ? work : most, kThreads, stream, table,
                                  iterations, static_cast<A>(eps));
  }
}

void check(DType dtype, const char* op) {
  if (dtype != DType::f32 && dtype != DType::f64)
    throw std::runtime_error(std::string(op) + ": dtype " + name(dtype) + "; f32 or f64 is needed");
}
size_t bytes_of(DType dtype) { return dtype == DType::f64 ? sizeof(double) : sizeof(float); }

void normalise(Stream stream, DType dtype, const SpectralMatrix* matrices, int count, int iterations, double eps,
               void* workspace) {
  check(dtype, "spectral.normalise");
  if (dtype == DType::f32) {
    launch_normalise(stream, matrices, count, iterations, eps, static_cast<float*>(workspace));
  } else {
    launch_normalise(stream, matrices, count, iterations, eps, static_cast<double*>(workspace));
  }
}

size_t workspace_bytes(DType dtype, const SpectralMatrix* matrices, int count) {
  size_t elements = 0;
  for (int i = 0; i < count; ++i) elements += static_cast<size_t>(matrices[i].rows + matrices[i].columns);
  return elements * bytes_of(dtype);
}

// The gradient, also in one launch: <dy, W> of every weight in parts of kChunk elements, a block each; the grid meets;
// then every block adds up a weight's parts, in the same order as all others, and goes over its own elements once more,
// which are in its cache if anywhere. Reads W and dy and writes dw: bound by memory.
constexpr int kChunk = 8 * kThreads;

template <class A>
struct Gradient {
  const A *w, *dy;
  A* dw;
  const A *left, *right;  // of w as it is stored: dw = (dy - <dy, W / sigma> left right') / sigma
  const A* sigma;
  int rows, columns;
};

template <class A>
struct GradientTable {
  int count;
  int first_part[kMaxMatrices + 1];
  Gradient<A> gradient[kMaxMatrices];
  A* parts;
};
static_assert(sizeof(GradientTable<double>) < 4000, "arguments must fit in 4 KB");

template <class A>
struct GradientShared {
  BlockReduce<A> reduce;
};

// f(matrix, its index, part, first element, end) for this block's parts.
template <class A, class F>
__device__ void for_parts(const GradientTable<A>& table, F f) {
  int index = 0;
  for (int part = blockIdx.x; part < table.first_part[table.count]; part += gridDim.x) {
    while (part >= table.first_part[index + 1]) ++index;
    const Gradient<A>& g = table.gradient[index];
    const int64_t size = int64_t{g.rows} * g.columns, begin = int64_t{part - table.first_part[index]} * kChunk;
    f(g, index, part, begin, begin + kChunk < size ? begin + kChunk : size);
  }
}

template <class A>
__global__ void spectral_gradient_kernel(const __grid_constant__ GradientTable<A> table) {
  auto& s = shared<GradientShared<A>>();
  for_parts(table, [&](const Gradient<A>& g, int, int part, int64_t begin, int64_t end) {
    A product = 0;
    for (int64_t i = begin + threadIdx.x; i < end; i += kThreads) product += g.dy[i] * g.w[i];
    product = block_sum(product, s.reduce);
    if (threadIdx.x == 0) table.parts[part] = product;
  });
  simt::grid_sync();
  int known = -1;  // the matrix whose sum is in `along`
  A along = 0;
  for_parts(table, [&](const Gradient<A>& g, int index, int, int64_t begin, int64_t end) {
    const A sigma = *g.sigma;
    if (known != index) {
      A sum = 0;
      for (int part = table.first_part[index] + threadIdx.x; part < table.first_part[index + 1]; part += kThreads)
        sum += table.parts[part];
      along = block_sum(sum, s.reduce) / sigma;
      known = index;
    }
    for (int64_t i = begin + threadIdx.x; i < end; i += kThreads) {
      const auto [row, column] = divide(i, g.columns);
      g.dw[i] = (g.dy[i] - along * g.left[row] * g.right[column]) / sigma;
    }
  });
}

template <class A>
void launch_gradient(Stream stream, const SpectralGradient* matrices, int count, A* workspace) {
  for (int begin = 0; begin < count; begin += kMaxMatrices) {
    GradientTable<A> table{};
    for (; table.count < kMaxMatrices && begin + table.count < count; ++table.count) {
      const SpectralGradient& from = matrices[begin + table.count];
      const SpectralMatrix& m = from.of;
      const A *u = static_cast<const A*>(m.u), *v = static_cast<const A*>(m.v);
      table.gradient[table.count] = {static_cast<const A*>(m.w),
                                     static_cast<const A*>(from.dy),
                                     static_cast<A*>(from.dw),
                                     m.transposed ? v : u,
                                     m.transposed ? u : v,
                                     static_cast<const A*>(m.sigma),
                                     static_cast<int>(m.transposed ? m.columns : m.rows),
                                     static_cast<int>(m.transposed ? m.rows : m.columns)};
      table.first_part[table.count + 1] =
          table.first_part[table.count] + static_cast<int>(ceil_div(m.rows * m.columns, int64_t{kChunk}));
    }
    const int parts = table.first_part[table.count];
    if (parts == 0) continue;
    table.parts = workspace;
    workspace += parts;
    const int64_t most = simt::cooperative_blocks<GradientShared<A>>(spectral_gradient_kernel<A>, kThreads);
    launch_cooperative<GradientShared<A>>(spectral_gradient_kernel<A>, parts < most ? parts : most, kThreads, stream, table);
  }
}

void gradient(Stream stream, DType dtype, const SpectralGradient* matrices, int count, void* workspace) {
  check(dtype, "spectral.gradient");
  if (dtype == DType::f32) {
    launch_gradient(stream, matrices, count, static_cast<float*>(workspace));
  } else {
    launch_gradient(stream, matrices, count, static_cast<double*>(workspace));
  }
}

size_t gradient_workspace(DType dtype, const SpectralGradient* matrices, int count) {
  size_t parts = 0;
  for (int i = 0; i < count; ++i)
    parts += static_cast<size_t>(ceil_div(matrices[i].of.rows * matrices[i].of.columns, int64_t{kChunk}));
  return parts * bytes_of(dtype);
}

}  // namespace

extern const SpectralKernels spectral_kernels = {normalise, workspace_bytes, gradient, gradient_workspace};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
