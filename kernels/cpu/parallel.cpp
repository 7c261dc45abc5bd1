#include "kernels/cpu/parallel.h"

#include <omp.h>

namespace ganymede::kernels::cpu {

void run_ranges(int64_t count, int64_t work, int64_t grain, RangeBody body) {
  if (count <= 0) return;
  if (omp_get_max_threads() == 1 || count == 1 || work < grain || omp_in_parallel()) return body.call(body.body, 0, count);
#pragma omp parallel
  {
    const int64_t share = omp_get_num_threads(), rank = omp_get_thread_num();
    const int64_t begin = count * rank / share, end = count * (rank + 1) / share;
    if (begin < end) body.call(body.body, begin, end);
  }
}

}  // namespace ganymede::kernels::cpu
