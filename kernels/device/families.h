// The kernel families of one compiled target (cuda or sim); src/table.cu gathers them.
#pragma once
#include "kernels/api/kernels.h"
#include "kernels/simt/simt.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

extern const DeviceKernels device_kernels;            // src/device.cu
extern const Conv2dKernels conv2d_kernels;            // src/conv2d.cu
extern const GemmKernels gemm_kernels;                // src/gemm.cu
extern const ElementwiseKernels elementwise_kernels;  // src/elementwise.cu
extern const ReduceKernels reduce_kernels;            // src/reduce.cu
extern const NormKernels norm_kernels;                // src/norm.cu
extern const RandomKernels random_kernels;            // src/random.cu
extern const OptimizerKernels optimizer_kernels;      // src/optimizer.cu
extern const ResampleKernels resample_kernels;        // src/resample.cu
extern const MaxPoolKernels max_pool_kernels;         // src/pool.cu
extern const SoftmaxKernels softmax_kernels;          // src/softmax.cu
extern const GatherKernels gather_kernels;            // src/gather.cu
extern const GridSampleKernels grid_sample_kernels;   // src/grid_sample.cu
extern const SpectralKernels spectral_kernels;        // src/spectral.cu
extern const AttentionKernels attention_kernels;        // src/attention.cu
extern const LossKernels loss_kernels;                // src/loss.cu

}  // namespace ganymede::kernels::GANYMEDE_TARGET
