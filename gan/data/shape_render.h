#pragma once

#include <cstdint>
#include <vector>

#include "gan/data/shape_scene.h"

namespace ganymede::data {

inline constexpr int kGroundOwner = -1, kFrameOwner = -2;

// Everything that is true of a scene at one size; arrays are [size, size, ...], row by row.
struct Rendering {
  struct Box {
    double left = 0, top = 0, right = 0, bottom = 0;  // pixels; right and bottom are exclusive
    bool empty() const { return right <= left; }
  };

  int64_t size = 0;
  std::vector<float> image;    // [.., 3] in [-1, 1]
  std::vector<float> edges;    // [..] lines -1 on white 1: the outlines that are seen
  std::vector<int> owner;      // [..] number of the object that is seen, or kGroundOwner, kFrameOwner
  std::vector<float> normals;  // [.., 3] unit vectors, x right, y down, z towards the eye
  std::vector<float>
      foreground;  // [.., 4] the main object alone: RGB in [-1, 1], and how much of it is seen in [0, 1]
  std::vector<float> background;  // [.., 3] the picture without the main object, in [-1, 1]
  std::vector<Box> boxes;         // one an object: all of it that lies in the picture, hidden parts too
};

// Anti-aliased by exact distances: coverage of a pixel is 1/2 - distance, clamped to [0, 1].
Rendering render(const Scene& scene, int64_t size);

// The scene `frames` frames later.
Scene advanced(const Scene& scene, double frames);

// Pixels that each pixel of `now` moves until `next` (a later state of the same scene): [size, size, 2] (x,
// y).
std::vector<float> flow_between(const Scene& now, const Scene& next, const Rendering& rendering);

// Of each keypoint: not hidden by another object, by the frame or by the border of the picture.
std::vector<bool> visible_keypoints(const Scene& scene, const Rendering& rendering);

}  // namespace ganymede::data
