#include "engine/ops/conv.h"

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/reduce.h"
#include "engine/ops/use_record.h"
#include "engine/ops/weights.h"

namespace ganymede {

using kernels::Kernels;
using kernels::padded_problem;
using kernels::Stream;
using Problem = kernels::Conv2d;

namespace {

Shape x_shape(const Problem& p) { return {p.n, p.h, p.w, p.c}; }
Shape y_shape(const Problem& p, int r = 1) { return {p.n, p.p * r, p.q * r, p.k / (r * r)}; }  // r: pixel-shuffled
Shape w_shape(const Problem& p) { return {p.k, p.r, p.s, p.c / p.groups}; }
DType weight_type(DType activations) { return activations == DType::bf16 ? DType::f32 : activations; }

thread_local int64_t launched = 0;

struct Fused {
  Tensor bias;
  Activation f;
  Tensor residual;
  int shuffle = 1;
};

kernels::Epilogue epilogue(const Fused& fused) {
  return {fused.bias.defined() ? fused.bias.data() : nullptr, fused.f.op, fused.f.alpha, fused.residual.defined() ? fused.residual.data() : nullptr, fused.shuffle};
}

PadAmounts border_amounts(const Problem& p) { return {p.pad_w, p.pad_w, p.pad_h, p.pad_h}; }

// On plan: of the device that is planned for.
bool reads_border(kernels::Conv2dRole role, const Problem& p, const Device& device) {
  return p.border == Padding::zero || asked_of(device, true, [&](const Kernels& k) { return k.conv2d.reads_border(role, p); });
}

// What forward or the weight gradient of p is computed of: x itself, or x with its border around it, which nobody differentiates.
struct Image {
  Problem problem;
  Tensor x;
};
Image image_of(kernels::Conv2dRole role, const Problem& p, const Tensor& x) {
  if (reads_border(role, p, x.device())) return {p, x};
  ContextScope scope;
  context().recording = false;
  return {padded_problem(p), pad(x, border_amounts(p), p.border)};
}

// dx of the gradient of x with its border around it.
Tensor without_border(const Problem& p, const Tensor& padded) {
  if (p.border == Padding::zero) return padded;
  ContextScope scope;
  context().recording = false;
  return pad_adjoint(padded, p.h, p.w, border_amounts(p), p.border);
}

Tensor forward(const Problem& p, const Tensor& x, const Tensor& w, const Fused& fused = {});
Tensor data_gradient(const Problem& p, const Tensor& g, const Tensor& w, const Fused& fused = {});
Tensor weight_gradient(const Problem& p, const Tensor& x, const Tensor& g);

// Forward and data gradient differ in direction only: `in` and `out` are the ends of the problem they map between. Borders are linear:
// y = conv(B x) has dx = B' of the data gradient of B x.
Tensor apply(const char* name, bool is_forward, const Problem& p, const Tensor& in, const Tensor& w, const Fused& given) {
  const Tensor a = cast(in, p.dtype);
  require(a.shape() == (is_forward ? x_shape(p) : y_shape(p)) && w.shape() == w_shape(p), name, ": operands of shape ", in.shape(), " and ", w.shape());
  const auto role = is_forward ? kernels::Conv2dRole::forward : kernels::Conv2dRole::data_gradient;
  const Image image = is_forward ? image_of(role, p, a) : Image{padded_problem(p), a};
  Fused fused = given;
  Tensor y(is_forward ? y_shape(p, fused.shuffle) : x_shape(image.problem), p.dtype, in.device());
  if (fused.residual) {
    require(fused.residual.shape() == y.shape() && fused.residual.device() == y.device(), name, ": residual of shape ", fused.residual.shape(), " on ", fused.residual.device(),
            " beside a result of shape ", y.shape(), " on ", y.device());
    fused.residual = cast(fused.residual, p.dtype);
  }
  const WeightOperand weight = weight_operand(w, p.dtype);
  const Tensor memory = workspace(in.device(), [&](const Kernels& k) {
    return is_forward ? k.conv2d.forward_workspace(image.problem) : k.conv2d.data_gradient_workspace(image.problem);
  });
  ++launched;
  ConvolutionRecord::note({role, image.problem});
  launch(in.device(), [is_forward, p = image.problem, x = image.x.data(), weight = weight.operand(), hold = weight.held(), e = epilogue(fused),
                       q = y.data(), ws = data_or_null(memory)](const Kernels& k, Stream s) {
    if (is_forward) k.conv2d.forward(s, p, x, weight, q, e, ws);
    else k.conv2d.data_gradient(s, p, x, weight, q, e, ws);
  });
  if (!is_forward) y = without_border(p, y);
  const bool keep = !fused.f.none();
  return record(name, y, {a, w, fused.bias, fused.residual}, [=, sa = Saved(name, a), sw = Saved(name, w), f = fused.f, shuffle = fused.shuffle,
                                              bias_shape = fused.bias.defined() ? fused.bias.shape() : Shape{}, bias_type = fused.bias.defined() ? fused.bias.dtype() : DType::f32](Backward& b) {
    // Of shuffled sums: f's argument, whose gradient is the residual's too, as it lies in y, then as the convolution sees it.
    const Tensor shuffled = shuffle > 1 ? activation_gradient(f, keep ? b.output() : Tensor{}, b.grad()) : Tensor{};
    const auto [g, to_bias] = shuffled ? bias_activation_gradient({}, {}, pixel_unshuffle(shuffled, shuffle), b.needs(2), bias_shape, bias_type)
                                       : bias_activation_gradient(f, keep ? b.output() : Tensor{}, b.grad(), b.needs(2), bias_shape, bias_type);
    if (b.needs(0)) b.results[0] = is_forward ? data_gradient(p, g, sw()) : forward(p, g, sw());
    if (b.needs(1)) b.results[1] = is_forward ? weight_gradient(p, sa(), g) : weight_gradient(p, g, sa());
    b.results[2] = to_bias;
    if (b.needs(3)) b.results[3] = shuffled ? shuffled : g;
  }, keep);
}

Tensor forward(const Problem& p, const Tensor& x, const Tensor& w, const Fused& fused) { return apply("conv2d", true, p, x, w, fused); }

Tensor data_gradient(const Problem& p, const Tensor& g, const Tensor& w, const Fused& fused) {
  return apply("conv2d data gradient", false, p, g, w, fused);
}

Tensor weight_gradient(const Problem& p, const Tensor& in_x, const Tensor& in_g) {
  const Tensor x = cast(in_x, p.dtype), g = cast(in_g, p.dtype);
  const Image image = image_of(kernels::Conv2dRole::weight_gradient, p, x);
  Tensor w(w_shape(p), weight_type(p.dtype), x.device());
  const Tensor memory = workspace(x.device(), [&](const Kernels& k) { return k.conv2d.weight_gradient_workspace(image.problem); });
  ++launched;
  ConvolutionRecord::note({kernels::Conv2dRole::weight_gradient, image.problem});
  launch(x.device(), [p = image.problem, px = image.x.data(), pg = g.data(), pw = w.data(), ws = data_or_null(memory)](const Kernels& k, Stream s) {
    k.conv2d.weight_gradient(s, p, px, pg, pw, ws);
  });
  return record("conv2d weight gradient", w, {x, g}, [p, sx = Saved("conv2d weight gradient", x), sg = Saved("conv2d weight gradient", g)](Backward& b) {
    if (b.needs(0)) b.results[0] = data_gradient(p, sg(), b.grad());
    if (b.needs(1)) b.results[1] = forward(p, sx(), b.grad());
  });
}

// The dtype and arithmetic that the context asks for.
void set_precision(Problem& p, DType x) {
  const Arithmetic a = arithmetic(x);
  p.dtype = a.dtype, p.math = a.math;
}

void check_operands(const char* op, const Tensor& x, const Tensor& w, const Tensor& bias, int64_t bias_size, const ConvOptions& o, bool activation_ok) {
  require(x.rank() == 4 && w.rank() == 4, op, ": x ", x.shape(), " and w ", w.shape(), " must be [N, H, W, C] and [K, R, S, C/groups]");
  require(x.device() == w.device(), op, ": x on ", x.device(), ", w on ", w.device());
  require(o.groups > 0 && o.stride[0] > 0 && o.stride[1] > 0 && o.dilation[0] > 0 && o.dilation[1] > 0 && o.padding[0] >= 0 && o.padding[1] >= 0,
          op, ": stride, dilation and groups must be positive and padding not negative");
  require(!bias.defined() || (bias.rank() == 1 && bias.dim(0) == bias_size), op, ": bias of shape ", bias.defined() ? bias.shape() : Shape{}, ", expected [", bias_size, "]");
  require(activation_ok, op, ": this activation cannot be fused");
}

bool fusable(Unary op) {
  return op == Unary::identity || op == Unary::relu || op == Unary::leaky_relu || op == Unary::sigmoid || op == Unary::tanh;
}

}  // namespace

int64_t conv_launches() { return launched; }

kernels::Conv2d conv_problem(const Shape& x, const Shape& w, const ConvOptions& o) {
  Problem p{};
  p.n = int(x[0]), p.h = int(x[1]), p.w = int(x[2]), p.c = int(x[3]);
  p.k = int(w[0]), p.r = int(w[1]), p.s = int(w[2]);
  p.stride_h = o.stride[0], p.stride_w = o.stride[1], p.pad_h = o.padding[0], p.pad_w = o.padding[1];
  p.dilation_h = o.dilation[0], p.dilation_w = o.dilation[1], p.groups = o.groups;
  if (p.pad_h > 0 || p.pad_w > 0) p.border = o.border;
  const auto out = [](int in, int kernel, int stride, int pad, int dilation) { return (in + 2 * pad - dilation * (kernel - 1) - 1 + stride) / stride; };
  p.p = out(p.h, p.r, p.stride_h, p.pad_h, p.dilation_h);
  p.q = out(p.w, p.s, p.stride_w, p.pad_w, p.dilation_w);
  return p;
}

Tensor conv2d(const Tensor& x, const Tensor& w, const Tensor& bias, const ConvOptions& o, const Activation& f, const Tensor& residual) {
  check_operands("conv2d", x, w, bias, w.dim(0), o, true);
  if (!fusable(f.op)) return activate(conv2d(x, w, bias, o, {}, residual), f);
  Problem p = conv_problem(x.shape(), w.shape(), o);
  require(p.c % o.groups == 0 && p.k % o.groups == 0 && p.c / o.groups == w.dim(3), "conv2d: x ", x.shape(), " has ", p.c, " channels, w ", w.shape(),
          " expects ", w.dim(3) * o.groups, " (", o.groups, " groups)");
  require(p.p > 0 && p.q > 0, "conv2d: a ", p.r, "x", p.s, " filter with padding ", p.pad_h, ",", p.pad_w, " does not fit x ", x.shape());
  require(p.border != Padding::reflect || (p.pad_h < p.h && p.pad_w < p.w), "conv2d: reflection by ", p.pad_h, ",", p.pad_w,
          " needs more than as many pixels, x is ", x.shape());
  set_precision(p, x.dtype());
  require(o.shuffle > 0 && p.k % (o.shuffle * o.shuffle) == 0, "conv2d: ", p.k, " channels do not divide into squares of ", o.shuffle);
  if (o.shuffle > 1 && !asked_of(x.device(), true, [&](const Kernels& k) { return k.conv2d.shuffles(p, o.shuffle); })) {
    ConvOptions plain = o;
    plain.shuffle = 1;
    const Tensor y = pixel_shuffle(conv2d(x, w, bias, plain, residual ? Activation{} : f), o.shuffle);
    return residual ? add_then_activate(y, residual, f) : y;
  }
  // Where both directions would pad, one copy serves both.
  if (!reads_border(kernels::Conv2dRole::forward, p, x.device()) && !reads_border(kernels::Conv2dRole::weight_gradient, p, x.device()))
    return forward(padded_problem(p), pad(cast(x, p.dtype), border_amounts(p), p.border), w, {bias, f, residual});
  return forward(p, x, w, {bias, f, residual, o.shuffle});
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& w, const Tensor& bias, const ConvOptions& o, const Activation& f, const Tensor& residual) {
  check_operands("conv_transpose2d", x, w, bias, w.dim(3) * o.groups, o, true);
  if (!fusable(f.op)) return activate(conv_transpose2d(x, w, bias, o, {}, residual), f);
  require(x.dim(3) == w.dim(0) && w.dim(0) % o.groups == 0, "conv_transpose2d: x ", x.shape(), " has ", x.dim(3), " channels, w ", w.shape(), " expects ", w.dim(0));
  require(o.shuffle == 1, "conv_transpose2d: does not shuffle pixels; pixel_shuffle its result");
  require(o.border == Padding::zero, "conv_transpose2d: its padding crops the output, so it has no border to fill; pad x first");
  const auto out = [&](int i) {
    const int64_t kernel = w.dim(1 + i);
    require(o.output_padding[i] >= 0 && o.output_padding[i] < std::max(o.stride[i], o.dilation[i]), "conv_transpose2d: output padding ",
            o.output_padding[i], " must be smaller than the stride ", o.stride[i], " or the dilation ", o.dilation[i]);
    return (x.dim(1 + i) - 1) * o.stride[i] - 2 * o.padding[i] + o.dilation[i] * (kernel - 1) + o.output_padding[i] + 1;
  };
  const Shape y{x.dim(0), std::max<int64_t>(out(0), 0), std::max<int64_t>(out(1), 0), w.dim(3) * o.groups};
  require(y[1] > 0 && y[2] > 0, "conv_transpose2d: x ", x.shape(), " with a ", w.dim(1), "x", w.dim(2), " filter gives an empty output ", y);
  Problem p = conv_problem(y, w.shape(), o);
  p.p = int(x.dim(1)), p.q = int(x.dim(2));
  set_precision(p, x.dtype());
  return data_gradient(p, x, w, {bias, f, residual});
}

}  // namespace ganymede
