// VAE/GAN. Larsen, Sonderby, Larochelle, Winther: Autoencoding beyond pixels using a learned similarity metric, ICML 2016,
// arXiv 1512.09300.
//   prior = KL(q(z | x) || N(0, 1))     llike = 1/2 |F(x) - F(Dec(z))|^2, F a layer of D     gan = -E log D(x) - E log(1 - D(Dec(z_p)))
//   encoder:  min  prior + llike        decoder:  min  gamma llike - (1 - gamma) gan         D:  min  gan
// A variational autoencoder whose decoder is a GAN's generator and whose picture distance is learnt by D. All three move
// from one forward pass; D or the decoder waits while the other is too far behind. What a term moves keeps three rules: the
// GAN never teaches the encoder, the distance never teaches D (its features would vanish), and F(x) is a target.
#include <cmath>

#include "engine/ops.h"
#include "gan/losses/balance.h"
#include "gan/losses/decay.h"
#include "gan/models.h"
#include "gan/nets/posterior.h"
#include "gan/nets/vae_gan.h"
#include "gan/uses/encoder_measures.h"

namespace ganymede {
namespace {

// E -log(p + 1e-3): the offset of the authors' code, p in (0, 1).
Tensor surprise(const Tensor& p) { return -mean(log(p + 1e-3)); }

}  // namespace

Recipe vae_gan(const Config& c) {
  nets::VaeGanSize s;
  s.size = int(c.data.size), s.channels = int(c.data.channels);
  s.width = int(c.integer("width", 32, "channels next to the picture; the others are multiples", 1, 1024));
  s.latent = int(c.integer("latent", 128, "length of z", 1, 65536));
  const double gamma = c.number("gamma", s.size < 64 ? 5e-5 : 1e-6, "weight of the feature distance (a sum over features) in the decoder; 1 - gamma that of the GAN", 0, 1);
  const double distance = c.number("llike", 1, "weight of the feature distance in the encoder", 0), prior = c.number("prior", 1, "weight of the KL divergence", 0);
  const bool both_fakes = c.choice("fakes", {"samples", "both"}, "what D calls fake: Dec(z_p) as the authors' code, or also reconstructions as the paper") == "both";
  const double real_weight = c.number("real_weight", 0.5, "weight of real pictures in D's loss; fakes have the rest", 0.001, 0.999);
  const bool gated = c.flag("gates", true, "D waits when its loss on real or fake is below equilibrium - margin, the decoder when above equilibrium + margin");
  const double equilibrium = gated ? c.number("equilibrium", 0.68, "of D's losses on real and on fake", 0) : 0, margin = gated ? c.number("margin", 0.35, "around the equilibrium", 0) : 0;
  const double rate = c.number("rate", 3e-4, "learning rate of RMSprop", 0), last = c.number("last_rate", 1, "factor on the rate at the end of the run, reached exponentially", 1e-9, 1);
  const double decay = c.number("weight_decay", 1e-5, "L2 added to the gradient of weights, not of gains and biases", 0);

  Recipe r;
  const nn::Net enc = r.net("encoder", nets::vae_gan_encoder(s));
  const nn::Net dec = r.net("decoder", nets::vae_gan_decoder(s));
  const nn::Net D = r.net("D", nets::vae_gan_discriminator(s));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const auto features = [=](const Tensor& x) { return D(Tensors{x})[0]; };

  nn::Optim optim = nn::rmsprop(rate, 0.9);
  if (last < 1 && c.steps > 0) optim = optim.with(nn::exponential_decay(std::pow(last, 1 / double(c.steps)), last));
  const Balance balance{equilibrium - margin, equilibrium + margin};
  const Gate d_gate = [=](const Losses& l) { return balance.d_moves(value_of(l, "real_loss"), value_of(l, "fake_loss")); };
  const Gate dec_gate = [=](const Losses& l) { return balance.g_moves(value_of(l, "real_loss"), value_of(l, "fake_loss")); };

  r.update("VAE/GAN", {Group{{enc}, optim}, Group{{dec}, optim, gated ? dec_gate : Gate{}}, Group{{D}, optim, gated ? d_gate : Gate{}}}, [=](const Batch& x) -> Losses {
    const Tensor real = x.image();
    const int64_t n = x.size;
    const nets::Posterior q = nets::posterior(enc(real));
    const Tensor rec = dec(q.draw()), sample = dec(noise(n));

    // One batch of D for what it judges, one for the distance: their norms see real and made pictures together.
    Tensors judged{real, sample};
    if (both_fakes) judged.push_back(rec);
    const Tensor p = sigmoid(D(concat(judged, 0))), on_real = slice(p, 0, 0, n), on_fake = slice(p, 0, n, 2 * n);
    const Tensor real_loss = surprise(on_real), fake_loss = surprise(1.0 - on_fake);
    const Tensor fake_losses = both_fakes ? fake_loss + surprise(1.0 - slice(p, 0, 2 * n, 3 * n)) : fake_loss;
    const Tensor f = features(concat({rec, real}, 0));
    const Tensor llike = sum(square(slice(f, 0, 0, n) - slice(f, 0, n, 2 * n).constant())) * (0.5 / double(n));
    const Tensor kl = q.kl();

    Losses l{{"prior", prior * kl, "KL(q(z|x) || N(0, 1))", {enc}},
             {"llike", distance * llike, "1/2 |F(x) - F(Dec(z))|^2", {enc}},
             {"dec", gamma * llike - (1 - gamma) * (real_loss + fake_losses), text(gamma, " llike - ", 1 - gamma, " (-E log D(x) - E log(1 - D(Dec(z_p))))"), {dec}},
             {"gan", real_weight * real_loss + (1 - real_weight) * fake_losses, text(-real_weight, " E log D(x) - ", 1 - real_weight, " E log(1 - D(Dec(z_p)))"), {D}},
             shown("real_loss", real_loss, "-E log D(x)"), shown("fake_loss", fake_loss, "-E log(1 - D(Dec(z_p)))"),
             shown("pixels", mean(square(rec - real)), "E (x - Dec(z))^2")};
    if (decay > 0)
      for (const nn::Net& net : {enc, dec, D}) l.push_back({"decay_" + net.name(), decay * half_squared_weights(net), text(decay, " 1/2 |w|^2"), {net}});
    return l;
  });

  r.latent = {.length = s.latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return dec(z); },
              .encode = [=](const Tensor& x) { return nets::posterior(enc(x)).mean; }};
  r.measures = encoder_measures(r.latent);
  r.measures.push_back({"features", "E |F(x) - F(Dec(E(x)))|^2 for each feature of D, relative to that between x and another picture; 0 is best",
                        [=](const Evaluation& e) { return paired_over_shuffled(e, [=](const Batch& b) { return std::pair{flatten(features(b.image())), flatten(features(dec(nets::posterior(enc(b.image())).mean)))}; }); }});
  return r;
}

}  // namespace ganymede
