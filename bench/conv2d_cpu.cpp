// The convolutions of whole training steps on the cpu device, against oneDNN's own best on the same problems
// in the same run. Each row is one layer in one direction: "ratio" is ours to the best, reorders counted for
// us and not for it; "calls" is how often a step makes the call. The last rows sum up each set, with weights
// packed once a step.
//   bench_conv2d_cpu [--benchmark_filter=SET/LAYER/DIRECTION]
//   GANYMEDE_BENCH_DTYPE=bf16: in bf16.  OMP_NUM_THREADS=1: one thread, in processor time (for a machine in
//   use).
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "bench/layers.h"
#include "bench/onednn_peer.h"
#include "kernels/api/kernels.h"
#include "kernels/cpu/threads.h"

namespace ganymede::bench {
namespace {

using kernels::Conv2d;
using kernels::DType;

constexpr const char* kRoleNames[] = {"forward", "data_gradient", "weight_gradient"};

DType dtype_of_run() {
  const char* name = std::getenv("GANYMEDE_BENCH_DTYPE");
  return name && std::string(name) == "bf16" ? DType::bf16 : DType::f32;
}

struct Sum {
  double ours = 0, peer = 0, pack = 0;
};
// By set and row; a row that runs again replaces itself.
std::map<std::string, std::map<std::string, Sum>>& rows() {
  static std::map<std::string, std::map<std::string, Sum>> all;
  return all;
}

std::vector<unsigned char> operand(int64_t count, DType dtype) {
  std::vector<unsigned char> bytes(count * (dtype == DType::bf16 ? 2 : 4));
  auto* words = reinterpret_cast<uint16_t*>(bytes.data());
  for (size_t i = 0; i < bytes.size() / 2; ++i)
    words[i] = static_cast<uint16_t>(0x3c00 + (i * 2654435761u >> 20 & 0xff));
  return bytes;
}

// A weight is packed afresh after each optimiser step, that is once a step in each of the two roles that read
// it; pack is the price of that, best of the calls after a new version less best of the others.
void run_layer(benchmark::State& state, const Layer& layer, Role role) {
  const Conv2d p = problem_of(layer, dtype_of_run());
  auto x = operand(int64_t{p.n} * p.h * p.w * p.c, p.dtype),
       y = operand(int64_t{p.n} * p.p * p.q * p.k, p.dtype);
  auto w = operand(int64_t{p.k} * p.r * p.s * p.c, p.dtype),
       dw = operand(int64_t{p.k} * p.r * p.s * p.c, DType::f32);
  const kernels::Kernels& table = kernels::cpu::table();
  const kernels::Epilogue plain{nullptr, kernels::Unary::identity, 0};
  std::vector<unsigned char> workspace(table.conv2d.weight_gradient_workspace(p));
  uint64_t version = 0;
  const kernels::Weight weight{w.data(), &version};
  OnednnPeer peer(p, role);

  const auto time_ours = [&] {
    const double begin = seconds();
    if (role == Role::forward) table.conv2d.forward(nullptr, p, x.data(), weight, y.data(), plain);
    if (role == Role::data_gradient)
      table.conv2d.data_gradient(nullptr, p, y.data(), weight, x.data(), plain);
    if (role == Role::weight_gradient)
      table.conv2d.weight_gradient(nullptr, p, x.data(), y.data(), dw.data(), workspace.data());
    return seconds() - begin;
  };
  time_ours();
  double ours = std::numeric_limits<double>::infinity(), with_pack = ours;
  for (auto _ : state) {
    peer.run();
    const double time = time_ours();
    ours = std::min(ours, time);
    peer.run();
    ++version;
    with_pack = std::min(with_pack, time_ours());
    state.SetIterationTime(time);
  }
  const int calls = layer.calls[static_cast<int>(role)];
  const double flops = 2.0 * p.n * p.p * p.q * p.k * p.r * p.s * p.c;
  const double pack = role == Role::weight_gradient || calls == 0 ? 0 : std::max(0.0, with_pack - ours);
  state.counters["calls"] = calls;
  state.counters["ours_us"] = ours * 1e6;
  state.counters["pack_us"] = pack * 1e6;
  state.counters["best_us"] = peer.best_seconds() * 1e6;
  state.counters["ratio"] = ours / peer.best_seconds();
  state.counters["gflops"] = flops / ours * 1e-9;
  state.SetLabel(peer.best_name());
  rows()[layer.set][std::string(layer.name) + kRoleNames[static_cast<int>(role)]] = {
      calls * ours, calls * peer.best_seconds(), pack};
  table.device.forget_weights(w.data(), w.size());
}

}  // namespace
}  // namespace ganymede::bench

int main(int argc, char** argv) {
  using namespace ganymede::bench;
  ganymede::kernels::cpu::restart_with_short_spin(argv);
  ganymede::kernels::cpu::use_threads(omp_get_max_threads());
  for (const Layer& layer : kLayers)
    for (Role role : {Role::forward, Role::data_gradient, Role::weight_gradient})
      if (layer.calls[static_cast<int>(role)] > 0)
        benchmark::RegisterBenchmark(
            (std::string(layer.set) + "/" + layer.name + "/" + kRoleNames[static_cast<int>(role)]).c_str(),
            [&layer, role](benchmark::State& state) { run_layer(state, layer, role); })
            ->UseManualTime()
            ->Iterations(12)
            ->Unit(benchmark::kMicrosecond);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  for (const auto& [set, layers] : rows()) {
    Sum total;
    for (const auto& [name, row] : layers)
      total = {total.ours + row.ours, total.peer + row.peer, total.pack + row.pack};
    std::printf("%s: ours %.2f ms + packing %.2f ms, oneDNN's best %.2f ms, ratio %.3f\n", set.c_str(),
                total.ours * 1e3, total.pack * 1e3, total.peer * 1e3, (total.ours + total.pack) / total.peer);
  }
  return 0;
}
