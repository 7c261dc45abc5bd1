#include "gan/uses/attribute_uses.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/uses/attribute_classifier.h"
#include "gan/uses/latent_tasks.h"
#include "gan/uses/outstanding.h"
#include "gan/uses/translate.h"

namespace ganymede {
namespace {

// Shares of right verdicts on edited pictures, counted by group of attributes.
struct Tally {
  std::vector<double> right, asked;      // edits of a group that the classifier finds
  double kept = 0, others = 0;           // groups that no edit was to change, and those of them that are as they were
  double same_class = 0, pictures = 0;   // edited pictures, and those of the class of the original
};

double total(const Tensor& x) { return sum(x).item(); }

Tally judged_edits(const Evaluation& e, const Attributes& a, const Editor& editor, const AttributeClassifier& classifier) {
  const size_t groups = a.groups().size();
  Tally t{std::vector<double>(groups), std::vector<double>(groups)};
  e.each_batch([&](const Batch& b) {
    const Tensor x = b.image(), y = cast(a.of(b), DType::f32);
    for (const Attributes::Edit& change : a.edits()) {
      const Tensor wanted = a.edited(y, change);
      const auto verdict = classifier.judge(editor.edit(x, y, wanted));
      const Tensor right = a.alike(verdict.attributes, wanted), changed = 1.0 - a.alike(y, wanted);   // red to red is no change
      const Tensor now = slice(changed, 1, int64_t(change.group), int64_t(change.group) + 1);         // [n, 1]
      const double n = total(now);
      t.right[change.group] += total(slice(right, 1, int64_t(change.group), int64_t(change.group) + 1) * now), t.asked[change.group] += n;
      t.kept += total(right * (1.0 - changed) * now), t.others += n * double(groups - 1);
      if (verdict.labels) t.same_class += total(equal(cast(verdict.labels, DType::f32), cast(b["label"], DType::f32)) * reshape(now, Shape{b.size}));
      t.pictures += n;
    }
  });
  require(t.pictures > 0, "nothing to measure: the test split is empty");
  return t;
}

std::vector<Measure> edit_measures(const Config& c, const Attributes& a, const Editor& editor) {
  const auto classifier = AttributeClassifier::when_asked(c.data, a);
  const auto tallied = [=](const Evaluation& e) -> const Tally& { return e.once<Tally>("edits", [&] { return judged_edits(e, a, editor, classifier()); }); };
  const auto share = [](double right, double of) { return of > 0 ? right / of : std::nan(""); };
  std::vector<Measure> all;
  all.push_back({"edited", "share of edited test pictures, each change of one attribute in turn, in which a classifier that was trained apart finds the change; 1 is best", [=](const Evaluation& e) {
                   const Tally& t = tallied(e);
                   double right = 0, asked = 0;
                   for (size_t g = 0; g < t.right.size(); ++g) right += t.right[g], asked += t.asked[g];
                   return share(right, asked);
                 }});
  if (a.groups().size() > 1) {
    for (size_t g = 0; g < a.groups().size(); ++g)
      all.push_back({"edited-" + a.groups()[g].name, "the same of changes of " + a.groups()[g].name + " alone", [=](const Evaluation& e) {
                       const Tally& t = tallied(e);
                       return share(t.right[g], t.asked[g]);
                     }});
    all.push_back({"kept", "share of the other attributes of these pictures that the classifier finds as they were; 1 is best", [=](const Evaluation& e) {
                     const Tally& t = tallied(e);
                     return share(t.kept, t.others);
                   }});
  }
  if (c.data.classes > 1 && !c.data.attributes.empty())
    all.push_back({"kept-class", "share of these pictures that the classifier gives the class of the original; 1 is best", [=](const Evaluation& e) {
                     const Tally& t = tallied(e);
                     return share(t.same_class, t.pictures);
                   }});
  all.push_back({"moved", "mean distance between the middles of what stands out from the ground in a picture and in the edited one, in sides (1 where nothing does); 0 is best; for pictures of one thing", [=](const Evaluation& e) {
                   double sum = 0, n = 0;
                   e.each_batch([&](const Batch& b) {
                     const Tensor x = b.image(), y = a.of(b);
                     for (const Attributes::Edit& change : a.edits()) sum += moved(x, editor.edit(x, y, a.edited(y, change))), n += double(b.size);
                   });
                   return share(sum, n);
                 }});
  all.push_back({"classifier", "share of attributes that the classifier finds in the test pictures themselves: what a perfect model would get", [=](const Evaluation& e) {
                   double right = 0, of = 0;
                   e.each_batch([&](const Batch& b) {
                     right += total(a.alike(classifier().judge(b.image()).attributes, cast(a.of(b), DType::f32))), of += double(b.size) * double(a.groups().size());
                   });
                   return share(right, of);
                 }});
  const auto l1 = [](const Tensor& x, const Tensor& y) { return mean(abs(x - y)).item(); };
  if (editor.undone) all.push_back(mean_measure("cycle", "mean |x - the edited picture edited back|, pixels in [-1, 1]; 0 is best", [=](const Batch& b) {
    const Tensor y = a.of(b);
    double sum = 0;
    for (const Attributes::Edit& change : a.edits()) {
      const Tensor to = a.edited(y, change);
      sum += l1(editor.edit(editor.edit(b.image(), y, to), to, y), b.image());
    }
    return sum / double(a.edits().size());
  }));
  all.push_back(mean_measure("same", "mean |x - x edited to the attributes that it has|, pixels in [-1, 1]; 0 is best", [=](const Batch& b) { return l1(editor.edit(b.image(), a.of(b), a.of(b)), b.image()); }));
  return all;
}

// The value of an attribute as a setting: a number, or "" where it is to stay.
std::optional<double> value_set(const Config& settings, const std::string& name) {
  const std::string given = settings.words(name, "", "1: has it, 0: has it not, between and beyond: more or less of it; as it is if nothing is said");
  if (given.empty()) return {};
  size_t end = 0;
  double value = 0;
  try {
    value = std::stod(given, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  if (end != given.size() || !(std::abs(value) <= 100)) throw UsageError("setting " + name + "=" + given + ": it must be a number from -100 to 100; 1 has the attribute, 0 has it not");
  return value;
}

Task edit_task(const Config& c, const Attributes& a, const Editor& editor) {
  const auto run = [=, facts = c.data](const TaskInput& in) {
    std::vector<double> keep(size_t(a.count()), 1.0), add(size_t(a.count()), 0.0);
    std::string unsaid;
    for (const Attributes::Group& g : a.groups()) {
      bool said = false;
      for (int64_t k = g.first; k < g.first + g.count; ++k) {
        const auto value = value_set(in.settings, a.names()[size_t(k)]);
        if (!value) continue;
        // Of an exclusive group all are said by one.
        if (!said) std::fill_n(keep.begin() + g.first, g.count, 0.0);
        said = true, add[size_t(k)] = *value;
      }
      if (!said) unsaid += (unsaid.empty() ? "" : ", ") + g.name;
    }
    if (!editor.seen && !unsaid.empty()) throw UsageError("task edit: this model does not see what a picture has, so each attribute must be set; missing: " + unsaid);
    Results results;
    for (const NamedPicture& p : in.pictures) {
      const Tensor x = as_input(p.picture, facts);
      const Shape row{1, a.count()};
      const auto constant = [&](const std::vector<double>& v) { return tensor(v, row, x.dtype(), x.device()); };
      const Tensor from = editor.seen ? a.decided(editor.seen(x)) : constant(std::vector<double>(add.size(), 0.0));
      results.add(p.name, editor.edit(x, from, from * constant(keep) + constant(add)));
    }
    return results.take();
  };
  std::string names;
  for (const std::string& n : a.names()) names += (names.empty() ? "" : ", ") + n;
  return {"edit", "PICTURE...", "the pictures, cut to the model's size, with attributes set by name, as in --set " + a.names()[0] + "=1 (of " + names + ")", 1, 1 << 20, run};
}

}  // namespace

void add_attribute_uses(Recipe& r, const Config& c, const Attributes& a, const Editor& editor) {
  r.sample = [=](int64_t n, const Batch& b) {
    const Tensor y = a.of(b).rows(0, n);
    return editor.edit(b.image().rows(0, n), y, roll(y, 1, 0));
  };
  r.columns = [=](const Batch& b) {
    const Tensor y = a.of(b);
    std::vector<Column> columns{{"picture", b.image()}, {"as it is", editor.edit(b.image(), y, y)}};
    for (const Attributes::Edit& change : a.edits()) columns.push_back({change.name, editor.edit(b.image(), y, a.edited(y, change))});
    return columns;
  };
  r.tasks.push_back(edit_task(c, a, editor));
  if (editor.on_device) r.maps.push_back({"edit", "the pictures, which have the attributes `from`, with those of `to`", [=](const Tensor& x, const Tensors& v) { return editor.edit(x, v[0], v[1]); }, c.data.channels, 1, {{"from", a.count()}, {"to", a.count()}}});
  for (Measure& m : edit_measures(c, a, editor)) r.measures.push_back(std::move(m));
}

}  // namespace ganymede
