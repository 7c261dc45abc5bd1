// AttnGAN's matching model: encoders of captions and of pictures, trained to find one another in a batch and then frozen, and what is measured with them.
#pragma once
#include "gan/losses/word_matching.h"
#include "gan/nets/attngan.h"
#include "gan/parts/text_training.h"

namespace ganymede {

struct Damsm {
  nn::Net text, image;
  nets::CaptionRow row;
  MatchingSharpness sharpness;
  int64_t steps = 0;   // iterations that train it

  // Rows of a batch's captions by the frozen encoder.
  Tensor operator()(const Batch& b) const { return text.infer(b["tokens"]); }
  // Scores [M, N] of what the encoders make of pictures and captions, by words and by sentences.
  Tensor by_words(const Tensor& seen, const Tensor& rows) const;
  Tensor by_sentence(const Tensor& seen, const Tensor& rows) const;
  // The four terms together, of pictures that the frozen encoder sees and their captions' rows; wrong: Mismatch::all.
  Tensor loss(const Tensor& x, const Tensor& rows, const Tensor& wrong) const;
};
// Networks "text" and "image", and a stage "matching" that trains them together (none with text_steps=0). Call stage() for what follows.
Damsm add_damsm(Recipe& r, const Config& c, const Mismatch& mismatch);

// retrieval by words and sentences, edits of one word, localisation; of r.captions' samples r-precision and switches-colour.
void add_damsm_measures(Recipe& r, const Config& c, const Damsm& damsm, const Mismatch& mismatch);

}  // namespace ganymede
