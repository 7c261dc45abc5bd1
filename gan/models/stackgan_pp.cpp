// StackGAN++ (StackGAN-v2). Zhang, Xu, Li, Zhang, Wang, Huang, Metaxas: StackGAN++: Realistic Image Synthesis with Stacked Generative Adversarial Networks,
// TPAMI 2018, arXiv 1710.10916.
//   [mu, log sigma^2] = f(phi(t)),   c = mu + sigma eps         a caption's vector; without captions c = z
//   h_1 = H_1(c, z),   h_i = H_i(h_{i-1}, c),   x_i = G_i(h_i)  pictures of doubling sizes from one tree of features
//   D_i:  min  -E log D_i(x_i) - E log(1 - D_i(G_i))                                                         without captions
//         min  -E log D_i(x_i, mu) - E log(1 - D_i(x'_i, mu)) - E log(1 - D_i(G_i, mu))
//              -E log D_i(x_i) - E log D_i(x'_i) - E log(1 - D_i(G_i))              x' another picture: real, but of other words
//   G:    min  sum_i [-E log D_i(G_i, mu) - E log D_i(G_i)] + 2 E KL(N(mu, sigma^2) | N(0, 1))
//              + 50 sum_i [mse of mean colours + 5 mse of covariances, of x_i and x_{i-1}]                   without captions
// All sizes learn at once. phi(t) is a text encoder trained before; mu moves with G and not with D.
#include <cmath>
#include <optional>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/colour.h"
#include "gan/metrics/correlation.h"
#include "gan/models.h"
#include "gan/nets/posterior.h"
#include "gan/nets/stackgan_pp.h"
#include "gan/parts/text_training.h"
#include "gan/parts/tree.h"
#include "gan/uses/text_uses.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

using Draw = std::function<Tensors(const Batch&)>;   // pictures of every size, the smallest first

// What D minimises with both heads, {of the pair, of the picture alone}, all weights 1. `wrong`: Mismatch::next.
Losses joint_losses(const nn::Net& D, const Tensor& x, const Tensor& fake, const Tensor& mu, const Tensor& wrong) {
  const std::vector<Tensors> said = D.each({Tensors{x, mu}, Tensors{fake, mu}, Tensors{Mismatch::before(x), mu}});
  const Adversarial& adv = adversarial("bce");
  return {{"real", nn::bce_with_logits(said[0][0], 1) + nn::bce_with_logits(said[0][1], 1), "-E log D(x, mu) - E log D(x)"},
          {"fake", nn::bce_with_logits(said[1][0], 0) + nn::bce_with_logits(said[1][1], 0), "-E log(1 - D(G, mu)) - E log(1 - D(G))"},
          {"wrong", mean_where(softplus(said[2][0]), wrong) + nn::bce_with_logits(said[2][1], 1), "-E log(1 - D(x', mu)) - E log D(x')"},
          shown("D(x)", adv.shown(said[0][0]), "E D(x, mu)"), shown("D(G)", adv.shown(said[1][0]), "E D(G, mu)"), shown("D(x')", adv.shown(said[2][0]), "E D(x', mu)")};
}

// Mean over the samples and their neighbouring sizes of f(larger, smaller), a number a picture.
Measure of_neighbours(const std::string& name, const std::string& text, const Draw& draw, std::function<std::vector<double>(const Tensor& large, const Tensor& small)> f) {
  return {name, text, [=](const Evaluation& e) {
    double total = 0, n = 0;
    e.each_batch([&](const Batch& b) {
      const Tensors x = draw(b);
      for (size_t i = 1; i < x.size(); ++i)
        for (const double v : f(x[i], x[i - 1])) total += v, ++n;
    });
    return n > 0 ? total / n : NAN;
  }};
}

void add_size_measures(Recipe& r, const Draw& draw) {
  const auto correlations = [](const Tensor& large, const Tensor& small) {
    const auto a = reduced(large, small.dim(1)).to_doubles(), b = small.to_doubles();
    std::vector<double> all;
    const size_t length = b.size() / size_t(small.dim(0));
    for (size_t at = 0; at < b.size(); at += length) {
      const auto of = [&](const std::vector<double>& v) { return std::vector<double>(v.begin() + std::ptrdiff_t(at), v.begin() + std::ptrdiff_t(at + length)); };
      all.push_back(metrics::correlation(of(a), of(b)));
    }
    return all;
  };
  r.measures.push_back(of_neighbours("size-correlation", "mean correlation of a sample, reduced, with the same sample of half the size, pixel by pixel, -1 to 1", draw, correlations));
  r.measures.push_back(of_neighbours("size-correlation-of-others", "the same with another sample's picture of half the size", draw, [=](const Tensor& large, const Tensor& small) { return correlations(large, roll(small, 1)); }));
  const auto difference = [](const Tensor& a, const Tensor& b) { return mean(abs(flatten(a - b)), {1}).to_doubles(); };
  const auto of = [](const Tensor& x) { return colour_statistics(x * 0.5 + 0.5); };
  r.measures.push_back(of_neighbours("mean-colour-difference", "mean absolute difference of the mean colours of a sample and of the same sample of half the size; colours are 0 to 1", draw,
                                     [=](const Tensor& large, const Tensor& small) { return difference(of(large).mean, of(small).mean); }));
  r.measures.push_back(of_neighbours("covariance-difference", "the same of the covariances of their colours", draw,
                                     [=](const Tensor& large, const Tensor& small) { return difference(of(large).covariance, of(small).covariance); }));
}

}  // namespace

Recipe stackgan_pp(const Config& c) {
  const bool described = c.data.caption_length > 0;
  const bool captions = c.choice("condition", described ? std::vector<std::string>{"caption", "none"} : std::vector<std::string>{"none", "caption"}, "pictures of captions, or of noise alone") == "caption";
  if (captions && !described) throw UsageError("condition=caption: these data have no captions; set condition=none, or try --data shapes:single,plain=1,label=both");
  const int count = branches_of(c);
  nets::TreeSize s{.size = int(c.data.size >> (count - 1)), .channels = int(c.data.channels)};
  s.width = int(c.integer("width", 16, "channels of the features next to the smallest picture, halved with each size; 64 in the paper", 1, 4096));
  const int latent = int(c.integer("latent", captions ? 8 : 32, "length of z; 100 in the paper", 1, 65536));
  s.condition = captions ? int(c.integer("projected", 32, "length of c; 128 in the paper", 1, 4096)) : 0;
  const int blocks = int(c.integer("blocks", 2, "residual blocks between two sizes", 0, 64));
  nets::TreeSize judge = s;
  judge.width = int(c.integer("d_width", 16, "channels of each D next to the picture; 64 in the paper", 1, 4096));
  const bool both = captions && c.choice("heads", {"both", "pairs"}, "D judges pairs and pictures alone, or pairs alone") == "both";
  const double kl = captions ? c.number("kl_weight", 2, "weight of the divergence of c's normal from N(0, I)", 0) : 0;
  const double colour = c.number("colour_weight", captions ? 0 : 50, "weight of the colours of one size being those of the size below", 0);
  const double rate = c.number("rate", 5e-4, "learning rate; 2e-4 in the paper", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);

  Recipe r;
  r.average = c.number("ema", 0.99, "decay of an average of G's weights to sample from (0.999 in the paper, whose trainings are longer); 0: none", 0, 0.999999);
  const std::optional<Mismatch> mismatch = captions ? std::optional<Mismatch>(c) : std::nullopt;
  const TextEncoder phi = captions ? add_text_encoder(r, c, *mismatch) : TextEncoder{};
  const nn::Net C = captions ? r.net("C", nets::gated_conditioning(int(phi.length), s.condition)) : nn::Net{};
  std::vector<Branch> tree;
  const int given = captions ? s.condition : latent;   // of each step of the tree
  for (int i = 0, width = s.width; i < count; ++i, width = std::max(1, width / 2)) {
    const std::string at = std::to_string(s.size << i);
    const int before = i == 0 ? 0 : std::max(1, s.width >> (i - 1));
    tree.push_back({.features = r.net("H" + at, i == 0 ? nets::tree_root(latent + s.condition, s) : nets::tree_step(before, given, blocks)),
                    .picture = r.net("G" + at, nets::tree_picture(width, s.channels)), .judge = r.net("D" + at, nets::tree_discriminator(judge, i, both)), .size = s.size << i});
  }
  if (captions) r.averaged.push_back(C);
  for (const Branch& b : tree) r.averaged.push_back(b.features), r.averaged.push_back(b.picture);

  const auto noise = [=](int64_t n) { return randn({n, latent}); };
  const auto root = [=](const Tensor& z, const Tensor& of) { return tree[0].features(captions ? concat({of, z}, 1) : z); };
  if (phi.steps > 0) r.stage("GAN", 0);
  std::vector<nn::Net> behind;
  if (captions) behind.push_back(C);
  const SharedValue z = r.shared("z", {}, [=](const Batch& b) { return noise(b.size); });
  const SharedValue law = captions ? r.shared("law", behind, [=](const Batch& b) { return C(phi(b)); }) : SharedValue{};
  const SharedValue condition = captions ? r.shared("c", behind, [=](const Batch&) { return nets::posterior(law()).draw(); }) : z;
  const std::vector<SharedValue> fakes = shared_pictures(r, tree, behind, [=] { return root(z(), condition()); }, [=](const Branch& b, const Tensor& below) { return b.features(below, condition()); });

  const nn::Optim adam = nn::adam(rate, beta1);
  const auto mean_of = [=] { return nets::posterior(law()).mean; };
  for (size_t i = 0; i < tree.size(); ++i) {
    const nn::Net D = tree[i].judge;
    r.update(D.name(), {D}, adam, [=](const Batch& b) -> Losses {
      const Tensor x = reduced(b.image(), tree[i].size), fake = fakes[i]();
      if (captions) return both ? joint_losses(D, x, fake, mean_of(), mismatch->next(b)) : matching_losses(D, x, fake, mean_of(), mismatch->next(b));
      const Tensors said = D.each({x, fake});
      const Adversarial& adv = adversarial("bce");
      const Verdict v = adv.judge(said[0], said[1]);
      return {{"adv", v.loss, adv.d_formula}, shown("D(x)", v.real, "E D(x)"), shown("D(G)", v.fake, "E D(G)")};
    });
  }
  r.update("G", behind, adam, [=](const Batch&) -> Losses {
    Losses l;
    for (size_t i = 0; i < tree.size(); ++i) {
      const std::string at = std::to_string(tree[i].size);
      const Tensors said = captions ? tree[i].judge(Tensors{fakes[i](), mean_of()}) : tree[i].judge(Tensors{fakes[i]()});
      Tensor adv = nn::bce_with_logits(said[0], 1);
      if (both) adv = adv + nn::bce_with_logits(said[1], 1);
      l.push_back({"adv" + at, adv, both ? "-E log D(G, mu) - E log D(G)" : captions ? "-E log D(G, mu)" : "-E log D(G)"});
    }
    if (captions) {
      const nets::Posterior of = nets::posterior(law());
      l.push_back({"kl", kl * nn::kl_standard_normal(of.mean, of.logvar), text(kl, " E [-log sigma^2 + sigma^2 + mu^2 - 1] / 2")});
    }
    if (colour > 0)
      for (size_t i = 1; i < tree.size(); ++i)
        l.push_back({"colour" + std::to_string(tree[i].size), colour * colour_consistency(fakes[i](), fakes[i - 1]()), text(colour, " [mse of mean colours + 5 mse of covariances]")});
    return l;
  });

  // Pictures of every size from z and, with captions, a text.
  const auto drawn = [=](const Tensor& z, const Tensor& t) {
    const Tensor of = captions ? nets::posterior(C(t)).draw() : z;
    Tensors x;
    Tensor h = root(z, of);
    for (size_t i = 0; i < tree.size(); ++i) {
      if (i > 0) h = tree[i].features(h, of);
      x.push_back(tree[i].picture(h));
    }
    return x;
  };
  const Draw of_batch = [=](const Batch& b) { return drawn(noise(b.size), captions ? phi(b) : Tensor{}); };
  if (captions) {
    const auto judged = [=](const Tensor& x, const Tensor& t) { return tree.back().judge(Tensors{x, nets::posterior(C(t)).mean}); };
    r.captions = {.length = latent, .draw = noise, .encode = [=](const Batch& b) { return phi(b); }, .decode = [=](const Tensor& z, const Tensor& t) { return drawn(z, t).back(); }};
    add_caption_uses(r, c, {.encoder = phi, .mismatch = *mismatch, .judge = [=](const Tensor& x, const Tensor& t) { return judged(x, t)[0]; }});
    if (both)
      r.measures.push_back({"matching-alone", "share of test captions whose own picture has a higher score of D's head without a text than a picture that does not fit, 0 to 1; 0.5 is chance", [=](const Evaluation& e) {
        double right = 0, n = 0;
        e.each_batch([&](const Batch& b) {
          const Tensor alone = judged(b.image(), phi(b))[1];
          const auto own = alone.to_doubles(), other = Mismatch::before(alone).to_doubles(), wrong = mismatch->next(b).to_doubles();
          for (size_t i = 0; i < own.size(); ++i) right += wrong[i] * (own[i] > other[i]), n += wrong[i];
        });
        return n > 0 ? right / n : NAN;
      }});
  } else {
    r.latent = {.length = latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return drawn(z, {}).back(); }};
  }
  add_size_measures(r, of_batch);
  r.columns = [=](const Batch& b) {
    std::vector<Column> columns;
    if (captions) columns.push_back({"data", b.image()});
    for (int i = 0; i < 2; ++i)
      for (const Tensor& x : of_batch(b)) columns.push_back({std::to_string(x.dim(1)) + " px", resize_nearest(x, c.data.size, c.data.size)});
    return columns;
  };
  return r;
}

}  // namespace ganymede
