// Attention forward: device/attention_tiles.h.
#include "kernels/device/attention_tiles.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void attend_output(Stream stream, const Attention& a, const void* q, const void* k, const void* v, void* o,
                   float* logsum) {
  attend<AttentionSum::output>(stream, a, q, k, nullptr, nullptr, v, o, logsum, nullptr, nullptr);
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
