#include "engine/ops/attention.h"

#include "engine/autograd.h"
#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops/matmul.h"
#include "engine/ops/softmax.h"
#include "engine/ops/use_record.h"
#include "engine/ops/weights.h"

namespace ganymede {

using kernels::AttentionRole;
using kernels::Kernels;
using kernels::Stream;

namespace {

Tensor workspace_of(const kernels::Attention& p, const Device& device) {
  return workspace(device, [&](const Kernels& kernels) { return kernels.attention.workspace_bytes(p); });
}

// In ordinary ops, for the orders above the first derivative. Computed in f32 where the op is in bf16.
Tensor composed(double factor, const Tensors& in) {
  const DType t = in[0].dtype() == DType::f64 ? DType::f64 : DType::f32;
  const Tensor scores = matmul(cast(in[0], t), cast(in[1], t), false, true) * factor;
  return cast(matmul(softmax(scores), cast(in[2], t)), in[2].dtype());
}

Tensors gradient(const kernels::Attention& p, const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& o, const Tensor& logsum, const Tensor& g) {
  Tensors d{Tensor(q.shape(), q.dtype(), q.device()), Tensor(k.shape(), k.dtype(), k.device()), Tensor(v.shape(), v.dtype(), v.device())};
  AttentionRecord::note({AttentionRole::query_gradient, p});
  AttentionRecord::note({AttentionRole::key_gradient, p});
  const Tensor w = workspace_of(p, q.device());
  launch(q.device(), [=, pq = q.data(), pk = k.data(), pv = v.data(), po = o.data(), pl = logsum.data(), pg = g.data(), dq = d[0].data(), dk = d[1].data(), dv = d[2].data(),
                      pw = data_or_null(w)](const Kernels& kernels, Stream s) { kernels.attention.gradient(s, p, pq, pk, pv, po, pl, pg, dq, dk, dv, pw); });
  const char* name = "attention gradient";
  return record(name, d, {q, k, v, g}, [p, sq = Saved(name, q), sk = Saved(name, k), sv = Saved(name, v), sg = Saved(name, g)](Backward& b) {
    const Tensors found = differentiate_gradient([&](const Tensors& in) { return composed(p.scale, in); }, {sq(), sk(), sv()}, sg(), {b.grad(0), b.grad(1), b.grad(2)},
                                                 {b.needs(0), b.needs(1), b.needs(2), b.needs(3)});
    for (int i = 0; i < 4; ++i) b.results[size_t(i)] = found[size_t(i)];
  });
}

}  // namespace

Tensor attention(const Tensor& q_in, const Tensor& k_in, const Tensor& v_in, double scale) {
  require(q_in.rank() == 3 && k_in.rank() == 3 && v_in.rank() == 3 && q_in.dim(0) == k_in.dim(0) && k_in.dim(0) == v_in.dim(0) && q_in.dim(2) == k_in.dim(2) && k_in.dim(1) == v_in.dim(1),
          "attention: q ", q_in.shape(), ", k ", k_in.shape(), ", v ", v_in.shape(), " must be [B, queries, D], [B, keys, D], [B, keys, E]");
  const Arithmetic a = arithmetic(q_in.dtype());
  const Tensor q = cast(q_in, a.dtype), k = cast(k_in, a.dtype), v = cast(v_in, a.dtype);
  const kernels::Attention p{int(q.dim(0)), int(q.dim(1)), int(k.dim(1)), int(q.dim(2)), int(v.dim(2)), scale, a.dtype, a.math};
  Tensor o({q.dim(0), q.dim(1), v.dim(2)}, a.dtype, q.device());
  AttentionRecord::note({AttentionRole::forward, p});
  Tensor logsum({q.dim(0), q.dim(1)}, a.dtype == DType::f64 ? DType::f64 : DType::f32, q.device());
  const Tensor w = workspace_of(p, q.device());
  launch(q.device(), [=, pq = q.data(), pk = k.data(), pv = v.data(), po = o.data(), pl = logsum.data(), pw = data_or_null(w)](const Kernels& kernels, Stream s) {
    kernels.attention.forward(s, p, pq, pk, pv, po, pl, pw);
  });
  const char* name = "attention";
  return record(name, o, {q, k, v}, [p, sq = Saved(name, q), sk = Saved(name, k), sv = Saved(name, v), so = Saved(name, o), logsum](Backward& b) {
    const Tensors d = gradient(p, sq(), sk(), sv(), so(), logsum, b.grad());
    for (int i = 0; i < 3; ++i)
      if (b.needs(i)) b.results[size_t(i)] = d[size_t(i)];
  });
}

}  // namespace ganymede
