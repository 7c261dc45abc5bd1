// Improved GAN. Salimans, Goodfellow, Zaremba, Cheung, Radford, Chen: Improved Techniques for Training GANs, NIPS 2016, arXiv 1606.03498.
//   Z = log sum_k exp l_k of D's K logits, the logit of "real" (the fake class has logit 0); K = 1 without labels
//   D:  min  1/2 E (softplus Z(x) - alpha Z(x)) + 1/2 E softplus Z(G(z))  [ + E (lse l - l_y) on the labelled few ]
//   G:  min  -E log s(Z(G(z))),  or  | E f(x) - E f(G(z)) |  (feature matching)
// Its techniques are switches: minibatch discrimination lets D see how alike a batch's samples are; feature matching gives G the mean of D's
// features as its goal; one-sided smoothing has D say alpha, not 1; historical averaging pulls weights to their mean over time; virtual
// batch norm replaces the batch by a fixed reference; a labelled few make D a classifier.
#include "engine/ops.h"
#include "gan/losses/history.h"
#include "gan/models.h"
#include "gan/nets/improved_gan.h"
#include "gan/parts/labelled_few.h"
#include "gan/uses/point_measures.h"
#include "nn/losses.h"

namespace ganymede {

Recipe improved_gan(const Config& c) {
  const bool points = c.data.dimensions > 0;
  const std::string field = points ? "point" : "image";
  nets::ImprovedSize s;
  s.size = int(c.data.size), s.channels = int(c.data.channels), s.dimensions = int(c.data.dimensions);
  s.width = int(c.integer("width", points ? 128 : 96, "first channels of D, or hidden units", 1, 4096));
  s.latent = int(c.integer("latent", points ? 16 : 100, "length of z", 1, 65536));
  const int64_t labels = c.integer("labels", 0, "samples with a label, as many of each class: D becomes a classifier with a class more; 0: none", 0, 1 << 24);
  const bool minibatch = c.flag("minibatch", labels == 0, "minibatch discrimination: D sees how alike the samples of a batch are");
  s.kernels = minibatch ? int(c.integer("kernels", points ? 16 : 100, "similarities of minibatch discrimination", 1, 65536)) : 0;
  s.kernel_size = minibatch ? int(c.integer("kernel_size", 5, "dimensions that each of them compares", 1, 4096)) : 5;
  const std::vector<std::string> goals = labels ? std::vector<std::string>{"absolute", "squared", "none"} : std::vector<std::string>{"none", "absolute", "squared"};
  const std::string matching = c.choice("feature_matching", goals, "G's goal: the means of D's features, by their mean absolute or squared difference; or the adversarial one");
  const double alpha = c.number("real_target", 0.9, "what D says of real samples: 0.9 smooths one side, 1 does not", 0.5, 1);
  const double historical = c.number("historical", 0, "weight of the squared distance of weights from their mean over time, for both players", 0);
  s.reference = c.flag("virtual_norm", false, "virtual batch norm in G") ? c.integer("reference", 32, "samples of its reference batch", 1, 65536) : 0;
  const std::string noise_kind = c.choice("noise", points ? std::vector<std::string>{"none", "dropout", "gaussian"} : std::vector<std::string>{"dropout", "gaussian", "none"}, "in D");
  s.noise = noise_kind == "none" ? nets::ImprovedSize::Noise::none : noise_kind == "dropout" ? nets::ImprovedSize::Noise::dropout : nets::ImprovedSize::Noise::gaussian;
  const double rate = c.number("rate", points ? 1e-3 : 3e-4, "learning rate of Adam", 0);
  const double unlabelled = labels ? c.number("unlabelled", 1, "weight of the loss on samples without a label; 0: supervised only", 0) : 1;
  if (labels && (c.data.classes < 2 || labels % c.data.classes)) throw UsageError(text("labels=", labels, ": the data have ", c.data.classes, " classes; a multiple of them is wanted"));
  s.outputs = labels ? int(c.data.classes) : 1;

  Recipe r;
  const nn::Net G = r.net("G", nets::improved_generator(s)), D = r.net("D", nets::improved_discriminator(s));
  const auto noise = [=](int64_t n) { return uniform({n, s.latent}, 0, 1); };
  const Tensor reference = s.reference ? r.keep("reference", nn::parameter({s.reference, s.latent}, nn::init::uniform(0, 1)).constant()) : Tensor{};
  const auto drawn = [=](const Tensor& z) { return reference ? slice(G(concat({reference, z}, 0)), 0, s.reference, s.reference + z.dim(0)) : G(z); };
  const auto real_logit = [](const Tensor& l) { return l.dim(1) == 1 ? l : logsumexp(l, {1}, true); };

  History of_g{G, {}, {}}, of_d{D, {}, {}};
  if (historical > 0)
    for (History* h : {&of_g, &of_d}) h->mean = r.keep("mean." + h->net.name(), zeros_like(h->net.flat())), h->count = r.keep("count." + h->net.name(), zeros({1}));
  const auto with_history = [=](Losses l, const History& h) {
    if (historical > 0) l.push_back({"history", historical * h.distance(), text(historical, " |theta - mean of theta over time|^2")});
    return l;
  };
  const auto note = [=](const History& h) { return [=](const Batch&) { if (historical > 0) h.note(); }; };

  const LabelledFew few = labels ? keep_labelled_few(r, c, field, labels) : LabelledFew{};
  const nn::Optim adam = nn::adam(rate, 0.5);
  r.update("D", {D}, adam, [=](const Batch& x) -> Losses {
    const Tensor real = real_logit(D(x[field])), fake = real_logit(D(drawn(noise(x.size))));
    const Tensor adv = (nn::bce_with_logits(real, alpha) + nn::bce_with_logits(fake, 0)) * (0.5 * unlabelled);
    Losses l{{"adv", adv, text(0.5 * unlabelled, " E (softplus Z(x) - ", alpha, " Z(x)) + ", 0.5 * unlabelled, " E softplus Z(G(z))")},
             shown("real", mean(sigmoid(real)), "E D(x)"), shown("fake", mean(sigmoid(fake)), "E D(G(z))")};
    if (labels) {
      const auto [picked, y] = few.draw(x.size);
      l.push_back({"labelled", nn::cross_entropy(D(picked), y), "E (lse l(x) - l_y(x)) on the labelled few"});
    }
    return with_history(std::move(l), of_d);
  }).then(note(of_d));
  Update& g = r.update("G", {G}, adam, [=](const Batch& x) -> Losses {
    const Tensor fake = drawn(noise(x.size));
    Losses l;
    if (matching != "none") {
      const Tensor goal = mean(D(Tensors{x[field]})[1], {0}).constant(), gap = goal - mean(D(Tensors{fake})[1], {0});
      l = {{"features", matching == "squared" ? mean(square(gap)) : mean(abs(gap)), matching == "squared" ? "mean (E f(x) - E f(G(z)))^2" : "mean |E f(x) - E f(G(z))|"}};
    } else if (labels) {
      l = {{"adv", -mean(softplus(real_logit(D(fake)))), "-E softplus Z(G(z))"}};
    } else {
      l = {{"adv", nn::bce_with_logits(real_logit(D(fake)), 1), "-E log s(Z(G(z)))"}};
    }
    return with_history(std::move(l), of_g);
  }).then(note(of_g));
  if (matching != "none") g.from_batch(1);

  r.latent = {.length = s.latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) { return drawn(z); }, .normal = false};
  // With minibatch discrimination D judges batches: what it says of a point depends on the others.
  if (points && !labels && !minibatch) r.field = {"D(x)", [=](const Tensor& x) { return sigmoid(D(x)); }, true};
  if (points && s.dimensions == 1) r.measures = line_moments(r.latent);
  if (labels) {
    r.average = c.number("average", 0.9999, "decay of an average of D's weights that classifies", 0, 0.999999), r.averaged = {D};
    r.measures.push_back({"error", "share of the test split that D puts into a wrong class, 0 best", [=](const Evaluation& e) {
      int64_t wrong = 0, all = 0;
      e.each_batch([&](const Batch& b) {
        const auto got = argmax(D(b[field]), 1).to_integers(), want = b["label"].to_integers();
        for (size_t i = 0; i < want.size(); ++i) wrong += got[i] != want[i], ++all;
      });
      return double(wrong) / double(std::max<int64_t>(all, 1));
    }});
  }
  return r;
}

}  // namespace ganymede
