// What is kept of a watched block, between trace.cpp, which sees it, and trace_text.cpp, which tells it.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/simt/trace.h"
#include "kernels/simt/trace_hooks.h"

namespace ganymede::kernels::sim::tracing {

// Regions: -1 shared memory, -2 other global memory, i the i-th operand.
constexpr int kShared = -1, kScratch = -2, kNowhere = -3;

struct Place {
  int region = kNowhere;
  uint64_t offset = 0;   // bytes from the region's start; of scratch: the address
};

enum class What : uint8_t { read, write, atomic, copy, copy_zero, matrix, operation };

struct Event {
  What what;
  uint32_t bytes = 0;
  Place place;                       // copy: the source
  Place to = {};                     // copy: the destination
  const char* operation = nullptr;   // a string that lives for ever
};

// From one barrier of the block to the next.
struct Phase {
  std::vector<Event> events;
  const char* barrier = nullptr;   // null: the thread ends
  simt::Where where;
};

struct ThreadRecord {
  bool begun = false;
  int quiet = 0;
  std::vector<Phase> phases = std::vector<Phase>(1);
};

struct LaunchRecord {
  dim3 grid, block;
  size_t shared_bytes = 0;
  simt::Where where;
  bool watched = false;   // the grid has the block
  dim3 index;             // of the block
  std::vector<ThreadRecord> threads;
};

std::string tell(const TraceRequest& request, const std::vector<LaunchRecord>& launches);

}  // namespace ganymede::kernels::sim::tracing
