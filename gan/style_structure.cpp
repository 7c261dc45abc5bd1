#include "gan/style_structure.h"

#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "gan/latent_tasks.h"
#include "gan/translate.h"

namespace ganymede {
namespace {

double distance(const Tensor& a, const Tensor& b) { return mean(norm(flatten(a - b), {1})).item(); }

// Share of equal words, which f32 holds exactly.
double agreement(const Tensor& a, const Tensor& b) { return mean(equal(cast(a, DType::f32), cast(b, DType::f32))).item(); }

}  // namespace

void add_style_structure_uses(Recipe& r, const StyleStructure& of) {
  const auto picture = [of](const Tensor& n) { return resized_normals(n, of.size); };
  r.columns = [=](const Batch& b) -> std::vector<Column> {
    const Tensor n = of.normals(b), made = of.structure(of.noise(b.size));
    return {{"normals", n}, {"picture", b["b"]}, {"rendered", of.render(n, of.noise(b.size))}, {"other z~", of.render(n, of.noise(b.size))}, {"made normals", picture(made)}, {"rendered", of.render(made, of.noise(b.size))}};
  };

  r.tasks.push_back({"render", "NORMALS...", "a picture of each picture of normals, n of them (set by -n), the same z~ for all", 1, 1 << 20, [=](const TaskInput& in) {
    in.settings.check_all_read();
    const Tensor z = of.noise(in.n);
    Results results;
    for (const NamedPicture& p : in.pictures) {
      const Tensor n = resized_normals(unit_normals(network_input(p, "picture", 3)), of.size);
      results.add(p.name, of.render(broadcast_to(n, {in.n, of.size, of.size, 3}), z));
    }
    return results.take();
  }});
  r.tasks.push_back({"normals", "PICTURE...", "the normals that FCN sees in each picture", 1, 1 << 20, [=](const TaskInput& in) {
    in.settings.check_all_read();
    Results results;
    for (const NamedPicture& p : in.pictures) results.add(p.name, picture(of.words.meant(of.estimate(as_input(p.picture, of.facts)))));
    return results.take();
  }});

  const auto rendered = [of](const Batch& b) { return of.render(of.normals(b), of.noise(b.size)); };
  const auto read = [of](const Tensor& x) { return argmax(reshape(of.estimate(x), std::vector<int64_t>{-1, of.words.count()}), 1); };
  const auto wanted = [of](const Batch& b) { return of.words.nearest(resized_normals(of.normals(b), of.size / 4)); };
  r.measures.push_back(mean_measure("normals-real", "share of pixels of test pictures in which FCN reads the word of the true normal, 0 to 1", [=](const Batch& b) { return agreement(read(b["b"]), wanted(b)); }));
  r.measures.push_back(mean_measure("normals-rendered", "the same of pictures rendered from test normals", [=](const Batch& b) { return agreement(read(rendered(b)), wanted(b)); }));
  r.measures.push_back(mean_measure("normals-agree", "share of pixels in which FCN reads the same word off two pictures of the same normals", [=](const Batch& b) {
    const Tensor one = read(rendered(b));
    return agreement(one, read(rendered(b)));
  }));
  r.measures.push_back(mean_measure("fooled", "share of pictures rendered from test normals that D2 takes for real", [=](const Batch& b) {
    const Tensor said = of.judge(rendered(b), of.normals(b));
    return mean(greater(said, zeros_like(said))).item();
  }));
  r.measures.push_back({"restyled", "mean distance of two pictures of the same normals by different z~, over that of two test pictures", [=](const Evaluation& e) {
    double apart = 0, data = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor one = rendered(b);
      apart += distance(one, rendered(b)), data += distance(b["b"], roll(b["b"], 1));
    });
    return apart / data;
  }});
  r.measures.push_back({"structure-words", "half the sum over words of |their share in G1's normals - in test normals|, 0 (alike) to 1", [=](const Evaluation& e) {
    std::vector<double> difference(size_t(of.words.count()));
    double pixels = 0;
    e.each_batch([&](const Batch& b) {
      const auto count = [&](const Tensor& n, double sign) {
        for (const int64_t word : of.words.nearest(resized_normals(n, of.size)).to_integers()) difference[size_t(word)] += sign;
      };
      count(of.normals(b), 1), count(of.structure(of.noise(b.size)), -1);
      pixels += double(b.size * of.size * of.size);
    });
    double sum = 0;
    for (const double d : difference) sum += std::abs(d);
    return sum / pixels / 2;
  }});
}

}  // namespace ganymede
