// Attention of Yu et al. 2018 (Generative Image Inpainting with Contextual Attention, CVPR 2018, arXiv 1801.07892, section 3): what is in a hole is put together of patches from outside of it.
#pragma once
#include "engine/tensor.h"

namespace ganymede::nets {

struct ContextualAttention {
  double scale = 10;   // of similarities before the softmax
  bool fuse = true;    // neighbouring places should look at neighbouring patches
};

// x [N, h, w, C] with even h and w, hole [N, h, w, 1] of zeros and ones -> [N, h, w, C]. At half the size each 3x3 patch is compared by cosine to all those that no hole touches
// (to all where each is touched), and the 4x4 patches of x at those places are added up where it lies, a quarter of the four that overlap.
Tensor contextual_attention(const Tensor& x, const Tensor& hole, const ContextualAttention& options = {});
// The weights alone, [N, places, patches] with h/2 w/2 of both, row by row; they sum to 1 over the patches.
Tensor contextual_weights(const Tensor& x, const Tensor& hole, const ContextualAttention& options = {});

}  // namespace ganymede::nets
