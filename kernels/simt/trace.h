// What the threads of one block read and write: a second copy of the kernels, compiled so that every access is
// seen, in a library of its own (ganymede_trace.so) that is loaded when somebody asks. The simulator that runs
// tests and trainings has no hook in it. How accesses are seen: kernels/simt/trace_hooks.h.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "kernels/api/kernels.h"

namespace ganymede::kernels {

// Memory with a name; everything else in global memory is shown as scratch.
struct TraceOperand {
  std::string name;
  const void* data;
  size_t bytes, element;   // element: bytes of one, at least 1
};

struct TraceRequest {
  int64_t block = 0;                          // x + y * gridDim.x + z * gridDim.x * gridDim.y, in each launch
  int first_thread = 0, last_thread = 1023;   // ranks in the block
  std::vector<TraceOperand> operands;
};

struct TraceLibrary {
  // The traced kernels: device, conv2d, gemm, reduce, norm, optimizer, resample, softmax and attention; the rest is null.
  const Kernels& (*table)();
  // Calls run, which launches kernels of table(), and says for each launch what the block's threads did, one
  // section for each stretch between two barriers of the block. What run throws passes through.
  std::string (*watch)(const TraceRequest& request, const std::function<void()>& run);
};

// The symbol of the library: const TraceLibrary* ganymede_trace_library().
constexpr char kTraceSymbol[] = "ganymede_trace_library";
using TraceEntry = const TraceLibrary* (*)();

}  // namespace ganymede::kernels
