#include "engine/ops/resample.h"

#include <algorithm>
#include <functional>
#include <map>
#include <mutex>

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/shape.h"

namespace ganymede {

using kernels::AxisMap;
using kernels::Kernels;
using kernels::Stream;

namespace {

// A table of axis_map.h on a device, with its adjoint.
struct DeviceAxis {
  int in = 0, out = 0;
  Tensor start, index, weight;
  kernels::Axis view() const {
    return {in, out, static_cast<const int32_t*>(start.data()), static_cast<const int32_t*>(index.data()), weight.data()};
  }
};
struct AxisPair {
  DeviceAxis forward, adjoint;
};
using AxisHandle = std::shared_ptr<const AxisPair>;

Tensor integers(const std::vector<int32_t>& v, const Device& device) {
  Tensor t({std::max<int64_t>(int64_t(v.size()), 1)}, DType::i32, device);
  if (!v.empty() && !is_plan(device)) upload(t.rows(0, int64_t(v.size())), v.data(), v.size() * sizeof v[0]);
  return t;
}

DeviceAxis place(const AxisMap& map, DType weights, const Device& device) {
  std::vector<double> w = map.weight;
  if (w.empty()) w.push_back(0);
  const int64_t n = int64_t(w.size());
  return {map.in, map.out, integers(map.start, device), integers(map.index, device), tensor(w, {n}, weights, device)};
}

// Tables are made once: an update that is captured must not upload. They live as long as the program.
AxisHandle axis(const Tensor& x, const std::string& key, const std::function<AxisMap()>& make) {
  static std::mutex mutex;
  static auto& tables = *new std::map<std::string, AxisHandle>;
  const DType weights = x.dtype() == DType::f64 ? DType::f64 : DType::f32;
  const std::string full = x.device().str() + " " + dtype_name(weights) + " " + key;
  std::lock_guard lock(mutex);
  if (const auto it = tables.find(full); it != tables.end()) return it->second;
  const AxisMap map = make();
  auto pair = std::make_shared<AxisPair>(AxisPair{place(map, weights, x.device()), place(kernels::transpose(map), weights, x.device())});
  return tables[full] = pair;
}

Tensor apply(const AxisHandle& rows, const AxisHandle& columns, bool adjoint, const Tensor& x) {
  const DeviceAxis& r = adjoint ? rows->adjoint : rows->forward;
  const DeviceAxis& c = adjoint ? columns->adjoint : columns->forward;
  Tensor y({x.dim(0), r.out, c.out, x.dim(3)}, x.dtype(), x.device());
  const kernels::Resample problem{x.dim(0), x.dim(3), r.view(), c.view(), x.dtype()};
  launch(x.device(), [problem, p = x.data(), q = y.data()](const Kernels& k, Stream s) { k.resample.apply(s, problem, p, q); });
  return record("resample", y, {x}, [=](Backward& b) { b.results[0] = apply(rows, columns, !adjoint, b.grad()); });
}

void check_picture(const char* op, const Tensor& x) { require(x.rank() == 4, op, ": x ", x.shape(), " must be [N, H, W, C]"); }

}  // namespace

Tensor resize(const Tensor& x, int64_t height, int64_t width, Interpolation how, bool align_corners, bool antialias) {
  check_picture("resize", x);
  const auto make = [&](int64_t in, int64_t out) {
    return axis(x, text("resize ", in, " ", out, " ", int(how), align_corners, antialias), [&] { return kernels::resize_axis(int(in), int(out), how, align_corners, antialias); });
  };
  return apply(make(x.dim(1), height), make(x.dim(2), width), false, x);
}

Tensor matlab_resize(const Tensor& x, double scale, Interpolation how) {
  check_picture("matlab_resize", x);
  const auto make = [&](int64_t in) { return axis(x, text("matlab ", in, " ", scale, " ", int(how)), [&] { return kernels::matlab_axis(int(in), scale, how); }); };
  return apply(make(x.dim(1)), make(x.dim(2)), false, x);
}

Tensor upsample_nearest(const Tensor& x, int64_t factor) { return resize_nearest(x, x.dim(1) * factor, x.dim(2) * factor); }

namespace {

AxisHandle pad_axis_of(const Tensor& x, int64_t in, int64_t before, int64_t after, Padding how) {
  return axis(x, text("pad ", in, " ", before, " ", after, " ", int(how)), [&] { return kernels::pad_axis(int(in), int(before), int(after), how); });
}

}  // namespace

Tensor pad(const Tensor& x, const PadAmounts& a, Padding how, double value) {
  check_picture("pad", x);
  if (how == Padding::zero && value != 0) return pad(x - value, a, how) + value;
  return apply(pad_axis_of(x, x.dim(1), a.top, a.bottom, how), pad_axis_of(x, x.dim(2), a.left, a.right, how), false, x);
}

Tensor pad_adjoint(const Tensor& g, int64_t height, int64_t width, const PadAmounts& a, Padding how) {
  check_picture("pad adjoint", g);
  require(g.dim(1) == height + a.top + a.bottom && g.dim(2) == width + a.left + a.right, "pad adjoint: ", g.shape(), " is no picture of ", height, "x", width, " padded");
  return apply(pad_axis_of(g, height, a.top, a.bottom, how), pad_axis_of(g, width, a.left, a.right, how), true, g);
}

namespace {

AxisHandle pool_axis_of(const Tensor& x, int i, const PoolOptions& o, bool count_padding) {
  return axis(x, text("pool ", x.dim(1 + i), " ", o.kernel[i], " ", o.stride[i], " ", o.padding[i], " ", o.ceil_mode, count_padding),
              [&] { return kernels::pool_axis(int(x.dim(1 + i)), o.kernel[i], o.stride[i], o.padding[i], o.ceil_mode, count_padding); });
}

// For fixed positions the choice of the largest is linear: scatter and pick are each other's adjoints.
struct Chosen {
  AxisHandle rows, columns;
  Tensor position;
};
Tensor pick(const Chosen& c, const Tensor& x);

Tensor scatter(const Chosen& c, const Tensor& g) {
  const DeviceAxis &r = c.rows->adjoint, &w = c.columns->adjoint;
  Tensor dx({g.dim(0), r.out, w.out, g.dim(3)}, g.dtype(), g.device());
  const kernels::Resample problem{g.dim(0), g.dim(3), r.view(), w.view(), g.dtype()};
  launch(g.device(), [problem, p = g.data(), q = static_cast<const int32_t*>(c.position.data()), d = dx.data()](const Kernels& k, Stream s) { k.max_pool.gradient(s, problem, p, q, d); });
  return record("max pool gradient", dx, {g}, [c](Backward& b) { b.results[0] = pick(c, b.grad()); });
}

Tensor pick(const Chosen& c, const Tensor& x) {
  const DeviceAxis &r = c.rows->forward, &w = c.columns->forward;
  Tensor y({x.dim(0), r.out, w.out, x.dim(3)}, x.dtype(), x.device());
  const kernels::Resample problem{x.dim(0), x.dim(3), r.view(), w.view(), x.dtype()};
  launch(x.device(), [problem, p = x.data(), q = static_cast<const int32_t*>(c.position.data()), d = y.data()](const Kernels& k, Stream s) { k.max_pool.pick(s, problem, p, q, d); });
  return record("max pool pick", y, {x}, [c](Backward& b) { b.results[0] = scatter(c, b.grad()); });
}

}  // namespace

Tensor average_pool(const Tensor& x, const PoolOptions& o, bool count_padding) {
  check_picture("average_pool", x);
  // Windows are rectangles, so the mean of one is the product of means along the axes, padding counted or not.
  return apply(pool_axis_of(x, 0, o, count_padding), pool_axis_of(x, 1, o, count_padding), false, x);
}

Tensor reversed_pair_sums(const Tensor& x) {
  check_picture("reversed_pair_sums", x);
  const auto make = [&](int64_t in) {
    return axis(x, text("reversed pairs ", in), [&] {
      const AxisMap pairs = kernels::pool_axis(int(in), 2, 1, 1, false, true);
      AxisMap map = pairs;  // its rows are as long from either end
      std::fill(map.weight.begin(), map.weight.end(), 1.0);
      for (int64_t o = 0; o <= in; ++o) std::copy(&pairs.index[pairs.start[in - o]], &pairs.index[pairs.start[in - o + 1] - 1] + 1, &map.index[map.start[o]]);
      return map;
    });
  };
  return apply(make(x.dim(1)), make(x.dim(2)), false, x);
}

Tensor filter2d(const Tensor& x, const FilterOptions& o) {
  check_picture("filter2d", x);
  const std::string taps(reinterpret_cast<const char*>(o.taps.data()), o.taps.size() * sizeof(double));   // as text they would be rounded
  const auto make = [&](int64_t in) {
    return axis(x, text("filter ", in, " ", o.up, " ", o.down, " ", o.before, " ", o.after, " ", taps), [&] { return kernels::filter_axis(int(in), o.taps, o.up, o.down, o.before, o.after); });
  };
  return apply(make(x.dim(1)), make(x.dim(2)), false, x);
}

Tensor adaptive_average_pool(const Tensor& x, int64_t height, int64_t width) {
  check_picture("adaptive_average_pool", x);
  const auto make = [&](int64_t in, int64_t out) { return axis(x, text("adaptive ", in, " ", out), [&] { return kernels::adaptive_axis(int(in), int(out)); }); };
  return apply(make(x.dim(1), height), make(x.dim(2), width), false, x);
}

Tensor max_pool(const Tensor& x, const PoolOptions& o) {
  check_picture("max_pool", x);
  Chosen c{pool_axis_of(x, 0, o, true), pool_axis_of(x, 1, o, true), {}};
  const DeviceAxis &r = c.rows->forward, &w = c.columns->forward;
  Tensor y({x.dim(0), r.out, w.out, x.dim(3)}, x.dtype(), x.device());
  c.position = Tensor(y.shape(), DType::i32, x.device());
  const kernels::Resample problem{x.dim(0), x.dim(3), r.view(), w.view(), x.dtype()};
  launch(x.device(), [problem, p = x.data(), q = y.data(), at = static_cast<int32_t*>(c.position.data())](const Kernels& k, Stream s) { k.max_pool.forward(s, problem, p, q, at); });
  return record("max pool", y, {x}, [c](Backward& b) { b.results[0] = scatter(c, b.grad()); });
}

Tensor pixel_shuffle(const Tensor& x, int64_t r) {
  check_picture("pixel_shuffle", x);
  require(r > 0 && x.dim(3) % (r * r) == 0, "pixel_shuffle: ", x.dim(3), " channels do not divide into squares of ", r);
  const int64_t c = x.dim(3) / (r * r);
  const Tensor parts = reshape(x, Shape{x.dim(0), x.dim(1), x.dim(2), c, r, r});
  return reshape(permute(parts, {0, 1, 4, 2, 5, 3}), Shape{x.dim(0), x.dim(1) * r, x.dim(2) * r, c});
}

Tensor pixel_unshuffle(const Tensor& x, int64_t r) {
  check_picture("pixel_unshuffle", x);
  require(r > 0 && x.dim(1) % r == 0 && x.dim(2) % r == 0, "pixel_unshuffle: ", x.dim(1), "x", x.dim(2), " pixels do not divide by ", r);
  const Tensor parts = reshape(x, Shape{x.dim(0), x.dim(1) / r, r, x.dim(2) / r, r, x.dim(3)});
  return reshape(permute(parts, {0, 1, 3, 5, 2, 4}), Shape{x.dim(0), x.dim(1) / r, x.dim(2) / r, x.dim(3) * r * r});
}

}  // namespace ganymede
