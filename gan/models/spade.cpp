// SPADE (GauGAN). Park, Liu, Wang, Zhu: Semantic Image Synthesis with Spatially-Adaptive Normalization, CVPR 2019, arXiv 1903.07291; details as in the authors' code.
//   m: a label map, y: its picture, G(m) or G(m, z), z = mu(y) + sigma(y) eps where there is an encoder E
//   norms of G:  gain(m) (h - mean) / deviation + bias(m), gain and bias of a channel and a place, by two convolutions of m      (eq. 1)
//   D:  min  mean over scales of  E max(0, 1 - D(m, y)) + E max(0, 1 + D(m, G(m)))
//   G:  min  mean over scales of  -E D(m, G(m))  +  lambda_FM mean over scales of sum_i E |D_i(m, y) - D_i(m, G(m))|  +  lambda_VGG E |F(y) - F(G(m))|
//            + lambda_KL KL(N(mu, sigma) || N(0, I))
// G begins with the map at its smallest size, or with z, and has no encoder of maps: what a place is is said again before each convolution. G moves first, and D judges
// the pictures that it made before.
#include <algorithm>

#include "engine/ops.h"
#include "gan/losses/translation.h"
#include "gan/models.h"
#include "gan/nets/spade.h"
#include "gan/nets/translation_resnet.h"
#include "gan/nets/unet.h"
#include "gan/parts/label_map.h"
#include "gan/parts/loss_network.h"
#include "gan/uses/label_measures.h"
#include "gan/uses/segmenter.h"
#include "gan/uses/styles.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

// What VGG-19's five blocks count.
constexpr double kVggWeights[] = {1.0 / 32, 1.0 / 16, 1.0 / 8, 1.0 / 4, 1};

nn::NormKind norm_named(const std::string& name) { return name == "batch" ? nn::NormKind::batch : name == "instance" ? nn::NormKind::instance : nn::NormKind::none; }

struct Painter {
  nn::Layer net;
  int64_t unit;   // of the sides of what it paints
};

// G, by the settings of how it is told the map.
Painter read_painter(const Config& c, nets::SpadeShape s) {
  const std::string condition = c.choice("condition", {"spade", "concat", "input"}, "how G is told the map: by gain and bias of its norms, beside what each convolution sees, or once, by the generator of pix2pixHD (Wang et al. 2018)");
  if (condition == "input") {
    if (s.height % 4 || s.width_px % 4) throw UsageError(text("pictures of ", s.width_px, "x", s.height, ": pix2pixHD's generator takes sides that are multiples of 4; set --size"));
    const int blocks = int(c.integer("blocks", 4, "residual blocks of pix2pixHD's generator; 9 in its paper", 1, 100));
    return {nets::translation_resnet({.in = s.labels, .out = s.channels, .width = s.width, .blocks = blocks, .condition = s.latent}), 4};
  }
  const int halvings = nets::halvings_of(s.height, s.width_px);
  s.spatial = condition == "spade";
  s.doublings = int(c.integer("doublings", std::clamp(halvings - 2, 1, 5), "from the first maps to the picture, whose sides are multiples of 2^doublings; 5 in the paper at 256 px", 1, std::min(6, halvings)));
  s.norm = norm_named(c.choice("norm", {"batch", "instance", "none"}, "of G, before gain and bias"));
  if (s.spatial) s.hidden = int(c.integer("hidden", s.width, "channels between the map and gain and bias; 128 in the paper, twice the width", 1, 4096));
  return {nets::spade_generator(s), int64_t{1} << s.doublings};
}

}  // namespace

Recipe spade(const Config& c) {
  const LabelMaps maps(c, "spade");
  const Direction d{"a", "b", 3, c.data.channels};
  const int labels = int(maps.count()), channels = int(d.out), size = int(c.data.size), width = int(c.integer("width", 16, "channels of G next to the picture; 64 in the paper", 1, 4096));
  const bool styled = c.choice("style", {"none", "encoder"}, "where colours and the like come from: the map alone, or also z, by an encoder from pictures") == "encoder";
  const int latent = styled ? int(c.integer("latent", 16, "length of z; 256 in the paper", 1, 65536)) : 0;
  if (styled && size != c.data.width) throw UsageError(text("setting style=encoder: z makes and describes square pictures, these are ", c.data.width, "x", size, "; set --size"));
  const std::string spectral = c.choice("spectral_norm", {"both", "discriminator", "none"}, "whose weights are divided by their largest singular value: both players' and E's, D's alone, or none; pix2pixHD's generator knows none");
  const Painter painter = read_painter(c, {.labels = labels, .channels = channels, .width = width, .spectral = spectral == "both", .latent = latent, .height = size, .width_px = int(c.data.width)});
  const double kl = styled ? c.number("kl", 0.2, "weight of the divergence of codes from N(0, I), a sum over z, lambda_KL; 0.05 in the authors' code, which sums over the pictures of a GPU too, 4 in their training", 0) : 0;

  const Adversarial& adv = adversarial(c.choice("objective", {"hinge", "lsgan", "bce"}, "what D and G minimise"));
  const double gan = c.number("gan", 1, "weight of D's opinion", 0);
  const double matching = c.number("feature_matching", 10, "weight of the distance of D's features, lambda_FM", 0);
  nets::SpadeJudgeShape judge{.labels = labels, .channels = channels, .width = int(c.integer("d_width", width, "channels of D's first layer; 64 in the paper", 1, 4096)), .spectral = spectral != "none"};
  judge.layers = int(c.integer("d_layers", size >= 256 ? 4 : 3, "of D, before the last", 1, 6));
  const int scales = int(c.integer("scales", 2, "at which a D looks, each at pictures half as large as the one before", 1, 4));
  const bool content = c.choice("content", {"none", "vgg"}, "a distance of features of VGG-19 beside D's") == "vgg";
  const double lambda = content ? c.number("content_weight", 10, "of the distance of features, lambda_VGG", 0) : 0;
  if (gan == 0 && matching == 0 && lambda == 0) throw UsageError("settings gan=0 feature_matching=0 content_weight=0: nothing is left for G to learn; set one of them");
  const double beta1 = c.number("beta1", 0, "Adam", 0, 0.999999), beta2 = c.number("beta2", 0.9, "Adam", 0, 0.999999);
  const double constant_part = c.number("constant_part", 0.5, "part of the run after which the rates fall linearly to 0; 1: never", 0, 1);
  const auto adam = [&](const char* name, double rate, const char* whose) { return falling_rate(nn::adam(c.number(name, rate, whose, 0), beta1, beta2), c, constant_part); };
  const nn::Optim optim_g = adam("rate_g", 4e-4, "learning rate of G and E; 1e-4 in the paper"), optim_d = adam("rate_d", 4e-4, "learning rate of D");

  Recipe r;
  const nn::Net G = r.net("G", painter.net);
  const nn::Net E = styled ? r.net("E", nets::spade_encoder({.size = size, .channels = channels, .width = width, .latent = latent, .spectral = spectral == "both"})) : nn::Net{};
  const nn::Net D = r.net("D", nets::spade_judges(judge, scales));
  const auto taps = content ? vgg_loss_network(r, c, 19, 5, 4).taps : std::function<Tensors(const Tensor&)>{};

  const SharedValue eps = styled ? r.shared("eps", {}, [=](const Batch& b) { return randn({b.size, latent}); }) : SharedValue{};
  // mu and log variance side by side.
  const SharedValue code = styled ? r.shared("E(y)", {E}, [=](const Batch& b) { return concat(E(Tensors{b["b"]}), 1); }) : SharedValue{};
  const auto mu = [=] { return slice(code(), 1, 0, latent); };
  const auto log_variance = [=] { return slice(code(), 1, latent, 2 * latent); };
  const auto paint = [=](const Tensor& map, const Tensor& z) { return G(styled ? Tensors{map, z} : Tensors{map})[0]; };
  const SharedValue m = r.shared("m", {}, [=](const Batch& b) { return maps.planes(b["semantic"]); });
  std::vector<nn::Net> moved{G};
  if (styled) moved.push_back(E);
  const SharedValue fake = r.shared("G(m)", moved, [=](const Batch&) { return paint(m(), styled ? mu() + exp(log_variance() * 0.5) * eps() : Tensor{}); });
  // Of what D made, the scores and the features of a scale.
  const size_t each = size_t(judge.layers) + 1;
  const auto over_scales = [=](const std::function<Tensor(size_t scale)>& term) {
    Tensor sum = term(0);
    for (size_t k = 1; k < size_t(scales); ++k) sum = sum + term(k * each);
    return sum * (1.0 / scales);
  };

  const std::string seen = ", mean over scales";
  r.update("G", moved, optim_g, [=](const Batch& b) -> Losses {
    Losses l;
    const Tensor y = b["b"];
    if (gan > 0 || matching > 0) {
      const Tensors made = D(Tensors{m(), fake()});
      if (gan > 0) l.push_back({"adv", gan * over_scales([&](size_t at) { return adv.g(made[at]); }), text(gan, " ", formula_of(adv.g_formula, "(m, y)", "(m, G(m))"), seen)});
      if (matching > 0) {
        const Tensors real = D(Tensors{m(), y});
        const Tensor apart = over_scales([&](size_t at) {
          Tensor sum = nn::l1(made[at + 1], real[at + 1]);
          for (size_t i = 2; i < each; ++i) sum = sum + nn::l1(made[at + i], real[at + i]);
          return sum;
        });
        l.push_back({"features", matching * apart, text(matching, " sum_i E |D_i(m, y) - D_i(m, G(m))|", seen)});
      }
    }
    if (lambda > 0) {
      const Tensors of_fake = taps(fake()), of_real = taps(y);
      Tensor sum;
      for (size_t i = 0; i < of_fake.size(); ++i) {
        const Tensor one = kVggWeights[i] * nn::l1(of_fake[i], of_real[i]);
        sum = sum ? sum + one : one;
      }
      l.push_back({"vgg", lambda * sum, text(lambda, " E |F(y) - F(G(m))|")});
    }
    if (kl > 0) l.push_back({"kl", kl / double(b.size) * nn::kl_standard_normal(mu(), log_variance(), nn::Reduction::sum), text(kl, " KL(N(mu, sigma) || N(0, I)), a sum over z")});
    return l;
  });
  r.update("D", {D}, optim_d, [=](const Batch& b) -> Losses {
    const std::vector<Tensors> said = D.each({Tensors{m(), b["b"]}, Tensors{m(), fake()}});
    std::vector<Verdict> verdicts;
    for (size_t k = 0; k < size_t(scales); ++k) verdicts.push_back(adv.judge(said[0][k * each], said[1][k * each]));
    const auto mean_of = [&](Tensor Verdict::*part) { return over_scales([&](size_t at) { return verdicts[at / each].*part; }); };
    return {{"adv", mean_of(&Verdict::loss), formula_of(adv.d_formula, "(m, y)", "(m, G(m))") + seen}, shown("real", mean_of(&Verdict::real), "E D(m, y)"), shown("fake", mean_of(&Verdict::fake), "E D(m, G(m))")};
  });

  const int64_t unit = painter.unit;
  const auto made = [=](const Batch& b) {
    return in_chunks([=](const Tensor& numbers) { return paint(maps.planes(numbers), styled ? randn({numbers.dim(0), latent}) : Tensor{}); }, b["semantic"], 64);
  };
  const std::string planes = "pictures of label maps, whose planes are 1 where a pixel has their meaning and 0 elsewhere";
  std::function<Tensor(const Batch&, const Tensor&)> in_style;
  if (styled) {
    add_style_uses(r, d, {[=](const Tensor& picture, const Tensor& z) { return paint(maps.read(picture), z); }, [=](const Tensor& y) { return E(Tensors{y})[0]; }, latent, unit, size});
    // Other programs give the planes themselves.
    r.maps = {{"translate", planes + ", in the style of this z", [=](const Tensor& of, const Tensors& z) { return paint(of, z[0]); }, labels, unit, {{"z", latent}}}};
    in_style = [=](const Batch& b, const Tensor& pictures) { return paint(maps.planes(b["semantic"]), E(Tensors{pictures})[0]); };
  } else {
    r.sample = [=](int64_t n, const Batch& b) { return made({n, {{"semantic", b["semantic"].rows(0, n)}}}); };
    r.columns = [=](const Batch& b) -> std::vector<Column> { return {{"labels", b["a"]}, {"output", made(b)}, {"picture", b["b"]}}; };
    r.tasks.push_back(translate_task({[=](const Tensor& picture) { return paint(maps.read(picture), {}); }, 3, unit}));
    r.maps.push_back(picture_map("translate", planes, [=](const Tensor& of) { return paint(of, {}); }, labels, unit));
    add_pair_measures(r, d, made);
  }
  r.tasks.push_back(score_task([=](const Tensor& map, const Tensor& y) { return sigmoid(D(Tensors{maps.read(map), y})[0]); }, d, true));
  add_segmentation_measures(r, c, d, made);
  add_label_measures(r, c.data.palette, d.target, made, in_style);
  return r;
}

}  // namespace ganymede
