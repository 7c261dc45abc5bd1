// Ops of pictures [N, H, W, C], and a few of them in a row, whose gradients go together.
#include <algorithm>
#include <cmath>

#include "tests/engine/random_cases.h"

namespace ganymede::test {
namespace {

// A convolution that is drawn for an x.
struct DrawnConv {
  ConvOptions options;
  bool transposed = false, biased = false;
  int64_t second = 0;            // channels of what lies beside x
  Shape x, w, y;                 // y: pixel-shuffled
  int64_t terms = 1;             // of a sum

  Tensor operator()(const ConvInput& in, const Tensor& weight, const Tensor& bias, const Activation& f, const Tensor& residual = {}) const {
    return transposed ? conv_transpose2d(in, scale(weight, about_one(terms)), bias, options, f, residual) : conv2d(in, scale(weight, about_one(terms)), bias, options, f, residual);
  }
  std::vector<Shape> shapes() const {
    std::vector<Shape> all{x};
    if (second) all.push_back({x[0], x[1], x[2], second});
    all.push_back(w);
    if (biased) all.push_back({transposed ? w[3] * options.groups : w[0]});
    return all;
  }
};

DrawnConv draw_conv(Drawing& draw, Shape x) {
  DrawnConv c;
  ConvOptions& o = c.options;
  c.transposed = draw.one_in(3), c.biased = draw.one_in(2);
  if (draw.one_in(4)) o.groups = int(draw.between(2, 3)), x[3] *= o.groups;
  else if (draw.one_in(3)) c.second = draw.channels();
  if (!c.transposed && draw.one_in(6)) o.shuffle = int(draw.between(2, 3));
  const int64_t r = draw.between(1, 5), s = draw.one_in(3) ? draw.between(1, 5) : r, k = draw.channels() * o.groups * o.shuffle * o.shuffle;
  int64_t out[2];
  for (int axis = 0; axis < 2; ++axis) {
    if (draw.one_in(5)) o.dilation[axis] = 2;
    o.stride[axis] = int(draw.between(1, 3));
    const int64_t taps = ((axis == 0 ? r : s) - 1) * o.dilation[axis] + 1, extent = x[1 + axis];
    // A transposed one leaves something; the image with its border holds the filter.
    const int64_t least = c.transposed ? 0 : std::max<int64_t>(0, (taps - extent + 1) / 2);
    o.padding[axis] = int(draw.between(least, c.transposed ? (taps - 1) / 2 : std::max(least, taps / 2)));
    if (c.transposed && draw.one_in(3)) o.output_padding[axis] = int(draw.between(0, std::max(o.stride[axis], o.dilation[axis]) - 1));
    out[axis] = c.transposed ? (extent - 1) * o.stride[axis] - 2 * o.padding[axis] + taps + o.output_padding[axis] : (extent + 2 * o.padding[axis] - taps) / o.stride[axis] + 1;
  }
  if (!c.transposed && draw.one_in(3)) o.border = o.padding[0] < x[1] && o.padding[1] < x[2] && draw.one_in(2) ? Padding::reflect : Padding::replicate;
  const int64_t channels = x[3] + c.second;
  c.x = x, c.w = c.transposed ? Shape{channels, r, s, k / o.groups} : Shape{k, r, s, channels / o.groups};
  c.y = {x[0], out[0] * o.shuffle, out[1] * o.shuffle, k / (o.shuffle * o.shuffle)};
  c.terms = r * s * channels / o.groups;
  return c;
}

OpCase convolution(Drawing& draw) {
  const DrawnConv conv = draw_conv(draw, draw.picture(1500));
  const bool shuffled = conv.options.shuffle > 1, added = draw.one_in(shuffled ? 2 : 4);
  Activation f = draw.activation();
  if (added && shuffled && bends(f)) f = {Unary::tanh};   // a device may round the sums before it adds to them
  std::vector<Shape> shapes = conv.shapes();
  const int images = (conv.second ? 2 : 1) + added;
  if (added) shapes.insert(shapes.begin() + images - 1, conv.y);
  const auto with = [=](const Tensors& in, const Activation& f) {
    const Tensor &w = in[size_t(images)], residual = added ? in[size_t(images) - 1] : Tensor{};
    return Tensors{conv(conv.second ? ConvInput{in[0], in[1]} : ConvInput{in[0]}, w, conv.biased ? in.back() : Tensor{}, f, residual)};
  };
  OpCase c{conv.transposed ? "conv_transpose2d" : "conv2d", Kind::product, shapes, [=](const Tensors& in) { return with(in, f); }, -1, 1, false, images};
  if (bends(f)) c.signs = [=](const Tensors& in) { return with(in, {}); };
  return c;
}

OpCase scaled_convolution(Drawing& draw) {
  Shape x = draw.picture(800);
  const int64_t taps = draw.of<int64_t>({1, 3, 5}), k = 3 + draw.channels();
  const bool biased = draw.one_in(2), up = draw.one_in(2);
  if (!up) x[1] += 1, x[2] += 1;  // at least one mean of four
  // None that bends: sums of taps are rounded to bf16, and signs of what they give with them.
  const Activation f = draw.of<Activation>({{}, {Unary::tanh}, {Unary::softplus}});
  std::vector<Shape> shapes{x, {k, taps, taps, x[3]}};
  if (biased) shapes.push_back({k});
  return {up ? "upsample_conv2d" : "conv2d_mean_pool", Kind::product, shapes, [=](const Tensors& in) {
            const Tensor bias = biased ? in[2] : Tensor{}, w = scale(in[1], about_one(taps * taps * x[3]));
            return Tensors{up ? upsample_conv2d(in[0], upsample_filter(w), bias, f) : conv2d_mean_pool(in[0], mean_pool_filter(w), bias, f)};
          }, -1, 1};
}

OpCase normalisation(Drawing& draw) {
  using View = std::function<kernels::Norm(const Tensor&)>;
  constexpr double eps = 1e-1;
  Shape x = draw.picture();
  const Activation f = draw.activation();
  const bool gain = draw.one_in(2), bias = draw.one_in(2), residual = draw.one_in(3);
  const int64_t which = draw.between(0, 5), groups = draw.between(1, 4), width = draw.of<int64_t>({1, 2, 3, 4, 8});
  if (which == 4) x[3] = groups * width;
  const int64_t beside = which == 0 ? x[0] : which == 1 ? 1 : which == 4 ? width : x[3];   // numbers of a statistic at each pixel
  if (which < 5 && x[1] * x[2] * beside == 1) x[2] = 2;   // of one number alone nothing is left
  Shape affine{x[3]};
  View view;
  switch (which) {
    case 0: view = [](const Tensor& t) { return batch_view(t, eps); }; break;
    case 1:
      view = [](const Tensor& t) { return instance_view(t, eps); };
      if (draw.one_in(2)) affine = {x[0], x[3]};
      break;
    case 2: view = [](const Tensor& t) { return layer_view(t, eps); }; break;
    case 3:
      view = [](const Tensor& t) { return sample_view(t, eps); };
      affine = {x[1] * x[2] * x[3]};
      break;
    case 4:
      view = [=](const Tensor& t) { return group_view(t, int(groups), eps); };
      if (draw.one_in(2)) affine = {x[0], x[3]};
      break;
    default: view = [](const Tensor& t) { return pixel_view(t, eps); }; break;
  }
  const size_t images = residual ? 2 : 1;
  std::vector<Shape> shapes(images, x);
  if (gain) shapes.push_back(affine);
  if (bias) shapes.push_back(affine);
  const auto with = [=](const Tensors& in, const Activation& f) {
    return Tensors{normalise(in[0], view(in[0]), gain ? in[images] : Tensor{}, bias ? in.back() : Tensor{}, f, {}, residual ? in[1] : Tensor{}).y};
  };
  OpCase c{"normalise", Kind::summing, shapes, [=](const Tensors& in) { return with(in, f); }, -2, 2, false, int(images)};
  if (bends(f)) c.signs = [=](const Tensors& in) { return with(in, {}); };
  return c;
}

OpCase resampling(Drawing& draw) {
  const Shape x = draw.picture();
  const int64_t height = draw.size(), width = draw.size(), least = std::min(x[1], x[2]);
  switch (draw.between(0, 7)) {
    case 0: {
      const auto how = draw.of({Interpolation::nearest, Interpolation::linear, Interpolation::cubic});
      const bool smooth = how != Interpolation::nearest, corners = smooth && draw.one_in(2), antialias = smooth && draw.one_in(2);
      return of_one("resize", x, [=](const Tensor& t) { return resize(t, height, width, how, corners, antialias); });
    }
    case 1: {
      const double by = draw.of({0.25, 1.0 / 3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0});
      const auto how = draw.of({Interpolation::linear, Interpolation::cubic});
      return of_one("matlab_resize", x, [=](const Tensor& t) { return matlab_resize(t, by, how); });
    }
    case 2: {
      const auto how = draw.of({Padding::zero, Padding::reflect, Padding::replicate});
      const auto amount = [&] { return how == Padding::reflect ? draw.between(0, least - 1) : draw.between(0, 9); };
      PadAmounts amounts{amount(), amount(), amount(), amount()};
      if (how == Padding::zero && x[1] > 2 && draw.one_in(3)) amounts.top = -draw.between(1, 2);
      if (how == Padding::zero && x[2] > 2 && draw.one_in(3)) amounts.right = -draw.between(1, 2);
      const double value = how == Padding::zero && draw.one_in(3) ? 0.5 : 0;
      return of_one("pad", x, [=](const Tensor& t) { return pad(t, amounts, how, value); });
    }
    case 3: {
      FilterOptions o{{}, int(draw.between(1, 3)), int(draw.between(1, 3))};
      for (int64_t i = draw.between(1, 6); i > 0; --i) o.taps.push_back(double(draw.between(1, 9)) / 10);
      o.before = int(draw.between(0, std::ssize(o.taps))), o.after = int(std::ssize(o.taps));
      if (draw.one_in(4) && least > 2) o.before = -1;
      return of_one("filter2d", x, [=](const Tensor& t) { return filter2d(t, o); });
    }
    case 4:
    case 5: {
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
    case 6: {
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

// Places in pixels, away from whole numbers, where the tent has its kinks; the box of nearest has its jumps at the halves between.
OpCase sampling(Drawing& draw) {
  const int64_t n = draw.between(1, 3), side = draw.between(2, 9);
  const SampleMode mode = draw.one_in(4) ? SampleMode::nearest : SampleMode::bilinear;
  const SampleOptions o{mode, draw.of({SampleBorder::zeros, SampleBorder::clamp, SampleBorder::reflect}), draw.one_in(2)};
  return {"grid_sample", Kind::summing, {{n, side, side, draw.channels()}, {n, draw.size(), draw.size(), 2}}, [=](const Tensors& in) {
            const double pixels = o.align_corners ? double(side - 1) : double(side), shift = o.align_corners ? -1 : 1 / pixels - 1;
            return Tensors{grid_sample(in[0], scale(mode == SampleMode::nearest ? in[1] + 0.5 : in[1], 2 / pixels, shift), o)};
          }, -1.3, double(side) + 0.4, true};
}

// A convolution or a norm that bends or curves, and what goes on from there: what each takes of the other's gradient.
OpCase chain(Drawing& draw) {
  const bool norm_first = draw.one_in(3);
  const DrawnConv first = draw_conv(draw, draw.picture(400));
  const Shape middle = norm_first ? first.x : first.y;
  if (middle.count() > 6000 || middle[1] * middle[2] < 4) return chain(draw);  // a norm leaves nothing of one pixel
  DrawnConv second = draw_conv(draw, middle);
  while (second.x != middle || second.second || second.y.count() < 8) second = draw_conv(draw, middle);   // of one number alone terms may cancel
  const Activation f = draw.activation(), g = draw.of<Activation>({{}, {Unary::tanh}});
  const int64_t next = draw.between(0, 4);
  const bool twice = draw.one_in(3);   // the middle is used once more
  std::vector<Shape> shapes = norm_first ? std::vector<Shape>{first.x, {first.x[3]}, {first.x[3]}} : first.shapes();
  const size_t own = shapes.size();
  if (next <= 2) shapes.push_back(second.w);
  const auto begin = [=](const Tensors& in, const Activation& f) {
    if (norm_first) return normalise(in[0], instance_view(in[0], 1e-1), in[1], in[2], f).y;
    const size_t w = first.second ? 2 : 1;
    return first(first.second ? ConvInput{in[0], in[1]} : ConvInput{in[0]}, in[w], first.biased ? in[w + 1] : Tensor{}, f);
  };
  OpCase c{"chain", Kind::product, shapes, [=](const Tensors& in) {
             const Tensor t = begin(in, f);
             Tensor y;
             if (next <= 2) y = second(t, in[own], {}, g);
             else if (next == 3) y = normalise(t, batch_view(t, 1e-1), {}, {}, g).y;
             else y = mean(square(t), {1, 2});
             return twice ? Tensors{y, scale(t, 0.5)} : Tensors{y};
           }, -1, 1, false, !norm_first && first.second ? 2 : 1, 3};
  if (bends(f)) c.signs = [=](const Tensors& in) { return Tensors{begin(in, {})}; };
  return c;
}

}  // namespace

std::vector<RandomKind> random_picture_kinds() { return {convolution, convolution, scaled_convolution, normalisation, normalisation, resampling, sampling, chain, chain}; }

}  // namespace ganymede::test
