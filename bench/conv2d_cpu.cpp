// The convolutions of whole training steps on the cpu device, against oneDNN's own best on the same problems in the same
// run. Each row is one layer in one direction: "ratio" is ours to the best, reorders counted for us and not for it; "calls"
// is how often a step makes the call. The last rows sum up each set, with weights packed once a step.
//   bench_conv2d_cpu [--benchmark_filter=SET/LAYER/DIRECTION]
//   GANYMEDE_BENCH_DTYPE=bf16: in bf16.  OMP_NUM_THREADS=1: one thread, in processor time (for a machine in use).
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <map>

#include "bench/onednn_peer.h"
#include "kernels/api/kernels.h"
#include "kernels/cpu/threads.h"

namespace ganymede::bench {
namespace {

using kernels::Conv2d;
using kernels::DType;

struct Layer {
  const char* set;
  const char* name;
  int n, size, c, k, kernel, stride, pad, out;
  int calls[3];  // a step: forward, data_gradient, weight_gradient
};

// DCGAN: D sees real and fake in its own update and fakes again in G's; a layer of G is listed as the convolution whose data
// gradient it is, so its forward pass is "data_gradient". Neither asks for the gradient of what it starts from, but G's
// update asks for that of the picture.
constexpr Layer kLayers[] = {
    {"dcgan64", "D1", 16, 64, 3, 64, 4, 2, 1, 32, {3, 1, 2}},    {"dcgan64", "D2", 16, 32, 64, 128, 4, 2, 1, 16, {3, 3, 2}},
    {"dcgan64", "D3", 16, 16, 128, 256, 4, 2, 1, 8, {3, 3, 2}},  {"dcgan64", "D4", 16, 8, 256, 512, 4, 2, 1, 4, {3, 3, 2}},
    {"dcgan64", "D5", 16, 4, 512, 1, 4, 1, 0, 1, {3, 3, 2}},     {"dcgan64", "G1", 16, 4, 512, 100, 4, 1, 0, 1, {0, 1, 1}},
    {"dcgan64", "G2", 16, 8, 256, 512, 4, 2, 1, 4, {1, 1, 1}},   {"dcgan64", "G3", 16, 16, 128, 256, 4, 2, 1, 8, {1, 1, 1}},
    {"dcgan64", "G4", 16, 32, 64, 128, 4, 2, 1, 16, {1, 1, 1}},  {"dcgan64", "G5", 16, 64, 3, 64, 4, 2, 1, 32, {1, 1, 1}},
    {"fashion", "D1", 64, 32, 1, 32, 4, 2, 1, 16, {3, 1, 2}},    {"fashion", "D2", 64, 16, 32, 64, 4, 2, 1, 8, {3, 3, 2}},
    {"fashion", "D3", 64, 8, 64, 128, 4, 2, 1, 4, {3, 3, 2}},    {"fashion", "D4", 64, 4, 128, 1, 4, 1, 0, 1, {3, 3, 2}},
    {"fashion", "G1", 64, 4, 128, 100, 4, 1, 0, 1, {0, 1, 1}},   {"fashion", "G2", 64, 8, 64, 128, 4, 2, 1, 4, {1, 1, 1}},
    {"fashion", "G3", 64, 16, 32, 64, 4, 2, 1, 8, {1, 1, 1}},    {"fashion", "G4", 64, 32, 1, 32, 4, 2, 1, 16, {1, 1, 1}},
    {"resnet9", "in", 1, 134, 3, 64, 7, 1, 0, 128, {1, 0, 1}},   {"resnet9", "d128", 1, 128, 64, 128, 3, 2, 1, 64, {1, 1, 1}},
    {"resnet9", "d256", 1, 64, 128, 256, 3, 2, 1, 32, {1, 1, 1}}, {"resnet9", "r256", 1, 34, 256, 256, 3, 1, 0, 32, {18, 18, 18}},
    {"resnet9", "u128", 1, 64, 128, 256, 3, 2, 1, 32, {1, 1, 1}}, {"resnet9", "u64", 1, 128, 64, 128, 3, 2, 1, 64, {1, 1, 1}},
    {"resnet9", "out", 1, 134, 64, 3, 7, 1, 0, 128, {1, 1, 1}},
    {"wgan-gp", "c32", 16, 32, 128, 128, 3, 1, 1, 32, {2, 2, 2}}, {"wgan-gp", "c16", 16, 16, 128, 128, 3, 1, 1, 16, {6, 6, 6}},
    {"wgan-gp", "c8", 16, 8, 128, 128, 3, 1, 1, 8, {8, 8, 8}},    {"wgan-gp", "in", 16, 32, 3, 128, 3, 1, 1, 32, {1, 1, 1}},
    {"wgan-gp", "out", 16, 32, 128, 3, 3, 1, 1, 32, {1, 1, 1}},
};
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
  for (size_t i = 0; i < bytes.size() / 2; ++i) words[i] = static_cast<uint16_t>(0x3c00 + (i * 2654435761u >> 20 & 0xff));
  return bytes;
}

// A weight is packed afresh after each optimiser step, that is once a step in each of the two roles that read it; pack is
// the price of that, best of the calls after a new version less best of the others.
void run_layer(benchmark::State& state, const Layer& layer, Role role) {
  const Conv2d p{layer.n, layer.size, layer.size, layer.c, layer.k, layer.kernel, layer.kernel, layer.out, layer.out,
                 layer.stride, layer.stride, layer.pad, layer.pad, 1, 1, 1, dtype_of_run(), kernels::Math::f32};
  auto x = operand(int64_t{p.n} * p.h * p.w * p.c, p.dtype), y = operand(int64_t{p.n} * p.p * p.q * p.k, p.dtype);
  auto w = operand(int64_t{p.k} * p.r * p.s * p.c, p.dtype), dw = operand(int64_t{p.k} * p.r * p.s * p.c, DType::f32);
  const kernels::Kernels& table = kernels::cpu::table();
  const kernels::Epilogue plain{nullptr, kernels::Unary::identity, 0};
  std::vector<unsigned char> workspace(table.conv2d.weight_gradient_workspace(p));
  uint64_t version = 0;
  const kernels::Weight weight{w.data(), &version};
  OnednnPeer peer(p, role);

  const auto time_ours = [&] {
    const double begin = seconds();
    if (role == Role::forward) table.conv2d.forward(nullptr, p, x.data(), weight, y.data(), plain);
    if (role == Role::data_gradient) table.conv2d.data_gradient(nullptr, p, y.data(), weight, x.data(), plain);
    if (role == Role::weight_gradient) table.conv2d.weight_gradient(nullptr, p, x.data(), y.data(), dw.data(), workspace.data());
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
  rows()[layer.set][std::string(layer.name) + kRoleNames[static_cast<int>(role)]] = {calls * ours, calls * peer.best_seconds(), pack};
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
        benchmark::RegisterBenchmark((std::string(layer.set) + "/" + layer.name + "/" + kRoleNames[static_cast<int>(role)]).c_str(),
                                     [&layer, role](benchmark::State& state) { run_layer(state, layer, role); })
            ->UseManualTime()
            ->Iterations(12)
            ->Unit(benchmark::kMicrosecond);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  for (const auto& [set, layers] : rows()) {
    Sum total;
    for (const auto& [name, row] : layers) total = {total.ours + row.ours, total.peer + row.peer, total.pack + row.pack};
    std::printf("%s: ours %.2f ms + packing %.2f ms, oneDNN's best %.2f ms, ratio %.3f\n", set.c_str(), total.ours * 1e3,
                total.pack * 1e3, total.peer * 1e3, (total.ours + total.pack) / total.peer);
  }
  return 0;
}
