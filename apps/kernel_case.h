// One call of one kernel, for any device: what `ganymede kernels run` runs, checks, times and traces.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/device.h"
#include "kernels/api/conv2d_rows.h"
#include "kernels/api/variants.h"

namespace ganymede::apps {

// How an operand is stored: as the dtype asked for, as f32 (f64 in the reference), or as raw bytes.
enum class Store { data, wide, raw };

struct KernelOperand {
  std::string name;
  std::vector<int64_t> shape;
  bool output = false;
  Store store = Store::data;
  std::vector<double> values = {};        // at the start; empty: poisoned
  std::vector<unsigned char> bytes = {};  // of raw ones
  int64_t count() const;
};

struct KernelCase {
  std::string text;   // the problem in words
  std::vector<KernelOperand> operands;
  double multiply_adds;
  bool tensor_cores;  // has a tf32 way
  bool bf16;          // offered in bf16
  double bound_f32;   // relative L2 error against f64; bf16 and tf32 have the bounds of docs/design.md
  bool gradient = false;
  // pointers: one an operand, then the workspace.
  std::function<void(const kernels::Kernels&, DType, Math, const std::vector<void*>& pointers)> call = {};
  std::function<size_t(const kernels::Kernels&, DType, Math)> workspace = {};
};

struct KernelShape {
  std::string text;   // a row's name or numbers; empty: the operation's standard
  int batch = 0;      // replaces N where it is above 0
  int scale = 1;      // divides height and width
};

struct KernelOperation {
  const char *name, *shape, *standard;   // "conv2d.forward", what the numbers of a shape mean, the shape taken without --shape
  KernelCase (*make)(const KernelOperation&, const KernelShape&);
};
const std::vector<KernelOperation>& kernel_operations();
// Throws UsageError naming what there is.
const KernelOperation& kernel_operation(const std::string& name);

// So many numbers with commas between, each from 0 (pads) or 1 up; UsageError says what they mean.
std::vector<int> parse_shape(const KernelOperation& operation, const std::string& text);
// Normal numbers that bf16 holds exactly, so that every dtype starts from the same ones.
std::vector<double> normal_values(int64_t count, int seed);
KernelOperand input(const std::string& name, std::vector<int64_t> shape, int seed, Store store = Store::data);
KernelOperand output(const std::string& name, std::vector<int64_t> shape, Store store = Store::data);

// kernel_convolution.cpp
KernelCase convolution_case(const KernelOperation&, const KernelShape&);
KernelCase convolution_case(const kernels::Conv2d& problem, kernels::Conv2dRole role);
// What the operation's direction of the shape is in terms of a convolution.
struct ConvolutionShape {
  kernels::Conv2d problem;
  kernels::Conv2dRole role;
};
ConvolutionShape convolution_shape(const KernelOperation&, const KernelShape&);

KernelCase attention_case(const kernels::Attention& problem, kernels::AttentionRole role);
// Of one whose statistics belong to channels.
KernelCase norm_case(const kernels::Norm& problem, kernels::NormRole role);

}  // namespace ganymede::apps
