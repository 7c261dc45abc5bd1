// Gradient of attention in its queries: device/attention_tiles.h.
#include "kernels/device/attention_tiles.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void attend_query_gradient(Stream stream, const Attention& a, const void* q, const void* k, const void* v,
                           const void* g, void* dq, const float* logsum, const float* delta) {
  attend<AttentionSum::query_gradient>(stream, a, q, k, g, v, k, dq, nullptr, logsum, delta);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
