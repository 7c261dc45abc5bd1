#include "kernels/cpu/conv2d_pack.h"

#include <map>

#include "kernels/cpu/conv2d.h"
#include "kernels/cpu/memory.h"

namespace ganymede::kernels::cpu {
namespace {

// A copy that is asked for once a version, as in most updates, lies in scratch memory; one that is asked for again stays.
struct Copy {
  WeightForm form;
  dnnl::memory::desc desc;
  Memory data;          // null: not kept
  dnnl::memory memory;  // of data
  const uint64_t* version;
  uint64_t packed_at;  // the version's value at the last request
  bool used_again;     // at that version
};

using Copies = std::multimap<uintptr_t, Copy>;  // by address, so that a released range is one range here

Copies& copies() {
  static Copies all;
  return all;
}

Copy& copy_of(const Weight& weight, WeightForm form, const dnnl::memory::desc& packed) {
  const auto address = reinterpret_cast<uintptr_t>(weight.data);
  auto [found, end] = copies().equal_range(address);
  while (found != end && (found->second.form != form || found->second.desc != packed)) ++found;
  if (found == end) found = copies().emplace(address, Copy{form, packed, nullptr, {}, nullptr, 0, false});
  return found->second;
}

template <class Pack>
const dnnl::memory& packed_for_one_call(const dnnl::memory::desc& packed, Pack pack) {
  static dnnl::memory temporary;
  temporary = dnnl::memory(packed, onednn_engine(), onednn_scratch(Scratch::weights, packed.get_size()));
  pack(temporary);
  return temporary;
}

template <class Pack>
const dnnl::memory& up_to_date(const Weight& weight, WeightForm form, const dnnl::memory::desc& packed,
                               Pack pack) {
  if (!weight.version) return packed_for_one_call(packed, pack);
  Copy& copy = copy_of(weight, form, packed);
  const bool again = copy.version == weight.version && copy.packed_at == *weight.version;
  if (again && copy.data) {
    copy.used_again = true;
    return copy.memory;
  }
  if (!again && !copy.used_again) copy.data.reset();
  copy.version = nullptr;  // stays so if packing fails
  if (again && !copy.data) {
    copy.data.reset(allocate_memory(packed.get_size()));
    copy.memory = dnnl::memory(packed, onednn_engine(), copy.data.get());
  }
  if (copy.data) pack(copy.memory);
  const dnnl::memory& result = copy.data ? copy.memory : packed_for_one_call(packed, pack);
  copy.version = weight.version;
  copy.packed_at = *weight.version;
  copy.used_again = again;
  return result;
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
