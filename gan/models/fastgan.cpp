// FastGAN. Liu, Zhu, Song, Elgammal: Towards Faster and Stabilized GAN Training for High-fidelity Few-shot Image Synthesis, ICLR 2021, arXiv 2101.04775.
//   D:  min  E max(0, 1 - D(x, x')) + E max(0, 1 + D(G(z))) + w (rec(R1(f8), x) + rec(R2(f16 of a quarter), that quarter of x) + rec(R3(f'), x'))
//   G:  min  -E D(G(z))
// Both make or see a picture x and a small one x'; f are D's features of them, from which the decoders R draw real pictures again, so that D learns what is in few pictures
// instead of telling them apart. Coarse features of G weigh the channels of fine ones (skip-layer excitation). What D sees may be changed at random (gan/parts/augment.h).
#include <algorithm>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/models.h"
#include "gan/nets/fastgan.h"
#include "gan/parts/augment.h"
#include "gan/parts/known_pictures.h"
#include "gan/parts/loss_network.h"
#include "gan/uses/sample_measures.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

Tensor shrunk(const Tensor& x, int64_t side) { return x.dim(1) == side ? x : adaptive_average_pool(x, side, side); }

// A quarter of each picture or map: of sample n the lower half where down[n] is 1, the right half where right[n] is.
Tensor quarter(const Tensor& x, const Tensor& down, const Tensor& right) {
  const int64_t half = x.dim(1) / 2;
  const auto chosen = [&](const Tensor& y, int axis, const Tensor& second) { return mix(slice(y, axis, half, 2 * half), slice(y, axis, 0, half), second); };
  return chosen(chosen(x, 1, down), 2, right);
}

}  // namespace

Recipe fastgan(const Config& c) {
  nets::FastSize s{.size = int(c.data.size), .channels = int(c.data.channels)};
  nets::check_fast(s);
  s.width = int(c.integer("width", 8, "channels of G at 128 px and of D at 64, from which all follow (64 in the paper)", 1, 4096));
  s.latent = int(c.integer("latent", 256, "length of z", 1, 65536));
  if (nets::fast_skips(s)) s.skip = c.flag("skip", true, "excitation: coarse features weigh the channels of fine ones");
  s.spectral = c.flag("spectral_norm", true, "divide weights by their largest singular value");
  const double decoders = c.number("decoders", 1, "weight of the reconstruction of real pictures from D's features; 0: none", 0);
  const bool pixels = decoders == 0 || c.choice("reconstruction", {"pixels", "vgg"}, "what it compares: pixels (L1), or directions of features of a VGG-16, as LPIPS") == "pixels";
  const double changed = c.number("augment", 0.1, "probability of each change of what D sees; 0: none", 0, 1);
  const double soften = c.number("soften", 0, "the hinges' margins are drawn from 1 less this to 1 (0.2 in the authors' code)", 0, 1);
  const double rate = c.number("rate", 2e-4, "learning rate", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);
  if (changed > 0 && s.channels != 1 && s.channels != 3) throw UsageError(text("setting augment=", changed, ": pictures of ", s.channels, " channels cannot be augmented, only those of 1 or 3"));
  const int64_t small = nets::small_side(s);
  const Adversarial& adv = adversarial("hinge");

  Recipe r;
  const nn::Net G = r.net("G", std::make_shared<nets::FastGenerator>(s)), D = r.net("D", std::make_shared<nets::FastDiscriminator>(s));
  std::vector<nn::Net> judge{D};
  if (decoders > 0) {
    const nets::FastFeatures f = nets::fast_features(s);
    for (const auto& [name, in] : {std::pair{"R_whole", f.last}, {"R_part", f.fine}, {"R_small", f.small}}) judge.push_back(r.net(name, nets::fast_decoder(s, in)));
  }
  const auto taps = pixels ? std::function<Tensors(const Tensor&)>{} : vgg_loss_network(r, c, 16, 5, 4).taps;
  const auto difference = [=](const Tensor& x, const Tensor& y) { return pixels ? nn::l1(x, y) : perceptual_distance(taps(x), taps(y)); };
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const auto change = [=](const Tensor& x) { return changed > 0 ? augment(x, full({1}, changed)) : x; };
  const auto fakes = [=](int64_t n) {
    const Tensors y = G(Tensors{noise(n)});
    return Tensors{change(y[0]), change(y[1])};
  };
  const nn::Optim adam = nn::adam(rate, beta1);

  r.update("D", judge, adam, [=](const Batch& b) -> Losses {
    const Tensor x = change(b.image()), tiny = change(shrunk(b.image(), small));
    const auto said = D.each(std::vector<Tensors>{{x, tiny}, fakes(b.size)});
    const Tensor real = said[0][0], fake = said[1][0];
    const auto eased = [&](const Tensor& score, double by) { return soften > 0 ? score + by * uniform(score.shape()) : score; };
    const Tensor nearer = eased(real, soften);
    Losses l{{"adv", adv.d(nearer, eased(fake, -soften)), adv.d_formula}, shown("real", mean(real), "E D(x)"), shown("fake", mean(fake), "E D(G(z))")};
    if (decoders > 0) {
      const Tensor down = bernoulli({b.size}, 0.5), right = bernoulli({b.size}, 0.5);
      l.push_back({"whole", decoders * difference(judge[1](said[0][2]), shrunk(x, small)), text(decoders, " rec(R1(f8), x)")});
      l.push_back({"part", decoders * difference(judge[2](quarter(said[0][1], down, right)), shrunk(quarter(x, down, right), small)), text(decoders, " rec(R2(f16 of a quarter), the quarter of x)")});
      l.push_back({"small", decoders * difference(judge[3](said[0][3]), tiny), text(decoders, " rec(R3(f'), x')")});
    }
    return l;
  });
  r.update("G", {G}, adam, [=](const Batch& b) -> Losses { return {{"adv", adv.g(D(fakes(b.size))[0]), adv.g_formula}}; });

  r.latent = {.length = s.latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return G(z); }};
  r.measures = sample_measures([=](int64_t n) { return G(noise(n)); });
  r.measures.push_back({"overfitting", "(E D(training picture) - E D(test picture)) / (E D(training picture) - E D(G(z))); 0 where D treats pictures alike that it has seen and not, 1 where it takes what it has not seen for samples",
                        [=, facts = c.data](const Evaluation& e) {
    const auto score = [=](const Tensor& x, const Tensor& tiny) { return mean(D(Tensors{x, tiny})[0]).item(); };
    const Tensor known = some_pictures(facts, std::min<int64_t>(e.samples, 256));
    const double seen = score(known, shrunk(known, small));
    double unseen = 0, made = 0, n = 0;
    e.each_batch([&](const Batch& b) {
      const Tensors y = G(Tensors{noise(b.size)});
      unseen += double(b.size) * score(b.image(), shrunk(b.image(), small)), made += double(b.size) * score(y[0], y[1]), n += double(b.size);
    });
    return (seen - unseen / n) / (seen - made / n);
  }});
  r.average = c.number("ema", 0.999, "decay of an average of G's weights to sample from; 0: none", 0, 0.999999);
  r.averaged = {G};
  return r;
}

}  // namespace ganymede
