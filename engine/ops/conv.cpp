#include "engine/ops/conv.h"

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
#include "engine/ops/use_record.h"
#include "engine/ops/weights.h"

namespace ganymede {

using kernels::Conv2dRole;
using kernels::joined_problem;
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
  Mask mask = {};   // alone: the result is the sum times it
};

kernels::Epilogue epilogue(const Fused& fused) {
  if (fused.mask) return {.bias = nullptr, .activation = Unary::identity, .alpha = fused.mask.below, .mask = fused.mask.of().data()};
  return {fused.bias.defined() ? fused.bias.data() : nullptr, fused.f.op, fused.f.alpha, fused.residual.defined() ? fused.residual.data() : nullptr, fused.shuffle};
}

PadAmounts border_amounts(const Problem& p) { return {p.pad_w, p.pad_w, p.pad_h, p.pad_h}; }

// On plan: of the device that is planned for.
bool reads_border(Conv2dRole role, const Problem& p, const Device& device) {
  return p.border == Padding::zero || asked_of(device, true, [&](const Kernels& k) { return k.conv2d.reads_border(role, p); });
}

// An end of a problem: one tensor, or two side by side in channels, of which `first` channels are the first's.
Tensor joined(const Tensors& parts) { return parts.size() == 1 ? parts[0] : concat(parts, 3); }
std::vector<Shape> part_shapes(const Shape& whole, int first) {
  if (first == 0) return {whole};
  Shape left = whole, right = whole;
  left[3] = first, right[3] -= first;
  return {left, right};
}
// Those that are wanted; the others are undefined.
Tensors parts_of(const Tensor& whole, int first, const std::vector<bool>& wanted) {
  if (first == 0) return {whole};
  return {wanted[0] ? slice(whole, 3, 0, first) : Tensor{}, wanted[1] ? slice(whole, 3, first, whole.dim(3)) : Tensor{}};
}
template <class Image, class Parts>
Image place_of(const Parts& parts) { return {parts[0].data(), parts.size() > 1 ? parts[1].data() : nullptr}; }

// Whether the device's kernels take p as it is; else it is computed of what lies in two tensors joined, all of it in recorded ops.
bool takes_pairs(Conv2dRole role, const Problem& p, const Device& device) {
  return !has_pair(p) || asked_of(device, true, [&](const Kernels& k) { return k.conv2d.takes_pairs(role, p); });
}

// Whether the device's kernels multiply a result that is one tensor by a mask as they store it: not one that is folded first.
bool masks(Conv2dRole role, const Problem& p, const Device& device) {
  if (role == Conv2dRole::forward ? p.k_first > 0 : p.c_first > 0 || p.border != Padding::zero) return false;
  return asked_of(device, true, [&](const Kernels& k) { return k.conv2d.masks(role, takes_pairs(role, p, device) ? p : joined_problem(p)); });
}

// What forward or the weight gradient of p is computed of: x itself, or x with its border around it, which nobody differentiates. (Who
// takes a pair reads its border.)
struct Image {
  Problem problem;
  Tensors x;
};
Image image_of(Conv2dRole role, const Problem& p, const Tensors& x) {
  if (reads_border(role, p, x[0].device())) return {p, x};
  ContextScope scope;
  context().recording = false;
  return {padded_problem(p), {pad(x[0], border_amounts(p), p.border)}};
}

// dx of the gradient of x with its border around it.
Tensor without_border(const Problem& p, const Tensor& padded) {
  if (p.border == Padding::zero) return padded;
  ContextScope scope;
  context().recording = false;
  return pad_adjoint(padded, p.h, p.w, border_amounts(p), p.border);
}

Tensors multiply(Conv2dRole role, const Problem& p, const Tensors& in, const Tensor& w, const Fused& fused = {}, const std::vector<bool>& wanted = {true, true});
Tensor weight_gradient(const Problem& p, const Tensors& x, const Tensors& g);

// What a direction gives `count` inputs of a node from `first` on: where one is f(u) and f' a mask, u's gradient, multiplied by it in the store.
void give(Backward& b, int first, size_t count, Conv2dRole role, const Problem& p, const Tensors& from, const Tensor& w) {
  const std::vector<bool> wanted{b.needs(first), count > 1 && b.needs(first + 1)};
  if (!wanted[0] && !wanted[1]) return;
  Fused fused;
  if (count == 1 && masks(role, p, w.device())) fused.mask = b.mask(first);
  const Tensors results = multiply(role, p, from, w, fused, wanted);
  for (size_t i = 0; i < count; ++i)
    if (wanted[i]) b.results[first + int(i)] = results[i];
  b.masked[first] = bool(fused.mask);
}

Conv2dRole opposite(Conv2dRole role) { return role == Conv2dRole::forward ? Conv2dRole::data_gradient : Conv2dRole::forward; }
const char* name_of(Conv2dRole role) { return role == Conv2dRole::forward ? "conv2d" : "conv2d data gradient"; }

Tensors cast_all(const Tensors& parts, DType dtype) {
  Tensors all;
  for (const Tensor& t : parts) all.push_back(cast(t, dtype));
  return all;
}
void check_parts(const char* name, const Tensors& in, const std::vector<Shape>& shapes, const Tensor& w, const Problem& p) {
  bool good = in.size() == shapes.size() && w.shape() == w_shape(p);
  for (size_t i = 0; good && i < in.size(); ++i) good = in[i].shape() == shapes[i];
  require(good, name, ": operands of shape ", in[0].shape(), " and ", w.shape());
}

// The cotangents of several outputs, of which those that are zero are not there.
Tensors cotangents(const Backward& b, const std::vector<Shape>& shapes, DType dtype, const Device& device) {
  Tensors all;
  for (size_t i = 0; i < shapes.size(); ++i) all.push_back(b.grad(int(i)).defined() ? b.grad(int(i)) : full(shapes[i], 0, dtype, device));
  return all;
}

std::vector<Saved> saved(const char* name, const Tensors& parts) {
  std::vector<Saved> all;
  for (const Tensor& t : parts) all.emplace_back(name, t);
  return all;
}
Tensors values(const std::vector<Saved>& parts) {
  Tensors all;
  for (const Saved& s : parts) all.push_back(s());
  return all;
}

// Of what the kernels take as it is. Forward and data gradient differ in direction only: `in` and the result are the ends of the problem
// they map between. Borders are linear: y = conv(B x) has dx = B' of the data gradient of B x.
Tensors launch_direction(Conv2dRole role, const Problem& p, const Tensors& in, const Tensor& w, const Fused& given) {
  const bool is_forward = role == Conv2dRole::forward;
  const char* name = name_of(role);
  const Device device = in[0].device();
  const auto x_shapes = part_shapes(x_shape(p), p.c_first), y_shapes = part_shapes(y_shape(p, given.shuffle), p.k_first);
  const Tensors a = cast_all(in, p.dtype);
  check_parts(name, a, is_forward ? x_shapes : y_shapes, w, p);
  const Image image = is_forward ? image_of(role, p, a) : Image{padded_problem(p), a};
  Tensors y;
  for (const Shape& s : is_forward ? y_shapes : part_shapes(x_shape(image.problem), p.c_first)) y.push_back(Tensor(s, p.dtype, device));
  Fused fused = given;
  if (fused.residual) {
    require(y.size() == 1 && fused.residual.shape() == y[0].shape() && fused.residual.device() == device, name, ": residual of shape ", fused.residual.shape(), " on ", fused.residual.device(),
            " beside a result of shape ", y[0].shape(), " on ", device);
    fused.residual = cast(fused.residual, p.dtype);
  }
  const Activation f = fused.mask ? Activation{Unary::leaky_relu, fused.mask.below} : fused.f;
  const Mask mask = fused.mask ? fused.mask : mask_of(f, y[0]);
  const WeightOperand weight = weight_operand(w, p.dtype);
  const Tensor memory = workspace(device, [&](const Kernels& k) {
    return is_forward ? k.conv2d.forward_workspace(image.problem) : k.conv2d.data_gradient_workspace(image.problem);
  });
  ++launched;
  ConvolutionRecord::note({role, joined_problem(image.problem)});
  launch(device, [is_forward, p = image.problem, x = place_of<kernels::ImageIn>(image.x), weight = weight.operand(), hold = weight.held(), e = epilogue(fused),
                  q = place_of<kernels::ImageOut>(y), ws = data_or_null(memory)](const Kernels& k, Stream s) {
    if (is_forward) k.conv2d.forward(s, p, x, weight, q, e, ws);
    else k.conv2d.data_gradient(s, p, x, weight, q, e, ws);
  });
  if (!is_forward && p.border != Padding::zero) y = {without_border(p, y[0])};
  Tensors inputs = a;
  inputs.push_back(w), inputs.push_back(fused.bias), inputs.push_back(fused.residual);
  const bool keep = !f.none() && !mask;
  const BackwardFunction backward = [=, sa = saved(name, a), sw = Saved(name, w), shuffle = fused.shuffle, bias_shape = fused.bias.defined() ? fused.bias.shape() : Shape{},
                                     bias_type = fused.bias.defined() ? fused.bias.dtype() : DType::f32, to = is_forward ? y_shapes : x_shapes](Backward& b) {
    const int last = int(sa.size());   // the weight's number
    Tensors g;
    if (to.size() == 1) {
      const Tensor at = mask ? mask.of() : keep ? b.output() : Tensor{};
      const auto [above, left] = cotangent_behind(b, f, at);
      // Of shuffled sums: f's argument, whose gradient is the residual's too, as it lies in y, then as the convolution sees it.
      const Tensor shuffled = shuffle > 1 ? activation_gradient(left, at, above) : Tensor{};
      const auto [behind, to_bias] = shuffled ? bias_activation_gradient({}, {}, pixel_unshuffle(shuffled, shuffle), b.needs(last + 1), bias_shape, bias_type)
                                              : bias_activation_gradient(left, at, above, b.needs(last + 1), bias_shape, bias_type);
      g = {behind};
      b.results[last + 1] = to_bias;
      if (b.needs(last + 2)) b.results[last + 2] = shuffled ? shuffled : behind;
    } else {
      g = cotangents(b, to, p.dtype, device);
    }
    give(b, 0, sa.size(), opposite(role), p, g, sw());
    if (b.needs(last)) b.results[last] = is_forward ? weight_gradient(p, values(sa), g) : weight_gradient(p, g, values(sa));
  };
  if (y.size() == 1) return {record(name, y[0], inputs, backward, keep, mask)};
  return record(name, y, inputs, backward);
}

// wanted: which of two results; the others may be undefined.
Tensors multiply(Conv2dRole role, const Problem& p, const Tensors& in, const Tensor& w, const Fused& fused, const std::vector<bool>& wanted) {
  if (takes_pairs(role, p, in[0].device())) return launch_direction(role, p, in, w, fused);
  const Tensor whole = launch_direction(role, joined_problem(p), {joined(in)}, w, fused)[0];
  return parts_of(whole, role == Conv2dRole::forward ? p.k_first : p.c_first, wanted);
}

Tensor weight_gradient(const Problem& p, const Tensors& in_x, const Tensors& in_g) {
  const Device device = in_x[0].device();
  if (!takes_pairs(Conv2dRole::weight_gradient, p, device)) return weight_gradient(joined_problem(p), {joined(in_x)}, {joined(in_g)});
  const Tensors x = cast_all(in_x, p.dtype), g = cast_all(in_g, p.dtype);
  const Image image = image_of(Conv2dRole::weight_gradient, p, x);
  Tensor w(w_shape(p), weight_type(p.dtype), device);
  const Tensor memory = workspace(device, [&](const Kernels& k) { return k.conv2d.weight_gradient_workspace(image.problem); });
  ++launched;
  ConvolutionRecord::note({Conv2dRole::weight_gradient, joined_problem(image.problem)});
  launch(device, [p = image.problem, px = place_of<kernels::ImageIn>(image.x), pg = place_of<kernels::ImageIn>(g), pw = w.data(), ws = data_or_null(memory)](const Kernels& k, Stream s) {
    k.conv2d.weight_gradient(s, p, px, pg, pw, ws);
  });
  Tensors inputs = x;
  inputs.insert(inputs.end(), g.begin(), g.end());
  const char* name = "conv2d weight gradient";
  return record(name, w, inputs, [p, sx = saved(name, x), sg = saved(name, g)](Backward& b) {
    give(b, 0, sx.size(), Conv2dRole::data_gradient, p, values(sg), b.grad());
    give(b, int(sx.size()), sg.size(), Conv2dRole::forward, p, values(sx), b.grad());
  });
}

// The dtype and arithmetic that the context asks for.
void set_precision(Problem& p, DType x) {
  const Arithmetic a = arithmetic(x);
  p.dtype = a.dtype, p.math = a.math;
}

void check_operands(const char* op, const ConvInput& x, const Tensor& w, const Tensor& bias, int64_t bias_size, const ConvOptions& o, bool activation_ok) {
  require(x.first.rank() == 4 && w.rank() == 4, op, ": x ", x.shape(), " and w ", w.shape(), " must be [N, H, W, C] and [K, R, S, C/groups]");
  require(x.device() == w.device(), op, ": x on ", x.device(), ", w on ", w.device());
  require(o.groups > 0 && o.stride[0] > 0 && o.stride[1] > 0 && o.dilation[0] > 0 && o.dilation[1] > 0 && o.padding[0] >= 0 && o.padding[1] >= 0,
          op, ": stride, dilation and groups must be positive and padding not negative");
  require(!bias.defined() || (bias.rank() == 1 && bias.dim(0) == bias_size), op, ": bias of shape ", bias.defined() ? bias.shape() : Shape{}, ", expected [", bias_size, "]");
  require(activation_ok, op, ": this activation cannot be fused");
}

Tensors parts(const ConvInput& x) { return x.second.defined() ? Tensors{x.first, x.second} : Tensors{x.first}; }

}  // namespace

ConvInput::ConvInput(const Tensor& left, const Tensor& right) : first(left), second(right) {
  require(left.rank() == 4 && right.rank() == 4 && left.dim(0) == right.dim(0) && left.dim(1) == right.dim(1) && left.dim(2) == right.dim(2) && left.device() == right.device(),
          "a convolution of two tensors side by side: ", left.shape(), " on ", left.device(), " and ", right.shape(), " on ", right.device(), " must have equal N, H and W");
}
Shape ConvInput::shape() const {
  Shape both = first.shape();
  if (second.defined()) both[3] += second.dim(3);
  return both;
}
DType ConvInput::dtype() const { return second.defined() && second.dtype() != first.dtype() ? DType::f32 : first.dtype(); }

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

Tensor conv2d(const ConvInput& given, const Tensor& w, const Tensor& bias, const ConvOptions& o, const Activation& f, const Tensor& residual) {
  const Shape x = given.shape();
  check_operands("conv2d", given, w, bias, w.dim(0), o, true);
  if (!fusable(f.op)) return activate(conv2d(given, w, bias, o, {}, residual), f);
  Problem p = conv_problem(x, w.shape(), o);
  require(p.c % o.groups == 0 && p.k % o.groups == 0 && p.c / o.groups == w.dim(3), "conv2d: x ", x, " has ", p.c, " channels, w ", w.shape(),
          " expects ", w.dim(3) * o.groups, " (", o.groups, " groups)");
  require(p.p > 0 && p.q > 0, "conv2d: a ", p.r, "x", p.s, " filter with padding ", p.pad_h, ",", p.pad_w, " does not fit x ", x);
  require(p.border != Padding::reflect || (p.pad_h < p.h && p.pad_w < p.w), "conv2d: reflection by ", p.pad_h, ",", p.pad_w,
          " needs more than as many pixels, x is ", x);
  set_precision(p, given.dtype());
  if (given.second.defined()) p.c_first = int(given.first.dim(3));
  const Device& device = given.device();
  require(o.shuffle > 0 && p.k % (o.shuffle * o.shuffle) == 0, "conv2d: ", p.k, " channels do not divide into squares of ", o.shuffle);
  if (o.shuffle > 1 && !asked_of(device, true, [&](const Kernels& k) { return k.conv2d.shuffles(p, o.shuffle); })) {
    ConvOptions plain = o;
    plain.shuffle = 1;
    const Tensor y = pixel_shuffle(conv2d(given, w, bias, plain, residual ? Activation{} : f), o.shuffle);
    return residual ? add_then_activate(y, residual, f) : y;
  }
  const Fused fused{bias, f, residual, o.shuffle};
  if (has_pair(p) && takes_pairs(Conv2dRole::forward, p, device)) return multiply(Conv2dRole::forward, p, parts(given), w, fused)[0];
  // One copy serves both directions. Where both would pad, too.
  const Tensor whole = joined(parts(given));
  p = joined_problem(p);
  if (!reads_border(Conv2dRole::forward, p, device) && !reads_border(Conv2dRole::weight_gradient, p, device))
    return multiply(Conv2dRole::forward, padded_problem(p), {pad(cast(whole, p.dtype), border_amounts(p), p.border)}, w, fused)[0];
  return multiply(Conv2dRole::forward, p, {whole}, w, fused)[0];
}

Tensor conv_transpose2d(const ConvInput& given, const Tensor& w, const Tensor& bias, const ConvOptions& o, const Activation& f, const Tensor& residual) {
  const Shape x = given.shape();
  check_operands("conv_transpose2d", given, w, bias, w.dim(3) * o.groups, o, true);
  if (!fusable(f.op)) return activate(conv_transpose2d(given, w, bias, o, {}, residual), f);
  require(x[3] == w.dim(0) && w.dim(0) % o.groups == 0, "conv_transpose2d: x ", x, " has ", x[3], " channels, w ", w.shape(), " expects ", w.dim(0));
  require(o.shuffle == 1, "conv_transpose2d: does not shuffle pixels; pixel_shuffle its result");
  require(o.border == Padding::zero, "conv_transpose2d: its padding crops the output, so it has no border to fill; pad x first");
  const auto out = [&](int i) {
    const int64_t kernel = w.dim(1 + i);
    require(o.output_padding[i] >= 0 && o.output_padding[i] < std::max(o.stride[i], o.dilation[i]), "conv_transpose2d: output padding ",
            o.output_padding[i], " must be smaller than the stride ", o.stride[i], " or the dilation ", o.dilation[i]);
    return (x[1 + i] - 1) * o.stride[i] - 2 * o.padding[i] + o.dilation[i] * (kernel - 1) + o.output_padding[i] + 1;
  };
  const Shape y{x[0], std::max<int64_t>(out(0), 0), std::max<int64_t>(out(1), 0), w.dim(3) * o.groups};
  require(y[1] > 0 && y[2] > 0, "conv_transpose2d: x ", x, " with a ", w.dim(1), "x", w.dim(2), " filter gives an empty output ", y);
  Problem p = conv_problem(y, w.shape(), o);
  p.p = int(x[1]), p.q = int(x[2]);
  set_precision(p, given.dtype());
  if (given.second.defined()) p.k_first = int(given.first.dim(3));
  return multiply(Conv2dRole::data_gradient, p, parts(given), w, {bias, f, residual})[0];
}

}  // namespace ganymede
