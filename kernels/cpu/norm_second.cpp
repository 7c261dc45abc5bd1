// Gradients of the norms' backward: three sums over columns, from which the coefficients of a statistic's and a
// channel's elements follow; the formula is in kernels/api/norm.h.

#include "kernels/cpu/norm_columns.h"

namespace ganymede::kernels::cpu {
namespace {

// Sums of v, v * xhat and dy * v, each [outer, channels]; sums holds them one after the other, parts the same of
// every chunk where there are several.
template <typename T, typename C = Compute<T>>
void find_sums(const Norm& p, const NormSecond& of, C* sums, C* parts) {
  const T *x = static_cast<const T*>(of.x), *dy = static_cast<const T*>(of.dy), *v = static_cast<const T*>(of.v);
  const ColumnPlan plan = plan_of(p);
  const int64_t count = plan.outer * plan.columns, stride = plan.chunks > 1 ? plan.partials() : count;
  C* to = plan.chunks > 1 ? parts : sums;
  for_each_column_task(plan, kCheapGrain, [&](const ColumnTask& task) {
    C centre[kTile], scale[kTile], found[3][kTile];
    spread(p, task, static_cast<const C*>(of.mean), centre);
    spread(p, task, static_cast<const C*>(of.rstd), scale);
    const C* centres = centre;
    sum_columns<Add>(
        plan, task, found, [v](int64_t i, int64_t) { return load(v[i]); },
        [x, v, centres](int64_t i, int64_t c) { return load(v[i]) * (load(x[i]) - centres[c]); },
        [dy, v](int64_t i, int64_t) { return load(dy[i]) * load(v[i]); });
    multiply(task.width, scale, found[1]);
    for (int k = 0; k < 3; ++k) std::copy_n(found[k], task.width, to + k * stride + task.partial);
  });
  if (plan.chunks == 1) return;
  for (int k = 0; k < 3; ++k) {
    combine_chunks<Add>(
        plan, [=](double, int64_t i, int64_t) { return parts[k * stride + i]; },
        [=](int64_t i, double sum) { sums[k * count + i] = static_cast<C>(sum); });
  }
}

// What the elements of a statistic share, each [outer, groups]: to_x = v_slope v + q dy + x_slope (x - mean) +
// shift, with q of a channel; t of the formula is rstd v - centre - slope (x - mean).
template <typename C>
struct Shared {
  C *v_slope, *x_slope, *shift, *centre, *slope;
};

// The coefficients from the means, and to_gamma.
template <typename C>
void find_shared(const Norm& p, const NormSecond& of, const C* sums, const Shared<C>& to) {
  const C *rstd = static_cast<const C*>(of.rstd), *gamma = static_cast<const C*>(of.gamma),
          *u = static_cast<const C*>(of.u), *dgamma = static_cast<const C*>(of.dgamma),
          *dbeta = static_cast<const C*>(of.dbeta);
  C* to_gamma = static_cast<C*>(of.to_gamma);
  const int64_t total = p.outer * p.groups * p.width;
  const C *v = sums, *vx = v + total, *gv = vx + total;
  const double share = 1.0 / static_cast<double>(p.rows * p.width), plain = p.centred ? share : 0;
  parallel_ranges(p.outer * p.groups, total, kCheapGrain, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; ++s) {
      const int64_t first = s * p.width, affine = s / p.groups * p.affine_stride + s % p.groups * p.width;
      const C *scale = gamma ? gamma + affine : nullptr, *weight = u ? u + affine : nullptr;
      const auto mean = [&](double of_one, const C* values, const C* factors, double missing) {
        return of_one * sum_line<Add, double>(p.width, [&](int64_t c) {
          return static_cast<double>(values[first + c]) * (factors ? static_cast<double>(factors[c]) : missing);
        });
      };
      const double a = mean(plain, dbeta, scale, 1), b = mean(share, dgamma, scale, 1);
      const double c = mean(plain, v, nullptr, 1), d = mean(share, vx, nullptr, 1);
      const double e = mean(share, gv, scale, 1);
      const double k = weight ? mean(plain, dbeta, weight, 0) : 0, l = weight ? mean(share, dgamma, weight, 0) : 0;
      const double r = rstd[s];
      to.v_slope[s] = static_cast<C>(-r * r * b);
      to.x_slope[s] = static_cast<C>(-r * r * (r * (e - a * c - 3 * b * d) + l));
      to.shift[s] = static_cast<C>(r * r * (c * b + a * d) - r * k);
      to.centre[s] = static_cast<C>(r * c);
      to.slope[s] = static_cast<C>(r * r * d);
      for (int64_t i = first; to_gamma && i < first + p.width; ++i)
        to_gamma[i] = static_cast<C>(r * (gv[i] - c * dbeta[i] - d * dgamma[i]));
    }
  });
}

template <typename T, typename C = Compute<T>>
void second_gradient_of(const Norm& p, const NormSecond& of, C* workspace) {
  const ColumnPlan plan = plan_of(p);
  const int64_t statistics = p.outer * p.groups;
  C *shared = workspace, *sums = shared + 5 * statistics, *parts = sums + 3 * plan.outer * plan.columns;
  const Shared<C> to{shared, shared + statistics, shared + 2 * statistics, shared + 3 * statistics,
                     shared + 4 * statistics};
  find_sums<T>(p, of, sums, parts);
  find_shared(p, of, sums, to);
  for_each_column_task(plan, kCheapGrain, [&](const ColumnTask& task) {
    C mean[kTile], rstd[kTile], v_slope[kTile], x_slope[kTile], shift[kTile], centre[kTile], slope[kTile];
    C gamma[kTile], u[kTile], w[kTile];
    spread(p, task, static_cast<const C*>(of.mean), mean);
    spread(p, task, static_cast<const C*>(of.rstd), rstd);
    spread(p, task, to.v_slope, v_slope);
    spread(p, task, to.x_slope, x_slope);
    spread(p, task, to.shift, shift);
    spread(p, task, to.centre, centre);
    spread(p, task, to.slope, slope);
    spread_affine(p, task, static_cast<const C*>(of.gamma), C(1), gamma);
    spread_affine(p, task, static_cast<const C*>(of.u), C(0), u);
    spread_affine(p, task, static_cast<const C*>(of.w), C(0), w);
#pragma omp simd
    for (int64_t c = 0; c < task.line; ++c) {
      u[c] = rstd[c] * u[c] - gamma[c] * slope[c];  // of x - mean in to_dy, and of dy in to_x
      w[c] -= gamma[c] * centre[c];
      gamma[c] *= rstd[c];
    }
    for_each_line(plan, task, [&](int64_t first, int64_t count) {
      const T *x = static_cast<const T*>(of.x) + first, *dy = static_cast<const T*>(of.dy) + first,
              *v = static_cast<const T*>(of.v) + first;
      if (T* to_dy = static_cast<T*>(of.to_dy)) {
        to_dy += first;
#pragma omp simd
        for (int64_t c = 0; c < count; ++c)
          to_dy[c] = store<T>(gamma[c] * load(v[c]) + u[c] * (load(x[c]) - mean[c]) + w[c]);
      }
      if (T* to_x = static_cast<T*>(of.to_x)) {
        to_x += first;
#pragma omp simd
        for (int64_t c = 0; c < count; ++c)
          to_x[c] = store<T>(v_slope[c] * load(v[c]) + u[c] * load(dy[c]) + x_slope[c] * (load(x[c]) - mean[c]) +
                             shift[c]);
      }
    });
  });
}

}  // namespace

size_t norm_second_workspace(const Norm& p) {
  const ColumnPlan plan = plan_of(p);
  const int64_t numbers = 5 * p.outer * p.groups + 3 * plan.outer * plan.columns + (plan.chunks > 1 ? 3 * plan.partials() : 0);
  return static_cast<size_t>(numbers) * (p.dtype == DType::f64 ? sizeof(double) : sizeof(float));
}

void norm_second_gradient(Stream, const Norm& p, const NormSecond& of, void* workspace) {
  if (is_empty(p)) return;
  with_float_type(p.dtype, "norm second_gradient", [&](auto type) {
    using T = decltype(type);
    second_gradient_of<T>(p, of, static_cast<Compute<T>*>(workspace));
  });
}

}  // namespace ganymede::kernels::cpu
