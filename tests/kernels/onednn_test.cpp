// What the cpu backend asks of oneDNN.
#include "kernels/cpu/onednn.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace ganymede::kernels::cpu {
namespace {

TEST(Onednn, MakesNoKernelsOfTiles) {
  if (std::getenv("ONEDNN_MAX_CPU_ISA") || std::getenv("DNNL_MAX_CPU_ISA")) GTEST_SKIP() << "another limit is set";
  onednn_engine();
  const int tiles = static_cast<int>(dnnl::cpu_isa::avx512_core_amx) & ~static_cast<int>(dnnl::cpu_isa::avx512_core_bf16);
  ASSERT_NE(tiles, 0);
  EXPECT_EQ(static_cast<int>(dnnl::get_effective_cpu_isa()) & tiles, 0);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
