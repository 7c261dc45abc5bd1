#include "gan/parts/disco.h"

#include <algorithm>

#include "engine/ops.h"
#include "gan/losses/translation.h"

namespace ganymede {

DiscoTerms::DiscoTerms(Recipe& r, const Config& c, const std::string& tie, const std::string& meaning, bool points) {
  late_ = c.number(tie, 0.5, text("r, the share of ", meaning, "; 1 - r is that of the discriminators"), 0, 1);
  early_ = c.number("early_" + tie, points ? 0.5 : 0.01, "r at first", 0, 1);
  curriculum_ = early_ == late_ ? 0 : c.integer("early_iterations", c.steps ? std::min<int64_t>(3333, c.steps / 5) : 3333, "iterations with the first r; the authors' are 3333, at most a fifth of a run");
  adversarial_ = c.number("adversarial", points ? 1 : 0.1, "weight of the discriminators' opinion within 1 - r", 0);
  matching_ = c.number("matching", points ? 0 : 0.9, "weight of feature matching within 1 - r", 0);
  done_ = r.keep("iterations", zeros({1}));
}

void DiscoTerms::add_verdict(Losses& l, const nn::Net& D, const Tensor& real, const Tensor& fake, const std::string& side, const std::string& formula) {
  const auto said = D.each({Tensors{real}, Tensors{fake}});
  const Verdict v = adversarial("bce").judge(said[0][0], said[1][0]);
  l.push_back({"adv_" + side, v.loss * 0.5, formula, {D}});
  l.push_back(shown("real_" + side, v.real)), l.push_back(shown("fake_" + side, v.fake));
}

void DiscoTerms::count() const { assign(done_, done_ + 1.0); }

Tensor DiscoTerms::share() const { return curriculum_ ? late_ + (early_ - late_) * greater_equal(zeros_like(done_) + double(curriculum_), done_) : zeros_like(done_) + late_; }

void DiscoTerms::add_opinion(Losses& l, const nn::Net& D, const Tensor& real, const Tensor& fake, const std::string& side, const std::string& made) const {
  if (adversarial_ == 0 && matching_ == 0) return;
  const auto features = [](const Tensors& said) { return Tensors(said.begin() + 1, said.end()); };
  const Tensor rest = 1.0 - share();
  const Tensors on_fake = D(Tensors{fake});
  if (adversarial_ > 0) l.push_back({"adv_" + side, adversarial_ * rest * adversarial("bce").g(on_fake[0]), text("(1 - r) ", adversarial_, " E -log D_", side, "(", made, ")")});
  if (matching_ > 0)
    l.push_back({"matching_" + side, matching_ * rest * mean_feature_distance(features(D(Tensors{real})), features(on_fake)), text("(1 - r) ", matching_, " sum over layers mean (E f(real) - E f(", made, "))^2")});
}

}  // namespace ganymede
