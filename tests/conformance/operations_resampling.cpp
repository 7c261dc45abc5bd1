#include "engine/check.h"
#include "tests/conformance/operations.h"

namespace ganymede::conformance {
namespace {

std::array<int, 2> size_of(const Call& c) { return c.attributes.pair("size", {}); }

Operation upsample(Interpolation how) {
  return {.run =
              [how](const Call& c) {
                const auto [h, w] = size_of(c);
                if (how == Interpolation::nearest) return Tensors{resize_nearest(c.in(0), h, w)};
                return Tensors{resize(c.in(0), h, w, how, c.attributes.flag("align_corners", false),
                                      c.attributes.flag("antialias", false))};
              },
          .images = true};
}

PoolOptions pool_of(const Attributes& a) {
  PoolOptions o;
  o.kernel = a.pair("kernel", {});
  o.stride = a.pair("stride", o.kernel);
  o.padding = a.pair("padding", {{0, 0}});
  return o;
}

Tensors pad_of(const Call& c) {
  const std::map<std::string, Padding> modes{
      {"constant", Padding::zero}, {"reflect", Padding::reflect}, {"replicate", Padding::replicate}};
  const std::string mode = c.attributes.word("mode", "constant");
  if (!modes.count(mode)) throw Unsupported("pad mode " + mode);
  const std::vector<int64_t> a = c.attributes.list("amounts");
  require(a.size() == 4, "amounts has ", a.size(), " numbers, expected 4");
  return {pad(c.in(0), {a[0], a[1], a[2], a[3]}, modes.at(mode), c.attributes.number("value", 0))};
}

Tensors grid_sample_of(const Call& c) {
  const std::map<std::string, SampleBorder> borders{
      {"zeros", SampleBorder::zeros}, {"border", SampleBorder::clamp}, {"reflection", SampleBorder::reflect}};
  const std::string border = c.attributes.word("padding_mode", "zeros");
  if (!borders.count(border)) throw Unsupported("padding_mode " + border);
  return {grid_sample(c.in(0), c.in(1),
                      {SampleMode::bilinear, borders.at(border), c.attributes.flag("align_corners", false)})};
}

// size is that of the picture, [N, C, H, W].
Tensors affine_grid_of(const Call& c) {
  const std::vector<int64_t> size = c.attributes.list("size");
  require(size.size() == 4, "size has ", size.size(), " numbers, expected 4");
  return {affine_grid(c.in(0), size[2], size[3], c.attributes.flag("align_corners", false))};
}

Operation shuffle(Tensor (*f)(const Tensor&, int64_t)) {
  return {.run = [f](const Call& c) { return Tensors{f(c.in(0), c.attributes.integer("factor", 1))}; },
          .images = true};
}

}  // namespace

void add_resampling(Operations& t) {
  t["upsample_nearest"] = upsample(Interpolation::nearest);
  t["upsample_bilinear"] = upsample(Interpolation::linear);
  t["upsample_bicubic"] = upsample(Interpolation::cubic);
  t["avg_pool2d"] = {.run =
                         [](const Call& c) {
                           const bool counted = c.attributes.flag("count_include_pad", true);
                           return Tensors{average_pool(c.in(0), pool_of(c.attributes), counted)};
                         },
                     .images = true};
  t["max_pool2d"] = {.run = [](const Call& c) { return Tensors{max_pool(c.in(0), pool_of(c.attributes))}; },
                     .images = true};
  t["adaptive_avg_pool2d"] = {.run =
                                  [](const Call& c) {
                                    const auto [h, w] = size_of(c);
                                    return Tensors{adaptive_average_pool(c.in(0), h, w)};
                                  },
                              .images = true};
  t["pad"] = {.run = pad_of, .images = true};
  t["grid_sample"] = {.run = grid_sample_of, .most_inputs = 2, .images = true, .verbatim = {1}};
  t["affine_grid"] = {.run = affine_grid_of};
  t["pixel_shuffle"] = shuffle(pixel_shuffle);
  t["pixel_unshuffle"] = shuffle(pixel_unshuffle);
}

}  // namespace ganymede::conformance
