// The convolution family of this target: which tile and how many parts of the sum each direction takes.
#include <stdexcept>
#include <string>

#include "kernels/device/conv_launch.h"
#include "kernels/device/conv_maps.h"
#include "kernels/device/families.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void check_convolution(const Conv2d& p, const char* direction) {
  const auto fail = [&](const std::string& what) {
    throw std::runtime_error(std::string("conv2d ") + direction + ": " + what);
  };
  if (p.dtype != DType::f32 && p.dtype != DType::bf16) fail("only f32 and bf16 run on this device");
  const auto check_size = [&](const char* tensor, int64_t a, int64_t b, int64_t c, int64_t d) {
    if (static_cast<double>(a) * b * c * d > kMaxElements) {
      fail(std::string(tensor) + " [" + std::to_string(a) + ", " + std::to_string(b) + ", " + std::to_string(c) + ", " +
           std::to_string(d) + "] has more than " + std::to_string(kMaxElements) + " elements");
    }
  };
  check_size("x", p.n, p.h, p.w, p.c);
  check_size("y", p.n, p.p, p.q, p.k);
  check_size("w", p.k, p.r, p.s, p.c / p.groups);
}

namespace {

// Parts of the weight gradient's sum: enough blocks for the machine, at least 128 terms a part.
int weight_gradient_splits(const Conv2d& p, TileName tile) {
  const int64_t columns = static_cast<int64_t>(p.r) * p.s * (p.c / p.groups);
  const int64_t tiles = tile_count(tile, p.k / p.groups, columns) * p.groups;
  const int64_t wanted = tiles > 0 ? ceil_div<int64_t>(2 * kBusyBlocks, tiles) : 1;
  const int64_t most = static_cast<int64_t>(p.n) * p.p * p.q / 128;
  const int64_t splits = wanted < most ? wanted : most;
  return static_cast<int>(splits > 1 ? splits : 1);
}

TileName weight_gradient_tile(const Conv2d& p) {
  const int64_t columns = static_cast<int64_t>(p.r) * p.s * (p.c / p.groups);
  // Any tile can fill the machine by splitting the sum, if the sum is long.
  const int64_t parts = static_cast<int64_t>(p.n) * p.p * p.q / 256;
  return choose_tile(p.k / p.groups, columns, p.groups * (parts > 1 ? parts : 1));
}

void forward(Stream stream, const Conv2d& p, const void* x, const Weight& w, void* y, const Epilogue& epilogue) {
  const int64_t positions = static_cast<int64_t>(p.n) * p.p * p.q, terms = static_cast<int64_t>(p.r) * p.s * (p.c / p.groups);
  convolve_forward(stream, p, x, w.data, y, epilogue, choose_plan(positions, p.k / p.groups, terms, p.groups));
}

void data_gradient(Stream stream, const Conv2d& p, const void* dy, const Weight& w, void* dx, const Epilogue& epilogue) {
  const int64_t positions = p.n * ceil_div<int64_t>(p.h, p.stride_h) * ceil_div<int64_t>(p.w, p.stride_w);
  const int64_t phases = static_cast<int64_t>(p.stride_h) * p.stride_w;
  const int64_t terms = ceil_div<int64_t>(p.r, p.stride_h) * ceil_div<int64_t>(p.s, p.stride_w) * (p.k / p.groups);
  convolve_data_gradient(stream, p, dy, w.data, dx, epilogue, choose_plan(positions, p.c / p.groups, terms, phases * p.groups));
}

void weight_gradient(Stream stream, const Conv2d& p, const void* x, const void* dy, void* dw, void* workspace) {
  const TileName tile = weight_gradient_tile(p);
  convolve_weight_gradient(stream, p, x, dy, dw, workspace, tile, weight_gradient_splits(p, tile));
}

size_t weight_gradient_workspace(const Conv2d& p) {
  const int splits = weight_gradient_splits(p, weight_gradient_tile(p));
  return splits > 1 ? sizeof(float) * splits * p.k * p.r * p.s * (p.c / p.groups) : 0;
}

}  // namespace

const Conv2dKernels conv2d_kernels = {forward, data_gradient, weight_gradient, weight_gradient_workspace};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
