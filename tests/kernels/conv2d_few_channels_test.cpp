// The kernels for convolutions with at most four channels on one side, on the simulator (on the GPU: device_under_test.h), against
// seven nested loops in double: every direction, in three orders of threads, which must give equal bits; edges first. And what
// they serve, and that a preference goes before.
#include <gtest/gtest.h>

#include "kernels/api/conv2d_rows.h"
#include "kernels/device/conv_plan.h"
#include "kernels/simt/simulator.h"
#include "tests/kernels/conv2d_cases.h"
#include "tests/kernels/simt_orders.h"

namespace ganymede::kernels::sim {
namespace {

using namespace check;

constexpr Number kServed[] = {{DType::f32, Math::tf32}, {DType::bf16, Math::f32}};

// One direction as Conv2dKernels computes it, from given operands; `bias` and `beside`, the residual or, where epilogue.mask is there, the mask, may be empty. shift: as in conv2d_cases.h.
struct Run {
  std::vector<double> values;
  std::vector<unsigned char> bits;
};
Run run(Conv2dRole role, const Conv2d& p, const std::vector<double>& first, const std::vector<double>& second, const std::vector<double>& bias,
        const std::vector<double>& beside, Epilogue epilogue, int shift) {
  Guarded residual(p.dtype, beside, std::abs(shift));
  shift = std::max(shift, 0);
  Guarded a(p.dtype, first, shift), b(p.dtype, second, shift), biases(DType::f32, bias);
  epilogue.bias = bias.empty() ? nullptr : biases.data();
  (epilogue.mask ? epilogue.mask : epilogue.residual) = beside.empty() ? nullptr : residual.data();
  const bool weights = role == Conv2dRole::weight_gradient;
  Guarded to(weights ? DType::f32 : p.dtype, role == Conv2dRole::forward ? y_count(p) : weights ? w_count(p) : x_count(p), shift);
  const size_t bytes = weights ? conv2d().weight_gradient_workspace(p) : role == Conv2dRole::data_gradient ? conv2d().data_gradient_workspace(p) : 0;
  Guarded workspace(DType::f32, static_cast<int64_t>(bytes / 4));
  if (role == Conv2dRole::forward) conv2d().forward(nullptr, p, a.data(), {b.data(), nullptr}, to.data(), epilogue, nullptr);
  else if (!weights) conv2d().data_gradient(nullptr, p, a.data(), {b.data(), nullptr}, to.data(), epilogue, bytes ? workspace.data() : nullptr);
  else conv2d().weight_gradient(nullptr, p, a.data(), b.data(), to.data(), bytes ? workspace.data() : nullptr);
  EXPECT_TRUE(to.guard_is_whole() && workspace.guard_is_whole());
  return {to.values(), to.bits()};
}

struct RunOperands {
  std::vector<double> first, second;
};
RunOperands operands(Conv2dRole role, const Conv2d& p) {
  const auto x = random_values(x_count(p), 1), w = random_values(w_count(p), 2), dy = random_values(y_count(p), 3);
  return role == Conv2dRole::forward ? RunOperands{x, w} : role == Conv2dRole::data_gradient ? RunOperands{dy, w} : RunOperands{x, dy};
}
std::vector<double> reference(Conv2dRole role, const Conv2d& p, const RunOperands& o) {
  std::vector<double> want(role == Conv2dRole::forward ? y_count(p) : role == Conv2dRole::data_gradient ? x_count(p) : w_count(p));
  for_each_term(p, [&](int64_t i, int64_t f, int64_t j) {
    if (role == Conv2dRole::forward) want[j] += o.first[i] * o.second[f];
    else if (role == Conv2dRole::data_gradient) want[i] += o.first[j] * o.second[f];
    else want[f] += o.first[i] * o.second[j];
  });
  return want;
}

void expect_few(Conv2dRole role, const Conv2d& p, Epilogue epilogue = kPlain, bool biased = false, int shift = 0, bool summed = false) {
  SCOPED_TRACE(describe(p) + " " + kRoleNames[static_cast<int>(role)]);
  ASSERT_EQ(table_plan(role, p, 90).tile, TileName::few_channels);
  const RunOperands o = operands(role, p);
  const auto bias = biased ? random_values(role == Conv2dRole::forward ? p.k : p.c, 4) : std::vector<double>{};
  auto want = reference(role, p, o);
  const auto beside = summed ? epilogue.mask ? mask_values(std::ssize(want), 5) : random_values(std::ssize(want), 5) : std::vector<double>{};
  if (role != Conv2dRole::weight_gradient) finish(want, bias, epilogue.activation, epilogue.alpha, epilogue.mask ? std::vector<double>{} : beside, epilogue.mask ? beside : std::vector<double>{});
  const Tolerance allowed = tolerance(p.dtype, p.math);
  std::vector<unsigned char> bits;
  for (const Order order : {Order::forward, Order::reverse, Order::random}) {
    configure({order, 5, 0});
    const Run got = run(role, p, o.first, o.second, bias, beside, epilogue, shift);
    EXPECT_LE(relative_error(got.values, want), role == Conv2dRole::forward ? allowed.forward : allowed.gradient);
    if (order == Order::forward) bits = got.bits;
    else EXPECT_EQ(got.bits, bits) << "order " << static_cast<int>(order);
  }
}

void expect_few_matches(const Conv2d& problem) {
  for (const Number number : kServed) {
    for (const Conv2dRole role : kRoles) expect_few(role, with(problem, number));
  }
}

class Conv2dFewChannelsSim : public testing::Test {
  const SettingsGuard guard_;
};

TEST_F(Conv2dFewChannelsSim, FewInputsMatchReference) {
  expect_few_matches(conv(1, 1, 1, 1, 1, 1, 1));                  // one pixel, one channel
  expect_few_matches(conv(1, 1, 1, 3, 64, 4, 4, 1, 2));           // windows mostly outside
  expect_few_matches(conv(2, 12, 10, 3, 64, 4, 4, 2, 1));         // A6, smaller: whole vectors
  expect_few_matches(conv(1, 13, 11, 3, 7, 4, 4, 2, 1));          // odd everything
  expect_few_matches(conv(2, 9, 35, 2, 33, 3, 5, 1, 2));          // more columns than a rectangle of positions has
  expect_few_matches(conv(1, 34, 67, 1, 9, 3, 3, 1, 0));          // several rectangles both ways
  expect_few_matches(conv(1, 11, 12, 4, 72, 3, 3, 1, 1));         // more channels than one product has
  expect_few_matches(conv(3, 5, 7, 4, 128, 1, 1));
  expect_few_matches(conv(1, 15, 14, 3, 16, 7, 7, 1, 3));         // C1's filter: several blocks of terms
  expect_few_matches(conv(1, 9, 8, 3, 40, 9, 9, 1, 4));           // more (tap, c) than a block of the weight gradient has
}

TEST_F(Conv2dFewChannelsSim, FewOutputsMatchReference) {
  expect_few_matches(conv(2, 10, 9, 64, 3, 7, 7, 1, 3));          // C5, smaller
  expect_few_matches(conv(1, 9, 70, 16, 3, 1, 1));                // E4, smaller: less than a block of terms
  expect_few_matches(conv(1, 12, 13, 24, 3, 9, 9, 1, 4));         // F3's filter
  expect_few_matches(conv(1, 7, 9, 13, 1, 3, 3, 1, 1));           // odd channels
  expect_few_matches(conv(2, 6, 5, 128, 4, 3, 2, 1, 0));          // several pairs of blocks of terms
  expect_few_matches(conv(1, 6, 7, 65, 2, 2, 3, 1, 2));
  expect_few_matches(conv(1, 4, 3, 8, 1, 4, 4, 1, 5));            // more padding than the filter reaches
}

TEST_F(Conv2dFewChannelsSim, StridesDilationAndCutsMatchReference) {
  expect_few_matches(conv(1, 14, 13, 3, 8, 3, 3, 3, 1));
  expect_few_matches(conv(1, 19, 18, 2, 5, 5, 3, 4, 2));
  expect_few_matches(conv(1, 9, 8, 3, 8, 1, 1, 2));               // pixels that no tap meets
  expect_few_matches(conv(1, 17, 16, 3, 8, 3, 3, 2, 2, 2));       // dilation shares a factor with the stride
  expect_few_matches(conv(1, 18, 17, 1, 6, 3, 2, 3, 2, 2));
  expect_few_matches(conv(1, 12, 13, 16, 2, 3, 3, 1, 2, 2));
  expect_few_matches(conv(1, 20, 20, 8, 3, 3, 3, 1, 7, 7));
  Conv2d p = conv(2, 13, 16, 3, 10, 3, 2);
  p.stride_h = 2, p.stride_w = 3, p.pad_h = 1, p.pad_w = 0, p.dilation_h = 1, p.dilation_w = 2;
  p.p = 5, p.q = 3;                                           // less than fit
  expect_few_matches(p);
  Conv2d padded = conv(1, 6, 6, 3, 4, 4, 4, 2, 1);
  padded.h = 7, padded.w = 7;                                 // output padding of the transposed convolution
  expect_few_matches(padded);
  Conv2d cut = conv(1, 11, 12, 24, 3, 5, 3, 1, 2);
  cut.p = 7, cut.q = 5;
  expect_few_matches(cut);
}

// Windows that shared memory holds a few rows at a time, many tiles, and more parts than the sum of one block's threads.
TEST_F(Conv2dFewChannelsSim, LargeProblemsMatchReference) {
  const Number bf16 = kServed[1];
  const Conv2d tall = with(conv(1, 40, 60, 32, 3, 9, 9, 1, 4), bf16), image = with(conv(3, 64, 64, 3, 8, 4, 4, 2, 1), bf16);
  const WindowCut cut = wide_to_few_cut(thin_conv(tall), DType::bf16);
  EXPECT_LT(cut.chunk_rows, cut.window_rows);
  EXPECT_GT(few_weights_workspace(image), 8 * sizeof(float) * w_count(image));
  expect_few(Conv2dRole::forward, tall);
  for (const Conv2dRole role : kRoles) expect_few(role, image);
}

TEST_F(Conv2dFewChannelsSim, EpiloguesMatchReference) {
  for (const Number number : kServed) {
    for (const Conv2d& problem : {conv(1, 6, 5, 3, 10, 3, 3, 2, 1), conv(1, 5, 4, 4, 16, 3, 3, 1, 1), conv(1, 6, 5, 10, 3, 3, 3, 1, 1)}) {
      expect_few(Conv2dRole::forward, with(problem, number), kMasked, false, 0, true);
      expect_few(Conv2dRole::data_gradient, with(problem, number), kMasked, false, 0, true);
      for (const Unary f : {Unary::identity, Unary::relu, Unary::leaky_relu, Unary::sigmoid, Unary::tanh}) {
        for (const bool biased : {false, true}) {
          for (const bool summed : {false, true}) {
            expect_few(Conv2dRole::forward, with(problem, number), {nullptr, f, 0.2}, biased, 0, summed);
            expect_few(Conv2dRole::data_gradient, with(problem, number), {nullptr, f, 0.2}, biased, 0, summed);
          }
        }
      }
    }
  }
}

TEST_F(Conv2dFewChannelsSim, UnalignedPointersMatchReference) {
  for (const Number number : kServed) {
    for (const Conv2d& problem : {conv(1, 6, 5, 3, 16, 4, 4, 2, 1), conv(1, 6, 5, 16, 4, 3, 3, 1, 1)}) {
      expect_few(Conv2dRole::forward, with(problem, number), kMasked, false, -1, true);
      expect_few(Conv2dRole::data_gradient, with(problem, number), kMasked, false, -1, true);
      for (const int shift : {1, 2, 3}) {
        for (const Conv2dRole role : kRoles) expect_few(role, with(problem, number), kPlain, false, shift, role != Conv2dRole::weight_gradient);
        expect_few(Conv2dRole::forward, with(problem, number), kMasked, false, shift, true);
        expect_few(Conv2dRole::data_gradient, with(problem, number), kMasked, false, shift, true);
      }
    }
  }
}

// A NaN of the image, or of the side with many channels, reaches the results whose sums it belongs to and no others. (One in
// the other operand meets padding's zeros, so it may spread.)
TEST_F(Conv2dFewChannelsSim, NaNStaysInItsSums) {
  for (const Number number : kServed) {
    for (const Conv2d& problem : {conv(2, 6, 5, 3, 5, 3, 3, 1, 1), conv(1, 37, 6, 3, 16, 4, 4, 2, 1), conv(2, 6, 5, 24, 3, 3, 3, 1, 1)}) {
      const Conv2d p = with(problem, number);
      for (const Conv2dRole role : {Conv2dRole::forward, Conv2dRole::data_gradient, Conv2dRole::weight_gradient}) {
        SCOPED_TRACE(describe(p) + " " + kRoleNames[static_cast<int>(role)]);
        RunOperands o = operands(role, p);
        // In the weight gradient positions of the thin image are gathered, the wide side meets the padding.
        std::vector<double>& spoilt = role == Conv2dRole::weight_gradient && !has_few_inputs(p) ? o.second : o.first;
        const bool in_x = role == Conv2dRole::forward || (role == Conv2dRole::weight_gradient && has_few_inputs(p));
        const int rows = in_x ? p.h : p.p, columns = in_x ? p.w : p.q, channels = in_x ? p.c : p.k;
        spoilt[((int64_t{p.n - 1} * rows + rows - 1) * columns + columns / 2) * channels] = std::nan("");
        const auto want = reference(role, p, o);
        const auto got = run(role, p, o.first, o.second, {}, {}, kPlain, 0).values;
        for (size_t i = 0; i < want.size(); ++i) ASSERT_EQ(std::isnan(got[i]), std::isnan(want[i])) << "element " << i;
      }
    }
  }
}

TEST_F(Conv2dFewChannelsSim, PreferencesGoBefore) {
  const Conv2d p = with(conv(1, 9, 8, 3, 8, 3, 3, 2, 1), kServed[1]);
  ASSERT_TRUE(few_channels_serve(Conv2dRole::data_gradient, p));
  const auto is = [&](const char* name) { return std::string(variants().tile_name(variants().chosen(Conv2dRole::data_gradient, p).tile)) == name; };
  EXPECT_TRUE(is("few_channels"));
  ConvVariant all[kMostVariants];
  ASSERT_GT(variants().list(Conv2dRole::data_gradient, p, all), 1);
  EXPECT_EQ(all[0].tile, static_cast<int>(TileName::few_channels));
  EXPECT_TRUE(variants().prefer(Conv2dRole::data_gradient, p, all[1]));
  EXPECT_FALSE(is("few_channels"));
  EXPECT_TRUE(variants().prefer(Conv2dRole::data_gradient, p, all[0]));
  EXPECT_TRUE(is("few_channels"));
  EXPECT_FALSE(variants().prefer(Conv2dRole::data_gradient, p, {all[0].tile, 2}));
  Conv2d f32 = p;
  f32.dtype = DType::f32;
  EXPECT_FALSE(variants().prefer(Conv2dRole::data_gradient, f32, all[0]));
  variants().forget();
}

TEST(Conv2dFewChannelsTable, ServesWhatItSays) {
  const auto served = [](const Conv2d& problem) {
    std::string text;
    const Conv2d p = with(problem, kServed[1]);
    for (const Conv2dRole role : kRoles) text += few_channels_serve(role, p) ? kRoleNames[static_cast<int>(role)][0] : '-';
    return text;
  };
  for (const Conv2dRow& row : kConv2dRows) {
    const std::string name = row.name;
    const bool few = name == "A5" || name == "A6" || name == "C1" || name == "C5" || name == "D4" || name == "E4" || name == "F3";
    EXPECT_EQ(served(problem_of(row, DType::bf16, Math::f32)), few ? "fdw" : "---") << name;
  }
  EXPECT_EQ(served(conv(1, 9, 9, 4, 8, 3, 3, 4)), "fdw");
  EXPECT_EQ(served(conv(1, 9, 9, 5, 8, 3, 3)), "---");              // five channels
  EXPECT_EQ(served(conv(1, 9, 9, 4, 8, 3, 3, 5)), "---");           // stride
  EXPECT_EQ(served(conv(1, 9, 9, 8, 4, 3, 3, 2)), "---");           // stride, where the outputs are few
  EXPECT_EQ(served(conv(1, 9, 9, 4, 8, 3, 3, 1, 1, 1, 2)), "---");  // groups
  EXPECT_EQ(served(conv(1, 9, 9, 4, 129, 3, 3)), "---");            // too wide
  EXPECT_EQ(served(conv(1, 99, 99, 1, 8, 17, 17)), "---");          // too many taps
  EXPECT_EQ(served(conv(1, 99, 99, 1, 8, 3, 3, 1, 0, 33)), "---");  // reach
  const Conv2d exact = conv(1, 9, 9, 3, 8, 3, 3);
  EXPECT_FALSE(few_channels_serve(Conv2dRole::forward, exact));     // f32 in f32
  EXPECT_TRUE(few_channels_serve(Conv2dRole::forward, with(exact, kServed[0])));
  EXPECT_FALSE(few_channels_serve(Conv2dRole::forward, conv(0, 9, 9, 3, 8, 3, 3)));
}

}  // namespace
}  // namespace ganymede::kernels::sim
