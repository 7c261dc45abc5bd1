// Power iteration for all the weights of a network in one cooperative launch: v = W'u / |W'u|, u = Wv / |Wv|,
// sigma = u'Wv. A product is cut into jobs of a block: along stored rows a warp owns one row, along stored
// columns 32 x 8 threads own 32 columns. Between the products the grid meets and one block a weight
// normalises its vector. Reads every weight twice an iteration, from L2 where the network fits: bound by
// memory and four grid barriers.
#include "kernels/device/dispatch.h"
#include "kernels/device/families.h"
#include "kernels/device/grid.h"
#include "kernels/device/math.h"
#include "kernels/device/reduce.h"

#include "kernels/api/spectral.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int kMaxMatrices = 48;  // of a launch; a larger network takes several
constexpr int kColumns = 32, kWarps = kThreads / 32;

template <class A>
struct Matrix {
  const A* w;
  A *u, *v, *sigma;
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
__global__ void iterate_power_kernel(const __grid_constant__ MatrixTable<A> table, int iterations, A eps) {
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
  }
}

template <class A>
void launch_iterations(Stream stream, const SpectralMatrix* matrices, int count, int iterations, double eps,
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
    const int64_t most = simt::cooperative_blocks<Shared<A>>(iterate_power_kernel<A>, kThreads);
    launch_cooperative<Shared<A>>(iterate_power_kernel<A>, work < most ? work : most, kThreads, stream, table,
                                  iterations, static_cast<A>(eps));
  }
}

void iterate_power(Stream stream, DType dtype, const SpectralMatrix* matrices, int count, int iterations,
                   double eps, void* workspace) {
  if (dtype == DType::f32) {
    launch_iterations(stream, matrices, count, iterations, eps, static_cast<float*>(workspace));
  } else if (dtype == DType::f64) {
    launch_iterations(stream, matrices, count, iterations, eps, static_cast<double*>(workspace));
  } else {
    throw std::runtime_error(std::string("spectral.power_iteration: dtype ") + name(dtype) +
                             "; f32 or f64 is needed");
  }
}

size_t workspace_bytes(DType dtype, const SpectralMatrix* matrices, int count) {
  size_t elements = 0;
  for (int i = 0; i < count; ++i) elements += static_cast<size_t>(matrices[i].rows + matrices[i].columns);
  return elements * (dtype == DType::f64 ? sizeof(double) : sizeof(float));
}

}  // namespace

extern const SpectralKernels spectral_kernels = {iterate_power, workspace_bytes};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
