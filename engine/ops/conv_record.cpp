#include "engine/ops/conv_record.h"

namespace ganymede {
namespace {
thread_local ConvolutionRecord* record = nullptr;
}

ConvolutionRecord::ConvolutionRecord() : outer_(record) { record = this; }
ConvolutionRecord::~ConvolutionRecord() { record = outer_; }

void ConvolutionRecord::note(kernels::Conv2dRole role, const kernels::Conv2d& problem) {
  if (record) record->all_.push_back({role, problem});
}

}  // namespace ganymede
