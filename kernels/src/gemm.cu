// Batched matrix product c = f(op(a) * op(b) + bias + residual), row-major: checks, choice of the tile and of the way to
// multiply.
#include "kernels/device/families.h"
#include "kernels/device/gemm_plan.h"
#include "kernels/device/gemm_problem.h"

namespace ganymede::kernels::GANYMEDE_TARGET {

void multiply_matrices(Stream stream, const Gemm& g, const void* a, const void* b, void* c,
                       const Epilogue& epilogue, TilePlan plan) {
  if ((g.dtype != DType::f32 && g.dtype != DType::bf16) || (g.out != g.dtype && g.out != DType::f32)) {
    throw std::runtime_error("gemm: only f32 and bf16 (to bf16 or f32) run on this device");
  }
  if (int64_t{g.m} * g.k > kMaxElements || int64_t{g.n} * g.k > kMaxElements) {
    throw std::runtime_error("gemm: a matrix of m, n, k = " + std::to_string(g.m) + ", " +
                             std::to_string(g.n) + ", " + std::to_string(g.k) + " has more than " +
                             std::to_string(kMaxElements) + " elements");
  }
  if (is_twin(plan.tile)) {
    if (multiply_twin(stream, g, a, b, c, epilogue, plan)) return;
    plan = choose_plan(g.m, g.n, g.k, g.batch);
  }
  const auto run = [&](auto* multiply, auto element) {
    using T = decltype(element);
    multiply(stream, g, static_cast<const T*>(a), static_cast<const T*>(b), c, epilogue, plan);
  };
  if (g.dtype == DType::bf16) run(multiply_bf16, Bf16{});
  else if (g.math == Math::tf32) run(multiply_tf32, 0.0f);
  else run(multiply_f32, 0.0f);
}

namespace {

void multiply(Stream stream, const Gemm& g, const void* a, const void* b, void* c, const Epilogue& epilogue) {
  multiply_matrices(stream, g, a, b, c, epilogue, gemm_plan(g, simt::compute_capability()));
}

}  // namespace

const GemmKernels gemm_kernels = {multiply};

}  // namespace ganymede::kernels::GANYMEDE_TARGET
