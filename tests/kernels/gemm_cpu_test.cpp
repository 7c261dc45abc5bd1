// Matrix products of the cpu device against three nested loops in double.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/cpu/families.h"
#include "kernels/cpu/number.h"
#include "kernels/cpu/onednn.h"
#include "tests/kernels/cpu_check.h"

namespace ganymede::kernels::cpu {
namespace {

double finish(double v, Unary activation, double alpha) {
  if (activation == Unary::relu) return std::max(v, 0.0);
  if (activation == Unary::leaky_relu) return v > 0 ? v : alpha * v;
  if (activation == Unary::sigmoid) return 1 / (1 + std::exp(-v));
  if (activation == Unary::tanh) return std::tanh(v);
  return v;
}

int64_t operand_count(int64_t stride, int batch, int64_t matrix) {
  return stride == 0 ? matrix : stride * (batch - 1) + matrix;
}

template <typename T, typename Out>
void expect_matches(const Gemm& p, bool with_bias, bool with_residual, Unary activation, double limit, bool with_mask) {
  SCOPED_TRACE(testing::Message() << name_of(p.dtype) << " to " << name_of(p.out) << " batch " << p.batch
                                  << " m" << p.m << " n" << p.n << " k" << p.k << " ta" << p.transpose_a
                                  << " tb" << p.transpose_b << " strides " << p.stride_a << ' ' << p.stride_b
                                  << " bias " << with_bias << " residual " << with_residual << " mask " << with_mask << " activation " << static_cast<int>(activation));
  const auto a = random_values(operand_count(p.stride_a, p.batch, int64_t{p.m} * p.k), 1);
  const auto b = random_values(operand_count(p.stride_b, p.batch, int64_t{p.k} * p.n), 2);
  const auto bias = random_values(p.n, 3);
  const auto ta = as<T>(a), tb = as<T>(b);
  const auto tbias = as<Compute<T>>(bias);
  const auto residual = random_values(int64_t{p.batch} * p.m * p.n, 4);
  const auto tresidual = as<Out>(residual);
  constexpr int kGuard = 16;
  const int64_t count = int64_t{p.batch} * p.m * p.n;
  std::vector<Out> c(count + kGuard, store<Out>(std::numeric_limits<Compute<Out>>::quiet_NaN()));
  gemm_kernels.multiply(nullptr, p, ta.data(), tb.data(), c.data(),
                        {with_bias ? tbias.data() : nullptr, activation, 0.2f, with_residual ? tresidual.data() : nullptr, 1, with_mask ? tresidual.data() : nullptr});
  double difference = 0, size = 0;
  for (int batch = 0; batch < p.batch; ++batch)
    for (int i = 0; i < p.m; ++i)
      for (int j = 0; j < p.n; ++j) {
        double sum = with_bias ? bias[j] : 0;
        for (int l = 0; l < p.k; ++l)
          sum += a[batch * p.stride_a + (p.transpose_a ? int64_t{l} * p.m + i : int64_t{i} * p.k + l)] *
                 b[batch * p.stride_b + (p.transpose_b ? int64_t{j} * p.k + l : int64_t{l} * p.n + j)];
        if (with_residual) sum += residual[(int64_t{batch} * p.m + i) * p.n + j];
        sum = finish(sum, activation, 0.2f);
        if (with_mask && !(residual[(int64_t{batch} * p.m + i) * p.n + j] > 0)) sum *= 0.2f;
        const double got = load(c[(int64_t{batch} * p.m + i) * p.n + j]);
        difference += (got - sum) * (got - sum);
        size += sum * sum;
      }
  EXPECT_LE(std::sqrt(difference), limit * std::sqrt(size));
  for (int i = 0; i < kGuard; ++i) EXPECT_TRUE(std::isnan(load(c[count + i])));
}

void expect_all_types_match(Gemm p, bool bias = false, Unary activation = Unary::identity, bool residual = false, bool mask = false) {
  p.dtype = p.out = DType::f64;
  expect_matches<double, double>(p, bias, residual, activation, 1e-14, mask);
  p.dtype = p.out = DType::f32;
  expect_matches<float, float>(p, bias, residual, activation, 1e-5, mask);
  p.dtype = p.out = DType::bf16;
  expect_matches<Bf16, Bf16>(p, bias, residual, activation, 1e-2, mask);
  p.out = DType::f32;
  expect_matches<Bf16, float>(p, bias, residual, activation, 1e-5, mask);
}

TEST(GemmCpu, MatchesReference) {
  const int sizes[][3] = {{1, 1, 1},    {1, 17, 3},   {5, 1, 7},     {3, 5, 1},     {7, 67, 13},
                          {33, 65, 31}, {64, 64, 64}, {129, 3, 300}, {2, 100, 1037}};
  for (const auto& [m, n, k] : sizes)
    for (bool transpose_a : {false, true})
      for (bool transpose_b : {false, true})
        expect_all_types_match(
            {1, m, n, k, transpose_a, transpose_b, 0, 0, DType::f32, DType::f32, Math::f32});
}

TEST(GemmCpu, BatchesMatchReference) {
  const int m = 6, n = 11, k = 9;
  for (bool transpose_a : {false, true})
    for (bool transpose_b : {false, true})
      for (int64_t stride_a : {0, m * k, m * k + 5})
        for (int64_t stride_b : {0, k * n, k * n + 3})
          expect_all_types_match(
              {3, m, n, k, transpose_a, transpose_b, stride_a, stride_b, DType::f32, DType::f32, Math::f32});
}

TEST(GemmCpu, EpilogueMatchesReference) {
  expect_all_types_match({2, 5, 19, 8, false, true, 40, 0, DType::f32, DType::f32, Math::f32}, false, Unary::identity, false, true);
  for (Unary activation : {Unary::identity, Unary::relu, Unary::leaky_relu, Unary::sigmoid, Unary::tanh})
    for (bool bias : {false, true})
      for (int batch : {1, 2})
        for (bool residual : {false, true})
          expect_all_types_match({batch, 5, 19, 8, false, true, 40, 0, DType::f32, DType::f32, Math::f32}, bias,
                                 activation, residual);
}

// One primitive a problem, none of them reference code.
TEST(GemmCpu, HasFastImplementations) {
  if (!has_avx512()) GTEST_SKIP() << "oneDNN 2.6 has bf16 and all layouts from AVX-512 on";
  const size_t before = implementations_used().size();
  size_t problems = 0;
  for (bool transpose_a : {false, true})
    for (bool transpose_b : {false, true})
      for (int batch : {1, 4})
        for (DType dtype : {DType::f32, DType::bf16})
          for (DType out : dtype == DType::f32 ? std::vector{dtype} : std::vector{dtype, DType::f32}) {
            const Gemm p{batch,   24,      40,    56,  transpose_a, transpose_b,
                         24 * 56, 40 * 56, dtype, out, Math::f32};
            const std::vector<float> a(4 * 24 * 56), b(4 * 40 * 56);
            std::vector<float> c(4 * 24 * 40);
            gemm_kernels.multiply(nullptr, p, a.data(), b.data(), c.data(), {nullptr, Unary::identity, 0});
            ++problems;
          }
  const auto used = implementations_used();
  EXPECT_EQ(used.size() - before, problems);
  for (size_t i = before; i < used.size(); ++i)
    EXPECT_EQ(used[i].find(": ref"), std::string::npos) << used[i];
}

TEST(GemmCpu, EmptySums) {
  expect_all_types_match({1, 3, 4, 0, false, false, 0, 0, DType::f32, DType::f32, Math::f32}, true,
                         Unary::relu);
  const Gemm nothing{1, 0, 4, 2, false, false, 0, 0, DType::f32, DType::f32, Math::f32};
  gemm_kernels.multiply(nullptr, nothing, nullptr, nullptr, nullptr, {nullptr, Unary::identity, 0});
}

TEST(GemmCpu, RefusesTf32) {
  const Gemm p{1, 1, 1, 1, false, false, 0, 0, DType::f32, DType::f32, Math::tf32};
  float a = 1, b = 1, c = 0;
  EXPECT_THROW(gemm_kernels.multiply(nullptr, p, &a, &b, &c, {nullptr, Unary::identity, 0}),
               std::runtime_error);
}

}  // namespace
}  // namespace ganymede::kernels::cpu
