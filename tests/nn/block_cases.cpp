#include "tests/nn/block_cases.h"

#include "engine/context.h"
#include "engine/ops.h"
#include "nn/conditional.h"
#include "nn/gated.h"
#include "nn/modulated.h"
#include "nn/spatial_transformer.h"

namespace ganymede::test {
namespace {

using nn::NormKind;
using Make = std::function<nn::Layer()>;

// What layers make for themselves besides parameters (constants) has the type of their input, f32 beside bf16.
struct InTypeOf {
  explicit InTypeOf(const Tensor& x) { context().dtype = x.dtype() == DType::f64 ? DType::f64 : DType::f32, context().device = x.device(); }
  ContextScope scope;
};

std::vector<Tensor*> parameters_of(nn::Module& layer) {
  std::vector<Tensor*> own;
  nn::Visit v;
  v.parameter = [&](const std::string&, Tensor& t) { own.push_back(&t); };
  layer.visit(v);
  return own;
}

// Inputs: x, a style or a map if there is one, then the parameters in visiting order. labels: the condition, if any.
OpCase layer_case(const std::string& name, Kind kind, const Shape& x, const Make& make, const std::vector<int64_t>& labels = {}, const Shape& condition = {},
                  bool piecewise = false) {
  OpCase c{name, kind, {x}, {}, -2, 2, piecewise};
  const bool given = condition.rank() > 0;
  if (given) c.shapes.push_back(condition), c.activations = 2;
  const size_t first = c.shapes.size();
  const nn::Layer sizes = make();
  for (const Tensor* p : parameters_of(*sizes)) c.shapes.push_back(p->shape());
  c.f = [=](const Tensors& in) {
    const InTypeOf type(in[0]);
    const nn::Layer layer = make();
    const auto own = parameters_of(*layer);
    for (size_t i = 0; i < own.size(); ++i) *own[i] = in[first + i];
    if (given) return Tensors{layer->forward_given(in[0], in[1])};
    if (labels.empty()) return Tensors{layer->forward(in[0])};
    return Tensors{layer->forward_given(in[0], tensor(labels, {int64_t(labels.size())}, in[0].device()))};
  };
  return c;
}

std::vector<OpCase> make_cases() {
  const Shape x{3, 2, 3, 4};
  std::vector<OpCase> c;
  c.push_back(layer_case("linear", Kind::product, {3, 5}, [] { return nn::linear(5, 4); }));
  c.push_back(layer_case("maxout", Kind::product, {3, 5}, [] { return nn::maxout(5, 3, 2, nn::init::zero()); }));
  c.push_back(layer_case("conv", Kind::product, {2, 5, 4, 3}, [] { return nn::conv(3, 4, {.kernel = 3, .stride = 2, .padding = 1}); }));
  c.push_back(layer_case("deconv", Kind::product, {2, 2, 3, 4}, [] { return nn::deconv(4, 3, {.kernel = 4, .stride = 2, .padding = 1}); }));
  c.push_back(layer_case("conv gated", Kind::product, {2, 5, 4, 3}, [] {
    const nn::ConvSpec s{.kernel = 3, .stride = 2, .padding = 2, .dilation = 2};
    return nn::gated(nn::conv(3, 4, s), nn::conv(3, 4, s), {Unary::elu, 1});
  }));
  c.push_back(layer_case("upsample conv gated", Kind::product, {2, 3, 4, 3}, [] {
    const nn::ConvSpec s{.kernel = 3, .padding = 1};
    return nn::gated(nn::upsample_conv(3, 4, s), nn::upsample_conv(3, 4, s), {Unary::elu, 1});
  }));
  c.push_back(layer_case("conv equalised", Kind::product, {2, 4, 4, 3}, [] { return nn::conv(3, 4, nn::equalised({.kernel = 3, .padding = 1})); }));
  c.push_back(layer_case("linear equalised", Kind::product, {3, 5}, [] { return nn::equalised_linear(5, 4, 1); }));
  for (const int kernel : {3, 1}) {
    const std::string k = kernel == 1 ? " 1x1" : "";
    c.push_back(layer_case("upsample conv" + k, Kind::product, {2, 3, 2, 4}, [=] { return nn::upsample_conv(4, 3, {.kernel = kernel, .padding = kernel / 2}); }));
    c.push_back(layer_case("conv mean pool" + k, Kind::product, {2, 5, 4, 4}, [=] { return nn::conv_mean_pool(4, 3, {.kernel = kernel, .padding = kernel / 2}); }));
  }
  c.push_back(layer_case("prelu", Kind::summing, x, [] { return nn::prelu(4); }, {}, {}, true));
  c.push_back(layer_case("residual", Kind::product, {2, 3, 3, 4}, [] { return nn::residual(nn::conv(4, 4, {.padding = 1}), nn::conv(4, 4, {.kernel = 1})); }));
  c.push_back(layer_case("residual cropped", Kind::product, {2, 6, 7, 3}, [] { return nn::residual(nn::sequential({nn::conv(3, 3, {}), nn::conv(3, 3, {})}), nn::crop_border(2)); }));
  c.push_back(layer_case("mean of pixels", Kind::summing, x, [] { return nn::global_mean(); }));
  const std::pair<NormKind, const char*> kinds[] = {{NormKind::none, "scale and shift"}, {NormKind::batch, "batch norm"}, {NormKind::instance, "instance norm"},
                                                    {NormKind::layer, "layer norm"}, {NormKind::group, "group norm"}, {NormKind::pixel, "pixel norm"}};
  for (const auto& [kind, name] : kinds) {
    const std::string n = name;
    if (kind != NormKind::none) c.push_back(layer_case(n, Kind::summing, x, [=, kind = kind] { return nn::norm(kind, 4, nn::Affine::both, 1e-3, 2); }));
    if (kind == NormKind::layer) c.push_back(layer_case(n + " bias alone", Kind::summing, x, [=, kind = kind] { return nn::norm(kind, 4, nn::Affine::bias, 1e-3, 2); }));
    c.push_back(layer_case(n + " by class", Kind::summing, x, [=, kind = kind] { return nn::conditional_norm(kind, 4, 3, 1e-3, 0.1, 2); }, {2, 0, 2}));
    c.push_back(layer_case(n + " by style", Kind::product, x, [=, kind = kind] { return nn::adaptive_norm(kind, 4, 3, 1e-3, nn::init::zero(), 0.1, 2); }, {}, {3, 3}));
    c.push_back(layer_case(n + " by vector", Kind::product, x, [=, kind = kind] { return nn::projected_norm(kind, 4, 3, nn::init::zero(), false, 1e-3, 0.1, 2); }, {}, {3, 3}));
    c.push_back(layer_case(n + " by map", Kind::product, x, [=, kind = kind] { return nn::spatial_norm(kind, 4, 3, 2, {}, 1e-3, 0.1, 2); }, {}, {3, 4, 3, 3}, true));
  }
  c.push_back({"attention over pixels", Kind::product, {{2, 3, 2, 3}, {2, 2, 2, 3}, {2, 2, 2, 5}}, [](const Tensors& in) { return Tensors{nn::attend_pixels(in[0], in[1], in[2])}; }, -1, 1, false, 3});
  OpCase attention = layer_case("self attention", Kind::product, {2, 2, 3, 8}, [] { return nn::self_attention(8); });
  attention.low = -1, attention.high = 1;
  c.push_back(attention);
  for (const bool up : {false, true})
    for (const bool demodulated : {true, false})
      c.push_back(layer_case(std::string("modulated conv") + (up ? " to twice the size" : "") + (demodulated ? "" : ", not demodulated"), Kind::product, {2, 3, 2, 3},
                             [=] { return nn::modulated_conv(3, 2, 4, {.upsample = up, .demodulate = demodulated, .gain = 1.5}); }, {}, {2, 4}));
  c.push_back(layer_case("minibatch deviation", Kind::summing, {4, 2, 3, 3}, [] { return nn::minibatch_stddev(2); }));
  OpCase minibatch = layer_case("minibatch discrimination", Kind::product, {4, 3}, [] { return nn::minibatch_discrimination(3, 2, 2); });
  minibatch.low = -0.6, minibatch.high = 0.6;
  c.push_back(minibatch);
  const std::pair<nn::Transform, const char*> transforms[] = {{nn::Transform::affine, "affine"}, {nn::Transform::attention, "attention"}, {nn::Transform::similarity, "similarity"},
                                                              {nn::Transform::projective, "projective"}, {nn::Transform::tps, "thin plate spline"}};
  for (const auto& [transform, name] : transforms) {
    if (transform != nn::Transform::affine)
      c.push_back({std::string("transform grid, ") + name, Kind::summing, {{2, nn::parameters_of(transform)}}, [transform = transform](const Tensors& in) {
        const InTypeOf type(in[0]);
        return Tensors{nn::TransformGrid(transform, 4, 3, true)(in[0])};
      }, -0.4, 0.4, false, 0});
    OpCase layer = layer_case(std::string("spatial transformer, ") + name, Kind::product, {2, 3, 3, 2},
                              [transform = transform] { return nn::spatial_transformer(nn::reshape_to({18}), 18, {transform, 2, 2}); });
    layer.low = -0.2, layer.high = 0.2;
    c.push_back(layer);
  }
  OpCase dropout = layer_case("dropout", Kind::element_wise, {3, 5, 7}, [] { return nn::dropout(0.75); });
  const Function plain = dropout.f;
  dropout.f = [plain](const Tensors& in) {
    seed(3);  // the same elements are dropped each time, on every device
    return plain(in);
  };
  c.push_back(dropout);
  return c;
}

}  // namespace

const std::vector<OpCase>& block_cases() {
  static const std::vector<OpCase> cases = make_cases();
  return cases;
}

}  // namespace ganymede::test
