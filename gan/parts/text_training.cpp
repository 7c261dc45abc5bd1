#include "gan/parts/text_training.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/nets/dcgan.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// 1 where all numbers of a's and b's last axis are equal: [..., T] and [..., T] that broadcast -> [...].
Tensor agree(const Tensor& a, const Tensor& b) {
  const Tensor equals = equal(a, b);
  return min(equals, {equals.rank() - 1});
}

// A field as numbers [n, T] that compare exactly.
Tensor numbers(const Tensor& field) {
  const Tensor x = cast(field, context().dtype).constant();
  return reshape(x, Shape{x.dim(0), x.count() / x.dim(0)});
}

}  // namespace

Mismatch::Mismatch(const Config& c, const std::string& standard)
    : field_(c.choice("wrong", standard == "class" ? std::vector<std::string>{"class", "caption"} : std::vector<std::string>{"caption", "class"}, "pairs are wrong unless captions are the same, or unless classes are") == "class" ? "label" : "tokens") {
  if (field_ == "label" && c.data.classes < 2) throw UsageError("wrong=class: these data have no classes; set wrong=caption");
}

Tensor Mismatch::before(const Tensor& x) { return roll(x, 1); }

Tensor Mismatch::all(const Batch& b) const {
  const Tensor x = numbers(b[field_]);
  return 1.0 - agree(reshape(x, Shape{x.dim(0), 1, x.dim(1)}), reshape(x, Shape{1, x.dim(0), x.dim(1)}));
}

Tensor Mismatch::next(const Batch& b) const {
  const Tensor x = numbers(b[field_]);
  return 1.0 - reshape(agree(x, before(x)), Shape{x.dim(0), 1});
}

Tensor mean_where(const Tensor& l, const Tensor& weight) {
  const Tensor count = sum(weight);
  return sum(l * weight) / maximum(count, ones_like(count));
}

Tensor joint_embedding_loss(const Tensor& v, const Tensor& t, const Tensor& wrong) {
  const int64_t n = v.dim(0);
  const Tensor s = cast(matmul(v, t, false, true), wrong.dtype());
  const Tensor own = cast(sum(v * t, {1}, true), wrong.dtype());   // s_ii [n, 1]
  const Tensor by_caption = relu(1.0 + s - own), by_picture = relu(1.0 + s - reshape(own, Shape{1, n}));
  return sum((by_caption + by_picture) * wrong) / double(n * n);
}

Losses matching_losses(const nn::Net& D, const Tensor& x, const Tensor& fake, const Tensor& t, const Tensor& wrong, double weight, const Tensor& where) {
  std::vector<Tensors> pairs{{x, t}, {fake, t}};
  if (weight > 0) pairs.push_back({Mismatch::before(x), t});
  for (size_t i = 0; where && i < pairs.size(); ++i) pairs[i].push_back(i < 2 ? where : Mismatch::before(where));
  const std::vector<Tensors> said = D.each(pairs);
  const Adversarial& adv = adversarial("bce");
  Losses l{{"real", nn::bce_with_logits(said[0][0], 1), "-E log D(x, t)"},
           {"fake", (1 - weight) * nn::bce_with_logits(said[1][0], 0), text("-", 1 - weight, " E log(1 - D(G, t))")},
           shown("D(x)", adv.shown(said[0][0]), "E D(x, t)"), shown("D(G)", adv.shown(said[1][0]), "E D(G, t)")};
  if (weight > 0) {
    l.push_back({"wrong", weight * mean_where(softplus(said[2][0]), wrong), text("-", weight, " E log(1 - D(x', t))")});
    l.push_back(shown("D(x')", adv.shown(said[2][0]), "E D(x', t)"));
  }
  return l;
}

TextEncoder add_text_encoder(Recipe& r, const Config& c, const Mismatch& mismatch) {
  const DataFacts& d = c.data;
  const bool letters = c.choice("text_encoder", {"words", "characters"}, "what reads captions: vectors of their words, or a char-CNN-RNN (the paper's)") == "characters";
  nets::TextEncoderSize s{.length = d.caption_characters, .words = int64_t(d.words.size())};
  s.width = int(c.integer("text_width", 64, "hidden units of the text encoder; 256 in the paper", 2, 4096));
  s.out = int(c.integer("text_length", 64, "length of a caption's vector; 1024 in the paper", 1, 65536));
  TextEncoder e{.field = letters ? "characters" : "tokens", .length = s.out};
  e.text = r.net("text", letters ? nets::character_encoder(s) : nets::word_encoder(s));
  e.steps = c.integer("text_steps", c.steps > 0 ? c.steps * 3 / 8 : 1000, "iterations that train the text encoder, before all others; it is frozen then", 0);
  if (c.steps > 0 && e.steps >= c.steps) throw UsageError(text("setting text_steps=", e.steps, ": the run has ", c.steps, " iterations, so none remain for the GAN; set more --steps"));
  if (e.steps == 0) return e;
  const int width = int(c.integer("image_width", 24, "channels next to the picture of the network whose features of pictures captions are to match", 1, 4096));
  e.image = r.net("image", nets::dcgan_encoder({.size = int(d.size), .channels = int(d.channels), .width = width, .latent = s.out}));
  const double rate = c.number("text_rate", 1e-3, "learning rate of the text encoder and the pictures' features (RMSprop); 7e-4 in the paper", 0);
  const int64_t fall = std::max<int64_t>(1, d.classes);
  r.stage("text encoder", e.steps);
  r.update("text", {e.text, e.image}, nn::rmsprop(rate, 0.99).with(nn::decay_every(fall, 0.98)), [=](const Batch& b) -> Losses {
    const Tensor v = e.image(b.image()), t = e.text(b[e.field]), wrong = mismatch.all(b);
    const Tensor s = cast(matmul(v, t, false, true), wrong.dtype()).constant(), own = cast(sum(v * t, {1}), wrong.dtype()).constant();
    constexpr double kNever = 1e6;   // below any score: captions that fit too are no rivals
    return {{"embedding", joint_embedding_loss(v, t, wrong), "E max(0, 1 + s_ij - s_ii) + E max(0, 1 + s_ij - s_jj)"},
            shown("right", mean(greater(own, max(s * wrong + (wrong - 1.0) * kNever, {1}))), "share of pictures whose own caption scores above all of the batch that do not fit")};
  });
  return e;
}

}  // namespace ganymede
