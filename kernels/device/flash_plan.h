// Which attention runs on the kernels of device/flash.h, and how its rows are dealt out. Pure functions of the problem, tested
// on the host. Any alignment; what does not fit is left to device/attention_tiles.h.
#pragma once
#include "kernels/api/attention.h"
#include "kernels/api/variants.h"
#include "kernels/device/grid.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

// What registers hold of operands in bf16 and in tf32, which takes twice as many. Forward cuts wide values into columns of 128;
// the gradients need whole rows of g and v.
constexpr bool flash_serves(const Attention& a, bool whole_rows) {
  const bool wide = whole_rows && a.width > 128;
  if (a.dtype == DType::bf16) return a.depth <= 128 && !wide;
  return a.dtype == DType::f32 && a.math == Math::tf32 && ((a.depth <= 32 && !wide) || (a.depth <= 64 && a.width <= 64));
}
constexpr bool flash_serves_forward(const Attention& a) { return flash_serves(a, false); }
constexpr bool flash_serves_gradient(const Attention& a) { return flash_serves(a, true); }

// Whether the twins for sm_90a (device/flash_twin.h) can compute it: rows of whole 16 bytes; forward, scores that grow with products;
// the gradient in keys and values, sums that registers hold.
constexpr bool flash_has_twin(AttentionRole role, const Attention& a) {
  const bool shape = a.dtype == DType::bf16 && a.batch >= 1 && a.queries >= 1 && a.width >= 1 && a.depth % 8 == 0 && a.depth <= 128 && a.width % 8 == 0 &&
                     a.width <= 128;
  if (role == AttentionRole::forward) return shape && a.scale >= 0;
  return shape && (role == AttentionRole::query_gradient || a.depth <= 64 || a.width <= 64);
}

// Whether a call takes it: only where somebody measured it and prefers it, or tests force it. src/variants.cu
bool takes_twin(AttentionRole role, const Attention& a);

// Whether a warp owns 32 rows, which halves what it reads from shared memory, instead of 16: where that still gives every
// multiprocessor two blocks. Every row is computed alike either way.
constexpr bool flash_rows_are_paired(int batch, int rows, int column_tiles, int multiprocessors) {
  return int64_t{batch} * ceil_div(rows, 128) * column_tiles >= int64_t{2} * multiprocessors;
}

// What the gradients need of each query.
struct alignas(8) FlashStatistics {
  float logsum;  // to the base 2
  float delta;   // g . o
};
// Those of one element of the batch: TMA wants it to begin at multiples of 16 bytes.
constexpr int flash_statistics_count(int queries) { return (queries + 1) / 2 * 2; }

// The launchers, for problems that they serve. src/attention_flash_*.cu
void flash_output(Stream stream, const Attention& a, const void* q, const void* k, const void* v, void* o, float* logsum);
void flash_statistics(Stream stream, const Attention& a, const void* g, const void* o, const float* logsum, FlashStatistics* statistics);
void flash_query_gradient(Stream stream, const Attention& a, const void* q, const void* k, const void* v, const void* g,
                          const FlashStatistics* statistics, void* dq);
// dk or dv may be null.
void flash_key_gradient(Stream stream, const Attention& a, const void* q, const void* k, const void* v, const void* g,
                        const FlashStatistics* statistics, void* dk, void* dv);

// The twins; false where addresses are not aligned to 16 bytes.
bool flash_output_twin(Stream stream, const Attention& a, const void* q, const void* k, const void* v, void* o, float* logsum);
bool flash_query_gradient_twin(Stream stream, const Attention& a, const void* q, const void* k, const void* v, const void* g,
                               const FlashStatistics* statistics, void* dq);
bool flash_key_gradient_twin(Stream stream, const Attention& a, const void* q, const void* k, const void* v, const void* g,
                             const FlashStatistics* statistics, void* dk, void* dv);

}  // namespace ganymede::kernels::GANYMEDE_TARGET
