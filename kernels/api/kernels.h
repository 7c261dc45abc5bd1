// All that the engine sees of a device: one table of functions, a family a member. A null entry is an operation that the
// device lacks; the engine says so by name. Launches that fail throw std::runtime_error naming the kernel.
#pragma once
#include "kernels/api/attention.h"
#include "kernels/api/conv2d.h"
#include "kernels/api/device.h"
#include "kernels/api/elementwise.h"
#include "kernels/api/gather.h"
#include "kernels/api/gemm.h"
#include "kernels/api/grid_sample.h"
#include "kernels/api/loss.h"
#include "kernels/api/norm.h"
#include "kernels/api/optimizer.h"
#include "kernels/api/pool.h"
#include "kernels/api/random.h"
#include "kernels/api/reduce.h"
#include "kernels/api/resample.h"
#include "kernels/api/softmax.h"
#include "kernels/api/spectral.h"

namespace ganymede::kernels {

struct Kernels {
  DeviceKernels device;
  Conv2dKernels conv2d;
  GemmKernels gemm;
  ElementwiseKernels elementwise;
  ReduceKernels reduce;
  NormKernels norm;
  RandomKernels random;
  OptimizerKernels optimizer;
  ResampleKernels resample;
  MaxPoolKernels max_pool;
  SoftmaxKernels softmax;
  GatherKernels gather;
  GridSampleKernels grid_sample;
  SpectralKernels spectral;
  AttentionKernels attention;
  LossKernels loss;
};

namespace cpu { const Kernels& table(); }
namespace sim { const Kernels& table(); }
namespace cuda { const Kernels& table(); }   // only where the build has the cuda device (GANYMEDE_HAS_CUDA)

}  // namespace ganymede::kernels
