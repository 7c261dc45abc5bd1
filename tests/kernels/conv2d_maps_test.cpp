// The index maps of convolution, exhaustively over small shapes, without running a kernel.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

#include "kernels/device/conv_maps.h"
#include "kernels/device/tile_table.h"
#include "tests/kernels/padded_image.h"

namespace ganymede::kernels::sim {
namespace {

TEST(Conv2dMaps, FastDivideIsExact) {
  const int largest = INT32_MAX;
  std::vector<int> numbers = {0, 1, 2, 3, largest, largest - 1, largest / 2, largest / 2 + 1};
  std::mt19937 generator(1);
  for (int i = 0; i < 200; ++i) numbers.push_back(static_cast<int>(generator() >> (1 + i % 31)));
  std::vector<int> divisors = {1,     2,     3,     5,           7,           64,     641,
                               65535, 65536, 65537, largest / 2, largest - 1, largest};
  for (int i = 0; i < 200; ++i) divisors.push_back(static_cast<int>(generator() >> (1 + i % 31)) | 1);
  for (const int d : divisors) {
    const FastDivide divide(d);
    for (const int n : numbers) {
      int rest = n;
      ASSERT_EQ(divide.quotient(n), n / d) << n << " / " << d;
      ASSERT_EQ(divide.split(rest), n % d) << n << " % " << d;
      ASSERT_EQ(rest, n / d);
    }
    for (int64_t n = d - int64_t{1}; n <= largest; n = n * 2 + d) {  // around multiples of the divisor
      for (int64_t near = n > 0 ? n - 1 : 0; near <= n + 1 && near <= largest; ++near) {
        ASSERT_EQ(divide.quotient(static_cast<int>(near)), near / d);
      }
    }
  }
}

TEST(Conv2dMaps, ForwardAxisIsTheDefinition) {
  for (int stride = 1; stride <= 3; ++stride)
    for (int pad = 0; pad <= 2; ++pad)
      for (int dilation = 1; dilation <= 3; ++dilation) {
        const ConvAxis axis = forward_axis(9, 5, 3, stride, pad, dilation);
        for (int p = 0; p < 5; ++p)
          for (int r = 0; r < 3; ++r) {
            ASSERT_EQ(p * axis.step + axis.origin + r * axis.tap_step, p * stride - pad + r * dilation);
          }
      }
}

// Every (h, r, p) with h = p * stride - pad + r * dilation occurs once over the phases, and nothing else
// does.
TEST(Conv2dMaps, PhasesCoverEveryTermOnce) {
  for (int inputs = 1; inputs <= 9; ++inputs)
    for (int taps = 1; taps <= 5; ++taps)
      for (int stride = 1; stride <= 5; ++stride)
        for (int pad = 0; pad <= 3; ++pad)
          for (int dilation = 1; dilation <= 4; ++dilation) {
            const int outputs = 6;
            std::map<std::tuple<int, int, int>, int> seen;
            std::vector<int> stored(inputs);
            for (int phase = 0; phase < stride; ++phase) {
              const ConvAxis axis = gradient_axis(phase, inputs, outputs, taps, stride, pad, dilation);
              for (int i = 0; i < axis.position_count; ++i) {
                const int h = axis.store_first + i * axis.store_stride;
                ASSERT_LT(h, inputs);
                ++stored[h];
                for (int j = 0; j < axis.tap_count; ++j) {
                  const int p = i * axis.step + axis.origin + j * axis.tap_step,
                            r = axis.tap_first + j * axis.tap_stride;
                  ASSERT_LT(r, taps);
                  if (p >= 0 && p < axis.extent) ++seen[{h, r, p}];
                }
              }
            }
            for (const int count : stored) ASSERT_EQ(count, 1);
            for (int h = 0; h < inputs; ++h)
              for (int r = 0; r < taps; ++r)
                for (int p = 0; p < outputs; ++p) {
                  const bool term = h == p * stride - pad + r * dilation;
                  const auto found = seen.find({h, r, p});
                  ASSERT_EQ(found == seen.end() ? 0 : found->second, term ? 1 : 0)
                      << h << " " << r << " " << p << " stride " << stride << " pad " << pad << " dilation "
                      << dilation;
                }
          }
}

TEST(Conv2dMaps, PatchMapAddressesTheImage) {
  const int n = 2, h = 5, w = 4, c = 3, p = 3, q = 3, r = 3, s = 2;
  const PatchMap map{forward_axis(h, p, r, 2, 1, 1), forward_axis(w, q, s, 1, 1, 2), FastDivide(c), c};
  for (int position = 0; position < n * p * q; ++position)
    for (int tap = 0; tap < r * s * c; ++tap) {
      const int image = position / (p * q), row = position / q % p * 2 - 1 + tap / c / s;
      const int column = position % q - 1 + tap / c % s * 2;
      const Corner corner = map.corner(position);
      const Tap offset = map.tap(tap);
      const bool inside = row >= 0 && row < h && column >= 0 && column < w;
      ASSERT_EQ(map.inside(corner, offset), inside);
      if (!inside) continue;
      ASSERT_EQ(corner.offset + offset.offset, ((int64_t{image} * h + row) * w + column) * c + tap % c);
    }
}

TEST(Conv2dMaps, NowhereIsOutside) {
  const PatchMap map{forward_axis(5, 5, 3, 1, 1, 1), forward_axis(5, 5, 3, 1, 1, 1), FastDivide(1), 1};
  Corner corner = map.corner(7);
  Tap tap = map.tap(4);
  EXPECT_TRUE(map.inside(corner, tap));
  corner.row = kNowhere;
  EXPECT_FALSE(map.inside(corner, tap));
  tap.row = kNowhere;
  EXPECT_FALSE(map.inside(corner, tap));
  EXPECT_FALSE(map.inside(map.corner(7), tap));
}

constexpr Padding kBorders[] = {Padding::reflect, Padding::replicate};

TEST(Conv2dMaps, BorderAxisIsAWalk) {
  for (const Padding border : kBorders)
    for (int extent = 1; extent <= 9; ++extent)
      for (int pad = 0; pad <= (border == Padding::reflect ? extent - 1 : 12); ++pad) {
        const BorderAxis axis = border_axis(extent, pad, border);
        const auto want = kernels::check::walk(extent, pad, border);
        for (int i = 0; i < extent + 2 * pad; ++i) ASSERT_EQ(axis.own(i), want[i]) << extent << ' ' << pad << ' ' << i;
      }
}

TEST(Conv2dMaps, GatherMapAddressesTheImage) {
  for (const Padding border : kBorders)
    for (int pad_h = 0; pad_h <= 4; ++pad_h)
      for (int pad_w = 0; pad_w <= 3; ++pad_w)
        for (int stride = 1; stride <= 3; ++stride)
          for (int dilation = 1; dilation <= 2; ++dilation) {
            Conv2d p{2, 5, 4, 6, 2, 2, 3, 0, 0, stride, stride, pad_h, pad_w, dilation, dilation, 2, DType::f32, Math::f32, border};
            p.p = (p.h + 2 * pad_h - dilation - 1) / stride + 1, p.q = (p.w + 2 * pad_w - 2 * dilation - 1) / stride + 1;
            if (p.w + 2 * pad_w - 2 * dilation < 1) continue;
            const GatherMap map = gather_map(p, {p.c, 0, 0});
            const auto rows = kernels::check::walk(p.h, pad_h, border), columns = kernels::check::walk(p.w, pad_w, border);
            for (int position = 0; position < p.n * p.p * p.q; ++position)
              for (int tap = 0; tap < p.r * p.s * 3; ++tap) {
                const int image = position / (p.p * p.q), row = position / p.q % p.p * stride + tap / 3 / p.s * dilation;
                const int column = position % p.q * stride + tap / 3 % p.s * dilation;
                ASSERT_TRUE(map.inside(map.corner(position), map.tap(tap)));
                ASSERT_EQ(map.offset(map.corner(position), map.tap(tap)), ((image * p.h + rows[row]) * p.w + columns[column]) * p.c + tap % 3);
              }
            Corner corner = map.corner(0);
            GatherTap tap = map.tap(0);
            corner.row = kNowhere;
            ASSERT_FALSE(map.inside(corner, tap));
            tap.row = kNowhere;
            ASSERT_FALSE(map.inside(corner, tap) || map.inside(map.corner(0), tap));
          }
}

TEST(Conv2dMaps, GatherMapAddressesTwoTensors) {
  Conv2d p{2, 5, 4, 7, 2, 2, 3, 6, 4, 1, 1, 1, 1, 1, 1, 1, DType::f32, Math::f32};
  p.c_first = 3;
  float both[2 * 5 * 4 * 7 + 9];                                   // the second behind the first, nine apart
  float* const second = both + 2 * 5 * 4 * 3 + 9;
  const GatherMap map = gather_map(p, image_channels<float>(ImageIn{both, second}, p.c, p.c_first));
  for (int position = 0; position < p.n * p.p * p.q; ++position)
    for (int tap = 0; tap < p.r * p.s * p.c; ++tap) {
      const int image = position / (p.p * p.q), row = position / p.q % p.p - 1 + tap / p.c / p.s, column = position % p.q - 1 + tap / p.c % p.s, c = tap % p.c;
      const bool inside = row >= 0 && row < p.h && column >= 0 && column < p.w;
      ASSERT_EQ(map.inside(map.corner(position), map.tap(tap)), inside);
      if (!inside) continue;
      const int pixel = (image * p.h + row) * p.w + column;
      ASSERT_EQ(both + map.offset(map.corner(position), map.tap(tap)), c < 3 ? both + pixel * 3 + c : second + pixel * 4 + c - 3);
    }
}

TEST(Conv2dMaps, TileSizesAgreeWithTheTiles) {
  const auto check = []<class Number>(Number) {
    const auto expect = [](TileName name, auto tile) {
      EXPECT_EQ(tile_size(name).m, tile.kM);
      EXPECT_EQ(tile_size(name).n, tile.kN);
    };
    expect(TileName::tall, typename Tiles<Number>::Tall{});
    expect(TileName::thin, typename Tiles<Number>::Thin{});
    expect(TileName::medium, typename Tiles<Number>::Medium{});
    expect(TileName::small, typename Tiles<Number>::Small{});
  };
  check(SimtF32{});
  check(MmaTf32{});
  check(MmaBf16{});
  EXPECT_EQ(Tiles<MmaBf16>::Large::kM * Tiles<MmaTf32>::Large::kN,
            tile_size(TileName::large).m * tile_size(TileName::large).n);
}

TEST(Conv2dMaps, ChoiceOfPlan) {
  const auto expect = [](TilePlan plan, TileName tile, int parts) {
    EXPECT_EQ(static_cast<int>(plan.tile), static_cast<int>(tile));
    EXPECT_EQ(plan.parts, parts);
  };
  expect(choose_plan(128 * 64, 256, 2048, 4), TileName::large, 1);  // DCGAN deconv2
  expect(choose_plan(32768, 64, 512, 4), TileName::tall, 1);        // DCGAN deconv4: few output channels
  expect(choose_plan(4096, 256, 2304, 1), TileName::tall, 1);   // ResNet-9: 64 large tiles would leave half
                                                                // idle
  expect(choose_plan(64, 512, 8192, 1), TileName::medium, 16);  // U-Net bottleneck: 8 tiles
  expect(choose_plan(625, 32, 288, 1), TileName::small, 1);     // SinGAN: the sum is too short to be cut
  expect(choose_plan(1 << 20, 3, 144, 1), TileName::thin, 1);   // three output channels
  expect(choose_plan(64, 147, 65536, 1, 256), TileName::medium, 43);  // weight gradient of the first layer of
                                                                      // ResNet-9
  expect(choose_plan(1, 1, 1, 1), TileName::small, 1);
  expect(choose_plan(0, 512, 8192, 1), TileName::small, 1);
}

// No plan is slower than a neighbour, asks for more parts than it may, or parts with too few terms.
TEST(Conv2dMaps, PlansAreTheFastest) {
  for (const int64_t m : {1, 3, 64, 100, 1000, 50000})
    for (const int64_t n : {1, 3, 16, 33, 64, 200, 512})
      for (const int64_t k : {1, 50, 288, 4608, 100000})
        for (const int64_t units : {1, 4, 300}) {
          const TilePlan plan = choose_plan(m, n, k, units, 20);
          ASSERT_GE(plan.parts, 1);
          ASSERT_LE(plan.parts, 20);
          if (plan.parts > 1) {
            ASSERT_GE(k / plan.parts, kLeastTerms);
          }
          for (const TileName tile : kTileNames) {
            ASSERT_GE(plan_speed(plan, m, n, k, units), plan_speed({tile, 1}, m, n, k, units));
          }
        }
}

}  // namespace
}  // namespace ganymede::kernels::sim
