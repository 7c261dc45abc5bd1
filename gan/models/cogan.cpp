// CoGAN. Liu, Tuzel: Coupled Generative Adversarial Networks, NIPS 2016, arXiv 1606.07536.
//   D:  min  CE(D(x_a, x_b), real) + CE(D(G(z)), fake)        G:  min  CE(D(G(z)), real)        both over the two domains
// Two GANs, one a domain, never shown a pair. The generators share the layers next to z, where a picture is decided upon, and
// the discriminators those next to the verdict; so one z becomes the same thing in both domains.
// Adaptation:  D adds  10 CE(class(x_a), y_a) + 0.01 E |h_a(G_a(z)) - h_b(G_b(z))|^2;  the classes of b come for nothing.
#include <algorithm>

#include "engine/context.h"
#include "engine/ops.h"
#include "gan/losses/classes.h"
#include "gan/models.h"
#include "gan/nets/cogan.h"
#include "gan/pictures.h"
#include "gan/uses/domain_measures.h"
#include "gan/uses/latent_tasks.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// Pixels in [-1, 1] as in [0, 1], in which half is where black and white part.
Tensor unit(const Tensor& x) { return x * 0.5 + 0.5; }

}  // namespace

Recipe cogan(const Config& c) {
  nets::CoganSize s{.size = int(c.data.size), .channels_a = int(c.data.input_channels), .channels_b = int(c.data.channels)};
  s.faces = c.choice("architecture", {"digits", "faces"}, "the networks for digits (16, 28, 52 pixels) or for faces (8, 16, 32, ...)") == "faces";
  s.width = int(c.integer("width", s.faces ? 32 : 128, "G's channels before the last layer", 1, 4096));
  s.d_width = int(c.integer("d_width", s.faces ? 32 : 20, "D's channels after the first layer", 1, 4096));
  s.latent = int(c.integer("latent", 100, "length of z", 1, 65536));
  s.shared = c.flag("sharing", true, "the networks of the domains share weights; without it nothing ties the domains together");
  const bool adapts = c.flag("adaptation", false, "D also learns the classes of a (field label), and to see the same in both pictures of a z");
  const double rate = c.number("rate", 2e-4, "learning rate", 0), beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);
  const double decay = c.number("weight_decay", s.faces ? 1e-4 : 5e-4, "L2 added to the gradient", 0);
  const double class_weight = adapts ? c.number("class_weight", 10, "weight of the classes of a", 0) : 0;
  const double same_weight = adapts ? c.number("same_weight", 0.01, "weight of the distance of D's features", 0) : 0;
  if (adapts && c.data.classes < 2) throw UsageError("setting adaptation=true: it takes data with the labels of a, such as halves:fashion-mnist,negative");
  s.classes = adapts ? int(c.data.classes) : 0;

  Recipe r;
  const nn::Net G = r.net("G", nets::cogan_generator(s)), D = r.net("D", nets::cogan_discriminator(s));
  const auto noise = [=](int64_t n) { return randn({n, s.latent}); };
  const auto data = [=](const Tensor& x) { return s.faces ? x : unit(x); };
  // Both generators' pictures of z, in [-1, 1].
  const auto draw = [=](const Tensor& z) {
    Tensors xs = G(Tensors{z});
    if (!s.faces)
      for (Tensor& x : xs) x = x * 2.0 - 1.0;
    return xs;
  };
  const auto margin = [](const Tensors& said) { return slice(said[0], 1, 1, 2) - slice(said[0], 1, 0, 1); };  // logit of real
  const nn::Optim adam = nn::adam(rate, beta1).decay(decay);

  r.update("D", {D}, adam, [=](const Batch& x) -> Losses {
    const Tensors on_real = D(Tensors{data(x["a"]), data(x["b"])}), on_fake = D(G(Tensors{noise(x.size)}));
    const Tensor real = margin(on_real), fake = margin(on_fake);
    Losses l{{"adv", nn::bce_with_logits(real, 1) + nn::bce_with_logits(fake, 0), "CE(D(x_a, x_b), real) + CE(D(G(z)), fake)"},
             shown("real", mean(sigmoid(real)), "E P(real | x)"), shown("fake", mean(sigmoid(fake)), "E P(real | G(z))")};
    if (adapts) {
      const Tensor classes = slice(on_real[2], 0, 0, x.size), h = on_fake[1];
      l.push_back({"class", class_weight * class_loss(classes, x["label"]), text(class_weight, " CE(class(x_a), y_a)")});
      l.push_back({"same", same_weight / double(x.size) * nn::mse(slice(h, 0, 0, x.size), slice(h, 0, x.size, 2 * x.size), nn::Reduction::sum),
                   text(same_weight, " E |h_a(G_a(z)) - h_b(G_b(z))|^2")});
      l.push_back(shown("right", class_accuracy(classes, x["label"]), "share of pictures of a whose class is right"));
    }
    return l;
  });
  r.update("G", {G}, adam, [=](const Batch& x) -> Losses { return {{"adv", nn::bce_with_logits(margin(D(G(Tensors{noise(x.size)}))), 1), "CE(D(G(z)), real)"}}; });

  // A sample is a pair, a to the left of b.
  const auto three = [=](const Tensor& x) { return s.channels_a == s.channels_b || x.dim(3) == 3 ? x : concat({x, x, x}, 3); };
  r.latent = {.length = s.latent, .draw = noise, .decode = [=](const Tensor& z, const Tensor&) {
    const Tensors xs = draw(z);
    return concat({three(xs[0]), three(xs[1])}, 2);
  }};

  // invert and translate: the z whose picture is nearest in one domain; then its picture there, or in the other domain.
  DataFacts of_a = c.data, of_b = c.data;
  of_a.channels = c.data.input_channels;
  const auto through_z = [=](const TaskInput& in, bool across) {
    const bool from_a = in.settings.choice("from", {"a", "b"}, "domain of the pictures") == "a";
    const int64_t steps = in.settings.integer("steps", 300, "steps of Adam on z", 1, 1000000);
    const double step = in.settings.number("rate", 0.05, "their rate", 1e-9);
    in.settings.check_all_read();
    Tensors all;
    for (const NamedPicture& p : in.pictures) all.push_back(as_input(p.picture, from_a ? of_a : of_b));
    const Tensor x = concat(all, 0);
    const Tensor z = nearest_z([=](const Tensor& at) { return draw(at)[from_a ? 0 : 1]; }, noise(x.dim(0)), x, steps, step);
    const auto made = to_pictures(draw(z)[from_a != across ? 0 : 1].constant());
    std::vector<Result> results;
    for (size_t i = 0; i < made.size(); ++i) results.push_back({in.pictures[i].name, {made[i]}});
    return results;
  };
  r.tasks.push_back({"invert", "PICTURE...", "find the z whose picture is nearest in its domain (from=a|b; by gradient descent: steps, rate)", 1, 4096,
                     [=](const TaskInput& in) { return through_z(in, false); }});
  r.tasks.push_back({"translate", "PICTURE...", "the other domain's picture of the z that invert finds (from=a|b, steps, rate)", 1, 4096,
                     [=](const TaskInput& in) { return through_z(in, true); }});

  if (s.channels_a == s.channels_b)
    r.measures = pair_agreement([=](int64_t n) {
      const Tensors xs = draw(noise(n));
      return std::pair{unit(xs[0]), unit(xs[1])};
    });
  if (adapts)
    r.measures.push_back({"adaptation", "share of test pictures of b (field label_b) whose class D names rightly, 0 to 1", [=](const Evaluation& e) {
      double right = 0, n = 0;
      e.each_batch([&](const Batch& x) {
        const Tensor said = slice(D(Tensors{data(x["a"]), data(x["b"])})[2], 0, x.size, 2 * x.size);
        right += class_accuracy(said, x["label_b"]).item() * double(x.size), n += double(x.size);
      });
      return right / n;
    }});
  return r;
}

}  // namespace ganymede
