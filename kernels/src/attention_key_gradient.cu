// Gradient of attention in its keys: device/attention_tiles.h.
#include "kernels/device/attention_tiles.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void attend_key_gradient(Stream stream, const Attention& a, const void* q, const void* k, const void* v,
                         const void* g, void* dk, const float* logsum, const float* delta) {
  attend<AttentionSum::key_gradient>(stream, a, k, q, v, g, q, dk, nullptr, logsum, delta);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
