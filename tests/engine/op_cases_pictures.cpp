// The ops that resample, pool, sample and rearrange pictures, and those of sequences, tables and spectral weights.
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/op_cases.h"

namespace ganymede::test {
namespace {

template <class F>
OpCase picture(const std::string& name, const Shape& x, F f, Kind kind = Kind::summing) {
  return {name, kind, {x}, [f](const Tensors& in) { return Tensors{f(in[0])}; }};
}

void add_resampling(std::vector<OpCase>& c) {
  const Shape x{2, 5, 4, 3};
  const std::pair<Interpolation, const char*> ways[] = {{Interpolation::nearest, "nearest"}, {Interpolation::linear, "bilinear"}, {Interpolation::cubic, "bicubic"}};
  for (const auto& [how, name] : ways)
    for (const bool corners : {false, true})
      for (const bool antialias : {false, true}) {
        if (how == Interpolation::nearest && (corners || antialias)) continue;
        const std::string full = std::string("resize ") + name + (corners ? " corners" : "") + (antialias ? " antialias" : "");
        c.push_back(picture(full + " up", x, [=, how = how](const Tensor& t) { return resize(t, 7, 9, how, corners, antialias); }));
        c.push_back(picture(full + " down", {1, 7, 8, 2}, [=, how = how](const Tensor& t) { return resize(t, 3, 5, how, corners, antialias); }));
      }
  c.push_back(picture("upsample_nearest", x, [](const Tensor& t) { return upsample_nearest(t, 2); }));
  c.push_back(picture("matlab_resize cubic up", x, [](const Tensor& t) { return matlab_resize(t, 2); }));
  c.push_back(picture("matlab_resize cubic down", {1, 9, 8, 2}, [](const Tensor& t) { return matlab_resize(t, 1.0 / 3); }));
  c.push_back(picture("matlab_resize linear down", {1, 9, 8, 2}, [](const Tensor& t) { return matlab_resize(t, 0.5, Interpolation::linear); }));
  c.push_back(picture("pad picture", x, [](const Tensor& t) { return pad(t, {1, 2, 0, 3}, Padding::zero); }));
  c.push_back(picture("pad value", x, [](const Tensor& t) { return pad(t, {1, 0, 2, 1}, Padding::zero, 0.5); }));
  c.push_back(picture("pad reflect", x, [](const Tensor& t) { return pad(t, {3, 1, 2, 4}, Padding::reflect); }));
  c.push_back(picture("pad replicate", x, [](const Tensor& t) { return pad(t, {1, 5, 2, 0}, Padding::replicate); }));
  c.push_back(picture("pad crop", x, [](const Tensor& t) { return pad(t, {-1, 0, -2, -1}, Padding::zero); }));
  c.push_back(picture("filter2d", x, [](const Tensor& t) { return filter2d(t, {.taps = {0.1, 0.7, -0.3}, .before = 2, .after = -1}); }));
  c.push_back(picture("filter2d up", x, [](const Tensor& t) { return filter2d(t, {.taps = {0.25, 0.75, 0.5, -0.2}, .up = 2, .before = 2, .after = 1}); }));
  c.push_back(picture("filter2d down", x, [](const Tensor& t) { return filter2d(t, {.taps = {0.25, 0.75, 0.5, -0.2}, .down = 2, .before = 1, .after = 1}); }));
  c.push_back(picture("filter2d up and down", x, [](const Tensor& t) { return filter2d(t, {.taps = {0.3, 0.5, 0.2, 0.4, 0.1}, .up = 3, .down = 2, .before = 3, .after = 2}); }));
  c.push_back(picture("pixel_shuffle", {2, 3, 2, 12}, [](const Tensor& t) { return pixel_shuffle(t, 2); }));
  c.push_back(picture("pixel_unshuffle", {2, 6, 3, 2}, [](const Tensor& t) { return pixel_unshuffle(t, 3); }));
}

// Convolutions beside a change of scale: of odd sizes, of pictures smaller than the filter, with and without a bias.
void add_scaled_convolutions(std::vector<OpCase>& c) {
  c.push_back({"upsample_conv2d", Kind::product, {{2, 3, 5, 4}, {5, 3, 3, 4}, {5}}, [](const Tensors& in) {
                 return Tensors{upsample_conv2d(in[0], upsample_filter(in[1]), in[2])};
               }});
  c.push_back({"upsample_conv2d 5x3 tanh", Kind::product, {{1, 1, 2, 3}, {2, 5, 3, 3}}, [](const Tensors& in) {
                 return Tensors{upsample_conv2d(in[0], upsample_filter(in[1]), {}, {Unary::tanh})};
               }, -1, 1});
  c.push_back({"conv2d_mean_pool", Kind::product, {{2, 6, 5, 4}, {5, 3, 3, 4}, {5}}, [](const Tensors& in) {
                 return Tensors{conv2d_mean_pool(in[0], mean_pool_filter(in[1]), in[2])};
               }});
  c.push_back({"conv2d_mean_pool 3x5 tanh", Kind::product, {{1, 2, 7, 3}, {2, 3, 5, 3}}, [](const Tensors& in) {
                 return Tensors{conv2d_mean_pool(in[0], mean_pool_filter(in[1]), {}, {Unary::tanh})};
               }, -1, 1});
}

void add_pooling(std::vector<OpCase>& c) {
  const Shape x{2, 6, 5, 3};
  c.push_back(picture("average_pool", x, [](const Tensor& t) { return average_pool(t, {{2, 3}, {2, 2}, {1, 1}}); }));
  c.push_back(picture("average_pool ceil uncounted", x, [](const Tensor& t) { return average_pool(t, {{3, 3}, {2, 2}, {1, 1}, true}, false); }));
  c.push_back(picture("adaptive_average_pool", x, [](const Tensor& t) { return adaptive_average_pool(t, 4, 3); }));
  c.push_back(picture("max_pool", x, [](const Tensor& t) { return max_pool(t, {}); }));
  c.push_back(picture("max_pool overlapping", {1, 6, 5, 3}, [](const Tensor& t) { return max_pool(t, {{3, 3}, {2, 1}, {1, 1}, true}); }));
}

// Places in pixels to [-1, 1]; the picture is square. They are drawn away from whole numbers, where the tent has its kinks;
// the box of nearest has its jumps at the halves between.
Tensor from_pixels(const Tensor& places, int64_t side, bool corners) {
  return corners ? scale(places, 2.0 / double(side - 1), -1) : scale(places, 2.0 / double(side), 1.0 / double(side) - 1);
}

void add_sampling(std::vector<OpCase>& c) {
  const std::pair<SampleBorder, const char*> borders[] = {{SampleBorder::zeros, "zeros"}, {SampleBorder::clamp, "border"}, {SampleBorder::reflect, "reflect"}};
  for (const auto& [border, name] : borders)
    for (const bool corners : {false, true})
      for (const SampleMode mode : {SampleMode::bilinear, SampleMode::nearest}) {
        if (mode == SampleMode::nearest && corners) continue;
        const std::string full = std::string("grid_sample ") + (mode == SampleMode::nearest ? "nearest " : "") + name + (corners ? " corners" : "");
        c.push_back({full, Kind::summing, {{2, 4, 4, 3}, {2, 3, 5, 2}}, [=, border = border](const Tensors& in) {
                       return Tensors{grid_sample(in[0], from_pixels(mode == SampleMode::nearest ? in[1] + 0.5 : in[1], 4, corners), {mode, border, corners})};
                     }, -1.3, 4.4, true});
      }
  for (const bool corners : {false, true})
    c.push_back({std::string("affine_grid") + (corners ? " corners" : ""), Kind::summing, {{2, 2, 3}}, [=](const Tensors& in) { return Tensors{affine_grid(in[0], 4, 3, corners)}; },
                 -2, 2, false, 0});
}

void add_attention(std::vector<OpCase>& c) {
  const auto one = [](Tensor y) { return Tensors{std::move(y)}; };
  const std::vector<std::pair<const char*, Tensor (*)(const Tensor&, int)>> kinds{{"softmax", softmax}, {"log_softmax", log_softmax}};
  for (const auto& [name, f] : kinds)
    for (const int axis : {-1, 1}) c.push_back(picture(std::string(name) + (axis == 1 ? " inner axis" : ""), {3, 5, 7}, [f = f, axis](const Tensor& t) { return f(t, axis); }));
  c.push_back({"attention", Kind::product, {{2, 5, 3}, {2, 7, 3}, {2, 7, 4}}, [=](const Tensors& in) { return one(attention(in[0], in[1], in[2])); }, -1, 1, false, 3});
  c.push_back({"attention scaled", Kind::product, {{1, 18, 8}, {1, 17, 8}, {1, 17, 5}}, [=](const Tensors& in) { return one(attention(in[0], in[1], in[2], 0.35)); }, -2, 2, false, 3});
  c.push_back(picture("gather_rows", {4, 3, 2}, [](const Tensor& t) {
    return gather_rows(t, tensor(std::vector<int64_t>{3, 0, 3, 1, 3}, {5}, t.device()));
  }));
  for (const bool transposed : {false, true}) {
    const Shape w = transposed ? Shape{3, 2, 2, 4} : Shape{4, 3, 3, 2};
    const int64_t rows = 4, columns = w.count() / rows;
    // u and v of length 1, not the singular vectors: the derivative holds for any.
    const auto unit = [](int64_t n, uint64_t seed) {
      auto v = random_tensor({n}, seed).to_doubles();
      double s = 0;
      for (const double e : v) s += e * e;
      for (double& e : v) e /= std::sqrt(s);
      return v;
    };
    c.push_back({std::string("spectral_normalise") + (transposed ? " transposed" : ""), Kind::summing, {w}, [=](const Tensors& in) {
                   const Tensor &t = in[0], u = tensor(unit(rows, 5), {rows}, t.dtype(), t.device()), v = tensor(unit(columns, 6), {columns}, t.dtype(), t.device());
                   return spectral_normalise({{t, transposed, u, v}}, 0);
                 }, -2, 2, false, 0});
  }
  c.push_back({"normalise_by", Kind::summing, {{2, 3, 2, 5}, {5}, {5}}, [=](const Tensors& in) {
                 const Tensor& g = in[1];
                 const Tensor m = tensor(random_tensor({5}, 7).to_doubles(), {5}, g.dtype(), g.device()), v = tensor(random_tensor({5}, 8, 0.5, 2).to_doubles(), {5}, g.dtype(), g.device());
                 return one(normalise_by(in[0], m, v, 1e-3, in[1], in[2]));
               }});
}

}  // namespace

std::vector<OpCase> picture_cases() {
  std::vector<OpCase> c;
  add_resampling(c);
  add_scaled_convolutions(c);
  add_pooling(c);
  add_sampling(c);
  add_attention(c);
  return c;
}

}  // namespace ganymede::test
