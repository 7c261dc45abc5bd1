// Compiled for the simulator here, and for the GPU by tile_launchers_cuda.cu.
#include "tests/kernels/tile_launchers.h"

#include "kernels/device/conv_launch.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

const TileLaunchers& tile_launchers() {
  static const auto plan = [](int tile, int parts) { return TilePlan{static_cast<TileName>(tile), parts}; };
  static const TileLaunchers all{
      [](Stream s, const Conv2d& p, ImageIn x, const void* w, ImageOut y, const Epilogue& e, int tile, int parts) {
        convolve_forward(s, p, x, w, y, e, plan(tile, parts));
      },
      [](Stream s, const Conv2d& p, ImageIn dy, const void* w, ImageOut dx, const Epilogue& e, void* workspace, int tile, int parts) {
        convolve_data_gradient(s, p, dy, w, dx, e, workspace, plan(tile, parts));
      },
      [](Stream s, const Conv2d& p, ImageIn x, ImageIn dy, void* dw, void* workspace, int tile, int parts) {
        convolve_weight_gradient(s, p, x, dy, dw, workspace, plan(tile, parts));
      },
      [](Stream s, const Gemm& g, const void* a, const void* b, void* c, const Epilogue& e, int tile, int parts) {
        multiply_matrices(s, g, a, b, c, e, plan(tile, parts));
      }};
  return all;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
