// How like one picture is to another: PSNR, SSIM (Wang, Bovik, Sheikh, Simoncelli 2004), MS-SSIM (Wang, Simoncelli, Bovik 2003).
#pragma once
#include <vector>

#include "gan/data/picture.h"

namespace ganymede::metrics {

// One channel in double, values of 8-bit pictures (0 to 255) unless said otherwise.
struct Plane {
  int64_t height = 0, width = 0;
  std::vector<double> values;
  double at(int64_t y, int64_t x) const { return values[size_t(y * width + x)]; }
};

std::vector<Plane> planes(const data::Picture& picture);
// MATLAB's rgb2ycbcr (BT.601 studio range, 16 to 235): Y = 16 + (65.481 R + 128.553 G + 24.966 B) / 255, not rounded. The channel
// that super-resolution papers compare. Grey pictures: R = G = B.
Plane luma_matlab(const data::Picture& picture);
// JPEG's and OpenCV's (0 to 255): Y = 0.299 R + 0.587 G + 0.114 B. PSNR differs from luma_matlab's by 1.32 dB.
Plane luma_jpeg(const data::Picture& picture);
// Without `border` pixels on each side. Throws Error when nothing is left.
Plane without_border(const Plane& plane, int64_t border);

// 10 log10(range^2 / mean squared difference), over all planes together; infinite for equal ones. Throws Error when sizes or
// numbers of planes differ.
double psnr(const std::vector<Plane>& a, const std::vector<Plane>& b, double range = 255);

// Mean over planes and over the places where the whole window fits. Window: Gaussian of deviation 1.5 over 11 x 11, sum 1; weighted
// variances without correction; constants (0.01 range)^2 and (0.03 range)^2. Throws Error for planes below 11 pixels.
double ssim(const std::vector<Plane>& a, const std::vector<Plane>& b, double range = 255);

// Pictures that are too small for five scales of whole windows: refused, or the window shrinks with the scale to
// min(11, height, width) with its deviation in proportion (as the progressive GAN's code does).
enum class SmallScale { refuse, shrink };
// product over scales 1 to 4 of mean(cs)^w times mean(ssim)^w at scale 5; w 0.0448, 0.2856, 0.3001, 0.2363, 0.1333; 2x2 means between scales
// (an odd last row or column is left out); factors below 0 count as 0. Planes one by one, then the mean. Whole windows need 176 pixels.
double ms_ssim(const std::vector<Plane>& a, const std::vector<Plane>& b, SmallScale small = SmallScale::refuse, double range = 255);

}  // namespace ganymede::metrics
