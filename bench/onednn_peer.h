// oneDNN's own best for one convolution: every layout it offers for it, as convolution and as deconvolution,
// everything already in the layout it asks for. Reorders are not counted: no program can be faster through
// these primitives.
#pragma once
#include <dnnl.hpp>
#include <omp.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <limits>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/layers.h"

namespace ganymede::bench {

// Of the wall clock; with OMP_NUM_THREADS=1 of the processor's, so that other programs on the machine disturb
// less.
inline double seconds() {
  timespec time;
  clock_gettime(omp_get_max_threads() == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

class OnednnPeer {
 public:
  OnednnPeer(const kernels::Conv2d& p, Role role) : engine_(dnnl::engine::kind::cpu, 0), stream_(engine_) {
    using tag = dnnl::memory::format_tag;
    for (tag activations : {tag::any, tag::nhwc, tag::nchw})
      for (dnnl::algorithm algorithm :
           {dnnl::algorithm::convolution_direct, dnnl::algorithm::convolution_winograd}) {
        try {
          if (role == Role::forward) add_forward(p, activations, algorithm);
          if (role == Role::data_gradient) add_data_gradient(p, activations, algorithm);
          if (role == Role::weight_gradient) add_weight_gradient(p, activations, algorithm);
        } catch (const dnnl::error&) {  // not offered
        }
      }
  }

  // Runs every candidate once; keeps each one's best time.
  void run() {
    for (Candidate& c : candidates_) {
      const double begin = seconds();
      c.primitive.execute(stream_, c.arguments);
      stream_.wait();
      c.best = std::min(c.best, seconds() - begin);
    }
  }

  double best_seconds() const {
    double best = std::numeric_limits<double>::infinity();
    for (const Candidate& c : candidates_) best = std::min(best, c.best);
    return best;
  }

  bool any() const { return !candidates_.empty(); }

  // A call of the best candidate so far on so many sets of operands in turn; alive as long as this object.
  std::function<void(int set)> best_call(int sets) const {
    const auto best = std::min_element(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) { return a.best < b.best; });
    std::vector<std::unordered_map<int, dnnl::memory>> all{best->arguments};
    while (int(all.size()) < sets) {
      all.emplace_back();
      for (const auto& [argument, memory] : best->arguments) all.back().emplace(argument, random(memory.get_desc()));
    }
    return [this, primitive = best->primitive, all](int set) {
      primitive.execute(stream_, all[size_t(set)]);
      dnnl::stream(stream_).wait();
    };
  }

  std::string best_name() const {
    for (const Candidate& c : candidates_)
      if (c.best == best_seconds()) return c.name;
    return "none";
  }

 private:
  struct Candidate {
    std::string name;
    dnnl::primitive primitive;
    std::unordered_map<int, dnnl::memory> arguments;
    double best = std::numeric_limits<double>::infinity();
  };

  struct Descs {
    dnnl::memory::desc x, w, dw, y;
    dnnl::memory::dims strides, dilation, pad_begin, pad_end;
    Descs(const kernels::Conv2d& p, dnnl::memory::format_tag activations) {
      using dnnl::memory;
      const auto type = p.dtype == kernels::DType::bf16 ? memory::data_type::bf16 : memory::data_type::f32;
      memory::dims weights{p.k, p.c, p.r, p.s};
      if (p.groups > 1) weights = {p.groups, p.k / p.groups, p.c / p.groups, p.r, p.s};
      x = {{p.n, p.c, p.h, p.w}, type, activations};
      w = {weights, type, memory::format_tag::any};
      dw = {weights, memory::data_type::f32, memory::format_tag::any};
      y = {{p.n, p.k, p.p, p.q}, type, activations};
      strides = {p.stride_h, p.stride_w};
      dilation = {p.dilation_h - 1, p.dilation_w - 1};
      pad_begin = {p.pad_h, p.pad_w};
      pad_end = {(p.p - 1) * p.stride_h + (p.r - 1) * p.dilation_h + 1 - p.h - p.pad_h,
                 (p.q - 1) * p.stride_w + (p.s - 1) * p.dilation_w + 1 - p.w - p.pad_w};
    }
  };

  dnnl::memory random(const dnnl::memory::desc& desc) const {
    dnnl::memory memory(desc, engine_);
    auto* words = static_cast<uint16_t*>(memory.get_data_handle());
    for (size_t i = 0; i < desc.get_size() / 2; ++i)
      words[i] = static_cast<uint16_t>(0x3c00 + (i * 2654435761u >> 20 & 0xff));
    return memory;
  }

  template <class Desc>
  void add(const Desc& desc, const dnnl::primitive& primitive,
           const std::unordered_map<int, dnnl::memory::desc>& tensors) {
    Candidate c;
    c.name = desc.impl_info_str();
    if (c.name.starts_with("ref")) return;
    c.primitive = primitive;
    for (const auto& [argument, tensor] : tensors) c.arguments.emplace(argument, random(tensor));
    candidates_.push_back(std::move(c));
  }

  dnnl::convolution_forward::primitive_desc forward_desc(const Descs& d, dnnl::algorithm algorithm) const {
    return {{dnnl::prop_kind::forward_training, algorithm, d.x, d.w, d.y, d.strides, d.dilation, d.pad_begin,
             d.pad_end},
            engine_};
  }

  void add_forward(const kernels::Conv2d& p, dnnl::memory::format_tag activations,
                   dnnl::algorithm algorithm) {
    const auto desc = forward_desc(Descs(p, activations), algorithm);
    add(desc, dnnl::convolution_forward(desc),
        {{DNNL_ARG_SRC, desc.src_desc()},
         {DNNL_ARG_WEIGHTS, desc.weights_desc()},
         {DNNL_ARG_DST, desc.dst_desc()}});
  }

  void add_data_gradient(const kernels::Conv2d& p, dnnl::memory::format_tag activations,
                         dnnl::algorithm algorithm) {
    const Descs d(p, activations);
    const dnnl::convolution_backward_data::primitive_desc desc(
        {algorithm, d.x, d.w, d.y, d.strides, d.dilation, d.pad_begin, d.pad_end}, engine_,
        forward_desc(d, algorithm));
    add(desc, dnnl::convolution_backward_data(desc),
        {{DNNL_ARG_DIFF_SRC, desc.diff_src_desc()},
         {DNNL_ARG_WEIGHTS, desc.weights_desc()},
         {DNNL_ARG_DIFF_DST, desc.diff_dst_desc()}});
  }

  void add_weight_gradient(const kernels::Conv2d& p, dnnl::memory::format_tag activations,
                           dnnl::algorithm algorithm) {
    const Descs d(p, activations);
    const dnnl::convolution_backward_weights::primitive_desc desc(
        {algorithm, d.x, d.dw, d.y, d.strides, d.dilation, d.pad_begin, d.pad_end}, engine_,
        forward_desc(d, algorithm));
    add(desc, dnnl::convolution_backward_weights(desc),
        {{DNNL_ARG_SRC, desc.src_desc()},
         {DNNL_ARG_DIFF_WEIGHTS, desc.diff_weights_desc()},
         {DNNL_ARG_DIFF_DST, desc.diff_dst_desc()}});
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  std::vector<Candidate> candidates_;
};

}  // namespace ganymede::bench
