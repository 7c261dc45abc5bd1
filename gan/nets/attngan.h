// The networks of AttnGAN (Xu et al. 2018, 1711.10485) beside those that it shares with StackGAN++ (stackgan_pp.h): what reads captions word by word, what sees
// pictures region by region, and features that look at words.
#pragma once
#include "nn/layers.h"

namespace ganymede::nets {

// A caption as networks see it is a row of numbers: a vector of its sentence [length], vectors of its words [words, length], and 1 for a word, 0 behind the last
// one [words].
struct CaptionRow {
  int64_t words, length;
  int64_t width() const { return length + words * (length + 1); }
  Tensor sentence(const Tensor& rows) const;   // [N, length]
  Tensor each_word(const Tensor& rows) const;  // [N, words, length]
  Tensor mask(const Tensor& rows) const;       // [N, words]
};
// What is added to scores before a softmax over words, so that those behind the end get nothing: 0 for a word, else -1e9. Between two captions, where masks are
// mixed, the logarithm of the share.
Tensor word_penalty(const Tensor& mask);

struct CaptionEncoderSize {
  CaptionRow row;
  int64_t given = 0;        // words that captions come with, at least row.words; of longer ones a random part is read, in order
  int64_t vocabulary = 0;   // padding included
  int embedded = 300;       // length of a word's vector before the recurrence
  double keep = 0.5;        // share of the numbers of these that dropout keeps
};
// i64 [N, given], numbers of words, 0 behind the end -> rows [N, row.width()]: a bidirectional LSTM of length / 2 units a direction that ends with the caption; both
// directions' states at a word are its vector, their last ones the sentence's.
nn::Layer caption_encoder(const CaptionEncoderSize& s);

// Pictures [N, size, size, channels] -> [N, 1 + regions, length]: a vector of the whole, then one for each of 8x8 regions (or as many as small pictures have), row by
// row. Convolutions in steps of 2, from `width` channels next to the picture.
nn::Layer region_encoder(int size, int channels, int width, int length);

// Features [N, H, W, width] beside what they see of the words: [N, H, W, 2 width], given captions' rows.
//   e'_t = U e_t,   beta_jt = softmax over words of h_j e'_t,   sum_t beta_jt e'_t
class WordAttention : public nn::Module {
 public:
  WordAttention(const CaptionRow& row, int width);
  // beta [N, H W, words]: 0 behind the end of a caption.
  Tensor weights(const Tensor& features, const Tensor& rows);
  using Module::forward;
  Tensor forward(const Tensor& x) override;
  Tensor forward_given(const Tensor& x, const Tensor& rows, const Activation& f, const Tensor& residual) override;
  bool conditional() const override { return true; }
  bool batches_pass_together() const override { return true; }
  void visit(const nn::Visit& v) override { projection_->visit(v); }
  std::string type() const override { return "attention"; }
  std::string describe() const override;
 private:
  CaptionRow row_;
  int64_t width_;
  nn::Layer projection_;
};
// net(features [N, H, W, width], rows) -> [N, 2 H, 2 W, width]: attention, `blocks` residual blocks, doubled.
nn::Layer attention_step(std::shared_ptr<WordAttention> attention, int width, int blocks);

}  // namespace ganymede::nets
