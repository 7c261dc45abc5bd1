// Weights in the layouts that oneDNN's kernels want, kept from call to call until the weight's version moves.
#pragma once
#include "kernels/cpu/onednn.h"

namespace ganymede::kernels::cpu {

// The packed form of a weight: a copy kept under (pointer, layout) and refreshed by reorder when the version has moved, or,
// for data without a version, packed afresh into scratch memory.
const dnnl::memory& packed_weight(const Weight& weight, const dnnl::memory::desc& packed, OnednnCall& reorder);

}  // namespace ganymede::kernels::cpu
