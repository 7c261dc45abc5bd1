// GeneGAN. Zhou, Xiao, Yang, Feng, He, He: GeneGAN: Learning Object Transfiguration and Attribute Subspace from Unpaired Data, BMVC 2017,
// arXiv 1705.04932; weights as in an author's code, in units of pictures in [0, 1].
//   (A, x) = E(Ax), (B, e) = E(Be): background and object of a picture with it (side a) and one without (side b); four children are decoded:
//   Ax' = Dec(A, x), Be' = Dec(B, 0), Bx = Dec(B, x), Ae = Dec(A, 0)
//   E, Dec:  min  E |Ax - Ax'| + E |Be - Be'| + E |e| - E D_Ax(Bx) - E D_Be(Ae) + parallelogram E |Ax + Be - Bx - Ae|
//   D_Ax:    max  E D_Ax(Ax) - E D_Ax(Bx), kept Lipschitz by bounded weights or by a penalty on its gradient;  D_Be: likewise on Be and Ae
// The zeros in the place of e and |e| leave the object's part nothing to say of a picture without one; the critics see no reconstructions. Every pass
// through a batch norm has statistics of its own. Critics and generators move on batches of their own.
#include "engine/ops.h"
#include "gan/losses/adversarial.h"
#include "gan/losses/penalty.h"
#include "gan/models.h"
#include "gan/nets/genegan.h"
#include "gan/uses/object_uses.h"
#include "gan/uses/translate.h"
#include "nn/losses.h"

namespace ganymede {

Recipe genegan(const Config& c) {
  require_equal_channels(c, "genegan: one encoder sees both sides");
  const bool large = c.data.size >= 64;
  nets::GeneganShape s{.size = int(c.data.size), .channels = int(c.data.channels)};
  s.width = int(c.integer("width", large ? 128 : 16, "channels next to the picture", 1, 4096));
  s.halvings = int(c.integer("halvings", large ? 3 : 2, "halvings of a picture to its code", 1, 10));
  const double ratio = c.number("object_part", 0.25, "part of the code's channels that holds the object", 0, 1);
  const Adversarial& adv = adversarial(c.choice("objective", {"wgan-gp", "wgan"}, "critics under a penalty on their gradient, or with bounded weights and batch norm as in the paper"));
  const bool clipped = adv.name == "wgan";
  s.norm = clipped;
  const double clip = clipped ? c.number("clip", 0.01, "bound on the critics' parameters", 1e-12) : 0, gp = clipped ? 0 : c.number("gp", 10, "weight of the gradient penalty", 0);
  const double rebuilt = c.number("reconstruction", 1, "weight of |Ax - Ax'| + |Be - Be'|", 0), nulling = c.number("nulling", 1, "weight of |e|, what the object's part says of pictures without one", 0);
  const bool zero = c.flag("zero", true, "decode pictures without the object from zeros; false: from e, their own object's part");
  const double gan = c.number("gan", clipped ? 1 : 0.05, "weight of the critics' opinion", 0);
  const double parallelogram = c.number("parallelogram", 2.55, "weight of |Ax + Be - Bx - Ae|, for aligned pictures; 0: none", 0);
  const double decay = c.number("weight_decay", 1e-5, "of E and Dec", 0);
  const std::string rule = c.choice("optimizer", {"adam", "rmsprop"}, "Adam, or RMSProp as in the paper");
  const double rate = c.number("rate", rule == "rmsprop" ? 5e-5 : large ? 1e-4 : 1e-3, "learning rate", 0);
  const nn::Optim optim = rule == "rmsprop" ? nn::rmsprop(rate, c.number("alpha", 0.8, "RMSProp's decay", 0, 0.999999), 1e-10) : nn::adam(rate, c.number("beta1", 0.5, "Adam", 0, 0.999999));
  const int warm_steps = int(c.integer("warm_critic_steps", clipped ? 100 : 1, "steps of the critics in every iteration divisible by warm_every, else one", 1, 4096));
  const int64_t warm_every = c.integer("warm_every", 500, "iterations from one such to the next", 1);
  const int object = int(ratio * s.inner()), background = s.inner() - object;
  if (object < 1 || background < 1) throw UsageError(text("setting object_part=", ratio, ": of ", s.inner(), " channels it leaves ", object, " for the object and ", background, " for the rest; both need one"));

  Recipe r;
  const nn::Net E = r.net("E", nets::genegan_splitter(s)), Dec = r.net("Dec", nets::genegan_joiner(s));
  const nn::Net with = r.net("D_Ax", nets::genegan_critic(s)), without = r.net("D_Be", nets::genegan_critic(s));
  const auto in_unit = [](const Tensor& x) { return 0.5 * x + 0.5; };
  const auto parts = [=](const Tensor& code) { return ObjectCode{slice(code, 3, 0, background), slice(code, 3, background, background + object)}; };
  const auto joined = [=](const Tensor& background, const Tensor& object) { return concat({background, object}, 3); };
  const auto none = [=](const ObjectCode& code) { return zero ? zeros_like(code.object) : code.object; };
  struct Family { ObjectCode with, without; Tensor with2, without2, given, taken; };
  const auto family = [=](const Batch& b) {
    const Tensors codes = E.each({in_unit(b["a"]), in_unit(b["b"])});
    const ObjectCode x = parts(codes[0]), e = parts(codes[1]);
    const Tensors children = Dec.each({joined(x.background, x.object), joined(e.background, none(e)), joined(e.background, x.object), joined(x.background, none(x))});
    return Family{x, e, children[0], children[1], children[2], children[3]};
  };

  Update& critics = r.update("D", {with, without}, clipped ? optim.clipped(clip) : optim, [=](const Batch& b) -> Losses {
    const Family f = family(b);
    Losses l;
    const auto judge = [&](const std::string& name, const nn::Net& D, const Tensor& real, const Tensor& fake, const std::string& formula, const std::string& penalty) {
      const Tensor x = in_unit(real), y = in_unit(fake);
      const Tensors said = D.each({x, y});
      const Verdict v = adv.judge(said[0], said[1]);
      l.push_back({name, v.loss, formula});
      if (gp > 0) l.push_back({"gp_" + name, gp * gradient_penalty(D, x, y), text(gp, " E (|grad ", penalty, "| - 1)^2")});
    };
    judge("with", with, b["a"], f.given, "E D_Ax(Bx) - E D_Ax(Ax)", "D_Ax(x^)");
    judge("without", without, b["b"], f.taken, "E D_Be(Ae) - E D_Be(Be)", "D_Be(x^)");
    return l;
  });
  critics.and_more([=](int64_t i) { return i % warm_every == 0 ? warm_steps - 1 : 0; });
  const Tensor example = r.keep_samples("example", zeros({1, c.data.size, c.data.size, c.data.channels}));   // a picture whose object may be given to others
  r.update("G", {E, Dec}, optim.decay(decay), [=](const Batch& b) -> Losses {
    const Family f = family(b);
    const auto l1 = [](const Tensor& x, const Tensor& y) { return 0.5 * nn::l1(x, y); };
    Losses l;
    if (rebuilt > 0) l.push_back({"reconstruction", rebuilt * (l1(f.with2, b["a"]) + l1(f.without2, b["b"])), text(rebuilt, " (E |Ax - Ax'| + E |Be - Be'|)")});
    if (nulling > 0) l.push_back({"nulling", nulling * mean(abs(f.without.object)), text(nulling, " E |e|")});
    if (gan > 0) l.push_back({"given", gan * adv.g(with(in_unit(f.given))), text("-", gan, " E D_Ax(Bx)")});
    if (gan > 0) l.push_back({"taken", gan * adv.g(without(in_unit(f.taken))), text("-", gan, " E D_Be(Ae)")});
    if (parallelogram > 0) l.push_back({"parallelogram", parallelogram * l1(b["a"] + b["b"], f.given + f.taken), text(parallelogram, " E |Ax + Be - Bx - Ae|")});
    l.push_back(shown("object", mean(abs(f.with.object)), "E |x|"));
    return l;
  }).from_batch(1).then([=](const Batch& b) { assign(example, b["a"].rows(0, 1)); });

  add_object_uses(r, c, {[=](const Tensor& x) { return parts(E(in_unit(x))); }, [=](const Tensor& b, const Tensor& o) { return Dec(joined(b, o)); }, none, example});
  return r;
}

}  // namespace ganymede
