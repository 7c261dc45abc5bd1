// Weights in the layouts that the fast kernels want, kept from call to call until the weight's version moves.
#pragma once
#include <cstdint>
#include <functional>

#include "kernels/cpu/onednn.h"

namespace ganymede::kernels::cpu {

enum class WeightForm : int { onednn, winograd, winograd_transposed };

// The packed form of a weight, valid until the next call: a copy kept under (pointer, form, layout) from the second request at
// one version on, refreshed when the version has moved and given up when nobody asked again; else, and for data without a version, scratch
// memory, packed afresh.
const dnnl::memory& packed_weight(const Weight& weight, const dnnl::memory::desc& packed,
                                  OnednnCall& reorder);
const float* packed_weight(const Weight& weight, WeightForm form, int64_t numbers,
                           const std::function<void(float*)>& pack);

}  // namespace ganymede::kernels::cpu
