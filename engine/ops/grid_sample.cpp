#include "engine/ops/grid_sample.h"

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/create.h"
#include "engine/ops/matmul.h"
#include "engine/ops/resample.h"
#include "engine/ops/shape.h"

namespace ganymede {

using kernels::GridSample;
using kernels::Kernels;
using kernels::Stream;

// The names follow kernels/api/grid_sample.h: S and J are sample without and with a direction v, D the adjoint in x, and
// grid_gradient the derivative of <dy, S> or <dy, J> by the grid. Each one's derivatives are the others.
namespace {

Tensor adjoint(const GridSample& p, const Tensor& dy, const Tensor& grid, const Tensor& v);
Tensor grid_gradient(const GridSample& p, const Tensor& x, const Tensor& dy, const Tensor& grid, const Tensor& v);

Tensor sample(const GridSample& p, const Tensor& x, const Tensor& grid, const Tensor& v) {
  Tensor y({p.n, p.p, p.q, p.c}, x.dtype(), x.device());
  launch(x.device(), [p, px = x.data(), pg = grid.data(), pv = data_or_null(v), py = y.data()](const Kernels& k, Stream s) { k.grid_sample.sample(s, p, px, pg, pv, py); });
  const char* name = "grid sample";
  return record(name, y, {x, grid, v}, [=, sx = Saved(name, x), sg = Saved(name, grid), sv = Saved(name, v)](Backward& b) {
    const Tensor& dy = b.grad();
    if (b.needs(0)) b.results[0] = adjoint(p, dy, sg(), sv());
    if (b.needs(1)) b.results[1] = grid_gradient(p, sx(), dy, sg(), sv());
    if (b.needs(2)) b.results[2] = grid_gradient(p, sx(), dy, sg(), {});
  });
}

Tensor adjoint(const GridSample& p, const Tensor& dy, const Tensor& grid, const Tensor& v) {
  Tensor dx({p.n, p.h, p.w, p.c}, dy.dtype(), dy.device());
  const Tensor memory = workspace(dy.device(), [&](const Kernels& k) { return k.grid_sample.workspace_bytes(p); });
  launch(dy.device(), [p, py = dy.data(), pg = grid.data(), pv = data_or_null(v), px = dx.data(), w = data_or_null(memory)](const Kernels& k, Stream s) {
    k.grid_sample.data_gradient(s, p, py, pg, pv, px, w);
  });
  const char* name = "grid sample adjoint";
  return record(name, dx, {dy, grid, v}, [=, sy = Saved(name, dy), sg = Saved(name, grid), sv = Saved(name, v)](Backward& b) {
    const Tensor& h = b.grad();
    if (b.needs(0)) b.results[0] = sample(p, h, sg(), sv());
    if (b.needs(1)) b.results[1] = grid_gradient(p, h, sy(), sg(), sv());
    if (b.needs(2)) b.results[2] = grid_gradient(p, h, sy(), sg(), {});
  });
}

Tensor grid_gradient(const GridSample& p, const Tensor& x, const Tensor& dy, const Tensor& grid, const Tensor& v) {
  Tensor dg(grid.shape(), grid.dtype(), grid.device());
  launch(x.device(), [p, px = x.data(), py = dy.data(), pg = grid.data(), pv = data_or_null(v), d = dg.data()](const Kernels& k, Stream s) {
    k.grid_sample.grid_gradient(s, p, px, py, pg, pv, d);
  });
  const char* name = "grid sample grid gradient";
  return record(name, dg, {x, dy, grid, v}, [=, sx = Saved(name, x), sy = Saved(name, dy), sg = Saved(name, grid), second = v.defined()](Backward& b) {
    require(!second, "grid_sample: its third derivative is not there");
    const Tensor& h = b.grad();
    if (b.needs(0)) b.results[0] = adjoint(p, sy(), sg(), h);
    if (b.needs(1)) b.results[1] = sample(p, sx(), sg(), h);
    if (b.needs(2)) b.results[2] = grid_gradient(p, sx(), sy(), sg(), h);
  });
}

}  // namespace

Tensor grid_sample(const Tensor& x, const Tensor& grid, const SampleOptions& o) {
  require(x.rank() == 4 && grid.rank() == 4 && grid.dim(0) == x.dim(0) && grid.dim(3) == 2, "grid_sample: x ", x.shape(), " and grid ", grid.shape(), " must be [N, H, W, C] and [N, P, Q, 2]");
  const GridSample p{x.dim(0), x.dim(1), x.dim(2), x.dim(3), grid.dim(1), grid.dim(2), o.mode, o.border, o.align_corners, x.dtype()};
  return sample(p, x, cast(grid, x.dtype() == DType::f64 ? DType::f64 : DType::f32), {});
}

// Interpolated between the corners on the device: places from the host would be uploaded, which a captured update must not.
Tensor identity_grid(int64_t height, int64_t width, bool align_corners, DType dtype, const Device& device) {
  const auto corner = [&](int64_t n) { return align_corners ? (n > 1 ? 1.0 : 0.0) : 1.0 - 1.0 / double(n); };
  const auto constant = [&](double value, const Shape& shape) { return full(shape, value, dtype, device); };
  const Shape row{1, 1, 2, 1}, column{1, 2, 1, 1};
  const Tensor x = concat({constant(-corner(width), column), constant(corner(width), column)}, 2);
  const Tensor y = concat({constant(-corner(height), row), constant(corner(height), row)}, 1);
  return resize(concat({x, y}, 3), height, width, Interpolation::linear, true);
}

Tensor affine_grid(const Tensor& theta, int64_t height, int64_t width, bool align_corners) {
  require(theta.rank() == 3 && theta.dim(1) == 2 && theta.dim(2) == 3, "affine_grid: theta ", theta.shape(), " must be [N, 2, 3]");
  const Tensor places = identity_grid(height, width, align_corners, theta.dtype(), theta.device());
  const Tensor points = concat({places, full({1, height, width, 1}, 1, theta.dtype(), theta.device())}, 3);   // (x, y, 1) of every place
  return reshape(matmul(reshape(points, Shape{1, height * width, 3}), theta, false, true), Shape{theta.dim(0), height, width, 2});
}

}  // namespace ganymede
