// The gradients of a norm's backward by the formula of kernels/api/norm.h, plain loops in double.
#pragma once
#include <vector>

#include "kernels/api/norm.h"

namespace ganymede::kernels {

struct SecondReference {
  std::vector<double> to_dy, to_x, to_gamma;
};

// gamma, u, w: empty where there is none.
inline SecondReference second_reference(const Norm& p, const std::vector<double>& x, const std::vector<double>& dy,
                                        const std::vector<double>& v, const std::vector<double>& mean,
                                        const std::vector<double>& rstd, const std::vector<double>& gamma,
                                        const std::vector<double>& u, const std::vector<double>& w) {
  const int64_t channels = p.groups * p.width;
  const double n = static_cast<double>(p.rows * p.width);
  SecondReference r{std::vector<double>(x.size()), std::vector<double>(x.size()),
                    std::vector<double>(p.outer * channels)};
  for (int64_t o = 0; o < p.outer; ++o) {
    for (int64_t g = 0; g < p.groups; ++g) {
      const double centre = mean[o * p.groups + g], scale = rstd[o * p.groups + g];
      // body(element, channel, xhat, gamma, u, w)
      const auto each = [&](auto body) {
        for (int64_t row = 0; row < p.rows; ++row) {
          for (int64_t at = 0; at < p.width; ++at) {
            const int64_t c = g * p.width + at, i = (o * p.rows + row) * channels + c;
            const int64_t affine = o * p.affine_stride + c;
            body(i, c, (x[i] - centre) * scale, gamma.empty() ? 1 : gamma[affine], u.empty() ? 0 : u[affine],
                 w.empty() ? 0 : w[affine]);
          }
        }
      };
      double a = 0, b = 0, c = 0, d = 0, e = 0, k = 0, l = 0;
      each([&](int64_t i, int64_t, double xhat, double of_gamma, double of_u, double) {
        const double h = of_gamma * dy[i];
        a += h / n, b += h * xhat / n, c += v[i] / n, d += v[i] * xhat / n, e += h * v[i] / n;
        k += of_u * dy[i] / n, l += of_u * dy[i] * xhat / n;
      });
      if (!p.centred) a = c = k = 0;
      each([&](int64_t i, int64_t channel, double xhat, double of_gamma, double of_u, double of_w) {
        const double h = of_gamma * dy[i], t = scale * (v[i] - c - xhat * d);
        r.to_gamma[o * channels + channel] += dy[i] * t;
        r.to_dy[i] = of_gamma * t + of_u * xhat + of_w;
        r.to_x[i] = scale * (of_u * dy[i] - k - xhat * l) -
                    scale * scale * ((v[i] - c) * b + (h - a) * d + xhat * (e - a * c - 3 * b * d));
      });
    }
  }
  return r;
}

}  // namespace ganymede::kernels
