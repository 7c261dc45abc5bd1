// PAN. Wang, Xu, Wang, Tao: Perceptual Adversarial Networks for Image-to-Image Transformation, IEEE TIP 27(8), 2018, arXiv 1706.09138.
//   P_i = E |H_i(y) - H_i(T(x))|, a mean over features too; H_i: D behind its layers 1, 4, 6, 8     L_P = sum_i lambda_i P_i
//   D:  min  theta [-E log D(y) - E log(1 - D(T(x)))] + max(0, m - L_P)
//   T:  min  theta [-E log D(T(x))] + L_P, H_i(y) a constant
// No distance of pixels: D learns the one that T makes small. While L_P is below the margin D makes it larger, and T finds no features in which its
// pictures are alike and yet wrong. D sees results alone, not what they were made from: pairs meet in L_P only.
#include <algorithm>

#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/models.h"
#include "gan/nets/pan.h"
#include "gan/nets/unet.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {

Recipe pan(const Config& c) {
  const Direction d = direction_of(c);
  const bool large = std::min(c.data.size, c.data.width) >= 256;   // the paper's size has its widths
  nets::PanShape s{.in = int(d.in), .out = int(d.made())};
  s.width = int(c.integer("width", large ? 64 : 32, "channels of T's first level", 1, 4096));
  const int most = nets::halvings_of(c.data.size, c.data.width);
  s.halvings = int(c.integer("levels", std::clamp(most - 2, 2, 6), "halvings of T; its pictures are multiples of 2^levels", 2, most));
  nets::PanDiscriminatorShape judge{.height = int(c.data.size), .width = int(c.data.width), .in = s.out};
  judge.channels = int(c.integer("d_width", large ? 64 : 16, "channels of D's first layer", 1, 4096));
  const double theta = c.number("theta", large ? 1 : 0.1, "weight of the adversarial terms; 1 in the paper", 0);
  const std::vector<double> lambda{c.number("lambda1", 5, "weight of P_1, behind D's layer 1", 0), c.number("lambda2", 1.5, "of P_2, behind layer 4", 0),
                                   c.number("lambda3", 1.5, "of P_3, behind layer 6", 0), c.number("lambda4", 1, "of P_4, behind layer 8", 0)};
  const bool perceptual = std::any_of(lambda.begin(), lambda.end(), [](double l) { return l > 0; });
  const double margin = perceptual ? c.number("margin", large ? 3 : 2, "m: D makes L_P larger while it is below; 0: its features are not trained to differ", 0) : 0;
  if (theta == 0 && margin == 0) throw UsageError("setting theta=0: without a margin above 0 (and a lambda) D has nothing to learn");
  const Adversarial& adv = adversarial(c.choice("objective", {"bce", "minimax"}, "T raises log D(T(x)), or lowers log(1 - D(T(x))) as the paper writes it"));
  const double constant_part = c.number("constant_part", large ? 1 : 0.3, "part of the run after which the rate falls linearly to 0; 1: never", 0, 1);
  const double beta1 = c.number("beta1", 0.5, "Adam", 0, 0.999999);
  const nn::Optim adam_t = falling_rate(nn::adam(c.number("rate", large ? 2e-4 : 1e-3, "learning rate of T; 2e-4 in the paper", 0), beta1), c, constant_part);
  const nn::Optim adam_d = falling_rate(nn::adam(c.number("d_rate", 2e-4, "learning rate of D; the paper's", 0), beta1), c, constant_part);

  Recipe r;
  const nn::Net T = r.net("T", nets::pan_transformation(s)), D = r.net("D", nets::pan_discriminator(judge));
  const auto input = [=](const Batch& b) { return d.given(b[d.input]); };
  const auto target = [=](const Batch& b) { return d.wanted(b[d.target]); };
  const SharedValue made_once = r.shared("T(x)", {T}, [=](const Batch& b) { return T(input(b)); });
  const std::string formula = "sum_i lambda_i E |H_i(y) - H_i(T(x))|";

  // What D says of y and of T(x), each a batch of its own for D's norms in every step.
  const auto judged = [=](const Tensor& y, const Tensor& made) { return D.each({Tensors{y}, Tensors{made}}); };
  const auto distance = [=](const Tensors& right, const Tensors& made) {
    Tensor sum;
    for (size_t i = 0; i < lambda.size(); ++i) {
      if (lambda[i] == 0) continue;
      const Tensor part = lambda[i] * nn::l1(made[i + 1], right[i + 1]);
      sum = sum ? sum + part : part;
    }
    return sum;
  };

  r.update("D", {D}, adam_d, [=](const Batch& b) -> Losses {
    const std::vector<Tensors> said = judged(target(b), made_once());
    const Verdict v = adv.judge(said[0][0], said[1][0]);
    Losses l;
    if (theta > 0) l.push_back({"adv", theta * v.loss, text(theta, " (", formula_of(adv.d_formula, "(y)", "(T(x))"), ")")});
    if (perceptual) {
      const Tensor apart = distance(said[0], said[1]);
      if (margin > 0) l.push_back({"margin", relu(margin - apart), text("max(0, ", margin, " - L_P)")});
      l.push_back(shown("perceptual", apart, "L_P = " + formula));
    }
    l.push_back(shown("real", v.real, "E D(y)")), l.push_back(shown("fake", v.fake, "E D(T(x))"));
    return l;
  });
  r.update("T", {T}, adam_t, [=](const Batch& b) -> Losses {
    const std::vector<Tensors> said = judged(target(b), made_once());
    Losses l;
    if (theta > 0) l.push_back({"adv", theta * adv.g(said[1][0]), text(theta, " (", formula_of(adv.g_formula, "(y)", "(T(x))"), ")")});
    if (perceptual) {
      Tensors right;
      for (const Tensor& h : said[0]) right.push_back(h.constant());
      l.push_back({"perceptual", distance(right, said[1]), "L_P = " + formula});
    }
    return l;
  });

  const auto transformed = [=](const Tensor& picture) {
    const Tensor x = d.given(picture);
    return d.picture(x, T(x));
  };
  const auto made = [=](const Batch& b) { return in_chunks(transformed, b[d.input], 64); };
  const int64_t unit = int64_t{1} << s.halvings;
  r.sample = [=](int64_t n, const Batch& b) { return made({n, {{d.input, b[d.input].rows(0, n)}}}); };
  r.columns = [=](const Batch& b) -> std::vector<Column> { return {{"input", showable(b[d.input])}, {"output", showable(made(b))}, {"target", showable(b[d.target])}}; };
  r.tasks.push_back(translate_task({transformed, d.in, unit}));
  r.maps.push_back(exported_map("translate", {transformed, d.in, unit}));
  add_pair_measures(r, d, made);
  if (d.out != 2) add_restoration_measures(r, d, made);
  if (perceptual) r.measures.push_back(mean_measure("perceptual", "L_P: weighted distance of results and targets in D's features; training holds it below the margin, or D above it", [=](const Batch& b) { return distance(D(Tensors{target(b)}), D(Tensors{T(input(b))})).item(); }));
  return r;
}

}  // namespace ganymede
