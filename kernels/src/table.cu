// The table through which the engine reaches this target.
#include "kernels/device/families.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

const Kernels& table() {
  static const Kernels all{device_kernels,   conv2d_kernels, gemm_kernels,        elementwise_kernels, reduce_kernels,
                           norm_kernels,     random_kernels, optimizer_kernels,   resample_kernels,    max_pool_kernels,
                           softmax_kernels,  gather_kernels, grid_sample_kernels, spectral_kernels,
                           attention_kernels, loss_kernels};
  return all;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
