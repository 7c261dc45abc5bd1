#include "tests/support/onnx_evaluator.h"

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace ganymede::test {
namespace {

using Shape = std::vector<int64_t>;

int64_t count(const Shape& s) { return std::accumulate(s.begin(), s.end(), int64_t{1}, std::multiplies<>()); }

// Calls f with every index below shape, in order.
void each(const Shape& shape, const std::function<void(const Shape&)>& f) {
  if (count(shape) == 0) return;
  Shape i(shape.size(), 0);
  for (;;) {
    f(i);
    size_t k = shape.size();
    while (k > 0 && ++i[k - 1] == shape[k - 1]) i[--k] = 0;
    if (k == 0) return;
  }
}

int64_t place(const Shape& shape, const Shape& index) {
  int64_t at = 0;
  for (size_t k = 0; k < shape.size(); ++k) at = at * shape[k] + index[k];
  return at;
}

// The element of x that meets `index` of a larger shape.
double broadcast_at(const Array& x, const Shape& index) {
  Shape own(x.shape.size());
  for (size_t k = 0; k < own.size(); ++k) own[k] = x.shape[k] == 1 ? 0 : index[index.size() - own.size() + k];
  return x.values[size_t(place(x.shape, own))];
}

Shape broadcast(const Shape& a, const Shape& b) {
  Shape s(std::max(a.size(), b.size()), 1);
  for (const Shape* x : {&a, &b})
    for (size_t k = 0; k < x->size(); ++k) {
      int64_t& d = s[s.size() - x->size() + k];
      if ((*x)[k] == 1) continue;
      if (d != 1 && d != (*x)[k]) throw std::runtime_error("shapes do not broadcast");
      d = (*x)[k];
    }
  return s;
}

struct Node {
  const onnx::NodeProto& proto;
  std::vector<const Array*> in;

  const onnx::AttributeProto* attribute(const std::string& name) const {
    for (const auto& a : proto.attribute())
      if (a.name() == name) return &a;
    return nullptr;
  }
  int64_t whole(const std::string& name, int64_t standard) const { return attribute(name) ? attribute(name)->i() : standard; }
  double number(const std::string& name, double standard) const { return attribute(name) ? attribute(name)->f() : standard; }
  std::string text(const std::string& name) const { return attribute(name) ? attribute(name)->s() : ""; }
  Shape list(const std::string& name, const Shape& standard) const {
    const auto* a = attribute(name);
    return a ? Shape(a->ints().begin(), a->ints().end()) : standard;
  }
  Shape input_list(size_t i) const {
    Shape s;
    for (const double x : in.at(i)->values) s.push_back(int64_t(x));
    return s;
  }
};

using Function = std::function<Array(const Node&)>;

Function unary(double (*f)(double)) {
  return [f](const Node& n) {
    Array y = *n.in[0];
    for (double& x : y.values) x = f(x);
    return y;
  };
}

Function binary(double (*f)(double, double)) {
  return [f](const Node& n) {
    Array y{broadcast(n.in[0]->shape, n.in[1]->shape), {}};
    each(y.shape, [&](const Shape& i) { y.values.push_back(f(broadcast_at(*n.in[0], i), broadcast_at(*n.in[1], i))); });
    return y;
  };
}

// f of the elements along the axes, in order.
Array reduced(const Array& x, Shape axes, bool keep, const std::function<double(const std::vector<double>&)>& f) {
  Shape kept = x.shape, result;
  std::vector<bool> gone(x.shape.size(), false);
  for (int64_t a : axes) gone[size_t(a < 0 ? a + int64_t(x.shape.size()) : a)] = true;
  for (size_t k = 0; k < kept.size(); ++k) {
    if (gone[k]) kept[k] = 1;
    if (!gone[k] || keep) result.push_back(kept[k]);
  }
  std::vector<std::vector<double>> groups(size_t(count(kept)));
  each(x.shape, [&](Shape i) {
    const double value = x.values[size_t(place(x.shape, i))];
    for (size_t k = 0; k < i.size(); ++k)
      if (gone[k]) i[k] = 0;
    groups[size_t(place(kept, i))].push_back(value);
  });
  Array y{result, {}};
  for (const auto& g : groups) y.values.push_back(f(g));
  return y;
}

Function reduction(const std::function<double(const std::vector<double>&)>& f) {
  return [f](const Node& n) { return reduced(*n.in[0], n.in.size() > 1 ? n.input_list(1) : n.list("axes", {}), n.whole("keepdims", 1), f); };
}

double sum(const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); }

Array transposed(const Node& n) {
  const Shape perm = n.list("perm", {});
  Array y;
  for (const int64_t p : perm) y.shape.push_back(n.in[0]->shape[size_t(p)]);
  each(y.shape, [&](const Shape& i) {
    Shape from(i.size());
    for (size_t k = 0; k < i.size(); ++k) from[size_t(perm[k])] = i[k];
    y.values.push_back(n.in[0]->values[size_t(place(n.in[0]->shape, from))]);
  });
  return y;
}

// Conv, or its transpose: adds x * w at every meeting of a pixel of the small and of the large picture.
Array convolved(const Node& n, bool transpose) {
  const Array &x = *n.in[0], &w = *n.in[1];
  const int64_t groups = n.whole("group", 1);
  const Shape stride = n.list("strides", {1, 1}), dilation = n.list("dilations", {1, 1}), pads = n.list("pads", {0, 0, 0, 0}), more = n.list("output_padding", {0, 0});
  const int64_t r = w.shape[2], s = w.shape[3], in_h = x.shape[2], in_w = x.shape[3];
  const auto out = [&](int64_t in, int k, int64_t window) {
    return transpose ? stride[size_t(k)] * (in - 1) + more[size_t(k)] + dilation[size_t(k)] * (window - 1) + 1 - pads[size_t(k)] - pads[size_t(k) + 2]
                     : (in + pads[size_t(k)] + pads[size_t(k) + 2] - dilation[size_t(k)] * (window - 1) - 1) / stride[size_t(k)] + 1;
  };
  Array y{{x.shape[0], transpose ? w.shape[1] * groups : w.shape[0], out(in_h, 0, r), out(in_w, 1, s)}, {}};
  y.values.assign(size_t(count(y.shape)), 0);
  const Shape& small = transpose ? x.shape : y.shape;
  const Shape& large = transpose ? y.shape : x.shape;
  const int64_t ks = small[1] / groups, cs = large[1] / groups;
  for (int64_t i = 0; i < x.shape[0]; ++i)
    for (int64_t k = 0; k < small[1]; ++k)
      for (int64_t c = 0; c < cs; ++c)
        for (int64_t p = 0; p < small[2]; ++p)
          for (int64_t q = 0; q < small[3]; ++q)
            for (int64_t a = 0; a < r; ++a)
              for (int64_t b = 0; b < s; ++b) {
                const int64_t h = p * stride[0] - pads[0] + a * dilation[0], v = q * stride[1] - pads[1] + b * dilation[1];
                if (h < 0 || v < 0 || h >= large[2] || v >= large[3]) continue;
                const int64_t channel = k / ks * cs + c;
                const double weight = w.values[size_t(place(w.shape, {k, c, a, b}))];
                const size_t at_small = size_t(place(small, {i, k, p, q})), at_large = size_t(place(large, {i, channel, h, v}));
                if (transpose) y.values[at_large] += weight * x.values[at_small];
                else y.values[at_small] += weight * x.values[at_large];
              }
  return y;
}

Array padded(const Node& n) {
  const Shape pads = n.input_list(1);
  const Array& x = *n.in[0];
  const std::string mode = n.text("mode");
  Array y{x.shape, {}};
  for (size_t k = 0; k < y.shape.size(); ++k) y.shape[k] += pads[k] + pads[k + y.shape.size()];
  each(y.shape, [&](Shape i) {
    for (size_t k = 0; k < i.size(); ++k) {
      int64_t at = i[k] - pads[k];
      const int64_t last = x.shape[k] - 1;
      if (mode == "reflect") at = at < 0 ? -at : at > last ? 2 * last - at : at;
      else if (mode == "edge") at = std::clamp<int64_t>(at, 0, last);
      else throw std::runtime_error("Pad: mode " + mode);
      i[k] = at;
    }
    y.values.push_back(x.values[size_t(place(x.shape, i))]);
  });
  return y;
}

Array sliced(const Node& n) {
  const Array& x = *n.in[0];
  const Shape starts = n.input_list(1), ends = n.input_list(2);
  Shape axes = n.in.size() > 3 ? n.input_list(3) : Shape{}, steps = n.in.size() > 4 ? n.input_list(4) : Shape(starts.size(), 1);
  if (axes.empty())
    for (size_t i = 0; i < starts.size(); ++i) axes.push_back(int64_t(i));
  Array y{x.shape, {}};
  Shape first(x.shape.size(), 0), step(x.shape.size(), 1);
  for (size_t i = 0; i < starts.size(); ++i) {
    const size_t a = size_t(axes[i]);
    const int64_t size = x.shape[a], end = ends[i] < -size ? -1 : ends[i] < 0 ? ends[i] + size : std::min(ends[i], size);
    first[a] = starts[i] < 0 ? starts[i] + size : starts[i], step[a] = steps[i];
    y.shape[a] = steps[i] > 0 ? (end - first[a] + steps[i] - 1) / steps[i] : (first[a] - end - steps[i] - 1) / -steps[i];
  }
  each(y.shape, [&](Shape i) {
    for (size_t k = 0; k < i.size(); ++k) i[k] = first[k] + i[k] * step[k];
    y.values.push_back(x.values[size_t(place(x.shape, i))]);
  });
  return y;
}

Array concatenated(const Node& n) {
  const size_t axis = size_t(n.whole("axis", 0));
  Array y{n.in[0]->shape, {}};
  for (size_t i = 1; i < n.in.size(); ++i) y.shape[axis] += n.in[i]->shape[axis];
  each(y.shape, [&](Shape i) {
    size_t part = 0;
    while (i[axis] >= n.in[part]->shape[axis]) i[axis] -= n.in[part++]->shape[axis];
    y.values.push_back(n.in[part]->values[size_t(place(n.in[part]->shape, i))]);
  });
  return y;
}

Array multiplied(const Node& n) {
  const Array &a = *n.in[0], &b = *n.in[1];
  const Shape lead = broadcast(Shape(a.shape.begin(), a.shape.end() - 2), Shape(b.shape.begin(), b.shape.end() - 2));
  const int64_t m = a.shape[a.shape.size() - 2], k = a.shape.back(), columns = b.shape.back();
  Array y{lead, {}};
  y.shape.insert(y.shape.end(), {m, columns});
  each(y.shape, [&](const Shape& i) {
    double total = 0;
    for (int64_t t = 0; t < k; ++t) {
      Shape left = i, right = i;
      left.back() = t, right[right.size() - 2] = t;
      total += broadcast_at(a, left) * broadcast_at(b, right);
    }
    y.values.push_back(total);
  });
  return y;
}

// Of a picture [N, C, H, W] at places [N, P, Q, 2].
Array grid_sampled(const Node& n) {
  const Array &x = *n.in[0], &g = *n.in[1];
  const bool corners = n.whole("align_corners", 0), nearest = n.text("mode") == "nearest";
  const std::string border = n.text("padding_mode");
  const auto pixel = [&](double at, int64_t size) {
    double p = corners ? (at + 1) / 2 * double(size - 1) : ((at + 1) * double(size) - 1) / 2;
    if (border == "border") p = std::clamp(p, 0.0, double(size - 1));
    if (border == "reflection") {
      const double low = corners ? 0 : -0.5, span = corners ? double(size - 1) : double(size);
      double q = std::fmod(std::abs(p - low), 2 * span);
      p = std::clamp(low + (q > span ? 2 * span - q : q), 0.0, double(size - 1));
    }
    return p;
  };
  Array y{{x.shape[0], x.shape[1], g.shape[1], g.shape[2]}, {}};
  each(y.shape, [&](const Shape& i) {
    const double px = pixel(g.values[size_t(place(g.shape, {i[0], i[2], i[3], 0}))], x.shape[3]), py = pixel(g.values[size_t(place(g.shape, {i[0], i[2], i[3], 1}))], x.shape[2]);
    const auto at = [&](double h, double w) { return h < 0 || w < 0 || h >= double(x.shape[2]) || w >= double(x.shape[3]) ? 0.0 : x.values[size_t(place(x.shape, {i[0], i[1], int64_t(h), int64_t(w)}))]; };
    if (nearest) return y.values.push_back(at(std::nearbyint(py), std::nearbyint(px)));
    const double h = std::floor(py), w = std::floor(px), fh = py - h, fw = px - w;
    y.values.push_back((1 - fh) * ((1 - fw) * at(h, w) + fw * at(h, w + 1)) + fh * ((1 - fw) * at(h + 1, w) + fw * at(h + 1, w + 1)));
  });
  return y;
}

Array softmax(const Node& n, bool logarithm) {
  const Array& x = *n.in[0];
  const size_t columns = size_t(x.shape.back());
  if (n.whole("axis", -1) != int64_t(x.shape.size()) - 1) throw std::runtime_error("Softmax of another axis");
  Array y = x;
  for (size_t row = 0; row < x.values.size(); row += columns) {
    double total = 0;
    for (size_t j = 0; j < columns; ++j) total += std::exp(x.values[row + j]);
    for (size_t j = 0; j < columns; ++j) y.values[row + j] = logarithm ? x.values[row + j] - std::log(total) : std::exp(x.values[row + j]) / total;
  }
  return y;
}

const std::map<std::string, Function>& functions() {
  static const std::map<std::string, Function> all{
      {"Identity", [](const Node& n) { return *n.in[0]; }},
      {"Cast", [](const Node& n) {
         Array y = *n.in[0];
         if (n.whole("to", 1) == 7)
           for (double& x : y.values) x = std::trunc(x);
         return y;
       }},
      {"Reshape", [](const Node& n) { return Array{n.input_list(1), n.in[0]->values}; }},
      {"Transpose", transposed},
      {"Conv", [](const Node& n) { return convolved(n, false); }},
      {"ConvTranspose", [](const Node& n) { return convolved(n, true); }},
      {"Pad", padded},
      {"Slice", sliced},
      {"Concat", concatenated},
      {"MatMul", multiplied},
      {"GridSample", grid_sampled},
      {"Softmax", [](const Node& n) { return softmax(n, false); }},
      {"LogSoftmax", [](const Node& n) { return softmax(n, true); }},
      {"Expand", [](const Node& n) {
         Array y{broadcast(n.in[0]->shape, n.input_list(1)), {}};
         each(y.shape, [&](const Shape& i) { y.values.push_back(broadcast_at(*n.in[0], i)); });
         return y;
       }},
      {"Gather", [](const Node& n) {
         const Array &x = *n.in[0], &index = *n.in[1];
         const auto axis = x.shape.begin() + n.whole("axis", 0);
         const int64_t before = count({x.shape.begin(), axis}), behind = count({axis + 1, x.shape.end()});
         Array y{{x.shape.begin(), axis}, {}};
         y.shape.insert(y.shape.end(), index.shape.begin(), index.shape.end());
         y.shape.insert(y.shape.end(), axis + 1, x.shape.end());
         for (int64_t b = 0; b < before; ++b)
           for (const double i : index.values)
             for (int64_t k = 0; k < behind; ++k) y.values.push_back(x.values[size_t((b * *axis + int64_t(i)) * behind + k)]);
         return y;
       }},
      {"ScatterElements", [](const Node& n) {
         Array y = *n.in[0];
         for (size_t i = 0; i < n.in[1]->values.size(); ++i) y.values[size_t(n.in[1]->values[i])] = n.in[2]->values[i];
         return y;
       }},
      {"Clip", [](const Node& n) {
         Array y = *n.in[0];
         for (double& x : y.values) x = std::clamp(x, n.in[1]->values[0], n.in[2]->values[0]);
         return y;
       }},
      {"LeakyRelu", [](const Node& n) {
         Array y = *n.in[0];
         for (double& x : y.values) x = x > 0 ? x : n.number("alpha", 0.01) * x;
         return y;
       }},
      {"Elu", [](const Node& n) {
         Array y = *n.in[0];
         for (double& x : y.values) x = x > 0 ? x : n.number("alpha", 1) * std::expm1(x);
         return y;
       }},
      {"ReduceSum", reduction(sum)},
      {"ReduceMean", reduction([](const std::vector<double>& v) { return sum(v) / double(v.size()); })},
      {"ReduceMax", reduction([](const std::vector<double>& v) { return *std::max_element(v.begin(), v.end()); })},
      {"ReduceMin", reduction([](const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); })},
      {"ReduceLogSumExp", reduction([](const std::vector<double>& v) {
         double total = 0;
         for (const double x : v) total += std::exp(x);
         return std::log(total);
       })},
      {"ArgMax", [](const Node& n) { return reduced(*n.in[0], {n.whole("axis", 0)}, n.whole("keepdims", 1), [](const std::vector<double>& v) { return double(std::max_element(v.begin(), v.end()) - v.begin()); }); }},
      {"Neg", unary([](double x) { return -x; })}, {"Abs", unary(std::fabs)}, {"Exp", unary(std::exp)}, {"Log", unary(std::log)}, {"Sqrt", unary(std::sqrt)},
      {"Sign", unary([](double x) { return double((x > 0) - (x < 0)); })}, {"Reciprocal", unary([](double x) { return 1 / x; })}, {"Sin", unary(std::sin)}, {"Cos", unary(std::cos)},
      {"Relu", unary([](double x) { return std::max(x, 0.0); })}, {"Selu", unary([](double x) { return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x)); })},
      {"Erf", unary(std::erf)}, {"Sigmoid", unary([](double x) { return 1 / (1 + std::exp(-x)); })}, {"Softplus", unary([](double x) { return std::log1p(std::exp(x)); })},
      {"Tanh", unary(std::tanh)}, {"Floor", unary(std::floor)},
      {"Add", binary([](double a, double b) { return a + b; })}, {"Sub", binary([](double a, double b) { return a - b; })}, {"Mul", binary([](double a, double b) { return a * b; })},
      {"Div", binary([](double a, double b) { return a / b; })}, {"Max", binary([](double a, double b) { return std::max(a, b); })}, {"Min", binary([](double a, double b) { return std::min(a, b); })},
      {"Pow", binary([](double a, double b) { return std::pow(a, b); })}, {"Greater", binary([](double a, double b) { return double(a > b); })},
      {"GreaterOrEqual", binary([](double a, double b) { return double(a >= b); })}, {"Equal", binary([](double a, double b) { return double(a == b); })}, {"Less", binary([](double a, double b) { return double(a < b); })},
  };
  return all;
}

Array constant(const onnx::TensorProto& t) {
  Array a{{t.dims().begin(), t.dims().end()}, {}};
  const std::string& raw = t.raw_data();
  const auto read = [&](auto example) {
    std::vector<decltype(example)> numbers(raw.size() / sizeof example);
    std::memcpy(numbers.data(), raw.data(), raw.size());
    a.values.assign(numbers.begin(), numbers.end());
  };
  if (t.data_type() == onnx::TensorProto::FLOAT) read(float{});
  else if (t.data_type() == onnx::TensorProto::INT64) {
    std::vector<int64_t> numbers(raw.size() / 8);
    std::memcpy(numbers.data(), raw.data(), raw.size());
    for (const int64_t x : numbers) a.values.push_back(double(x));
  } else throw std::runtime_error("a constant of another type");
  return a;
}

}  // namespace

std::map<std::string, Array> evaluate_onnx(const std::string& file, const std::map<std::string, Array>& inputs) {
  onnx::ModelProto model;
  if (!model.ParseFromString(file)) throw std::runtime_error("not a model");
  onnx::checker::check_model(model);
  onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), {true, 1, false});   // throws where shapes do not follow
  std::map<std::string, Array> values = inputs;
  for (const auto& in : model.graph().input())
    if (!values.count(in.name())) throw std::runtime_error("input " + in.name() + " is not given");
  for (const auto& t : model.graph().initializer()) values[t.name()] = constant(t);
  for (const auto& proto : model.graph().node()) {
    Node node{proto, {}};
    for (const std::string& name : proto.input()) node.in.push_back(&values.at(name));
    const auto f = functions().find(proto.op_type());
    if (f == functions().end()) throw std::runtime_error("operator " + proto.op_type());
    values[proto.output(0)] = f->second(node);
  }
  std::map<std::string, Array> out;
  for (const auto& o : model.graph().output()) {
    Shape said;
    for (const auto& d : o.type().tensor_type().shape().dim()) said.push_back(d.dim_value());
    const Array& a = values.at(o.name());
    if (a.shape != said || count(a.shape) != int64_t(a.values.size())) throw std::runtime_error("output " + o.name() + " has another shape than the file says");
    out[o.name()] = a;
  }
  return out;
}

}  // namespace ganymede::test
