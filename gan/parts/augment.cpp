#include "gan/parts/augment.h"

#include <cmath>
#include <numbers>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

constexpr double kPi = std::numbers::pi;

// Draws for n samples: each change happens with its probability, else it is the one that changes nothing.
struct Chance {
  int64_t n;
  Tensor p;   // [1]
  Tensor either(const Tensor& value, double otherwise, const Tensor& probability) const {
    const Tensor happens = greater(broadcast_to(probability, {n}), uniform({n}));
    return otherwise == 0 ? mul(value, happens) : mul(value - otherwise, happens) + otherwise;
  }
  Tensor either(const Tensor& value, double otherwise) const { return either(value, otherwise, p); }
  Tensor whole(int64_t bound) const { return cast(random_integers({n}, bound), context().dtype); }
  Tensor power_of_two(double deviation) const { return either(exp(randn({n}, 0, deviation * std::numbers::ln2)), 1); }
};

// [N, rows, rows] from entries [N], row by row.
Tensor matrices(const Tensors& entries, int64_t rows) {
  Tensors columns;
  for (const Tensor& e : entries) columns.push_back(reshape(e, Shape{e.dim(0), 1}));
  return reshape(concat(columns, 1), Shape{entries[0].dim(0), rows, rows});
}

// From places in the result to places in the picture, both in [-1, 1]: the inverse of what happens to the picture.
struct Places {
  Tensor zero, one, map;   // [N], [N], [N, 3, 3]
  explicit Places(int64_t n) : zero(zeros({n})), one(ones({n})), map(matrices({one, zero, zero, zero, one, zero, zero, zero, one}, 3)) {}
  void then(const Tensors& entries) { map = matmul(map, matrices(entries, 3)); }
  void scale_by(const Tensor& x, const Tensor& y) { then({reciprocal(x), zero, zero, zero, reciprocal(y), zero, zero, zero, one}); }
  void turn(const Tensor& angle) {
    const Tensor c = cos(angle), s = sin(angle);
    then({c, s, zero, -s, c, zero, zero, zero, one});
  }
  void move(const Tensor& x, const Tensor& y) { then({one, zero, -x, zero, one, -y, zero, zero, one}); }
};

Tensor places(const Chance& chance, double side) {
  const int64_t n = chance.n;
  Places m(n);
  m.scale_by(1 - 2 * chance.either(chance.whole(2), 0), m.one);
  m.turn(chance.either(chance.whole(4), 0) * (kPi / 2));
  const auto pixels = [&] { return chance.whole(2 * int64_t(side / 8) + 1) - double(int64_t(side / 8)); };
  const Tensor moves = chance.either(m.one, 0);
  const Tensor right = pixels(), down = pixels();   // one after the other: the order of a call's arguments is the compiler's
  m.move(mul(right, moves) * (2 / side), mul(down, moves) * (2 / side));
  const Tensor size = chance.power_of_two(0.2);
  m.scale_by(size, size);
  // Twice, before and after the stretching: together with probability p.
  const Tensor once = 1 - sqrt(1 - chance.p);
  m.turn(chance.either(uniform({n}, -kPi, kPi), 0, once));
  const Tensor stretch = chance.power_of_two(0.2);
  m.scale_by(stretch, reciprocal(stretch));
  m.turn(chance.either(uniform({n}, -kPi, kPi), 0, once));
  const Tensor drifts = chance.either(m.one, 0);
  const Tensor x = randn({n}, 0, 0.25), y = randn({n}, 0, 0.25);
  m.move(mul(x, drifts), mul(y, drifts));
  return slice(m.map, 1, 0, 2);
}

// Red, green, blue and 1 to new ones: [N, 4, 4].
Tensor colours(const Chance& chance, bool coloured) {
  const int64_t n = chance.n;
  const Tensor zero = zeros({n}), one = ones({n});
  const auto scaled = [&](const Tensor& s, const Tensor& b) { return matrices({s, zero, zero, b, zero, s, zero, b, zero, zero, s, b, zero, zero, zero, one}, 4); };
  // along + across: parts along and across the axis of grey; turned: across it by a quarter.
  const auto about_grey = [&](const Tensor& along, const Tensor& across, const Tensor& turned) {
    const Tensor same = (along + 2 * across) / 3, other = (along - across) / 3, t = turned / std::sqrt(3.0);
    const Tensor next = other - t, last = other + t;
    return matrices({same, next, last, zero, last, same, next, zero, next, last, same, zero, zero, zero, zero, one}, 4);
  };
  Tensor map = scaled(one, chance.either(randn({n}, 0, 0.2), 0));
  map = matmul(scaled(chance.power_of_two(0.5), zero), map);
  map = matmul(about_grey(1 - 2 * chance.either(chance.whole(2), 0), one, zero), map);
  if (!coloured) return map;
  const Tensor hue = chance.either(uniform({n}, -kPi, kPi), 0);
  map = matmul(about_grey(one, cos(hue), sin(hue)), map);
  return matmul(about_grey(one, chance.power_of_two(1), zero), map);
}

}  // namespace

Tensor augment(const Tensor& x, const Tensor& p) {
  require(x.rank() == 4 && x.dim(1) == x.dim(2) && (x.dim(3) == 1 || x.dim(3) == 3), "augmentation of ", x.shape(), ": it takes square pictures of 1 or 3 channels");
  const int64_t n = x.dim(0), side = x.dim(1), channels = x.dim(3);
  const Chance chance{n, p};
  const Tensor grid = affine_grid(places(chance, double(side)), side, side), map = colours(chance, channels == 3);
  const Tensor placed = grid_sample(x, grid, {.border = SampleBorder::reflect});
  if (channels == 1) {   // a grey picture's colours, and grey again
    const Tensor rows = slice(map, 1, 0, 3), factor = mean(sum(slice(rows, 2, 0, 3), {2}), {1}), offset = mean(slice(rows, 2, 3, 4), {1, 2});
    return mul(placed, reshape(factor, Shape{n, 1, 1, 1})) + reshape(offset, Shape{n, 1, 1, 1});
  }
  const Tensor rows = slice(map, 1, 0, 3);
  const Tensor mixed = matmul(reshape(placed, Shape{n, side * side, 3}), slice(rows, 2, 0, 3), false, true);
  return reshape(mixed, x.shape()) + reshape(slice(rows, 2, 3, 4), Shape{n, 1, 1, 3});
}

}  // namespace ganymede
