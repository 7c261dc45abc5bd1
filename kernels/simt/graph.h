// Graphs of the simulator, as the card captures them: while a thread captures, what it asks the device to do is noted with its arguments and
// not done, and a replay does it again without any code of the host in between.
#pragma once
#include <functional>

#include "kernels/simt/simt_cpu.h"

namespace ganymede::kernels::sim::graphs {

// Throw std::runtime_error if a capture goes on already, or none does.
void begin();
void* end();
void launch(void* graph);
void destroy(void* graph);

bool capturing();
// False if this thread captures nothing, and the work is the caller's to do.
bool note(const fibers::Launch&);          // copies the kernel's arguments
bool note(std::function<void()> work);

}  // namespace ganymede::kernels::sim::graphs
