// VGG-16 and VGG-19 (Simonyan and Zisserman 2014, arXiv 1409.1556), without batch norm.
#pragma once
#include <functional>
#include <memory>

#include "gan/nets/feature_module.h"

namespace ganymede::nets {

// Input [N, H, W, 3], ImageNet's mean and deviation taken out, at least 32 pixels (224 is standard; other sizes are pooled to 7 x 7
// as torchvision does). Taps: the relu before each max pooling (1_2, 2_2, 3_3, 4_3, 5_3; in VGG-19 1_2, 2_2, 3_4, 4_4, 5_4). Features: 4096
// after the second linear layer and relu. layers: 16 or 19. Every width is divided by `divisor` (a power of 2 up to 64), for tests.
std::shared_ptr<FeatureModule> vgg(int layers, int divisor = 1, Reach reach = Reach::classes);
// What a tap reads of the last convolution of a block: behind its relu, or before it.
enum class Tap { relu, linear };
// Its convolutions alone, up to the end of the given block (1 to 5): [N, H, W, 3] -> [N, H / 2^(blocks - 1), ..., width of that block], H
// and W at least 16. Given {x} it returns what stands at the end of every block. With weights as drawn, or those of the same names in a file.
nn::Layer vgg_convolutions(int layers, int blocks, int divisor = 1, Tap tap = Tap::relu);
// The first taps of a network made by vgg(), as many as `blocks`; nothing deeper is computed.
Tensors vgg_taps(FeatureModule& vgg, const Tensor& x, int blocks, Tap tap);

// What takes ImageNet's mean and deviation (of pixels in [0, 1]) out of pictures [N, H, W, 3] in [-1, 1]. Its constants are uploaded here, so updates
// must find it made.
std::function<Tensor(const Tensor& x)> imagenet_normaliser(DType dtype, const Device& device);

}  // namespace ganymede::nets
