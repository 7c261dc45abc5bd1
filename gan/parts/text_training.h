// What models that draw by caption share: a text encoder, trained on pictures and their captions and then frozen; pairs that do not fit.
#pragma once
#include "gan/nets/text_encoder.h"
#include "gan/recipe.h"

namespace ganymede {

// Which pairs of a picture and a caption do not fit, by the setting `wrong`.
class Mismatch {
 public:
  explicit Mismatch(const Config& c, const std::string& standard = "caption");
  // 1 where caption j does not fit picture i, else 0: [n, n].
  Tensor all(const Batch& b) const;
  // 1 where caption i does not fit picture i - 1 (picture n - 1 for the first), else 0: [n, 1].
  Tensor next(const Batch& b) const;
  // What `next` pairs a sample with: row i - 1 of x at place i.
  static Tensor before(const Tensor& x);
 private:
  std::string field_;   // pairs that agree in it fit
};

// Mean of l [n, 1] over the samples whose weight is 1; 0 if there is none.
Tensor mean_where(const Tensor& l, const Tensor& weight);

// Reed et al. 2016 (1605.05395), the symmetric structured joint embedding: v features of pictures, t of their captions, both [n, D]; s_ij = v_i t_j.
//   1 / n^2 * sum_ij wrong_ij (max(0, 1 + s_ij - s_ii) + max(0, 1 + s_ij - s_jj))
Tensor joint_embedding_loss(const Tensor& v, const Tensor& t, const Tensor& wrong);

// What D minimises by CLS: -E log D(x, t) - (1 - weight) E log(1 - D(fake, t)) - weight E log(1 - D(x', t)), x' the next picture, which does not fit where
// `wrong` (Mismatch::next) is 1; with weight 0 it is left out. And what D says of the three. where: what D sees beside a picture and a text and what is right of x and
// fake alike, such as where their object is; it goes with x'.
Losses matching_losses(const nn::Net& D, const Tensor& x, const Tensor& fake, const Tensor& t, const Tensor& wrong, double weight = 0.5, const Tensor& where = {});

struct TextEncoder {
  nn::Net text = {}, image = {};
  std::string field = {};   // that the encoder reads: "characters" or "tokens"
  int64_t length = 0;       // of the vectors
  int64_t steps = 0;        // iterations that train it
  // Vectors [n, length] of a batch's captions by the frozen encoder.
  Tensor operator()(const Batch& b) const { return text.infer(b[field]); }
};
// Networks "text" and "image", and a stage "text encoder" that trains them together (none with text_steps=0). Call stage() for what follows.
TextEncoder add_text_encoder(Recipe& r, const Config& c, const Mismatch& mismatch);

}  // namespace ganymede
