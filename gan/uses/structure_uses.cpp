#include "gan/uses/structure_uses.h"

#include <cmath>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/resize.h"
#include "gan/nets/style_structure.h"
#include "gan/pictures.h"
#include "gan/uses/translate.h"

namespace ganymede {
namespace {

double share_alike(const Tensor& a, const Tensor& b) { return mean(cast(equal(cast(a, DType::f32), cast(b, DType::f32)), DType::f32)).item(); }

// Draws each map of normals n times; the k-th picture of each has the k-th z, so a changed scene keeps its look.
Task style_task(const DataFacts& facts, const StructureAndStyle& s) {
  return {"style", "NORMALS...", "n pictures of each map of normals (set by -n; pixels are (normal + 1) / 2), the k-th of every map in the same style", 1, 4096, [=](const TaskInput& in) {
    in.settings.check_all_read();
    const Tensor z = s.noise(in.n);
    std::vector<Result> results;
    for (const NamedPicture& given : in.pictures) {
      const Tensor n = nets::unit_vectors(network_input({given.name, data::covering(given.picture, int(facts.size), int(facts.width))}, "picture", 3));
      const Tensor made = s.style(broadcast_to(n, {in.n, n.dim(1), n.dim(2), 3}), z);
      results.push_back({given.name, {sheet(concat({n, made.dim(3) == 3 ? made : concat({made, made, made}, 3)}, 0), in.n + 1)}});
    }
    return results;
  }, true};
}

// The words of pictures as normals, enlarged to the pictures' size.
Tensor estimated(const StructureAndStyle& s, const Tensor& pictures) { return resize_nearest(s.shown(s.estimate(pictures)), pictures.dim(1), pictures.dim(2)); }

Task normals_task(const StructureAndStyle& s, int64_t channels) {
  Task t = translate_task({[=](const Tensor& x) { return estimated(s, x); }, channels, 8});
  t.name = "normals", t.help = "the normals of each picture as the estimator sees them, in words of the codebook";
  return t;
}

double words_off(const Evaluation& e, const StructureAndStyle& s) {
  std::vector<double> made(size_t(s.words), 0), real(made);
  const auto count = [](std::vector<double>& to, const Tensor& words) {
    for (const int64_t w : words.to_integers()) to[size_t(w)] += 1 / double(words.count());
  };
  double batches = 0, off = 0;
  e.each_batch([&](const Batch& b) { count(real, s.said(b["a"])), count(made, s.said(s.structure(s.noise(b.size)))), ++batches; });
  for (size_t w = 0; w < real.size(); ++w) off += std::abs(made[w] - real[w]) / 2 / batches;
  return off;
}

double style_spread(const Evaluation& e, const StructureAndStyle& s) {
  double made = 0, real = 0;
  e.each_batch([&](const Batch& b) {
    made += mean(abs(s.style(b["a"], s.noise(b.size)) - s.style(b["a"], s.noise(b.size)))).item();
    real += mean(abs(b["b"] - roll(b["b"], 1))).item();
  });
  return made / real;
}

}  // namespace

void add_structure_uses(Recipe& r, const Config& c, const StructureAndStyle& s) {
  const auto styled = [=](const Batch& b) { return s.style(b["a"], s.noise(b.size)); };
  r.latent = {.length = 2 * s.latent, .draw = [=](int64_t n) { return concat({s.noise(n), s.noise(n)}, 1); }, .normal = false};
  r.latent.decode = [=](const Tensor& z, const Tensor&) { return s.style(s.structure(slice(z, 1, 0, s.latent)), slice(z, 1, s.latent, 2 * s.latent)); };
  r.columns = [=](const Batch& b) -> std::vector<Column> {
    const Tensor n = s.structure(s.noise(b.size));
    return {{"normals", b["a"]}, {"picture", b["b"]}, {"estimated", estimated(s, b["b"])}, {"a style", styled(b)}, {"another", styled(b)},
            {"drawn normals", n}, {"a style", s.style(n, s.noise(b.size))}, {"another", s.style(n, s.noise(b.size))}};
  };
  r.tasks.push_back(style_task(c.data, s));
  r.tasks.push_back(normals_task(s, c.data.channels));
  r.maps.push_back(picture_map("normals", "the normals that the estimator sees, in words of the codebook", [=](const Tensor& x) { return estimated(s, x); }, c.data.channels, 8));

  const auto mean_of = [&](const std::string& name, const std::string& text, std::function<double(const Batch&)> f) { r.measures.push_back(mean_measure(name, text, std::move(f))); };
  mean_of("estimator-accuracy", "share of places of test pictures whose word the estimator finds; 1 is best", [=](const Batch& b) { return share_alike(s.estimate(b["b"]), s.said(b["a"])); });
  mean_of("style-accuracy", "the same of pictures drawn of test normals", [=](const Batch& b) { return share_alike(s.estimate(styled(b)), s.said(b["a"])); });
  mean_of("chain-accuracy", "the same of pictures drawn of drawn normals", [=](const Batch& b) {
    const Tensor n = s.structure(s.noise(b.size));
    return share_alike(s.estimate(s.style(n, s.noise(b.size))), s.said(n));
  });
  mean_of("fooled", "share of pictures drawn of test normals that D takes for real, 0 to 1", [=](const Batch& b) {
    const Tensor logit = s.judge(styled(b), b["a"]);
    return mean(cast(greater(logit, zeros_like(logit)), DType::f32)).item();
  });
  mean_of("same-normals", "share of places at which the estimator finds the same word in two pictures of the same normals; 1 is best", [=](const Batch& b) { return share_alike(s.estimate(styled(b)), s.estimate(styled(b))); });
  r.measures.push_back({"style-spread", "mean |x - x'| of two pictures of the same normals, over that of two test pictures; 0: z is ignored", [=](const Evaluation& e) { return style_spread(e, s); }});
  r.measures.push_back({"words-off", "how far the shares of words in drawn normals are from those in test normals, total variation, 0 to 1; 0 is best", [=](const Evaluation& e) { return words_off(e, s); }});
}

}  // namespace ganymede
