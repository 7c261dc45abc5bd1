// Memory of the cpu backend.
#pragma once
#include <cstddef>
#include <cstdlib>
#include <memory>

namespace ganymede::kernels::cpu {

// At least `bytes`, aligned to 256, for std::free. Large ones lie in huge pages where the system grants them: transforms write to hundreds
// of places at a time, more than the processor remembers small pages. Throws std::bad_alloc.
void* allocate_memory(size_t bytes);

struct FreeMemory {
  void operator()(void* data) const { std::free(data); }
};
using Memory = std::unique_ptr<void, FreeMemory>;

}  // namespace ganymede::kernels::cpu
