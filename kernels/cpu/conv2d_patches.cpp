#include "kernels/cpu/conv2d_patches.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/conv2d_border.h"
#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/conv2d_onednn.h"
#include "kernels/cpu/gemm_onednn.h"
#include "kernels/cpu/number.h"
#include "kernels/cpu/onednn.h"
#include "kernels/cpu/parallel.h"

namespace ganymede::kernels::cpu {
namespace {

int64_t patch_length(const Conv2d& p) { return int64_t{p.r} * p.s * p.c; }
int64_t pixel_count(const Conv2d& p) { return int64_t{p.n} * p.p * p.q; }

// Pixels at a time: about 2 MB of patches in f32, which the caches keep from the copy to the product, but
// enough rows for the product to run at full speed.
int64_t chunk_of(const Conv2d& p) {
  constexpr int64_t kNumbers = 1 << 19, kPixels = 512;
  return std::max(kPixels, kNumbers / patch_length(p) / 64 * 64);
}

// patches [count, R*S*C] of the output pixels [begin, begin + count), through the border.
void copy_patches(const Conv2d& p, const char* x, size_t element, int64_t begin, int64_t count,
                  char* patches) {
  const int64_t image = int64_t{p.p} * p.q, pixel_bytes = p.c * element, run_bytes = p.s * pixel_bytes;
  const int64_t patch_bytes = p.r * run_bytes;
  parallel_ranges(count, count * patch_length(p), kCheapGrain, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i) {
      const int64_t pixel = (begin + i) % image;
      const int top = static_cast<int>(pixel / p.q) * p.stride_h - p.pad_h;
      const int left = static_cast<int>(pixel % p.q) * p.stride_w - p.pad_w;
      const char* const source = x + (begin + i) / image * p.h * p.w * pixel_bytes;
      for (int r = 0; r < p.r; ++r) {
        char* const run = patches + i * patch_bytes + r * run_bytes;
        const int h = rows_of(p).own(top + r);
        if (h < 0) std::memset(run, 0, run_bytes);
        else copy_pixels(columns_of(p), source + int64_t{h} * p.w * pixel_bytes, left, p.s, static_cast<int>(pixel_bytes), run);
      }
    }
  });
}

// Calls body(first pixel, pixels, patches) chunk by chunk until it returns false.
template <typename Body>
bool for_each_chunk(const Conv2d& p, const void* x, Body body) {
  const size_t element = p.dtype == DType::bf16 ? 2 : 4;
  const int64_t pixels = pixel_count(p), chunk = std::min(chunk_of(p), pixels);
  char* const patches =
      static_cast<char*>(onednn_scratch(Scratch::source, chunk * patch_length(p) * element));
  for (int64_t begin = 0; begin < pixels; begin += chunk) {
    const int64_t count = std::min(chunk, pixels - begin);
    copy_patches(p, static_cast<const char*>(x), element, begin, count, patches);
    if (!body(begin, static_cast<int>(count), patches)) return false;
  }
  return true;
}

}  // namespace

// The copy pays in a weight gradient with enough filters to use it on, and in a forward pass whose weights
// overflow the second cache, over which oneDNN's convolution runs once for every row of a small image; and in a
// weight gradient that must not be oneDNN's.
bool prefers_patches(const Conv2d& p, ConvRole role) {
  if (p.dtype == DType::f64 || p.groups != 1 || p.dilation_h != 1 || p.dilation_w != 1) return false;
  if (role == ConvRole::weight_gradient && (onednn_overruns(p) || onednn_misreads(p))) return true;
  const int64_t length = patch_length(p), pixels = int64_t{p.p} * p.q;
  if (length < 256 || length > (1 << 16) || p.k < 128) return false;
  if (role == ConvRole::forward) return pixels <= 16 && length * p.k >= (1 << 20);
  if (role == ConvRole::weight_gradient)
    return p.dtype == DType::f32 || pixels <= 64;
  return false;
}

bool forward_by_patches(const Conv2d& p, const void* x, const void* w, void* y, const Epilogue& epilogue) {
  auto lock = lock_onednn();
  const size_t element = p.dtype == DType::bf16 ? 2 : 4;
  const int length = static_cast<int>(patch_length(p));
  return for_each_chunk(p, x, [&](int64_t begin, int count, const char* patches) {
    const Gemm gemm{1, count, p.k, length, false, true, 0, 0, p.dtype, p.dtype, p.math};
    const int64_t to = begin * p.k * static_cast<int64_t>(element);
    return multiply_by_onednn(gemm, patches, w, static_cast<char*>(y) + to, behind(epilogue, to));
  });
}

bool weight_gradient_by_patches(const Conv2d& p, const void* x, const void* dy, void* dw) {
  auto lock = lock_onednn();
  const size_t element = p.dtype == DType::bf16 ? 2 : 4;
  const int length = static_cast<int>(patch_length(p));
  return for_each_chunk(p, x, [&](int64_t begin, int count, const char* patches) {
    const Gemm gemm{1, p.k, length, count, true, false, 0, 0, p.dtype, DType::f32, p.math};
    return multiply_by_onednn(gemm, static_cast<const char*>(dy) + begin * p.k * element, patches, dw,
                              Epilogue{nullptr, Unary::identity, 0}, begin > 0);
  });
}

}  // namespace ganymede::kernels::cpu
