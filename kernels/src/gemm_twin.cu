// The twin of matrix products for sm_90a (bf16; tf32 where both operands lie along k):
//   c[z, i, j] = f(bias[j] + residual[z, i, j] + sum over k of op(a)[z, i, k] * op(b)[z, j, k])
// A block takes tiles of 128 rows x 64 to 256 columns, one after another (device/twin_multiply.h); operands come by TMA as they
// lie in memory, along k or along the rows or columns of c. Moves a once a tile column, b once a tile row (from L2 after the
// first), c once. Bound: tensor cores when m, n and k are in the hundreds, memory when one of them is small.
#include "kernels/device/conv_problem.h"
#include "kernels/device/gemm_plan.h"
#include "kernels/device/twin_multiply.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <Major kA, Major kB>
struct GemmTwin {
  static constexpr Major kMajorA = kA, kMajorB = kB;
  static constexpr bool kManyTiles = false;   // large products take the widest tile, which has no turns
  TensorMap a, b;
  int units, row_count, column_count, step_count;
  int line;                       // terms of a step
  bool shared_a, shared_b;        // one matrix for all of the batch
  Result c;

  struct Fetch {
    int row, column, a, b;
  };
  struct Output {
    int rows, column_count;
    const Result& result;
    StridedRows map;
    __device__ ColumnRun columns(int column) const { return {column_count - column, column}; }
  };
  __device__ int rows(int) const { return row_count; }
  __device__ int steps(int) const { return step_count; }
  __device__ Output output(int unit) const {
    return {row_count, column_count, c, {column_count, static_cast<int64_t>(unit) * row_count * column_count}};
  }
  __device__ Fetch fetch(int unit, int row, int column) const { return {row, column, shared_a ? 0 : unit, shared_b ? 0 : unit}; }
  __device__ void prefetch() const {
#if GANYMEDE_HOPPER_CODE
    simt::tma_prefetch(a);
    simt::tma_prefetch(b);
#endif
  }
  template <int kN>
  __device__ void load(const Fetch& at, int step, unsigned char* to_a, unsigned char* to_b, simt::Mbarrier& full) const {
#if GANYMEDE_HOPPER_CODE
    const int k = step * line;
    if constexpr (kA == Major::k) {
      simt::tma_load_tile(to_a, a, {k, at.row, at.a}, full);
    } else {
#pragma unroll
      for (int block = 0; block < 2; ++block) simt::tma_load_tile(to_a + block * kTwinBlock, a, {at.row + 64 * block, k, at.a}, full);
    }
    if constexpr (kB == Major::k) {
      simt::tma_load_tile(to_b, b, {k, at.column, at.b}, full);
    } else {
#pragma unroll
      for (int block = 0; block < kN / 64; ++block) simt::tma_load_tile(to_b + block * kTwinBlock, b, {at.column + 64 * block, k, at.b}, full);
    }
#endif
  }
};

namespace {

// Of matrices [lines, length] of a batch; stride: elements between them, 0 where there is one. A box: `count` lines of 128 bytes.
template <class Number>
MapSpec matrix_map(const void* data, int64_t length, int64_t lines, int64_t batch, int64_t stride, int count) {
  constexpr uint64_t kBytes = TwinNumber<Number>::kBytes;
  MapSpec map;
  map.element = TwinNumber<Number>::kElement;
  map.data = data;
  map.rank = 3;
  map.size[0] = uint64_t(length);
  map.size[1] = uint64_t(lines);
  map.size[2] = stride ? uint64_t(batch) : 1;
  map.stride[0] = uint64_t(length) * kBytes;
  map.stride[1] = (stride ? uint64_t(stride) : uint64_t(length * lines)) * kBytes;
  map.box[0] = static_cast<uint32_t>(128 / kBytes);
  map.box[1] = static_cast<uint32_t>(count);
  map.box[2] = 1;
  return map;
}

template <class Number, Major kA, Major kB>
void multiply(Stream stream, const Gemm& g, const void* a, const void* b, void* c, const Epilogue& epilogue, TilePlan plan) {
  GemmTwin<kA, kB> problem;
  problem.units = g.batch;
  problem.row_count = g.m;
  problem.column_count = g.n;
  problem.line = 128 / TwinNumber<Number>::kBytes;
  problem.step_count = ceil_div(g.k, problem.line);
  problem.shared_a = g.stride_a == 0;
  problem.shared_b = g.stride_b == 0;
  problem.c = result_of(c, g.out == DType::bf16, g.n, epilogue);
  problem.a = make_map(kA == Major::k ? matrix_map<Number>(a, g.k, g.m, g.batch, g.stride_a, TwinWide::kM)
                                      : matrix_map<Number>(a, g.m, g.k, g.batch, g.stride_a, 64));
  with_twin_tile(plan.tile, [&]<class Tile>(Tile) {
    problem.b = make_map(kB == Major::k ? matrix_map<Number>(b, g.k, g.n, g.batch, g.stride_b, Tile::kN)
                                        : matrix_map<Number>(b, g.n, g.k, g.batch, g.stride_b, 64));
    launch_twin<Number, Tile>(stream, problem, g.m, g.n, plan.parts < problem.step_count ? plan.parts : problem.step_count);
  });
}

}  // namespace

bool multiply_twin(Stream stream, const Gemm& g, const void* a, const void* b, void* c, const Epilogue& epilogue, TilePlan plan) {
  require_twin(gemm_has_twin(g), "gemm");
  if (!aligned(a, 16) || !aligned(b, 16)) return false;
  constexpr Major k = Major::k, mn = Major::mn;
  if (g.dtype == DType::f32) multiply<MmaTf32, k, k>(stream, g, a, b, c, epilogue, plan);
  else if (g.transpose_a && g.transpose_b) multiply<MmaBf16, mn, k>(stream, g, a, b, c, epilogue, plan);
  else if (g.transpose_a) multiply<MmaBf16, mn, mn>(stream, g, a, b, c, epilogue, plan);
  else if (g.transpose_b) multiply<MmaBf16, k, k>(stream, g, a, b, c, epilogue, plan);
  else multiply<MmaBf16, k, mn>(stream, g, a, b, c, epilogue, plan);
  return true;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
