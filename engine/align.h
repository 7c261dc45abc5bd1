// Where several tensors share one storage, each begins where vector loads may.
#pragma once
#include <cstdint>

namespace ganymede {

constexpr int64_t kAlignedElements = 64;
// The elements that a tensor of so many takes up there.
inline int64_t padded(int64_t count) { return (count + kAlignedElements - 1) / kAlignedElements * kAlignedElements; }

}  // namespace ganymede
