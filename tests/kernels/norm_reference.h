// Norms forward and their gradients by plain loops in double.
#pragma once
#include "kernels/api/variants.h"
#include "tests/kernels/sim_check.h"

namespace ganymede::kernels::sim::family_check {

// While one lives, so many blocks hold the rows of a norm wherever they can; 0: none, two launches compute it.
class BlocksOfNorms {
 public:
  explicit BlocksOfNorms(int blocks) { variants_under_test().force_norm_blocks(blocks); }
  ~BlocksOfNorms() { variants_under_test().force_norm_blocks(-1); }
  BlocksOfNorms(const BlocksOfNorms&) = delete;
};

struct NormShape {
  const char* name;
  int64_t outer, rows, groups, width;
  bool centred;
  bool conditional;
  int shift;
};

struct NormReference {
  Values x, dy, gamma, beta, mean, rstd, y, dgamma, dbeta, dx;
};

inline Norm norm_of(const NormShape& s, DType dtype) {
  const int64_t channels = s.groups * s.width;
  return {s.outer, s.rows, s.groups, s.width, 1e-3, s.centred, s.conditional ? channels : 0, dtype};
}

// leaky: slope of the activation of y. affine: with gamma and beta. The gradients are those of the norm alone, or
// with the derivative of an activation as a factor of dy.
using Derivative = double (*)(double v);
inline NormReference reference_of(const Norm& n, double leaky, bool affine, double offset, Derivative behind = nullptr) {
  const int64_t channels = n.groups * n.width, count = n.outer * n.rows * channels, m = n.rows * n.width;
  NormReference r;
  r.x = random_values(count, 21, offset);
  r.dy = random_values(count, 22, 0.25);
  r.gamma = random_values(n.affine_stride ? n.outer * channels : channels, 23, 1, 0.5);
  r.beta = random_values(static_cast<int64_t>(r.gamma.size()), 24);
  r.mean.assign(n.outer * n.groups, 0);
  r.rstd = r.mean;
  r.y.assign(count, 0);
  r.dx = r.y;
  r.dgamma.assign(n.outer * channels, 0);
  r.dbeta = r.dgamma;
  for (int64_t o = 0; o < n.outer; ++o) {
    for (int64_t g = 0; g < n.groups; ++g) {
      const auto each = [&](auto&& body) {
        for (int64_t row = 0; row < n.rows; ++row) {
          for (int64_t w = 0; w < n.width; ++w) {
            const int64_t channel = g * n.width + w;
            body((o * n.rows + row) * channels + channel, channel);
          }
        }
      };
      double sum = 0, squares = 0;
      each([&](int64_t i, int64_t) { sum += r.x[i]; });
      const double mean = n.centred ? sum / m : 0;
      each([&](int64_t i, int64_t) { squares += (r.x[i] - mean) * (r.x[i] - mean); });
      const double rstd = 1 / std::sqrt(squares / m + n.eps);
      r.mean[o * n.groups + g] = mean;
      r.rstd[o * n.groups + g] = rstd;
      double m1 = 0, m2 = 0;
      each([&](int64_t i, int64_t channel) {
        const double xhat = (r.x[i] - mean) * rstd,
                     scale = affine ? r.gamma[o * n.affine_stride + channel] : 1;
        const double v = xhat * scale + (affine ? r.beta[o * n.affine_stride + channel] : 0);
        r.y[i] = v > 0 ? v : leaky * v;
        if (behind) r.dy[i] *= behind(v);
        r.dbeta[o * channels + channel] += r.dy[i];
        r.dgamma[o * channels + channel] += r.dy[i] * xhat;
        m1 += r.dy[i] * scale / m;
        m2 += r.dy[i] * scale * xhat / m;
      });
      if (!n.centred) m1 = 0;
      each([&](int64_t i, int64_t channel) {
        const double xhat = (r.x[i] - mean) * rstd,
                     scale = affine ? r.gamma[o * n.affine_stride + channel] : 1;
        r.dx[i] = rstd * (r.dy[i] * scale - m1 - xhat * m2);
      });
    }
  }
  return r;
}

// f(y + residual), f leaky relu of slope 0.25; y: that of a reference without an activation.
inline Values leaky_sum(const Values& y, const Values& residual) {
  Values sum(y.size());
  for (size_t i = 0; i < y.size(); ++i) {
    const double v = y[i] + residual[i];
    sum[i] = v > 0 ? v : 0.25 * v;
  }
  return sum;
}

}  // namespace ganymede::kernels::sim::family_check
