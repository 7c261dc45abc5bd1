// gemm/MxNxK/{f32,tf32,bf16}: c = a b^T, as linear layers multiply.
#include "bench/peers.h"

namespace ganymede::bench {

void add_products() {
  struct Size { int batch, m, n, k; };
  const bool cpu = device().type == DeviceType::cpu;
  std::vector<Size> sizes{{1, 128, 8192, 128}, {1, 64, 1024, 784}, {1, 256, 4096, 512}, {1, 1024, 1024, 1024}, {16, 256, 256, 64}};
  if (!cpu) sizes.insert(sizes.end(), {{1, 4096, 4096, 4096}, {1, 8192, 8192, 8192}, {1, 128, 512, 16384}});
  for (const Rate rate : {Rate::bf16, Rate::tf32, Rate::f32}) {
    if (cpu && rate == Rate::tf32) continue;
    const auto dtype = rate == Rate::bf16 ? DType::bf16 : DType::f32;
    for (const Size& s : sizes) {
      const kernels::Gemm g{s.batch, s.m, s.n, s.k, false, true, int64_t{s.m} * s.k, int64_t{s.n} * s.k, dtype, dtype,
                            rate == Rate::tf32 ? Math::tf32 : Math::f32};
      const int64_t a = s.batch * g.stride_a, b = s.batch * g.stride_b, c = int64_t{s.batch} * s.m * s.n;
      const Problem problem{"gemm/" + (s.batch > 1 ? std::to_string(s.batch) + "x" : std::string()) + std::to_string(s.m) + "x" +
                                std::to_string(s.n) + "x" + std::to_string(s.k) + "/" + rate_name(rate),
                            2.0 * s.batch * s.m * s.n * s.k, double(a + b + c) * double(dtype_bytes(dtype)), rate};
      add_case(problem, "ganymede", [=] {
        struct Operands { Operand a, b, c; };
        const int sets = sets_for(problem.bytes);
        const std::shared_ptr<Operands> o(new Operands{{a, dtype, sets}, {b, dtype, sets}, {c, dtype, sets}});
        return Prepared{[=](int i) { table().gemm.multiply(stream(), g, o->a[i], o->b[i], o->c[i], {nullptr, kernels::Unary::identity, 0}); }, sets};
      });
      for (const Peers& peer : peers())
        if (peer.product) add_case(problem, peer.name, [=, f = peer.product] { return f(g); });
    }
  }
}

}  // namespace ganymede::bench
