// GAWWN. Reed, Akata, Mohan, Tenka, Schiele, Lee: Learning What and Where to Draw, NIPS 2016, arXiv 1610.02454.
//   first   text, image:  the symmetric structured joint embedding of captions t and pictures x (gan/parts/text_training.h), frozen then
//   then    D:  min  -E log D(x, t, l) - 1/2 E log(1 - D(x', t, l')) - 1/2 E log(1 - D(G(z, t, l), t, l))     l where x has its object; x' another picture, l' its place
//           G:  min  -E log D(G(z, t, l), t, l)
// l is a box: spatial transformers paste texts and features into it, and D crops what it sees there; or keypoints: a gate is open where they are, in both players.
//   with keypoints between them  Dk:  min  -E log Dk(k, t) - E log(1 - Dk(Gk(z, t, s k), t))        k those of the data, s k the few of them that are given
//                                Gk:  min  -E log Dk(Gk(z, t, s k), t)
// Gk keeps what it is given and makes the rest, so that a caption alone is enough.
#include "gan/nets/gawwn.h"

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/models.h"
#include "gan/parts/text_training.h"
#include "gan/uses/located_uses.h"
#include "gan/uses/text_uses.h"
#include "nn/losses.h"

namespace ganymede {

Recipe gawwn(const Config& c) {
  const std::string by = c.choice("location", {"box", "keypoints", "none"}, "where the object is to be is a box, or keypoints; none: as box, without spatial transformers, so that nobody sees it");
  const bool points = by == "keypoints";
  const Location location(points ? Location::Kind::keypoints : Location::Kind::box, c.data);
  nets::GawwnSize s{.size = int(c.data.size), .channels = int(c.data.channels), .keypoints = int(location.keypoints()), .located = by != "none"};
  s.grid = int(c.integer("grid", 16, "cells along a side of the maps that the location acts on: 8, 16, 32, ..., at most half the picture's pixels; 16 in the paper", 8, 4096));
  s.width = int(c.integer("width", 16, "channels of G; 128 in the paper", 2, 4096));
  s.latent = int(c.integer("latent", 16, "length of z; 100 in the paper", 1, 65536));
  s.projected = int(c.integer("projected", 32, "what D makes of a caption's vector by a linear layer; 128 in the paper", 1, 4096));
  if (points) s.gated = c.flag("gate", true, "features of G and D are 0 but where keypoints are; without it both see maps of the keypoints alone");
  nets::GawwnSize judge = s;
  judge.width = int(c.integer("d_width", 16, "channels of D next to the picture; 128 in the paper", 1, 4096));
  using Norms = nets::GawwnSize::Norms;
  const std::string norms = c.choice("norms", {"apart", "cells", "all"}, "batch norm in D: of what sees a picture or a caption alone (apart), also of cells that see both, or also of the vectors behind them and in Dk, as the paper has it (all)");
  judge.norms = norms == "all" ? Norms::all : norms == "cells" ? Norms::cells : Norms::apart;
  const double rate = c.number("rate", 1e-3, "learning rate; 2e-4 in the paper", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);

  Recipe r;
  const Mismatch mismatch(c, c.data.classes > 1 ? "class" : "caption");
  const TextEncoder phi = add_text_encoder(r, c, mismatch);
  s.text = judge.text = int(phi.length);
  const nn::Net G = r.net("G", points ? nets::keypoint_generator(s) : nets::box_generator(s)), D = r.net("D", points ? nets::keypoint_discriminator(judge) : nets::box_discriminator(judge));
  nn::Optim adam = nn::adam(rate, beta1);
  if (const int64_t part = c.integer("halve_every", 0, "iterations after which the rates halve, again and again; 0: never (in the paper a sixth of them)", 0); part > 0) adam = adam.with(nn::halve_every(part));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const auto draw = [=](const Tensor& z, const Tensor& t, const Tensor& where) { return G(Tensors{z, t, where}).at(0); };

  std::function<Tensor(const Tensor& text, const Tensor& given)> complete;
  if (points) {
    const int units = int(c.integer("keypoint_units", 256, "units of the networks that complete keypoints; 512 in the paper", 2, 65536)), count = s.keypoints;
    const int64_t before = phi.steps, steps = c.integer("keypoint_steps", c.steps > 0 ? c.steps * 3 / 8 : 8000, "iterations that train them, between the text encoder and the GAN", 1);
    if (c.steps > 0 && before + steps >= c.steps) throw UsageError(text("setting keypoint_steps=", steps, ": after text_steps=", before, " the run has ", c.steps - before, " iterations, so none remain for the GAN"));
    r.stage("keypoints", steps);
    const double keep = c.number("keep", 0.1, "share of keypoints that they are given in training", 0, 1);
    const nn::Net Gk = r.net("Gk", nets::keypoint_completion(s.latent, s.text, count, units)), Dk = r.net("Dk", nets::keypoint_judge(s.text, count, units, judge.norms == Norms::all));
    complete = [=](const Tensor& t, const Tensor& given) { return Gk(Tensors{noise(t.dim(0)), t, given}).at(0); };
    const SharedValue made = r.shared("keypoints", {Gk}, [=](const Batch& b) {
      const Tensor kept = broadcast_to(bernoulli({b.size, count, 1}, keep), Shape{b.size, count, 3});
      return complete(phi(b), location.of(b) * reshape(kept, Shape{b.size, 3 * count}));
    });
    r.update("Dk", {Dk}, adam, [=](const Batch& b) -> Losses {
      const Tensor t = phi(b);
      const std::vector<Tensors> said = Dk.each({Tensors{location.of(b), t}, Tensors{made(), t}});
      const Adversarial& adv = adversarial("bce");
      return {{"real", nn::bce_with_logits(said[0][0], 1), "-E log Dk(k, t)"}, {"fake", nn::bce_with_logits(said[1][0], 0), "-E log(1 - Dk(Gk, t))"},
              shown("Dk(k)", adv.shown(said[0][0]), "E Dk(k, t)"), shown("Dk(Gk)", adv.shown(said[1][0]), "E Dk(Gk, t)")};
    });
    r.update("Gk", {Gk}, adam, [=](const Batch& b) -> Losses { return {{"adv", nn::bce_with_logits(Dk(Tensors{made(), phi(b)}).at(0), 1), "-E log Dk(Gk(z, t, s k), t)"}}; });
  }

  r.stage("GAN", 0);
  const SharedValue fake = r.shared("fake", {G}, [=](const Batch& b) { return draw(noise(b.size), phi(b), location.of(b)); });
  r.update("D", {D}, adam, [=](const Batch& b) { return matching_losses(D, b.image(), fake(), phi(b), mismatch.next(b), 0.5, location.of(b)); });
  r.update("G", {G}, adam, [=](const Batch& b) -> Losses {
    return {{"adv", nn::bce_with_logits(D(Tensors{fake(), phi(b), location.of(b)}).at(0), 1), "-E log D(G(z, t, l), t, l)"}};
  });

  // A caption's row is its text and then its location.
  const Located located{.location = location, .latent = s.latent, .text = [=](const Batch& b) { return phi(b); }, .draw = draw, .complete = complete, .sees = s.located};
  const auto text_of = [=](const Tensor& rows) { return slice(rows, 1, 0, phi.length); };
  const auto where_of = [=](const Tensor& rows) { return slice(rows, 1, phi.length, phi.length + location.length()); };
  r.captions = {.length = s.latent, .draw = noise, .encode = [=](const Batch& b) {
                  const Tensor t = phi(b);
                  return concat({t, b.fields.contains(points ? "keypoints" : "boxes") ? location.of(b) : standard_location(located, t)}, 1);
                }, .decode = [=](const Tensor& z, const Tensor& rows) { return draw(z, text_of(rows), where_of(rows)); }};
  add_caption_uses(r, c, {.encoder = phi, .mismatch = mismatch, .judge = [=](const Tensor& x, const Tensor& rows) { return D(Tensors{x, text_of(rows), where_of(rows)}).at(0); },
                          .reordered = [=](const Tensor& rows, const Tensor& order) { return concat({gather_rows(text_of(rows), order), where_of(rows)}, 1); }});
  add_located_uses(r, c, located);
  return r;
}

}  // namespace ganymede
