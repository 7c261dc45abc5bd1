// Images turned round for the weight gradient's twin in tf32, whose sum goes over positions: [N, H, W, C] -> [planes, C, length], so
// that wgmma finds positions next to one another. Plain functions, tested without running a kernel.
//
// Input rows with equal (h mod stride) form a phase: h = i * stride + phase. Tap r and position p meet row i = p + shift(r) of the
// phase of r, whatever p is. So if the rows of x and of dy are equally far apart, and images too, position number j of dy meets
// x[j + shift of the tap]: a box of TMA that begins somewhere else. Between rows and images lie as many zeros as taps reach beyond.
// A box can only begin at a multiple of 16 bytes, so rows are multiples of kTurnedGrain positions apart, and a phase of columns is
// there once for each shift modulo kTurnedGrain that taps ask for: a plane that begins so many positions earlier, with zeros.
#pragma once
#include "kernels/api/conv2d.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

constexpr int kTurnedStride = 4;                            // at most, so many phases along an axis
constexpr int kTurnedGrain = 4;                             // positions of 16 bytes
constexpr int64_t kMostTurnedBytes = int64_t{256} << 20;    // of both turned images

// One axis of it. Sizes are rows (or columns) of a phase.
struct TurnedAxis {
  int stride = 1, pad = 0, dilation = 1;
  int pitch = 0;                    // rows of an image, zeros included; at least the positions
  int count[kTurnedStride] = {};    // of a phase: those that a tap meets

  struct Meeting {
    int phase, shift;
  };
  __host__ __device__ constexpr Meeting meeting(int tap) const {
    const int at = tap * dilation - pad, rest = at % stride, phase = rest < 0 ? rest + stride : rest;
    return {phase, (at - phase) / stride};
  }
};

constexpr TurnedAxis turned_axis(int inputs, int positions, int taps, int stride, int pad, int dilation) {
  TurnedAxis axis;
  axis.stride = stride, axis.pad = pad, axis.dilation = dilation;
  axis.pitch = positions;
  const auto raise = [](int& a, int b) { a = a < b ? b : a; };
  for (int phase = 0; phase < stride; ++phase) {
    int before = 0, end = 0;   // rows that taps reach before the first and up to
    for (int r = 0; r < taps; ++r) {
      const TurnedAxis::Meeting m = axis.meeting(r);
      if (m.phase != phase) continue;
      raise(before, -m.shift);
      raise(end, positions + m.shift);
    }
    const int rows = phase < inputs ? (inputs - phase + stride - 1) / stride : 0;
    axis.count[phase] = rows < end ? rows : end;
    raise(axis.pitch, axis.count[phase] + before);   // who reaches before a row finds the zeros behind the one above it
    raise(axis.pitch, end);
  }
  return axis;
}

// The planes of a row phase: which phase of columns, begun how many positions early.
struct TurnedPlanes {
  int count = 0;
  int phase[kTurnedStride * kTurnedGrain] = {}, early[kTurnedStride * kTurnedGrain] = {};
  int number[kTurnedStride][kTurnedGrain] = {};   // of phase and earliness

  struct Box {
    int plane, shift;   // shift: a multiple of kTurnedGrain
  };
  __host__ __device__ constexpr Box box(TurnedAxis::Meeting column) const {
    const int early = -column.shift & (kTurnedGrain - 1);
    return {number[column.phase][early], column.shift + early};
  }
};

constexpr TurnedPlanes turned_planes(const TurnedAxis& across, int taps) {
  TurnedPlanes planes;
  for (int phase = 0; phase < across.stride; ++phase) {
    for (int early = 0; early < kTurnedGrain; ++early) {
      bool used = false;
      for (int s = 0; s < taps; ++s) {
        const TurnedAxis::Meeting m = across.meeting(s);
        used |= m.phase == phase && (-m.shift & (kTurnedGrain - 1)) == early;
      }
      if (!used) continue;
      planes.phase[planes.count] = phase, planes.early[planes.count] = early;
      planes.number[phase][early] = planes.count++;
    }
  }
  return planes;
}

// Both axes, and positions of a channel: of all images, a multiple of kTurnedGrain.
struct TurnedLayout {
  TurnedAxis down, across;
  TurnedPlanes planes;   // of each phase of rows
  int64_t length;
  constexpr int64_t x_planes() const { return int64_t{down.stride} * planes.count; }
  constexpr int64_t x_length() const { return length + kTurnedGrain; }   // planes that begin early end as much later
  constexpr int64_t x_elements(const Conv2d& p) const { return x_planes() * p.c * x_length(); }
  constexpr int64_t dy_elements(const Conv2d& p) const { return p.k * length; }
};

constexpr TurnedLayout turned_layout(const Conv2d& p) {
  const TurnedAxis down = turned_axis(p.h, p.p, p.r, p.stride_h, p.pad_h, p.dilation_h);
  TurnedAxis across = turned_axis(p.w, p.q, p.s, p.stride_w, p.pad_w, p.dilation_w);
  across.pitch = (across.pitch + kTurnedGrain - 1) / kTurnedGrain * kTurnedGrain;
  return {down, across, turned_planes(across, p.s), int64_t{p.n} * down.pitch * across.pitch};
}

constexpr bool can_turn(const Conv2d& p) {
  if (p.stride_h > kTurnedStride || p.stride_w > kTurnedStride) return false;
  const TurnedLayout t = turned_layout(p);
  return 4 * (t.x_elements(p) + t.dy_elements(p)) <= kMostTurnedBytes;
}

}  // namespace ganymede::kernels::GANYMEDE_TARGET
