// The attention family of this target: checks, and delta[i] = sum_e g[i,e] * o[i,e] by one warp a row, which
// the gradients share. The sums are those of device/flash.h where device/flash_plan.h says that they serve (bf16, and tf32 of few
// columns), else of device/attention_tiles.h; or of the twins for sm_90a (device/flash_twin.h) where somebody prefers them.
#include "kernels/device/attention_tiles.h"
#include "kernels/device/families.h"
#include "kernels/device/flash_plan.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <class T>
__global__ void __launch_bounds__(256)
    dot_rows_kernel(const T* g, const T* o, float* delta, int64_t rows, int width) {
  const int64_t warps = item_stride() / 32;
  for (int64_t row = first_item() / 32; row < rows; row += warps) {
    float sum = 0;
    for (int e = simt::lane(); e < width; e += 32)
      sum += widen(g[row * width + e]) * widen(o[row * width + e]);
    sum = warp_sum(sum);
    if (simt::lane() == 0) delta[row] = sum;
  }
}

namespace {

void check_attention(const Attention& a) {
  if (a.dtype != DType::f32 && a.dtype != DType::bf16) {
    throw std::runtime_error("attention: only f32 and bf16 run on this device");
  }
  if (a.depth < 1 || a.keys < 1) {
    throw std::runtime_error("attention: depth " + std::to_string(a.depth) + " and keys " +
                             std::to_string(a.keys) + " must both be at least 1");
  }
  const int64_t longest = a.queries > a.keys ? a.queries : a.keys,
                widest = a.depth > a.width ? a.depth : a.width;
  if (longest * widest > kMaxElements) {
    throw std::runtime_error("attention: " + std::to_string(longest) + " positions of " +
                             std::to_string(widest) + " are more than " + std::to_string(kMaxElements) +
                             " elements");
  }
}

void forward(Stream stream, const Attention& a, const void* q, const void* k, const void* v, void* o,
             void* logsum, void*) {
  check_attention(a);
  auto* sums = static_cast<float*>(logsum);
  if (takes_twin(AttentionRole::forward, a) && flash_output_twin(stream, a, q, k, v, o, sums)) return;
  if (flash_serves_forward(a)) flash_output(stream, a, q, k, v, o, sums);
  else attend_output(stream, a, q, k, v, o, sums);
}

void gradient(Stream stream, const Attention& a, const void* q, const void* k, const void* v, const void* o,
              const void* logsum, const void* g, void* dq, void* dk, void* dv, void* workspace) {
  check_attention(a);
  const auto* sums = static_cast<const float*>(logsum);
  if (flash_serves_gradient(a)) {
    auto* statistics = static_cast<FlashStatistics*>(workspace);
    flash_statistics(stream, a, g, o, sums, statistics);
    if (dq && !(takes_twin(AttentionRole::query_gradient, a) && flash_query_gradient_twin(stream, a, q, k, v, g, statistics, dq)))
      flash_query_gradient(stream, a, q, k, v, g, statistics, dq);
    if ((dk || dv) && !(takes_twin(AttentionRole::key_gradient, a) && flash_key_gradient_twin(stream, a, q, k, v, g, statistics, dk, dv)))
      flash_key_gradient(stream, a, q, k, v, g, statistics, dk, dv);
    return;
  }
  auto* delta = static_cast<float*>(workspace);
  const int64_t rows = int64_t{a.batch} * a.queries;
  if (dq || dk) {
    with_number(a.dtype, a.math, [&](auto, auto element) {
      using T = decltype(element);
      launch(dot_rows_kernel<T>, dim3(blocks_for(rows * 32)), dim3(256), stream, static_cast<const T*>(g),
             static_cast<const T*>(o), delta, rows, a.width);
    });
  }
  if (dq) attend_query_gradient(stream, a, q, k, v, g, dq, sums, delta);
  if (dk) attend_key_gradient(stream, a, q, k, v, g, dk, sums, delta);
  if (dv) attend_value_gradient(stream, a, q, k, g, dv, sums);
}

size_t workspace_bytes(const Attention& a) {
  if (flash_serves_gradient(a)) return sizeof(FlashStatistics) * a.batch * flash_statistics_count(a.queries);
  return sizeof(float) * a.batch * a.queries;
}

}  // namespace

const AttentionKernels attention_kernels = {forward, gradient, workspace_bytes};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
