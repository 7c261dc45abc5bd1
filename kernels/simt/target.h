// Which device the code that includes this header is compiled for. Everything a kernel includes lives in
// namespace ganymede::kernels::GANYMEDE_TARGET, so that one program can hold the same code compiled twice:
//   cuda  nvcc
//   sim   g++, on the simulator's fibers (the default of g++)
//   cpu   the cpu backend, for the parts of kernels/device that need no threads (-DGANYMEDE_TARGET=cpu)
#pragma once

#ifndef GANYMEDE_TARGET
#ifdef __CUDACC__
#define GANYMEDE_TARGET cuda
#else
#define GANYMEDE_TARGET sim
#endif
#endif

#ifndef __CUDACC__
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__
#define __launch_bounds__(...)
#define __grid_constant__
#endif
