#include "tests/support/op_case.h"

#include <bit>
#include <cmath>

#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede::test {
namespace {

double to_bf16(double x) {
  const auto u = std::bit_cast<uint32_t>(float(x));
  return std::bit_cast<float>((u + 0x7fffu + (u >> 16 & 1)) & 0xffff0000u);
}

}  // namespace

Tensors inputs_of(const OpCase& c) {
  Tensors in;
  for (size_t i = 0; i < c.shapes.size(); ++i) {
    auto v = random_tensor(c.shapes[i], 17 + i, c.low, c.high).to_doubles();
    for (double& x : v) {
      if (c.piecewise && std::abs(x - std::round(x)) < 0.1) x += 0.25;
      x = to_bf16(x);
    }
    in.push_back(tensor(v, c.shapes[i], DType::f64, Device{}));
  }
  return in;
}

Orders run_orders(const OpCase& c, const Device& device, Arithmetic arithmetic) {
  const DType dtype = arithmetic == Arithmetic::f64 ? DType::f64 : arithmetic == Arithmetic::bf16 ? DType::bf16 : DType::f32;
  ContextScope scope;
  context().device = device;
  context().dtype = dtype == DType::f64 ? DType::f64 : DType::f32;
  context().precision = arithmetic == Arithmetic::bf16 ? Precision::bf16 : arithmetic == Arithmetic::tf32 ? Precision::tf32 : Precision::f32;
  const auto place = [&](const Tensor& t, bool activation) {
    const DType as = dtype == DType::bf16 && !activation ? DType::f32 : dtype;
    return to_device(cast(t, as).constant(), device);
  };
  const Tensors reference = inputs_of(c);
  Tensors x;
  for (size_t i = 0; i < reference.size(); ++i) {
    x.push_back(watch(place(reference[i], int(i) < c.activations)));
  }
  const Tensors y = c.f(x);
  Orders out;
  const auto append = [](std::vector<double>& to, const Tensor& t, const Shape& shape) {
    const auto v = t ? t.to_doubles() : std::vector<double>(size_t(shape.count()), 0.0);
    to.insert(to.end(), v.begin(), v.end());
  };
  Tensors cot;
  for (size_t k = 0; k < y.size(); ++k) {
    append(out.forward, y[k], y[k].shape());
    auto v = random_tensor(y[k].shape(), 70 + k, -1, 1).to_doubles();
    for (double& e : v) e = to_bf16(e);
    cot.push_back(watch(to_device(cast(tensor(v, y[k].shape(), DType::f64, Device{}), y[k].dtype()).constant(), device)));
  }
  const Tensors dx = grad(y, x, cot, Record::on);
  Tensors ys, cot2;
  for (size_t i = 0; i < x.size(); ++i) {
    append(out.first, dx[i], x[i].shape());
    if (!dx[i]) continue;
    auto v = random_tensor(x[i].shape(), 90 + i, -1, 1).to_doubles();
    for (double& e : v) e = to_bf16(e);
    ys.push_back(dx[i]);
    cot2.push_back(to_device(cast(tensor(v, x[i].shape(), DType::f64, Device{}), x[i].dtype()).constant(), device));
  }
  Tensors targets = x;
  targets.insert(targets.end(), cot.begin(), cot.end());
  const Tensors second = grad(ys, targets, cot2, Record::off);
  for (size_t i = 0; i < targets.size(); ++i) append(out.second, second[i], targets[i].shape());
  return out;
}

Errors errors_of(const OpCase& c, const Device& device, Arithmetic arithmetic) {
  const Orders want = run_orders(c, Device{}, Arithmetic::f64), got = run_orders(c, device, arithmetic);
  return {relative_error(got.forward, want.forward), relative_error(got.first, want.first), relative_error(got.second, want.second)};
}

Errors bounds_of(Kind kind, Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::bf16) return {1e-2, 2e-2, 3e-2};
  if (arithmetic == Arithmetic::tf32 && kind == Kind::product) return {2e-3, 4e-3, 6e-3};
  if (kind == Kind::element_wise) return {1e-6, 1e-6, 5e-6};
  return {1e-5, 5e-5, 2e-4};
}

}  // namespace ganymede::test
