// StarGAN v2. Choi, Uh, Yoo, Ha: StarGAN v2: Diverse Image Synthesis for Multiple Domains, CVPR 2020, arXiv 1912.01865; order of the updates and sizes as in the authors' code.
//   x, of the domain y, goes to the domain y' in a style s of it: s = F_y'(z), or s = E_y'(r), r a picture of y'. For each of the two ways:
//   D:        min  E -log D_y(x) + E -log(1 - D_y'(G(x, s))) + lambda_reg / 2 E |grad D_y(x)|^2
//   G, F, E:  min  E -log D_y'(G(x, s)) + lambda_sty E |s - E_y'(G(x, s))| - lambda_ds E |G(x, s) - G(x, s')| + lambda_cyc E |x - G(G(x, s), E_y(x))|     (eq. 1 to 5)
// s' is another style of y', whose picture is data. By r, G moves alone. lambda_ds falls to 0. D has a score for each domain, F and E have a style for each. One iteration: D by z, D by r,
// all three by z, G by r. r is the picture before x in the batch, r' (of s') another of its domain.
#include <algorithm>

#include "engine/autograd.h"
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/stargan_v2.h"
#include "gan/uses/domain_styles.h"
#include "nn/losses.h"

namespace ganymede {

Recipe stargan_v2(const Config& c) {
  const Domains domains(c, {"Male", "red/green/blue"});
  const bool large = c.data.size >= 128;
  nets::StarganV2Shape s{.size = int(c.data.size), .channels = int(c.data.channels), .domains = int(domains.count())};
  nets::check_stargan_v2(s);
  s.width = int(c.integer("width", large ? std::max<int64_t>(1, 16384 / c.data.size) : 8, "channels next to the picture, of G, E and D; 64 in the paper's of 256 px", 1, 4096));
  s.most_width = int(c.integer("most_width", large ? 512 : 32, "channels, at most; each halving of the picture doubles them up to this", 1, 4096));
  int most = 0;
  while (s.size >> (most + 1) >= 4) ++most;
  s.halvings = int(c.integer("halvings", nets::stargan_v2_halvings(s.size), "of the picture by G; 4 in the paper, to maps of 16 x 16", 1, most));
  s.style = int(c.integer("style", large ? 64 : 16, "length of a style", 1, 65536));
  s.latent = int(c.integer("latent", large ? 16 : 8, "length of z", 1, 65536));
  s.hidden = int(c.integer("hidden", large ? 512 : 64, "units of a layer of F", 1, 65536));
  const double reg = c.number("lambda_reg", 1, "weight of the penalty at real pictures, half |grad D|^2", 0), sty = c.number("lambda_sty", 1, "weight of reading the style off the result", 0);
  const double ds = c.number("lambda_ds", large ? 1 : 2, "weight at first of the distance between results in two styles; 1 in the paper for faces, 2 for animals", 0), cyc = c.number("lambda_cyc", 1, "weight of |x - the way there and back|", 0);
  const int64_t ds_steps = c.integer("ds_steps", !c.steps ? 100000 : large ? c.steps : 10 * c.steps, "iterations in which that weight falls to 0; the paper's run, of which short ones see the beginning", 1);
  const double beta1 = c.number("beta1", 0, "Adam", 0, 0.999999), beta2 = c.number("beta2", 0.99, "Adam", 0, 0.999999), decay = c.number("weight_decay", 1e-4, "Adam's, part of the gradient", 0);
  const auto adam = [&](const char* name, double rate, const char* whose) { return nn::adam(c.number(name, rate, whose, 0), beta1, beta2).decay(decay); };
  const nn::Optim optim = adam("rate", large ? 1e-4 : 1e-3, "learning rate of G, E and D"), optim_f = adam("rate_f", large ? 1e-6 : 1e-4, "learning rate of F");

  Recipe r;
  const nn::Net G = r.net("G", nets::stargan_v2_generator(s)), F = r.net("F", nets::stargan_v2_mapping(s));
  const nn::Net E = r.net("E", nets::stargan_v2_encoder(s)), D = r.net("D", nets::stargan_v2_discriminator(s));
  const Adversarial& adv = adversarial("bce");
  const Tensor done = r.keep("done", zeros({1}));   // iterations, for lambda_ds

  const SharedValue y = r.shared("y", {}, [=](const Batch& b) { return domains.of(b); });
  const auto to = [=] { return roll(y(), 1); };
  const auto reference = [](const Batch& b) { return roll(b.image(), 1); };
  const SharedValue second = r.shared("r'", {}, [=](const Batch& b) { return roll(chosen_rows(b.image(), companions(y())), 1); });
  const auto noise = [=](const Batch& b) { return randn({b.size, s.latent}); };
  const SharedValue z = r.shared("z", {}, noise), z2 = r.shared("z'", {}, noise);
  const SharedValue style = r.shared("F(z)", {F}, [=](const Batch&) { return F(z(), to()); });
  const SharedValue fake = r.shared("G(x, F(z))", {G, F}, [=](const Batch& b) { return G(b.image(), style()); });

  const auto judge = [=](const Batch& b, const Tensor& made) -> Losses {
    const Tensor x = watch(b.image()), real = D(x, y());
    const Verdict v = adv.judge(real, D(made, to()));
    Losses l{{"adv", v.loss, formula_of(adv.d_formula, "_y(x)", "_y'(G(x, s))")}, shown("real", v.real, "E D_y(x)"), shown("fake", v.fake, "E D_y'(G(x, s))")};
    if (reg > 0) l.push_back({"r1", reg / 2 * squared_slope(real, x), text(reg / 2, " E |grad D_y(x)|^2")});
    return l;
  };
  const auto bring = [=](const Batch& b, const Tensor& s1, const Tensor& made, const Tensor& s2) -> Losses {
    const Tensor x = b.image();
    Losses l{{"adv", adv.g(D(made, to())), formula_of(adv.g_formula, "", "_y'(G(x, s))")}};
    if (sty > 0) l.push_back({"style", sty * nn::l1(E(made, to()), s1), text(sty, " E |s - E_y'(G(x, s))|")});
    if (ds > 0) {
      const Tensor left = reshape(clamp(1.0 - done * (1.0 / double(ds_steps)), 0, 1), Shape{}), apart = nn::l1(made, G(x, s2).constant());
      l.push_back({"diversity", mul(apart, cast(left, apart.dtype())) * -ds, text("-", ds, " (falling to 0) E |G(x, s) - G(x, s')|")});
    }
    if (cyc > 0) l.push_back({"cycle", cyc * nn::l1(G(made, E(x, y())), x), text(cyc, " E |x - G(G(x, s), E_y(x))|")});
    return l;
  };
  r.update("D", {D}, optim, [=](const Batch& b) { return judge(b, fake()); });
  r.further("D", "D_style", [=](const Batch& b) { return judge(b, G(b.image(), E(reference(b), to()))); });
  r.update("G", {Group{{G}, optim}, Group{{F}, optim_f}, Group{{E}, optim}}, [=](const Batch& b) { return bring(b, style(), fake(), F(z2(), to())); });
  Update& by_picture = r.further("G", "G_style", [=](const Batch& b) {
    const Tensor s1 = E(reference(b), to());
    return bring(b, s1, G(b.image(), s1), E(second(), to()));
  });
  by_picture.groups.resize(1);   // G alone
  by_picture.then([=](const Batch&) { assign(done, done + 1.0); });

  r.average = c.number("ema", large ? 0.999 : 0.99, "decay of averages of the weights of G, F and E, which results are made with; G's follows both of its steps; 0: none", 0, 0.999999);
  r.averaged = {G, F, E};
  add_domain_style_uses(r, c, domains, {.map = [=](const Tensor& x, const Tensor& code) { return G(x, code); }, .draw = [=](const Tensor& code, const Tensor& domain) { return F(code, domain); },
                                        .encode = [=](const Tensor& x, const Tensor& domain) { return E(x, domain); }, .latent = s.latent, .style = s.style, .unit = int64_t{1} << s.halvings, .size = s.size});
  return r;
}

}  // namespace ganymede
