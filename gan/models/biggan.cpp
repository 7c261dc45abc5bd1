// BigGAN. Brock, Donahue, Simonyan: Large Scale GAN Training for High Fidelity Natural Image Synthesis, ICLR 2019, arXiv 1809.11096; layers and rates of the authors' PyTorch code.
//   D:  min  E max(0, 1 - D(x, y)) + E max(0, 1 + D(G(z, y'), y'))        G:  min  -E D(G(z, y'), y') + beta sum |W^T W o (1 - I)|^2
// SAGAN's game, larger: z in pieces, the first for G's dense layer, one for each block, where it joins an embedding of the class that all blocks share; gains and biases of
// batch norms are linear in the two. Weights begin orthogonal, and beta holds G's near it, so that samples stay whole when z is drawn from a truncated normal. Samples
// are of an average of G's weights, and its batch norms use standing statistics, gathered for these weights.
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/orthogonal.h"
#include "gan/models.h"
#include "gan/nets/biggan.h"
#include "gan/uses/sample_measures.h"
#include "gan/uses/truncation.h"

namespace ganymede {

Recipe biggan(const Config& c) {
  if (c.data.classes < 2) throw UsageError("biggan draws by label, and these data have no classes");
  nets::BigSize s{.size = int(c.data.size), .channels = int(c.data.channels), .classes = int(c.data.classes)};
  const int pieces = nets::big_blocks(s.size) + 1;
  s.width = int(c.integer("width", 8, "what channels are multiples of: 4 times as many everywhere up to 32 px, 16 times inside to 1 or 2 at the picture beyond (96 in the paper)", 1, 4096));
  s.latent = int(c.integer("latent", 20 * pieces, "length of z (20 a piece in the paper)", 1, 65536));
  s.skip_z = c.flag("skip_z", true, "z in equal pieces, one for G's dense layer and one for each of its blocks; else all for the dense layer");
  const bool shared = c.flag("shared", true, "one embedding of the class for all norms of G; else gains and biases by class in each");
  s.embedding = shared ? int(c.integer("embedding", 32, "its length (128 in the paper)", 1, 65536)) : 0;
  s.attention = int(c.integer("attention", s.size > 64 ? 64 : 0, "side of the maps that attend to themselves; 0: none", 0, 4096));
  const double beta = c.number("ortho", 1e-4, "weight of G's orthogonal regularisation; 0: none", 0);
  const double rate_d = c.number("rate_d", 8e-4, "learning rate of D (2e-4 in the paper)", 0), rate_g = c.number("rate_g", 4e-4, "learning rate of G (5e-5 in the paper)", 0);
  const double beta2 = c.number("beta2", 0.999, "Adam; beta1 is 0", 0, 0.999999), eps = c.number("eps", 1e-8, "Adam (1e-6 in the authors' trainings)", 1e-12, 1);
  const int d_steps = int(c.integer("d_steps", 2, "steps of D an iteration", 1, 1000));
  const Adversarial& adv = adversarial("hinge");

  Recipe r;
  const nn::Net G = r.net("G", nets::big_generator(s)), D = r.net("D", nets::big_discriminator(s));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const auto labels = [=](int64_t n) { return random_integers({n}, s.classes); };
  const auto optim = [=](double rate) { return nn::adam(rate, 0, beta2, eps); };

  r.update("D", {D}, optim(rate_d), [=](const Batch& x) -> Losses {
    const Tensor y = labels(x.size);
    const std::vector<Tensors> said = D.each({Tensors{x.image(), x["label"]}, Tensors{G(noise(x.size), y), y}});
    const Tensor &on_real = said[0][0], &on_fake = said[1][0];
    return {{"adv", adv.d(on_real, on_fake), of_pairs(adv.d_formula)}, shown("real", mean(on_real), "E D(x, y)"), shown("fake", mean(on_fake), "E D(G(z, y), y), y drawn")};
  }).times(d_steps);
  r.update("G", {G}, optim(rate_g), [=](const Batch& x) -> Losses {
    const Tensor y = labels(x.size);
    Losses l{{"adv", adv.g(D(G(noise(x.size), y), y)), of_pairs(adv.g_formula)}};
    if (beta > 0) l.push_back({"ortho", beta * orthogonal_penalty(G, shared ? std::vector<std::string>{"shared.weight"} : std::vector<std::string>{}), text(beta, " sum |W^T W o (1 - I)|^2, over G's weights but the shared embedding")});
    return l;
  });

  r.latent = {.length = s.latent, .classes = s.classes, .draw = noise, .decode = [=](const Tensor& z, const Tensor& y) { return G(z, y); }};
  r.measures = sample_measures([=](int64_t n) { return G(noise(n), labels(n)); });
  for (Measure& m : truncation_curve(r.latent)) r.measures.push_back(std::move(m));
  r.average = c.number("ema", 0.999, "decay of an average of G's weights to sample from; 0: none (0.9999 in the paper)", 0, 0.999999);
  r.averaged = {G};
  r.average_from = c.integer("ema_start", std::max<int64_t>(0, c.steps / 4), "iterations after which the average begins; 20000 in the authors' code");
  const int64_t n = std::max<int64_t>(2, c.share());
  r.standing = {{G}, int(c.integer("standing", 16, "batches that G's batch norms see before samples are drawn (100 in the paper); 0: the statistics of the training", 0, 100000)), [=] { G(noise(n), labels(n)); }};
  return r;
}

}  // namespace ganymede
