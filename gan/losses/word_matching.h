// Whether a picture and a caption fit, by regions and words: the deep attentional multimodal similarity model of AttnGAN (Xu et al. 2018, 1711.10485).
#pragma once
#include "engine/tensor.h"

namespace ganymede {

struct MatchingSharpness {
  double regions = 4;   // gamma_1: of a word's attention over regions
  double words = 5;     // gamma_2: how much a caption's best words count
  double rivals = 10;   // gamma_3: of the softmax over a batch
};

// v [M, R, D], regions of pictures, e [N, T, D], words of captions, mask [N, T] (1 for a word). s_ij = softmax over words of e_i v_j; then the attention of each word
// over the regions of each picture, softmax over j of gamma_1 s_ij: [M, N, T, R].
Tensor region_attention(const Tensor& v, const Tensor& e, const Tensor& mask, const MatchingSharpness& g);
// How each picture fits each caption: log sum_i exp(gamma_2 cos(c_i, e_i)), c_i the mean of regions by word i's attention: [M, N]. The paper divides by gamma_2; the
// authors' code, whose gammas these are, does not.
Tensor word_scores(const Tensor& v, const Tensor& e, const Tensor& mask, const MatchingSharpness& g);
// The same by one vector of each: cos(v, t) of v [M, D] and t [N, D].
Tensor sentence_scores(const Tensor& v, const Tensor& t);
// -mean log P(own caption) - mean log P(own picture), softmaxes of gamma_3 times scores [n, n] over the batch: over the own pair, on the diagonal, and those of which
// wrong [n, n] is 1.
Tensor matching_loss(const Tensor& scores, const Tensor& wrong, const MatchingSharpness& g);

}  // namespace ganymede
