#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "gan/data/shape_scene.h"
#include "gan/data/window.h"

namespace ganymede::data {

// Rooms in space: a floor, one wall or two, spheres and boxes that stand on the floor, each surface painted and textured, under
// one distant light. Axes: x to the right, y down, z towards the viewer; the eye is at the origin, 1 above the floor.
using Vector = std::array<double, 3>;

struct Surface {
  Texture texture = Texture::plain;  // plain, striped or checked
  Colour first{}, second{};
  double period = 0.4, angle = 0;    // of the pattern, and its direction on the surface
};

struct Wall {                        // of points p with normal . p = -distance
  Vector normal{};
  double distance = 1;
  Surface surface;
};

struct Solid {
  bool sphere = true;
  Vector centre{};
  Vector half{};                     // of a box's sides; of a sphere the radius, three times
  double turn = 0;                   // of a box round the vertical axis, radians
  Surface surface;
};

struct Room {
  std::vector<Wall> walls;           // the floor first
  std::vector<Solid> solids;
  Vector light{};                    // towards it, of length 1
  Colour tint{};                     // of the light
  double ambient = 0.35;
  double pitch = 0;                  // the eye looks down by this angle, radians
};

Room draw_room(int most_solids, Random& random);

struct RoomRendering {
  std::vector<float> normals;        // [size, size, 3]: of the point that a pixel's middle shows, as the eye sees it, of length 1
  std::vector<float> image;          // [size, size, 3] in [-1, 1], mean of four points a pixel
};
// The window lies in the picture plane; mirrored, left and right of normals are exchanged too.
RoomRendering render(const Room& room, int64_t size, const Window& window);

}  // namespace ganymede::data
