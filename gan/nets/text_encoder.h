// Encoders of captions: sentences to vectors that lie near the features of pictures they describe (Reed, Akata, Lee, Schiele: Learning
// Deep Representations of Fine-Grained Visual Descriptions, CVPR 2016, arXiv 1605.05395).
#pragma once
#include "nn/init.h"
#include "nn/module.h"

namespace ganymede::nets {

struct TextEncoderSize {
  int64_t length = 201;   // characters of a caption
  int64_t words = 0;      // of the vocabulary, padding included
  int width = 256;        // hidden units
  int out = 1024;         // length of the vector
};

// char-CNN-RNN: i64 [N, length], numbers of characters (-1: none) -> [N, out]. One-hot characters, convolutions of 4 characters to 1.5, 2
// and 1 widths with max pooling by 3, 3 and 3 (stride 2), a recurrence h = relu(W x + U h + b), the mean over its steps, a linear layer.
// UsageError where the caption is too short for a step.
nn::Layer character_encoder(const TextEncoderSize& s);
// i64 [N, T], numbers of words (0: none) -> [N, out]: the words' vectors, their sum over the root of their number, a hidden layer, a linear layer. The order of
// the words is lost.
nn::Layer word_encoder(const TextEncoderSize& s);

// Appends the text of a sample, a vector [N, text] given as the network's condition, through its own linear layer of `projected` outputs
// with leaky relu (0.2): [N, C] -> [N, C + projected], and [N, H, W, C] -> [N, H, W, C + projected] as constant planes. Its first weights are PyTorch's,
// or as given.
nn::Layer append_text(int text, int projected);
nn::Layer append_text(int text, int projected, const nn::Init& weight, const nn::Init& bias);

}  // namespace ganymede::nets
