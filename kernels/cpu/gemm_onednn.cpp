#include "kernels/cpu/gemm_onednn.h"

#include <array>
#include <bit>
#include <map>
#include <sstream>

#include "kernels/cpu/conv2d_epilogue.h"
#include "kernels/cpu/number.h"
#include "kernels/cpu/onednn.h"

namespace ganymede::kernels::cpu {
namespace {

using dnnl::memory;

struct Plan {
  bool usable = false;
  OnednnCall call;
};

// One matrix [rows, columns], or a batch of them stride apart, that lies transposed or not.
memory::desc matrices(const Gemm& p, int rows, int columns, bool transposed, int64_t stride, DType dtype) {
  const memory::dim row = transposed ? 1 : columns, column = transposed ? rows : 1;
  if (p.batch == 1) return memory::desc({rows, columns}, onednn_type(dtype), memory::dims{row, column});
  const memory::dim count = stride == 0 ? 1 : p.batch,
                    step = stride == 0 ? memory::dim{rows} * columns : stride;
  return memory::desc({count, rows, columns}, onednn_type(dtype), memory::dims{step, row, column});
}

std::string describe(const Gemm& p) {
  std::ostringstream text;
  text << "gemm " << name_of(p.dtype) << (p.out != p.dtype ? " to f32" : "") << " batch " << p.batch << " m"
       << p.m << " n" << p.n << " k" << p.k << (p.transpose_a ? " at" : "") << (p.transpose_b ? " bt" : "");
  return text.str();
}

void make(Plan& plan, const Gemm& p, bool bias, Unary activation, float alpha, bool accumulate) {
  const memory::desc a = matrices(p, p.m, p.k, p.transpose_a, p.stride_a, p.dtype);
  const memory::desc b = matrices(p, p.k, p.n, p.transpose_b, p.stride_b, p.dtype);
  const memory::desc c = matrices(p, p.m, p.n, false, int64_t{p.m} * p.n, p.out);
  memory::desc bias_desc;
  if (bias && p.batch == 1)
    bias_desc = memory::desc({1, p.n}, memory::data_type::f32, memory::format_tag::ab);
  if (bias && p.batch != 1)
    bias_desc = memory::desc({1, 1, p.n}, memory::data_type::f32, memory::format_tag::abc);
  dnnl::primitive_attr attributes = onednn_attributes(activation, alpha);
  if (accumulate) {
    dnnl::post_ops ops;
    ops.append_sum();
    attributes.set_post_ops(ops);
  }
  dnnl::matmul::primitive_desc desc({a, b, bias_desc, c}, attributes, onednn_engine());
  while (std::string(desc.impl_info_str()).starts_with("ref"))
    if (!desc.next_impl()) return;
  plan.call = OnednnCall(dnnl::matmul(desc), desc.scratchpad_desc());
  plan.call.add(DNNL_ARG_SRC, a);
  plan.call.add(DNNL_ARG_WEIGHTS, b);
  plan.call.add(DNNL_ARG_DST, c);
  if (bias) plan.call.add(DNNL_ARG_BIAS, bias_desc);
  note_implementation(describe(p), desc.impl_info_str());
  plan.usable = true;
}

Plan& plan_of(const Gemm& p, const Epilogue& epilogue, bool accumulate) {
  using Key = std::array<int64_t, 14>;
  static std::map<Key, Plan> plans;
  const bool bias = epilogue.bias != nullptr, leaky = epilogue.activation == Unary::leaky_relu;
  const Key key{p.batch,
                p.m,
                p.n,
                p.k,
                p.transpose_a,
                p.transpose_b,
                p.stride_a,
                p.stride_b,
                static_cast<int>(p.dtype),
                static_cast<int>(p.out),
                bias,
                static_cast<int>(epilogue.activation),
                leaky ? std::bit_cast<int>(static_cast<float>(epilogue.alpha)) : 0,
                accumulate};
  const auto [entry, fresh] = plans.try_emplace(key);
  if (fresh) {
    try {
      make(entry->second, p, bias, epilogue.activation, static_cast<float>(epilogue.alpha), accumulate);
    } catch (const dnnl::error& error) {
      entry->second = Plan();
      if (error.status != dnnl_unimplemented && error.status != dnnl_invalid_arguments) {
        plans.erase(entry);
        throw;
      }
    }
  }
  return entry->second;
}

}  // namespace

bool multiply_by_onednn(const Gemm& p, const void* a, const void* b, void* c, const Epilogue& epilogue,
                        bool accumulate) {
  auto lock = lock_onednn();
  if (has_beside(epilogue)) {  // by a pass of its own over sums that are not rounded yet
    const int64_t rows = int64_t{p.batch} * p.m;
    Gemm sum = p;
    sum.out = DType::f32;
    void* const sums = p.out == DType::f32 ? c : onednn_scratch(Scratch::sums, rows * p.n * sizeof(float));
    if (!multiply_by_onednn(sum, a, b, sums, {nullptr, Unary::identity, 0}, accumulate)) return false;
    apply_epilogue(p.out, rows, p.n, epilogue, sums == c ? nullptr : sums, c);
    return true;
  }
  Plan& plan = plan_of(p, epilogue, accumulate);
  if (!plan.usable) return false;
  plan.call.bind(DNNL_ARG_SRC, a);
  plan.call.bind(DNNL_ARG_WEIGHTS, b);
  plan.call.bind(DNNL_ARG_DST, c);
  if (epilogue.bias) plan.call.bind(DNNL_ARG_BIAS, epilogue.bias);
  plan.call.run();
  return true;
}

}  // namespace ganymede::kernels::cpu
