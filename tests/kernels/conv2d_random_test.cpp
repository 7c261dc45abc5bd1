// Convolutions drawn at random in every direction, on the cpu and, in the variant that the table chooses and in any other, on the simulator
// (the GPU: device_under_test.h), against seven nested loops in double. GANYMEDE_RANDOM_CASES=N draws N of each instead of a few.
#include <omp.h>

#include "kernels/simt/simulator.h"
#include "tests/kernels/conv2d_cases.h"
#include "tests/kernels/conv2d_cpu_check.h"
#include "tests/kernels/conv2d_drawn.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels {
namespace {

using test::Draw;

TEST(Conv2dRandom, CpuMatchesReference) {
  using namespace cpu::conv2d_check;
  const int threads = omp_get_max_threads();
  for (int seed = 0; seed < test::random_cases(150) && !testing::Test::HasFailure(); ++seed) {
    Draw draw(seed);
    Conv2d p = drawn_problem(draw, 4'000'000);
    p.math = Math::f32;
    p.dtype = draw.of({DType::f32, DType::f32, DType::bf16, DType::f64});
    omp_set_num_threads(draw.of({1, 2, 3}));
    SCOPED_TRACE(testing::Message() << "case " << seed << ", " << omp_get_max_threads() << " threads");
    if (draw.one_in(6)) expect_matches(p, kMasked, false);
    else expect_matches(p, {nullptr, drawn_activation(draw), 0.2}, draw.one_in(2), cpu::conv2d_kernels, draw.one_in(3));
  }
  omp_set_num_threads(threads);
}

Epilogue drawn_epilogue(Draw& draw) {
  using namespace sim::check;
  const auto all = epilogues(drawn_activation(draw));
  return draw.one_in(3) ? kPlain : draw.one_in(6) ? kMasked : all[size_t(draw.between(0, 3))];
}

TEST(Conv2dRandom, DeviceMatchesReference) {
  using namespace sim::check;
  for (int seed = 0; seed < test::random_cases(40) && !testing::Test::HasFailure(); ++seed) {
    Draw draw(1'000'000 + seed);
    const Conv2d p = with(drawn_problem(draw, 200'000), kNumbers[draw.between(0, 2)]);
    const Epilogue epilogue = drawn_epilogue(draw);
    SCOPED_TRACE(testing::Message() << "case " << seed << ": " << describe(p));
    const Tolerance allowed = tolerance(p.dtype, p.math);
    EXPECT_LE(forward(p, {}, epilogue).error, allowed.forward);
    EXPECT_LE(data_gradient(p, {}, epilogue).error, allowed.gradient);
    EXPECT_LE(weight_gradient(p).error, allowed.gradient);
  }
}

// What `ganymede tune` may put in place: one that is listed for the card, or another tile and number of parts that it takes.
ConvVariant drawn_variant(Draw& draw, Conv2dRole role, const Conv2d& p) {
  const VariantKernels& v = variants_under_test();
  ConvVariant listed[kMostVariants];
  const int count = v.list(role, p, listed);
  ConvVariant chosen = listed[draw.between(0, count - 1)];
  if (draw.one_in(3)) {
    int tiles = 0;
    while (v.tile_name(tiles)) ++tiles;
    const ConvVariant any{int(draw.between(0, tiles - 1)), int(draw.between(1, 9))};
    if (v.prefer(role, p, any)) chosen = any;
  }
  EXPECT_TRUE(v.prefer(role, p, chosen));
  return chosen;
}

TEST(Conv2dRandom, VariantsMatchReference) {
  using namespace sim::check;
  const sim::SettingsGuard guard;
  for (int seed = 0; seed < test::random_cases(500) && !testing::Test::HasFailure(); ++seed) {
    Draw draw(3'000'000 + seed);
    const Conv2d p = with(drawn_problem(draw, 200'000), kNumbers[draw.between(0, 2)]);
    const Epilogue epilogue = drawn_epilogue(draw);
    const int shift = draw.one_in(5) ? 1 : 0;
    sim::configure({.order = sim::Order::random, .seed = uint64_t(seed), .workers = 0, .capability = draw.of({80, 90, 90})});
    const Conv2dRole role = kRoles[draw.between(0, 2)];
    const ConvVariant variant = drawn_variant(draw, role, p);
    SCOPED_TRACE(testing::Message() << "case " << seed << ": " << describe(p) << ' ' << kRoleNames[int(role)] << " by " << variants_under_test().tile_name(variant.tile) << " in " << variant.parts
                                    << (shift ? ", unaligned" : ""));
    const Tolerance allowed = tolerance(p.dtype, p.math);
    if (role == Conv2dRole::forward) EXPECT_LE(forward(p, {}, epilogue, shift).error, allowed.forward);
    else EXPECT_LE((role == Conv2dRole::data_gradient ? data_gradient(p, {}, epilogue, shift) : weight_gradient(p, {}, shift)).error, allowed.gradient);
    variants_under_test().forget();
  }
}

}  // namespace
}  // namespace ganymede::kernels
