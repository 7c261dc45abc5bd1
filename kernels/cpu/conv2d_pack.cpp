#include "kernels/cpu/conv2d_pack.h"

#include <map>

#include "kernels/cpu/conv2d.h"
#include "kernels/cpu/memory.h"

namespace ganymede::kernels::cpu {
namespace {

struct Copy {
  WeightForm form;
  Memory data;
  dnnl::memory memory;  // of data
  const uint64_t* version;
  uint64_t packed_at;  // the version's value when memory was written
};

using Copies = std::multimap<uintptr_t, Copy>;  // by address, so that a released range is one range here

Copies& copies() {
  static Copies all;
  return all;
}

template <class Pack>
const dnnl::memory& up_to_date(const Weight& weight, WeightForm form, const dnnl::memory::desc& packed,
                               Pack pack) {
  if (!weight.version) {
    static dnnl::memory temporary;
    temporary = dnnl::memory(packed, onednn_engine(), onednn_scratch(Scratch::weights, packed.get_size()));
    pack(temporary);
    return temporary;
  }
  const auto address = reinterpret_cast<uintptr_t>(weight.data);
  auto [found, end] = copies().equal_range(address);
  while (found != end && (found->second.form != form || found->second.memory.get_desc() != packed)) ++found;
  if (found == end) {
    Memory data(allocate_memory(packed.get_size()));
    dnnl::memory memory(packed, onednn_engine(), data.get());
    found = copies().emplace(address, Copy{form, std::move(data), std::move(memory), nullptr, 0});
  }
  Copy& copy = found->second;
  if (copy.version != weight.version || copy.packed_at != *weight.version) {
    copy.version = nullptr;  // stays so if packing fails
    pack(copy.memory);
    copy.version = weight.version;
    copy.packed_at = *weight.version;
  }
  return copy.memory;
}

}  // namespace

const dnnl::memory& packed_weight(const Weight& weight, const dnnl::memory::desc& packed,
                                  OnednnCall& reorder) {
  return up_to_date(weight, WeightForm::onednn, packed, [&](const dnnl::memory& to) {
    reorder.bind(DNNL_ARG_FROM, weight.data);
    reorder.use(DNNL_ARG_TO, to);
    reorder.run();
  });
}

const float* packed_weight(const Weight& weight, WeightForm form, int64_t numbers,
                           const std::function<void(float*)>& pack) {
  const dnnl::memory::desc line({numbers}, dnnl::memory::data_type::f32, dnnl::memory::format_tag::a);
  const dnnl::memory& memory = up_to_date(
      weight, form, line, [&](const dnnl::memory& to) { pack(static_cast<float*>(to.get_data_handle())); });
  return static_cast<const float*>(memory.get_data_handle());
}

void forget_packed_weights(const void* begin, size_t bytes) {
  auto lock = lock_onednn();
  const auto first = reinterpret_cast<uintptr_t>(begin);
  copies().erase(copies().lower_bound(first), copies().lower_bound(first + bytes));
}

}  // namespace ganymede::kernels::cpu
