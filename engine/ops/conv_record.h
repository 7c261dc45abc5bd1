// Which convolutions a piece of a program asks for.
#pragma once
#include <vector>

#include "kernels/api/variants.h"

namespace ganymede {

struct UsedConvolution {
  kernels::Conv2dRole role;
  kernels::Conv2d problem;
};

// While one lives, the convolutions of its thread are noted in order, repeated ones too; also on plan, which computes none.
class ConvolutionRecord {
 public:
  ConvolutionRecord();
  ~ConvolutionRecord();
  ConvolutionRecord(const ConvolutionRecord&) = delete;
  const std::vector<UsedConvolution>& all() const { return all_; }
  // For the ops.
  static void note(kernels::Conv2dRole role, const kernels::Conv2d& problem);

 private:
  std::vector<UsedConvolution> all_;
  ConvolutionRecord* outer_;
};

}  // namespace ganymede
