// resize/, grid_sample/ and attention/: what pictures are put through besides convolutions.
#include "bench/measure.h"
#include "kernels/api/axis_map.h"

namespace ganymede::bench {
namespace {

using kernels::AxisMap;
using kernels::DType;

// The tables of an axis on the device.
struct DeviceAxis {
  int in, out;
  void *start, *index, *weight;
  explicit DeviceAxis(const AxisMap& m) : in(m.in), out(m.out) {
    const std::vector<float> weights(m.weight.begin(), m.weight.end());
    start = put(m.start), index = put(m.index), weight = put(weights);
  }
  ~DeviceAxis() {
    for (void* p : {start, index, weight}) table().device.release(p);
  }
  DeviceAxis(const DeviceAxis&) = delete;
  kernels::Axis axis() const { return {in, out, static_cast<int32_t*>(start), static_cast<int32_t*>(index), weight}; }

 private:
  template <class T>
  static void* put(const std::vector<T>& values) {
    void* p = table().device.allocate(values.size() * sizeof(T));
    table().device.upload(stream(), p, values.data(), values.size() * sizeof(T));
    table().device.synchronize();
    return p;
  }
};

void add_resize(const char* kind, int64_t n, int h, int w, int64_t c, const AxisMap& rows, const AxisMap& columns, DType dtype, Rate rate) {
  const int64_t in = n * h * w * c, out = n * rows.out * columns.out * c;
  const Problem problem{std::string("resize/") + kind + "/" + std::to_string(n) + "x" + std::to_string(h) + "x" + std::to_string(w) + "x" +
                            std::to_string(c) + "/" + rate_name(rate),
                        0, double(in + out) * double(dtype_bytes(dtype)), Rate::f32};
  add_case(problem, "ganymede", [=] {
    struct Operands { DeviceAxis rows, columns; Operand x, y; };
    const int sets = sets_for(problem.bytes);
    const std::shared_ptr<Operands> o(new Operands{DeviceAxis(rows), DeviceAxis(columns), {in, dtype, sets}, {out, dtype, sets}});
    return Prepared{[=](int i) { table().resample.apply(stream(), {n, c, o->rows.axis(), o->columns.axis(), dtype}, o->x[i], o->y[i]); }, sets};
  });
}

void add_grid_sample(DType dtype, Rate rate) {
  using namespace kernels;
  const GridSample s{16, 64, 64, 64, 64, 64, SampleMode::bilinear, SampleBorder::zeros, false, dtype};
  const int64_t count = s.n * s.h * s.w * s.c, places = s.n * s.p * s.q * 2;
  for (const char* kind : {"forward", "data_gradient", "grid_gradient"}) {
    const std::string what = kind;
    const double tensors = what == "grid_gradient" ? 2 : 2;
    const Problem problem{"grid_sample/" + what + "/16x64x64x64/" + rate_name(rate), 0,
                          tensors * double(count) * double(dtype_bytes(dtype)) + double(places) * 4, Rate::f32};
    add_case(problem, "ganymede", [=] {
      struct Operands { Operand x, y, grid, dgrid, workspace; };
      const int sets = sets_for(problem.bytes);
      const std::shared_ptr<Operands> o(new Operands{{count, dtype, sets}, {count, dtype, sets}, {places, DType::f32, 1}, {places, DType::f32, 1},
                                                     {int64_t(table().grid_sample.workspace_bytes(s)), DType::u8, 1}});
      return Prepared{[=](int i) {
        const auto& k = table().grid_sample;
        if (what == "forward") k.sample(stream(), s, o->x[i], o->grid[0], nullptr, o->y[i]);
        else if (what == "data_gradient") k.data_gradient(stream(), s, o->y[i], o->grid[0], nullptr, o->x[i], o->workspace[0]);
        else k.grid_gradient(stream(), s, o->x[i], o->y[i], o->grid[0], nullptr, o->dgrid[0]);
      }, sets};
    });
  }
}

void add_attention(DType dtype, Rate rate) {
  using kernels::Attention;
  const bool small = device().type != DeviceType::cuda;
  const Math math = rate == Rate::tf32 ? Math::tf32 : Math::f32;
  for (const int side : {32, 64}) {
    if (small && side > 32) continue;
    const Attention a{small ? 2 : 16, side * side, side * side, 32, 128, 1.0, dtype, math};
    const double products = 2.0 * a.batch * a.queries * a.keys;
    for (const bool gradient : {false, true}) {
      const int64_t q = int64_t{a.batch} * a.queries * a.depth, v = int64_t{a.batch} * a.keys * a.width, rows = int64_t{a.batch} * a.queries;
      // Forward: scores and weighted values; gradient: scores again, da, dq, dk, dv.
      const double flops = products * (gradient ? 3.0 * a.depth + 2.0 * a.width : 1.0 * a.depth + a.width);
      const Problem problem{std::string("attention/") + (gradient ? "gradient/" : "forward/") + std::to_string(a.batch) + "x" + std::to_string(a.queries) +
                                "x32x128/" + rate_name(rate),
                            flops, double(gradient ? 4 * q + 4 * v : 2 * q + 2 * v) * double(dtype_bytes(dtype)), rate};
      add_case(problem, "ganymede", [=] {
        struct Operands { Operand q, k, v, o, g, logsum, dq, dk, dv, workspace; };
        const int sets = 2;
        const std::shared_ptr<Operands> t(new Operands{{q, dtype, sets}, {q, dtype, sets}, {v, dtype, sets}, {v, dtype, sets}, {v, dtype, sets},
            {rows, DType::f32, sets}, {q, dtype, sets}, {q, dtype, sets}, {v, dtype, sets}, {int64_t(table().attention.workspace_bytes(a)) + 4, DType::u8, 1}});
        const auto forward = [=](int i) {
          table().attention.forward(stream(), a, t->q[i], t->k[i], t->v[i], t->o[i], t->logsum[i], t->workspace[0]);
        };
        if (!gradient) return Prepared{forward, sets};
        for (int i = 0; i < sets; ++i) forward(i);
        return Prepared{[=](int i) {
          table().attention.gradient(stream(), a, t->q[i], t->k[i], t->v[i], t->o[i], t->logsum[i], t->g[i], t->dq[i], t->dk[i], t->dv[i], t->workspace[0]);
        }, sets};
      });
    }
  }
}

}  // namespace

void add_pictures() {
  using namespace kernels;
  const bool cuda = device().type == DeviceType::cuda;
  for (const Rate rate : {Rate::bf16, Rate::tf32, Rate::f32}) {
    const DType dtype = rate == Rate::bf16 ? DType::bf16 : DType::f32;
    if (rate == Rate::tf32 && !cuda) continue;
    add_attention(dtype, rate);
    if (rate == Rate::tf32) continue;
    const auto both = [&](const char* kind, int64_t n, int size, int64_t c, const AxisMap& m) { add_resize(kind, n, size, size, c, m, m, dtype, rate); };
    const AxisMap twice = resize_axis(64, 128, Interpolation::linear, false, false);
    both("bilinear_up", 16, 64, 64, twice);
    both("bilinear_up_gradient", 16, 128, 64, transpose(twice));
    both("bicubic_down", 16, 128, 64, resize_axis(128, 64, Interpolation::cubic, false, true));
    both("reflect_pad", 4, 64, 256, pad_axis(64, 1, 1, Padding::reflect));
    both("average_pool", 16, 64, 128, pool_axis(64, 2, 2, 0, false, true));
    add_grid_sample(dtype, rate);
  }
}

}  // namespace ganymede::bench
