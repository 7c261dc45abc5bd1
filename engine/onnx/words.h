// The kernels' functions in ONNX's words. Private to engine/onnx.
#pragma once
#include <type_traits>

#include "engine/check.h"
#include "engine/onnx/recorder.h"
#include "kernels/api/kernels.h"

namespace ganymede::onnx_graph {

// Of the recording that this thread is in, and the kernels that compute.
Recorder& recorder();
const kernels::Kernels& computing();

// Each puts recording functions in the place of a table's.
void record_convolutions(kernels::Kernels& table);
void record_elementwise(kernels::Kernels& table);
void record_norms(kernels::Kernels& table);
void record_images(kernels::Kernels& table);   // resampling, pooling, sampling
void record_rest(kernels::Kernels& table);     // products, reductions, softmax, attention, rows, draws, memory

// f of v, of the same shape.
Value function_of(Value v, kernels::Unary f, double alpha = 0, double beta = 0);
Value pair_of(const std::string& op, Value a, Value b);   // of shapes of which one is the broadcast of both
// What follows a sum whose channels are v's last axis: bias, residual, activation.
Value followed(Value v, const kernels::Epilogue& e);
void require_f32(kernels::DType dtype);

// In the place of a function for which there is no word: computes, and refuses operands that depend on an input.
template <auto Of, auto Member>
struct Refused;
template <class Family, Family kernels::Kernels::*Of, class... A, void (*Family::*Member)(A...)>
struct Refused<Of, Member> {
  static void call(A... a) {
    const auto depends = [](const auto& x) {
      if constexpr (std::is_pointer_v<std::decay_t<decltype(x)>>) return recorder().depends(x);
      else if constexpr (std::is_same_v<std::decay_t<decltype(x)>, kernels::ImageIn>) return recorder().depends(x.first) || recorder().depends(x.second);
      else return false;
    };
    require(!(depends(a) || ...), "onnx: this model computes something of its input for which the format has no word here (a gradient, a loss)");
    (computing().*Of.*Member)(a...);
  }
};

}  // namespace ganymede::onnx_graph
