// Pieces of networks that are given a label, or say several things of a picture. Labels are i64 [N]; one below 0 stands for
// none and gives zeros.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "nn/module.h"

namespace ganymede::nets {

// x with a vector a sample behind its channels: [N, C] and [N, V] -> [N, C + V], of [N, H, W, C] as constant planes.
Tensor beside(const Tensor& x, const Tensor& vectors);
// Appends the one-hot label: [N, C] -> [N, C + classes], and [N, H, W, C] -> [N, H, W, C + classes] as constant planes.
nn::Layer append_label(int classes);
// Appends the condition, a vector a sample: [N, C] -> [N, C + width], and [N, H, W, C] -> [N, H, W, C + width] as constant planes.
nn::Layer append_vector(int width);
// x times a learned vector of the label: [N, width] -> [N, width]; the table starts from normal(0, 1).
nn::Layer times_label(int classes, int width);
// f(label as one-hot), whatever x is.
nn::Layer of_label(int classes, nn::Layer f);

// join(concat(left(x), right(x))) along the last axis; either side may take the label.
nn::Layer joined(nn::Layer left, nn::Layer right, nn::Layer join);

// One trunk, several heads: net(Tensors{x}) or, where the trunk or a head takes one, net(Tensors{x, condition}) gives a tensor a head, in order; net(x) the
// first one.
nn::Layer with_heads(nn::Layer trunk, std::vector<std::pair<std::string, nn::Layer>> heads);

// Stages one after another and a head behind the last: net(Tensors{x}) gives {what the head says, what the stages from number `first` on (from 0) make}; net(x) the former.
nn::Layer in_stages(std::vector<nn::Layer> stages, nn::Layer head, size_t first = 0);

// Adds normal noise while training.
nn::Layer add_noise(double deviation);
// Zeros behind the last row and column.
nn::Layer pad_behind(int pixels);

}  // namespace ganymede::nets
