// f-GAN. Nowozin, Cseke, Tomioka: f-GAN, Training Generative Neural Samplers using Variational Divergence Minimization, NIPS 2016,
// arXiv 1606.00709.
//   V:  max  F = E g(V(x)) - E f*(g(V(G(z))))        G:  min  F, or max E g(V(G(z)))
// For each f-divergence an activation g that keeps T = g(V) in the domain of the conjugate f*; F is then a lower bound of D_f(data || G)
// that V tightens. One back-propagation for both players (the paper's algorithm 1), or one after the other.
#include "engine/ops.h"
#include "gan/losses/f_divergence.h"
#include "gan/models.h"
#include "gan/nets/dcgan.h"
#include "gan/nets/perceptron.h"
#include "gan/uses/point_measures.h"
#include "nn/layers.h"

namespace ganymede {
namespace {

nn::Layer rectified(int in, int width) { return nn::sequential({nn::linear(in, width, false, nn::init::normal(0, 0.05)), nn::batch_norm(width), nn::relu()}); }

}  // namespace

Recipe f_gan(const Config& c) {
  const bool points = c.data.dimensions > 0;
  const std::string name = c.choice("divergence", f_divergence_names(), "D_f that G lowers");
  const double parameter = name == "alpha"         ? c.number("alpha", 0.5, "of the alpha-divergence, neither 0 nor 1", -100, 100)
                           : name == "weighted-js" ? c.number("pi", 0.5, "weight of the data", 1e-6, 1 - 1e-6)
                                                   : 0.5;
  const double bound = c.number("bound", 20, "V(x) is held in [-bound, bound] before an exponential", 1e-3, 60);
  const FDivergence d = f_divergence(name, parameter, bound);
  const bool practical = c.choice("generator", {"original", "practical"}, "G lowers F, or raises E g(V(G(z)))") == "practical";
  const bool single = c.choice("order", {"single-step", "alternating"}, "both players from one back-propagation, or V and then G") == "single-step";
  const std::string kind = c.choice("architecture", points ? std::vector<std::string>{"mlp", "gaussian"} : std::vector<std::string>{"mlp", "dcgan"},
                                    points ? "G: a perceptron, or mean + deviation z" : "the paper's perceptrons of MNIST, or the convolutions of DCGAN");
  const bool gaussian = kind == "gaussian", convolutions = kind == "dcgan";
  nets::DcganSize s;
  s.size = int(c.data.size), s.channels = int(c.data.channels);
  const int elements = points ? int(c.data.dimensions) : s.size * s.size * s.channels;
  const int width = int(c.integer("width", points ? 64 : convolutions ? 64 : 240, "hidden units of V, or channels next to the picture", 1, 65536));
  const int g_width = gaussian || convolutions ? 0 : int(c.integer("generator_width", points ? 128 : 1200, "hidden units of G", 1, 65536));
  s.width = width, s.latent = gaussian ? elements : int(c.integer("latent", points ? 16 : 100, "length of z", 1, 65536));
  const bool sgd = c.choice("optimizer", {"adam", "sgd"}, "Adam with beta1 0.5, or plain gradients as in the paper's 1-D experiment") == "sgd";
  const double rate = c.number("rate", sgd ? 0.01 : points ? 1e-3 : 2e-4, "learning rate", 0);
  const double longest = c.number("gradient_norm", 0, "longer gradients are scaled down to this norm; 0: never", 0);
  const double decay = c.number("weight_decay", 0, "L2 added to V's gradient: keeps a bounded T off its flat ends", 0);

  Recipe r;
  const bool normal = points || convolutions;  // the perceptrons of MNIST have uniform noise
  const nn::Net G = r.net("G", gaussian       ? nets::location_scale(elements)
                               : points       ? nets::perceptron({.in = s.latent, .width = g_width, .out = elements})
                               : convolutions ? nets::dcgan_generator(s)
                                              : nn::sequential({rectified(s.latent, g_width), rectified(g_width, g_width),
                                                                nn::linear(g_width, elements, true, nn::init::normal(0, 0.05)), nn::sigmoid()}));
  const nn::Net V = r.net("V", points         ? nets::perceptron({.in = elements, .width = width, .activation = nn::tanh})
                               : convolutions ? nets::dcgan_discriminator(s)
                                              : nets::perceptron({.in = elements, .width = width, .activation = nets::elu, .deviation = 0.005}));
  const auto noise = [=](int64_t n) { return normal ? randn({n, s.latent}) : uniform({n, s.latent}, -1, 1); };
  // The perceptrons of MNIST work on pixels in [0, 1].
  const auto real = [=](const Batch& x) { return points ? x["point"] : convolutions ? x.image() : flatten(x.image()) * 0.5 + 0.5; };

  nn::Optim optim = sgd ? nn::sgd(rate) : nn::adam(rate, 0.5);
  if (longest > 0) optim = optim.norm_clipped(longest);
  const nn::Optim v_optim = decay > 0 ? optim.decay(decay) : optim;
  const auto v_terms = [=](const Tensor& on_real, const Tensor& on_fake) -> Losses {
    const Tensor T = d.activation(on_real), lower = mean(T) - mean(d.conjugate(on_fake));
    return {{"-F", -lower, text("-E g(V(x)) + E f*(g(V(G(z)))),  g(v) = ", d.g_text, ",  f*(g(v)) = ", d.conjugate_text), {V}},
            shown("F", lower, text("a lower bound of D_f, f of ", name)), shown("real", mean(greater(T, full({1}, d.threshold))), "share of x with T(x) > f'(1)")};
  };
  const auto g_term = [=](const Tensor& on_fake) -> Term {
    if (practical) return {"G", -mean(d.activation(on_fake)), "-E g(V(G(z)))", {G}};
    return {"G", -mean(d.conjugate(on_fake)), "-E f*(g(V(G(z))))", {G}};
  };
  if (single) {
    r.update("V+G", {Group{{V}, v_optim}, Group{{G}, optim}}, [=](const Batch& x) -> Losses {
      const Tensor on_fake = V(G(noise(x.size)));
      Losses l = v_terms(V(real(x)), on_fake);
      l.push_back(g_term(on_fake));
      return l;
    });
  } else {
    r.update("V", {V}, v_optim, [=](const Batch& x) { return v_terms(V(real(x)), V(G(noise(x.size)))); });
    r.update("G", {G}, optim, [=](const Batch& x) -> Losses { return {g_term(V(G(noise(x.size))))}; });
  }
  r.latent = {.length = s.latent, .draw = noise, .normal = normal};
  r.latent.decode = [=](const Tensor& z, const Tensor&) {
    return points || convolutions ? G(z) : reshape(G(z) * 2.0 - 1.0, Shape{z.dim(0), s.size, s.size, s.channels});
  };
  if (points) r.field = {"T(x)", [=](const Tensor& x) { return d.activation(V(x)); }};
  if (points && elements == 1) r.measures = line_moments(r.latent);
  return r;
}

}  // namespace ganymede
