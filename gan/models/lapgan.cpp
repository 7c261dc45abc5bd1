// LAPGAN. Denton, Chintala, Szlam, Fergus: Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks, NIPS 2015,
// arXiv 1506.05751.
//   I_0 = x,  I_(k+1) = d(I_k),   l_k = u(I_(k+1)),   h_k = I_k - l_k,   so that I_k = u(I_(k+1)) + h_k
//   D_k:  min  1/2 (-E log D_k(l_k + h_k) - E log(1 - D_k(l_k + G_k(z_k, l_k))))        G_k:  min  -E log D_k(l_k + G_k(z_k, l_k))
// A fully connected pair makes the coarsest picture, I_K; above it each level has a convolutional pair that adds the details of its
// resolution to what is enlarged from below. In training l_k always comes from real pictures, so levels know nothing of each other and
// train side by side; a sample goes through all of them. d and u are bilinear (d antialiased). Of a batch D_k sees one half as it is, and
// l_k of the other half with details by G_k; G_k steps on a batch of its own. Here levels are named by their pixels.
#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/models.h"
#include "gan/nets/lapgan.h"
#include "gan/parts/laplacian_pyramid.h"
#include "gan/pictures.h"
#include "gan/uses/latent_tasks.h"
#include "gan/uses/sample_measures.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

using nn::bce_with_logits;

struct Level {
  nn::Net G, D;
};

// The networks of all levels, coarsest first, and the ways through them.
struct Levels {
  LaplacianPyramid pyramid;
  std::vector<Level> nets;
  int64_t latent, classes;   // classes: 0 without labels, which are undefined then

  int64_t side(size_t k) const { return pyramid.sides[k]; }
  Tensor coarsest(const Tensor& z, const Tensor& labels) const { return classes ? nets[0].G(z, labels) : nets[0].G(z); }
  Tensor details(size_t k, const Tensor& low, const Tensor& noise, const Tensor& labels) const {
    return classes ? nets[k].G(concat({low, cast(noise, low.dtype())}, 3), labels) : nets[k].G(Tensors{low, noise}).at(0);
  }
  Tensor judge(size_t k, const Tensor& x, const Tensor& labels) const { return classes ? nets[k].D(x, labels) : nets[k].D(x); }
  Tensor labels(const Batch& batch) const { return classes ? batch["label"] : Tensor{}; }
  Tensor noise(size_t k, int64_t n) const { return k == 0 ? uniform({n, latent}, -1, 1) : uniform({n, side(k), side(k), 1}, -1, 1); }
  // All of z: the coarsest level's vector and the others' planes, one after another.
  int64_t length() const {
    int64_t sum = latent;
    for (size_t k = 1; k < nets.size(); ++k) sum += side(k) * side(k);
    return sum;
  }
  Tensor decode(const Tensor& z, const Tensor& labels) const { return go_on(coarsest(slice(z, 1, 0, latent), labels), z, labels); }
  // From a picture of the coarsest level, with the planes of z.
  Tensor go_on(const Tensor& picture, const Tensor& z, const Tensor& labels) const {
    Tensor x = cast(picture, z.dtype());
    int64_t at = latent;
    for (size_t k = 1; k < nets.size(); at += side(k) * side(k), ++k) {
      const Tensor low = pyramid.enlarged(x, k), plane = reshape(slice(z, 1, at, at + side(k) * side(k)), Shape{z.dim(0), side(k), side(k), 1});
      x = low + details(k, low, plane, labels);
    }
    return x;
  }
};

// Each pixel minus the mean of its four neighbours, inside the border.
double detail_energy(const Tensor& x) {
  const int64_t h = x.dim(1), w = x.dim(2);
  const auto part = [&](int64_t row, int64_t column) { return slice(slice(x, 1, row, row + h - 2), 2, column, column + w - 2); };
  return mean(square(part(1, 1) - (part(0, 1) + part(2, 1) + part(1, 0) + part(1, 2)) * 0.25)).item();
}

std::vector<Measure> level_measures(const std::shared_ptr<Levels>& p, size_t k, const std::function<Tensor(const Tensor& low, const Tensor& details, const Tensor& labels)>& judge) {
  const int64_t side = p->side(k);
  // The ratio of two sums over the test pictures; f is given the enlarged ones, what they lack, and labels.
  const auto ratio = [=](const std::function<std::pair<double, double>(const Tensor& low, const Tensor& h, const Tensor& labels)>& f) {
    return [=](const Evaluation& e) {
      double a = 0, b = 0;
      e.each_batch([&](const Batch& batch) {
        const Tensor low = p->pyramid.low(batch.image(), k);
        const auto [x, y] = f(low, p->pyramid.at(batch.image(), k) - low, p->labels(batch));
        a += x, b += y;
      });
      return a / b;
    };
  };
  const auto made = [=](const Tensor& low, const Tensor& labels) { return p->details(k, low, p->noise(k, low.dim(0)), labels); };
  const auto spread = ratio([=](const Tensor& low, const Tensor&, const Tensor& labels) {
    const Tensor a = made(low, labels), b = made(low, labels);
    return std::pair{mean(square(a - b)).item() / 2, mean(square(a - mean(a))).item()};
  });
  const std::string where = text("-", side);
  return {{"detail" + where, text("energy of differences of neighbours in enlarged real pictures with G", side, "'s details, over that of real ones; 1: as sharp"),
           ratio([=](const Tensor& low, const Tensor& h, const Tensor& labels) { return std::pair{detail_energy(low + made(low, labels)), detail_energy(low + h)}; })},
          {"detail-without" + where, "the same of enlarged real pictures alone", ratio([](const Tensor& low, const Tensor& h, const Tensor&) { return std::pair{detail_energy(low), detail_energy(low + h)}; })},
          {"mismatch" + where, text("share of real pictures with the details of another that D", side, " takes for generated, 0 to 1"), ratio([=](const Tensor& low, const Tensor& h, const Tensor& labels) {
             const Tensor logits = judge(low, roll(h, 1, 0), labels);
             return std::pair{sum(greater(zeros_like(logits), logits)).item(), double(low.dim(0))};
           })},
          {"noise" + where, text("deviation of G", side, "'s details over noise, by that over noise, pictures and pixels, 0 to 1; 0: the noise is ignored"), [=](const Evaluation& e) { return std::sqrt(spread(e)); }}};
}

// Samples of the upper levels over what the inputs are at the coarsest one.
Task refine(const std::shared_ptr<Levels>& p, const std::function<Tensor(int64_t)>& noise, const DataFacts& facts) {
  return {"refine", "PICTURE...", "shrink to the coarsest level and add details by the others, n times (set by -n)", 1, 4096, [=](const TaskInput& in) {
    const int64_t label = p->classes ? in.settings.integer("label", 0, "class of the pictures", 0, p->classes - 1) : 0;
    in.settings.check_all_read();
    const Tensor labels = p->classes ? full({in.n}, double(label), DType::i64, context().device) : Tensor{};
    std::vector<Result> results;
    for (const NamedPicture& given : in.pictures) {
      const Tensor x = as_input(given.picture, facts), coarsest = p->pyramid.at(x, 0);
      const int64_t side = p->pyramid.sides.back();
      const Tensor made = p->go_on(broadcast_to(coarsest, {in.n, coarsest.dim(1), coarsest.dim(2), coarsest.dim(3)}), noise(in.n), labels);
      results.push_back({given.name, {sheet(concat({resize_nearest(coarsest, side, side), made}, 0), in.n + 1)}});
    }
    return results;
  }, true};
}

}  // namespace

Recipe lapgan(const Config& c) {
  const int side = int(c.data.size), channels = int(c.data.channels);
  const int coarsest = int(c.integer("coarsest", std::min(8, side), "pixels of the coarsest level; each finer one is twice as large, the last as large as the pictures", 4, 4096));
  if (coarsest > side) throw UsageError(text("setting coarsest=", coarsest, ": the pictures have ", side, " pixels; it must be at most that"));
  if (c.share() % 2 != 0) throw UsageError(text(c.batch_words(), ": D sees half of it as it is and half with details by G; set --batch to an even number"));
  const auto p = std::make_shared<Levels>();
  p->latent = c.integer("latent", 100, "length of the coarsest level's z", 1, 65536);
  const bool by_label = c.flag("classes", false, "draw by label: G and D of every level are given it");
  if (by_label && c.data.classes < 2) throw UsageError("setting classes=true: these data have no classes; try --data fashion-mnist, or classes=false");
  p->classes = by_label ? c.data.classes : 0;
  const int first_width = int(c.integer("first_width", 1200, "hidden units of the coarsest G; D has half", 2, 1 << 20));
  const int width = int(c.integer("width", 16, "maps of the upper levels (64 in the paper, 128 for STL-10)", 1, 4096));
  const double keep = 1 - c.number("dropout", 0.5, "share of D's hidden values that are dropped", 0, 0.999999);
  const bool whole = c.choice("sees", {"picture", "details"}, "what D of an upper level sees: details on the enlarged picture as in the paper, or alone") == "picture";
  const bool by_adam = c.choice("optimizer", {"adam", "sgd"}, "Adam, or the paper's SGD with growing momentum") == "adam";
  const double rate = c.number("rate", by_adam ? 1e-3 : 0.02, "learning rate", 0);
  nn::Optim optim = by_adam ? nn::adam(rate, c.number("beta1", 0.5, "Adam", 0, 0.999999)) : nn::sgd(rate);
  if (!by_adam) {
    // An epoch is as many batches as the data have.
    const int64_t epoch = std::max<int64_t>(1, c.data.count / std::max<int64_t>(1, c.batch));
    const double last = c.number("momentum", 0.7, "SGD's, from 0 by 0.0008 an epoch", 0, 0.999999);
    optim = optim.with(nn::decay_every(epoch, 1 / (1 + 4e-5), 1e-6 / std::max(rate, 1e-6)));
    optim.momentum = [=](int64_t step) { return std::min(last, 0.0008 * double(step / epoch)); };
  }

  p->pyramid = LaplacianPyramid::between(coarsest, side);
  if (p->pyramid.sides.size() > 1 && p->side(1) < nets::kLapganSmallest)
    throw UsageError(text("setting coarsest=", coarsest, ": the level above it has ", p->side(1), " pixels, fewer than the ", nets::kLapganSmallest, " that its discriminator sees"));

  Recipe r;
  for (size_t k = 0; k < p->pyramid.sides.size(); ++k) {
    const int s = int(p->side(k));
    const auto of = [&](int maps) { return nets::LapganSize{.side = s, .channels = channels, .width = maps, .classes = int(p->classes), .keep = keep}; };
    const nn::Net G = r.net(text("G", s), k ? nets::lapgan_generator(of(width)) : nets::lapgan_first_generator(int(p->latent), of(first_width)));
    const nn::Net D = r.net(text("D", s), k ? nets::lapgan_discriminator(of(width)) : nets::lapgan_first_discriminator(of(first_width / 2)));
    p->nets.push_back({G, D});
    const auto seen = [=](const Tensor& low, const Tensor& details) { return whole ? low + details : details; };
    // What D sees of G, given real pictures and their labels.
    const auto fake = [=](const Tensor& x, const Tensor& labels) {
      const Tensor z = p->noise(k, x.dim(0));
      if (k == 0) return p->coarsest(z, labels);
      const Tensor low = p->pyramid.low(x, k);
      return seen(low, p->details(k, low, z, labels));
    };
    const auto real = [=](const Tensor& x) { return k == 0 || whole ? p->pyramid.at(x, k) : p->pyramid.at(x, k) - p->pyramid.low(x, k); };
    r.update(D.name(), {D}, optim, [=](const Batch& batch) -> Losses {
      const int64_t half = batch.size / 2;
      const Tensor& x = batch.image();
      const Tensor y = p->labels(batch), first = y ? slice(y, 0, 0, half) : y, second = y ? slice(y, 0, half, 2 * half) : y;
      const Tensor on_fake = p->judge(k, fake(slice(x, 0, half, 2 * half), second), second), on_real = p->judge(k, real(slice(x, 0, 0, half)), first);
      return {{"adv", (bce_with_logits(on_real, 1) + bce_with_logits(on_fake, 0)) * 0.5, k ? "1/2 (-E log D(l + h) - E log(1 - D(l + G(z, l))))" : "1/2 (-E log D(x) - E log(1 - D(G(z))))"},
              shown("real", mean(sigmoid(on_real)), "E D of real ones"), shown("fake", mean(sigmoid(on_fake)), "E D of generated ones")};
    });
    r.update(G.name(), {G}, optim, [=](const Batch& batch) -> Losses {
      const Tensor y = p->labels(batch);
      return {{"adv", bce_with_logits(p->judge(k, fake(batch.image(), y), y), 1), k ? "-E log D(l + G(z, l))" : "-E log D(G(z))"}};
    }).from_batch(1);
    if (k > 0)
      for (const Measure& m : level_measures(p, k, [=](const Tensor& low, const Tensor& details, const Tensor& labels) { return p->judge(k, seen(low, details), labels); })) r.measures.push_back(m);
  }
  const auto noise = [=](int64_t n) { return uniform({n, p->length()}, -1, 1); };
  r.latent = {.length = p->length(), .classes = p->classes, .draw = noise, .decode = [=](const Tensor& z, const Tensor& labels) { return p->decode(z, labels); }, .normal = false};
  const auto any = [=](int64_t n) { return p->classes ? random_integers({n}, p->classes) : Tensor{}; };
  for (const Measure& m : sample_measures([=](int64_t n) { return p->decode(noise(n), any(n)); })) r.measures.push_back(m);
  r.tasks = {refine(p, noise, c.data)};
  return r;
}

}  // namespace ganymede
