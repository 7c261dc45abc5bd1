// Memory, the one stream of each device, and graph capture. On sim memory is the host's, one allocation each,
// so that AddressSanitizer knows its bounds, and every call is complete when it returns.
#include "kernels/device/families.h"

#ifdef __CUDACC__

#include <cstring>
#include <mutex>
#include <new>
#include <vector>

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr int kMaxDevices = 64;

cudaStream_t as_stream(Stream stream) { return static_cast<cudaStream_t>(stream); }

// Cards older than sm_80, which the kernels are not compiled for, end the count.
int count() {
  int devices = 0, usable = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess) {
    cudaGetLastError();  // no driver or no device: forget the error
    return 0;
  }
  for (int major = 0; usable < devices && usable < kMaxDevices; ++usable) {
    if (cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, usable) != cudaSuccess || major < 8) break;
  }
  cudaGetLastError();
  return usable;
}

DeviceInfo info(int index) {
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties");
  DeviceInfo result{};
  for (size_t i = 0; i + 1 < sizeof result.name && properties.name[i]; ++i)
    result.name[i] = properties.name[i];
  result.total_memory = static_cast<int64_t>(properties.totalGlobalMem);
  result.multiprocessors = properties.multiProcessorCount;
  result.compute_capability = 10 * properties.major + properties.minor;
  return result;
}

void select(int index) { check(cudaSetDevice(index), "cudaSetDevice"); }

// Blocking with regard to nothing: the legacy stream is never used.
Stream stream() {
  static std::mutex mutex;
  static cudaStream_t streams[kMaxDevices] = {};
  int device = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  const std::lock_guard<std::mutex> lock(mutex);
  if (!streams[device])
    check(cudaStreamCreateWithFlags(&streams[device], cudaStreamNonBlocking), "cudaStreamCreate");
  return streams[device];
}

void* allocate(size_t bytes) {
  void* data = nullptr;
  const cudaError_t error = cudaMalloc(&data, bytes ? bytes : 1);
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    throw std::bad_alloc();
  }
  check(error, "cudaMalloc");
  return data;
}

// Never throws, for destructors call it: at the end of a program the driver may be gone, and with it the memory;
// after a kernel's fault every call repeats its error, which the next launch reports.
void release(void* data) {
  if (cudaFree(data) != cudaSuccess) cudaGetLastError();
}

// Page-locked memory that uploads pass through: the caller's memory is free again on return, whatever the driver
// does with pageable memory, and the copy itself overlaps with the host. A block is used again once its copy has
// run. Kept for the life of the program.
class Staging {
 public:
  void upload(cudaStream_t stream, void* to, const void* from, size_t bytes) {
    const std::lock_guard<std::mutex> lock(mutex_);
    int device = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    for (size_t done = 0; done < bytes; done += kLargest) {
      const size_t part = bytes - done < kLargest ? bytes - done : kLargest;
      Block& block = free_block(device, part);
      std::memcpy(block.data, static_cast<const char*>(from) + done, part);
      check(cudaMemcpyAsync(static_cast<char*>(to) + done, block.data, part, cudaMemcpyHostToDevice, stream),
            "copy to the device");
      check(cudaEventRecord(block.copied, stream), "cudaEventRecord");
      block.turn = ++turns_;
    }
  }

 private:
  struct Block {
    int device;
    void* data;
    size_t bytes;
    cudaEvent_t copied;
    uint64_t turn;
  };
  static constexpr size_t kLargest = size_t{16} << 20;  // longer copies take several blocks
  static constexpr int kMost = 8;                       // of a size on a device, before an upload waits for an older one

  Block& free_block(int device, size_t bytes) {
    size_t size = 4096;
    while (size < bytes) size *= 2;
    Block* oldest = nullptr;
    int alike = 0;
    for (Block& block : blocks_) {
      if (block.device != device || block.bytes != size) continue;
      if (cudaEventQuery(block.copied) == cudaSuccess) return block;
      cudaGetLastError();  // "not ready" is no error, but the next launch would take it for one
      if (!oldest || block.turn < oldest->turn) oldest = &block;
      ++alike;
    }
    if (alike == kMost) {
      check(cudaEventSynchronize(oldest->copied), "copy to the device");
      return *oldest;
    }
    Block block{device, nullptr, size, nullptr, 0};
    check(cudaMallocHost(&block.data, size), "cudaMallocHost");
    check(cudaEventCreateWithFlags(&block.copied, cudaEventDisableTiming), "cudaEventCreate");
    blocks_.push_back(block);
    return blocks_.back();
  }

  std::mutex mutex_;
  std::vector<Block> blocks_;
  uint64_t turns_ = 0;
};

void upload(Stream stream, void* to, const void* from, size_t bytes) {
  if (bytes == 0) return;
  cudaStreamCaptureStatus capture = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(as_stream(stream), &capture), "copy to the device");
  // A graph would copy from the same host address at every replay, when other things lie there.
  if (capture != cudaStreamCaptureStatusNone)
    throw std::runtime_error("a copy from the host while a graph is captured; make the tensor before the update");
  static Staging& staging = *new Staging;
  staging.upload(as_stream(stream), to, from, bytes);
}

void download(Stream stream, void* to, const void* from, size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, as_stream(stream)), "copy from the device");
  check(cudaStreamSynchronize(as_stream(stream)), "copy from the device");
}

void copy(Stream stream, void* to, const void* from, size_t bytes) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, as_stream(stream)), "copy on the device");
}

void fill_bytes(Stream stream, void* to, int value, size_t bytes) {
  check(cudaMemsetAsync(to, value, bytes, as_stream(stream)), "cudaMemsetAsync");
}

void synchronize() { check(cudaDeviceSynchronize(), "synchronisation"); }

void begin_capture(Stream stream) {
  check(cudaStreamBeginCapture(as_stream(stream), cudaStreamCaptureModeThreadLocal),
        "beginning of a graph capture");
}

void* end_capture(Stream stream) {
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(as_stream(stream), &graph), "end of a graph capture");
  cudaGraphExec_t executable = nullptr;
  const cudaError_t error = cudaGraphInstantiate(&executable, graph, 0);
  cudaGraphDestroy(graph);
  check(error, "cudaGraphInstantiate");
  return executable;
}

void launch_graph(Stream stream, void* graph) {
  check(cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), as_stream(stream)), "cudaGraphLaunch");
}

// Never throws, as release.
void destroy_graph(void* graph) {
  if (cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph)) != cudaSuccess) cudaGetLastError();
}

}  // namespace

extern const DeviceKernels device_kernels = {
    count, info,       select,      stream,        allocate,    release,      upload,        download,
    copy,  fill_bytes, synchronize, begin_capture, end_capture, launch_graph, destroy_graph, nullptr, nullptr};

}  // namespace ganymede::kernels::GANYMEDE_TARGET

#else

#include <unistd.h>

#include <cstdlib>
#include <new>
#include <stdexcept>

#include "kernels/simt/graph.h"
#include "kernels/simt/simulator.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

namespace {

constexpr size_t kAlignment = 256;

int count() { return 1; }

DeviceInfo info(int) {
  DeviceInfo result{};
  constexpr char kName[] = "simulator";
  for (size_t i = 0; i < sizeof kName; ++i) result.name[i] = kName[i];
  result.total_memory = static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  result.multiprocessors = simt::multiprocessors();
  return result;
}

void select(int index) {
  if (index != 0)
    throw std::runtime_error("sim: there is one device, 0; device " + std::to_string(index) +
                             " was asked for");
}

Stream stream() { return nullptr; }

// posix_memalign keeps the exact size, which aligned_alloc would have to round up: a read past the end must
// show.
void* allocate(size_t bytes) {
  void* data = nullptr;
  if (posix_memalign(&data, kAlignment, bytes ? bytes : 1) != 0) throw std::bad_alloc();
  return data;
}

void release(void* data) { std::free(data); }

void copy(Stream, void* to, const void* from, size_t bytes) {
  const auto work = [=] {
    if (bytes) std::memmove(to, from, bytes);
  };
  if (!graphs::note(work)) work();
}

void fill_bytes(Stream, void* to, int value, size_t bytes) {
  const auto work = [=] {
    if (bytes) std::memset(to, value, bytes);
  };
  if (!graphs::note(work)) work();
}

// As on cuda, where the one is refused for what a graph would do later and the other by the driver.
void upload(Stream stream, void* to, const void* from, size_t bytes) {
  if (bytes && graphs::capturing())
    throw std::runtime_error("a copy from the host while a graph is captured; make the tensor before the update");
  copy(stream, to, from, bytes);
}

void download(Stream stream, void* to, const void* from, size_t bytes) {
  if (graphs::capturing()) throw std::runtime_error("copy from the device: a graph is being captured");
  copy(stream, to, from, bytes);
}

void begin_capture(Stream) { graphs::begin(); }
void* end_capture(Stream) { return graphs::end(); }
void launch_graph(Stream, void* graph) { graphs::launch(graph); }
void destroy_graph(void* graph) { graphs::destroy(graph); }

void synchronize() {}

void set_threads(int count) {
  Settings now = settings();
  now.workers = count;
  configure(now);
}

}  // namespace

extern const DeviceKernels device_kernels = {count,   info,    select,  stream,     allocate,    release,
                                             upload,  download, copy, fill_bytes, synchronize, begin_capture,
                                             end_capture, launch_graph, destroy_graph, nullptr, set_threads};

}  // namespace ganymede::kernels::GANYMEDE_TARGET

#endif
