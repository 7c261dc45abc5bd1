// oneDNN called directly, on our convolutions, matrix products and batch norms.
#include "bench/onednn_peer.h"

#include "bench/peers.h"

namespace ganymede::bench {
namespace {

dnnl::memory::data_type type_of(kernels::DType t) {
  return t == kernels::DType::bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

// An engine, a stream and a primitive with its memories, a set of arguments each.
struct Session {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  std::vector<std::shared_ptr<Operand>> operands;
  dnnl::primitive primitive;
  std::vector<std::unordered_map<int, dnnl::memory>> arguments;

  // The same argument in every set, filled with numbers of ours.
  void add(int argument, const dnnl::memory::desc& desc, kernels::DType type) {
    const auto operand = std::make_shared<Operand>(int64_t(desc.get_size() / dtype_bytes(type)), type, int(arguments.size()));
    for (size_t i = 0; i < arguments.size(); ++i) arguments[i].emplace(argument, dnnl::memory(desc, engine, (*operand)[int(i)]));
    operands.push_back(operand);
  }
  static Prepared prepared(const std::shared_ptr<Session>& s) {
    return {[s](int set) {
              s->primitive.execute(s->stream, s->arguments[size_t(set)]);
              s->stream.wait();
            }, int(s->arguments.size())};
  }
};

template <class F>
Prepared offered(F&& f) {
  try {
    return f();
  } catch (const dnnl::error& e) {
    throw NotOffered(std::string("oneDNN: ") + e.what());
  }
}

}  // namespace

Prepared onednn_convolution(const kernels::Conv2d& p, Role role) {
  return offered([&]() -> Prepared {
    const auto peer = std::make_shared<OnednnPeer>(p, role);
    if (!peer->any()) throw NotOffered("oneDNN offers only its reference code");
    for (int i = 0; i < 3; ++i) peer->run();
    const double bytes = double(dtype_bytes(p.dtype)) * (double(p.n) * p.h * p.w * p.c + double(p.n) * p.p * p.q * p.k);
    const int sets = sets_for(bytes);
    return {[peer, call = peer->best_call(sets)](int set) { call(set); }, sets, peer->best_name()};
  });
}

Prepared onednn_product(const kernels::Gemm& g) {
  return offered([&]() -> Prepared {
    using tag = dnnl::memory::format_tag;
    const auto s = std::make_shared<Session>();
    const dnnl::memory::desc a({g.batch, g.m, g.k}, type_of(g.dtype), g.transpose_a ? tag::acb : tag::abc),
        b({g.batch, g.k, g.n}, type_of(g.dtype), g.transpose_b ? tag::acb : tag::abc), c({g.batch, g.m, g.n}, type_of(g.out), tag::abc);
    const dnnl::matmul::primitive_desc desc({a, b, c}, s->engine);
    s->primitive = dnnl::matmul(desc);
    s->arguments.resize(size_t(sets_for(double(a.get_size() + b.get_size() + c.get_size()))));
    s->add(DNNL_ARG_SRC, a, g.dtype);
    s->add(DNNL_ARG_WEIGHTS, b, g.dtype);
    s->add(DNNL_ARG_DST, c, g.out);
    return Session::prepared(s);
  });
}

Prepared onednn_batch_norm(const kernels::Norm& norm, bool gradient) {
  return offered([&]() -> Prepared {
    using kernels::DType;
    const auto s = std::make_shared<Session>();
    const dnnl::memory::desc x({1, norm.groups, norm.rows, 1}, type_of(norm.dtype), dnnl::memory::format_tag::nhwc);
    const auto flags = dnnl::normalization_flags::use_scale_shift;
    const dnnl::batch_normalization_forward::primitive_desc forward({dnnl::prop_kind::forward_training, x, float(norm.eps), flags}, s->engine);
    s->arguments.resize(size_t(sets_for(double(x.get_size()) * (gradient ? 3 : 2))));
    s->add(DNNL_ARG_SRC, x, norm.dtype);
    s->add(DNNL_ARG_SCALE_SHIFT, forward.weights_desc(), DType::f32);
    s->add(DNNL_ARG_MEAN, forward.mean_desc(), DType::f32);
    s->add(DNNL_ARG_VARIANCE, forward.variance_desc(), DType::f32);
    if (gradient) {
      const dnnl::batch_normalization_backward::primitive_desc backward({dnnl::prop_kind::backward, x, x, float(norm.eps), flags}, s->engine, forward);
      s->primitive = dnnl::batch_normalization_backward(backward);
      s->add(DNNL_ARG_DIFF_DST, x, norm.dtype);
      s->add(DNNL_ARG_DIFF_SRC, x, norm.dtype);
      s->add(DNNL_ARG_DIFF_SCALE_SHIFT, backward.diff_weights_desc(), DType::f32);
    } else {
      s->primitive = dnnl::batch_normalization_forward(forward);
      s->add(DNNL_ARG_DST, x, norm.dtype);
    }
    return Session::prepared(s);
  });
}

}  // namespace ganymede::bench
