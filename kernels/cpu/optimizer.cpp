// Optimiser steps over a flat buffer. Threads own ranges of the buffer, whatever segments lie in them.
#include <cmath>
#include <limits>

#include "kernels/cpu/columns.h"
#include "kernels/cpu/families.h"
#include "kernels/cpu/vectors.h"

namespace ganymede::kernels::cpu {
namespace {

constexpr int64_t kNormChunk = 4096;  // elements of the flat buffer a partial sum of squares

// Calls body(first element, count, its gradient or null) for the pieces of segments inside [begin, end), of kPiece elements at most: what is
// done with one after the other stays in the cache. A gradient in parts is added up before.
constexpr int64_t kPiece = 1024;

template <typename C, typename Body>
void for_each_part(const Segment* segments, int count, int64_t begin, int64_t end, Body body) {
  C sum[kPiece];
  const Segment* segment = std::partition_point(
      segments, segments + count, [begin](const Segment& s) { return s.offset + s.count <= begin; });
  for (; segment != segments + count && segment->offset < end; ++segment) {
    const int64_t first = std::max(begin, segment->offset),
                  last = std::min(end, segment->offset + segment->count);
    const auto part = [&](int k) { return static_cast<const C*>(segment->gradient[k]); };
    for (int64_t at = first; at < last; at += kPiece) {
      const int64_t size = std::min(kPiece, last - at);
      if (!part(0) || !part(1)) {
        body(at, size, part(0) ? part(0) + (at - segment->offset) : nullptr);
        continue;
      }
      for (int k = 0; k < Segment::kParts && part(k); ++k) {
        const C* g = part(k) + (at - segment->offset);
#pragma omp simd
        for (int64_t i = 0; i < size; ++i) sum[i] = k ? sum[i] + g[i] : g[i];
      }
      body(at, size, static_cast<const C*>(sum));
    }
  }
}

void round_line(int64_t count, const float* from, Bf16* to) {
  int64_t i = 0;
  for (; i + kRegisterLanes <= count; i += kRegisterLanes) store_lanes(to + i, load_lanes(from + i));
  for (; i < count; ++i) to[i] = to_bf16(from[i]);
}

// The numbers of one step, in the type of the buffers.
template <typename C>
struct StepNumbers {
  C rate, beta1, other1, beta2, other2, eps, decay, shrink, clip, ema, other_ema;
  C correction1, root_correction2;  // adam: rate / (1 - beta1^t) and 1 / sqrt(1 - beta2^t); adamax: the first over the second, and none
  C bound, scale;                   // of the gradient: clamped to [-bound, bound], then multiplied by scale

  StepNumbers(const Optimizer& o, const OptimizerState& s) {
    const StepScalars& now = *s.scalars;
    const double t = static_cast<double>(s.step[0] + 1);
    rate = static_cast<C>(now.rate);
    beta1 = static_cast<C>(now.beta1);
    other1 = static_cast<C>(1 - now.beta1);
    beta2 = static_cast<C>(o.beta2);
    other2 = static_cast<C>(1 - o.beta2);
    eps = static_cast<C>(o.eps);
    decay = static_cast<C>(o.decoupled ? 0 : o.weight_decay);
    shrink = static_cast<C>(o.decoupled ? 1 - now.rate * o.weight_decay : 1);
    clip = static_cast<C>(o.clip);
    ema = static_cast<C>(o.ema);
    other_ema = static_cast<C>(1 - o.ema);
    correction1 = static_cast<C>(now.rate / (1 - std::pow(now.beta1, t)));
    root_correction2 = static_cast<C>(1 / std::sqrt(1 - std::pow(o.beta2, t)));
    if (o.rule == Rule::adamax) correction1 = static_cast<C>(now.rate * std::sqrt(1 - std::pow(o.beta2, t)) / (1 - std::pow(now.beta1, t)));
    bound = o.gradient_clip > 0 ? static_cast<C>(o.gradient_clip) : std::numeric_limits<C>::infinity();
    scale = 1;
    if (o.norm_clip > 0) {
      const double norm = std::sqrt(static_cast<double>(*static_cast<const C*>(s.norm_squared)));
      scale = static_cast<C>(std::min(1.0, o.norm_clip / (norm + 1e-6)));
    }
  }
};

// p[i] is updated in place; the loops over m and v are one a rule, so that each is vector code.
template <typename C>
void step_part(Rule rule, const StepNumbers<C>& k, int64_t count, const C* g, C* p, C* m, C* v) {
  // A comparison keeps NaN, so that a run that diverges is seen.
  const auto gradient = [&](int64_t i) {
    const C d = g ? g[i] : C(0);
    return (d > k.bound ? k.bound : d < -k.bound ? -k.bound : d) * k.scale + k.decay * p[i];
  };
  switch (rule) {
    case Rule::adam:
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) {
        const C d = gradient(i);
        m[i] = k.beta1 * m[i] + k.other1 * d;
        v[i] = k.beta2 * v[i] + k.other2 * d * d;
        p[i] = k.shrink * p[i] - k.correction1 * m[i] / (std::sqrt(v[i]) * k.root_correction2 + k.eps);
      }
      return;
    case Rule::adamax:
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) {
        const C d = gradient(i), decayed = k.beta2 * v[i], size = std::abs(d);
        m[i] = k.beta1 * m[i] + k.other1 * d;
        v[i] = decayed > size ? decayed : size;  // NaN stays
        p[i] = k.shrink * p[i] - k.correction1 * m[i] / (v[i] + k.eps);
      }
      return;
    case Rule::rmsprop:
      if (m) {
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) {
          const C d = gradient(i);
          v[i] = k.beta2 * v[i] + k.other2 * d * d;
          m[i] = k.beta1 * m[i] + d / (std::sqrt(v[i]) + k.eps);
          p[i] = k.shrink * p[i] - k.rate * m[i];
        }
      } else {
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) {
          const C d = gradient(i);
          v[i] = k.beta2 * v[i] + k.other2 * d * d;
          p[i] = k.shrink * p[i] - k.rate * d / (std::sqrt(v[i]) + k.eps);
        }
      }
      return;
    case Rule::sgd:
      if (m) {
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) {
          m[i] = k.beta1 * m[i] + gradient(i);
          p[i] = k.shrink * p[i] - k.rate * m[i];
        }
      } else {
#pragma omp simd
        for (int64_t i = 0; i < count; ++i) p[i] = k.shrink * p[i] - k.rate * gradient(i);
      }
      return;
  }
}

int64_t end_of(const Segment* segments, int count) { return count > 0 ? segments[count - 1].offset + segments[count - 1].count : 0; }

// Calls body as for_each_part does, for the whole buffer, which the threads share in chunks; squares, if given, [chunks]: the sum of the
// squares of each chunk's gradient.
template <typename C, typename Body>
void for_all_parts(const Segment* segments, int count, double* squares, Body body) {
  const int64_t end = end_of(segments, count);
  parallel_ranges(ceil_div(end, kNormChunk), end, kCheapGrain, [&](int64_t first_chunk, int64_t last_chunk) {
    for (int64_t chunk = first_chunk; chunk < last_chunk; ++chunk) {
      double sum = 0;
      for_each_part<C>(segments, count, chunk * kNormChunk, (chunk + 1) * kNormChunk, [&](int64_t first, int64_t size, const C* g) {
        if (squares && g) sum += sum_line<Add, C>(size, [g](int64_t i) { return g[i] * g[i]; });
        body(first, size, g);
      });
      if (squares) squares[chunk] = sum;
    }
  });
}

template <typename C>
void write_norm(const Segment* segments, int count, const double* squares, void* out) {
  double total = 0;
  for (int64_t chunk = 0; chunk < ceil_div(end_of(segments, count), kNormChunk); ++chunk) total += squares[chunk];
  *static_cast<C*>(out) = static_cast<C>(total);
}

template <typename C>
void step_of(const Optimizer& o, const OptimizerState& s, const Segment* segments, int segment_count) {
  const StepNumbers<C> k(o, s);
  C *p = static_cast<C*>(s.p), *m = static_cast<C*>(s.m), *v = static_cast<C*>(s.v),
    *average = static_cast<C*>(s.average);
  double* squares = static_cast<double*>(s.norm_workspace);
  for_all_parts<C>(segments, segment_count, squares, [&](int64_t first, int64_t count, const C* g) {
    C* now = p + first;
    step_part(o.rule, k, count, g, now, m ? m + first : nullptr, v ? v + first : nullptr);
    if (o.clip > 0) {
#pragma omp simd
      for (int64_t i = 0; i < count; ++i)
        now[i] = now[i] > k.clip ? k.clip : now[i] < -k.clip ? -k.clip : now[i];
    }
    if (average) {
      C* mean = average + first;
#pragma omp simd
      for (int64_t i = 0; i < count; ++i) mean[i] = k.ema * mean[i] + k.other_ema * now[i];
    }
    if constexpr (std::is_same_v<C, float>) {
      if (s.copy) round_line(count, now, s.copy + first);
    }
  });
  if (squares) write_norm<C>(segments, segment_count, squares, s.norm_squared);
}

template <typename C>
void norm_of(const Segment* segments, int segment_count, void* out, void* workspace) {
  double* squares = static_cast<double*>(workspace);
  for_all_parts<C>(segments, segment_count, squares, [](int64_t, int64_t, const C*) {});
  write_norm<C>(segments, segment_count, squares, out);
}

void gradient_norm_squared(Stream, DType dtype, const Segment* segments, int segment_count, void* out, void* workspace) {
  switch (dtype) {
    case DType::f32:
      return norm_of<float>(segments, segment_count, out, workspace);
    case DType::f64:
      return norm_of<double>(segments, segment_count, out, workspace);
    default:
      unsupported(dtype, "gradient_norm_squared");
  }
}

void step(Stream stream, const Optimizer& o, const OptimizerState& s, const Segment* segments, int segment_count) {
  if (s.gate && s.gate[0] == 0.0f) {
    if (s.norm_workspace) gradient_norm_squared(stream, o.dtype, segments, segment_count, s.norm_squared, s.norm_workspace);
    return;
  }
  switch (o.dtype) {
    case DType::f32:
      step_of<float>(o, s, segments, segment_count);
      break;
    case DType::f64:
      step_of<double>(o, s, segments, segment_count);
      break;
    default:
      unsupported(o.dtype, "optimizer step");
  }
  ++s.step[0];
}

size_t norm_workspace(int64_t count, int) { return ceil_div(count, kNormChunk) * sizeof(double); }

}  // namespace

const OptimizerKernels optimizer_kernels = {step, gradient_norm_squared, norm_workspace};

}  // namespace ganymede::kernels::cpu
