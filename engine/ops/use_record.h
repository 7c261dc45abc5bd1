// Which convolutions, attentions and norms a piece of a program asks for.
#pragma once
#include <vector>

#include "kernels/api/variants.h"

namespace ganymede {

template <class Role, class Problem>
struct Used {
  Role role;
  Problem problem;
};
using UsedConvolution = Used<kernels::Conv2dRole, kernels::Conv2d>;
using UsedAttention = Used<kernels::AttentionRole, kernels::Attention>;
using UsedNorm = Used<kernels::NormRole, kernels::Norm>;

// While one lives, the uses of its thread are noted in order, repeated ones too; also on plan, which computes none.
template <class Use>
class UseRecord {
 public:
  UseRecord() : outer_(current_) { current_ = this; }
  ~UseRecord() { current_ = outer_; }
  UseRecord(const UseRecord&) = delete;
  const std::vector<Use>& all() const { return all_; }
  // For the ops.
  static void note(const Use& use) {
    if (current_) current_->all_.push_back(use);
  }

 private:
  std::vector<Use> all_;
  UseRecord* outer_;
  static inline thread_local UseRecord* current_ = nullptr;
};
using ConvolutionRecord = UseRecord<UsedConvolution>;
using AttentionRecord = UseRecord<UsedAttention>;
using NormRecord = UseRecord<UsedNorm>;

}  // namespace ganymede
