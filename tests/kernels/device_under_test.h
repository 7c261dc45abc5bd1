// Which device the tests of the .cu files run on: the simulator, or with GANYMEDE_TEST_DEVICE=cuda in the environment
// the first GPU.
#pragma once
#include <cstdlib>
#include <string>

#include "kernels/api/kernels.h"
#include "kernels/api/variants.h"

namespace ganymede::kernels {

inline bool tests_run_on_cuda() {
#ifdef GANYMEDE_HAS_CUDA
  static const bool wanted = [] {
    const char* device = std::getenv("GANYMEDE_TEST_DEVICE");
    return device && std::string(device) == "cuda";
  }();
  return wanted;
#else
  return false;
#endif
}

inline const Kernels& kernels_under_test() {
#ifdef GANYMEDE_HAS_CUDA
  if (tests_run_on_cuda()) return cuda::table();
#endif
  return sim::table();
}

inline const VariantKernels& variants_under_test() {
#ifdef GANYMEDE_HAS_CUDA
  if (tests_run_on_cuda()) return cuda::variants();
#endif
  return sim::variants();
}

}  // namespace ganymede::kernels
