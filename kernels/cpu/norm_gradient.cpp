// Gradients of the norms. The parameters' are sums over columns; the data's follows from them.
#include <vector>

#include "kernels/cpu/norm_columns.h"
#include "kernels/cpu/unary.h"

namespace ganymede::kernels::cpu {
namespace {

// body(f) with the activation f behind the norm, a UnaryFunction.
template <typename C, typename Body>
void with_activation(const NormActivation& a, Body body) {
  const C alpha = static_cast<C>(a.alpha);
  switch (a.op) {
    case Unary::identity:
      return body(UnaryFunction<Unary::identity, C>{alpha, 0});
    case Unary::relu:
      return body(UnaryFunction<Unary::relu, C>{alpha, 0});
    case Unary::leaky_relu:
      return body(UnaryFunction<Unary::leaky_relu, C>{alpha, 0});
    case Unary::tanh:
      return body(UnaryFunction<Unary::tanh, C>{alpha, 0});
    default:
      throw std::runtime_error(
          "cpu kernel norm gradient: the activation is none of identity, relu, leaky_relu, tanh");
  }
}

// f' at v = (x - mean) * factor + shift.
template <typename F, typename C>
C slope_at(const F& f, C centred, C factor, C shift) {
  return f.slope(f.value(centred * factor + shift));
}

template <typename T, typename F, typename C = Compute<T>>
void parameter_gradient_of(const Norm& p, const F& f, const C* gamma, const C* beta, const T* x, const T* dy,
                           const C* mean, const C* rstd, C* dgamma, C* dbeta, C* workspace) {
  const ColumnPlan plan = plan_of(p);
  C *beta_parts = plan.chunks > 1 ? workspace : dbeta,
    *gamma_parts = plan.chunks > 1 ? workspace + plan.partials() : dgamma;
  for_each_column_task(plan, kCheapGrain, [&](const ColumnTask& task) {
    C centre[kTile], scale[kTile], factor[kTile], shift[kTile], sums[2][kTile];
    spread(p, task, mean, centre);
    spread(p, task, rstd, scale);
    spread_affine(p, task, gamma, C(1), factor);
    spread_affine(p, task, beta, C(0), shift);
    multiply(task.line, scale, factor);
    const C *centres = centre, *factors = factor, *shifts = shift;
    const auto gradient = [=](int64_t i, int64_t c) {
      return load(dy[i]) * slope_at(f, load(x[i]) - centres[c], factors[c], shifts[c]);
    };
    sum_columns<Add>(plan, task, sums, gradient,
                     [=](int64_t i, int64_t c) { return gradient(i, c) * (load(x[i]) - centres[c]); });
    for (int64_t c = 0; c < task.width; ++c) {
      beta_parts[task.partial + c] = sums[0][c];
      gamma_parts[task.partial + c] = sums[1][c] * scale[c];
    }
  });
  if (plan.chunks == 1) return;
  combine_chunks<Add>(
      plan, [=](double, int64_t i, int64_t) { return beta_parts[i]; },
      [&](int64_t i, double sum) { dbeta[i] = static_cast<C>(sum); });
  combine_chunks<Add>(
      plan, [=](double, int64_t i, int64_t) { return gamma_parts[i]; },
      [&](int64_t i, double sum) { dgamma[i] = static_cast<C>(sum); });
}

// -rstd m1 and -rstd^2 m2 of every statistic, with m1 and m2 of norm.h.
template <typename C>
void find_slopes(const Norm& p, const C* rstd, const C* gamma, const C* dgamma, const C* dbeta, C* shifts,
                 C* slopes) {
  const double count = static_cast<double>(p.rows * p.width);
  if (p.width == 1) {
    for (int64_t outer = 0; outer < p.outer; ++outer) {
      const int64_t first = outer * p.groups;
      const C* scale = gamma ? gamma + outer * p.affine_stride : nullptr;
      const C weight = p.centred ? C(1 / count) : C(0), weight2 = C(1 / count);
#pragma omp simd
      for (int64_t g = 0; g < p.groups; ++g) {
        const int64_t s = first + g;
        const C factor = -rstd[s] * (scale ? scale[g] : C(1));
        shifts[s] = factor * dbeta[s] * weight;
        slopes[s] = factor * dgamma[s] * weight2 * rstd[s];
      }
    }
    return;
  }
  parallel_ranges(
      p.outer * p.groups, p.outer * p.groups * p.width, kCheapGrain, [&](int64_t begin, int64_t end) {
        for (int64_t s = begin; s < end; ++s) {
          const int64_t first = s * p.width, affine = s / p.groups * p.affine_stride + s % p.groups * p.width;
          const auto mean_of = [&](const C* sums) {
            const double sum = sum_line<Add, double>(p.width, [&](int64_t c) {
              return static_cast<double>(sums[first + c]) * (gamma ? gamma[affine + c] : C(1));
            });
            return static_cast<C>(sum / count);
          };
          shifts[s] = p.centred ? -rstd[s] * mean_of(dbeta) : C(0);
          slopes[s] = -rstd[s] * rstd[s] * mean_of(dgamma);
        }
      });
}

// dx = a dy + b + d (x - mean) with a = rstd gamma, b = -rstd m1, d = -rstd^2 m2.
template <typename T, typename F, typename C = Compute<T>>
void data_gradient_of(const Norm& p, const F& f, const C* beta, const T* x, const T* dy, const C* mean,
                      const C* rstd, const C* gamma, const C* dgamma, const C* dbeta, T* dx) {
  static thread_local std::vector<C> scratch;
  scratch.resize(2 * p.outer * p.groups);
  C *shifts = scratch.data(), *slopes = shifts + p.outer * p.groups;
  find_slopes(p, rstd, gamma, dgamma, dbeta, shifts, slopes);
  const ColumnPlan plan = plan_of(p);
  for_each_column_task(plan, kCheapGrain, [&](const ColumnTask& task) {
    C centre[kTile], a[kTile], b[kTile], d[kTile], scale[kTile], shift[kTile];
    spread(p, task, mean, centre);
    spread(p, task, rstd, a);
    spread(p, task, shifts, b);
    spread(p, task, slopes, d);
    spread_affine(p, task, gamma, C(1), scale);
    spread_affine(p, task, beta, C(0), shift);
    multiply(task.line, scale, a);
    for_each_line(plan, task, [&](int64_t first, int64_t count) {
      const T *from = x + first, *gradient = dy + first;
      T* to = dx + first;
#pragma omp simd
      for (int64_t c = 0; c < count; ++c) {
        const C centred = load(from[c]) - centre[c];
        const C g = load(gradient[c]) * slope_at(f, centred, a[c], shift[c]);
        to[c] = store<T>(a[c] * g + b[c] + d[c] * centred);
      }
    });
  });
}

}  // namespace

void norm_parameter_gradient(Stream, const Norm& p, const NormActivation& activation, const void* x,
                             const void* dy, const void* mean, const void* rstd, void* dgamma, void* dbeta,
                             void* workspace) {
  with_float_type(p.dtype, "norm parameter_gradient", [&](auto type) {
    using T = decltype(type);
    using C = Compute<T>;
    with_activation<C>(activation, [&](const auto& f) {
      parameter_gradient_of<T>(p, f, static_cast<const C*>(activation.gamma),
                               static_cast<const C*>(activation.beta), static_cast<const T*>(x),
                               static_cast<const T*>(dy), static_cast<const C*>(mean),
                               static_cast<const C*>(rstd), static_cast<C*>(dgamma), static_cast<C*>(dbeta),
                               static_cast<C*>(workspace));
    });
  });
}

void norm_data_gradient(Stream, const Norm& p, const NormActivation& activation, const void* x,
                        const void* dy, const void* mean, const void* rstd, const void* gamma,
                        const void* dgamma, const void* dbeta, void* dx) {
  if (is_empty(p)) return;
  with_float_type(p.dtype, "norm data_gradient", [&](auto type) {
    using T = decltype(type);
    using C = Compute<T>;
    with_activation<C>(activation, [&](const auto& f) {
      data_gradient_of<T>(p, f, static_cast<const C*>(activation.beta), static_cast<const T*>(x),
                          static_cast<const T*>(dy), static_cast<const C*>(mean), static_cast<const C*>(rstd),
                          static_cast<const C*>(gamma), static_cast<const C*>(dgamma),
                          static_cast<const C*>(dbeta), static_cast<T*>(dx));
    });
  });
}

}  // namespace ganymede::kernels::cpu
