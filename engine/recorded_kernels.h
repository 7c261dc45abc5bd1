// Another table of kernels in the place of the cpu's.
#pragma once
#include "kernels/api/kernels.h"

namespace ganymede {

// On this thread, launches on the cpu go through `table` from now on, which notes what it is asked for and computes; null: the cpu's own.
void replace_cpu_kernels(const kernels::Kernels* table);

}  // namespace ganymede
