// StackGAN. Zhang, Xu, Li, Zhang, Wang, Huang, Metaxas: StackGAN: Text to Photo-realistic Image Synthesis with Stacked Generative Adversarial Networks,
// ICCV 2017, arXiv 1612.03242.
//   [mu, log sigma] = f(phi(t)),   c = mu + sigma eps         conditioning augmentation, each stage its own
//   D:  min  -E log D(x, t) - 1/2 E log(1 - D(x', t)) - 1/2 E log(1 - D(G, t))               x' another picture
//   G:  min  -E log D(G, t) + 2 E [-log sigma + (sigma^2 + mu^2 - 1) / 2]                    the mean over samples and elements
//   stage I:  G = G1(c, z), small pictures        stage II:  G = G2(G1(c, z), c2), `scale` times as large; G1 is frozen
// phi(t) is a text encoder trained before. Stage II runs G1 with its batch's statistics, as the authors' code does. D1 is GAN-INT-CLS's D,
// which has a leaky relu behind its third convolution's norm, where this paper's code has none.
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/stackgan.h"
#include "gan/parts/text_training.h"
#include "gan/uses/text_uses.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

struct TextCondition {
  Tensor mu, log_sigma;
  Tensor draw(bool noisy) const { return noisy ? mu + exp(log_sigma) * randn(mu.shape()) : mu; }
  Tensor kl() const { return nn::kl_standard_normal(mu, log_sigma * 2.0); }
};
TextCondition condition(const Tensor& both) {
  const int64_t n = both.dim(1) / 2;
  return {slice(both, 1, 0, n), slice(both, 1, n, 2 * n)};
}

// Of pictures: the mean square of differences between neighbours.
Tensor edges(const Tensor& x) {
  const int64_t h = x.dim(1), w = x.dim(2);
  return mean(square(slice(x, 1, 1, h) - slice(x, 1, 0, h - 1))) + mean(square(slice(x, 2, 1, w) - slice(x, 2, 0, w - 1)));
}

double distance(const Tensor& a, const Tensor& b) { return mean(norm(flatten(a - b), {1})).item(); }

}  // namespace

Recipe stackgan(const Config& c) {
  const int scale = int(c.integer("scale", 2, "sides of stage II's pictures over those of stage I; 4 in the paper", 2, 64));
  nets::TextConvSize s{.size = int(c.data.size), .channels = int(c.data.channels)};
  s.width = int(c.integer("width", 16, "channels of stage I's G next to the picture, and of stage II's behind its first convolution; 128 in the paper", 4, 4096));
  s.latent = int(c.integer("latent", 8, "length of z; 100 in the paper", 1, 65536));
  s.projected = int(c.integer("projected", 32, "length of c, and what D makes of a caption's vector; 128 in the paper", 1, 4096));
  nets::TextConvSize judge = s;
  judge.width = int(c.integer("d_width", 16, "channels of both D next to the picture; 64 in the paper", 1, 4096));
  const int blocks = int(c.integer("blocks", 2, "residual blocks of stage II's G; 4 in the paper", 0, 64));
  const bool noisy = c.choice("conditioning", {"gaussian", "fixed"}, "c is drawn from a normal that the caption gives, or is its mean") == "gaussian";
  const double kl = noisy ? c.number("kl_weight", 2, "weight of that normal's divergence from N(0, I)", 0) : 0;
  const double rate = c.number("rate", 5e-4, "learning rate; 2e-4 in the paper", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);

  Recipe r;
  const Mismatch mismatch(c);
  const TextEncoder phi = add_text_encoder(r, c, mismatch);
  s.text = judge.text = int(phi.length);
  const int64_t left = c.steps > 0 ? c.steps - phi.steps : 0, first_steps = c.integer("first_steps", left > 0 ? left / 2 : 2000, "iterations of stage I, before stage II", 1);
  if (left > 0 && first_steps >= left) throw UsageError(text("setting first_steps=", first_steps, ": after text_steps=", phi.steps, " the run has ", left, " iterations, so none remain for stage II"));
  const int64_t part = c.integer("halve_every", 0, "iterations of a stage after which its rate halves, again and again; 0: never (in the paper a sixth of a stage)", 0);
  nn::Optim adam = nn::adam(rate, beta1);
  if (part > 0) adam = adam.with(nn::halve_every(part));

  nets::TextConvSize small = s, small_judge = judge;
  small.size = small_judge.size = s.size / scale;
  const nn::Net C2 = r.net("C2", nets::conditioning(s)), G2 = r.net("G2", nets::stack_second_generator(s, scale, blocks)), D2 = r.net("D2", nets::stack_second_discriminator(judge, scale));
  const nn::Net C1 = r.net("C1", nets::conditioning(s)), G1 = r.net("G1", nets::stack_first_generator(small)), D1 = r.net("D1", nets::text_discriminator(small_judge));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const auto first = [=](const Tensor& z, const Tensor& t) { return G1(concat({condition(C1(t)).draw(noisy), z}, 1)); };
  const auto second = [=](const Tensor& low, const TextCondition& of) { return G2(low, of.draw(noisy)); };
  const auto reduced = [=](const Tensor& x) { return average_pool(x, {.kernel = {scale, scale}, .stride = {scale, scale}}); };

  const auto add_stage = [&](const std::string& number, const nn::Net& C, const nn::Net& G, const nn::Net& D, const std::function<Tensor(const Batch&)>& real,
                             const std::function<Tensor(const Batch&, const TextCondition&)>& draw) {
    const SharedValue both = r.shared("condition", {C}, [=](const Batch& b) { return C(phi(b)); });
    const SharedValue fake = r.shared("fake", {C, G}, [=](const Batch& b) { return draw(b, condition(both())); });
    r.update("D" + number, {D}, adam, [=](const Batch& b) { return matching_losses(D, real(b), fake(), phi(b), mismatch.next(b)); });
    r.update("G" + number, {C, G}, adam, [=](const Batch& b) -> Losses {
      Losses l{{"adv", nn::bce_with_logits(D(fake(), phi(b)), 1), "-E log D(G, t)"}};
      if (noisy) l.push_back({"kl", kl * condition(both()).kl(), text(kl, " E [-log sigma + (sigma^2 + mu^2 - 1) / 2]")});
      return l;
    });
  };
  r.stage("I", first_steps);
  add_stage("1", C1, G1, D1, [=](const Batch& b) { return reduced(b.image()); }, [=](const Batch& b, const TextCondition& of) { return G1(concat({of.draw(noisy), noise(b.size)}, 1)); });
  r.stage("II", 0);
  add_stage("2", C2, G2, D2, [](const Batch& b) { return b.image(); }, [=](const Batch& b, const TextCondition& of) { return second(first(noise(b.size), phi(b)).constant(), of); });

  const auto drawn = [=](const Tensor& z, const Tensor& t) { return second(first(z, t), condition(C2(t))); };
  r.captions = {.length = s.latent, .draw = noise, .encode = [=](const Batch& b) { return phi(b); }, .decode = drawn};
  add_caption_uses(r, c, {.encoder = phi, .mismatch = mismatch, .judge = [=](const Tensor& x, const Tensor& t) { return D2(x, t); }});
  const auto enlarged = [=](const Tensor& low) { return resize(low, s.size, s.size, Interpolation::linear); };
  r.columns = [=](const Batch& b) {
    std::vector<Column> columns{{"data", b.image()}};
    for (int i = 0; i < 2; ++i) {
      const Tensor t = phi(b), low = first(noise(b.size), t);
      columns.push_back({"stage I", resize_nearest(low, s.size, s.size)}), columns.push_back({"stage II", second(low, condition(C2(t)))});
    }
    return columns;
  };
  r.measures.push_back(caption_colour_measure("first-shows-colour", "the same of stage I's pictures, enlarged", {.length = s.latent, .draw = noise, .encode = r.captions.encode, .decode = [=](const Tensor& z, const Tensor& t) { return enlarged(first(z, t)); }}));
  const auto edges_over_data = [&](const std::string& name, const std::string& whose, const std::function<Tensor(const Tensor&, const Tensor&)>& draw) {
    r.measures.push_back({name, "mean square of differences between neighbouring pixels of " + whose + " over that of test pictures; 1: as sharp", [=](const Evaluation& e) {
      double made = 0, data = 0;
      e.each_batch([&](const Batch& b) { made += edges(draw(noise(b.size), phi(b))).item(), data += edges(b.image()).item(); });
      return made / data;
    }});
  };
  edges_over_data("sharpness", "samples", drawn);
  edges_over_data("first-sharpness", "stage I's pictures, enlarged,", [=](const Tensor& z, const Tensor& t) { return enlarged(first(z, t)); });
  const auto spread = [&](const std::string& name, const std::string& of, bool same_z) {
    r.measures.push_back({name, "mean distance of two samples of one caption that differ in " + of + ", over that of two test pictures", [=](const Evaluation& e) {
      double made = 0, data = 0;
      e.each_batch([&](const Batch& b) {
        const Tensor t = phi(b), z = noise(b.size);
        made += distance(drawn(z, t), drawn(same_z ? z : noise(b.size), t)), data += distance(b.image(), roll(b.image(), 1));
      });
      return made / data;
    }});
  };
  spread("spread", "z and c", false), spread("spread-by-conditioning", "c alone", true);
  return r;
}

}  // namespace ganymede
