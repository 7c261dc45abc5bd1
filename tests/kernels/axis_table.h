// An axis map as the kernels of the cpu take it.
#pragma once
#include <vector>

#include "kernels/api/axis_map.h"
#include "kernels/api/resample.h"

namespace ganymede::kernels {

template <typename C>
struct AxisTable {
  AxisMap map;
  std::vector<C> weight;

  explicit AxisTable(AxisMap m) : map(std::move(m)), weight(map.weight.begin(), map.weight.end()) {}
  Axis axis() const { return {map.in, map.out, map.start.data(), map.index.data(), weight.data()}; }
};

// The map as a full matrix [out, in].
inline std::vector<double> dense(const AxisMap& map) {
  std::vector<double> matrix(static_cast<size_t>(map.in) * map.out, 0.0);
  for (int o = 0; o < map.out; ++o) {
    for (int32_t k = map.start[o]; k < map.start[o + 1]; ++k)
      matrix[static_cast<size_t>(o) * map.in + map.index[k]] += map.weight[k];
  }
  return matrix;
}

}  // namespace ganymede::kernels
