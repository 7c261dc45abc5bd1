// MRGAN. Che, Li, Jacob, Bengio, Li: Mode Regularized Generative Adversarial Networks, ICLR 2017, arXiv 1612.02136.
//   regularised (Reg-GAN): an encoder gives G a target for every training sample
//     D:     min  -E log D(x) - E log(1 - D(G(z)))
//     G, E:  min  [G: -E log D(G(z))] + lambda1 d(x, G(E(x))) - lambda2 E log D(G(E(x)))
//   manifold-diffusion (MDGAN): first onto the manifold of the data, then across it
//     D1:    min  -E log D1(x) - E log(1 - D1(G(E(x))))          G, E:  min  -E log D1(G(E(x))) + lambda d(x, G(E(x)))
//     D2:    min  -E log D2(G(E(x))) - E log(1 - D2(G(z)))       G:     min  -E log D2(G(z)),   G(E(x)) a fixed target, x anew
// The paper prints + lambda2 log D; its intent is to raise D(G(E(x))), so the sign here is minus.
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/models.h"
#include "gan/nets/dcgan.h"
#include "gan/uses/encoder_measures.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

nn::Layer perceptron(int64_t in, int width, int hidden, int64_t out, const std::vector<nn::Layer>& last = {}) {
  std::vector<nn::Layer> layers;
  for (int i = 0; i < hidden; ++i, in = width) layers.insert(layers.end(), {nn::linear(int(in), width, true, nn::init::he_normal(in)), nn::relu()});
  layers.push_back(nn::linear(int(in), int(out), true, nn::init::he_normal(in)));
  layers.insert(layers.end(), last.begin(), last.end());
  return nn::sequential(std::move(layers));
}

}  // namespace

Recipe mrgan(const Config& c) {
  const bool points = c.data.dimensions > 0;
  const bool regularised = c.choice("variant", {"regularised", "manifold-diffusion"}, "Reg-GAN, or MDGAN with two discriminators") == "regularised";
  const bool mlp = points || c.choice("architecture", {"conv", "mlp"}, "DCGAN's nets with kernels of 5, or perceptrons") == "mlp";
  nets::DcganSize s;
  s.size = int(c.data.size), s.channels = int(c.data.channels), s.paper = true;
  s.width = int(c.integer("width", mlp ? 128 : 64, "hidden units, or channels next to the picture", 1, 65536));
  s.latent = int(c.integer("latent", points ? 2 : mlp ? 128 : 100, "length of z", 1, 65536));
  const bool summed = c.choice("distance", mlp || !regularised ? std::vector<std::string>{"sum", "mean"} : std::vector<std::string>{"mean", "sum"}, "d: squared error, its mean or sum over a sample's elements") == "sum";
  const double lambda1 = c.number("lambda1", mlp || !regularised ? 0.01 : 0.2, "weight of d(x, G(E(x)))", 0), lambda2 = regularised ? c.number("lambda2", mlp ? 0.01 : 0.4, "weight of -log D(G(E(x)))", 0) : 0;
  const double rate = c.number("rate", mlp ? 1e-4 : 2e-4, "learning rate of Adam", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);
  const int64_t elements = points ? c.data.dimensions : c.data.size * c.data.size * c.data.channels;

  Recipe r;
  const auto generator = [&] {
    if (!mlp) return nets::dcgan_generator(s);
    return points ? perceptron(s.latent, s.width, 2, elements) : perceptron(s.latent, s.width, 2, elements, {nn::tanh(), nn::reshape_to({c.data.size, c.data.size, c.data.channels})});
  };
  const auto flat = [&](nn::Layer net) { return mlp && !points ? nn::sequential({nn::reshape_to({elements}), net}) : net; };
  const auto discriminator = [&] { return mlp ? flat(perceptron(elements, s.width, points ? 2 : 1, 1)) : nets::dcgan_discriminator(s); };
  const nn::Net G = r.net("G", generator()), D = r.net(regularised ? "D" : "D1", discriminator());
  const nn::Net E = r.net("E", mlp ? flat(perceptron(elements, s.width, 2, s.latent)) : nets::dcgan_encoder(s));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const auto d = [=](const Tensor& x, const Tensor& y) {
    return summed ? nn::mse(x, y, nn::Reduction::sum) / double(x.dim(0)) : nn::mse(x, y);
  };
  const Adversarial& bce = adversarial("bce");
  const nn::Optim adam = nn::adam(rate, beta1);

  if (regularised) {
    const SharedValue fake = r.shared("fake", {G}, [=](const Batch& b) { return G(noise(b.size)); });
    r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
      const Tensors said = D.each({samples_of(b), fake()});
      const Verdict v = bce.judge(said[0], said[1]);
      return {{"adv", v.loss, bce.d_formula}, shown("real", v.real, "E D(x)"), shown("fake", v.fake, "E D(G(z))")};
    });
    std::vector<Group> groups{Group{{G}, adam}};
    if (lambda1 > 0 || lambda2 > 0) groups.push_back(Group{{E}, adam});
    r.update("G", groups, [=](const Batch& b) -> Losses {
      Losses l{{"adv", bce.g(D(fake())), bce.g_formula, {G}}};
      if (lambda1 == 0 && lambda2 == 0) return l;
      const Tensor x = samples_of(b), rebuilt = G(E(x));
      if (lambda1 > 0) l.push_back({"distance", lambda1 * d(x, rebuilt), text(lambda1, " d(x, G(E(x)))")});
      if (lambda2 > 0) l.push_back({"mode", lambda2 * bce.g(D(rebuilt)), text("-", lambda2, " E log D(G(E(x)))")});
      return l;
    });
  } else {
    const nn::Net D2 = r.net("D2", discriminator());
    r.update("D1", {D}, adam, [=](const Batch& b) -> Losses {
      const Tensor on_real = D(samples_of(b)), on_rebuilt = D(G(E(samples_of(b))));
      return {{"adv", bce.d(on_real, on_rebuilt), "-E log D1(x) - E log(1 - D1(G(E(x))))"}, shown("real", bce.shown(on_real), "E D1(x)"), shown("rebuilt", bce.shown(on_rebuilt), "E D1(G(E(x)))")};
    });
    r.update("manifold", {Group{{G}, adam}, Group{{E}, adam}}, [=](const Batch& b) -> Losses {
      const Tensor x = samples_of(b), rebuilt = G(E(x));
      Losses l{{"adv", bce.g(D(rebuilt)), "-E log D1(G(E(x)))"}};
      if (lambda1 > 0) l.push_back({"distance", lambda1 * d(x, rebuilt), text(lambda1, " d(x, G(E(x)))")});
      return l;
    });
    r.update("D2", {D2}, adam, [=](const Batch& b) -> Losses {
      const Tensor on_rebuilt = D2(G(E(samples_of(b)))), on_fake = D2(G(noise(b.size)));
      const Tensor right = (mean(cast(greater(on_rebuilt, zeros_like(on_rebuilt)), on_fake.dtype())) + mean(cast(greater(zeros_like(on_fake), on_fake), on_fake.dtype()))) * 0.5;
      return {{"adv", bce.d(on_rebuilt, on_fake), "-E log D2(G(E(x))) - E log(1 - D2(G(z)))"}, shown("rebuilt", bce.shown(on_rebuilt), "E D2(G(E(x)))"), shown("fake", bce.shown(on_fake), "E D2(G(z))"),
              shown("accuracy", right, "share of both that D2 tells rightly")};
    }).from_batch(1);
    r.update("diffusion", {G}, adam, [=](const Batch& b) -> Losses { return {{"adv", bce.g(D2(G(noise(b.size)))), "-E log D2(G(z))"}}; }).from_batch(1);
  }

  r.latent = {.length = s.latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return G(z); }, .encode = [=](const Tensor& x) { return E(x); }};
  r.measures = encoder_measures(r.latent);
  return r;
}

}  // namespace ganymede
