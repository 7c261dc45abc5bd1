#include "kernels/cpu/memory.h"

#include <sys/mman.h>

#include <new>

namespace ganymede::kernels::cpu {

void* allocate_memory(size_t bytes) {
  constexpr size_t kAlign = 256, kHugePage = 2 << 20;
  const bool large = bytes >= 2 * kHugePage;
  const size_t rounded = (bytes + kAlign - 1) / kAlign * kAlign;
  if (rounded < bytes) throw std::bad_alloc();
  void* data = nullptr;
  if (posix_memalign(&data, large ? kHugePage : kAlign, rounded > 0 ? rounded : kAlign) != 0) throw std::bad_alloc();
  if (large) madvise(data, rounded / kHugePage * kHugePage, MADV_HUGEPAGE);  // a wish: where it is refused, pages stay small
  return data;
}

}  // namespace ganymede::kernels::cpu
