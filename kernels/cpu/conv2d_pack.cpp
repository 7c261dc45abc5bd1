#include "kernels/cpu/conv2d_pack.h"

#include <cstdint>
#include <map>

#include "kernels/cpu/conv2d.h"

namespace ganymede::kernels::cpu {
namespace {

struct Copy {
  dnnl::memory memory;
  const uint64_t* version;
  uint64_t packed_at;  // the version's value when memory was written
};

using Copies = std::multimap<uintptr_t, Copy>;  // by address, so that a released range is one range here

Copies& copies() {
  static Copies all;
  return all;
}

}  // namespace

const dnnl::memory& packed_weight(const Weight& weight, const dnnl::memory::desc& packed, OnednnCall& reorder) {
  const auto refresh = [&](const dnnl::memory& to) {
    reorder.bind(DNNL_ARG_FROM, weight.data);
    reorder.use(DNNL_ARG_TO, to);
    reorder.run();
  };
  if (!weight.version) {
    static dnnl::memory temporary;
    temporary = dnnl::memory(packed, onednn_engine(), onednn_scratch(Scratch::weights, packed.get_size()));
    refresh(temporary);
    return temporary;
  }
  const auto address = reinterpret_cast<uintptr_t>(weight.data);
  const auto [begin, end] = copies().equal_range(address);
  auto found = begin;
  while (found != end && found->second.memory.get_desc() != packed) ++found;
  if (found == end) {
    dnnl::memory memory(packed, onednn_engine());
    found = copies().insert({address, {memory, nullptr, 0}});
  }
  Copy& copy = found->second;
  if (copy.version != weight.version || copy.packed_at != *weight.version) {
    copy.version = nullptr;  // stays so if the reorder fails
    refresh(copy.memory);
    copy.version = weight.version;
    copy.packed_at = *weight.version;
  }
  return copy.memory;
}

void forget_packed_weights(const void* begin, size_t bytes) {
  auto lock = lock_onednn();
  const auto first = reinterpret_cast<uintptr_t>(begin);
  copies().erase(copies().lower_bound(first), copies().lower_bound(first + bytes));
}

}  // namespace ganymede::kernels::cpu
