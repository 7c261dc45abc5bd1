// Ops of tensors of any rank.
#include "tests/engine/random_cases.h"

#include <cmath>

namespace ganymede::test {

Shape Drawing::shape(int least_rank, int most_rank, int64_t most_numbers) {
  while (true) {
    std::vector<int64_t> sizes;
    int64_t numbers = 1;
    for (int64_t rank = between(least_rank, most_rank); rank > 0; --rank) numbers *= sizes.emplace_back(one_in(8) ? between(18, 300) : size());
    if (numbers <= most_numbers) return Shape(sizes);
  }
}

Shape Drawing::picture(int64_t most_numbers) {
  while (true) {
    const Shape x{between(1, 3), size(), size(), channels()};
    if (x.count() <= most_numbers) return x;
  }
}

Activation Drawing::activation() {
  return of<Activation>({{}, {}, {Unary::tanh}, {Unary::sigmoid}, {Unary::gelu}, {Unary::softplus}, {Unary::relu}, {Unary::relu}, {Unary::leaky_relu, 0.2}, {Unary::leaky_relu, 0.01}});
}

Device Drawing::device() { return one_in(2) ? Device{} : Device{device_count(DeviceType::cuda) > 0 ? DeviceType::cuda : DeviceType::sim, 0}; }

bool bends(const Activation& f) { return f.op == Unary::relu || f.op == Unary::leaky_relu; }

OpCase of_one(const std::string& name, const Shape& x, std::function<Tensor(const Tensor&)> f, Kind kind) {
  return {name, kind, {x}, [f = std::move(f)](const Tensors& in) { return Tensors{f(in[0])}; }};
}

double about_one(int64_t terms) { return std::exp2(-std::round(std::log2(double(terms)) / 2)); }

namespace {

std::vector<int> some_axes(Drawing& draw, int rank) {
  std::vector<int> axes;
  for (int axis = 0; axis < rank; ++axis)
    if (draw.one_in(2)) axes.push_back(axis);
  return axes;  // none: all
}

OpCase function(Drawing& draw) {
  const Shape x = draw.shape(1, 4, 6000);
  OpCase c{"unary", Kind::element_wise, {x}, {}};
  double alpha = 0, beta = 0;
  const Unary op = draw.of({Unary::neg, Unary::exp, Unary::sin, Unary::cos, Unary::square, Unary::gelu, Unary::silu, Unary::softplus, Unary::sigmoid, Unary::tanh, Unary::scale, Unary::log, Unary::sqrt,
                            Unary::rsqrt, Unary::reciprocal, Unary::power, Unary::abs, Unary::relu, Unary::leaky_relu, Unary::elu, Unary::selu, Unary::clamp});
  switch (op) {
    case Unary::log: case Unary::sqrt: case Unary::rsqrt: case Unary::reciprocal: c.low = 0.3, c.high = 3; break;
    case Unary::power: c.low = 0.3, c.high = 3, alpha = draw.of({-1.5, 0.5, 1.0, 2.0, 3.0, 2.5}); break;
    case Unary::scale: alpha = draw.of({-1.5, 0.0, 0.25}), beta = draw.of({0.0, 0.75}); break;
    case Unary::leaky_relu: case Unary::elu: alpha = draw.of({0.01, 0.2, 1.0}), c.piecewise = true; break;
    case Unary::clamp: alpha = draw.of({-1.0, 0.0}), beta = 1, c.piecewise = true; break;
    case Unary::abs: case Unary::relu: case Unary::selu: c.piecewise = true; break;
    default: break;
  }
  c.name += std::to_string(int(op));
  c.f = [=](const Tensors& in) { return Tensors{unary(op, in[0], alpha, beta)}; };
  return c;
}

// Two tensors, either of which is broadcast.
OpCase elementwise(Drawing& draw) {
  const Shape full = draw.shape(1, 4, 6000);
  std::vector<int64_t> a, b;
  const int64_t missing = draw.between(0, full.rank() - 1);
  for (int64_t i = 0; i < full.rank(); ++i) {
    const int64_t ones = draw.between(0, 5);
    a.push_back(ones == 0 ? 1 : full[i]);
    if (i >= missing) b.push_back(ones == 1 ? 1 : full[i]);
  }
  using Two = Tensor (*)(const Tensor&, const Tensor&);
  const auto f = draw.of<Two>({add, sub, mul, div, pow, maximum, minimum});
  OpCase c{"broadcast", Kind::summing, {Shape(a), Shape(b)}, [f](const Tensors& in) { return Tensors{f(in[0], in[1])}; }, 0.4, 2, false, 2};
  if (f == Two(maximum) || f == Two(minimum)) c.signs = [](const Tensors& in) { return Tensors{in[0] - in[1]}; };
  return c;
}

// What is fused of a few element-wise ones.
OpCase pointwise(Drawing& draw) {
  const Shape x = draw.shape(2, 4, 6000), last{x.dim(-1)};
  const Activation f = draw.activation();
  OpCase c;
  switch (draw.between(0, 3)) {
    case 0:
      c = {"bias_activation", Kind::summing, {x, last}, [=](const Tensors& in) { return Tensors{bias_activation(in[0], in[1], f)}; }};
      if (bends(f)) c.signs = [](const Tensors& in) { return Tensors{in[0] + in[1]}; };
      return c;
    case 1:
      c = {"add_then_activate", Kind::summing, {x, x}, [=](const Tensors& in) { return Tensors{add_then_activate(in[0], in[1], f)}; }, -2, 2, false, 2};
      if (bends(f)) c.signs = [](const Tensors& in) { return Tensors{in[0] + in[1]}; };
      return c;
    case 2:
      c = {"prelu", Kind::summing, {x, draw.one_in(2) ? last : Shape{1}}, [](const Tensors& in) { return Tensors{prelu(in[0], in[1])}; }, -2, 2, true};
      return c;
    default: {
      std::vector<int64_t> rows(size_t(x.rank()), 1);
      rows[0] = x[0];
      return {"mix", Kind::summing, {x, x, Shape(rows)}, [](const Tensors& in) { return Tensors{mix(in[0], in[1], in[2])}; }, -2, 2, false, 2};
    }
  }
}

OpCase loss(Drawing& draw) {
  const Shape x = draw.shape(1, 4, 8000);
  const bool of_two = draw.one_in(2);
  const LossForm form{draw.of({Unary::identity, Unary::abs, Unary::square, Unary::relu, Unary::softplus, Unary::sigmoid}), draw.of({1.0, -1.0, 0.5}), draw.of({0.0, 0.75, -1.0}), draw.of({1.0, 0.125})};
  OpCase c{"loss_sum", Kind::summing, of_two ? std::vector<Shape>{x, x} : std::vector<Shape>{x}, [=](const Tensors& in) { return Tensors{loss_sum(form, in[0], of_two ? in[1] : Tensor{})}; },
           // Not around 0, where sums cancel.
           -1, 3, false, of_two && draw.one_in(2) ? 2 : 1};
  if (form.f == Unary::abs || form.f == Unary::relu) c.signs = [=](const Tensors& in) { return Tensors{scale(in[0], form.sign, form.shift) - (of_two ? in[1] : zeros_like(in[0]))}; };
  return c;
}

OpCase reduction(Drawing& draw) {
  const Shape x = draw.shape(1, 4, 8000);
  const Axes axes = some_axes(draw, int(x.rank()));
  const bool keep = draw.one_in(2);
  switch (draw.between(0, 5)) {
    case 0: return of_one("mean", x, [=](const Tensor& t) { return mean(square(t), axes, keep); });
    case 1: return of_one("max", x, [=](const Tensor& t) { return max(t, axes, keep); });
    case 2: return of_one("min", x, [=](const Tensor& t) { return min(t, axes, keep); });
    case 3: return of_one("logsumexp", x, [=](const Tensor& t) { return logsumexp(t, axes, keep); });
    case 4: return of_one("norm", x, [=](const Tensor& t) { return norm(t, axes, keep, 1e-3); });
    default: return of_one("sum", x, [=](const Tensor& t) { return sum(square(t), axes, keep); });
  }
}

OpCase rearrangement(Drawing& draw) {
  const Shape x = draw.shape(1, 4, 8000);
  const int rank = int(x.rank()), axis = int(draw.between(0, rank - 1));
  switch (draw.between(0, 8)) {
    case 0: {
      std::vector<int> axes;
      for (int i = 0; i < rank; ++i) axes.insert(axes.begin() + draw.between(0, i), i);
      return of_one("permute", x, [=](const Tensor& t) { return permute(t, axes); });
    }
    case 1: {
      const int64_t begin = draw.between(0, x[axis] - 1), end = draw.between(begin + 1, x[axis]);
      return of_one("slice", x, [=](const Tensor& t) { return slice(t, axis, begin, end); });
    }
    case 2: return of_one("flip", x, [=](const Tensor& t) { return flip(t, axis); });
    case 3: {
      const int64_t by = draw.between(-20, 20);
      return of_one("roll", x, [=](const Tensor& t) { return roll(t, by, axis); });
    }
    case 4: {
      std::vector<int64_t> before, after;
      for (int i = 0; i < rank; ++i) before.push_back(draw.between(0, 3)), after.push_back(draw.between(0, 3));
      return of_one("pad_zero", x, [=](const Tensor& t) { return pad_zero(t, before, after); });
    }
    case 5: return {"stack", Kind::summing, {x, x}, [](const Tensors& in) { return Tensors{stack(in)}; }, -2, 2, false, 2};
    case 6: {
      std::vector<int64_t> wide{draw.between(1, 3)};
      for (int i = 0; i < rank; ++i) wide.push_back(x[i] == 1 ? draw.between(1, 3) : x[i]);
      return of_one("broadcast_to", x, [=](const Tensor& t) { return broadcast_to(t, Shape(wide)); });
    }
    case 7: {
      Shape whole = x;
      const int64_t parts = draw.between(1, 4);
      whole[0] *= parts;
      return {"split", Kind::summing, {whole}, [=](const Tensors& in) {
                Tensors each = split(in[0], parts);
                for (Tensor& t : each) t = square(t);
                return each;
              }};
    }
    default: {
      Shape other = x;
      other[axis] = draw.size();
      return {"concat", Kind::summing, {x, other}, [=](const Tensors& in) { return Tensors{concat(in, axis)}; }, -2, 2, false, 2};
    }
  }
}

OpCase product(Drawing& draw) {
  const auto length = [&] { return draw.of<int64_t>({1, 2, 3, 5, 8, 13, 16, 17, 24, 32, 33, 64, 65, 96, 130}); };
  const int64_t m = length(), n = length(), k = length(), batch = draw.between(1, 3);
  if (draw.one_in(3)) {
    const Activation f = draw.activation();
    const auto linear_with = [k](const Tensors& in, const Activation& with) { return Tensors{linear(in[0], scale(in[1], about_one(k)), in[2], with)}; };
    OpCase c{"linear", Kind::product, {{m, k}, {n, k}, {n}}, [=](const Tensors& in) { return linear_with(in, f); }};
    if (bends(f)) c.signs = [=](const Tensors& in) { return linear_with(in, {}); };
    return c;
  }
  const bool ta = draw.one_in(2), tb = draw.one_in(2), batch_a = draw.one_in(2), batch_b = draw.one_in(2);
  const auto matrix = [&](bool batched, int64_t rows, int64_t columns) { return batched ? Shape{batch, rows, columns} : Shape{rows, columns}; };
  return {"matmul", Kind::product, {matrix(batch_a, ta ? k : m, ta ? m : k), matrix(batch_b, tb ? n : k, tb ? k : n)},
          [=](const Tensors& in) { return Tensors{matmul(in[0], in[1], ta, tb)}; }};
}

OpCase of_sequences(Drawing& draw) {
  if (draw.one_in(3)) {
    Shape x = draw.shape(1, 4, 6000);
    const int axis = int(draw.between(0, x.rank() - 1));
    x[axis] += 2;  // of two alone the second derivative is next to nothing where they are alike
    const bool log = draw.one_in(2);
    return of_one("softmax", x, [=](const Tensor& t) { return log ? log_softmax(t, axis) : softmax(t, axis); });
  }
  const auto length = [&] { return draw.of<int64_t>({1, 2, 3, 5, 8, 16, 17, 31, 33, 64, 65}); };
  const int64_t n = draw.between(1, 3), queries = length(), keys = length(), depth = draw.of<int64_t>({1, 3, 8, 16, 17, 32, 64}), width = draw.of<int64_t>({5, 4, 8, 24, 33, 64});
  return {"attention", Kind::product, {{n, queries, depth}, {n, keys, depth}, {n, keys, width}},
          [=](const Tensors& in) { return Tensors{attention(in[0], in[1], in[2], 1 / std::sqrt(double(depth)))}; }, -1, 1, false, 3};
}

OpCase rows(Drawing& draw) {
  const Shape table = draw.shape(1, 3, 6000);
  std::vector<int64_t> index;
  for (int64_t count = draw.of<int64_t>({1, 2, 3, 7, 16, 33, 130}); count > 0; --count) index.push_back(draw.between(0, table[0] - 1));
  return of_one("gather_rows", table, [=](const Tensor& t) { return gather_rows(t, tensor(index, {std::ssize(index)}, t.device())); });
}

// Of several weights in one call, by vectors of length 1 that are not the singular ones: the derivative holds for any.
OpCase spectral(Drawing& draw) {
  struct Weight { Shape shape; bool transposed; int64_t rows; };
  std::vector<Weight> weights;
  std::vector<Shape> shapes;
  for (int64_t count = draw.between(1, 3); count > 0; --count) {
    const bool transposed = draw.one_in(2);
    const Shape w = draw.shape(2, 4, 4000);
    weights.push_back({w, transposed, transposed ? w.dim(-1) : w[0]});
    shapes.push_back(w);
  }
  const auto unit = [](int64_t n, uint64_t seed) {
    auto v = random_tensor({n}, seed, 0.2, 1).to_doubles();
    double squares = 0;
    for (const double e : v) squares += e * e;
    for (double& e : v) e /= std::sqrt(squares);
    return v;
  };
  // Weights of one sign: sigma is not near 0.
  return {"spectral_normalise", Kind::summing, shapes, [=](const Tensors& in) {
            std::vector<SpectralWeight> all;
            for (size_t i = 0; i < in.size(); ++i) {
              const int64_t rows = weights[i].rows, columns = weights[i].shape.count() / rows;
              const auto placed = [&](int64_t n, uint64_t seed) { return tensor(unit(n, seed), {n}, in[i].dtype(), in[i].device()); };
              all.push_back({in[i], weights[i].transposed, placed(rows, 5 + i), placed(columns, 50 + i)});
            }
            return spectral_normalise(all, 0);
          }, 0.1, 2, false, 0};
}

}  // namespace

std::vector<RandomKind> random_tensor_kinds() { return {function, elementwise, pointwise, loss, reduction, rearrangement, product, of_sequences, rows, spectral}; }

}  // namespace ganymede::test
