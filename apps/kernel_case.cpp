#include "apps/kernel_case.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

#include "apps/validators.h"
#include "engine/check.h"
#include "kernels/api/axis_map.h"

namespace ganymede::apps {
namespace {

using kernels::Kernels;
using Pointers = std::vector<void*>;
constexpr kernels::Epilogue kPlain{nullptr, kernels::Unary::identity, 0};

std::string list(const std::vector<int>& sizes) {
  std::string text;
  for (const int s : sizes) text += (text.empty() ? "" : ", ") + std::to_string(s);
  return "[" + text + "]";
}

KernelOperand raw(const std::string& name, const void* data, size_t bytes, std::vector<int64_t> shape) {
  const auto* begin = static_cast<const unsigned char*>(data);
  return {name, std::move(shape), false, Store::raw, {}, {begin, begin + bytes}};
}

// Of pictures N,H,W,C.
std::vector<int> picture(const KernelOperation& o, const KernelShape& shape) {
  std::vector<int> s = parse_shape(o, shape.text);
  if (shape.batch > 0) s[0] = shape.batch;
  for (int i = 1; i < 3; ++i) s[size_t(i)] = (s[size_t(i)] + shape.scale - 1) / shape.scale;
  return s;
}

// Of shapes without height and width, whose first number is the batch if they have one.
std::vector<int> numbers(const KernelOperation& o, const KernelShape& shape, bool batch) {
  std::vector<int> s = parse_shape(o, shape.text);
  if (shape.scale != 1) throw UsageError(std::string("kernels run: --scale divides heights and widths; a shape of ") + o.name + " is " + o.shape);
  if (shape.batch > 0 && !batch) throw UsageError(std::string("kernels run: --batch: a shape of ") + o.name + " is " + o.shape + ", without a batch");
  if (shape.batch > 0) s[0] = shape.batch;
  return s;
}

KernelCase gemm_case(const KernelOperation& o, const KernelShape& shape) {
  const std::vector<int> s = numbers(o, shape, true);
  const int b = s[0], m = s[1], n = s[2], k = s[3];
  KernelCase c{"c [B, M, N] = a [B, M, K] b [B, K, N] of B, M, N, K = " + list(s), {}, double(b) * m * n * k, true, true, 1e-5};
  c.operands = {input("a", {b, m, k}, 1), input("b", {b, k, n}, 2), output("c", {b, m, n})};
  c.call = [=](const Kernels& t, DType d, Math math, const Pointers& v) {
    t.gemm.multiply(t.device.stream(), {b, m, n, k, false, false, int64_t{m} * k, int64_t{k} * n, d, d, math}, v[0], v[1], v[2], kPlain);
  };
  return c;
}

kernels::Norm batch_norm(const std::vector<int>& s, DType d) { return {1, int64_t{s[0]} * s[1] * s[2], s[3], 1, 1e-5, true, 0, d}; }

KernelCase statistics_case(const KernelOperation& o, const KernelShape& shape) {
  const std::vector<int> s = picture(o, shape);
  KernelCase c{"mean and 1 / sqrt(variance + 1e-5) of the channels of x " + list(s), {}, double(s[0]) * s[1] * s[2] * s[3], false, true, 1e-5};
  c.operands = {input("x", {s[0], s[1], s[2], s[3]}, 1), output("mean", {s[3]}, Store::wide), output("rstd", {s[3]}, Store::wide)};
  c.call = [=](const Kernels& t, DType d, Math, const Pointers& v) { t.norm.statistics(t.device.stream(), batch_norm(s, d), v[0], v[1], v[2], {}, v[3]); };
  c.workspace = [=](const Kernels& t, DType d, Math) { return t.norm.workspace_bytes(batch_norm(s, d)); };
  return c;
}

KernelCase apply_case(const KernelOperation& o, const KernelShape& shape) {
  const std::vector<int> s = picture(o, shape);
  KernelCase c{"y = relu((x - mean) rstd gamma + beta) by channels, x " + list(s), {}, 2.0 * s[0] * s[1] * s[2] * s[3], false, true, 1e-5};
  c.operands = {input("x", {s[0], s[1], s[2], s[3]}, 1), input("mean", {s[3]}, 2, Store::wide), input("rstd", {s[3]}, 3, Store::wide),
                input("gamma", {s[3]}, 4, Store::wide), input("beta", {s[3]}, 5, Store::wide), output("y", {s[0], s[1], s[2], s[3]})};
  for (double& r : c.operands[2].values) r = std::fabs(r) + 0.5;
  c.call = [=](const Kernels& t, DType d, Math, const Pointers& v) {
    t.norm.apply(t.device.stream(), batch_norm(s, d), v[0], nullptr, v[1], v[2], v[3], v[4], kernels::Unary::relu, 0, v[5]);
  };
  return c;
}

KernelCase softmax_case(const KernelOperation& o, const KernelShape& shape) {
  const std::vector<int> s = numbers(o, shape, true);
  const bool gradient = std::string(o.name) == "softmax.gradient";
  const auto problem = [=](DType d) { return kernels::Softmax{kernels::SoftmaxKind::softmax, s[0], s[1], d}; };
  KernelCase c{std::string(gradient ? "dx = y (dy - sum(dy y))" : "y = softmax(x)") + " over the rows of " + list(s), {}, double(s[0]) * s[1], false, true, gradient ? 5e-5 : 1e-5};
  c.gradient = gradient;
  const std::vector<int64_t> all{s[0], s[1]};
  if (gradient) {
    c.operands = {input("y", all, 1), input("dy", all, 2), output("dx", all)};
    c.call = [=](const Kernels& t, DType d, Math, const Pointers& v) { t.softmax.gradient(t.device.stream(), problem(d), v[0], v[1], v[2]); };
  } else {
    c.operands = {input("x", all, 1), output("y", all)};
    c.call = [=](const Kernels& t, DType d, Math, const Pointers& v) { t.softmax.forward(t.device.stream(), problem(d), v[0], v[1]); };
  }
  return c;
}

KernelCase shaped_attention(const KernelOperation& o, const KernelShape& shape) {
  const std::vector<int> s = numbers(o, shape, true);
  return apps::attention_case({s[0], s[1], s[2], s[3], s[4], 1 / std::sqrt(double(s[3])), DType::f32, Math::f32}, kernels::AttentionRole::forward);
}

KernelCase resample_case(const KernelOperation& o, const KernelShape& shape) {
  const std::vector<int> s = picture(o, shape);
  KernelCase c{"x " + list(s) + " twice as large, bilinear", {}, 16.0 * s[0] * s[1] * s[2] * s[3], false, true, 1e-5};
  c.operands = {input("x", {s[0], s[1], s[2], s[3]}, 1), output("y", {s[0], 2 * s[1], 2 * s[2], s[3]})};
  for (const int axis : {1, 2}) {
    const kernels::AxisMap map = kernels::resize_axis(s[size_t(axis)], 2 * s[size_t(axis)], kernels::Interpolation::linear, false, false);
    const std::string name = axis == 1 ? "rows" : "columns";
    c.operands.push_back(raw(name + ".start", map.start.data(), map.start.size() * 4, {std::ssize(map.start)}));
    c.operands.push_back(raw(name + ".index", map.index.data(), map.index.size() * 4, {std::ssize(map.index)}));
    c.operands.push_back({name + ".weight", {std::ssize(map.weight)}, false, Store::wide, map.weight});
  }
  c.call = [=](const Kernels& t, DType d, Math, const Pointers& v) {
    const auto table = [&](int i, int size) {
      return kernels::Axis{size, 2 * size, static_cast<const int32_t*>(v[size_t(i)]), static_cast<const int32_t*>(v[size_t(i + 1)]), v[size_t(i + 2)]};
    };
    t.resample.apply(t.device.stream(), {s[0], s[3], table(2, s[1]), table(5, s[2]), d}, v[0], v[1]);
  };
  return c;
}

KernelCase reduce_case(const KernelOperation& o, const KernelShape& shape) {
  const std::vector<int> s = numbers(o, shape, false);
  KernelCase c{"sums of squares over the middle axis of x " + list(s), {}, double(s[0]) * s[1] * s[2], false, true, 1e-5};
  c.operands = {input("x", {s[0], s[1], s[2]}, 1), output("y", {s[0], s[2]}, Store::wide)};
  const auto problem = [=](DType d) { return kernels::Reduce{kernels::Reduction::sum_of_squares, s[0], s[1], s[2], d, d == DType::f64 ? DType::f64 : DType::f32}; };
  c.call = [=](const Kernels& t, DType d, Math, const Pointers& v) { t.reduce.reduce(t.device.stream(), problem(d), v[0], v[1], v[2]); };
  c.workspace = [=](const Kernels& t, DType d, Math) { return t.reduce.workspace_bytes(problem(d)); };
  return c;
}

KernelCase optimizer_case(const KernelOperation& o, const KernelShape& shape) {
  const int n = numbers(o, shape, false)[0];
  KernelCase c{"a step of Adam on " + std::to_string(n) + " parameters", {}, 5.0 * n, false, false, 1e-6};
  c.operands = {input("p", {n}, 1), input("m", {n}, 2), input("v", {n}, 3), input("gradient", {n}, 4)};
  for (size_t i = 0; i < 3; ++i) c.operands[i].output = true;
  for (double& v : c.operands[2].values) v = v * v + 0.0625;
  const int64_t steps = 10;
  const kernels::StepScalars scalars{1e-3, 0.5};
  c.operands.push_back(raw("step", &steps, sizeof steps, {1}));
  c.operands.push_back(raw("scalars", &scalars, sizeof scalars, {1}));
  c.call = [=](const Kernels& t, DType d, Math, const Pointers& v) {
    const kernels::Segment all{0, n, {v[3]}};
    t.optimizer.step(t.device.stream(), {kernels::Rule::adam, d, n, 0.999, 1e-8, 0, false, 0, 0},
                     {v[0], v[1], v[2], nullptr, static_cast<int64_t*>(v[4]), static_cast<const kernels::StepScalars*>(v[5]), nullptr}, &all, 1);
  };
  return c;
}

KernelCase shaped_norm(const KernelOperation& o, const KernelShape& shape) {
  const std::vector<int> s = numbers(o, shape, true);
  const std::string name = o.name;
  const kernels::NormRole role = name == "norm.forward" ? kernels::NormRole::forward : name == "norm.gradient" ? kernels::NormRole::gradient : kernels::NormRole::second_gradient;
  return apps::norm_case({s[0], s[1], s[2], 1, 1e-5, true, 0, DType::f32}, role);
}

constexpr const char* kConvolution = "N,H,W,C,K,R,stride,pad or a row A1 to F4";
constexpr const char* kPicture = "N,H,W,C";
constexpr const char* kNorm = "outer,rows,channels";

}  // namespace

const std::vector<KernelOperation>& kernel_operations() {
  static const std::vector<KernelOperation> all{
      {"conv2d.forward", kConvolution, "1,8,8,16,32,3,1,1", convolution_case},
      {"conv2d.data_gradient", kConvolution, "1,8,8,16,32,4,2,1", convolution_case},
      {"conv2d.weight_gradient", kConvolution, "1,8,8,16,32,3,1,1", convolution_case},
      {"gemm.multiply", "B,M,N,K", "1,64,64,64", gemm_case},
      {"norm.statistics", kPicture, "2,8,8,32", statistics_case},
      {"norm.apply", kPicture, "2,8,8,32", apply_case},
      {"norm.forward", kNorm, "2,64,32", shaped_norm},
      {"norm.gradient", kNorm, "2,64,32", shaped_norm},
      {"norm.second_gradient", kNorm, "2,64,32", shaped_norm},
      {"softmax.forward", "rows,columns", "16,100", softmax_case},
      {"softmax.gradient", "rows,columns", "16,100", softmax_case},
      {"attention.forward", "B,queries,keys,D,E", "1,64,64,16,32", shaped_attention},
      {"resample.apply", kPicture, "1,8,8,16", resample_case},
      {"reduce.sum_of_squares", "outer,reduce,inner", "4,256,8", reduce_case},
      {"optimizer.step", "count", "10000", optimizer_case},
  };
  return all;
}

const KernelOperation& kernel_operation(const std::string& name) {
  std::vector<std::string> names;
  for (const KernelOperation& o : kernel_operations()) {
    if (o.name == name) return o;
    names.push_back(o.name);
  }
  throw UsageError("kernels run: no operation " + name + ": it must be " + alternatives(names));
}

std::vector<int> parse_shape(const KernelOperation& operation, const std::string& text) {
  const std::string words = operation.shape;
  const std::string meaning = words.substr(0, words.find(" or "));
  const auto wanted = size_t(1 + std::count(meaning.begin(), meaning.end(), ','));
  std::vector<int> sizes;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    const bool pad = meaning.ends_with("pad") && sizes.size() + 1 == wanted;
    int size = 0;
    const auto [stop, error] = std::from_chars(text.data() + at, text.data() + end, size);
    if (error != std::errc() || stop != text.data() + end || size < (pad ? 0 : 1) || size > 1 << 24)
      throw UsageError("kernels run: --shape " + text + ": \"" + text.substr(at, end - at) + "\" is not a whole number from " + (pad ? "0" : "1") + " to 16777216; " +
                       operation.name + " takes " + words);
    sizes.push_back(size);
    at = end + 1;
  }
  if (sizes.size() != wanted)
    throw UsageError("kernels run: --shape " + text + " has " + std::to_string(sizes.size()) + " numbers; " + operation.name + " takes " + words);
  return sizes;
}

int64_t KernelOperand::count() const { return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>()); }

std::vector<double> normal_values(int64_t count, int seed) {
  std::mt19937 generator(static_cast<unsigned>(seed));
  std::normal_distribution<float> normal;
  std::vector<double> values(static_cast<size_t>(count));
  for (double& v : values) {
    float x = normal(generator);
    uint32_t bits;
    std::memcpy(&bits, &x, 4);
    bits &= 0xFFFF0000u;
    std::memcpy(&x, &bits, 4);
    v = x;
  }
  return values;
}

KernelOperand input(const std::string& name, std::vector<int64_t> shape, int seed, Store store) {
  KernelOperand o{name, std::move(shape), false, store};
  o.values = normal_values(o.count(), seed);
  return o;
}

KernelOperand output(const std::string& name, std::vector<int64_t> shape, Store store) { return {name, std::move(shape), true, store}; }

KernelCase attention_case(const kernels::Attention& p, kernels::AttentionRole role) {
  const bool forward = role == kernels::AttentionRole::forward, keys = role == kernels::AttentionRole::key_gradient;
  const double products = forward ? p.depth + p.width : keys ? 2 * p.depth + 2 * p.width : 2 * p.depth + p.width;
  const std::string sizes = " of B, queries, keys, D, E = " + list({p.batch, p.queries, p.keys, p.depth, p.width});
  KernelCase c{(forward ? "softmax(q k^T / sqrt(D)) v" : keys ? "gradients of attention in keys and values" : "gradient of attention in queries") + sizes, {},
               double(p.batch) * p.queries * p.keys * products, true, true, forward ? 1e-5 : 5e-5};
  c.gradient = !forward;
  const std::vector<int64_t> q{p.batch, p.queries, p.depth}, k{p.batch, p.keys, p.depth}, v{p.batch, p.keys, p.width}, o{p.batch, p.queries, p.width};
  const auto with = [p](DType dtype, Math math) {
    kernels::Attention a = p;
    a.dtype = dtype, a.math = math;
    return a;
  };
  c.operands = {input("q", q, 1), input("k", k, 2), input("v", v, 3)};
  if (forward) {
    c.operands.insert(c.operands.end(), {output("o", o), output("logsum", {p.batch, p.queries}, Store::wide)});
    c.call = [=](const Kernels& t, DType d, Math m, const Pointers& x) { t.attention.forward(t.device.stream(), with(d, m), x[0], x[1], x[2], x[3], x[4], x[5]); };
  } else {
    c.operands.insert(c.operands.end(), {input("o", o, 4), input("logsum", {p.batch, p.queries}, 5, Store::wide), input("g", o, 6)});
    if (keys) c.operands.insert(c.operands.end(), {output("dk", k), output("dv", v)});
    else c.operands.push_back(output("dq", q));
    c.call = [=](const Kernels& t, DType d, Math m, const Pointers& x) {
      t.attention.gradient(t.device.stream(), with(d, m), x[0], x[1], x[2], x[3], x[4], x[5], keys ? nullptr : x[6], keys ? x[6] : nullptr, keys ? x[7] : nullptr, x.back());
    };
  }
  c.workspace = [=](const Kernels& t, DType d, Math m) { return t.attention.workspace_bytes(with(d, m)); };
  return c;
}

KernelCase norm_case(const kernels::Norm& p, kernels::NormRole role) {
  using kernels::NormRole;
  const std::vector<int64_t> all{p.outer, p.rows, p.groups}, each{p.outer, p.groups}, shared{p.groups};
  const std::string sizes = " by channels of outer, rows, channels = " + list({int(p.outer), int(p.rows), int(p.groups)});
  const bool forward = role == NormRole::forward, second = role == NormRole::second_gradient;
  KernelCase c{(forward ? "y = relu of a norm" : second ? "gradients of a norm's gradient" : "gradient of a norm") + sizes, {},
               (forward ? 4.0 : second ? 20.0 : 8.0) * double(p.outer * p.rows * p.groups), false, true, forward ? 1e-5 : second ? 2e-4 : 5e-5};
  c.gradient = !forward;
  const auto with = [p](DType dtype) {
    kernels::Norm n = p;
    n.dtype = dtype;
    return n;
  };
  c.operands = {input("x", all, 1), input("gamma", shared, 2, Store::wide), input("beta", shared, 3, Store::wide)};
  if (forward) {
    c.operands.insert(c.operands.end(), {output("mean", each, Store::wide), output("rstd", each, Store::wide), output("y", all)});
    c.call = [=](const Kernels& t, DType d, Math, const Pointers& v) {
      t.norm.forward(t.device.stream(), with(d), {kernels::Unary::relu, 0, v[1], v[2]}, v[0], nullptr, v[3], v[4], {}, v[5], v.back());
    };
  } else {
    c.operands.insert(c.operands.end(), {input("dy", all, 4), input("mean", each, 5, Store::wide), input("rstd", each, 6, Store::wide)});
    for (double& r : c.operands.back().values) r = std::fabs(r) + 0.5;
  }
  if (role == NormRole::gradient) {
    c.operands.insert(c.operands.end(), {output("dgamma", each, Store::wide), output("dbeta", each, Store::wide), output("dx", all)});
    c.call = [=](const Kernels& t, DType d, Math, const Pointers& v) {
      t.norm.gradient(t.device.stream(), with(d), {kernels::Unary::identity, 0, v[1], v[2]}, v[0], v[3], v[4], v[5], v[6], v[7], v[8], v.back());
    };
  }
  if (second) {
    c.operands.insert(c.operands.end(), {input("dgamma", each, 7, Store::wide), input("dbeta", each, 8, Store::wide), input("v", all, 9), input("u", shared, 10, Store::wide),
                                         input("w", shared, 11, Store::wide), output("to_dy", all), output("to_x", all), output("to_gamma", each, Store::wide)});
    c.call = [=](const Kernels& t, DType d, Math, const Pointers& v) {
      t.norm.second_gradient(t.device.stream(), with(d), {v[0], v[3], v[4], v[5], v[1], v[6], v[7], v[8], v[9], v[10], v[11], v[12], v[13]}, v.back());
    };
  }
  c.workspace = [=](const Kernels& t, DType d, Math) { return second ? t.norm.second_workspace_bytes(with(d)) : t.norm.workspace_bytes(with(d)); };
  return c;
}

}  // namespace ganymede::apps
