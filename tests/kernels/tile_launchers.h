// The launchers of kernels/device/conv_launch.h of one target behind plain types, so that a test can run every tile
// of the simulator's kernels and of the GPU's: their own types differ by target.
#pragma once
#include <cstdint>

#include "kernels/api/conv2d.h"
#include "kernels/api/gemm.h"

namespace ganymede::kernels {

// tile: a TileName of kernels/device/tile_table.h.
struct TileLaunchers {
  void (*forward)(Stream, const Conv2d&, ImageIn x, const void* w, ImageOut y, const Epilogue&, int tile, int parts);
  void (*data_gradient)(Stream, const Conv2d&, ImageIn dy, const void* w, ImageOut dx, const Epilogue&, void* workspace, int tile,
                        int parts);
  void (*weight_gradient)(Stream, const Conv2d&, ImageIn x, ImageIn dy, void* dw, void* workspace, int tile,
                          int parts);
  void (*multiply)(Stream, const Gemm&, const void* a, const void* b, void* c, const Epilogue&, int tile, int parts);
};

namespace sim { const TileLaunchers& tile_launchers(); }
namespace cuda { const TileLaunchers& tile_launchers(); }

}  // namespace ganymede::kernels
