#include "gan/uses/domain_styles.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/uses/attribute_classifier.h"
#include "gan/uses/latent_tasks.h"
#include "gan/uses/outstanding.h"
#include "gan/uses/translate.h"

namespace ganymede {
namespace {

double added(const Tensor& x) { return sum(x).item(); }
double share(double right, double of) { return of > 0 ? right / of : std::nan(""); }

struct Styling {
  Domains domains;
  DomainStyler by;
  Tensor code(int64_t n) const { return randn({n, by.latent}); }
  Tensor drawn(const Tensor& x, const Tensor& domain) const { return by.map(x, by.draw(code(x.dim(0)), domain)); }
  // Each picture of a batch in the style of the one before it.
  Tensor restyled(const Batch& b) const { return by.map(b.image(), by.encode(roll(b.image(), 1), roll(domains.of(b), 1))); }
};

// ---- tasks

Task restyle_task(const Config& c, const Styling& s) {
  return {"translate", "PICTURE...", "the pictures, cut to the model's size, in n random styles of the domain to=NAME, or of each domain", 1, 1 << 20, [=, facts = c.data](const TaskInput& in) {
            std::vector<std::string> words{"all"};
            words.insert(words.end(), s.domains.names().begin(), s.domains.names().end());
            const std::string to = in.settings.choice("to", words, "the domain of the results");
            Results results;
            for (const NamedPicture& p : in.pictures) {
              const Tensor x = as_input(p.picture, facts);
              for (int64_t k = 0; k < s.domains.count(); ++k) {
                const std::string& name = s.domains.names()[size_t(k)];
                if (to != "all" && to != name) continue;
                Tensors made;
                for (int64_t i = 0; i < in.n; ++i) made.push_back(s.drawn(x, s.domains.row(1, k)));
                results.add(to == "all" ? p.name + "-" + name : p.name, concat(made, 0));
              }
            }
            return results.take();
          }, true};
}

Task style_task(const Config& c, const Styling& s) {
  std::string names;
  for (const std::string& n : s.domains.names()) names += (names.empty() ? "" : ", ") + n;
  return {"style", "STYLE PICTURE...", "every picture in the style of the first, which is of the domain to=NAME (" + names + "); cut to the model's size", 2, 1 << 20, [=, facts = c.data](const TaskInput& in) {
            const int64_t domain = s.domains.number("to", in.settings.words("to", "", "the domain of the first picture and of the results: " + names));
            const Tensor style = s.by.encode(as_input(in.pictures[0].picture, facts), s.domains.row(1, domain));
            Results results;
            for (size_t i = 1; i < in.pictures.size(); ++i) results.add(in.pictures[i].name, s.by.map(as_input(in.pictures[i].picture, facts), style));
            return results.take();
          }};
}

// ---- measures

// All attributes that the data know, those that tell domains as the first group.
Attributes judged_attributes(const Config& c, const Domains& d) {
  const Attributes& own = d.attributes();
  std::string list = own.groups()[0].name;
  std::vector<std::string> known = c.data.attributes;
  if (known.empty()) {
    for (int64_t i = 0; i < c.data.classes; ++i) known.push_back(text("class", i));
    return Attributes(list, known);
  }
  for (const std::string& name : known)
    if (std::find(own.names().begin(), own.names().end(), name) == own.names().end()) list += "," + name;
  return Attributes(list, known);
}

// What the classifier says of pictures in others' styles.
struct Restyled {
  double right = 0, asked = 0;          // of the domain of the style, where it is another than the picture's
  std::vector<double> taken, differ;    // of each attribute: as in the picture whose style it is, where the two differ
};

std::vector<Measure> classified_measures(const Config& c, const Styling& s) {
  const Attributes judged = judged_attributes(c, s.domains);
  const auto classifier = AttributeClassifier::when_asked(c.data, judged);
  const int64_t own = s.domains.attributes().count();
  // [n], 1 where the classifier finds the domain.
  const auto finds = [=](const AttributeClassifier::Verdict& v, const Tensor& domain) { return sum(s.domains.attributes().coded(slice(v.attributes, 1, 0, own)) * cast(domain, DType::f32), {1}); };
  const auto restyled = [=](const Evaluation& e) -> const Restyled& {
    return e.once<Restyled>("restyled", [&] {
      Restyled r{0, 0, std::vector<double>(judged.groups().size()), std::vector<double>(judged.groups().size())};
      e.each_batch([&](const Batch& b) {
        const Tensor y = cast(s.domains.of(b), DType::f32), to = roll(y, 1), has = cast(judged.of(b), DType::f32), shown = roll(has, 1);
        const auto verdict = classifier().judge(s.restyled(b));
        const Tensor other = 1.0 - sum(y * to, {1});
        r.right += added(finds(verdict, to) * other), r.asked += added(other);
        const Tensor as_shown = judged.alike(verdict.attributes, shown), differ = 1.0 - judged.alike(has, shown);
        for (size_t g = 0; g < r.differ.size(); ++g) {
          const Tensor here = slice(differ, 1, int64_t(g), int64_t(g) + 1);
          r.taken[g] += added(here * slice(as_shown, 1, int64_t(g), int64_t(g) + 1)), r.differ[g] += added(here);
        }
      });
      return r;
    });
  };
  std::vector<Measure> all;
  all.push_back({"domain", "share of test pictures brought to another domain in a random style in which a classifier that was trained apart finds that domain; 1 is best", [=](const Evaluation& e) {
                   double right = 0, asked = 0;
                   e.each_batch([&](const Batch& b) {
                     const Tensor y = cast(s.domains.of(b), DType::f32);
                     for (int64_t k = 0; k < s.domains.count(); ++k) {
                       const Tensor to = s.domains.row(b.size, k), other = 1.0 - sum(y * cast(to, DType::f32), {1});
                       right += added(finds(classifier().judge(s.drawn(b.image(), to)), to) * other), asked += added(other);
                     }
                   });
                   return share(right, asked);
                 }});
  all.push_back({"domain_style", "the same of pictures in the style of the test picture before them, where that is of another domain", [=](const Evaluation& e) { return share(restyled(e).right, restyled(e).asked); }});
  if (judged.groups().size() > 1)
    all.push_back({"taken", "share of the other attributes, where a picture and that whose style it is given differ, in which the result is like the latter; 0: all kept, 1: all taken", [=](const Evaluation& e) {
                     double taken = 0, differ = 0;
                     for (size_t g = 1; g < restyled(e).differ.size(); ++g) taken += restyled(e).taken[g], differ += restyled(e).differ[g];
                     return share(taken, differ);
                   }});
  for (size_t g = 1; g < judged.groups().size(); ++g)
    all.push_back({"taken-" + judged.groups()[g].name, "the same of " + judged.groups()[g].name + " alone", [=](const Evaluation& e) { return share(restyled(e).taken[g], restyled(e).differ[g]); }});
  all.push_back({"classifier", "share of test pictures whose own domain the classifier finds: what a perfect model would get", [=](const Evaluation& e) {
                   double right = 0, of = 0;
                   e.each_batch([&](const Batch& b) { right += added(finds(classifier().judge(b.image()), s.domains.of(b))), of += double(b.size); });
                   return share(right, of);
                 }});
  return all;
}

Tensor mean_colours(const Tensor& x) { return mean(cast(x, DType::f32), {1, 2}); }
// Sum over pictures of the distance between mean colours.
double colours_apart(const Tensor& a, const Tensor& b) { return added(norm(mean_colours(a) - mean_colours(b), {1})); }

// The mean distance between the mean colours of two test pictures of a batch and a domain.
double real_colours_apart(const Evaluation& e, const Domains& d) {
  return e.once<double>("real colours", [&] {
    double sum_of = 0, pairs = 0;
    e.each_batch([&](const Batch& b) {
      const Tensor colours = mean_colours(b.image()), y = cast(d.of(b), DType::f32);
      for (int64_t k = 1; k < b.size; ++k) {
        const Tensor same = sum(y * roll(y, k), {1});
        sum_of += added(norm(colours - roll(colours, k), {1}) * same), pairs += added(same);
      }
    });
    return share(sum_of, pairs);
  });
}

// Mean over test pictures and domains of f(picture, one random result, another), which is a sum over pictures.
double over_pairs(const Evaluation& e, const Styling& s, const std::function<double(const Tensor& x, const Tensor& one, const Tensor& other)>& f) {
  double sum_of = 0, n = 0;
  e.each_batch([&](const Batch& b) {
    for (int64_t k = 0; k < s.domains.count(); ++k) {
      const Tensor to = s.domains.row(b.size, k), one = s.drawn(b.image(), to);
      sum_of += f(b.image(), one, s.drawn(b.image(), to)), n += double(b.size);
    }
  });
  return share(sum_of, n);
}

std::vector<Measure> measures_of(const Config& c, const Styling& s) {
  std::vector<Measure> all = classified_measures(c, s);
  all.push_back({"style_colour", "mean distance between the mean colours of a result and of the picture whose style it is in, over that of two test pictures of a domain; 0 is best, 1: nothing is taken", [=](const Evaluation& e) {
                   double apart = 0, n = 0;
                   e.each_batch([&](const Batch& b) { apart += colours_apart(s.restyled(b), roll(b.image(), 1)), n += double(b.size); });
                   return share(apart, n) / real_colours_apart(e, s.domains);
                 }});
  all.push_back({"colour_diversity", "mean distance between the mean colours of two random results of a picture in a domain, over that of two test pictures of a domain; 1: as varied", [=](const Evaluation& e) {
                   return over_pairs(e, s, [](const Tensor&, const Tensor& one, const Tensor& other) { return colours_apart(one, other); }) / real_colours_apart(e, s.domains);
                 }});
  all.push_back({"diversity", "mean |one random result - another| of a picture in a domain, pixels in [-1, 1]", [=](const Evaluation& e) {
                   return over_pairs(e, s, [](const Tensor&, const Tensor& one, const Tensor& other) { return added(mean(abs(one - other), {1, 2, 3})); });
                 }});
  Measure perceptual{"lpips_diversity", "LPIPS of the same pairs (the paper's measure); needs --features with weights of LPIPS", [=](const Evaluation& e) {
    return e.lpips ? over_pairs(e, s, [&](const Tensor&, const Tensor& one, const Tensor& other) { return e.lpips(one, other) * double(one.dim(0)); }) : std::nan("");
  }};
  perceptual.perceives = true;
  all.push_back(perceptual);
  all.push_back({"moved", "mean distance between the middles of what stands out from the ground in a picture and in a random result, in sides (1 where nothing does); 0 is best; for pictures of one thing", [=](const Evaluation& e) {
                   return over_pairs(e, s, [](const Tensor& x, const Tensor& one, const Tensor&) { return moved(x, one); });
                 }});
  all.push_back(mean_measure("cycle", "mean |x - a random result in the domain of the picture before it, brought back in x's style|, pixels in [-1, 1]; 0 is best", [=](const Batch& b) {
    const Tensor y = s.domains.of(b), back = s.by.map(s.drawn(b.image(), roll(y, 1)), s.by.encode(b.image(), y));
    return mean(abs(back - b.image())).item();
  }));
  all.push_back({"style_error", "mean |style read off a random result - the style it was given|, over that of two random styles of a domain; 0 is best", [=](const Evaluation& e) {
                   double error = 0, apart = 0;
                   e.each_batch([&](const Batch& b) {
                     const Tensor to = roll(s.domains.of(b), 1), style = s.by.draw(s.code(b.size), to), other = s.by.draw(s.code(b.size), to);
                     error += added(abs(s.by.encode(s.by.map(b.image(), style), to) - style)), apart += added(abs(other - style));
                   });
                   return share(error, apart);
                 }});
  return all;
}

}  // namespace

void add_domain_style_uses(Recipe& r, const Config& c, const Domains& domains, const DomainStyler& styler) {
  const Styling s{domains, styler};
  r.sample = [=](int64_t n, const Batch& b) { return s.drawn(b.image().rows(0, n), roll(domains.of(b), 1).rows(0, n)); };
  r.columns = [=](const Batch& b) {
    const Tensor x = b.image();
    std::vector<Column> columns{{"picture", x}};
    for (int64_t k = 0; k < domains.count(); ++k) {
      const Tensor to = domains.row(b.size, k), code = s.code(1);   // one style down a column
      columns.push_back({domains.names()[size_t(k)], styler.map(x, styler.draw(broadcast_to(code, Shape{b.size, styler.latent}), to))});
    }
    columns.push_back({"style", roll(x, 1)});
    columns.push_back({"in it", s.restyled(b)});
    return columns;
  };
  r.tasks.push_back(restyle_task(c, s));
  r.tasks.push_back(style_task(c, s));
  const int64_t channels = c.data.channels;
  const PictureMap::Vector z{"z", styler.latent}, domain{"domain", domains.count()}, style{"style", styler.style};
  r.maps.push_back({"translate", "the pictures in the style of this z and domain, a row of 0 and 1", [=](const Tensor& x, const Tensors& v) { return styler.map(x, styler.draw(v[0], v[1])); }, channels, styler.unit, {z, domain}});
  r.maps.push_back({"encode", text("their styles [n, ", styler.style, "]"), [=](const Tensor& x, const Tensors& v) { return styler.encode(x, v[0]); }, channels, styler.size, {domain}});
  r.maps.push_back({"style", "the pictures in this style", [=](const Tensor& x, const Tensors& v) { return styler.map(x, v[0]); }, channels, styler.unit, {style}});
  for (Measure& m : measures_of(c, s)) r.measures.push_back(std::move(m));
}

}  // namespace ganymede
