// The traced library's table: the families that `ganymede kernels run` offers.
#include "kernels/device/families.h"
#include "kernels/simt/trace.h"

namespace ganymede::kernels::sim::tracing {

const Kernels& table() {
  static const Kernels some = [] {
    Kernels k{};
    k.device = device_kernels;
    k.conv2d = conv2d_kernels;
    k.gemm = gemm_kernels;
    k.reduce = reduce_kernels;
    k.norm = norm_kernels;
    k.optimizer = optimizer_kernels;
    k.resample = resample_kernels;
    k.softmax = softmax_kernels;
    k.attention = attention_kernels;
    return k;
  }();
  return some;
}

}  // namespace ganymede::kernels::sim::tracing
