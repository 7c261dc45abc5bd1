// SL-GAN. Yin, Fu, Sigal, Xue: Semi-Latent GAN: Learning to Generate and Modify Facial Images from Attributes, 2017, arXiv 1704.02166. No code of the
// authors' is known; layers are DCGAN's, weights as in the models that it joins (VAE/GAN, InfoGAN).
//   a: attributes, known of the data; z ~ N(0, 1): latents, which have no labels. Enc x -> (a^, q(z | x)), Dec (a, z) -> x, D and Rec x -> (real?, a~, z~) on
//   one trunk. x~ = Dec(a_x, z^), x' = Dec(a', z^) with a' the attributes of another picture and z^ ~ q(z | x), g = Dec(a, z)
//   D, Rec:    min  -E log D(x) - 1/2 E log(1 - D(g)) - 1/2 E log(1 - D(x')) + L_a(a~(x), a_x) + L_a(a~(g), a) + E (z~(g) - z)^2
//   decoder-recognition, Dec:       min  -E log D(g) + L_a(a~(g), a) + E (z~(g) - z)^2
//   encoder-decoder, Enc and Dec:   min  10 E |x~ - x| + E (F(x~) - F(x))^2 + KL(q(z | x) || N(0, 1)) + L_a(a^(x), a_x) - E log D(x') + L_a(a~(x'), a') + E (z^(g) - z)^2
// One decoder makes pictures from attributes and noise, and changes attributes of pictures. F are the trunk's last features, L_a the sum over
// attributes of the cross entropy of each. The last term, the code cycle, has g as it was: it moves Enc alone.
#include <algorithm>

#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/models.h"
#include "gan/nets/posterior.h"
#include "gan/nets/semi_latent.h"
#include "gan/uses/attribute_uses.h"
#include "gan/uses/semi_latent_measures.h"
#include "nn/losses.h"

namespace ganymede {

Recipe semi_latent_gan(const Config& c) {
  const Attributes attributes = read_attributes(c, {"Eyeglasses,Male,Smiling,Young", "red/green/blue,filled"});
  const int64_t k = attributes.count();
  const bool large = c.data.size >= 64;
  nets::DcganSize s{.size = int(c.data.size), .channels = int(c.data.channels)};
  s.width = int(c.integer("width", large ? 64 : 24, "channels next to the picture, doubled at each halving", 1, 4096));
  const int64_t m = c.integer("latent", 8, "length of z, the attributes without labels", 1, 65536);
  const int hidden = int(c.integer("rec_width", 128, "units of the recognition head", 1, 65536));
  const double w_a = c.number("attribute_weight", 1, "weight of the attributes that Rec reads off real and generated pictures", 0);
  const double w_modified = c.number("modified_weight", 1, "weight of those that it reads off modified pictures, in the encoder-decoder", 0);
  const double w_z = c.number("latent_weight", 1, "weight of (Rec_z(Dec(a, z)) - z)^2", 0);
  const double pixels = c.number("pixels", 40, "weight of |x~ - x|", 0), features = c.number("features", 1, "weight of (F(x~) - F(x))^2", 0);
  const double prior = c.number("kl", 0.02, "weight of KL(q(z | x) || N(0, 1)), the mean over z", 0), w_enc = c.number("encoder_weight", 1, "weight of the attributes that Enc reads", 0);
  const double cycle = c.number("cycle", 1, "weight of (Enc_z(Dec(a, z)) - z)^2", 0);
  const double part = c.number("constant_part", 0.5, "part of the run after which the rate falls linearly to 0", 0, 1);
  nn::Optim adam = nn::adam(c.number("rate", large ? 2e-4 : 1e-3, "learning rate", 0), c.number("beta1", 0.5, "Adam", 0, 0.999999));
  if (c.steps && part < 1) adam = adam.with(nn::linear_decay(int64_t(part * double(c.steps)), std::max<int64_t>(1, c.steps)));
  nets::DcganSize enc = s, dec = s;
  enc.latent = int(k + 2 * m), dec.latent = int(k + m);

  Recipe r;
  const nn::Net Enc = r.net("Enc", nets::dcgan_encoder(enc)), Dec = r.net("Dec", nets::dcgan_generator(dec)), D = r.net("D", nets::semi_latent_discriminator(s, hidden, int(k + m)));
  const Adversarial& adv = adversarial("bce");
  const auto joined = [](const Tensor& a, const Tensor& z) { return concat({cast(a, z.dtype()), z}, 1); };
  const auto decode = [=](const Tensor& a, const Tensor& z) { return Dec(joined(a, z)); };
  struct Encoded { Tensor attributes; nets::Posterior q; };
  const auto encoded = [=](const Tensor& said) { return Encoded{slice(said, 1, 0, k), nets::posterior(slice(said, 1, k, k + 2 * m))}; };
  const auto encode = [=](const Tensor& x) { return encoded(Enc(x)); };
  struct Said { Tensor source, attributes, latents, features; };
  const auto said = [=](const Tensors& d) { return Said{d[0], slice(d[1], 1, 0, k), slice(d[1], 1, k, k + m), d[2]}; };

  // What a and z are drawn from: label vectors of the data; a batch of them is kept for draws without data.
  const Tensor known = r.keep_samples("attributes", zeros({c.share(), k}));
  const SharedValue a = r.shared("a", {}, [=](const Batch& b) { return shuffled(attributes.of(b)); });
  const SharedValue z = r.shared("z", {}, [=](const Batch& b) { return randn({b.size, m}); });
  const SharedValue made = r.shared("g", {Dec}, [=](const Batch&) { return decode(a(), z()); });
  const SharedValue modified = r.shared("x'", {}, [=](const Batch& b) { return decode(a(), encode(b.image()).q.draw()); });

  r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
    const std::vector<Tensors> all = D.each({Tensors{b.image()}, Tensors{made()}, Tensors{modified()}});
    const Said real = said(all[0]), fake = said(all[1]);
    const Tensor fakes = concat({fake.source, all[2][0]}, 0);
    return {{"adv", adv.d(real.source, fakes), "-E log D(x) - 1/2 E log(1 - D(g)) - 1/2 E log(1 - D(x'))"},
            {"real", w_a * attributes.loss(real.attributes, attributes.of(b)), text(w_a, " L_a(Rec_a(x), a_x)")},
            {"attributes", w_a * attributes.loss(fake.attributes, a()), text(w_a, " L_a(Rec_a(g), a)")},
            {"latents", w_z * nn::mse(fake.latents, z()), text(w_z, " E (Rec_z(g) - z)^2")},
            shown("D(x)", adv.shown(real.source), "E D(x)"), shown("D(g)", adv.shown(fake.source), "E D(g)"), shown("D(x')", adv.shown(all[2][0]), "E D(x')")};
  });
  r.update("generation", {Dec}, adam, [=](const Batch&) -> Losses {
    const Said fake = said(D(Tensors{made()}));
    return {{"adv", adv.g(fake.source), "-E log D(g)"},
            {"attributes", w_a * attributes.loss(fake.attributes, a()), text(w_a, " L_a(Rec_a(g), a)")},
            {"latents", w_z * nn::mse(fake.latents, z()), text(w_z, " E (Rec_z(g) - z)^2")}};
  });
  r.update("modification", {Enc, Dec}, adam, [=](const Batch& b) -> Losses {
    const Tensor x = b.image();
    const Tensors codes = Enc.each({x, made().constant()});
    const Encoded code = encoded(codes[0]);
    const Tensor latents = code.q.draw();
    const Tensors out = Dec.each({joined(attributes.of(b), latents), joined(a(), latents)});
    const std::vector<Tensors> all = D.each({Tensors{x}, Tensors{out[0]}, Tensors{out[1]}});
    const Said changed = said(all[2]);
    return {{"pixels", pixels * nn::l1(out[0], x), text(pixels, " E |x~ - x|")},
            {"features", features * nn::mse(all[1][2], all[0][2]), text(features, " E (F(x~) - F(x))^2")},
            {"kl", prior * nn::kl_standard_normal(code.q.mean, code.q.logvar), text(prior, " KL(q(z | x) || N(0, 1)), the mean over z")},
            {"reads", w_enc * attributes.loss(code.attributes, attributes.of(b)), text(w_enc, " L_a(Enc_a(x), a_x)")},
            {"adv", adv.g(changed.source), "-E log D(x')"},
            {"attributes", w_modified * attributes.loss(changed.attributes, a()), text(w_modified, " L_a(Rec_a(x'), a')")},
            {"cycle", cycle * nn::mse(encoded(codes[1]).q.mean, z()), text(cycle, " E (Enc_z(g) - z)^2")}};
  }).then([=](const Batch& b) { assign(known, cast(attributes.of(b), known.dtype())); });

  const SemiLatent model{attributes, m, [=](const SemiLatent::Code& code) { return decode(code.attributes, code.latents); },
                         [=](const Tensor& x) { const Encoded e = encode(x); return SemiLatent::Code{e.attributes, e.q.mean}; },
                         [=](const Tensor& x) { const Said d = said(D(Tensors{x})); return SemiLatent::Code{d.attributes, d.latents}; }};
  add_attribute_uses(r, c, attributes, {[=](const Tensor& x, const Tensor&, const Tensor& to) { return decode(to, encode(x).q.mean); }, [=](const Tensor& x) { return encode(x).attributes; }});
  r.sample = {};   // from the latent space instead
  r.latent = {.length = k + m, .normal = false};
  r.latent.draw = [=](int64_t n) { return joined(gather_rows(known, random_integers({n}, known.dim(0))), randn({n, m})); };
  r.latent.decode = [=](const Tensor& code, const Tensor&) { return Dec(code); };
  r.latent.encode = [=](const Tensor& x) {
    const Encoded e = encode(x);
    return joined(attributes.decided(e.attributes), e.q.mean);
  };
  for (const Attributes::Group& g : attributes.groups()) r.latent.codes.push_back({g.name, g.first, g.count, true});
  for (Measure& measure : semi_latent_measures(c, model)) r.measures.push_back(std::move(measure));
  return r;
}

}  // namespace ganymede
