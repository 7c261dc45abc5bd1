// Sizes of SinGAN's pyramid: how many scales, how large. Scale 0 is the coarsest; the paper counts the other way, n = N the
// coarsest and n = 0 the finest.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace ganymede::singan {

struct Extent {
  int64_t height = 0, width = 0;
};

struct PyramidShape {
  Extent given;               // the picture before it is shrunk
  double shrink = 1;          // from the given picture to the finest scale
  double factor = 0.75;       // from a scale to the next coarser one
  std::vector<Extent> sizes;  // coarsest first
  int finest() const { return int(sizes.size()) - 1; }
  double scale_of(int i) const;  // size of scale i relative to the finest
};

struct PyramidRule {
  int64_t min_size = 25;      // shorter side of the coarsest scale
  int64_t max_size = 250;     // longer side of the finest scale
  double factor = 0.75;       // wanted between scales; the one used hits min_size exactly
  bool truncate = false;      // super-resolution rounds the numbers of scales down instead of up
};

// The authors' adjust_scales2image. UsageError when the picture is smaller than the coarsest scale.
PyramidShape pyramid_shape(int64_t height, int64_t width, const PyramidRule& rule);

// Passes of super-resolution by `factor` (> 1), each about 2^(1/3): k = round(ln factor / ln 2^(1/3)), at least 1.
int passes_for(double factor);

// "scale 2 (n = 6)": both ways of counting.
std::string scale_name(int scale, int finest);
// The same for file names: "scale2-n6".
std::string scale_tag(int scale, int finest);

}  // namespace ganymede::singan
