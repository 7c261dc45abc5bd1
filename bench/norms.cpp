// norm/{batch,instance,layer,pixel}/{forward,gradient}/HxWxC/{f32,bf16}: a norm forward (statistics and apply), or its gradient, of 16
// pictures.
#include "bench/peers.h"

namespace ganymede::bench {

void add_norms() {
  using kernels::Norm;
  struct Size { int64_t h, w, c; };
  const int64_t n = 16;
  for (const Rate rate : {Rate::bf16, Rate::f32}) {
    const auto dtype = rate == Rate::bf16 ? DType::bf16 : DType::f32;
    for (const Size& s : {Size{64, 64, 64}, Size{32, 32, 128}, Size{8, 8, 512}}) {
      const int64_t pixels = s.h * s.w, count = n * pixels * s.c;
      const std::pair<const char*, Norm> norms[] = {{"batch", {1, n * pixels, s.c, 1, 1e-5, true, 0, dtype}},
                                                    {"instance", {n, pixels, s.c, 1, 1e-5, true, 0, dtype}},
                                                    {"layer", {n, pixels, 1, s.c, 1e-5, true, 0, dtype}},
                                                    {"pixel", {n * pixels, 1, 1, s.c, 1e-8, false, 0, dtype}}};
      for (const auto& [kind, norm] : norms)
        for (const bool gradient : {false, true}) {
          const std::string size = std::to_string(s.h) + "x" + std::to_string(s.w) + "x" + std::to_string(s.c);
          const Problem problem{std::string("norm/") + kind + (gradient ? "/gradient/" : "/forward/") + size + "/" + rate_name(rate), 0,
                                double(count) * (gradient ? 3 : 2) * double(dtype_bytes(dtype)), Rate::f32};
          const auto prepare = [=, norm = norm] {
            struct Operands { Operand x, y, dx, mean, rstd, gamma, beta, workspace; };
            const int sets = sets_for(problem.bytes);
            const int64_t statistics = norm.outer * norm.groups, channels = norm.groups * norm.width;
            const std::shared_ptr<Operands> o(new Operands{{count, dtype, sets}, {count, dtype, sets}, {gradient ? count : 0, dtype, sets},
                {statistics, DType::f32, 1}, {statistics, DType::f32, 1}, {norm.outer * channels, DType::f32, 2}, {norm.outer * channels, DType::f32, 2},
                {int64_t(table().norm.workspace_bytes(norm)), DType::u8, 1}});
            table().norm.statistics(stream(), norm, o->x[0], o->mean[0], o->rstd[0], {}, o->workspace[0]);
            return Prepared{[=](int i) {
              const auto& k = table().norm;
              const kernels::NormActivation affine{kernels::Unary::identity, 0, o->gamma[0], o->beta[0]};
              if (gradient) {
                k.gradient(stream(), norm, affine, o->x[i], o->y[i], o->mean[0], o->rstd[0], o->gamma[1], o->beta[1], o->dx[i], o->workspace[0]);
              } else {
                k.forward(stream(), norm, affine, o->x[i], nullptr, o->mean[0], o->rstd[0], {}, o->y[i], o->workspace[0]);
              }
            }, sets};
          };
          add_case(problem, "ganymede", prepare);
          if (std::string(kind) != "batch") continue;
          for (const Peers& peer : peers())
            if (peer.batch_norm) add_case(problem, peer.name, [=, norm = norm, f = peer.batch_norm] { return f(norm, gradient); });
        }
    }
  }
}

}  // namespace ganymede::bench
