// Normalisation by mean and variance. x is seen as [outer, rows, groups, width]; a statistic belongs to one (outer, group)
// and is taken over rows x width. So one pair of kernels serves every norm on NHWC tensors:
//   batch norm     outer 1,   rows N*H*W, groups C, width 1
//   instance norm  outer N,   rows H*W,   groups C, width 1
//   layer norm     outer N,   rows 1,     groups 1, width H*W*C   (affine per element, or rows H*W, width C: per channel)
//   group norm     outer N,   rows H*W,   groups G, width C/G
//   pixel norm     outer N*H*W, rows 1,   groups 1, width C       (centred = false: mean taken as 0)
#pragma once
#include "kernels/api/types.h"

namespace ganymede::kernels {

struct Norm {
  int64_t outer, rows, groups, width;
  double eps;            // added to the variance
  bool centred;          // subtract the mean (false: root-mean-square norm)
  int64_t affine_stride; // gamma and beta are [groups*width] (0) or [outer, groups*width] (groups*width): conditional norms
  DType dtype;           // of x, y, dx, dy; statistics, gamma, beta are f32 (f64 when dtype is f64)
};

// Statistics that follow those of the batches: running = (1 - momentum) * running + momentum * batch, with the unbiased variance
// (as PyTorch); groups entries. Where outer is more than 1, they follow one outer index after the other.
struct Running {
  double momentum = 0;
  void *mean = nullptr, *variance = nullptr;  // null: none are kept
};

// The activation that apply put behind the norm, for gradients that start from y's: they read dy * f'(v) where they say dy,
// v = xhat * gamma + beta. So with a residual they are those of the norm only behind the identity.
struct NormActivation {
  Unary op = Unary::identity;                     // one that apply takes
  double alpha = 0;                               // slope of leaky_relu
  const void *gamma = nullptr, *beta = nullptr;   // as given to apply; by parameter_gradient and data_gradient not read with the identity
};

// What the gradients of a norm's backward are made of: what it took and gave, the cotangents of its results, and where the
// gradients go. gamma, u, w and any result may be null.
struct NormSecond {
  const void *x, *dy, *mean, *rstd, *gamma;  // as in data_gradient
  const void *dgamma, *dbeta;                // the sums of parameter_gradient, [outer, groups*width]
  const void* v;                             // cotangent of dx, of the norm's dtype
  const void *u, *w;                         // cotangents of gamma's and of beta's gradient, laid out as gamma
  void *to_dy, *to_x;                        // of the norm's dtype
  void* to_gamma;                            // [outer, groups*width]; the caller sums over outer where gamma is shared
};

enum class NormRole { forward, gradient, second_gradient };

struct NormKernels {
  // The whole forward: statistics, then apply by them. `behind`: the activation, gamma and beta of apply.
  void (*forward)(Stream, const Norm&, const NormActivation& behind, const void* x, const void* residual, void* mean, void* rstd,
                  const Running&, void* y, void* workspace);
  // The whole gradient: parameter_gradient, then data_gradient from its sums; gamma is that of `behind`, whatever its activation.
  void (*gradient)(Stream, const Norm&, const NormActivation& behind, const void* x, const void* dy, const void* mean, const void* rstd,
                   void* dgamma, void* dbeta, void* dx, void* workspace);
  // Into how many launches the device cuts one of them (1 where there are none). follows: running statistics are kept.
  int (*launches)(NormRole, const Norm&, bool follows);
  // Their parts, for what needs one alone.
  // mean, rstd [outer, groups]; variance is biased, found by a numerically safe method (no E[x^2] - E[x]^2 in f32).
  void (*statistics)(Stream, const Norm&, const void* x, void* mean, void* rstd, const Running&, void* workspace);
  // y = f((x - mean) * rstd * gamma + beta + residual), the residual of x's shape and dtype; gamma, beta and residual may be null.
  // f: identity, relu, leaky_relu or tanh.
  void (*apply)(Stream, const Norm&, const void* x, const void* residual, const void* mean, const void* rstd, const void* gamma,
                const void* beta, Unary activation, double alpha, void* y);
  // With xhat = (x - mean) * rstd, per (outer, channel): dbeta = sum dy, dgamma = sum dy * xhat, each [outer, groups*width];
  // the caller sums over outer where gamma is shared.
  void (*parameter_gradient)(Stream, const Norm&, const NormActivation&, const void* x, const void* dy, const void* mean,
                             const void* rstd, void* dgamma, void* dbeta, void* workspace);
  // dx = rstd * (dy*gamma - m1 - xhat * m2), m1 = mean of dy*gamma (0 if not centred), m2 = mean of dy*gamma*xhat over the
  // statistic's elements, from the sums that parameter_gradient found. gamma may be null.
  void (*data_gradient)(Stream, const Norm&, const NormActivation&, const void* x, const void* dy, const void* mean,
                        const void* rstd, const void* gamma, const void* dgamma, const void* dbeta, void* dx);
  // rstd = 1 / sqrt(var + eps), count entries: to apply stored statistics.
  void (*rstd_of)(Stream, DType, int64_t count, const void* variance, double eps, void* rstd);
  size_t (*workspace_bytes)(const Norm&);   // for statistics and parameter_gradient, forward and gradient
  // With h = gamma * dy and means over the statistic's elements a of h, b of h * xhat, c of v, d of v * xhat, e of h * v, k of
  // u * dy, l of u * dy * xhat (a, c, k are 0 if not centred), the gradients of <v, dx> + <u, dgamma> + <w, dbeta>:
  //   to_gamma = sum of dy * t with t = rstd * (v - c - xhat * d);   to_dy = gamma * t + u * xhat + w
  //   to_x = rstd * (u * dy - k - xhat * l) - rstd^2 * ((v - c) * b + (h - a) * d + xhat * (e - a c - 3 b d))
  void (*second_gradient)(Stream, const Norm&, const NormSecond&, void* workspace);
  size_t (*second_workspace_bytes)(const Norm&);
};

}  // namespace ganymede::kernels
