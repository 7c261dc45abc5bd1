#include "gan/metrics/similarity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/check.h"

namespace ganymede::metrics {
namespace {

constexpr int64_t kWindow = 11;
constexpr double kDeviation = 1.5;
constexpr std::array<double, 5> kScaleWeights{0.0448, 0.2856, 0.3001, 0.2363, 0.1333};

void check(const std::vector<Plane>& a, const std::vector<Plane>& b, const char* what) {
  require(!a.empty() && a.size() == b.size(), what, ": pictures of ", a.size(), " and ", b.size(), " channels");
  for (size_t i = 0; i < a.size(); ++i)
    require(a[i].height == b[i].height && a[i].width == b[i].width, what, ": pictures of ", a[i].height, "x", a[i].width, " and ", b[i].height, "x", b[i].width, " (height x width)");
}

std::vector<double> window(int64_t size) {
  const double deviation = kDeviation * double(size) / double(kWindow), middle = double(size - 1) / 2;
  std::vector<double> w(static_cast<size_t>(size));
  double sum = 0;
  for (size_t i = 0; i < w.size(); ++i) sum += w[i] = std::exp(-0.5 * (double(i) - middle) * (double(i) - middle) / (deviation * deviation));
  for (double& v : w) v /= sum;
  return w;
}

// Means under the window at every place where it fits.
Plane weighted_means(const Plane& x, const std::vector<double>& w) {
  const int64_t n = int64_t(w.size()), height = x.height - n + 1, width = x.width - n + 1;
  Plane rows{x.height, width, std::vector<double>(size_t(x.height * width), 0.0)}, out{height, width, std::vector<double>(size_t(height * width), 0.0)};
  for (int64_t y = 0; y < x.height; ++y)
    for (int64_t k = 0; k < n; ++k)
      for (int64_t i = 0; i < width; ++i) rows.values[size_t(y * width + i)] += w[size_t(k)] * x.at(y, i + k);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t k = 0; k < n; ++k)
      for (int64_t i = 0; i < width; ++i) out.values[size_t(y * width + i)] += w[size_t(k)] * rows.at(y + k, i);
  return out;
}

Plane multiplied(const Plane& a, const Plane& b) {
  Plane out = a;
  for (size_t i = 0; i < out.values.size(); ++i) out.values[i] *= b.values[i];
  return out;
}

struct Structure {
  double ssim = 0, contrast = 0;  // means of SSIM and of its second factor, cs
};

Structure structure(const Plane& a, const Plane& b, const std::vector<double>& w, double range) {
  const double c1 = (0.01 * range) * (0.01 * range), c2 = (0.03 * range) * (0.03 * range);
  const Plane ma = weighted_means(a, w), mb = weighted_means(b, w);
  const Plane aa = weighted_means(multiplied(a, a), w), bb = weighted_means(multiplied(b, b), w), ab = weighted_means(multiplied(a, b), w);
  Structure s;
  for (size_t i = 0; i < ma.values.size(); ++i) {
    const double x = ma.values[i], y = mb.values[i];
    const double cs = (2 * (ab.values[i] - x * y) + c2) / (aa.values[i] - x * x + bb.values[i] - y * y + c2);
    s.contrast += cs, s.ssim += cs * (2 * x * y + c1) / (x * x + y * y + c1);
  }
  s.contrast /= double(ma.values.size()), s.ssim /= double(ma.values.size());
  return s;
}

Plane halved(const Plane& x) {
  Plane out{x.height / 2, x.width / 2, {}};
  for (int64_t y = 0; y < out.height; ++y)
    for (int64_t i = 0; i < out.width; ++i)
      out.values.push_back((x.at(2 * y, 2 * i) + x.at(2 * y, 2 * i + 1) + x.at(2 * y + 1, 2 * i) + x.at(2 * y + 1, 2 * i + 1)) / 4);
  return out;
}

double ms_ssim(Plane a, Plane b, SmallScale small, double range) {
  double product = 1;
  for (size_t scale = 0; scale < kScaleWeights.size(); ++scale) {
    if (scale > 0) a = halved(a), b = halved(b);
    const int64_t size = std::min({kWindow, a.height, a.width});
    require(size > 0 && (size == kWindow || small == SmallScale::shrink), "ms-ssim: at scale ", scale + 1, " of 5 a picture of ", a.height, "x", a.width,
            " is left; whole windows of 11 need pictures of at least 176 pixels");
    const Structure s = structure(a, b, window(size), range);
    product *= std::pow(std::max(0.0, scale + 1 < kScaleWeights.size() ? s.contrast : s.ssim), kScaleWeights[scale]);
  }
  return product;
}

Plane luma(const data::Picture& p, double offset, double r, double g, double b) {
  require(p.channels == 1 || p.channels == 3, "luma of a picture of ", p.channels, " channels: it takes 1 or 3");
  Plane out{p.height, p.width, std::vector<double>(size_t(p.height * p.width))};
  for (size_t i = 0; i < out.values.size(); ++i) {
    const uint8_t* c = p.pixels.data() + i * size_t(p.channels);
    const size_t step = p.channels == 3 ? 1 : 0;
    out.values[i] = offset + r * c[0] + g * c[step] + b * c[2 * step];
  }
  return out;
}

}  // namespace

std::vector<Plane> planes(const data::Picture& p) {
  std::vector<Plane> out(size_t(p.channels), Plane{p.height, p.width, std::vector<double>(size_t(p.height * p.width))});
  for (size_t i = 0; i < size_t(p.height * p.width); ++i)
    for (size_t c = 0; c < out.size(); ++c) out[c].values[i] = p.pixels[i * out.size() + c];
  return out;
}

Plane luma_matlab(const data::Picture& p) { return luma(p, 16, 65.481 / 255, 128.553 / 255, 24.966 / 255); }
Plane luma_jpeg(const data::Picture& p) { return luma(p, 0, 0.299, 0.587, 0.114); }

Plane without_border(const Plane& p, int64_t border) {
  require(border >= 0 && 2 * border < std::min(p.height, p.width), "a border of ", border, " pixels off a picture of ", p.height, "x", p.width, " leaves nothing");
  Plane out{p.height - 2 * border, p.width - 2 * border, {}};
  for (int64_t y = border; y < p.height - border; ++y)
    out.values.insert(out.values.end(), p.values.begin() + y * p.width + border, p.values.begin() + (y + 1) * p.width - border);
  return out;
}

double psnr(const std::vector<Plane>& a, const std::vector<Plane>& b, double range) {
  check(a, b, "psnr");
  double sum = 0, count = 0;
  for (size_t c = 0; c < a.size(); ++c)
    for (size_t i = 0; i < a[c].values.size(); ++i, ++count) sum += (a[c].values[i] - b[c].values[i]) * (a[c].values[i] - b[c].values[i]);
  return sum == 0 ? std::numeric_limits<double>::infinity() : 10 * std::log10(range * range * count / sum);
}

double ssim(const std::vector<Plane>& a, const std::vector<Plane>& b, double range) {
  check(a, b, "ssim");
  double sum = 0;
  for (size_t c = 0; c < a.size(); ++c) {
    require(std::min(a[c].height, a[c].width) >= kWindow, "ssim of a picture of ", a[c].height, "x", a[c].width, ": its window is 11x11");
    sum += structure(a[c], b[c], window(kWindow), range).ssim;
  }
  return sum / double(a.size());
}

double ms_ssim(const std::vector<Plane>& a, const std::vector<Plane>& b, SmallScale small, double range) {
  check(a, b, "ms-ssim");
  double sum = 0;
  for (size_t c = 0; c < a.size(); ++c) sum += ms_ssim(a[c], b[c], small, range);
  return sum / double(a.size());
}

}  // namespace ganymede::metrics
