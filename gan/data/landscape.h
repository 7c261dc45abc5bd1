// Drawn landscapes: what a place is follows from lines between the kinds of ground, how it looks from its kind and from a light that all of a picture shares.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "gan/data/palette.h"
#include "gan/data/shape_scene.h"
#include "gan/data/window.h"

namespace ganymede::data {

enum class Land { sky, cloud, mountain, forest, grass, sand, water };
Palette landscape_palette();

// Places and heights are fractions of the picture's side, downwards.
struct Landscape {
  uint64_t noise = 0;                 // seeds all that is irregular
  double horizon = 0.5;
  double peak = 0;                    // of mountains above the horizon; 0: there are none
  double wood = 0;                    // of a forest above the horizon; 0: none
  double shore = 1;                   // where water begins; 1: none
  double beach = 0;                   // of sand above the shore
  struct Cloud {
    double x = 0, y = 0, width = 0, height = 0;
  };
  std::vector<Cloud> clouds;
  Colour zenith{}, haze{}, sun{};     // of the sky above and at the horizon, and of the light on the ground
  double autumn = 0;                  // of leaves, 0 to 1
};

// lit: the light is drawn too, from noon, sunset, night and clouds; otherwise it is noon in summer.
Landscape draw_landscape(bool lit, Random& random);

struct LandscapeRendering {
  std::vector<int64_t> semantic;      // [size, size], numbers of Land: what a pixel's middle shows
  std::vector<float> image;           // [size, size, 3] in [-1, 1], mean of four points a pixel
};
LandscapeRendering render(const Landscape& landscape, int64_t size, const Window& window);

}  // namespace ganymede::data
