#include "gan/uses/object_uses.h"

#include <cmath>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/uses/attribute_classifier.h"
#include "gan/uses/attribute_uses.h"
#include "gan/uses/latent_tasks.h"
#include "gan/uses/translate.h"

namespace ganymede {
namespace {

constexpr int kAmounts = 4;   // amounts of an object that `steady` looks at

// Sum over pixels where `region` [n, H, W, 1] is 0 of |x - y|, all channels, and their number.
std::pair<double, double> outside(const Tensor& x, const Tensor& y, const Tensor& region) {
  const Tensor beyond = 1.0 - region;
  return {sum(abs(x - y) * beyond).item(), sum(beyond).item() * double(x.dim(3))};
}

std::vector<Measure> object_measures(const Config& c, const ObjectMover& m) {
  const auto swapped = [=](const Tensor& a, const Tensor& b) {
    const ObjectCode x = m.split(a), e = m.split(b);
    return std::pair{m.join(e.background, x.object), m.join(x.background, m.none(x))};
  };
  std::vector<Measure> all;
  all.push_back({"null", "mean |object's part of pictures without one| over that of pictures with one; 0 is best", [=](const Evaluation& e) {
                   double null = 0, full = 0;
                   e.each_batch([&](const Batch& b) { null += sum(abs(m.split(b["b"]).object)).item(), full += sum(abs(m.split(b["a"]).object)).item(); });
                   return full > 0 ? null / full : std::nan("");
                 }});
  all.push_back({"null-shown", "mean |what the object's part of a picture without one makes of it|, next to decoding none, over that of the object of another; 0 is best", [=](const Evaluation& e) {
                   double null = 0, full = 0;
                   e.each_batch([&](const Batch& b) {
                     const ObjectCode x = m.split(b["a"]), own = m.split(b["b"]);
                     const Tensor bare = m.join(own.background, zeros_like(own.object));
                     null += sum(abs(m.join(own.background, own.object) - bare)).item(), full += sum(abs(m.join(own.background, x.object) - bare)).item();
                   });
                   return full > 0 ? null / full : std::nan("");
                 }});
  all.push_back(mean_measure("swapped-back", "mean |x - the picture after its object was given to another one and taken back|, both pictures, pixels in [-1, 1]; 0 is best", [=](const Batch& b) {
    const auto [given, taken] = swapped(b["a"], b["b"]);
    const auto [back, bare] = swapped(given, taken);
    return 0.5 * (mean(abs(back - b["a"])).item() + mean(abs(bare - b["b"])).item());
  }));
  all.push_back(mean_measure("steady", "share of steps from no object to all of it, a quarter each, in which the picture moves on from what it is without; 1 is best", [=](const Batch& b) {
    const ObjectCode x = m.split(b["a"]), e = m.split(b["b"]);
    const Tensor none = m.none(e), bare = m.join(e.background, none);
    Tensor before = zeros({b.size}), rising = zeros({b.size});
    for (int i = 1; i <= kAmounts; ++i) {
      const double part = double(i) / kAmounts;
      const Tensor far = cast(mean(abs(m.join(e.background, (1 - part) * none + part * x.object) - bare), {1, 2, 3}), DType::f32);
      rising = rising + greater(far, before), before = far;
    }
    return sum(rising).item() / (kAmounts * double(b.size));
  }));
  const bool sides = c.data.attributes.size() == 1;
  if (sides && c.data.classes > 1)
    all.push_back({"carried", "share of pictures that were given an object in which a classifier that was trained apart finds the class of the picture that it is from; 1 is best",
                   [=, facts = c.data](const Evaluation& e) {
                     const AttributeClassifier classifier = AttributeClassifier::of(facts, Attributes(facts.attributes[0], facts.attributes));
                     double right = 0, of = 0;
                     e.each_batch([&](const Batch& b) {
                       const auto verdict = classifier.judge(swapped(b["a"], b["b"]).first);
                       right += sum(equal(cast(verdict.labels, DType::f32), cast(b["label_a"], DType::f32))).item(), of += double(b.size);
                     });
                     require(of > 0, "nothing to measure: the test split is empty");
                     return right / of;
                   }});
  if (sides)
    all.push_back({"outside", "mean |change| where no object is or was, in pictures that were given one and in those that it was taken from, pixels in [-1, 1]; 0 is best; of data that say where", [=, name = c.data.attributes[0]](const Evaluation& e) {
                     double change = 0, of = 0;
                     e.each_batch([&](const Batch& b) {
                       const auto place = b.fields.find(name + "_a");
                       if (place == b.fields.end()) return;
                       const auto [given, taken] = swapped(b["a"], b["b"]);
                       for (const auto& [x, y] : {std::pair{given, b["b"]}, std::pair{taken, b["a"]}}) {
                         const auto [sum_of, count] = outside(x, y, place->second);
                         change += sum_of, of += count;
                       }
                     });
                     return of > 0 ? change / of : std::nan("");
                   }});
  return all;
}

// Rows of x by the number that f gives for each, on the host.
Tensor chosen(const Tensor& x, const std::vector<int64_t>& rows) {
  const Shape each{x.dim(0), x.count() / x.dim(0)};
  const Tensor of = gather_rows(reshape(x, each), tensor(rows, Shape{int64_t(rows.size())}, x.device()));
  return reshape(of, Shape{int64_t(rows.size()), x.dim(1), x.dim(2), x.dim(3)});
}

// An editor by attribute: a picture that is to have the object and has none gets that of the next one in its batch that has, or of the example.
Editor editor_of(const ObjectMover& m) {
  return {.edit = [=](const Tensor& x, const Tensor& from, const Tensor& to) {
            const ObjectCode code = m.split(x);
            const auto has = from.to_floats();
            const int64_t n = x.dim(0);
            std::vector<int64_t> giver(size_t(n), n);
            for (int64_t i = 0; i < n; ++i)
              for (int64_t k = 0; k < n && giver[size_t(i)] == n; ++k)
                if (has[size_t((i + k) % n)] > 0.5) giver[size_t(i)] = (i + k) % n;
            const Tensor objects = chosen(concat({code.object, m.split(m.example).object}, 0), giver), none = m.none(code);
            const Tensor amount = reshape(cast(to, none.dtype()), Shape{n, 1, 1, 1});
            return m.join(code.background, none + amount * (objects - none));
          },
          .undone = false, .on_device = false};
}

Task swap_task(const Config& c, const ObjectMover& m) {
  return {"swap", "WITH WITHOUT...", "the object of the first picture given to each of the others, and the first one without it; amount=0.5: half of it", 2, 1 << 20, [=, facts = c.data](const TaskInput& in) {
            const double amount = in.settings.number("amount", 1, "1: as it is, 0: none of it, between and beyond: less or more", -100, 100);
            const ObjectCode x = m.split(as_input(in.pictures[0].picture, facts));
            Results results;
            results.add(in.pictures[0].name, m.join(x.background, m.none(x)));
            for (size_t i = 1; i < in.pictures.size(); ++i) {
              const ObjectCode e = m.split(as_input(in.pictures[i].picture, facts));
              const Tensor none = m.none(e);
              results.add(in.pictures[i].name, m.join(e.background, none + amount * (x.object - none)));
            }
            return results.take();
          }};
}

// A row of pictures from one object to another, or a square of four.
Task blend_task(const Config& c, const ObjectMover& m) {
  return {"blend", "WITHOUT WITH WITH [WITH WITH]", "the first picture with blends of the objects of two others, in a row, or of four others, which are the corners of a square", 3, 5, [=, facts = c.data](const TaskInput& in) {
            if (in.pictures.size() == 4) throw UsageError("task blend: 4 pictures; it takes one without the object and two or four with it");
            const int64_t steps = in.settings.integer("steps", 6, "pictures along a side", 2, 32);
            const Tensor background = m.split(as_input(in.pictures[0].picture, facts)).background;
            Tensors objects;
            for (size_t i = 1; i < in.pictures.size(); ++i) objects.push_back(m.split(as_input(in.pictures[i].picture, facts)).object);
            const auto between = [](const Tensor& x, const Tensor& y, double t) { return (1 - t) * x + t * y; };
            Tensors rows;
            for (int64_t v = 0; v < (objects.size() == 2 ? 1 : steps); ++v) {
              const double down = double(v) / double(steps - 1);
              const Tensor left = objects.size() == 2 ? objects[0] : between(objects[0], objects[2], down), right = objects.size() == 2 ? objects[1] : between(objects[1], objects[3], down);
              Tensors row;
              for (int64_t u = 0; u < steps; ++u) row.push_back(m.join(background, between(left, right, double(u) / double(steps - 1))));
              rows.push_back(concat(row, 2));
            }
            Results results;
            results.add(in.pictures[0].name, rows.size() == 1 ? rows[0] : concat(rows, 1));
            return results.take();
          }};
}

}  // namespace

void add_object_uses(Recipe& r, const Config& c, const ObjectMover& m) {
  r.maps.push_back(picture_map("remove", "the pictures without their object", [=](const Tensor& x) {
    const ObjectCode code = m.split(x);
    return m.join(code.background, m.none(code));
  }, c.data.channels));
  if (c.data.attributes.size() == 1) add_attribute_uses(r, c, Attributes(c.data.attributes[0], c.data.attributes), editor_of(m));
  r.sample = [=](int64_t n, const Batch& b) { return m.join(m.split(b["b"].rows(0, n)).background, m.split(b["a"].rows(0, n)).object); };
  r.columns = [=](const Batch& b) {
    const ObjectCode x = m.split(b["a"]), e = m.split(b["b"]);
    const Tensor none = m.none(e);
    return std::vector<Column>{{"Ax", b["a"]}, {"Be", b["b"]}, {"Ax again", m.join(x.background, x.object)}, {"Be again", m.join(e.background, none)}, {"Ae", m.join(x.background, m.none(x))},
                               {"B, half of x", m.join(e.background, none + 0.5 * (x.object - none))}, {"Bx", m.join(e.background, x.object)}};
  };
  r.tasks.push_back(swap_task(c, m));
  r.tasks.push_back(blend_task(c, m));
  for (Measure& measure : object_measures(c, m)) r.measures.push_back(std::move(measure));
}

}  // namespace ganymede
