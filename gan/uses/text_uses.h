// What is measured and shown of models that draw by caption.
#pragma once
#include "engine/ops.h"
#include "gan/parts/text_training.h"

namespace ganymede {

// A class named by two words, as "red circle": both; else two empty ones.
std::pair<std::string, std::string> two_words(const std::string& name);

// Of pictures of the test split: the share whose own caption scores best among it and others that do not fit, `candidates` in all. scores: of a batch's pictures by its
// captions, [n, n].
double retrieval(const Evaluation& e, const Mismatch& mismatch, int64_t candidates, const std::function<Tensor(const Batch&)>& scores);

// What is measured and shown of a model of captions. encoder: none for models that measure theirs themselves. judge: logits [n, 1] of a picture with a text; none for
// models whose judge sees no text.
struct CaptionUses {
  TextEncoder encoder;
  Mismatch mismatch;
  std::function<Tensor(const Tensor& x, const Tensor& text)> judge = {};
  // The texts of a batch's samples in another order, such as to pair each picture with another's; what does not speak of the picture's contents stays where it is.
  std::function<Tensor(const Tensor& text, const Tensor& order)> reordered = gather_rows;
};
// shows-colour of other pictures than r.captions draws, such as an earlier stage's.
Measure caption_colour_measure(const std::string& name, const std::string& text, const Captions& captions);
// From r.captions: samples by the captions of a batch, a sheet of them beside the data's pictures, and the measures retrieval, matching, matching-kind,
// shows-class, shows-colour and shows-kind.
void add_caption_uses(Recipe& r, const Config& c, const CaptionUses& uses);

}  // namespace ganymede
