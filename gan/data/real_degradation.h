#pragma once

#include "gan/data/random.h"
#include "gan/data/transform.h"

namespace ganymede::data {

// A low picture as cameras, programs and the net leave them: the second-order degradation of Real-ESRGAN (Wang, Xie, Dong, Shan: Real-ESRGAN: Training Real-World Blind
// Super-Resolution with Pure Synthetic Data, ICCVW 2021, arXiv 2107.10833, section 3 and the standards of the authors' code). Twice: blur (Gaussian, generalised Gaussian or plateau,
// round or not, or a low-pass with ringing), a change of size (area, linear or cubic), noise (Gaussian, or growing with lightness as photons do; grey or coloured), JPEG; at the end the low size and often
// another low-pass, before or after the second JPEG. Height and width must be multiples of the scale, values in [-1, 1]; of 1 or 3 channels.
Image really_degraded(const Image& high, int64_t scale, Random& random);

// What its blurs are: weights of (2 radius + 1)^2 places that sum to 1, row by row.
struct BlurKernel {
  int64_t radius = 0;
  std::vector<float> weights;
};
// exp(-d^beta / 2) or, as a plateau, 1 / (1 + d^beta), of d = x^2 / a^2 + y^2 / b^2 in axes turned by `angle`. beta 1: a Gaussian.
BlurKernel bell_kernel(int64_t radius, double a, double b, double angle, double beta, bool plateau);
// The circular low-pass of cutoff w, at most pi: w J1(w r) / (2 pi r).
BlurKernel low_pass_kernel(int64_t radius, double cutoff);
// Borders are mirrored.
Image convolved(const Image& image, const BlurKernel& kernel);

}  // namespace ganymede::data
