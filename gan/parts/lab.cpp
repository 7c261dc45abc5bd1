#include "gan/parts/lab.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

constexpr double kBend = 6.0 / 29;               // where Lab's cube root becomes a line, its value there
constexpr double kWhite[] = {0.95047, 1, 1.08883};

Tensor channel(const Tensor& x, int64_t c) { return slice(x, 3, c, c + 1); }
Tensor either(const Tensor& x, double bound, const Tensor& above, const Tensor& below) {
  const Tensor m = greater(x, full(Shape{1}, bound, x.dtype(), x.device()));
  return m * above + (1.0 - m) * below;
}

// sRGB's curve, IEC 61966-2-1.
Tensor linear_light(const Tensor& x) {
  const Tensor c = clamp(x * 0.5 + 0.5, 0, 1);
  return either(c, 0.04045, pow((c + 0.055) / 1.055, 2.4), c / 12.92);
}
Tensor encoded(const Tensor& light) {
  const Tensor c = clamp(light, 0, 1);
  return clamp(either(c, 0.0031308, pow(c + 1e-12, 1 / 2.4) * 1.055 - 0.055, c * 12.92) * 2.0 - 1.0, -1, 1);
}

Tensor bent(const Tensor& t) { return either(t, kBend * kBend * kBend, pow(t + 1e-12, 1.0 / 3), t / (3 * kBend * kBend) + 4.0 / 29); }
Tensor straightened(const Tensor& f) { return either(f, kBend, f * f * f, (f - 4.0 / 29) * (3 * kBend * kBend)); }

Tensor mixed(const Tensor& x, double r, double g, double b) { return channel(x, 0) * r + channel(x, 1) * g + channel(x, 2) * b; }
Tensor luminance(const Tensor& light) { return light.dim(3) == 1 ? light : mixed(light, 0.2126729, 0.7151522, 0.0721750); }

// bf16's three digits are too few for the curves.
Tensor precise(const Tensor& x) { return x.dtype() == DType::bf16 ? cast(x, DType::f32) : x; }

}  // namespace

Tensor lightness(const Tensor& x) {
  require(x.rank() == 4 && (x.dim(3) == 1 || x.dim(3) == 3), "lightness of a tensor of shape ", x.shape(), ": expected [N, H, W, 1 or 3]");
  return cast(bent(luminance(linear_light(precise(x)))) * 2.32 - 1.32, x.dtype());   // (116 f - 16) / 50 - 1
}

Tensor chroma(const Tensor& x) {
  require(x.rank() == 4 && x.dim(3) == 3, "chroma of a tensor of shape ", x.shape(), ": expected [N, H, W, 3]");
  const Tensor light = linear_light(precise(x)), fy = bent(luminance(light));
  const Tensor fx = bent(mixed(light, 0.4124564, 0.3575761, 0.1804375) / kWhite[0]), fz = bent(mixed(light, 0.0193339, 0.1191920, 0.9503041) / kWhite[2]);
  return cast(concat({(fx - fy) * (500.0 / 110), (fy - fz) * (200.0 / 110)}, 3), x.dtype());
}

Tensor from_lab(const Tensor& lightness, const Tensor& chroma) {
  require(lightness.rank() == 4 && lightness.dim(3) == 1 && chroma.rank() == 4 && chroma.dim(3) == 2, "Lab of tensors of shapes ", lightness.shape(), " and ", chroma.shape(),
          ": expected [N, H, W, 1] and [N, H, W, 2]");
  const Tensor l = precise(lightness), ab = precise(chroma);
  const Tensor fy = (l + 1.32) / 2.32, fx = fy + channel(ab, 0) * (110.0 / 500), fz = fy - channel(ab, 1) * (110.0 / 200);
  const Tensor x = straightened(fx) * kWhite[0], y = straightened(fy), z = straightened(fz) * kWhite[2];
  const Tensor r = x * 3.2404542 - y * 1.5371385 - z * 0.4985314, g = x * -0.9692660 + y * 1.8760108 + z * 0.0415560, b = x * 0.0556434 - y * 0.2040259 + z * 1.0572252;
  return cast(encoded(concat({r, g, b}, 3)), lightness.dtype());
}

}  // namespace ganymede
