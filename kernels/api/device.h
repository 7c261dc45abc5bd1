// Memory, streams and capture of one device.
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

struct DeviceInfo {
  char name[256];
  int64_t total_memory;   // bytes
  int multiprocessors;    // 4 on sim, cores on cpu
  int compute_capability; // 90 for sm_90; 0 elsewhere
};

struct DeviceKernels {
  int (*count)();                                             // usable devices of this kind; never throws
  DeviceInfo (*info)(int index);
  void (*select)(int index);                                  // makes a device current for this thread
  Stream (*stream)();                                         // the one stream of the current device
  void* (*allocate)(size_t bytes);                            // 256-byte aligned; throws std::bad_alloc
  void (*release)(void* data);
  void (*upload)(Stream, void* to, const void* from, size_t bytes);    // host -> device, in stream order
  void (*download)(Stream, void* to, const void* from, size_t bytes);  // device -> host, complete on return
  void (*copy)(Stream, void* to, const void* from, size_t bytes);
  void (*fill_bytes)(Stream, void* to, int value, size_t bytes);
  void (*synchronize)();
  // Graph capture: what the device is asked to do until the end is noted and not done. Null on cpu, where the engine's own list of actions is used.
  void (*begin_capture)(Stream);
  void* (*end_capture)(Stream);
  void (*launch_graph)(Stream, void* graph);
  void (*destroy_graph)(void* graph);
  // Called before memory that held versioned weights is released; drops packed copies. Null where none are kept.
  void (*forget_weights)(const void* begin, size_t bytes);
  // Host threads that the device's kernels use, 0: one for each core. Null on cuda.
  void (*set_threads)(int count);
};

}  // namespace ganymede::kernels
