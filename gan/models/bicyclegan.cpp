// BicycleGAN. Zhu, Zhang, Pathak, Darrell, Efros, Wang, Shechtman: Toward Multimodal Image-to-Image Translation, NIPS 2017, arXiv
// 1711.11586. z_enc = mu(B) + sigma(B) eps, z ~ N(0, I), B_enc = G(A, z_enc), B_rnd = G(A, z):
//   G, E:   min  (D(B_enc) - 1)^2 + lambda_1 |B_enc - B| + lambda_KL KL(E(B) || N(0, I))       B -> z -> B
//              + (D2(B_rnd) - 1)^2 + lambda_z |mu(B_rnd) - z|, the last one moving G alone      z -> B -> z
//   D, D2:  min  D(fake)^2 + (D(real) - 1)^2, at two scales
// The other methods of the paper leave terms out. Half of a batch is translated; the other half are the real pictures of D2, so
// that a random style is never judged beside its input's own partner. G and E move first.
#include <algorithm>

#include "engine/ops.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/nets/patch_discriminator.h"
#include "gan/nets/style_encoder.h"
#include "gan/uses/styles.h"
#include "nn/losses.h"

namespace ganymede {

Recipe bicyclegan(const Config& c) {
  const Direction d = direction_of(c);
  const std::string method = c.choice("method", {"bicyclegan", "pix2pix+noise", "cae-gan", "cvae-gan", "cvae-gan++", "clr-gan"}, "which of the paper's objectives");
  const bool noise_only = method == "pix2pix+noise", encodes = !noise_only && method != "clr-gan", samples_code = encodes && method != "cae-gan";
  const bool random = method != "cae-gan" && method != "cvae-gan", recovers = method == "bicyclegan" || method == "clr-gan", alone = method == "clr-gan";
  const int64_t nz = c.integer("latent", 8, "length of z", 1, 4096), size = c.data.size;
  const int width = int(c.integer("width", 64, "channels next to the picture", 1, 4096));
  const bool xavier = c.choice("init", {"xavier", "normal"}, "weights from Xavier's normal with gain 0.02, or normal(0, 0.02)") == "xavier";
  const double lambda_1 = encodes || noise_only ? c.number("lambda_l1", 10, "weight of |G(A, z) - B|", 0) : 0;
  const double lambda_kl = samples_code ? c.number("lambda_kl", 0.01, "weight of the divergence of codes from N(0, I)", 0) : 0;
  const double lambda_z = recovers ? c.number("lambda_z", 0.5, "weight of |mu(B_rnd) - z|", 0) : 0;
  const double lambda_d = encodes ? c.number("lambda_gan", 1, "weight of D's opinion of B_enc", 0) : 0, lambda_d2 = random ? c.number("lambda_gan2", 1, "weight of D2's opinion of B_rnd", 0) : 0;
  const Adversarial& adv = adversarial(c.choice("objective", {"lsgan", "bce"}, "what the discriminators and G minimise"));
  const bool conditional = c.flag("conditional", false, "discriminators see the input too");
  const bool one_d = encodes && random && c.flag("same_discriminator", false, "one discriminator for B_enc and B_rnd");
  const nn::Optim adam = falling_rate(nn::adam(c.number("rate", 2e-4, "learning rate", 0), c.number("beta1", 0.5, "Adam", 0, 0.999999)), c,
                                      c.number("constant_part", 0.5, "part of the run after which the rate falls linearly to 0", 0, 1));
  if (c.share() % 2) throw UsageError(text(c.batch_words(), ": half of a batch is translated, half is what D2 takes for real; make it even"));

  const nets::TranslationNorm norm{nn::NormKind::instance, false};
  Recipe r;
  nets::UnetShape g{.in = int(d.in), .out = int(d.made()), .width = width, .halvings = nets::halvings_of(size, size), .bias = true, .norm = norm, .first_dropped = 2, .latent = int(nz), .xavier = xavier};
  g.latent_everywhere = c.choice("inject", {"all", "input"}, "where z enters: at every step of the encoder half, or beside the input") == "all";
  g.resize = c.choice("upsampling", {"transposed", "resize"}, "transposed convolutions, or bilinear doubling and a 3x3 convolution") == "resize";
  g.dropout = c.number("dropout", 0.5, "probability to drop a feature of three inner steps, in training only; 0: none", 0, 0.95);
  const nn::Net G = r.net("G", nets::unet(g));
  nn::Net E;
  if (!noise_only) {
    const bool residual = c.choice("encoder", {"resnet", "cnn"}, "residual blocks, or strided convolutions") == "resnet";
    E = r.net("E", nets::style_encoder({.size = int(size), .in = int(d.made()), .width = width, .latent = int(nz), .residual = residual, .xavier = xavier}));
  }
  // 3 halvings for 256 px, 2 for 128 and 64; the map of the smallest scale must not vanish.
  const int scales = int(c.integer("scales", 2, "scales at which a discriminator looks", 1, 4));
  const int64_t smallest = size >> (scales - 1);
  const int halvings = int(c.integer("d_layers", size >= 256 ? 3 : size >= 64 ? 2 : 1, "halvings of a discriminator", 1, 5));
  if (nets::patch_map(smallest, halvings) < 1)
    throw UsageError(text("settings d_layers=", halvings, " and scales=", scales, ": they need pictures of ", (int64_t{3} << halvings) << (scales - 1), " px, these have ", size));
  const auto discriminator = [&](const char* name) {
    return r.net(name, nets::multi_scale_patches({.in = int(conditional ? d.in + d.made() : d.made()), .width = width, .halvings = halvings, .bias = true, .norm = norm, .xavier = xavier}, scales));
  };
  const nn::Net D = encodes || one_d ? discriminator("D") : nn::Net{}, D2 = one_d ? D : random ? discriminator("D2") : nn::Net{};

  const auto half = [](const Tensor& x, bool second) { return slice(x, 0, second ? x.dim(0) / 2 : 0, second ? x.dim(0) : x.dim(0) / 2); };
  const auto input = [=](const Batch& b, bool second = false) { return half(d.given(b[d.input]), second); };
  const auto target = [=](const Batch& b, bool second = false) { return half(d.wanted(b[d.target]), second); };
  const auto draw = [=](const Batch& b) { return randn({b.size / 2, nz}); };
  const SharedValue z = random ? r.shared("z", {}, draw) : SharedValue{}, eps = samples_code ? r.shared("eps", {}, draw) : SharedValue{};
  // mu and log variance side by side.
  const SharedValue code = encodes ? r.shared("E(B)", {E}, [=](const Batch& b) { return concat(E(Tensors{target(b)}), 1); }) : SharedValue{};
  const auto mu = [=] { return slice(code(), 1, 0, nz); };
  const auto log_variance = [=] { return slice(code(), 1, nz, 2 * nz); };
  const SharedValue b_enc = encodes ? r.shared("B_enc", {G, E}, [=](const Batch& b) {
    return G(Tensors{input(b), samples_code ? mu() + exp(log_variance() * 0.5) * eps() : mu()})[0];
  }) : SharedValue{};
  const SharedValue b_rnd = random ? r.shared("B_rnd", {G}, [=](const Batch& b) { return G(Tensors{input(b), z()})[0]; }) : SharedValue{};

  const auto seen = [=](const Tensor& a, const Tensor& b) { return conditional ? Tensors{a, b} : Tensors{b}; };
  const auto over_scales = [](const Tensors& maps, const std::function<Tensor(size_t)>& term) {
    Tensor sum = term(0);
    for (size_t i = 1; i < maps.size(); ++i) sum = sum + term(i);
    return sum;
  };
  const auto approval = [=](const nn::Net& net, const Batch& b, const Tensor& fake) {
    const Tensors maps = net(seen(input(b), fake));
    return over_scales(maps, [&](size_t i) { return full_g(adv, maps[i]); });
  };
  const auto judge = [=](const nn::Net& net, const Tensors& real, const Tensors& fake) {
    const Tensors on_real = net(real), on_fake = net(fake);
    return over_scales(on_real, [&](size_t i) { return full_d(adv, on_real[i], on_fake[i]); });
  };

  std::vector<nn::Net> moved{G};
  if (E) moved.push_back(E);
  r.update("generator", moved, adam, [=](const Batch& b) -> Losses {
    Losses l;
    if (lambda_d > 0) l.push_back({"adv_enc", lambda_d * approval(D, b, b_enc()), "(D(B_enc) - 1)^2"});
    if (lambda_d2 > 0) l.push_back({"adv_rnd", lambda_d2 * approval(D2, b, b_rnd()), "(D2(B_rnd) - 1)^2"});
    if (lambda_1 > 0) l.push_back({"l1", lambda_1 * nn::l1(encodes ? b_enc() : b_rnd(), target(b)), text(lambda_1, encodes ? " |B_enc - B|" : " |G(A, z) - B|")});
    if (samples_code) l.push_back({"kl", lambda_kl * nn::kl_standard_normal(mu(), log_variance(), nn::Reduction::sum), text(lambda_kl, " KL(N(mu, sigma) || N(0, I)), a sum")});
    // Left to move E as well, it would agree with G on a code too faint to see.
    if (recovers) l.push_back({"z", lambda_z * nn::l1(E(Tensors{b_rnd()})[0], z()), text(lambda_z, " |mu(B_rnd) - z|"), alone ? std::vector<nn::Net>{} : std::vector<nn::Net>{G}});
    return l;
  });
  if (D)
    r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
      Losses l{{"adv", judge(D, seen(input(b), target(b)), seen(input(b), b_enc())), "(D(B) - 1)^2 + D(B_enc)^2"}};
      if (one_d) l.push_back({"adv_rnd", judge(D, seen(input(b, true), target(b, true)), seen(input(b), b_rnd())), "(D(B') - 1)^2 + D(B_rnd)^2"});
      return l;
    });
  if (D2 && !one_d)
    r.update("D2", {D2}, adam, [=](const Batch& b) -> Losses {
      return {{"adv", judge(D2, seen(input(b, true), target(b, true)), seen(input(b), b_rnd())), "(D2(B') - 1)^2 + D2(B_rnd)^2, B' the other half of the batch"}};
    });
  if (alone || method == "cae-gan") r.without_gradient = {"E.log_variance.weight", "E.log_variance.bias"};

  add_style_uses(r, d, {[=](const Tensor& a, const Tensor& code) { return d.picture(d.given(a), G(Tensors{d.given(a), code})[0]); }, E ? [=](const Tensor& b) { return E(Tensors{d.wanted(b)})[0]; } : std::function<Tensor(const Tensor&)>{},
                        nz, int64_t{1} << g.halvings, size});
  return r;
}

}  // namespace ganymede
