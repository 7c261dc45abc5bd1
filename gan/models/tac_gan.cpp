// TAC-GAN. Dash, Gamboa, Ahmed, Liwicki, Afzal: TAC-GAN - Text Conditioned Auxiliary Classifier Generative Adversarial Network, 2017, arXiv 1703.06412.
//   D:  min  -E log D(x, t) - E log(1 - D(x', t)) - E log(1 - D(G(z, t), t)) + C(x, y) + C(x', y') + C(G(z, t), y)
//   G:  min  -E log D(G(z, t), t) + C(G(z, t), y)                                     twice, with the same z and captions
// x' is another picture, y' its own class, y that of the caption; C is the sigmoid cross entropy of D's class head against the one-hot class, the mean over
// the batch and the classes. z is uniform in (-1, 1), and D sees pictures in [0, 1]. phi(t) is a text encoder trained before, in the place of skip-thoughts.
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/classes.h"
#include "gan/metrics/similarity.h"
#include "gan/models.h"
#include "gan/nets/tac_gan.h"
#include "gan/parts/text_training.h"
#include "gan/pictures.h"
#include "gan/uses/text_uses.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// Mean MS-SSIM of pairs of samples of one caption.
Measure alikeness(const Captions& captions) {
  return {"caption-ms-ssim", "mean MS-SSIM of two samples of one caption, 0 to 1; 1: z changes nothing", [=](const Evaluation& e) {
    double total = 0, n = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor t = captions.encode(b);
      const auto first = to_pictures(captions.decode(captions.draw(b.size), t)), second = to_pictures(captions.decode(captions.draw(b.size), t));
      for (size_t i = 0; i < first.size(); ++i) total += metrics::ms_ssim(metrics::planes(first[i]), metrics::planes(second[i]), metrics::SmallScale::shrink), ++n;
    });
    return total / n;
  }};
}

// Of samples from one z and the captions of two classes: the share in which an independent classifier sees two classes.
Measure switching(const Captions& captions) {
  return {"switches-class", "share of pairs of samples from one z and captions of two classes in which a classifier trained on the data's labels sees two classes, 0 to 1", [=](const Evaluation& e) {
    if (!e.classify) return double(NAN);
    double right = 0, n = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor z = captions.draw(b.size), t = captions.encode(b);
      const auto seen = [&](const Tensor& text) { return argmax(e.classify(captions.decode(z, text)), 1).to_integers(); };
      const auto a = seen(t), other = seen(Mismatch::before(t)), said = b["label"].to_integers(), before = Mismatch::before(b["label"]).to_integers();
      for (size_t i = 0; i < a.size(); ++i)
        if (said[i] != before[i]) right += a[i] != other[i], ++n;
    });
    return n > 0 ? right / n : double(NAN);
  }, true};
}

}  // namespace

Recipe tac_gan(const Config& c) {
  if (c.data.classes < 2) throw UsageError("tac-gan learns from captions and classes, and these data have no classes; try --data shapes:single,plain=1,label=both");
  nets::TacGanSize s;
  s.size = int(c.data.size), s.channels = int(c.data.channels), s.classes = int(c.data.classes);
  s.width = int(c.integer("width", 16, "channels of G next to the picture; 64 in the paper", 1, 4096));
  s.latent = int(c.integer("latent", 16, "length of z; 100 in the paper", 1, 65536));
  s.projected = int(c.integer("projected", 32, "what G and D each make of a caption's vector by a linear layer; 256 in the paper", 1, 4096));
  s.decay = c.number("norm_decay", 0.99, "decay of the norms' running statistics; 0.999 in the paper", 0, 0.999999);
  nets::TacGanSize judge = s;
  judge.width = int(c.integer("d_width", 16, "channels of D next to the picture; 64 in the paper", 1, 4096));
  const bool sigmoids = c.choice("class_loss", {"sigmoid", "softmax"}, "classes each by themselves, or one of them") == "sigmoid";
  const double weight = c.number("class_weight", 1, "weight of the class terms of D and G", 0);
  const int turns = int(c.integer("generator_steps", 2, "steps of G after one of D, with the same z and captions", 1, 16));
  const bool running = c.choice("test", {"running", "as-training"}, "when sampling: running statistics, or the batch's, as in the authors' code") == "running";
  const double rate = c.number("rate", 5e-4, "learning rate; 2e-4 in the paper", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);

  Recipe r;
  const Mismatch mismatch(c);
  const TextEncoder phi = add_text_encoder(r, c, mismatch);
  s.text = judge.text = int(phi.length);
  const nn::Net G = r.net("G", nets::tac_generator(s)), D = r.net("D", nets::tac_discriminator(judge));
  const auto noise = [=](int64_t n) { return uniform({n, s.latent}, -1, 1); };
  const auto judged = [=](const Tensor& x, const Tensor& t) { return D(Tensors{x * 0.5 + 0.5, t}); };
  const auto classes = [=](const Tensor& logits, const Tensor& labels) {
    return sigmoids ? nn::bce_with_logits(logits, cast(one_hot(labels, s.classes), logits.dtype())) : class_loss(logits, labels);
  };
  const std::string formula = sigmoids ? text(weight, " E [sigmoid cross entropy of all classes] of ") : text(weight, " * -E log P(class) of ");
  const nn::Optim adam = nn::adam(rate, beta1);
  const Adversarial& adv = adversarial("bce");

  r.stage("GAN", 0);
  const SharedValue z = r.shared("z", {}, [=](const Batch& b) { return noise(b.size); });
  const SharedValue t = r.shared("text", {}, [=](const Batch& b) { return phi(b); });
  const SharedValue label = r.shared("label", {}, [=](const Batch& b) { return b["label"].constant(); });
  r.update("D", {D}, adam, [=](const Batch& b) -> Losses {
    const Tensor x = b.image() * 0.5 + 0.5, fake = G(z(), t()) * 0.5 + 0.5, other = Mismatch::before(label());
    const std::vector<Tensors> said = D.each({Tensors{x, t()}, Tensors{fake, t()}, Tensors{Mismatch::before(x), t()}});
    Losses l{{"real", nn::bce_with_logits(said[0][0], 1), "-E log D(x, t)"},
             {"fake", nn::bce_with_logits(said[1][0], 0), "-E log(1 - D(G, t))"},
             {"wrong", mean_where(softplus(said[2][0]), mismatch.next(b)), "-E log(1 - D(x', t))"},
             shown("D(x)", adv.shown(said[0][0]), "E D(x, t)"), shown("D(G)", adv.shown(said[1][0]), "E D(G, t)"), shown("D(x')", adv.shown(said[2][0]), "E D(x', t)"),
             shown("right", class_accuracy(said[0][1], label()), "share of real pictures whose class is right")};
    if (weight > 0) {
      l.push_back({"class", weight * classes(said[0][1], label()), formula + "x"});
      l.push_back({"fake_class", weight * classes(said[1][1], label()), formula + "G"});
      l.push_back({"wrong_class", weight * classes(said[2][1], other), formula + "x'"});
    }
    return l;
  });
  // What all its steps share was made from the first batch; those that come with later steps are not looked at.
  r.update("G", {G}, adam, [=](const Batch&) -> Losses {
    const Tensors said = judged(G(z(), t()), t());
    Losses l{{"adv", nn::bce_with_logits(said[0], 1), "-E log D(G, t)"}, shown("right", class_accuracy(said[1], label()), "share of fakes in whose class D believes")};
    if (weight > 0) l.push_back({"class", weight * classes(said[1], label()), formula + "G"});
    return l;
  }).times(turns);

  if (!running) r.sample_statistics = Statistics::batch;
  r.captions = {.length = s.latent, .draw = noise, .encode = [=](const Batch& b) { return phi(b); }, .decode = [=](const Tensor& z, const Tensor& t) { return G(z, t); }};
  add_caption_uses(r, c, {.encoder = phi, .mismatch = mismatch, .judge = [=](const Tensor& x, const Tensor& t) { return judged(x, t)[0]; }});
  const auto named = [=](const Tensor& x, const Batch& b) { return class_accuracy(judged(x, phi(b))[1], b["label"]).item(); };
  r.measures.push_back(mean_measure("class-accuracy", "share of test pictures that D, beside their captions, names rightly, 0 to 1", [=](const Batch& b) { return named(b.image(), b); }));
  r.measures.push_back(mean_measure("class-agreement", "share of samples that D gives the class of their captions, 0 to 1", [=](const Batch& b) { return named(G(noise(b.size), phi(b)), b); }));
  r.measures.push_back(alikeness(r.captions));
  r.measures.push_back(switching(r.captions));
  return r;
}

}  // namespace ganymede
