// Convolution kernels of the simulator (of the GPU: device_under_test.h) against seven nested loops in double: every
// direction, number, tile and epilogue, odd sizes first.
#include <gtest/gtest.h>

#include "kernels/device/families.h"
#include "kernels/simt/simulator.h"
#include "tests/kernels/conv2d_cases.h"

namespace ganymede::kernels::sim {
namespace {

using namespace check;

void expect_all_directions(const Conv2d& problem, Choice choice = {}) {
  for (const Number number : kNumbers) {
    const Conv2d p = with(problem, number);
    SCOPED_TRACE(describe(p));
    const Tolerance allowed = tolerance(p.dtype, p.math);
    EXPECT_LE(forward(p, choice).error, allowed.forward);
    EXPECT_LE(data_gradient(p, choice).error, allowed.gradient);
    EXPECT_LE(weight_gradient(p, choice).error, allowed.gradient);
  }
}

TEST(Conv2dSim, OddSizesMatchReference) {
  expect_all_directions(conv(1, 1, 1, 1, 1, 1, 1));
  expect_all_directions(conv(1, 1, 1, 5, 7, 1, 1));
  expect_all_directions(conv(1, 5, 7, 3, 5, 3, 3, 1, 1));
  expect_all_directions(conv(2, 5, 3, 7, 11, 2, 3, 1, 2));
  expect_all_directions(conv(1, 7, 9, 13, 3, 5, 5, 1, 2));
  expect_all_directions(conv(1, 9, 9, 2, 3, 9, 9, 1, 4));
  expect_all_directions(conv(3, 1, 11, 3, 17, 1, 7, 1, 3));
}

TEST(Conv2dSim, VectorPathMatchesReference) {
  expect_all_directions(conv(2, 7, 5, 8, 16, 3, 3, 1, 1));
  expect_all_directions(conv(1, 8, 8, 24, 40, 3, 3, 1, 1));
  expect_all_directions(conv(2, 6, 6, 32, 8, 4, 4, 2, 1));
  expect_all_directions(conv(1, 9, 7, 16, 72, 1, 1));
  expect_all_directions(conv(1, 6, 5, 20, 12, 3, 3, 1, 1));  // vectors of f32, elements of bf16
  expect_all_directions(conv(1, 6, 5, 8, 3, 3, 3, 1, 1));    // vectors of one operand only
  expect_all_directions(conv(1, 6, 5, 3, 8, 3, 3, 1, 1));
}

TEST(Conv2dSim, StrideAndDilationMatchReference) {
  expect_all_directions(conv(2, 8, 8, 8, 16, 4, 4, 2, 1));
  expect_all_directions(conv(1, 9, 11, 5, 6, 3, 3, 2, 1));
  expect_all_directions(conv(1, 11, 10, 4, 8, 3, 3, 3, 0));
  expect_all_directions(conv(1, 7, 8, 3, 4, 1, 1, 2, 0));       // phases that no tap meets
  expect_all_directions(conv(1, 13, 12, 4, 5, 3, 3, 2, 2, 2));  // dilation shares a factor with the stride
  expect_all_directions(conv(1, 13, 12, 8, 8, 3, 2, 3, 2, 2));
  expect_all_directions(conv(1, 9, 9, 8, 8, 3, 3, 1, 4, 4));
  expect_all_directions(conv(1, 21, 20, 2, 3, 3, 3, 9, 1));  // more phases than one launch describes
}

TEST(Conv2dSim, UnequalStridePadDilation) {
  Conv2d p = conv(2, 9, 10, 6, 5, 3, 2);
  p.stride_h = 2, p.stride_w = 3, p.pad_h = 1, p.pad_w = 0, p.dilation_h = 1, p.dilation_w = 2;
  p.p = 4, p.q = 2;  // one less than fit
  expect_all_directions(p);
  Conv2d padded = conv(1, 6, 6, 4, 4, 4, 4, 2, 1);
  padded.h = 7, padded.w = 7;  // output padding of the transposed convolution
  expect_all_directions(padded);
}

TEST(Conv2dSim, GroupsMatchReference) {
  expect_all_directions(conv(1, 6, 5, 6, 9, 3, 3, 1, 1, 1, 3));
  expect_all_directions(conv(2, 5, 5, 16, 32, 3, 3, 2, 1, 1, 2));
  expect_all_directions(conv(1, 6, 6, 5, 5, 3, 3, 1, 1, 1, 5));  // depthwise
}

TEST(Conv2dSim, EveryTileMatchesReference) {
  for (const TileName tile : kTileNames) {
    SCOPED_TRACE(static_cast<int>(tile));
    expect_all_directions(conv(1, 13, 11, 8, 136, 3, 3, 1, 1), {false, tile, 2});
    expect_all_directions(conv(1, 13, 11, 72, 7, 3, 2, 2, 1), {false, tile, 1});
  }
}

// The last block to arrive adds up the parts: its order must not show, nor anything be left for the next
// launch.
TEST(Conv2dSim, PartsOfSumsMatchReference) {
  const Settings before = settings();
  for (const Number number : kNumbers) {
    const Conv2d p = with(conv(2, 7, 6, 24, 40, 3, 3, 2, 1), number);
    SCOPED_TRACE(describe(p));
    const Tolerance allowed = tolerance(p.dtype, p.math);
    for (const TileName tile : kTileNames) {
      for (const int parts : {2, 3, 7, 16}) {
        const Epilogue epilogue = parts % 2 ? kMasked : Epilogue{&kPresent, Unary::tanh, 0, &kPresent};
        const auto run = [&](Order order) {
          configure({order, 11, 0});
          const Outcome y = forward(p, {false, tile, parts}, epilogue),
                        dx = data_gradient(p, {false, tile, parts}, epilogue);
          EXPECT_LE(y.error, allowed.forward) << parts;
          EXPECT_LE(dx.error, allowed.gradient) << parts;
          return std::vector{y.bits, dx.bits};
        };
        const auto bits = run(Order::forward);
        if (tile != TileName::small) continue;
        EXPECT_EQ(run(Order::reverse), bits);
        EXPECT_EQ(run(Order::random), bits);
      }
    }
  }
  configure(before);
}

TEST(Conv2dSim, WeightGradientSplitsAgree) {
  const Conv2d problem = conv(3, 12, 11, 5, 6, 3, 3, 1, 1);
  for (const Number number : kNumbers) {
    const Conv2d p = with(problem, number);
    SCOPED_TRACE(describe(p));
    EXPECT_GT(conv2d().weight_gradient_workspace(p), 0u);
    for (const int splits : {1, 2, 3, 7, 40}) {  // 40: some parts are empty
      EXPECT_LE(weight_gradient(p, {false, TileName::small, splits}).error,
                tolerance(p.dtype, p.math).gradient)
          << splits;
    }
  }
}

TEST(Conv2dSim, EpiloguesMatchReference) {
  for (const Number number : kNumbers) {
    const Conv2d p = with(conv(1, 6, 5, 6, 10, 3, 3, 2, 1), number), product = with(conv(3, 2, 2, 5, 7, 2, 2), number),
                 grouped = with(conv(1, 5, 5, 6, 8, 3, 3, 1, 1, 1, 2), number);
    SCOPED_TRACE(describe(p));
    const Tolerance allowed = tolerance(p.dtype, p.math);
    for (const Unary f : {Unary::identity, Unary::relu, Unary::leaky_relu, Unary::sigmoid, Unary::tanh}) {
      SCOPED_TRACE(static_cast<int>(f));
      for (const Epilogue& epilogue : epilogues(f)) {
        EXPECT_LE(forward(p, {}, epilogue).error, allowed.forward);
        EXPECT_LE(data_gradient(p, {}, epilogue).error, allowed.gradient);
        EXPECT_LE(forward(grouped, {}, epilogue).error, allowed.forward);
        EXPECT_LE(data_gradient(grouped, {}, epilogue).error, allowed.gradient);
        EXPECT_LE(data_gradient(product, {}, epilogue).error, allowed.gradient);
      }
    }
  }
}

// The derivative of what made x (dx) in the store of the gradient, of 1 and of slopes of every kind.
TEST(Conv2dSim, MasksMatchReference) {
  for (const Number number : kNumbers) {
    for (const Conv2d& problem : {conv(1, 6, 5, 6, 10, 3, 3, 2, 1), conv(2, 5, 6, 16, 24, 3, 3, 1, 1), conv(1, 5, 5, 6, 8, 3, 3, 1, 1, 1, 2), conv(3, 2, 2, 5, 7, 2, 2),
                                  conv(3, 4, 4, 16, 32, 4, 4), conv(1, 7, 6, 3, 9, 3, 3, 1, 1), conv(1, 7, 6, 9, 3, 3, 3, 1, 1)}) {
      const Conv2d p = with(problem, number);
      SCOPED_TRACE(describe(p));
      EXPECT_TRUE(conv2d().masks(Conv2dRole::forward, p) && conv2d().masks(Conv2dRole::data_gradient, p));
      for (const double slope : {0.2, 0.0, -0.5}) {
        Epilogue masked = kMasked;
        masked.alpha = slope;
        for (const int shift : {0, 1, -1}) {
          EXPECT_LE(forward(p, {}, masked, shift).error, tolerance(p.dtype, p.math).forward) << slope;
          EXPECT_LE(data_gradient(p, {}, masked, shift).error, tolerance(p.dtype, p.math).gradient) << slope;
        }
      }
    }
  }
  // A mask stands alone.
  float memory[256] = {};
  const Conv2d p = conv(1, 3, 3, 2, 2, 3, 3, 1, 1);
  for (Epilogue wrong : {Epilogue{memory, Unary::identity, 0}, Epilogue{nullptr, Unary::relu, 0}, Epilogue{nullptr, Unary::identity, 0, memory}}) {
    wrong.mask = memory;
    EXPECT_THROW(conv2d().forward(nullptr, p, memory, {memory, nullptr}, memory, wrong, nullptr), std::runtime_error);
    EXPECT_THROW(conv2d().data_gradient(nullptr, p, memory, {memory, nullptr}, memory, wrong, nullptr), std::runtime_error);
  }
}

TEST(Conv2dSim, ShuffledResultsMatchReference) {
  for (const Number number : kNumbers) {
    for (const Conv2d& problem : {conv(2, 5, 6, 8, 16, 3, 3, 1, 1), conv(1, 5, 7, 3, 12, 3, 3, 1, 1), conv(1, 6, 5, 5, 36, 2, 3, 2, 1), conv(1, 9, 7, 24, 160, 1, 1)}) {
      const Conv2d p = with(problem, number);
      SCOPED_TRACE(describe(p));
      for (const int factor : {2, 3}) {
        if (!can_shuffle(p, factor)) continue;
        for (Epilogue epilogue : epilogues(Unary::tanh)) {
          epilogue.shuffle = factor;
          EXPECT_LE(forward(p, {}, epilogue).error, tolerance(p.dtype, p.math).forward);
          EXPECT_LE(forward(p, {}, epilogue, 1).error, tolerance(p.dtype, p.math).forward);
          for (const TileName tile : kTileNames) EXPECT_LE(forward(p, {false, tile, 2}, epilogue).error, tolerance(p.dtype, p.math).forward);
        }
      }
    }
  }
  Conv2d p = conv(1, 5, 5, 3, 12, 3, 3, 1, 1);
  EXPECT_TRUE(conv2d().shuffles(p, 2));
  EXPECT_FALSE(conv2d().shuffles(p, 3));        // 12 channels are no squares of 3
  EXPECT_FALSE(shuffles(with(p, kNumbers[1]), 2, 80)); // the kernels of few channels are faster
  p.border = Padding::replicate;
  EXPECT_FALSE(conv2d().shuffles(p, 2));
  Epilogue epilogue = kPlain;
  epilogue.shuffle = 2;
  EXPECT_THROW(conv2d().forward(nullptr, p, nullptr, {}, nullptr, epilogue, nullptr), std::runtime_error);
  EXPECT_THROW(conv2d().data_gradient(nullptr, conv(1, 5, 5, 3, 12, 3, 3, 1, 1), nullptr, {}, nullptr, epilogue, nullptr), std::runtime_error);
}

TEST(Conv2dSim, UnalignedPointersMatchReference) {
  for (const Number number : kNumbers) {
    const Conv2d p = with(conv(1, 6, 5, 8, 16, 3, 3, 2, 1), number);
    SCOPED_TRACE(describe(p));
    const Tolerance allowed = tolerance(p.dtype, p.math);
    for (const int shift : {1, 2, 3}) {
      for (const Epilogue& epilogue : {kPlain, Epilogue{nullptr, Unary::identity, 0, &kPresent}, kMasked}) {
        EXPECT_LE(forward(p, {}, epilogue, shift).error, allowed.forward);
        EXPECT_LE(data_gradient(p, {}, epilogue, shift).error, allowed.gradient);
      }
      EXPECT_LE(weight_gradient(p, {}, shift).error, allowed.gradient);
    }
  }
}

// A NaN in the gathered image reaches the results whose sums it belongs to and no others, though tiles reach
// beyond the last tap and position. (A NaN in the other operand meets padding's zeros, so it may spread.)
TEST(Conv2dSim, NaNStaysInItsSums) {
  const auto expect_same_nans = [](const std::vector<double>& got, const std::vector<double>& want) {
    for (size_t i = 0; i < want.size(); ++i)
      ASSERT_EQ(std::isnan(got[i]), std::isnan(want[i])) << "element " << i;
  };
  for (const Number number : kNumbers) {
    for (const Conv2d& problem :
         {conv(2, 6, 5, 3, 5, 3, 3, 1, 1), conv(1, 6, 6, 8, 16, 3, 3, 2, 1), conv(2, 5, 5, 4, 8, 1, 1)}) {
      const Conv2d p = with(problem, number);
      SCOPED_TRACE(describe(p));
      const auto w = random_values(w_count(p), 2), clean = random_values(y_count(p), 4);
      auto x = random_values(x_count(p), 1), dy = random_values(y_count(p), 3);
      x[((int64_t{p.n - 1} * p.h + p.h / 2) * p.w + p.w / 2) * p.c] = std::nan("");
      dy[((int64_t{p.n - 1} * p.p + p.p / 2) * p.q + p.q / 2) * p.k] = std::nan("");
      std::vector<double> y(y_count(p)), dx(x_count(p)), dw(w_count(p));
      for_each_term(p, [&](int64_t i, int64_t f, int64_t j) {
        y[j] += x[i] * w[f], dx[i] += dy[j] * w[f], dw[f] += x[i] * clean[j];
      });
      Guarded x_in(p.dtype, x), w_in(p.dtype, w), dy_in(p.dtype, dy), clean_in(p.dtype, clean);
      Guarded y_out(p.dtype, y_count(p)), dx_out(p.dtype, x_count(p)), dw_out(DType::f32, w_count(p));
      launchers().forward(nullptr, p, x_in.data(), w_in.data(), y_out.data(), kPlain, kSmall, 1);
      launchers().data_gradient(nullptr, p, dy_in.data(), w_in.data(), dx_out.data(), kPlain, nullptr, kSmall, 1);
      launchers().weight_gradient(nullptr, p, x_in.data(), clean_in.data(), dw_out.data(), nullptr, kSmall, 1);
      expect_same_nans(y_out.values(), y);
      expect_same_nans(dx_out.values(), dx);
      expect_same_nans(dw_out.values(), dw);
    }
  }
}

TEST(Conv2dSim, ThreadOrdersGiveEqualBits) {
  const Settings before = settings();
  for (const Number number : kNumbers) {
    for (const Conv2d& problem : {conv(2, 9, 7, 8, 16, 3, 3, 2, 1), conv(1, 6, 7, 3, 5, 3, 3, 1, 1)}) {
      const Conv2d p = with(problem, number);
      SCOPED_TRACE(describe(p));
      const auto run = [&](Order order) {
        configure({order, 7, 0});
        return std::vector{forward(p).bits, data_gradient(p).bits,
                           weight_gradient(p, {false, TileName::small, 3}).bits};
      };
      const auto bits = run(Order::forward);
      EXPECT_EQ(run(Order::reverse), bits);
      EXPECT_EQ(run(Order::random), bits);
    }
  }
  configure(before);
}

TEST(Conv2dSim, EmptyProblems) {
  Conv2d p = conv(0, 5, 5, 3, 4, 3, 3);
  EXPECT_EQ(forward(p).error, 0);
  EXPECT_EQ(data_gradient(p).error, 0);
  EXPECT_EQ(weight_gradient(p).error, 0);  // zeros
}

TEST(Conv2dSim, RefusesWhatItCannotDo) {
  Conv2d p = conv(1, 5, 5, 3, 4, 3, 3);
  p.dtype = DType::f64;
  EXPECT_THROW(conv2d().forward(nullptr, p, nullptr, {}, nullptr, kPlain, nullptr), std::runtime_error);
  p = conv(1, 40000, 40000, 3, 4, 1, 1);
  EXPECT_THROW(conv2d().weight_gradient(nullptr, p, nullptr, nullptr, nullptr, nullptr),
               std::runtime_error);
}

}  // namespace
}  // namespace ganymede::kernels::sim
