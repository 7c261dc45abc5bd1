// Attention of Yu et al. 2018 (Generative Image Inpainting with Contextual Attention, CVPR 2018, arXiv 1801.07892, section 3): what is in a hole is put together of patches from outside of it.
#pragma once
#include "engine/tensor.h"

namespace ganymede::nets {

// x [N, h, w, C] with even h and w, hole [N, h, w, 1] of zeros and ones -> [N, h, w, C]. At half the size each 3x3 patch is compared by cosine to all those that no hole touches
// (to all where each is touched), neighbouring places preferring neighbouring patches, scale times the likenesses go through a softmax, and the 4x4 patches of x at those places are added up where it lies, a quarter of the four that overlap.
Tensor contextual_attention(const Tensor& x, const Tensor& hole, double scale = 10);
// The weights alone, [N, places, patches] with h/2 w/2 of both, row by row; they sum to 1 over the patches.
Tensor contextual_weights(const Tensor& x, const Tensor& hole, double scale = 10);

}  // namespace ganymede::nets
