#include "bench/peers.h"

namespace ganymede::bench {

const std::vector<Peers>& peers() {
  static const std::vector<Peers> cpu{{"onednn", onednn_convolution, onednn_product, onednn_batch_norm}};
  static const std::vector<Peers> cuda{
#ifdef GANYMEDE_BENCH_CUDNN
      {"cudnn", cudnn_convolution, nullptr, cudnn_batch_norm},
#endif
#ifdef GANYMEDE_BENCH_CUBLAS
      {"cublas", nullptr, cublas_product, nullptr},
#endif
  };
  static const std::vector<Peers> none;
  return device().type == DeviceType::cpu ? cpu : device().type == DeviceType::cuda ? cuda : none;
}

double peer_product_rate(Rate rate) {
  const int size = product_size(rate);
  const auto dtype = rate == Rate::bf16 ? kernels::DType::bf16 : kernels::DType::f32;
  double best = 0;
  for (const Peers& p : peers()) {
    if (!p.product) continue;
    try {
      const Prepared product = p.product({1, size, size, size, false, true, 0, 0, dtype, dtype, rate == Rate::tf32 ? Math::tf32 : Math::f32});
      best = std::max(best, 2.0 * size * size * size / median_seconds(product));
    } catch (const NotOffered&) {
    }
  }
  return best;
}

}  // namespace ganymede::bench
