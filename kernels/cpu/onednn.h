// oneDNN as the cpu backend uses it: one engine, one stream, and primitives that are made once and run many
// times. All of it belongs to whoever holds lock(): calls of several threads run one after another.
#pragma once
#include <dnnl.hpp>

#include <mutex>
#include <string>
#include <vector>

#include "kernels/api/conv2d.h"

namespace ganymede::kernels::cpu {

std::unique_lock<std::recursive_mutex> lock_onednn();
const dnnl::engine& onednn_engine();
const dnnl::stream& onednn_stream();

dnnl::memory::data_type onednn_type(DType dtype);  // f32 and bf16 only

// Attributes that every primitive here has: scratch memory comes from the caller; the epilogue's activation
// is a post-op.
dnnl::primitive_attr onednn_attributes(Unary activation = Unary::identity, float alpha = 0);

// Memory that lives until the next call asks for the same slot; grows, never shrinks; 64-byte aligned.
enum class Scratch { primitive, source, weights, destination, sums, wide_first, wide_second, wide_result, count };
void* onednn_scratch(Scratch slot, size_t bytes);

// A primitive with its arguments. Holds memory objects so that a run allocates nothing.
class OnednnCall {
 public:
  OnednnCall() = default;
  OnednnCall(const dnnl::primitive& primitive, const dnnl::memory::desc& scratchpad);

  void add(int argument, const dnnl::memory::desc& desc);  // data comes from bind
  void bind(int argument, const void* data);               // data of that desc
  void use(int argument, const dnnl::memory& memory);      // a whole memory object instead
  void run();

 private:
  dnnl::primitive primitive_;
  dnnl::memory scratchpad_;
  std::vector<dnnl_exec_arg_t> arguments_;
  std::vector<dnnl::memory> memories_;  // as arguments_
};

// from -> to, same logical dims.
OnednnCall onednn_reorder(const dnnl::memory::desc& from, const dnnl::memory::desc& to);

bool has_avx512();  // below it, oneDNN lacks bf16 (widen.h) and is slow on plain layouts

// Notes a primitive for implementations_used().
void note_implementation(const std::string& problem, const std::string& implementation);

// Every convolution and matrix product made so far: "conv2d forward f32 n16 64x64x3 -> 32x32x64 k4x4 s2x2:
// brgconv:avx512_core".
std::vector<std::string> implementations_used();

}  // namespace ganymede::kernels::cpu
