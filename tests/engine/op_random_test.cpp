// Ops of shapes and options drawn at random: values and both orders of derivatives on a device and in a type that are drawn as well,
// against the cpu in f64. GANYMEDE_RANDOM_CASES=N draws N instead of a few.
#include <gtest/gtest.h>

#include <cmath>

#include "engine/check.h"
#include "engine/memory.h"
#include "engine/ops.h"
#include "tests/support/draw.h"
#include "tests/support/op_case.h"

namespace ganymede::test {
namespace {

class Drawing : public Draw {
 public:
  using Draw::Draw;
  int64_t size() { return of<int64_t>({1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17}); }
  int64_t channels() { return of<int64_t>({1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 24, 32, 40}); }
  Shape shape(int least_rank, int most_rank, int64_t most_numbers) {
    while (true) {
      std::vector<int64_t> sizes;
      int64_t numbers = 1;
      for (int64_t rank = between(least_rank, most_rank); rank > 0; --rank) numbers *= sizes.emplace_back(one_in(8) ? between(18, 300) : size());
      if (numbers <= most_numbers) return Shape(sizes);
    }
  }
  Shape picture(int64_t most_numbers = 6000) {
    while (true) {
      const Shape x{between(1, 3), size(), size(), channels()};
      if (x.count() <= most_numbers) return x;
    }
  }
  kernels::Unary smooth() { return of({kernels::Unary::identity, kernels::Unary::tanh, kernels::Unary::sigmoid, kernels::Unary::gelu}); }
  Device device() { return one_in(2) ? Device{} : Device{device_count(DeviceType::cuda) > 0 ? DeviceType::cuda : DeviceType::sim, 0}; }
};

template <class F>
OpCase of_one(const std::string& name, const Shape& x, F f, Kind kind = Kind::summing) {
  return {name, kind, {x}, [f](const Tensors& in) { return Tensors{f(in[0])}; }};
}

// So that sums of so many products stay where activations bend; a power of two, which bf16 holds.
double about_one(int64_t terms) { return std::exp2(-std::round(std::log2(double(terms)) / 2)); }

std::vector<int> some_axes(Drawing& draw, int rank) {
  std::vector<int> axes;
  for (int axis = 0; axis < rank; ++axis)
    if (draw.one_in(2)) axes.push_back(axis);
  return axes;  // none: all
}

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
  const auto f = draw.of<Two>({add, sub, mul, div});
  return {"broadcast", Kind::summing, {Shape(a), Shape(b)}, [f](const Tensors& in) { return Tensors{f(in[0], in[1])}; }, 0.4, 2, false, 2};
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
  switch (draw.between(0, 5)) {
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
    const Activation f{draw.smooth()};
    return {"linear", Kind::product, {{m, k}, {n, k}, {n}}, [=](const Tensors& in) { return Tensors{linear(in[0], scale(in[1], about_one(k)), in[2], f)}; }};
  }
  const bool ta = draw.one_in(2), tb = draw.one_in(2), batch_a = draw.one_in(2), batch_b = draw.one_in(2);
  const auto matrix = [&](bool batched, int64_t rows, int64_t columns) { return batched ? Shape{batch, rows, columns} : Shape{rows, columns}; };
  return {"matmul", Kind::product, {matrix(batch_a, ta ? k : m, ta ? m : k), matrix(batch_b, tb ? n : k, tb ? k : n)},
          [=](const Tensors& in) { return Tensors{matmul(in[0], in[1], ta, tb)}; }};
}

OpCase convolution(Drawing& draw) {
  const Shape x = draw.picture(1500);
  ConvOptions o;
  const int64_t r = draw.between(1, 5), s = draw.one_in(3) ? draw.between(1, 5) : r, k = draw.channels();
  const bool transposed = draw.one_in(3), beside = draw.one_in(3), biased = draw.one_in(2);
  for (int axis = 0; axis < 2; ++axis) {
    o.stride[axis] = int(draw.between(1, 3));
    // A transposed one leaves something; the image with its border holds the filter.
    const int64_t taps = axis == 0 ? r : s, extent = x[1 + axis], least = transposed ? 0 : std::max<int64_t>(0, (taps - extent + 1) / 2);
    o.padding[axis] = int(draw.between(least, transposed ? (taps - 1) / 2 : std::max(least, taps / 2)));
  }
  if (!transposed && draw.one_in(3)) o.border = o.padding[0] < x[1] && o.padding[1] < x[2] && draw.one_in(2) ? Padding::reflect : Padding::replicate;
  const Activation f{draw.smooth()};
  const int64_t second = beside ? draw.channels() : 0, c = x[3] + second;
  std::vector<Shape> shapes{x};
  if (beside) shapes.push_back({x[0], x[1], x[2], second});
  shapes.push_back(transposed ? Shape{c, r, s, k} : Shape{k, r, s, c});
  if (biased) shapes.push_back({k});
  return {transposed ? "conv_transpose2d" : "conv2d", Kind::product, shapes, [=](const Tensors& in) {
            const size_t w = beside ? 2 : 1;
            const ConvInput input = beside ? ConvInput{in[0], in[1]} : ConvInput{in[0]};
            const Tensor weight = scale(in[w], about_one(r * s * c)), bias = biased ? in[w + 1] : Tensor{};
            return Tensors{transposed ? conv_transpose2d(input, weight, bias, o, f) : conv2d(input, weight, bias, o, f)};
          }, -1, 1, false, beside ? 2 : 1};
}

OpCase scaled_convolution(Drawing& draw) {
  Shape x = draw.picture(800);
  const int64_t taps = draw.of<int64_t>({1, 3, 5}), k = 3 + draw.channels();
  if (draw.one_in(2))
    return {"upsample_conv2d", Kind::product, {x, {k, taps, taps, x[3]}, {k}}, [](const Tensors& in) { return Tensors{upsample_conv2d(in[0], upsample_filter(in[1]), in[2])}; }, -1, 1};
  x[1] += 1, x[2] += 1;  // at least one mean of four
  return {"conv2d_mean_pool", Kind::product, {x, {k, taps, taps, x[3]}, {k}}, [](const Tensors& in) { return Tensors{conv2d_mean_pool(in[0], mean_pool_filter(in[1]), in[2])}; }, -1, 1};
}

OpCase normalisation(Drawing& draw) {
  const Shape x = draw.picture();
  const auto view = draw.of<kernels::Norm (*)(const Tensor&, double)>({batch_view, instance_view, layer_view, pixel_view});
  const Activation f{draw.smooth()};
  const bool affine = draw.one_in(2), residual = draw.one_in(3);
  std::vector<Shape> shapes{x};
  if (affine) shapes.insert(shapes.end(), {Shape{x[3]}, Shape{x[3]}});
  if (residual) shapes.push_back(x);
  return {"normalise", Kind::summing, shapes, [=](const Tensors& in) {
            return Tensors{normalise(in[0], view(in[0], 1e-1), affine ? in[1] : Tensor{}, affine ? in[2] : Tensor{}, f, {}, residual ? in.back() : Tensor{}).y};
          }};
}

OpCase resampling(Drawing& draw) {
  const Shape x = draw.picture();
  const int64_t height = draw.size(), width = draw.size(), least = std::min(x[1], x[2]);
  switch (draw.between(0, 6)) {
    case 0: {
      const auto how = draw.of({Interpolation::nearest, Interpolation::linear, Interpolation::cubic});
      const bool smooth = how != Interpolation::nearest, corners = smooth && draw.one_in(2), antialias = smooth && draw.one_in(2);
      return of_one("resize", x, [=](const Tensor& t) { return resize(t, height, width, how, corners, antialias); });
    }
    case 1: {
      const auto how = draw.of({Padding::zero, Padding::reflect, Padding::replicate});
      const auto amount = [&] { return how == Padding::reflect ? draw.between(0, least - 1) : draw.between(0, 9); };
      const PadAmounts amounts{amount(), amount(), amount(), amount()};
      return of_one("pad", x, [=](const Tensor& t) { return pad(t, amounts, how); });
    }
    case 2: {
      FilterOptions o{{}, int(draw.between(1, 3)), int(draw.between(1, 3))};
      for (int64_t i = draw.between(1, 6); i > 0; --i) o.taps.push_back(double(draw.between(1, 9)) / 10);
      o.before = int(draw.between(0, std::ssize(o.taps))), o.after = int(std::ssize(o.taps));
      return of_one("filter2d", x, [=](const Tensor& t) { return filter2d(t, o); });
    }
    case 3:
    case 4: {
      PoolOptions o;
      for (int axis = 0; axis < 2; ++axis) {
        o.kernel[axis] = int(draw.between(1, std::min<int64_t>(4, x[1 + axis])));
        o.stride[axis] = int(draw.between(1, 3)), o.padding[axis] = int(draw.between(0, o.kernel[axis] / 2));
      }
      o.ceil_mode = draw.one_in(3);
      const bool counted = draw.one_in(2);
      if (draw.one_in(2)) return of_one("average_pool", x, [=](const Tensor& t) { return average_pool(t, o, counted); });
      return of_one("max_pool", x, [=](const Tensor& t) { return max_pool(t, o); });
    }
    case 5: {
      const int64_t rows = draw.between(1, x[1]), columns = draw.between(1, x[2]);
      return of_one("adaptive_average_pool", x, [=](const Tensor& t) { return adaptive_average_pool(t, rows, columns); });
    }
    default: {
      const int64_t factor = draw.between(1, 4);
      if (draw.one_in(2)) return of_one("pixel_shuffle", {x[0], x[1], x[2], x[3] * factor * factor}, [=](const Tensor& t) { return pixel_shuffle(t, factor); });
      return of_one("pixel_unshuffle", {x[0], x[1] * factor, x[2] * factor, x[3]}, [=](const Tensor& t) { return pixel_unshuffle(t, factor); });
    }
  }
}

// Places in pixels, away from whole numbers, where the tent has its kinks.
OpCase sampling(Drawing& draw) {
  const int64_t n = draw.between(1, 3), side = draw.between(2, 9);
  const SampleOptions o{SampleMode::bilinear, draw.of({SampleBorder::zeros, SampleBorder::clamp, SampleBorder::reflect}), draw.one_in(2)};
  return {"grid_sample", Kind::summing, {{n, side, side, draw.channels()}, {n, draw.size(), draw.size(), 2}}, [=](const Tensors& in) {
            const double pixels = o.align_corners ? double(side - 1) : double(side), shift = o.align_corners ? -1 : 1 / pixels - 1;
            return Tensors{grid_sample(in[0], scale(in[1], 2 / pixels, shift), o)};
          }, -1.3, double(side) + 0.4, true};
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

TEST(OpRandom, DevicesAgreeWithF64) {
  const auto kinds = {elementwise, reduction, rearrangement, product, convolution, scaled_convolution, normalisation, resampling, sampling, of_sequences};
  poison_fresh_memory(true);
  for (int seed = 0; seed < random_cases(300) && !HasFailure(); ++seed) {
    Drawing draw(seed);
    const OpCase c = draw.of(kinds)(draw);
    const Device device = draw.device();
    const Arithmetic arithmetic = device.type != DeviceType::cpu && c.kind == Kind::product && draw.one_in(3) ? Arithmetic::tf32 : draw.of({Arithmetic::f32, Arithmetic::bf16});
    std::string shapes;
    for (const Shape& s : c.shapes) shapes += " " + s.str();
    SCOPED_TRACE(testing::Message() << "case " << seed << ": " << c.name << shapes << " on " << device.str() << ", arithmetic " << int(arithmetic));
    const Errors e = errors_of(c, device, arithmetic), bound = bounds_of(c.kind, arithmetic);
    EXPECT_LE(e.forward, bound.forward);
    EXPECT_LE(e.first, bound.first);
    EXPECT_LE(e.second, bound.second);
  }
  poison_fresh_memory(false);
}

}  // namespace
}  // namespace ganymede::test
