// One training step of DCGAN (64x64, batch 16, width 64, f32) on the cpu device against the sum of oneDNN's
// own best times for its convolutions, measured in turns in the same run.
//   bench_step_cpu [ROUNDS]      OMP_NUM_THREADS=1: one thread, in processor time (for a machine in use)
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/layers.h"
#include "bench/onednn_peer.h"
#include "gan/session.h"
#include "kernels/cpu/threads.h"

int main(int argc, char** argv) {
  using namespace ganymede;
  using namespace ganymede::bench;
  kernels::cpu::restart_with_short_spin(argv);
  kernels::cpu::use_threads(omp_get_max_threads());
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 8;

  SessionOptions options;
  options.model = "dcgan";
  options.data = "shapes";
  options.size = 64;
  options.channels = 3;
  options.batch = 16;
  options.device = "cpu";
  options.threads = omp_get_max_threads();
  options.steps = 1000;
  Session session(options, Session::Use::train);
  for (int i = 0; i < 4; ++i) session.trainer().step();  // eager, traced, recorded, replayed

  struct Peer {
    OnednnPeer onednn;
    int calls;
  };
  std::vector<Peer> peers;
  for (const Layer& layer : kLayers)
    for (Role role : {Role::forward, Role::data_gradient, Role::weight_gradient})
      if (std::string(layer.set) == "dcgan64" && layer.calls[static_cast<int>(role)] > 0)
        peers.push_back(
            {OnednnPeer(problem_of(layer, kernels::DType::f32), role), layer.calls[static_cast<int>(role)]});
  double step = std::numeric_limits<double>::infinity();
  for (int round = 0; round < rounds; ++round) {
    for (Peer& peer : peers) peer.onednn.run();
    for (int i = 0; i < 2; ++i) {  // the first finds cold caches
      const double begin = seconds();
      session.trainer().step();
      step = std::min(step, seconds() - begin);
    }
  }
  double convolutions = 0;
  for (const Peer& peer : peers) convolutions += peer.calls * peer.onednn.best_seconds();
  std::printf(
      "DCGAN 64x64, batch 16, %d threads: step %.1f ms, oneDNN's best convolutions %.1f ms, ratio %.3f\n",
      omp_get_max_threads(), step * 1e3, convolutions * 1e3, step / convolutions);
  return 0;
}
