// Conv2d in oneDNN's words.
#pragma once
#include <string>

#include "kernels/cpu/conv2d_narrow.h"
#include "kernels/cpu/onednn.h"

namespace ganymede::kernels::cpu {

// "conv2d forward f32 n16 64x64x3 -> 32x32x64 k4x4 s2x2 p1x1"
std::string describe(const Conv2d&, ConvRole);

// direct takes activations in NHWC, blocked in oneDNN's own layout of 8 or 16 channels side by side.
enum class ConvForm : int { direct, blocked };

dnnl::memory::desc plain_x(const Conv2d&, DType);        // [N, H, W, C]
dnnl::memory::desc plain_y(const Conv2d&, DType);        // [N, P, Q, K]
dnnl::memory::desc plain_weights(const Conv2d&, DType);  // [K, R, S, C/groups]

// Each throws dnnl::error where oneDNN has nothing. x, y, w are in the layouts that the descriptor names.
dnnl::convolution_forward::primitive_desc forward_desc(const Conv2d&, ConvForm, DType y, bool bias, Unary activation,
                                                       float alpha);
dnnl::convolution_backward_data::primitive_desc data_gradient_desc(const Conv2d&, ConvForm, DType dx);
dnnl::convolution_backward_weights::primitive_desc weight_gradient_desc(const Conv2d&, ConvForm);

}  // namespace ganymede::kernels::cpu
