// The five steps of one target, built by nvcc for cuda and (through a wrapper) by g++ for sim.
#include "bench/ladder/pipelined.cu"
#include "bench/ladder/plain.cu"
#include "bench/ladder/tensor_cores.cu"
#include "bench/ladder/tiled.cu"
#include "kernels/device/families.h"

namespace ganymede::kernels::GANYMEDE_TARGET {
namespace ladder {

// Step 5, the kernel that trains.
void convolve_production(Stream stream, const Conv2d& p, const Bf16* x, const Bf16* w, Bf16* y) {
  check(p);
  conv2d_kernels.forward(stream, p, x, {w, nullptr}, y, {nullptr, Unary::identity, 0}, nullptr);
}

}  // namespace ladder

const bench::LadderStep (&ladder_steps())[bench::kLadderSteps] {
  static const bench::LadderStep steps[] = {{"plain loop", "bench/ladder/plain.cu", ladder::convolve_plain},
                                            {"shared memory", "bench/ladder/tiled.cu", ladder::convolve_tiled},
                                            {"tensor cores", "bench/ladder/tensor_cores.cu", ladder::convolve_tensor_cores},
                                            {"pipelining", "bench/ladder/pipelined.cu", ladder::convolve_pipelined},
                                            {"production", "kernels/src/conv2d_forward.cu", ladder::convolve_production}};
  return steps;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
