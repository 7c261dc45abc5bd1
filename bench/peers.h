// Other libraries on the same problems, each compiled only where it is found. A function throws NotOffered where the library
// has nothing for the problem. Operands are rows of the same kind as ours; packing and layouts that a library chooses for
// itself are done before, so that its call alone is timed.
#pragma once
#include "bench/layers.h"
#include "bench/measure.h"
#include "kernels/api/kernels.h"

namespace ganymede::bench {

struct Peers {
  const char* name;  // the last part of a benchmark's name
  Prepared (*convolution)(const kernels::Conv2d&, Role);
  Prepared (*product)(const kernels::Gemm&);
  Prepared (*batch_norm)(const kernels::Norm&, bool gradient);
};

const std::vector<Peers>& peers();  // of the device under test

#ifdef GANYMEDE_BENCH_CUDNN
Prepared cudnn_convolution(const kernels::Conv2d&, Role);
Prepared cudnn_batch_norm(const kernels::Norm&, bool gradient);
#endif
#ifdef GANYMEDE_BENCH_CUBLAS
Prepared cublas_product(const kernels::Gemm&);
#endif
Prepared onednn_convolution(const kernels::Conv2d&, Role);
Prepared onednn_product(const kernels::Gemm&);
Prepared onednn_batch_norm(const kernels::Norm&, bool gradient);

}  // namespace ganymede::bench
