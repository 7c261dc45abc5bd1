#include "tests/engine/op_cases.h"

#include "engine/check.h"
#include "engine/ops.h"

namespace ganymede::test {
namespace {

Function one(Tensor (*f)(const Tensor&)) {
  return [f](const Tensors& in) { return Tensors{f(in[0])}; };
}
template <class F>
Function call(F f) {
  return [f](const Tensors& in) { return Tensors{f(in)}; };
}

// residual: its shape, or none.
OpCase conv_case(const std::string& name, bool transposed, const Shape& x, const Shape& w, ConvOptions o, bool bias, Activation f = {}, const Shape& residual = {}) {
  std::vector<Shape> shapes{x, w};
  if (bias) shapes.push_back({transposed ? w[3] * o.groups : w[0]});
  if (residual.rank()) shapes.push_back(residual);
  return {name, Kind::product, shapes, call([=](const Tensors& in) {
            const Tensor b = bias ? in[2] : Tensor{};
            const Tensor beside = residual.rank() ? in.back() : Tensor{};
            return transposed ? conv_transpose2d(in[0], in[1], b, o, f, beside) : conv2d(in[0], in[1], b, o, f, beside);
          })};
}

OpCase pair_case(const std::string& name, bool transposed, const Shape& first, int64_t second, const Shape& w, const ConvOptions& o, Activation f = {}) {
  Shape beside = first;
  beside[3] = second;
  return {name, Kind::product, {first, beside, w, {transposed ? w[3] : w[0]}}, call([=](const Tensors& in) {
            const ConvInput x{in[0], in[1]};
            return transposed ? conv_transpose2d(x, in[2], in[3], o, f) : conv2d(x, in[2], in[3], o, f);
          }), -2, 2, false, 2};
}

// A second convolution behind a first one's activation, whose derivative its gradient's store takes along.
OpCase chain_case(const std::string& name, bool transposed, const Shape& x, const Shape& w, const Shape& v, const ConvOptions& first, const ConvOptions& second, Activation f) {
  const auto conv = transposed ? conv_transpose2d : conv2d;
  return {name, Kind::product, {x, w, {transposed ? w[3] : w[0]}, v}, call([=](const Tensors& in) { return conv(conv(in[0], in[1], in[2], first, f, {}), in[3], {}, second, {}, {}); })};
}

using View = kernels::Norm (*)(const Tensor&, double);

// residual: the last input is one.
OpCase norm_case(const std::string& name, const Shape& x, View view, bool affine, Activation f = {}, bool residual = false) {
  const int64_t c = x[x.rank() - 1];
  std::vector<Shape> shapes{x};
  if (affine) shapes.insert(shapes.end(), {Shape{c}, Shape{c}});
  if (residual) shapes.push_back(x);
  return {name, Kind::summing, shapes, call([=](const Tensors& in) {
            return normalise(in[0], view(in[0], 1e-3), affine ? in[1] : Tensor{}, affine ? in[2] : Tensor{}, f, {}, residual ? in.back() : Tensor{}).y;
          })};
}

}  // namespace

std::vector<OpCase> tensor_cases() {
  const Shape odd{3, 5, 7};
  std::vector<OpCase> c;
  const auto unary_case = [&](const char* name, Tensor (*f)(const Tensor&), double low = -2, double high = 2, bool kinks = false) {
    c.push_back({name, Kind::element_wise, {odd}, one(f), low, high, kinks});
  };
  unary_case("exp", [](const Tensor& x) { return exp(x); });
  unary_case("log", [](const Tensor& x) { return log(x); }, 0.3, 3);
  unary_case("sqrt", [](const Tensor& x) { return sqrt(x); }, 0.3, 3);
  unary_case("rsqrt", [](const Tensor& x) { return rsqrt(x); }, 0.3, 3);
  unary_case("square", [](const Tensor& x) { return square(x); });
  unary_case("reciprocal", [](const Tensor& x) { return reciprocal(x); }, 0.3, 3);
  unary_case("sin", [](const Tensor& x) { return sin(x); });
  unary_case("cos", [](const Tensor& x) { return cos(x); });
  unary_case("abs", [](const Tensor& x) { return abs(x); }, -2, 2, true);
  unary_case("power", [](const Tensor& x) { return pow(x, 2.5); }, 0.3, 3);
  unary_case("clamp", [](const Tensor& x) { return clamp(x, -1, 1); }, -2, 2, true);
  unary_case("scale", [](const Tensor& x) { return scale(x, -1.5, 0.25); });
  unary_case("relu", [](const Tensor& x) { return relu(x); }, -2, 2, true);
  unary_case("leaky_relu", [](const Tensor& x) { return leaky_relu(x, 0.2); }, -2, 2, true);
  unary_case("elu", [](const Tensor& x) { return elu(x, 0.7); }, -2, 2, true);
  unary_case("selu", [](const Tensor& x) { return selu(x); }, -2, 2, true);
  unary_case("gelu", [](const Tensor& x) { return gelu(x); });
  unary_case("silu", [](const Tensor& x) { return silu(x); });
  unary_case("softplus", [](const Tensor& x) { return softplus(x, 1.5); });
  unary_case("sigmoid", [](const Tensor& x) { return sigmoid(x); });
  unary_case("tanh", [](const Tensor& x) { return tanh(x); });
  for (const auto& [op, name] : {std::pair{Unary::identity, "identity"}, {Unary::relu, "relu"}, {Unary::leaky_relu, "leaky_relu"}, {Unary::tanh, "tanh"},
                                 {Unary::sigmoid, "sigmoid"}, {Unary::softplus, "softplus"}, {Unary::gelu, "gelu"}})
    c.push_back({text("bias_activation ", name), Kind::summing, {{4, 3, 5}, {5}},
                 call([op = op](const Tensors& in) { return bias_activation(in[0], in[1], {op, 0.2}); }), -2, 2, op == Unary::relu || op == Unary::leaky_relu});

  for (const int64_t slopes : {1, 7})
    c.push_back({slopes == 1 ? "prelu shared" : "prelu", Kind::summing, {odd, {slopes}}, call([](const Tensors& in) { return prelu(in[0], in[1]); }), -2, 2, true});

  using Two = Tensor (*)(const Tensor&, const Tensor&);
  const auto binary_case = [&](const char* name, Two f, const Shape& a, const Shape& b, double low = -2, double high = 2) {
    c.push_back({name, Kind::summing, {a, b}, call([f](const Tensors& in) { return f(in[0], in[1]); }), low, high, false, 2});
  };
  binary_case("add", add, {3, 5, 7}, {3, 5, 7});
  binary_case("add broadcast", add, {3, 1, 7}, {5, 1});
  binary_case("sub", sub, {2, 3}, {3});
  binary_case("mul", mul, {3, 5, 7}, {3, 5, 7});
  binary_case("mul broadcast", mul, {3, 1, 7}, {2, 3, 5, 1});
  binary_case("div", div, {3, 5}, {5}, 0.4, 2);
  binary_case("maximum", maximum, {3, 5, 7}, {5, 7});
  binary_case("minimum", minimum, {3, 5, 7}, {3, 1, 7});
  binary_case("pow", [](const Tensor& a, const Tensor& b) { return pow(a, b); }, {3, 5}, {3, 5}, 0.4, 2);

  const auto reduce_case = [&](const char* name, const Shape& x, Function f, double low = -2) { c.push_back({name, Kind::summing, {x}, std::move(f), low}); };
  reduce_case("sum all", odd, call([](const Tensors& in) { return sum(in[0]); }));
  reduce_case("sum middle", odd, call([](const Tensors& in) { return sum(in[0], {1}); }));
  reduce_case("sum ends", odd, call([](const Tensors& in) { return sum(in[0], {0, 2}, true); }));
  reduce_case("mean pixels", {2, 3, 5, 4}, call([](const Tensors& in) { return mean(in[0], {1, 2}); }));
  reduce_case("max", odd, call([](const Tensors& in) { return max(in[0], {2}); }));
  reduce_case("min", odd, call([](const Tensors& in) { return min(in[0], {0, 1}); }));
  reduce_case("logsumexp", odd, call([](const Tensors& in) { return logsumexp(in[0], {1}); }));
  reduce_case("norm with eps, leading axes", odd, call([](const Tensors& in) { return norm(in[0], {0, 1}, false, 1e-3); }));
  reduce_case("norm with eps, apart", odd, call([](const Tensors& in) { return norm(in[0], {0, 2}, false, 1e-3); }));
  reduce_case("mean all", odd, call([](const Tensors& in) { return mean(in[0]); }));
  reduce_case("mean ends", odd, call([](const Tensors& in) { return mean(in[0], {0, 2}); }));
  reduce_case("norm", odd, call([](const Tensors& in) { return norm(in[0], {1, 2}); }));
  reduce_case("norm with eps", odd, call([](const Tensors& in) { return norm(in[0], {2}, true, 1e-3); }));
  const auto loss_case = [&](const char* name, LossForm form, bool of_two, bool kinks = false) {
    c.push_back({name, Kind::summing, of_two ? std::vector<Shape>{odd, odd} : std::vector<Shape>{odd}, call([=](const Tensors& in) { return loss_sum(form, in[0], of_two ? in[1] : Tensor{}); }),
                 -2, 2, kinks, of_two ? 2 : 1});
  };
  loss_case("loss_sum", {Unary::identity, -0.5, 0.25, 3}, false);
  loss_case("loss_sum square", {Unary::square, 1, -0.75, 0.1}, false);
  loss_case("loss_sum square of two", {Unary::square, 1, 0, 0.1}, true);
  loss_case("loss_sum abs", {Unary::abs, -1, 0, 0.1}, false, true);
  loss_case("loss_sum abs of two", {Unary::abs, 0.5, 8, 0.1}, true);
  loss_case("loss_sum relu", {Unary::relu, -1, 1, 0.1}, false, true);
  loss_case("loss_sum softplus", {Unary::softplus, -1, 0, 0.1}, false);
  loss_case("loss_sum softplus of two", {Unary::softplus, 2, 0.5, 0.1}, true);
  loss_case("loss_sum sigmoid", {Unary::sigmoid, 1, 0, 0.1}, false);
  c.push_back({"mix", Kind::element_wise, {odd, odd, {3, 1, 1}}, call([](const Tensors& in) { return mix(in[0], in[1], in[2]); }), -2, 2, false, 2});
  reduce_case("broadcast_to", {3, 1, 2}, call([](const Tensors& in) { return broadcast_to(in[0], {2, 3, 4, 2}); }));

  reduce_case("reshape", odd, call([](const Tensors& in) { return reshape(in[0], std::vector<int64_t>{7, -1}); }));
  reduce_case("permute", odd, call([](const Tensors& in) { return permute(in[0], {2, 0, 1}); }));
  reduce_case("transpose", odd, call([](const Tensors& in) { return transpose(in[0]); }));
  reduce_case("slice rows", odd, call([](const Tensors& in) { return slice(in[0], 0, 1, 3); }));
  reduce_case("slice inner", odd, call([](const Tensors& in) { return slice(in[0], 2, 2, 5); }));
  c.push_back({"join", Kind::element_wise, {{2, 5, 7}, {1, 5, 7}}, call([](const Tensors& in) { return join(in, in[0].dtype()); }), -2, 2, false, 2});
  c.push_back({"split", Kind::element_wise, {{6, 5}}, [](const Tensors& in) {
                 const Tensors parts = split(in[0], 3);
                 return Tensors{parts[0], parts[2] * 2.0};
               }});
  reduce_case("flip", odd, call([](const Tensors& in) { return flip(in[0], 1); }));
  reduce_case("roll", odd, call([](const Tensors& in) { return roll(in[0], 2, 2); }));
  reduce_case("pad_zero", odd, call([](const Tensors& in) { return pad_zero(in[0], {0, 1, 2}, {1, 0, 3}); }));
  c.push_back({"concat", Kind::summing, {{2, 3, 4}, {2, 1, 4}, {2, 2, 4}}, call([](const Tensors& in) { return concat(in, 1); }), -2, 2, false, 3});
  c.push_back({"stack", Kind::summing, {{2, 3}, {2, 3}}, call([](const Tensors& in) { return stack(in); }), -2, 2, false, 2});

  for (const bool ta : {false, true})
    for (const bool tb : {false, true})
      c.push_back({"matmul " + std::string(ta ? "T" : "N") + (tb ? "T" : "N"), Kind::product, {ta ? Shape{2, 5, 3} : Shape{2, 3, 5}, tb ? Shape{7, 5} : Shape{5, 7}},
                   call([=](const Tensors& in) { return matmul(in[0], in[1], ta, tb); })});
  c.push_back({"linear", Kind::product, {{5, 7}, {3, 7}, {3}}, call([](const Tensors& in) { return linear(in[0], in[1], in[2]); })});
  c.push_back({"linear tanh", Kind::product, {{2, 3, 7}, {5, 7}}, call([](const Tensors& in) { return linear(in[0], in[1], {}, {Unary::tanh}); })});

  c.push_back(conv_case("conv2d 3x3", false, {2, 5, 6, 3}, {4, 3, 3, 3}, {{1, 1}, {1, 1}}, true));
  c.push_back(conv_case("conv2d k4 s2 tanh", false, {2, 8, 8, 3}, {5, 4, 4, 3}, {{2, 2}, {1, 1}}, true, {Unary::tanh}));
  c.push_back(conv_case("conv2d odd", false, {1, 7, 5, 2}, {3, 2, 3, 2}, {{3, 2}, {2, 0}, {1, 2}}, false));
  c.push_back(conv_case("conv2d groups", false, {2, 4, 4, 6}, {4, 3, 3, 3}, {{1, 1}, {1, 1}, {1, 1}, {0, 0}, 2}, true));
  c.push_back(conv_case("conv2d 1x1", false, {2, 3, 3, 9}, {8, 1, 1, 9}, {}, false));
  const auto bordered = [](std::array<int, 2> stride, std::array<int, 2> padding, Padding border, std::array<int, 2> dilation = {1, 1}, int groups = 1) {
    return ConvOptions{stride, padding, dilation, {0, 0}, groups, border};
  };
  c.push_back(conv_case("conv2d reflect", false, {2, 5, 6, 3}, {4, 3, 3, 3}, bordered({1, 1}, {1, 1}, Padding::reflect), true, {Unary::leaky_relu, 0.2}));
  c.push_back(conv_case("conv2d reflect odd", false, {1, 7, 5, 2}, {3, 2, 3, 2}, bordered({3, 2}, {4, 1}, Padding::reflect, {1, 2}), false));
  c.push_back(conv_case("conv2d reflect k7", false, {1, 5, 4, 3}, {5, 7, 7, 3}, bordered({1, 1}, {3, 3}, Padding::reflect), true));
  c.push_back(conv_case("conv2d reflect to few", false, {2, 4, 6, 8}, {3, 3, 3, 8}, bordered({1, 1}, {2, 1}, Padding::reflect), true, {Unary::tanh}));
  c.push_back(conv_case("conv2d replicate s2", false, {2, 6, 5, 8}, {8, 4, 4, 8}, bordered({2, 2}, {1, 1}, Padding::replicate), true));
  c.push_back(conv_case("conv2d replicate groups", false, {1, 3, 4, 6}, {4, 3, 3, 3}, bordered({1, 2}, {5, 0}, Padding::replicate, {2, 1}, 2), false));
  c.push_back(conv_case("conv_transpose2d k4 s2", true, {2, 4, 3, 5}, {5, 4, 4, 3}, {{2, 2}, {1, 1}}, true));
  c.push_back(conv_case("conv_transpose2d k5 s2 op1 tanh", true, {1, 3, 3, 4}, {4, 5, 5, 2}, {{2, 2}, {2, 2}, {1, 1}, {1, 1}}, true, {Unary::tanh}));
  const auto shuffled = [](std::array<int, 2> stride, std::array<int, 2> padding, int factor) {
    ConvOptions o{stride, padding};
    o.shuffle = factor;
    return o;
  };
  c.push_back(conv_case("conv2d shuffle 2", false, {2, 3, 4, 5}, {12, 3, 3, 5}, shuffled({1, 1}, {1, 1}, 2), true));
  c.push_back(conv_case("conv2d shuffle 3 residual tanh", false, {1, 4, 5, 8}, {45, 2, 3, 8}, shuffled({2, 1}, {1, 1}, 3), true, {Unary::tanh}, {1, 9, 15, 5}));
  c.push_back(conv_case("conv2d shuffle 2 leaky", false, {1, 3, 2, 7}, {32, 1, 1, 7}, shuffled({1, 1}, {0, 0}, 2), false, {Unary::leaky_relu, 0.2}));
  c.push_back(conv_case("conv2d residual", false, {2, 5, 6, 3}, {4, 3, 3, 3}, {{1, 1}, {1, 1}}, false, {}, {2, 5, 6, 4}));
  c.push_back(conv_case("conv2d residual groups sigmoid", false, {1, 4, 5, 6}, {4, 3, 3, 3}, {{1, 1}, {1, 1}, {1, 1}, {0, 0}, 2}, true, {Unary::sigmoid}, {1, 4, 5, 4}));
  c.push_back(conv_case("conv2d residual reflect leaky", false, {2, 5, 4, 9}, {8, 3, 3, 9}, bordered({1, 1}, {1, 1}, Padding::reflect), true, {Unary::leaky_relu, 0.2}, {2, 5, 4, 8}));
  c.push_back(conv_case("conv_transpose2d residual k4 s2 sigmoid", true, {2, 4, 3, 5}, {5, 4, 4, 3}, {{2, 2}, {1, 1}}, true, {Unary::sigmoid}, {2, 8, 6, 3}));
  c.push_back(conv_case("conv_transpose2d residual from 1x1", true, {3, 1, 1, 7}, {7, 4, 4, 5}, {}, false, {}, {3, 4, 4, 5}));
  c.push_back(conv_case("conv_transpose2d from 1x1", true, {3, 1, 1, 7}, {7, 4, 4, 5}, {}, false));

  c.push_back(chain_case("conv2d of leaky conv2d", false, {1, 6, 5, 3}, {7, 3, 3, 3}, {9, 3, 2, 7}, {{1, 1}, {1, 1}}, {{2, 1}, {1, 0}}, {Unary::leaky_relu, 0.2}));
  c.push_back(chain_case("conv2d of relu conv2d, few channels", false, {1, 6, 5, 3}, {16, 3, 3, 3}, {2, 3, 3, 16}, {{1, 1}, {1, 1}}, {{1, 1}, {1, 1}}, {Unary::relu}));
  c.push_back(chain_case("conv2d of relu conv2d, to one pixel", false, {3, 5, 4, 8}, {8, 2, 1, 8}, {5, 4, 4, 8}, {}, {}, {Unary::relu}));
  c.push_back(chain_case("conv2d reflect of leaky conv2d", false, {1, 5, 4, 6}, {8, 1, 1, 6}, {3, 3, 3, 8}, {}, bordered({1, 1}, {1, 1}, Padding::reflect), {Unary::leaky_relu, 0.1}));
  c.push_back(chain_case("conv_transpose2d of relu conv_transpose2d", true, {1, 3, 3, 5}, {5, 4, 4, 8}, {8, 4, 4, 6}, {{2, 2}, {1, 1}}, {{2, 2}, {1, 1}}, {Unary::relu}));
  c.push_back({"conv2d of relu, residual around", Kind::product, {{1, 4, 5, 8}, {8, 3, 3, 8}}, call([](const Tensors& in) { return conv2d(relu(in[0]), in[1], {}, {{1, 1}, {1, 1}}, {}, in[0]); }), -2, 2, true});
  c.push_back({"conv2d of shuffled leaky conv2d", Kind::product, {{1, 3, 4, 5}, {24, 3, 3, 5}, {4, 3, 3, 6}}, call([=](const Tensors& in) {
                 return conv2d(conv2d(in[0], in[1], {}, shuffled({1, 1}, {1, 1}, 2), {Unary::leaky_relu, 0.2}), in[2], {}, {});
               })});

  c.push_back(pair_case("conv2d of two", false, {2, 5, 6, 3}, 5, {4, 3, 3, 8}, {{1, 1}, {1, 1}}));
  c.push_back(pair_case("conv2d of two k4 s2 leaky", false, {1, 6, 8, 8}, 8, {16, 4, 4, 16}, {{2, 2}, {1, 1}}, {Unary::leaky_relu, 0.2}));
  c.push_back(pair_case("conv2d of two reflect", false, {1, 5, 6, 2}, 7, {5, 3, 3, 9}, bordered({1, 1}, {1, 1}, Padding::reflect)));
  c.push_back(pair_case("conv_transpose2d of two", true, {1, 4, 3, 8}, 8, {16, 4, 4, 6}, {{2, 2}, {1, 1}}));
  c.push_back(pair_case("conv_transpose2d of two odd tanh", true, {2, 3, 3, 1}, 6, {7, 5, 5, 3}, {{2, 2}, {2, 2}, {1, 1}, {1, 1}}, {Unary::tanh}));

  c.push_back(norm_case("batch norm", {4, 3, 2, 5}, batch_view, true));
  c.push_back(norm_case("batch norm leaky", {3, 2, 3, 4}, batch_view, true, {Unary::leaky_relu, 0.2}));
  c.push_back(norm_case("batch norm plain tanh", {3, 2, 3, 4}, batch_view, false, {Unary::tanh}));
  c.push_back(norm_case("layer norm relu", {3, 2, 3, 4}, layer_view, true, {Unary::relu}));
  c.push_back(norm_case("instance norm tanh", {2, 3, 5, 3}, instance_view, true, {Unary::tanh}));
  c.push_back(norm_case("instance norm", {2, 3, 5, 3}, instance_view, true));
  c.push_back(norm_case("layer norm", {3, 2, 3, 4}, layer_view, true));
  c.push_back(norm_case("pixel norm", {2, 2, 3, 5}, pixel_view, false));
  c.push_back(norm_case("batch norm, residual", {4, 3, 2, 5}, batch_view, true, {}, true));
  c.push_back(norm_case("batch norm, residual, relu", {3, 2, 3, 4}, batch_view, true, {Unary::relu}, true));
  c.push_back(norm_case("batch norm, residual, gelu", {3, 2, 3, 4}, batch_view, false, {Unary::gelu}, true));
  c.push_back(norm_case("instance norm, residual", {2, 3, 5, 3}, instance_view, false, {}, true));
  c.push_back(norm_case("instance norm, residual, leaky", {2, 3, 5, 8}, instance_view, true, {Unary::leaky_relu, 0.2}, true));
  c.push_back(norm_case("layer norm, residual, tanh", {3, 2, 3, 4}, layer_view, true, {Unary::tanh}, true));
  c.push_back(norm_case("pixel norm, residual, tanh", {2, 2, 3, 5}, pixel_view, false, {Unary::tanh}, true));
  c.push_back({"norm, residual x itself", Kind::summing, {{2, 3, 3, 4}}, call([](const Tensors& in) { return normalise(in[0], instance_view(in[0], 1e-3), {}, {}, {Unary::tanh}, {}, in[0]).y; })});
  c.push_back({"group norm", Kind::summing, {{2, 3, 2, 6}, {6}, {6}}, call([](const Tensors& in) { return normalise(in[0], group_view(in[0], 3, 1e-3), in[1], in[2]).y; })});
  c.push_back({"norm, gain alone", Kind::summing, {{3, 2, 3, 4}, {4}}, call([](const Tensors& in) { return normalise(in[0], batch_view(in[0], 1e-3), in[1], {}).y; })});
  c.push_back({"norm, bias alone", Kind::summing, {{3, 2, 3, 4}, {4}}, call([](const Tensors& in) { return normalise(in[0], layer_view(in[0], 1e-3), {}, in[1]).y; })});
  c.push_back({"norm of samples", Kind::summing, {{3, 2, 2, 3}, {12}, {12}}, call([](const Tensors& in) { return normalise(in[0], sample_view(in[0], 1e-3), in[1], in[2]).y; })});
  c.push_back({"conditional norm", Kind::summing, {{2, 3, 3, 4}, {2, 4}, {2, 4}},
               call([](const Tensors& in) { return normalise(in[0], instance_view(in[0], 1e-3), in[1], in[2]).y; })});
  return c;
}

const std::vector<OpCase>& op_cases() {
  static const std::vector<OpCase> cases = [] {
    std::vector<OpCase> all = tensor_cases();
    for (OpCase& c : picture_cases()) all.push_back(std::move(c));
    return all;
  }();
  return cases;
}

}  // namespace ganymede::test
