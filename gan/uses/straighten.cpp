#include "gan/uses/straighten.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numbers>

#include "engine/check.h"
#include "engine/ops.h"
#include "gan/losses/classes.h"
#include "gan/uses/translate.h"

namespace ganymede {
namespace {

constexpr double kDegrees = 180 / std::numbers::pi;

// Pictures of any size as the network takes them: enlarged or reduced to its canvas.
Tensor on_canvas(const Straightener& s, const Tensor& x) {
  const int64_t side = s.distort.canvas();
  return x.dim(1) == side && x.dim(2) == side ? x : resize(x, side, side, Interpolation::linear, false, true);
}

Task straighten_task(const Straightener& s, bool align_corners) {
  return {"straighten", "PICTURE...", "what the classifier sees of each picture and, in JSON, the class that it names, by number, how sure it is, and how far clockwise the picture was turned for that", 1, 1 << 20, [=](const TaskInput& in) {
            Results results;
            nlohmann::ordered_json table = nlohmann::ordered_json::array();
            for (const NamedPicture& p : in.pictures) {
              const Straightened y = s.look(on_canvas(s, network_input(p, "picture", s.channels)));
              results.add(p.name, y.pictures);
              const auto sure = softmax(cast(y.logits, DType::f32)).to_doubles();
              const auto found = std::max_element(sure.begin(), sure.end());
              nlohmann::ordered_json row{{"picture", p.name}, {"class", found - sure.begin()}, {"probability", *found}};
              if (y.places) row["turned"] = turn_of(linear_parts(y.places, align_corners).data()), row["theta"] = y.theta.to_doubles();
              table.push_back(row);
            }
            auto all = results.take();
            all.push_back({.name = "straightened", .json = table.dump(2)});
            return all;
          }};
}

// Degrees by which the distorted test pictures are turned, before and behind the transformer.
struct Turns {
  std::vector<double> applied, left;
  std::vector<int64_t> labels;
};
Turns turns_of(const Evaluation& e, const Straightener& s, bool align_corners) {
  Turns t;
  e.each_batch([&](const Batch& b) {
    const Distorted x = s.distort(b.image());
    const auto applied = linear_parts(x.places, align_corners);
    const Straightened y = s.look(x.pictures);
    const auto then = y.places ? linear_parts(y.places, align_corners) : std::vector<double>{};
    for (size_t i = 0; i < applied.size(); i += 4) {
      const double* d = &applied[i];
      t.applied.push_back(turn_of(d));
      if (then.empty()) {
        t.left.push_back(t.applied.back());
        continue;
      }
      const double* a = &then[i];   // the distortion's map of where the transformer looks
      const double both[] = {d[0] * a[0] + d[1] * a[2], d[0] * a[1] + d[1] * a[3], d[2] * a[0] + d[3] * a[2], d[2] * a[1] + d[3] * a[3]};
      t.left.push_back(turn_of(both));
    }
    const auto labels = b["label"].to_integers();
    t.labels.insert(t.labels.end(), labels.begin(), labels.end());
  });
  return t;
}

double spread_by_class(const Turns& t) {
  std::map<int64_t, std::vector<double>> by_class;
  for (size_t i = 0; i < t.left.size(); ++i) by_class[t.labels[i]].push_back(t.left[i]);
  double sum = 0;
  for (const auto& [label, turns] : by_class) sum += spread_of(turns) * double(turns.size());
  return sum / double(t.left.size());
}

}  // namespace

// Places of pixels are symmetric about 0 along both axes, so each slope is a mean of products over one of squares.
std::vector<double> linear_parts(const Tensor& places, bool align_corners) {
  const int64_t n = places.dim(0), h = places.dim(1), w = places.dim(2);
  const Tensor at = cast(places.constant(), DType::f32), grid = identity_grid(h, w, align_corners, DType::f32, places.device());
  const Tensor from = reshape(grid, Shape{1, h * w, 2}), to = reshape(at, Shape{n, h * w, 2});
  return reshape(matmul(to, from, true) / clamp(sum(square(from), {1}, true), 1e-12, 1e30), Shape{n, 4}).to_doubles();
}

// A result that reads at places turned one way shows a picture turned the other way.
double turn_of(const double* m) { return -std::atan2(m[2] - m[1], m[0] + m[3]) * kDegrees; }

double spread_of(const std::vector<double>& degrees) {
  double x = 0, y = 0, sum = 0;
  for (const double d : degrees) x += std::cos(d / kDegrees), y += std::sin(d / kDegrees);
  const double common = std::atan2(y, x) * kDegrees;
  for (const double d : degrees) sum += std::abs(std::remainder(d - common, 360.0));
  return sum / double(degrees.size());
}

void add_straightening_uses(Recipe& r, const Straightener& s, bool align_corners) {
  const bool transforms = s.transform != "none";
  r.sample = [=](int64_t n, const Batch& b) { return s.look(s.distort(b.image().rows(0, n)).pictures).pictures; };
  r.columns = [=](const Batch& b) -> std::vector<Column> {
    const Tensor x = s.distort(b.image()).pictures;
    std::vector<Column> all{{"picture", b.image()}, {"distorted", x}};
    if (transforms) all.push_back({"straight", s.look(x).pictures});
    return all;
  };
  r.tasks.push_back(straighten_task(s, align_corners));
  if (transforms) r.maps.push_back(picture_map("straighten", "what the classifier sees of the pictures", [=](const Tensor& x) { return s.look(on_canvas(s, x)).pictures; }, s.channels));
  r.measures.push_back(mean_measure("error", "share of distorted pictures whose class is not found; 0 is best", [=](const Batch& b) {
    return 1 - class_accuracy(s.look(s.distort(b.image()).pictures).logits, b["label"]).item();
  }));
  const auto turned = [&](const std::string& name, const std::string& what, const std::function<double(const Turns&)>& value) {
    r.measures.push_back({name, what, [=](const Evaluation& e) { return value(turns_of(e, s, align_corners)); }});
  };
  turned("rotation_applied", "how far distorted pictures are turned from their common angle, mean of degrees", [](const Turns& t) { return spread_of(t.applied); });
  turned("rotation_left", "the same of what the classifier sees, 0 where all are turned alike", [](const Turns& t) { return spread_of(t.left); });
  turned("rotation_left_by_class", "the same from the common angle of each class", spread_by_class);
  if (!transforms) return;
  r.measures.push_back(mean_measure("outside", "share of what the classifier sees that lies beyond the picture, 0 to 1", [=](const Batch& b) {
    const Tensor at = abs(s.look(s.distort(b.image()).pictures).places);
    return mean(greater(max(at, {3}), full({1}, 1, at.dtype(), at.device()))).item();
  }));
}

}  // namespace ganymede
