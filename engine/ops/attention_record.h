// Which attentions a piece of a program asks for, as conv_record.h has it of convolutions.
#pragma once
#include <vector>

#include "kernels/api/variants.h"

namespace ganymede {

struct UsedAttention {
  kernels::AttentionRole role;
  kernels::Attention problem;
};

class AttentionRecord {
 public:
  AttentionRecord();
  ~AttentionRecord();
  AttentionRecord(const AttentionRecord&) = delete;
  const std::vector<UsedAttention>& all() const { return all_; }
  // For the op.
  static void note(kernels::AttentionRole role, const kernels::Attention& problem);

 private:
  std::vector<UsedAttention> all_;
  AttentionRecord* outer_;
};

}  // namespace ganymede
