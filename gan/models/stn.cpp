// STN. Jaderberg, Simonyan, Zisserman, Kavukcuoglu: Spatial Transformer Networks, NIPS 2015, arXiv 1506.02025.
//   theta = T(x) of a picture x that was distorted at random,   V = x read at the places (x_s, y_s) = T_theta(x_t, y_t) of the result's pixels, bilinear
//   min over T and C  -E log p(class | C(V))
// Nothing but the class tells T how to turn a picture. It begins as the identity, and moves at a smaller rate than C.
#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/classes.h"
#include "gan/models.h"
#include "gan/nets/stn.h"
#include "gan/uses/straighten.h"

namespace ganymede {
namespace {

const std::map<std::string, nn::Transform> kTransforms = {
    {"affine", nn::Transform::affine}, {"attention", nn::Transform::attention}, {"rst", nn::Transform::similarity}, {"projective", nn::Transform::projective}, {"tps", nn::Transform::tps}};

// The network sees black as 0, as the sampler reads beyond a picture.
Tensor ink(const Tensor& picture) { return picture * 0.5 + 0.5; }

}  // namespace

Recipe stn(const Config& c) {
  if (c.data.classes < 2) throw UsageError("stn: it is trained to name classes, and these data have none; try --data fashion-mnist or mnist:DIR");
  const std::string transform = c.choice("transform", {"rst", "affine", "attention", "projective", "tps", "none"}, "of the pictures before they are classified: rotation, scale and translation; any affine one; scale and translation; projective; thin plate spline; none, to compare with");
  const bool transforms = transform != "none";
  const bool align_corners = c.flag("align_corners", true, "-1 and 1 are the middles of the outermost pixels, as in the authors' code, not their edges");
  const std::string border = c.choice("border", {"zeros", "border", "reflection"}, "what lies beyond pictures: black, the pixels at the border, or a mirror");
  const SampleBorder beyond = border == "zeros" ? SampleBorder::zeros : border == "border" ? SampleBorder::clamp : SampleBorder::reflect;
  const Distortion distort(c, beyond, align_corners);
  const int canvas = int(distort.canvas()), channels = int(c.data.channels), classes = int(c.data.classes);

  const bool adam = c.choice("optimizer", {"adam", "sgd"}, "Adam, which takes minutes, or the paper's plain descent") == "adam";

  Recipe r;
  nn::Net T;
  int seen = canvas;
  double slower = 1;
  if (transforms) {
    seen = int(c.integer("seen", canvas, "side of the transformed pictures", 1, 4096));
    const nets::StnSize size{canvas, canvas, channels};
    const bool convolves = c.choice("localisation", {"cnn", "fcn"}, "network that looks at a picture and says how to transform it: convolutions, or linear layers") == "cnn";
    const auto localise = convolves ? nets::stn_convolutional_localisation(size, int(c.integer("localisation_width", 20, "filters of its convolutions", 1, 4096)))
                                    : nets::stn_linear_localisation(size, int(c.integer("localisation_units", 32, "of each of its layers", 1, 65536)));
    slower = c.number("localisation_rate", adam ? 1 : 0.1, "its learning rate, times the classifier's; a tenth is common with plain descent", 1e-6, 1000);
    T = r.net("T", nn::spatial_transformer(localise.layers, localise.features, {kTransforms.at(transform), seen, seen, beyond, align_corners}));
  }
  const nets::StnSize size{seen, seen, channels};
  const bool convolves = c.choice("classifier", {"fcn", "cnn"}, "linear layers, or convolutions") == "cnn";
  const int width = convolves ? int(c.integer("width", 16, "filters of the classifier's first convolution, twice as many in the second; 32 make about the paper's 400 000 weights", 1, 4096)) : 0;
  const int units = int(c.integer("units", convolves ? 64 : 32, "of the classifier's last hidden layer; in one of linear layers, of both", 1, 65536));
  const nn::Net C = r.net("C", convolves ? nets::stn_convolutional_classifier(size, width, units, classes) : nets::stn_linear_classifier(size, units, classes));
  const double rate = c.number("rate", adam ? 2e-3 : 0.01, "learning rate of the classifier", 0);
  const double falls = c.number("rate_falls", 0.1, adam ? "what the rate falls to over the last third of the run, times itself" : "what it falls to after each third of the run, times itself", 1e-6, 1);
  const auto optim = [&](double factor) {
    const nn::Optim o = adam ? nn::adam(rate * factor) : nn::sgd(rate * factor);
    if (c.steps < 3 || falls == 1) return o;
    const int64_t third = c.steps / 3;
    return o.with(adam ? nn::exponential_decay_between(2 * third, c.steps, falls) : nn::milestones({third, 2 * third}, falls));
  };

  const auto look = [=](const Tensor& picture) -> Straightened {
    const Tensors y = transforms ? T(Tensors{ink(picture)}) : Tensors{ink(picture), {}, {}};
    return {2.0 * y[0] - 1.0, y[1], y[2], C(y[0])};
  };
  std::vector<Group> groups{{{C}, optim(1)}};
  if (transforms) groups.push_back({{T}, optim(slower)});
  r.update("C", groups, [=](const Batch& b) -> Losses {
    const Tensor logits = look(distort(b.image()).pictures).logits;
    return {{"class", class_loss(logits, b["label"]), "-E log p(class | C(V))"}, shown("right", class_accuracy(logits, b["label"]), "share of pictures whose class is found")};
  });
  add_straightening_uses(r, {transform, channels, look, distort}, align_corners);
  return r;
}

}  // namespace ganymede
