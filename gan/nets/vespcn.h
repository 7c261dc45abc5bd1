// The networks of VESPCN (Caballero et al. 2017): flow from a frame to its neighbour, and enlargement of frames that lie on one another.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

// Frames [N, H, W, 1] seen `flow` [N, H, W, 2] pixels further (x right, y down): y(p) = x(p + flow(p)), bilinear, the border repeated.
Tensor warp(const Tensor& x, const Tensor& flow);

// {frame, neighbour}, both [N, H, W, 1] with sides that are multiples of 4 -> {flow [N, H, W, 2] in pixels, the neighbour seen there}: a coarse flow from a
// quarter of the size, and a fine one from half of it that is added. Each is `reach` tanh.
nn::Layer motion_estimator(int filters, double reach);

struct FrameEnlarger {
  int frames = 3, scale = 3;
  int width = 24, layers = 5;
  bool small = false;         // the last layer begins near zero, for pictures that are added to others
  bool slow = false;          // two neighbouring frames are merged in each layer, by one filter for all pairs; else all in the first
};

// Frames as channels [N, H, W, frames] -> [N, scale H, scale W, 1].
nn::Layer frame_enlarger(const FrameEnlarger& s);

}  // namespace ganymede::nets
