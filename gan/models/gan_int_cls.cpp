// GAN-INT-CLS. Reed, Akata, Yan, Logeswaran, Schiele, Lee: Generative Adversarial Text to Image Synthesis, ICML 2016, arXiv 1605.05396.
//   first   text, image:  the symmetric structured joint embedding of captions t and pictures x (1605.05395); phi(t) is frozen then
//   then    D:  min  -E log D(x, t) - 1/2 E log(1 - D(x', t)) - 1/2 E log(1 - D(G(z, t), t))          x' another picture (CLS)
//           G:  min  -E log D(G(z, t), t), over captions and means (t_i + t_j) / 2 of two (INT)
//   last    S:  min  E |z - S(G(z, t))|^2 / length of z, G frozen: the style of a picture
// D must say of a real picture that it does not fit; else it would judge pictures alone. Without CLS: D: -E log D(x, t) - E log(1 - D(G(z, t), t)).
// Networks as in the authors' code, with leaky relu behind all of D's norms but the last before its residual block (their script for CLS).
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/text_conv.h"
#include "gan/parts/text_training.h"
#include "gan/uses/captions.h"
#include "gan/uses/text_uses.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// The style of pictures, with other words: y = G(S(x), phi(t)).
Task restyle(const nn::Net& S, const Captions& captions, const DataFacts& data) {
  return {"style", "PICTURE...", "each picture's style with another caption, --set text=\"a red circle\"", 1, 1 << 20, [=](const TaskInput& in) {
    const Batch caption = batch_of_captions(data, {in.settings.words("text", "", "what the pictures are to show")});
    const std::string from = read_from(in.settings);
    Results results;
    for (const NamedPicture& p : in.pictures) {
      const Tensor x = network_input(p, from, data.channels);
      if (x.dim(1) != data.size || x.dim(2) != data.size) throw UsageError(text(p.name, ": has ", x.dim(2), "x", x.dim(1), " px; the style encoder takes ", data.size, "x", data.size));
      results.add(p.name, captions.decode(S(x), captions.encode(caption)));
    }
    return results.take();
  }};
}

// What lies between two captions of one colour: their mean text, drawn and judged.
void add_between_measures(Recipe& r, const TextEncoder& phi, const std::function<Tensor(const Tensor&, const Tensor&)>& judge) {
  const Captions captions = r.captions;
  // f of z, the two captions' texts and the colours' names, of all samples that have a partner in the batch.
  const auto pairs = [=](const Evaluation& e, const std::function<void(const Tensor& z, const Tensor& a, const Tensor& b, const std::vector<std::string>& colours)>& f) {
    e.each_batch([&](const Batch& b) {
      const auto labels = b["label"].to_integers();
      const auto name = [&](size_t i) { return two_words(e.class_names.at(size_t(labels[i]))); };
      std::vector<int64_t> first, second;
      std::vector<std::string> colours;
      for (size_t i = 0; i < labels.size(); ++i)
        for (size_t j = i + 1; j < labels.size(); ++j)
          if (name(i).first == name(j).first && name(i).second != name(j).second) {
            first.push_back(int64_t(i)), second.push_back(int64_t(j)), colours.push_back(name(i).first);
            break;
          }
      if (first.empty()) return;
      const Shape n{int64_t(first.size())};
      const Tensor text = phi(b);
      f(captions.draw(n[0]), gather_rows(text, tensor(first, n, text.device())), gather_rows(text, tensor(second, n, text.device())), colours);
    });
  };
  const auto without_colours = [](const Evaluation& e) { return !e.classify || two_words(e.class_names.at(0)).first.empty(); };
  r.measures.push_back({"between-colour", "share of samples from the mean of two captions of one colour in which the classifier sees that colour, 0 to 1; needs classes named by two words", [=](const Evaluation& e) {
    if (without_colours(e)) return std::nan("");
    double right = 0, n = 0;
    pairs(e, [&](const Tensor& z, const Tensor& a, const Tensor& b, const std::vector<std::string>& colours) {
      const auto seen = argmax(e.classify(captions.decode(z, 0.5 * (a + b))), 1).to_integers();
      for (size_t i = 0; i < colours.size(); ++i) right += two_words(e.class_names.at(size_t(seen[i]))).first == colours[i], ++n;
    });
    return right / n;
  }, true});
  r.measures.push_back({"between-score", "mean D(G(z, m), m) at the means m of two captions of one colour, over the mean D(G(z, t), t) at the captions themselves; 1: alike", [=](const Evaluation& e) {
    if (without_colours(e)) return std::nan("");
    double middle = 0, ends = 0;
    pairs(e, [&](const Tensor& z, const Tensor& a, const Tensor& b, const std::vector<std::string>&) {
      const auto score = [&](const Tensor& t) { return sum(sigmoid(judge(captions.decode(z, t), t))).item(); };
      middle += score(0.5 * (a + b)), ends += (score(a) + score(b)) / 2;
    });
    return middle / ends;
  }, true});
}

void add_style_measures(Recipe& r, const nn::Net& S, const TextEncoder& phi) {
  const Captions captions = r.captions;
  r.measures.push_back(mean_measure("style-error", "mean of (z - S(G(z, t)))^2 over the elements of z; 1 is what the mean of z gets, 0 is best", [=](const Batch& b) {
    const Tensor z = captions.draw(b.size);
    return nn::mse(S(captions.decode(z, phi(b))), z).item();
  }));
  r.measures.push_back({"style-by-text", "E |S(G(z, t)) - S(G(z, t'))| over E |S(G(z, t)) - S(G(z', t''))|: 0 where S sees nothing of the caption, 1 is chance", [=](const Evaluation& e) {
    double same = 0, other = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor z = captions.draw(b.size), text = phi(b), first = S(captions.decode(z, text)), second = S(captions.decode(z, roll(text, 1)));
      same += mean(norm(first - second, {1})).item(), other += mean(norm(first - roll(second, 2), {1})).item();
    });
    return same / other;
  }});
}

}  // namespace

Recipe gan_int_cls(const Config& c) {
  const std::string method = c.choice("method", {"gan-int-cls", "gan-cls", "gan-int", "gan"}, "with pairs that do not fit (cls), with means of two captions (int), or without");
  const bool cls = method.ends_with("cls"), interpolates = method.find("int") != std::string::npos;
  nets::TextConvSize s{.size = int(c.data.size), .channels = int(c.data.channels)};
  s.width = int(c.integer("width", 16, "channels of G next to the picture; 128 in the paper", 1, 4096));
  s.latent = int(c.integer("latent", 8, "length of z; 100 in the paper", 1, 65536));
  s.projected = int(c.integer("projected", 32, "what G and D each make of a caption's vector by a linear layer; 128 in the paper", 1, 4096));
  nets::TextConvSize judge = s;
  judge.width = int(c.integer("d_width", 16, "channels of D next to the picture; 64 in the paper", 1, 4096));
  const double rate = c.number("rate", 5e-4, "learning rate; 2e-4 in the paper", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);
  const double weight = cls ? c.number("cls_weight", 0.5, "weight of pairs that do not fit; fakes have the rest of 1", 0, 1) : 0;

  Recipe r;
  const Mismatch mismatch(c);
  const TextEncoder phi = add_text_encoder(r, c, mismatch);
  s.text = judge.text = int(phi.length);
  const int64_t last = c.integer("style_steps", c.steps > 0 ? (c.steps - phi.steps) / 6 : 1000, "iterations that train the style encoder, after all others; 0: none", 0);
  if (c.steps > 0 && last >= c.steps - phi.steps) throw UsageError(text("setting style_steps=", last, ": after text_steps=", phi.steps, " the run has ", c.steps - phi.steps, " iterations, so none remain for the GAN"));
  const nn::Net G = r.net("G", nets::text_generator(s)), D = r.net("D", nets::text_discriminator(judge));
  const nn::Net S = last > 0 ? r.net("S", nets::text_style_encoder(judge)) : nn::Net{};
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  nn::Optim adam = nn::adam(rate, beta1);
  const int64_t part = c.integer("halve_every", 0, "iterations after which the GAN's rate halves, again and again; 0: never (in the paper a sixth of them)", 0);
  if (part > 0) adam = adam.with(nn::halve_every(part));

  r.stage("GAN", c.steps > 0 && last > 0 ? c.steps - phi.steps - last : 0);
  r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
    const Tensor t = phi(b), x = b.image(), fake = G(noise(b.size), t);
    return matching_losses(D, x, fake, t, mismatch.next(b), weight);
  });
  r.update("G", {G}, adam, [=](const Batch& b) -> Losses {
    Tensor t = phi(b);
    if (interpolates) {
      const int64_t half = b.size / 2;
      t = concat({t, 0.5 * (slice(t, 0, 0, half) + slice(t, 0, half, 2 * half))}, 0);
    }
    return {{"adv", nn::bce_with_logits(D(G(noise(t.dim(0)), t), t), 1), interpolates ? "-E log D(G(z, t), t), a third of t means of two captions" : "-E log D(G(z, t), t)"}};
  });
  if (S) {
    r.stage("style", 0);
    const double style_rate = c.number("style_rate", 2e-4, "learning rate of the style encoder (Adam)", 0);
    r.update("S", {S}, nn::adam(style_rate, beta1), [=](const Batch& b) -> Losses {
      const Tensor z = noise(b.size);
      return {{"style", nn::mse(S(G.infer(z, phi(b))), z), "E |z - S(G(z, t))|^2 / length of z"}};
    });
  }

  r.captions = {.length = s.latent, .draw = noise, .encode = [=](const Batch& b) { return phi(b); }, .decode = [=](const Tensor& z, const Tensor& t) { return G(z, t); }};
  add_caption_uses(r, c, {.encoder = phi, .mismatch = mismatch, .judge = [=](const Tensor& x, const Tensor& t) { return D(x, t); }});
  if (c.data.classes > 1) add_between_measures(r, phi, [=](const Tensor& x, const Tensor& t) { return D(x, t); });
  if (S) add_style_measures(r, S, phi), r.tasks.push_back(restyle(S, r.captions, c.data));
  return r;
}

}  // namespace ganymede
