// Fader networks. Lample, Zeghidour, Usunier, Bordes, Denoyer, Ranzato: Fader Networks: Manipulating Images by Sliding Attributes, NIPS 2017,
// arXiv 1706.00409; sizes, schedule and clipping as in the authors' code.
//   D:       min  -E log P_D(y | E(x))
//   E, Dec:  min  E (x - Dec(E(x), y))^2 - lambda_E(t) E log P_D(other y | E(x))
// D reads the attributes off the code, E makes it read wrong ones (of a bit the opposite, else another, drawn), until the code says nothing of them and the
// decoder has to believe the y that it is given in every layer. D sees the code of E as it is in use (running statistics), E sees D in the same
// way; each step has a batch of its own. lambda_E grows from 0 to lambda in `ramp` iterations.
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/fader.h"
#include "gan/uses/attribute_uses.h"
#include "gan/uses/code_measures.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {

Recipe fader_networks(const Config& c) {
  const Attributes attributes = read_attributes(c, {"Eyeglasses", "red/green/blue"});
  const bool large = c.data.size >= 128;
  nets::FaderShape s{.size = int(c.data.size), .channels = int(c.data.channels), .coded = int(attributes.coded_count())};
  s.width = int(c.integer("width", large ? 32 : 8, "channels of the first convolution, doubled at each halving", 1, 4096));
  s.most = int(c.integer("most_width", 512, "no layer has more channels", 1, 65536));
  s.hidden = int(c.integer("d_width", large ? 512 : 64, "channels of the latent discriminator", 1, 65536));
  const double lambda = c.number("lambda", large ? 1e-4 : 0.02, "last weight of what the code tells of the attributes", 0);
  const int64_t ramp = c.integer("ramp", large ? 500000 : 1500, "iterations in which that weight grows from 0", 1, int64_t{1} << 40);
  const double norm = c.number("norm_clip", 5, "longest gradient of a network", 1e-12);
  const nn::Optim adam = nn::adam(c.number("rate", large ? 2e-4 : 5e-4, "learning rate", 0), c.number("beta1", 0.5, "Adam", 0, 0.999999)).norm_clipped(norm);

  Recipe r;
  const nn::Net E = r.net("E", nets::fader_encoder(s)), Dec = r.net("Dec", nets::fader_decoder(s)), D = r.net("D", nets::fader_discriminator(s));
  const Tensor done = r.keep("iterations", zeros({1}));
  const auto decode = [=](const Tensor& code, const Tensor& y) { return Dec(code, attributes.coded(cast(y, code.dtype()))); };

  r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
    const Tensor y = attributes.coded(attributes.of(b)), said = D(E.infer(b.image()));
    return {{"read", attributes.coded_loss(said, y), "-E log P_D(y | E(x))"}, shown("right", attributes.coded_accuracy(said, y), "share of attributes that D reads off the code")};
  });
  r.update("AE", {E, Dec}, adam, [=](const Batch& b) -> Losses {
    const Tensor y = attributes.of(b), code = E(b.image()), weight = lambda * minimum(done * (1.0 / double(ramp)), ones_like(done));
    return {{"reconstruction", nn::mse(decode(code, y), b.image()), "E (x - Dec(E(x), y))^2"},
            {"hidden", weight * attributes.coded_loss(D.infer(code), attributes.coded(attributes.others(y))), "-lambda_E(t) E log P_D(other y | E(x))"},
            shown("lambda_E", weight)};
  }).from_batch(1).then([=](const Batch&) { assign(done, done + 1.0); });

  add_attribute_uses(r, c, attributes, {[=](const Tensor& x, const Tensor&, const Tensor& to) { return decode(E(x), to); }});
  r.measures.push_back(mean_measure("reconstruction", "mean (x - Dec(E(x), y))^2, pixels in [-1, 1]; 0 is best", [=](const Batch& b) { return mean(square(decode(E(b.image()), attributes.of(b)) - b.image())).item(); }));
  r.measures.push_back(code_accuracy(c, attributes, [=](const Tensor& x) { return E(x); }));
  return r;
}

}  // namespace ganymede
