// The linear maps of Winograd's convolutions, after Lavin and Gray, "Fast algorithms for convolutional neural networks" (2016). In one
// dimension  y = A ((B d) * (G g))  is the filter g over d, with fewer products than taps; in two, each map is applied to columns, then to
// rows. Gradients take the same maps transposed. For every device.
#pragma once
#include "kernels/api/conv2d.h"
#include "kernels/simt/target.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

template <int rows, int columns>
struct LinearMap {
  float at[rows][columns];
  constexpr LinearMap<columns, rows> transposed() const {
    LinearMap<columns, rows> t{};
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) t.at[j][i] = at[i][j];
    return t;
  }
};

// F(m, r): m outputs of a filter of r taps. Points 0, 1, infinity: only sums.
struct F22 {
  static constexpr int kTaps = 2, kOut = 2, kSide = 3;
  static constexpr LinearMap<3, 3> kInput{{{1, -1, 0}, {0, 1, 0}, {0, -1, 1}}};
  static constexpr LinearMap<3, 2> kFilter{{{1, 0}, {1, 1}, {0, 1}}};
  static constexpr LinearMap<2, 3> kOutput{{{1, 1, 0}, {0, 1, 1}}};
};

// The same with the filter as F32 has it at those points, which are the first, second and fourth of its own.
struct F22OfF32 {
  static constexpr int kTaps = 2, kOut = 2, kSide = 3, kPlace[] = {0, 1, 3};
  static constexpr LinearMap<3, 3> kInput = F22::kInput;
  static constexpr LinearMap<3, 2> kFilter{{{1, 0}, {1.0f / 2, 1.0f / 2}, {0, 1}}};
  static constexpr LinearMap<2, 3> kOutput{{{1, 2, 0}, {0, 2, 1}}};
};

// Points 0, 1, -1, infinity.
struct F32 {
  static constexpr int kTaps = 2, kOut = 3, kSide = 4;
  static constexpr LinearMap<4, 4> kInput{{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, -1, 0, 1}}};
  static constexpr LinearMap<4, 2> kFilter{{{1, 0}, {1.0f / 2, 1.0f / 2}, {1.0f / 2, -1.0f / 2}, {0, 1}}};
  static constexpr LinearMap<3, 4> kOutput{{{1, 1, 1, 0}, {0, 1, -1, 0}, {0, 1, 1, 1}}};
};

struct F23 {
  static constexpr int kTaps = 3, kOut = 2, kSide = 4;
  static constexpr LinearMap<4, 4> kInput = F32::kInput;
  static constexpr LinearMap<4, 3> kFilter{{{1, 0, 0}, {1.0f / 2, 1.0f / 2, 1.0f / 2}, {1.0f / 2, -1.0f / 2, 1.0f / 2}, {0, 0, 1}}};
  static constexpr LinearMap<2, 4> kOutput{{{1, 1, 1, 0}, {0, 1, -1, 1}}};
};

// Points 0, 1, -1, 2, infinity.
struct F42 {
  static constexpr int kTaps = 2, kOut = 4, kSide = 5;
  static constexpr LinearMap<5, 5> kInput{{{2, -1, -2, 1, 0}, {0, -2, -1, 1, 0}, {0, 2, -3, 1, 0}, {0, -1, 0, 1, 0}, {0, 2, -1, -2, 1}}};
  static constexpr LinearMap<5, 2> kFilter{{{1.0f / 2, 0}, {-1.0f / 2, -1.0f / 2}, {-1.0f / 6, 1.0f / 6}, {1.0f / 6, 1.0f / 3}, {0, 1}}};
  static constexpr LinearMap<4, 5> kOutput{{{1, 1, 1, 1, 0}, {0, 1, -1, 2, 0}, {0, 1, 1, 4, 0}, {0, 1, -1, 8, 1}}};
};

// Points 0, 1, -1, 2, -2, infinity.
struct F43 {
  static constexpr int kTaps = 3, kOut = 4, kSide = 6;
  static constexpr LinearMap<6, 6> kInput{{{4, 0, -5, 0, 1, 0},
                                        {0, -4, -4, 1, 1, 0},
                                        {0, 4, -4, -1, 1, 0},
                                        {0, -2, -1, 2, 1, 0},
                                        {0, 2, -1, -2, 1, 0},
                                        {0, 4, 0, -5, 0, 1}}};
  static constexpr LinearMap<6, 3> kFilter{{{1.0f / 4, 0, 0},
                                         {-1.0f / 6, -1.0f / 6, -1.0f / 6},
                                         {-1.0f / 6, 1.0f / 6, -1.0f / 6},
                                         {1.0f / 24, 1.0f / 12, 1.0f / 6},
                                         {1.0f / 24, -1.0f / 12, 1.0f / 6},
                                         {0, 0, 1}}};
  static constexpr LinearMap<4, 6> kOutput{{{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 0}, {0, 1, -1, 8, -8, 1}}};
};

struct F34 {
  static constexpr int kTaps = 4, kOut = 3, kSide = 6;
  static constexpr LinearMap<6, 6> kInput = F43::kInput;
  static constexpr LinearMap<6, 4> kFilter{{{1.0f / 4, 0, 0, 0},
                                         {-1.0f / 6, -1.0f / 6, -1.0f / 6, -1.0f / 6},
                                         {-1.0f / 6, 1.0f / 6, -1.0f / 6, 1.0f / 6},
                                         {1.0f / 24, 1.0f / 12, 1.0f / 6, 1.0f / 3},
                                         {1.0f / 24, -1.0f / 12, 1.0f / 6, -1.0f / 3},
                                         {0, 0, 0, 1}}};
  static constexpr LinearMap<3, 6> kOutput{{{1, 1, 1, 1, 1, 0}, {0, 1, -1, 2, -2, 0}, {0, 1, 1, 4, 4, 1}}};
};

// The convolution of dy that is the data gradient of one of stride 1; its filter is turned by 180 degrees. The pad may be negative.
constexpr Conv2d turned_convolution(const Conv2d& p) {
  Conv2d q = p;
  q.h = p.p, q.w = p.q, q.c = p.k, q.k = p.c, q.p = p.h, q.q = p.w;
  q.pad_h = p.r - 1 - p.pad_h, q.pad_w = p.s - 1 - p.pad_w;
  return q;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
