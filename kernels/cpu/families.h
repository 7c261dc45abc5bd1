// The kernel families of the cpu device; cpu/table.cpp gathers them.
#pragma once
#include "kernels/api/kernels.h"

namespace ganymede::kernels::cpu {

extern const DeviceKernels device_kernels;            // cpu/device.cpp
extern const Conv2dKernels conv2d_kernels;            // cpu/conv2d.cpp
extern const GemmKernels gemm_kernels;                // cpu/gemm.cpp
extern const ElementwiseKernels elementwise_kernels;  // cpu/elementwise.cpp
extern const ReduceKernels reduce_kernels;            // cpu/reduce.cpp
extern const NormKernels norm_kernels;                // cpu/norm.cpp
extern const RandomKernels random_kernels;            // cpu/random.cpp
extern const OptimizerKernels optimizer_kernels;      // cpu/optimizer.cpp
extern const ResampleKernels resample_kernels;        // cpu/resample.cpp
extern const MaxPoolKernels max_pool_kernels;         // cpu/pool.cpp
extern const SoftmaxKernels softmax_kernels;          // cpu/softmax.cpp
extern const GatherKernels gather_kernels;            // cpu/gather.cpp
extern const GridSampleKernels grid_sample_kernels;   // cpu/grid_sample.cpp
extern const SpectralKernels spectral_kernels;        // cpu/spectral.cpp
extern const AttentionKernels attention_kernels;        // cpu/attention.cpp
extern const LossKernels loss_kernels;                // cpu/loss.cpp

}  // namespace ganymede::kernels::cpu
