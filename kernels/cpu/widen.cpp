#include "kernels/cpu/widen.h"

#include "kernels/cpu/number.h"
#include "kernels/cpu/parallel.h"

namespace ganymede::kernels::cpu {

bool is_widened(DType dtype) { return dtype == DType::bf16 && !has_avx512(); }

const float* widened(const void* bf16, int64_t count, Scratch slot) {
  const Bf16* const from = static_cast<const Bf16*>(bf16);
  float* const to = static_cast<float*>(onednn_scratch(slot, count * sizeof(float)));
  parallel_elements(count, kCheapGrain, [=](int64_t begin, int64_t end) {
#pragma omp simd
    for (int64_t i = begin; i < end; ++i) to[i] = to_float(from[i]);
  });
  return to;
}

float* wide_result(int64_t count) { return static_cast<float*>(onednn_scratch(Scratch::wide_result, count * sizeof(float))); }

}  // namespace ganymede::kernels::cpu
