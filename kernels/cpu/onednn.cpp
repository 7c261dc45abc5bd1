#include "kernels/cpu/onednn.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "kernels/cpu/memory.h"

namespace ganymede::kernels::cpu {

std::unique_lock<std::recursive_mutex> lock_onednn() {
  static std::recursive_mutex mutex;
  return std::unique_lock(mutex);
}

namespace {

// No AMX: oneDNN 2.6 reads an element beyond an array while it makes a kernel of tiles, which AddressSanitizer caught where that was the end of what is mapped. Who sets the variable
// knows better. Before oneDNN is first asked for anything, after which it takes no limit.
void leave_tiles_out() {
  static const bool done = [] {
    if (!std::getenv("ONEDNN_MAX_CPU_ISA") && !std::getenv("DNNL_MAX_CPU_ISA")) dnnl::set_max_cpu_isa(dnnl::cpu_isa::avx512_core_bf16);
    return true;
  }();
  (void)done;
}

}  // namespace

const dnnl::engine& onednn_engine() {
  leave_tiles_out();
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

const dnnl::stream& onednn_stream() {
  static const dnnl::stream stream(onednn_engine());
  return stream;
}

dnnl::memory::data_type onednn_type(DType dtype) {
  return dtype == DType::bf16 ? dnnl::memory::data_type::bf16 : dnnl::memory::data_type::f32;
}

dnnl::primitive_attr onednn_attributes(Unary activation, float alpha) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  dnnl::post_ops ops;
  switch (activation) {
    case Unary::relu:
      ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0, 0);
      break;
    case Unary::leaky_relu:
      ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, alpha, 0);
      break;
    case Unary::sigmoid:
      ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_logistic, 0, 0);
      break;
    case Unary::tanh:
      ops.append_eltwise(1.0f, dnnl::algorithm::eltwise_tanh, 0, 0);
      break;
    default:
      break;
  }
  attributes.set_post_ops(ops);
  return attributes;
}

void* onednn_scratch(Scratch slot, size_t bytes) {
  struct Buffer {
    Memory data;
    size_t bytes = 0;
  };
  static std::array<Buffer, static_cast<size_t>(Scratch::count)> buffers;
  Buffer& buffer = buffers[static_cast<size_t>(slot)];
  if (bytes > buffer.bytes) {
    buffer.data.reset();
    buffer.bytes = 0;
    buffer.data.reset(allocate_memory(bytes));
    buffer.bytes = bytes;
  }
  return buffer.data.get();
}

OnednnCall::OnednnCall(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad)
    : primitive_(primitive), scratchpad_(scratchpad, onednn_engine(), nullptr) {
  arguments_.push_back({DNNL_ARG_SCRATCHPAD, scratchpad_.get()});
  memories_.push_back(scratchpad_);
}

void OnednnCall::add(int argument, const dnnl::memory::desc& desc) {
  memories_.emplace_back(desc, onednn_engine(), nullptr);
  arguments_.push_back({argument, memories_.back().get()});
}

void OnednnCall::bind(int argument, const void* data) {
  for (size_t i = 0; i < arguments_.size(); ++i)
    if (arguments_[i].arg == argument) memories_[i].set_data_handle(const_cast<void*>(data), onednn_stream());
}

void OnednnCall::use(int argument, const dnnl::memory& memory) {
  for (size_t i = 0; i < arguments_.size(); ++i)
    if (arguments_[i].arg == argument) {
      memories_[i] = memory;
      arguments_[i].memory = memory.get();
    }
}

void OnednnCall::run() {
  const size_t bytes = scratchpad_.get_desc().get_size();
  if (bytes) scratchpad_.set_data_handle(onednn_scratch(Scratch::primitive, bytes), onednn_stream());
  dnnl::error::wrap_c_api(dnnl_primitive_execute(primitive_.get(), onednn_stream().get(),
                                                 static_cast<int>(arguments_.size()), arguments_.data()),
                          "could not execute a oneDNN primitive");
}

OnednnCall onednn_reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to) {
  const dnnl::reorder::primitive_desc desc(onednn_engine(), from, onednn_engine(), to, onednn_attributes());
  OnednnCall call(dnnl::reorder(desc), desc.scratchpad_desc());
  call.add(DNNL_ARG_FROM, from);
  call.add(DNNL_ARG_TO, to);
  return call;
}

bool has_avx512() {
  const int wanted = static_cast<int>(dnnl::cpu_isa::avx512_core);  // values are sets of bits
  leave_tiles_out();
  return (static_cast<int>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
}

namespace {
std::vector<std::string>& noted() {
  static std::vector<std::string> all;
  return all;
}
}  // namespace

void note_implementation(const std::string& problem, const std::string& implementation) {
  auto lock = lock_onednn();
  noted().push_back(problem + ": " + implementation);
}

std::vector<std::string> implementations_used() {
  auto lock = lock_onednn();
  return noted();
}

}  // namespace ganymede::kernels::cpu
