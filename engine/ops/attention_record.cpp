#include "engine/ops/attention_record.h"

namespace ganymede {
namespace {
thread_local AttentionRecord* record = nullptr;
}

AttentionRecord::AttentionRecord() : outer_(record) { record = this; }
AttentionRecord::~AttentionRecord() { record = outer_; }

void AttentionRecord::note(kernels::AttentionRole role, const kernels::Attention& problem) {
  if (record) record->all_.push_back({role, problem});
}

}  // namespace ganymede
