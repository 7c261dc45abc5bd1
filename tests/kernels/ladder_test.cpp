// The five steps of docs/one_convolution_five_ways.md against seven nested loops in double, on the simulator in three
// thread orders (on the GPU: device_under_test.h).
#include "bench/ladder/ladder.h"

#include "kernels/simt/simulator.h"
#include "tests/kernels/conv2d_check.h"

#ifdef GANYMEDE_HAS_CUDA
namespace ganymede::kernels::cuda {
const bench::LadderStep (&ladder_steps())[bench::kLadderSteps];
}
#endif

namespace ganymede::kernels::sim {
namespace {

using namespace check;

const bench::LadderStep (&steps_under_test())[bench::kLadderSteps] {
#ifdef GANYMEDE_HAS_CUDA
  if (tests_run_on_cuda()) return cuda::ladder_steps();
#endif
  return ladder_steps();
}

Conv2d problem(int n, int h, int w, int c, int k, int r, int s, int stride, int pad) {
  return {n,      h,      w,   c,   k, r, s, (h + 2 * pad - r) / stride + 1, (w + 2 * pad - s) / stride + 1,
          stride, stride, pad, pad, 1, 1, 1, DType::bf16, Math::f32};
}

TEST(LadderSim, EveryStepMatchesReferenceInEveryOrder) {
  const Settings before = settings();
  for (const Conv2d& p : {problem(1, 1, 1, 8, 1, 1, 1, 1, 0), problem(1, 5, 7, 8, 3, 3, 3, 1, 1), problem(2, 8, 6, 24, 70, 4, 4, 2, 1),
                          problem(1, 12, 11, 40, 65, 1, 2, 1, 0), problem(1, 6, 6, 16, 8, 5, 3, 3, 2)}) {
    SCOPED_TRACE(describe(p));
    const auto x = random_values(x_count(p), 1), w = random_values(w_count(p), 2);
    std::vector<double> wanted(y_count(p));
    for_each_term(p, [&](int64_t i, int64_t f, int64_t j) { wanted[j] += x[i] * w[f]; });
    Guarded from(p.dtype, x), filter(p.dtype, w);
    for (const bench::LadderStep& step : steps_under_test()) {
      SCOPED_TRACE(step.name);
      std::vector<unsigned char> bits;
      for (const Order order : {Order::forward, Order::reverse, Order::random}) {
        configure({order, 5, 0});
        Guarded to(p.dtype, y_count(p));
        step.run(nullptr, p, static_cast<const Bf16*>(from.data()), static_cast<const Bf16*>(filter.data()), static_cast<Bf16*>(to.data()));
        EXPECT_LE(relative_error(to.values(), wanted), 4e-3);
        EXPECT_TRUE(to.guard_is_whole());
        if (bits.empty()) bits = to.bits();
        else EXPECT_EQ(to.bits(), bits);
      }
    }
  }
  configure(before);
}

TEST(LadderSim, RefusesWhatItCannotDo) {
  Conv2d p = problem(1, 5, 5, 8, 8, 3, 3, 1, 1);
  p.c = 12;
  for (const bench::LadderStep& step : steps_under_test()) EXPECT_THROW(step.run(nullptr, p, nullptr, nullptr, nullptr), std::runtime_error) << step.name;
}

}  // namespace
}  // namespace ganymede::kernels::sim
