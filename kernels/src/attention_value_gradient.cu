// Gradient of attention in its values: device/attention_tiles.h.
#include "kernels/device/attention_tiles.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void attend_value_gradient(Stream stream, const Attention& a, const void* q, const void* k, const void* g,
                           void* dv, const float* logsum) {
  attend<AttentionSum::value_gradient>(stream, a, k, q, nullptr, nullptr, g, dv, nullptr, logsum, nullptr);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
