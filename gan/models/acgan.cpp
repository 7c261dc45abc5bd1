// AC-GAN. Odena, Olah, Shlens: Conditional Image Synthesis with Auxiliary Classifier GANs, ICML 2017, arXiv 1610.09585.
//   D:  min  -E log P(real | x) - E log P(fake | G(z, c)) - E log P(y | x) - E log P(c | G(z, c))
//   G:  min  -E log P(real | G(z, c)) - E log P(c | G(z, c))
// D sees pictures alone and says both whether they are real and which class they show; both players are rewarded for right
// classes. Variants: the classes from a network of its own, trained beside D, or from one that was trained before; pictures
// without a label take part in the first half alone.
#include "engine/context.h"
#include "engine/ops.h"
#include "engine/safetensors.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/classes.h"
#include "gan/models.h"
#include "gan/nets/acgan.h"
#include "gan/parts/labelled_few.h"
#include "gan/uses/encoder_measures.h"
#include "gan/uses/point_measures.h"
#include "nn/file.h"

namespace ganymede {
namespace {

// A classifier from a file of nn::save, or from a checkpoint of a run with classifier=separate, where its names begin with "C.".
void read_classifier(const nn::Net& net, const std::string& path) {
  if (path.empty()) throw UsageError("classifier=given: name its file with --set classifier_file=FILE (a checkpoint of a run with classifier=separate has one)");
  const SafetensorsFile file = SafetensorsFile::read(path);
  const bool checkpoint = file.contains("C." + net.parameters().at(0).name);
  nn::load(net, file, checkpoint ? "C." : "");
}

}  // namespace

Recipe acgan(const Config& c) {
  if (c.data.classes < 2) throw UsageError("acgan draws by label, and these data have no classes");
  nets::AcganSize s{.size = int(c.data.size), .channels = int(c.data.channels), .classes = int(c.data.classes)};
  const bool points = c.data.dimensions > 0;
  s.dimensions = int(c.data.dimensions);
  s.kind = points ? "points" : c.choice("architecture", {"cifar", "imagenet", "mnist"}, "the pair for 32 x 32 (any 4 * 2^k), for 128 x 128, or the common one for 28 x 28 (any multiple of 4)");
  const bool mnist = s.kind == "mnist";
  s.width = int(c.integer("width", mnist || points ? 128 : s.kind == "imagenet" ? 64 : 48, points ? "hidden units of G" : "G's channels next to the picture", 1, 4096));
  s.d_width = int(c.integer("d_width", points ? 128 : mnist ? 32 : 16, points ? "hidden units of D" : "D's channels next to the picture", 1, 4096));
  s.latent = int(c.integer("latent", points ? 16 : 100, "length of z", 1, 65536));
  s.noise = c.number("d_noise", 0, "deviation of noise on D's activations (the paper tries 0, 0.1, 0.2)", 0, 100);
  const std::string from = c.choice("classifier", {"head", "separate", "given"}, "who says classes: a head of D, a network trained beside it, one from a file");
  const bool head = from == "head";
  const double weight = c.number("class_weight", 1, "weight of G's class term", 0);
  const bool on_fakes = head && c.flag("class_on_fakes", true, "D's class head also learns from fakes, by the label they were drawn for");
  const int64_t few = from == "given" ? 0 : c.integer("labelled", 0, "training pictures whose label is known; 0: as many as the data label", 0, 1 << 20);
  const double rate = c.number("rate", points ? 1e-3 : 2e-4, "learning rate", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);
  if (few > c.data.count && c.data.count > 0) throw UsageError(text("setting labelled=", few, ": the data have ", c.data.count, " training pictures"));

  Recipe r;
  const nn::Net G = r.net("G", nets::acgan_generator(s));
  const nn::Net D = r.net("D", head ? nets::acgan_discriminator(s) : nets::acgan_judge(s));
  const nn::Net C = head ? nn::Net{} : r.net("C", nets::acgan_classifier(s));
  if (from == "given") {
    const std::string file = c.path("classifier_file", "the given classifier");
    if (c.trains) read_classifier(C, file);
  }
  const LabelledFew known = few ? keep_labelled_few(r, c, points ? "point" : "image", few) : LabelledFew{};
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const nn::Optim adam = nn::adam(rate, beta1);
  const Adversarial& adv = adversarial("bce");
  // -E log P(y | x) and the share of right classes over the pictures whose label is known: all of the batch that have one
  // (below 0: none), or as many of the labelled few.
  const auto real_classes = [=](Losses& l, const Batch& x, const std::function<Tensor(const Tensor&)>& classes, const Tensor& of_batch) {
    Tensor logits = of_batch, labels = few ? Tensor{} : x["label"];
    if (few) {
      const auto [pictures, known_labels] = known.draw(x.size);
      logits = classes(pictures), labels = known_labels;
    }
    l.push_back({"class", class_loss(logits, labels), "-E log P(y | x)"});
    l.push_back(shown("right", class_accuracy(logits, labels), "share of real pictures whose class is right"));
  };

  const SharedValue label = r.shared("label", {}, [=](const Batch& x) { return random_integers({x.size}, s.classes); });
  const SharedValue fake = r.shared("fake", {G}, [=](const Batch& x) { return G(noise(x.size), label()); });
  r.update("D", {D}, adam, [=](const Batch& x) -> Losses {
    const std::vector<Tensors> said = D.each({Tensors{samples_of(x)}, Tensors{fake()}});
    const Tensors &on_real = said[0], &on_fake = said[1];
    Losses l{{"adv", adv.d(on_real[0], on_fake[0]), "-E log P(real | x) - E log P(fake | G(z, c))"},
             shown("real", adv.shown(on_real[0]), "E P(real | x)"), shown("fake", adv.shown(on_fake[0]), "E P(real | G(z, c))")};
    if (head) real_classes(l, x, [=](const Tensor& y) { return D(Tensors{y})[1]; }, on_real[1]);
    if (on_fakes) l.push_back({"fake_class", class_loss(on_fake[1], label()), "-E log P(c | G(z, c))"});
    return l;
  });
  if (from == "separate")
    r.update("C", {C}, adam, [=](const Batch& x) -> Losses {
      Losses l;
      real_classes(l, x, [=](const Tensor& y) { return C(y); }, few ? Tensor{} : C(samples_of(x)));
      return l;
    });
  r.update("G", {G}, adam, [=](const Batch&) -> Losses {
    const Tensors said = D(Tensors{fake()});
    const Tensor classes = head ? said[1] : from == "given" ? C.infer(fake()) : C(fake());
    return {{"adv", adv.g(said[0]), "-E log P(real | G(z, c))"}, {"class", weight * class_loss(classes, label()), text(weight, " * -E log P(c | G(z, c))")},
            shown("right", class_accuracy(classes, label()), "share of fakes in whose class the classifier believes")};
  });

  r.latent = {.length = s.latent, .classes = s.classes, .draw = noise, .decode = [=](const Tensor& z, const Tensor& y) { return G(z, y); }};
  if (points) r.field = {"D(x)", [=](const Tensor& x) { return sigmoid(D(Tensors{x})[0]); }, true};
  if (points) r.measures = labelled_points(r.latent);
  const auto classify = [=](const Tensor& x) { return head ? D(Tensors{x})[1] : C(x); };
  r.measures.push_back({"class-accuracy", "share of test pictures that the model's own classifier names rightly, 0 to 1", [=](const Evaluation& e) {
    double right = 0, n = 0;
    e.each_batch([&](const Batch& x) { right += class_accuracy(classify(samples_of(x)), x["label"]).item() * double(x.size), n += double(x.size); });
    return right / n;
  }});
  r.measures.push_back({"class-agreement", "share of samples that the model's own classifier gives the class they were drawn for, 0 to 1", [=](const Evaluation& e) {
    double right = 0, n = 0;
    for (int64_t size = 100; n < double(e.samples); n += double(size)) {
      const Tensor y = random_integers({size}, s.classes);
      right += class_accuracy(classify(G(noise(size), y)), y).item() * double(size);
    }
    return right / n;
  }});
  return r;
}

}  // namespace ganymede
