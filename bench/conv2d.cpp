// conv2d/{forward,data_gradient,weight_gradient}/{A1..F4}/{f32,tf32,bf16}: the thirty rows. On cpu also the layers of whole
// steps, conv2d/.../dcgan64-D1/f32, and ganymede_packing: with a weight that has moved, as after each optimiser step.
#include "bench/peers.h"
#include "bench/rows.h"

namespace ganymede::bench {
namespace {

using kernels::Conv2d;
using kernels::DType;
constexpr const char* kDirections[] = {"forward", "data_gradient", "weight_gradient"};

struct Layout {
  int64_t x, w, y;
  DType dw;
};
Layout layout_of(const Conv2d& p) {
  return {int64_t{p.n} * p.h * p.w * p.c, int64_t{p.k} * p.r * p.s * (p.c / p.groups), int64_t{p.n} * p.p * p.q * p.k,
          DType::f32};
}

int64_t workspace_bytes(const Conv2d& p, Role role) {
  const auto& k = table().conv2d;
  const auto bytes = role == Role::forward ? k.forward_workspace : role == Role::data_gradient ? k.data_gradient_workspace : k.weight_gradient_workspace;
  return int64_t(bytes(p));
}

Prepared ours(const Conv2d& p, Role role, bool moved) {
  struct Operands {
    int sets;
    Operand x, w, y, dw, workspace;
    std::vector<uint64_t> versions;
    Operands(const Conv2d& p, Role role, int sets)
        : sets(sets),
          x(layout_of(p).x, p.dtype, sets),
          w(layout_of(p).w, p.dtype, sets),
          y(layout_of(p).y, p.dtype, sets),
          dw(role == Role::weight_gradient ? layout_of(p).w : 0, DType::f32, sets),
          workspace(workspace_bytes(p, role), DType::u8, 1),
          versions(size_t(sets)),
          bytes(size_t(layout_of(p).w) * dtype_bytes(p.dtype)) {}
    ~Operands() {
      if (const auto forget = table().device.forget_weights)
        for (int i = 0; i < sets; ++i) forget(w[i], bytes);
    }
    size_t bytes;
  };
  const Layout l = layout_of(p);
  const auto o = std::make_shared<Operands>(p, role, sets_for(double(l.x + l.w + l.y) * double(dtype_bytes(p.dtype))));
  const kernels::Epilogue plain{nullptr, kernels::Unary::identity, 0};
  const auto call = [=](int i) {
    const auto& k = table().conv2d;
    if (moved) ++o->versions[size_t(i)];
    const kernels::Weight w{o->w[i], &o->versions[size_t(i)]};
    if (role == Role::forward) k.forward(stream(), p, o->x[i], w, o->y[i], plain, o->workspace[0]);
    if (role == Role::data_gradient) k.data_gradient(stream(), p, o->y[i], w, o->x[i], plain, o->workspace[0]);
    if (role == Role::weight_gradient) k.weight_gradient(stream(), p, o->x[i], o->y[i], o->dw[i], o->workspace[0]);
  };
  return {call, o->sets};
}

void add(const std::string& layer, Role direction, const Conv2d& p, Role role, Rate rate) {
  const Layout l = layout_of(p);
  const Problem problem{"conv2d/" + std::string(kDirections[int(direction)]) + "/" + layer + "/" + rate_name(rate),
                        2.0 * p.n * p.p * p.q * p.k * p.r * p.s * (p.c / p.groups),
                        double(l.x + l.y) * double(dtype_bytes(p.dtype)) +
                            double(l.w) * (role == Role::weight_gradient ? 4.0 : double(dtype_bytes(p.dtype))),
                        rate};
  add_case(problem, "ganymede", [=] { return ours(p, role, false); });
  if (device().type == DeviceType::cpu && role != Role::weight_gradient)
    add_case(problem, "ganymede_packing", [=] { return ours(p, role, true); });
  for (const Peers& peer : peers())
    if (peer.convolution) add_case(problem, peer.name, [=, f = peer.convolution] { return f(p, role); });
}

}  // namespace

void add_convolutions() {
  const bool cpu = device().type == DeviceType::cpu;
  for (const Rate rate : {Rate::bf16, Rate::tf32, Rate::f32}) {
    if (cpu && rate == Rate::tf32) continue;
    const DType dtype = rate == Rate::bf16 ? DType::bf16 : DType::f32;
    const Math math = rate == Rate::tf32 ? Math::tf32 : Math::f32;
    for (const Row& row : kRows)
      for (const Role direction : {Role::forward, Role::data_gradient, Role::weight_gradient})
        add(row.name, direction, problem_of(row, dtype, math), role_of(row, direction), rate);
    if (!cpu) continue;
    for (const Layer& layer : kLayers)
      for (const Role role : {Role::forward, Role::data_gradient, Role::weight_gradient})
        if (layer.calls[int(role)] > 0) add(std::string(layer.set) + "-" + layer.name, role, problem_of(layer, dtype), role, rate);
  }
}

}  // namespace ganymede::bench
