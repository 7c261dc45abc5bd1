// The launchers with the tiles given, so that tests can run every one on small problems. The functions of
// Conv2dKernels and GemmKernels choose them and call these.
#pragma once
#include "kernels/api/conv2d.h"
#include "kernels/api/gemm.h"
#include "kernels/api/variants.h"
#include "kernels/device/tile_table.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void convolve_forward(Stream stream, const Conv2d& problem, ImageIn x, const void* w, ImageOut y,
                      const Epilogue& epilogue, TilePlan plan);
// Where epilogue.shuffle > 1 and it shuffles; plan.tile is one of kTileNames.
void convolve_forward_shuffled(Stream stream, const Conv2d& problem, const void* x, const void* w, void* y, const Epilogue& epilogue, TilePlan plan);
// What a convolution takes now: a choice that was put in place (kernels/api/variants.h), else the table's.
TilePlan plan_for(Conv2dRole role, const Conv2d& problem);

// workspace: data_gradient_workspace (conv_plan.h); null: a twin that needs one is not taken.
void convolve_data_gradient(Stream stream, const Conv2d& problem, ImageIn dy, const void* w, ImageOut dx,
                            const Epilogue& epilogue, void* workspace, TilePlan plan);
// workspace: weight_gradient_workspace (conv_plan.h), where that is not 0.
void convolve_weight_gradient(Stream stream, const Conv2d& problem, ImageIn x, ImageIn dy, void* dw,
                              void* workspace, TilePlan plan);

// The twins for sm_90a: plan.tile is one of kTwinTiles, and has_twin(role, problem) or gemm_has_twin(problem). False, and nothing is done, where an
// operand is not aligned to 16 bytes or the workspace missing. Parts of a weight gradient's sum are left in the workspace.
bool convolve_forward_twin(Stream stream, const Conv2d& problem, ImageIn x, const void* w, ImageOut y,
                           const Epilogue& epilogue, TilePlan plan);
bool convolve_data_gradient_twin(Stream stream, const Conv2d& problem, ImageIn dy, const void* w, ImageOut dx,
                                 const Epilogue& epilogue, void* workspace, TilePlan plan);
bool convolve_weight_gradient_twin(Stream stream, const Conv2d& problem, ImageIn x, ImageIn dy, float* dw,
                                   float* workspace, TilePlan plan);
// In tf32, of turned images (turned_pixels.h), for which `turned` has room, at a multiple of 16 bytes; `parts` for those of the sum.
void convolve_weight_gradient_turned(Stream stream, const Conv2d& problem, ImageIn x, ImageIn dy, float* dw, float* parts, float* turned,
                                     TilePlan plan);
bool multiply_twin(Stream stream, const Gemm& problem, const void* a, const void* b, void* c, const Epilogue& epilogue,
                   TilePlan plan);

void multiply_matrices(Stream stream, const Gemm& problem, const void* a, const void* b, void* c,
                       const Epilogue& epilogue, TilePlan plan);

// Throws std::runtime_error where the problem is not one of these kernels': element type, sizes beyond 32-bit
// indices.
void check_convolution(const Conv2d& problem, const char* direction);

}  // namespace ganymede::kernels::GANYMEDE_TARGET
