// PLDT. Yoo, Kim, Park, Paek, Kweon: Pixel-Level Domain Transfer, ECCV 2016, arXiv 1603.07442.
//   x a source, y its target, y' the target of another
//   D_R:  min  1/3 [-log D_R(y) - log D_R(y') - log(1 - D_R(C(x)))]                      real or made; y' is real too
//   D_A:  min  1/3 [-log D_A(x, y) - log(1 - D_A(x, y')) - log(1 - D_A(x, C(x)))]        belong together or not
//   C:    min  -1/2 log D_R(C(x)) - 1/2 log D_A(x, C(x))
// The paper lets each discriminator learn from one of its three pictures, drawn for each sample (images=one). C knows nothing of the target but what D_A says of it: no distance of
// pixels. All that passes from source to target is a code of one point.
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/pldt.h"
#include "gan/parts/drawn_kind.h"
#include "gan/uses/associated_uses.h"
#include "nn/losses.h"

namespace ganymede {

Recipe pldt(const Config& c) {
  Direction d{"a", "b", c.data.input_channels, c.data.channels};
  if (c.choice("direction", {"AtoB", "BtoA"}, "from sources to targets, or back") == "BtoA") d = {d.target, d.input, d.out, d.in};
  const std::string loss = c.choice("loss", {"real+domain", "real", "domain", "mse", "l1+domain", "l1+real+domain"}, "what C minimises: D_R's opinion, D_A's, a distance of pixels (mse alone is the paper's baseline)");
  const bool realism = loss.find("real") != std::string::npos, domain = loss.find("domain") != std::string::npos, l1 = loss.starts_with("l1");
  const bool judged = realism || domain, three = judged && c.flag("negatives", true, "the discriminators see targets of others too, real ones for D_R, wrong ones for D_A");
  const bool one = judged && c.choice("images", {"all", "one"}, "which of its pictures a discriminator learns from: all, averaged, or one drawn for each sample, as in the paper") == "one";
  const bool together = judged && c.choice("statistics", {"together", "apart"}, "batch norms of the discriminators see all pictures of a step as one batch, or each kind as a batch of its own, which tells the kinds apart by itself") == "together";
  const double lambda = l1 ? c.number("lambda", 10, "weight of the distance to the target", 0) : 0;
  nets::PldtSize s{.size = int(c.data.size), .in = int(d.in), .out = int(d.out)};
  s.width = int(c.integer("width", 24, "channels of C's first layer, doubled by each halving; 128 in the paper", 1, 4096));
  s.code = int(c.integer("code", 64, "length of the code between C's halves", 1, 65536));
  nets::PldtSize judge = s;
  if (judged) judge.width = int(c.integer("d_width", 16, "channels of the discriminators' first layer; 128 in the paper", 1, 4096));
  const double rate = c.number("rate", 5e-4, "learning rate; 2e-4 in the paper", 0), beta1 = c.number("beta1", 0.5, "Adam, or the momentum of sgd", 0, 0.999999);
  nn::Optim optim = c.choice("optimiser", {"adam", "sgd"}, "sgd in the paper") == "adam" ? nn::adam(rate, beta1) : nn::sgd(rate, beta1);
  const double last_part = c.number("last_part", 1.0 / 6, "part of the run, at its end, with a tenth of the rate", 0, 1);
  if (c.steps > 0 && last_part > 0) optim = optim.with(nn::milestones({int64_t((1 - last_part) * double(c.steps))}, 0.1));

  Recipe r;
  const nn::Net C = r.net("C", nets::pldt_converter(s));
  nn::Net R, A;
  if (realism) judge.in = int(d.out), R = r.net("D_R", nets::pldt_discriminator(judge));
  if (domain) judge.in = int(d.in + d.out), A = r.net("D_A", nets::pldt_discriminator(judge));
  const auto source = [=](const Batch& b) { return b[d.input]; };
  const auto target = [=](const Batch& b) { return b[d.target]; };
  const auto other = [=](const Batch& b) { return b[d.target + "_other"]; };
  const SharedValue fake = r.shared("fake", {C}, [=](const Batch& b) { return C(source(b)); });

  // What a discriminator is shown with a picture of the target's side.
  const auto of_source = [=](const Batch& b) -> std::function<Tensors(const Tensor&)> { return [x = source(b)](const Tensor& y) { return Tensors{x, y}; }; };
  const std::function<Tensors(const Tensor&)> itself = [](const Tensor& y) { return Tensors{y}; };

  // What D says of y, C(x) and y'.
  const auto opinions = [=](const nn::Net& D, const Batch& b, const std::function<Tensors(const Tensor&)>& seen) {
    std::vector<Tensors> pictures{seen(target(b)), seen(fake())};
    if (three) pictures.push_back(seen(other(b)));
    Tensors said;
    if (together) {
      Tensors all;
      for (size_t i = 0; i < pictures[0].size(); ++i) {
        Tensors part;
        for (const Tensors& p : pictures) part.push_back(p[i]);
        all.push_back(concat(part, 0));
      }
      const Tensor logits = D(all)[0];
      for (size_t k = 0; k < pictures.size(); ++k) said.push_back(slice(logits, 0, int64_t(k) * b.size, int64_t(k + 1) * b.size));
    } else {
      for (const Tensors& t : D.each(pictures)) said.push_back(t[0]);
    }
    return said;
  };

  // D's loss: y is right, C(x) wrong and y' as said.
  const auto judged_all = [=](const nn::Net& D, const Batch& b, bool other_is_right, const std::function<Tensors(const Tensor&)>& seen) -> Losses {
    const Tensors said = opinions(D, b, seen);
    const auto wrong = [](const Tensor& logits, bool right) { return softplus(right ? -logits : logits); };
    Tensors terms{wrong(said[0], true), wrong(said[1], false)};
    if (three) terms.push_back(wrong(said[2], other_is_right));
    const double part = 1.0 / double(terms.size());
    Tensor sum;
    const Tensors drawn = one ? drawn_kind(b.size, int64_t(terms.size())) : Tensors{};   // weights 1 and 0, where there are parts of 1 else
    for (size_t k = 0; k < terms.size(); ++k) {
      const Tensor term = one ? drawn[k] * terms[k] : terms[k];
      sum = k ? sum + term : term;
    }
    if (!one) sum = sum * part;
    const std::string name = other_is_right ? "D_R(" : "D_A(x, ";
    Losses l{{"adv", mean(sum), text("E ", one ? "one, drawn, of" : three ? "1/3 the sum of" : "1/2 the sum of", " -log ", name, "y), -log(1 - ", name, "C(x)))", three ? text(other_is_right ? ", -log " : ", -log(1 - ", name, other_is_right ? "y')" : "y'))") : "")},
             shown("own", mean(sigmoid(said[0])), text("E ", name, "y)")), shown("fake", mean(sigmoid(said[1])), text("E ", name, "C(x))"))};
    if (three) l.push_back(shown("other", mean(sigmoid(said[2])), text("E ", name, "y')")));
    return l;
  };
  if (R) r.update("D_R", {R}, optim, [=](const Batch& b) { return judged_all(R, b, true, itself); });
  if (A) r.update("D_A", {A}, optim, [=](const Batch& b) { return judged_all(A, b, false, of_source(b)); });

  const auto of_made = [=](const nn::Net& D, const Batch& b, const std::function<Tensors(const Tensor&)>& seen) { return together ? opinions(D, b, seen)[1] : D(seen(fake()))[0]; };
  const double share = R && A ? 0.5 : 1;
  r.update("C", {C}, optim, [=](const Batch& b) -> Losses {
    Losses l;
    if (R) l.push_back({"real", share * nn::bce_with_logits(of_made(R, b, itself), 1), text(share, " E -log D_R(C(x))")});
    if (A) l.push_back({"domain", share * nn::bce_with_logits(of_made(A, b, of_source(b)), 1), text(share, " E -log D_A(x, C(x))")});
    if (l1) l.push_back({"l1", lambda * nn::l1(fake(), target(b)), text(lambda, " E |y - C(x)|")});
    if (!judged) l.push_back({"mse", nn::mse(fake(), target(b)), "E (y - C(x))^2"});
    return l;
  });

  add_associated_uses(r, d, s.size, [=](const Tensor& x) { return C(x); }, A ? [=](const Tensor& x, const Tensor& y) { return sigmoid(A(Tensors{x, y})[0]); } : std::function<Tensor(const Tensor&, const Tensor&)>{});
  return r;
}

}  // namespace ganymede
