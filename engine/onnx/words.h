// The kernels' functions in ONNX's words. Private to engine/onnx.
#pragma once
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

// In the place of a function for which there is no word. Functions of trained models take no gradients.
template <class F>
struct Refused;
template <class... A>
struct Refused<void (*)(A...)> {
  static void call(A...) { fail("onnx: this model takes a gradient where it is to be written as a graph, and the format has no word for that"); }
};
template <class F>
void refuse(F& entry) { entry = Refused<F>::call; }

}  // namespace ganymede::onnx_graph
