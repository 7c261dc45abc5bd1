// Times the kernels of a device against other libraries on the same problems: cuDNN and cuBLAS on cuda, oneDNN on cpu.
//   bench_kernels [--device=auto|cpu|cuda|cuda:N] [--threads=N] [Google Benchmark's options]
// Benchmarks are called OPERATION/.../TYPE/WHO, e.g. conv2d/forward/A3/bf16/cudnn. A time is the median over calls on rotated
// operands after warm-up; of_floor is what the measured bandwidth and arithmetic of the device would allow, over it. Types
// f32 (exact), tf32 and bf16. GANYMEDE_BENCH_SECONDS=N: begins no benchmark after N seconds. bench_report makes a table and a
// roofline of the JSON that --benchmark_out=FILE writes.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>

#include "bench/measure.h"
#include "engine/check.h"
#include "kernels/cpu/threads.h"

namespace {

// The value of --name=value, which is taken out of the arguments.
std::string take(int& argc, char** argv, const std::string& name, const std::string& standard) {
  std::string value = standard;
  int kept = 0;
  for (int i = 0; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--" + name + "=")) value = word.substr(name.size() + 3);
    else argv[kept++] = argv[i];
  }
  argc = kept;
  return value;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace ganymede;
  kernels::cpu::restart_with_short_spin(argv);
  try {
    const std::string name = take(argc, argv, "device", "auto"), threads = take(argc, argv, "threads", "0");
    const Device device = Device::parse(name);
    if (device.type != DeviceType::cpu && device.type != DeviceType::cuda)
      throw UsageError("--device=" + name + ": it must be auto, cpu, cuda or cuda:N, for the times of others say nothing about a machine");
    bench::use_device(device);
    if (const auto set_threads = bench::table().device.set_threads) set_threads(std::atoi(threads.c_str()));
    bench::add_convolutions();
    bench::add_products();
    bench::add_norms();
    bench::add_pictures();
    bench::add_parameters();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    const kernels::DeviceInfo info = bench::table().device.info(bench::device().index);
    benchmark::AddCustomContext("device", bench::device().str());
    benchmark::AddCustomContext("device_name", info.name);
    benchmark::AddCustomContext("multiprocessors", std::to_string(info.multiprocessors));
    const bench::Ceilings& best = bench::ceilings();
    benchmark::AddCustomContext("bytes_per_second", std::to_string(best.bandwidth));
    for (const bench::Rate rate : {bench::Rate::f32, bench::Rate::tf32, bench::Rate::bf16})
      benchmark::AddCustomContext(std::string("flops_") + bench::rate_name(rate), std::to_string(best.rate[int(rate)]));
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
  } catch (const UsageError& e) {
    std::fprintf(stderr, "bench_kernels: %s\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_kernels: %s\n", e.what());
    return 1;
  }
  return 0;
}
