// Ops of shapes and options drawn at random.
#pragma once
#include <vector>

#include "engine/device.h"
#include "engine/ops.h"
#include "tests/support/draw.h"
#include "tests/support/op_case.h"

namespace ganymede::test {

class Drawing : public Draw {
 public:
  using Draw::Draw;
  int64_t size() { return of<int64_t>({1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17}); }
  int64_t channels() { return of<int64_t>({1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 24, 32, 40}); }
  Shape shape(int least_rank, int most_rank, int64_t most_numbers);
  Shape picture(int64_t most_numbers = 6000);
  // That ops take along.
  Activation activation();
  Device device();
};

// One that bends at 0: what it is of must not be next to it.
bool bends(const Activation& f);

OpCase of_one(const std::string& name, const Shape& x, std::function<Tensor(const Tensor&)> f, Kind kind = Kind::summing);

// So that sums of so many products stay where activations bend; a power of two, which bf16 holds.
double about_one(int64_t terms);

using RandomKind = OpCase (*)(Drawing&);
std::vector<RandomKind> random_tensor_kinds();
std::vector<RandomKind> random_picture_kinds();

}  // namespace ganymede::test
