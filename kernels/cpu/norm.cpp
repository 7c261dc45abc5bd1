// Norms over NHWC tensors (kernels/api/norm.h). Everything goes by columns (rows of the tensor in order, all
// channels side by side), but for statistics over one long line (layer norm, pixel norm). A chunk finds its
// mean first and the squared deviations from it second, while it is in the first cache; what the rounding of
// that mean left is put right (Chan, Golub, LeVeque 1983). Chunks, then channels, are merged in double.
#include "kernels/cpu/families.h"
#include "kernels/cpu/norm_columns.h"
#include "kernels/cpu/unary.h"

namespace ganymede::kernels::cpu {
namespace {

// mean and deviations (sum of squared differences from the mean) of statistic s over its rows * width
// elements.
template <typename C>
void put_statistic(const Norm& p, int64_t s, double mean, double deviations, C* means, C* rstds) {
  means[s] = static_cast<C>(mean);
  rstds[s] = static_cast<C>(1 / std::sqrt(deviations / static_cast<double>(p.rows * p.width) + p.eps));
}

// rows is 1: a statistic is over one line of width elements, and a task is one statistic.
template <typename T, typename C = Compute<T>>
void statistics_by_lines(const Norm& p, const T* x, C* means, C* rstds) {
  const int64_t statistics = p.outer * p.groups;
  parallel_ranges(statistics, statistics * p.width, kCheapGrain, [&](int64_t begin, int64_t end) {
    for (int64_t s = begin; s < end; ++s) {
      const T* line = x + s * p.width;
      double mean = 0, deviations = 0, count = 0;
      for (int64_t first = 0; first < p.width; first += kLineChunk) {
        const T* chunk = line + first;
        const int64_t size = std::min(kLineChunk, p.width - first);
        const C centre = p.centred ? sum_line<Add, C>(size, [chunk](int64_t i) { return load(chunk[i]); }) /
                                         static_cast<C>(size)
                                   : C(0);
        const double squares = sum_line<Add, C>(size, [chunk, centre](int64_t i) {
          const C d = load(chunk[i]) - centre;
          return d * d;
        });
        const double rest =
            p.centred ? sum_line<Add, C>(size, [chunk, centre](int64_t i) { return load(chunk[i]) - centre; })
                      : 0;
        deviations += squares - rest * rest / size;
        // Merging two sets (Chan et al. 1979).
        const double delta = centre + rest / size - mean, total = count + size;
        deviations += delta * delta * count * size / total;
        mean += delta * size / total;
        count = total;
      }
      put_statistic(p, s, mean, deviations, means, rstds);
    }
  });
}

// workspace: mean and deviations of every channel (double), then of every chunk of every channel.
template <typename T, typename C = Compute<T>>
void statistics_by_columns(const Norm& p, const T* x, C* means, C* rstds, void* workspace) {
  const ColumnPlan plan = plan_of(p);
  const int64_t channels = plan.outer * plan.columns;
  double *channel_mean = static_cast<double*>(workspace), *channel_deviations = channel_mean + channels;
  C *chunk_mean = reinterpret_cast<C*>(channel_deviations + channels),
    *chunk_deviations = chunk_mean + plan.partials();
  for_each_column_task(plan, kCheapGrain, [&](const ColumnTask& task) {
    C centre[kTile] = {}, sums[2][kTile];
    if (p.centred) {
      sum_columns<Add>(plan, task, sums, [x](int64_t i, int64_t) { return load(x[i]); });
      for (int64_t c = 0; c < task.width; ++c) centre[c] = sums[0][c] / static_cast<C>(task.rows);
      repeat_columns(task, centre);
    }
    const C* centres = centre;
    sum_columns<Add>(
        plan, task, sums,
        [x, centres](int64_t i, int64_t c) {
          const C d = load(x[i]) - centres[c];
          return d * d;
        },
        [x, centres](int64_t i, int64_t c) { return load(x[i]) - centres[c]; });
    for (int64_t c = 0; c < task.width; ++c) {
      const C rest = p.centred ? sums[1][c] / static_cast<C>(task.rows) : C(0);
      chunk_mean[task.partial + c] = centre[c] + rest;
      chunk_deviations[task.partial + c] = sums[0][c] - rest * sums[1][c];
    }
  });
  const double rows = static_cast<double>(p.rows);
  combine_chunks<Add>(
      plan, [=](double count, int64_t i, int64_t) { return count * chunk_mean[i]; },
      [=](int64_t channel, double sum) { channel_mean[channel] = sum / rows; });
  combine_chunks<Add>(
      plan,
      [=](double count, int64_t i, int64_t channel) {
        const double d = chunk_mean[i] - channel_mean[channel];
        return chunk_deviations[i] + count * d * d;
      },
      [=](int64_t channel, double sum) { channel_deviations[channel] = sum; });
  for (int64_t s = 0; s < p.outer * p.groups; ++s) {
    double mean = 0, deviations = 0;
    for (int64_t c = s * p.width; c < (s + 1) * p.width; ++c) mean += channel_mean[c];
    mean /= static_cast<double>(p.width);
    for (int64_t c = s * p.width; c < (s + 1) * p.width; ++c) {
      const double d = p.centred ? channel_mean[c] - mean : 0;
      deviations += channel_deviations[c] + rows * d * d;
    }
    put_statistic(p, s, mean, deviations, means, rstds);
  }
}

bool goes_by_lines(const Norm& p) { return p.rows == 1 && p.width > 1; }

template <typename C>
void update_running(const Norm& p, const C* mean, const C* rstd, const Running& running) {
  const double count = static_cast<double>(p.rows * p.width), unbiased = count > 1 ? count / (count - 1) : 1;
  C *running_mean = static_cast<C*>(running.mean), *running_variance = static_cast<C*>(running.variance);
  for (int64_t s = 0; s < p.outer * p.groups; ++s) {
    const double variance = std::max(0.0, 1 / (double{rstd[s]} * rstd[s]) - p.eps) * unbiased;
    C &follows_mean = running_mean[s % p.groups], &follows_variance = running_variance[s % p.groups];
    follows_mean = static_cast<C>((1 - running.momentum) * follows_mean + running.momentum * mean[s]);
    follows_variance = static_cast<C>((1 - running.momentum) * follows_variance + running.momentum * variance);
  }
}

void statistics(Stream, const Norm& p, const void* x, void* mean, void* rstd, const Running& running,
                void* workspace) {
  if (is_empty(p)) return;
  with_float_type(p.dtype, "norm statistics", [&](auto type) {
    using T = decltype(type);
    using C = Compute<T>;
    const T* from = static_cast<const T*>(x);
    if (goes_by_lines(p)) {
      statistics_by_lines<T>(p, from, static_cast<C*>(mean), static_cast<C*>(rstd));
    } else {
      statistics_by_columns<T>(p, from, static_cast<C*>(mean), static_cast<C*>(rstd), workspace);
    }
    if (running.mean) update_running(p, static_cast<const C*>(mean), static_cast<const C*>(rstd), running);
  });
}

size_t workspace_bytes(const Norm& p) {
  const ColumnPlan plan = plan_of(p);
  const size_t element = p.dtype == DType::f64 ? sizeof(double) : sizeof(float);
  return 2 * sizeof(double) * plan.outer * plan.columns + 2 * element * plan.partials();
}

template <typename T, typename F, typename C = Compute<T>>
void apply_function(const Norm& p, const F& f, const T* x, const T* residual, const C* mean, const C* rstd,
                    const C* gamma, const C* beta, T* y) {
  const ColumnPlan plan = plan_of(p);
  for_each_column_task(plan, is_costly(f.kOp) ? kCostlyGrain : kCheapGrain, [&](const ColumnTask& task) {
    C centre[kTile], factor[kTile], shift[kTile], scale[kTile];
    spread(p, task, mean, centre);
    spread(p, task, rstd, factor);
    spread_affine(p, task, gamma, C(1), scale);
    spread_affine(p, task, beta, C(0), shift);
    multiply(task.line, scale, factor);
    for_each_line(plan, task, [&](int64_t first, int64_t count) {
      const T* from = x + first;
      T* to = y + first;
      const auto each = [&](auto with) {
#pragma omp simd
        for (int64_t c = 0; c < count; ++c)
          to[c] = store<T>(f.value(with((load(from[c]) - centre[c]) * factor[c] + shift[c], c)));
      };
      if (!residual) return each([](C v, int64_t) { return v; });
      each([side = residual + first](C v, int64_t c) { return v + load(side[c]); });
    });
  });
}

void apply(Stream, const Norm& p, const void* x, const void* residual, const void* mean, const void* rstd,
           const void* gamma, const void* beta, Unary activation, double alpha, void* y) {
  if (is_empty(p)) return;
  with_float_type(p.dtype, "norm apply", [&](auto type) {
    using T = decltype(type);
    using C = Compute<T>;
    const auto run = [&](const auto& f) {
      apply_function<T>(p, f, static_cast<const T*>(x), static_cast<const T*>(residual),
                        static_cast<const C*>(mean), static_cast<const C*>(rstd),
                        static_cast<const C*>(gamma), static_cast<const C*>(beta), static_cast<T*>(y));
    };
    const C slope = static_cast<C>(alpha);
    switch (activation) {
      case Unary::identity:
        return run(UnaryFunction<Unary::identity, C>{slope, 0});
      case Unary::relu:
        return run(UnaryFunction<Unary::relu, C>{slope, 0});
      case Unary::leaky_relu:
        return run(UnaryFunction<Unary::leaky_relu, C>{slope, 0});
      case Unary::tanh:
        return run(UnaryFunction<Unary::tanh, C>{slope, 0});
      default:
        throw std::runtime_error(
            "cpu kernel norm apply: the activation is none of identity, relu, leaky_relu, tanh");
    }
  });
}

void rstd_of(Stream, DType dtype, int64_t count, const void* variance, double eps, void* rstd) {
  with_float_type(dtype, "norm rstd_of", [&](auto type) {
    using C = Compute<decltype(type)>;
    for (int64_t i = 0; i < count; ++i) {
      static_cast<C*>(rstd)[i] =
          static_cast<C>(1 / std::sqrt(double{static_cast<const C*>(variance)[i]} + eps));
    }
  });
}

void forward(Stream stream, const Norm& p, const NormActivation& behind, const void* x, const void* residual, void* mean, void* rstd,
             const Running& running, void* y, void* workspace) {
  statistics(stream, p, x, mean, rstd, running, workspace);
  apply(stream, p, x, residual, mean, rstd, behind.gamma, behind.beta, behind.op, behind.alpha, y);
}

void gradient(Stream stream, const Norm& p, const NormActivation& behind, const void* x, const void* dy, const void* mean,
              const void* rstd, void* dgamma, void* dbeta, void* dx, void* workspace) {
  norm_parameter_gradient(stream, p, behind, x, dy, mean, rstd, dgamma, dbeta, workspace);
  norm_data_gradient(stream, p, behind, x, dy, mean, rstd, behind.gamma, dgamma, dbeta, dx);
}

int launches(NormRole, const Norm&, bool) { return 1; }

}  // namespace

const NormKernels norm_kernels = {forward, gradient, launches,  statistics, apply, norm_parameter_gradient, norm_data_gradient,
                                  rstd_of, workspace_bytes, norm_second_gradient, norm_second_workspace};

}  // namespace ganymede::kernels::cpu
