// The time of each step of docs/one_convolution_five_ways.md on a card, as a Markdown table.
//   bench_ladder [--device=cuda|cuda:N] [ROW...]     rows of the benchmark set (A7 B5 C3)
// A time is the median of replays of a graph of many calls on rotated operands (bench/measure.h). Exits with 1 without a card.
#include "bench/ladder/ladder.h"

#include <cstdio>
#include <string>
#include <vector>

#include "bench/measure.h"
#include "bench/rows.h"
#include "engine/check.h"

namespace ganymede::kernels::cuda {
const bench::LadderStep (&ladder_steps())[bench::kLadderSteps];
}

namespace ganymede::bench {
namespace {

void table_of(const Row& row) {
  const kernels::Conv2d p = problem_of(row, kernels::DType::bf16, kernels::Math::f32);
  const int64_t x = int64_t{p.n} * p.h * p.w * p.c, w = int64_t{p.k} * p.r * p.s * p.c, y = int64_t{p.n} * p.p * p.q * p.k;
  const double flops = 2.0 * double(y) * p.r * p.s * p.c, bytes = 2.0 * double(x + w + y);
  const double floor = std::max(bytes / ceilings().bandwidth, flops / ceilings().rate[int(Rate::bf16)]);
  std::printf("\n## %s: %d x %dx%dx%d -> %d, %dx%d, stride %d, bf16\n\n| step | us | Tflop/s | of the floor |\n|---|---|---|---|\n", row.name, p.n, p.h, p.w, p.c, p.k, p.r, p.s,
              p.stride_h);
  const int sets = sets_for(bytes);
  const Operand from(x, kernels::DType::bf16, sets), filter(w, kernels::DType::bf16, sets), to(y, kernels::DType::bf16, sets);
  for (const LadderStep& step : kernels::cuda::ladder_steps()) {
    const double seconds = median_seconds({[&](int i) {
                                             step.run(stream(), p, static_cast<const kernels::Bf16*>(from[i]), static_cast<const kernels::Bf16*>(filter[i]),
                                                      static_cast<kernels::Bf16*>(to[i]));
                                           },
                                           sets});
    std::printf("| %s | %.1f | %.2f | %.3f |\n", step.name, seconds * 1e6, flops / seconds / 1e12, floor / seconds);
    std::fflush(stdout);
  }
}

const Row& row_of(const std::string& name) {
  for (const Row& row : kRows)
    if (name == row.name && !row.transposed && row.c % 8 == 0) return row;
  throw UsageError(name + ": it must be a row that is not transposed and has a multiple of 8 channels, like A7, B5, C3, E1");
}

int run(int argc, char** argv) {
  std::string device = "cuda";
  std::vector<const Row*> rows;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.starts_with("--device=")) device = word.substr(9);
    else rows.push_back(&row_of(word));
  }
  if (rows.empty()) rows = {&row_of("A7"), &row_of("B5"), &row_of("C3")};
  const Device d = Device::parse(device);
  if (d.type != DeviceType::cuda) throw UsageError("--device=" + device + ": it must be cuda or cuda:N, for the times of others say nothing about a GPU");
  use_device(d);
  std::printf("# One convolution, five ways, on %s\n", table().device.info(d.index).name);
  for (const Row* row : rows) table_of(*row);
  return 0;
}

}  // namespace
}  // namespace ganymede::bench

int main(int argc, char** argv) {
  try {
    return ganymede::bench::run(argc, argv);
  } catch (const ganymede::UsageError& e) {
    std::fprintf(stderr, "bench_ladder: %s\n", e.what());
    return 2;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "bench_ladder: %s\n", e.what());
    return 1;
  }
}
