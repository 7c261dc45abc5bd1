#include "tests/conformance/operations.h"

namespace ganymede::conformance {
namespace {

Padding border(const std::string& mode) {
  if (mode == "zeros") return Padding::zero;
  if (mode == "reflect") return Padding::reflect;
  if (mode == "replicate") return Padding::replicate;
  throw Unsupported("padding_mode " + mode);
}

ConvOptions conv_options(const Attributes& a, bool transposed) {
  ConvOptions o;
  o.stride = a.pair("stride", {{1, 1}});
  o.padding = a.pair("padding", {{0, 0}});
  o.dilation = a.pair("dilation", {{1, 1}});
  if (transposed) o.output_padding = a.pair("output_padding", {{0, 0}});
  o.groups = static_cast<int>(a.integer("groups", 1));
  if (!transposed) o.border = border(a.word("padding_mode", "zeros"));
  return o;
}

using View = kernels::Norm (*)(const Tensor&, double);

Operation norm_of(View view) {
  return {.run =
              [view](const Call& c) {
                return Tensors{
                    normalise(c.in(0), view(c.in(0), c.attributes.number("eps", 1e-5)), c.in(1), c.in(2)).y};
              },
          .most_inputs = 3,
          .images = true};
}

// gamma and beta for every element of a sample, not only for every channel.
Tensors layer_norm(const Call& c) {
  const Tensor x = c.in(0);
  const auto flat = [](const Tensor& t) { return t ? reshape(t, Shape{t.count()}) : t; };
  return {normalise(x, sample_view(x, c.attributes.number("eps", 1e-5)), flat(c.in(1)), flat(c.in(2))).y};
}

}  // namespace

void add_layers(Operations& t) {
  t["conv2d"] = {.run =
                     [](const Call& c) {
                       return Tensors{conv2d(c.in(0), c.in(1), c.in(2), conv_options(c.attributes, false))};
                     },
                 .most_inputs = 3,
                 .images = true,
                 .multiplies = true};
  t["conv_transpose2d"] = {
      .run =
          [](const Call& c) {
            return Tensors{conv_transpose2d(c.in(0), c.in(1), c.in(2), conv_options(c.attributes, true))};
          },
      .most_inputs = 3,
      .images = true,
      .multiplies = true};
  t["linear"] = {.run = [](const Call& c) { return Tensors{linear(c.in(0), c.in(1), c.in(2))}; },
                 .most_inputs = 3,
                 .multiplies = true};
  t["matmul"] = {.run = [](const Call& c) { return Tensors{matmul(c.in(0), c.in(1))}; },
                 .most_inputs = 2,
                 .multiplies = true};

  t["batch_norm"] = norm_of(batch_view);
  t["instance_norm"] = norm_of(instance_view);
  t["layer_norm"] = {.run = layer_norm, .most_inputs = 3, .images = true};
  t["group_norm"] = {.run =
                         [](const Call& c) {
                           const int groups = static_cast<int>(c.attributes.integer("groups", 1));
                           const kernels::Norm view =
                               group_view(c.in(0), groups, c.attributes.number("eps", 1e-5));
                           return Tensors{normalise(c.in(0), view, c.in(1), c.in(2)).y};
                         },
                     .most_inputs = 3,
                     .images = true};
  t["pixel_norm"] = {
      .run =
          [](const Call& c) {
            return Tensors{
                normalise(c.in(0), pixel_view(c.in(0), c.attributes.number("eps", 1e-8)), {}, {}).y};
          },
      .images = true};
}

}  // namespace ganymede::conformance
