// AttnGAN. Xu, Zhang, Huang, Zhang, Gan, Huang, He: AttnGAN: Fine-Grained Text to Image Generation with Attentional Generative Adversarial Networks, CVPR 2018,
// arXiv 1711.10485.
//   first  text, image:  the matching model (DAMSM, gan/parts/damsm.h): words e and sentence s of captions, regions and whole of pictures; frozen then
//   [mu, log sigma^2] = F_ca(s),   c = mu + sigma eps
//   h_0 = F_0(c, z),   h_i = F_i(h_{i-1}, what h_{i-1} attends to in e),   x_i = G_i(h_i)          pictures of doubling sizes
//   D_i:  min  [-E log D_i(x_i) - E log D_i(x_i, s)] / 2 + [-E log(1 - D_i(G_i)) - E log(1 - D_i(G_i, s)) - E log(1 - D_i(x'_i, s))] / 3     x' another picture
//   G:    min  sum_i [-E log D_i(G_i) - E log D_i(G_i, s)] + lambda L_DAMSM(last G_i, e, s) + E KL(N(mu, sigma^2) | N(0, 1))
// All sizes learn at once, as in the authors' code, whose weights these are.
#include <algorithm>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/models.h"
#include "gan/nets/posterior.h"
#include "gan/nets/stackgan_pp.h"
#include "gan/parts/damsm.h"
#include "gan/parts/tree.h"
#include "gan/pictures.h"
#include "gan/uses/captions.h"
#include "gan/uses/text_uses.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

struct Tree {
  std::vector<Branch> branches;
  std::vector<std::shared_ptr<nets::WordAttention>> attention;   // of each doubling
};
using Features = std::function<Tensors(const Tensor& z, const Tensor& rows)>;   // of every size

// What D minimises, heads {of the pair, of the picture alone}. wrong: Mismatch::next.
Losses judge_losses(const nn::Net& D, const Tensor& x, const Tensor& fake, const Tensor& s, const Tensor& wrong) {
  const std::vector<Tensors> said = D.each({Tensors{x, s}, Tensors{fake, s}, Tensors{Mismatch::before(x), s}});
  const Adversarial& adv = adversarial("bce");
  return {{"real", (nn::bce_with_logits(said[0][0], 1) + nn::bce_with_logits(said[0][1], 1)) / 2, "1/2 [-E log D(x, s) - E log D(x)]"},
          {"fake", (nn::bce_with_logits(said[1][0], 0) + nn::bce_with_logits(said[1][1], 0)) / 3, "1/3 [-E log(1 - D(G, s)) - E log(1 - D(G))]"},
          {"wrong", mean_where(softplus(said[2][0]), wrong) / 3, "1/3 -E log(1 - D(x', s))"},
          shown("D(x)", adv.shown(said[0][0]), "E D(x, s)"), shown("D(G)", adv.shown(said[1][0]), "E D(G, s)"), shown("D(x')", adv.shown(said[2][0]), "E D(x', s)")};
}

// A map [H W] of shares as a picture: white where the word has most.
data::Picture shares(const Tensor& beta, int64_t size) {
  const auto v = beta.to_doubles();
  const int64_t side = beta.dim(0);
  const double most = *std::max_element(v.begin(), v.end());
  std::vector<double> grey;
  for (const double x : v) grey.push_back(most > 0 ? 2 * x / most - 1 : -1);
  return to_pictures(resize_nearest(tensor(grey, Shape{1, side, side, 1}, DType::f32, beta.device()), size, size)).at(0);
}

// A caption's pictures with the places that each word shaped.
Task attention_task(const Captions& captions, const Tree& tree, const Features& features, const nets::CaptionRow& row, const DataFacts& data) {
  return {"attention", "", "draws the caption --set text=\"a red circle\" and shows where each of its words is looked at, a picture a doubling", 0, 0, [=](const TaskInput& in) {
    const Batch caption = batch_of_captions(data, {in.settings.words("text", "", "what the picture is to show")});
    const Tensor rows = captions.encode(caption);
    const Tensors h = features(captions.draw(1), rows);
    const data::Picture drawn = to_pictures(tree.branches.back().picture(h.back())).at(0);
    std::vector<Result> results;
    for (size_t i = 0; i < tree.attention.size(); ++i) {
      const int64_t side = tree.branches[i].size;
      std::vector<Shown> maps{{"drawn", drawn}};
      const Tensor beta = reshape(tree.attention[i]->weights(h[i], rows), Shape{side, side, row.words});
      const auto tokens = caption["tokens"].to_integers();
      for (int64_t t = 0; t < row.words && tokens[size_t(t)] > 0; ++t)
        maps.push_back({data.words[size_t(tokens[size_t(t)])], shares(reshape(slice(beta, 2, t, t + 1), Shape{side, side}), data.size)});
      results.push_back({"attention" + std::to_string(side), {side_by_side(maps)}});
    }
    return results;
  }};
}

}  // namespace

Recipe attngan(const Config& c) {
  const int count = branches_of(c);
  nets::TreeSize s{.size = int(c.data.size >> (count - 1)), .channels = int(c.data.channels)};
  s.width = int(c.integer("width", 16, "channels of the features of every size; 32 in the paper", 1, 4096));
  s.condition = int(c.integer("projected", 32, "length of c; 100 in the paper", 1, 4096));
  const int latent = int(c.integer("latent", 16, "length of z; 100 in the paper", 1, 65536));
  const int blocks = int(c.integer("blocks", 2, "residual blocks between two sizes; 2 in the paper, 3 for COCO", 0, 64));
  nets::TreeSize judge = s;
  judge.width = int(c.integer("d_width", 16, "channels of each D next to the picture; 64 in the paper", 1, 4096));
  const double lambda = c.number("lambda", 5, "weight of the matching loss of the largest pictures; 5 in the paper, 50 for COCO", 0);
  const double kl = c.number("kl_weight", 1, "weight of the divergence of c's normal from N(0, I)", 0);
  const double rate = c.number("rate", 5e-4, "learning rate; 2e-4 in the paper", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);

  Recipe r;
  r.average = c.number("ema", 0.99, "decay of an average of G's weights to sample from (0.999 in the paper, whose trainings are longer); 0: none", 0, 0.999999);
  const Mismatch mismatch(c, c.data.classes > 1 ? "class" : "caption");
  const Damsm damsm = add_damsm(r, c, mismatch);
  judge.condition = int(damsm.row.length);
  const nn::Net C = r.net("C", nets::gated_conditioning(int(damsm.row.length), s.condition, false));
  Tree all;
  for (int i = 0; i < count; ++i) {
    const std::string at = std::to_string(s.size << i);
    if (i > 0) all.attention.push_back(std::make_shared<nets::WordAttention>(damsm.row, s.width));
    all.branches.push_back({.features = r.net("F" + at, i == 0 ? nets::tree_root(latent + s.condition, s) : nets::attention_step(all.attention.back(), s.width, blocks)),
                    .picture = r.net("G" + at, nets::tree_picture(s.width, s.channels)), .judge = r.net("D" + at, nets::tree_discriminator(judge, i)), .size = s.size << i});
  }
  const std::vector<Branch>& tree = all.branches;
  r.averaged.push_back(C);
  for (const Branch& b : tree) r.averaged.push_back(b.features), r.averaged.push_back(b.picture);

  const auto noise = [=](int64_t n) { return randn({n, latent}); };
  if (damsm.steps > 0) r.stage("GAN", 0);
  std::vector<nn::Net> behind{C};
  const SharedValue rows = r.shared("caption", {}, [=](const Batch& b) { return damsm(b); });
  const SharedValue z = r.shared("z", {}, [=](const Batch& b) { return noise(b.size); });
  const SharedValue law = r.shared("law", behind, [=](const Batch&) { return C(damsm.row.sentence(rows())); });
  const SharedValue condition = r.shared("c", behind, [=](const Batch&) { return nets::posterior(law()).draw(); });
  const std::vector<SharedValue> fakes = shared_pictures(r, tree, behind, [=] { return tree[0].features(concat({condition(), z()}, 1)); }, [=](const Branch& b, const Tensor& below) { return b.features(below, rows()); });

  const nn::Optim adam = nn::adam(rate, beta1);
  const auto sentence = [=] { return damsm.row.sentence(rows()); };
  for (size_t i = 0; i < tree.size(); ++i)
    r.update(tree[i].judge.name(), {tree[i].judge}, adam, [=](const Batch& b) { return judge_losses(tree[i].judge, reduced(b.image(), tree[i].size), fakes[i](), sentence(), mismatch.next(b)); });
  r.update("G", behind, adam, [=](const Batch& b) -> Losses {
    Losses l;
    for (size_t i = 0; i < tree.size(); ++i) {
      const Tensors said = tree[i].judge(Tensors{fakes[i](), sentence()});
      l.push_back({"adv" + std::to_string(tree[i].size), nn::bce_with_logits(said[0], 1) + nn::bce_with_logits(said[1], 1), "-E log D(G, s) - E log D(G)"});
    }
    if (lambda > 0) l.push_back({"damsm", lambda * damsm.loss(fakes.back()(), rows(), mismatch.all(b)), text(lambda, " L_DAMSM(G, e, s)")});
    const nets::Posterior of = nets::posterior(law());
    l.push_back({"kl", kl * nn::kl_standard_normal(of.mean, of.logvar), text(kl, " E [-log sigma^2 + sigma^2 + mu^2 - 1] / 2")});
    return l;
  });

  const Features features = [=](const Tensor& z, const Tensor& rows) {
    Tensors h{tree[0].features(concat({nets::posterior(C(damsm.row.sentence(rows))).draw(), z}, 1))};
    for (size_t i = 1; i < tree.size(); ++i) h.push_back(tree[i].features(h.back(), rows));
    return h;
  };
  r.captions = {.length = latent, .draw = noise, .encode = [=](const Batch& b) { return damsm(b); }, .decode = [=](const Tensor& z, const Tensor& rows) { return tree.back().picture(features(z, rows).back()); }};
  add_caption_uses(r, c, {.encoder = {}, .mismatch = mismatch, .judge = [=](const Tensor& x, const Tensor& rows) { return tree.back().judge(Tensors{x, damsm.row.sentence(rows)})[0]; }});
  add_damsm_measures(r, c, damsm, mismatch);
  r.columns = [=](const Batch& b) {
    const Tensor rows = damsm(b);
    std::vector<Column> columns{{"data", b.image()}};
    for (int i = 0; i < 2; ++i) {
      const Tensors h = features(noise(b.size), rows);
      for (size_t k = 0; k < tree.size(); ++k) columns.push_back({std::to_string(tree[k].size) + " px", resize_nearest(tree[k].picture(h[k]), c.data.size, c.data.size)});
    }
    return columns;
  };
  r.tasks.push_back(attention_task(r.captions, all, features, damsm.row, c.data));
  return r;
}

}  // namespace ganymede
