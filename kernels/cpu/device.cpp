// Memory of the cpu device. Streams do not exist: everything runs in call order on the calling thread's team.
#include <omp.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "kernels/cpu/conv2d.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/memory.h"
#include "kernels/cpu/threads.h"
#include "kernels/cpu/parallel.h"

namespace ganymede::kernels::cpu {
namespace {

int count() { return 1; }

DeviceInfo info(int) {
  DeviceInfo result{};
  std::snprintf(result.name, sizeof result.name, "CPU");
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.rfind("model name", 0) == 0 && colon != std::string::npos) {
      std::snprintf(result.name, sizeof result.name, "%s", line.c_str() + colon + 2);
      break;
    }
  }
  result.total_memory = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  result.multiprocessors = omp_get_num_procs();
  return result;
}

void select(int) {}

Stream stream() { return nullptr; }

void* allocate(size_t bytes) { return allocate_memory(bytes); }

void release(void* data) { std::free(data); }

void copy(Stream, void* to, const void* from, size_t bytes) {
  parallel_elements(static_cast<int64_t>(bytes), kCheapGrain * 4, [&](int64_t begin, int64_t end) {
    std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin, end - begin);
  });
}

void fill_bytes(Stream, void* to, int value, size_t bytes) {
  parallel_elements(static_cast<int64_t>(bytes), kCheapGrain * 4, [&](int64_t begin, int64_t end) {
    std::memset(static_cast<char*>(to) + begin, value, end - begin);
  });
}

void synchronize() {}

}  // namespace

const DeviceKernels device_kernels = {
    count,
    info,
    select,
    stream,
    allocate,
    release,
    copy,
    copy,
    copy,
    fill_bytes,
    synchronize,
    nullptr,
    nullptr,
    nullptr,
    nullptr,  // graphs: the engine replays a recorded list
    forget_packed_weights,
    use_threads,
};

}  // namespace ganymede::kernels::cpu
