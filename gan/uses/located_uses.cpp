#include "gan/uses/located_uses.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/grid.h"
#include "gan/metrics/correlation.h"
#include "gan/parts/rows.h"
#include "gan/pictures.h"
#include "gan/uses/captions.h"
#include "gan/uses/outstanding.h"

namespace ganymede {
namespace {

// ---- Measures

// What stands out in a picture, and a box.
struct Overlap {
  double inside = 0, of_union = 0;   // of the pixels that stand out, the share in the box; and of those and the box's
};
Overlap overlap_of(const std::vector<bool>& mask, const Box& box, int64_t side) {
  double both = 0, seen = 0, boxed = 0;
  for (size_t k = 0; k < mask.size(); ++k) {
    const double x = (double(int64_t(k) % side) + 0.5) / double(side), y = (double(int64_t(k) / side) + 0.5) / double(side);
    const bool in = x >= box.left && x < box.right && y >= box.top && y < box.bottom;
    both += mask[k] && in, seen += mask[k], boxed += in;
  }
  return seen > 0 ? Overlap{both / seen, both / (seen + boxed - both)} : Overlap{};
}

double median(std::vector<double> v) {
  if (v.empty()) return std::nan("");
  std::nth_element(v.begin(), v.begin() + int64_t(v.size() / 2), v.end());
  return v[v.size() / 2];
}

// The overlap of each picture with its sample's box.
std::vector<Overlap> overlaps(const Evaluation& e, const Location& by_box, const std::function<Tensor(const Batch&)>& pictures) {
  std::vector<Overlap> all;
  e.each_batch([&](const Batch& b) {
    const Tensor x = pictures(b);
    const std::vector<Box> boxes = by_box.boxes(by_box.of(b));
    for (int64_t i = 0; i < b.size; ++i) all.push_back(overlap_of(what_stands_out(x, i), boxes[size_t(i)], x.dim(2)));
  });
  return all;
}

// The middle of what stands out in picture i, in shares of the sides.
std::optional<std::array<double, 2>> middle(const Tensor& x, int64_t i) {
  const auto at = middle_of(what_stands_out(x, i), x.dim(2));
  if (!at) return {};
  return std::array{((*at)[0] + 0.5) / double(x.dim(2)), ((*at)[1] + 0.5) / double(x.dim(1))};
}

// How what is drawn moves, across and down, when its location is moved to another sample's, as far as the picture reaches: noise and caption stay.
double follows(const Evaluation& e, const Located& m) {
  std::vector<double> asked, moved;
  e.each_batch([&](const Batch& b) {
    const Tensor z = randn({b.size, m.latent}), text = m.text(b), where = m.location.of(b);
    const std::vector<Box> own = m.location.boxes(where);
    std::vector<Box> to;
    for (size_t i = 0; i < own.size(); ++i) {
      const Box& other = own[(i + 1) % own.size()];
      const auto low = [](double from, double until, double extent) { return std::clamp((from + until - extent) / 2, 0.0, std::max(0.0, 1 - extent)); };
      const double left = low(other.left, other.right, own[i].width()), top = low(other.top, other.bottom, own[i].height());
      to.push_back({left, top, left + own[i].width(), top + own[i].height()});
    }
    const Tensor x = m.draw(z, text, where), y = m.draw(z, text, m.location.moved(where, to));
    for (int64_t i = 0; i < b.size; ++i) {
      const auto before = middle(x, i), after = middle(y, i);
      if (!before || !after) continue;
      asked.insert(asked.end(), {to[size_t(i)].left - own[size_t(i)].left, to[size_t(i)].top - own[size_t(i)].top});
      moved.insert(moved.end(), {(*after)[0] - (*before)[0], (*after)[1] - (*before)[1]});
    }
  });
  return asked.empty() ? std::nan("") : metrics::correlation(asked, moved);
}

// How far the middle of what stands out is from that of the sample's box.
double distance(const Evaluation& e, const Location& by_box, const std::function<Tensor(const Batch&)>& pictures) {
  double sum = 0, n = 0;
  e.each_batch([&](const Batch& b) {
    const Tensor x = pictures(b);
    const std::vector<Box> boxes = by_box.boxes(by_box.of(b));
    for (int64_t i = 0; i < b.size; ++i, ++n) {
      const Box& box = boxes[size_t(i)];
      const auto at = middle(x, i);
      sum += at ? std::hypot((*at)[0] - (box.left + box.right) / 2, (*at)[1] - (box.top + box.bottom) / 2) : 1.0;
    }
  });
  return n > 0 ? sum / n : std::nan("");
}

// Of each row of points [n, 3 K] one alone: that of number i mod K in row i.
Tensor one_of_each(const Tensor& points, int64_t keypoints) {
  auto v = points.to_doubles();
  for (size_t i = 0; i < v.size(); ++i) {
    const int64_t row = int64_t(i) / (3 * keypoints), k = int64_t(i) % (3 * keypoints) / 3;
    if (k != row % keypoints) v[i] = 0;
  }
  return tensor(v, points.shape(), points.dtype(), points.device());
}

// Largest difference of a given keypoint and what completion makes of it.
double given_kept(const Evaluation& e, const Located& m) {
  double most = 0;
  e.each_batch([&](const Batch& b) {
    const Tensor given = one_of_each(m.location.of(b), m.location.keypoints());
    const auto had = given.to_doubles(), has = m.complete(m.text(b), given).to_doubles();
    for (size_t i = 0; i < had.size(); i += 3)
      for (size_t k = i; had[i + 2] > 0 && k < i + 3; ++k) most = std::max(most, std::abs(had[k] - has[k]));
  });
  return most;
}

// Where the other keypoints are from a given one: the distance of completed ones to the nearest of the data, over that of the data's own to the nearest others.
double geometry(const Evaluation& e, const Located& m) {
  const size_t count = size_t(m.location.keypoints());
  struct Offsets { size_t given; std::vector<double> from_it; };
  std::vector<Offsets> data, made;
  e.each_batch([&](const Batch& b) {
    const Tensor where = m.location.of(b), done = m.complete(m.text(b), one_of_each(where, int64_t(count)));
    const auto add = [&](std::vector<Offsets>& to, const Tensor& rows) {
      const auto v = rows.to_doubles();
      for (size_t i = 0; i < size_t(b.size); ++i) {
        const double* p = &v[i * 3 * count];
        const size_t given = i % count;
        Offsets o{given, {}};
        for (size_t k = 0; k < count; ++k) o.from_it.push_back(p[3 * k] - p[3 * given]), o.from_it.push_back(p[3 * k + 1] - p[3 * given + 1]);
        to.push_back(o);
      }
    };
    add(data, where), add(made, done);
  });
  const size_t half = data.size() / 2;   // the first half is what both are compared with
  const auto nearest = [&](const Offsets& of) {
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < half; ++i) {
      double far = 0;
      for (size_t k = 0; data[i].given == of.given && k < of.from_it.size(); ++k) far += std::pow(of.from_it[k] - data[i].from_it[k], 2);
      if (data[i].given == of.given) least = std::min(least, std::sqrt(far / double(count)));
    }
    return least;
  };
  double of_made = 0, of_data = 0;
  for (size_t i = half; i < data.size(); ++i) of_made += nearest(made[i]), of_data += nearest(data[i]);
  return of_data > 0 ? of_made / of_data : std::nan("");
}

// ---- Tasks

std::vector<double> numbers(const std::string& name, const std::string& given, size_t count) {
  std::vector<double> v;
  std::istringstream in(given);
  bool right = true;
  for (std::string word; std::getline(in, word, ',');) {
    double x = -1;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), x);
    right &= error == std::errc() && end == word.data() + word.size() && x >= 0 && x <= 1;
    v.push_back(x);
  }
  if (!right || v.size() != count)
    throw UsageError(text("setting ", name, ": '", given, "' must be ", count, " numbers from 0 to 1, shares of the picture's sides, as ", count == 4 ? "0.1,0.1,0.5,0.5 (left, top, right, bottom)" : "0.5,0.5"));
  return v;
}

Box box_set(const Config& settings) {
  const std::string given = settings.words("box", "0.25,0.25,0.75,0.75", "left, top, right and bottom of where the object is to be, in shares of the picture's sides");
  const auto v = numbers("box", given, 4);
  if (!(v[0] < v[2] && v[1] < v[3])) throw UsageError("setting box=" + given + ": right must lie beyond left and bottom beyond top");
  return {v[0], v[1], v[2], v[3]};
}

// Keypoints as "0.5,0.5 - 0.7,0.5": those that are given, and a dash for one that the model is to find.
Tensor keypoints_set(const Config& settings, int64_t count) {
  const std::string given = settings.words("keypoints", "", "x,y of each keypoint in shares of the picture's sides, or - for one that the model is to find: \"0.5,0.5 - - - -\"; nothing: all of them");
  std::vector<double> v;
  std::istringstream in(given);
  for (std::string word; in >> word;) {
    const auto at = word == "-" ? std::vector<double>{0, 0} : numbers("keypoints", word, 2);
    v.insert(v.end(), {at[0], at[1], word == "-" ? 0.0 : 1.0});
  }
  if (v.empty()) v.resize(size_t(3 * count));
  if (int64_t(v.size()) != 3 * count) throw UsageError(text("setting keypoints: '", given, "' has ", v.size() / 3, " places; there are ", count, " keypoints: x,y or - for each"));
  return tensor(v, Shape{1, 3 * count}, context().dtype, context().device);
}

// What a call asks for.
struct Asked {
  std::string caption;
  Tensor text, where;   // a row each
};
Asked asked(const TaskInput& in, const Located& m, const DataFacts& data) {
  Asked a;
  a.caption = in.settings.words("text", "", "what the picture is to show");
  a.text = m.text(batch_of_captions(data, {a.caption}));
  a.where = m.location.kind() == Location::Kind::box ? m.location.rows({box_set(in.settings)}) : m.complete(a.text, keypoints_set(in.settings, m.location.keypoints()));
  return a;
}

// A picture with its box or its visible keypoints drawn on it.
data::Picture marked(data::Picture p, const Location& location, const Tensor& where) {
  const auto dot = [&](int64_t x, int64_t y) {
    if (x >= 0 && y >= 0 && x < p.width && y < p.height) std::fill_n(p.at(y, x), p.channels, uint8_t{0});
  };
  const auto column = [&](double x) { return std::llround(x * double(p.width)); };
  const auto row = [&](double y) { return std::llround(y * double(p.height)); };
  if (location.kind() == Location::Kind::box) {
    const Box box = location.boxes(where)[0];
    const int64_t left = column(box.left), right = column(box.right) - 1, top = row(box.top), bottom = row(box.bottom) - 1;
    for (int64_t x = left; x <= right; ++x) dot(x, top), dot(x, bottom);
    for (int64_t y = top; y <= bottom; ++y) dot(left, y), dot(right, y);
    return p;
  }
  const auto v = where.to_doubles();
  for (size_t k = 0; k < v.size(); k += 3)
    for (int64_t i = -1; i <= 1; ++i)
      for (int64_t j = -1; v[k + 2] > 0.5 && j <= 1; ++j) dot(column(v[k]) + i, row(v[k + 1]) + j);
  return p;
}

Task draw_task(const Located& m, const DataFacts& data) {
  const bool box = m.location.kind() == Location::Kind::box;
  return {"draw", "", box ? "what --set text=\"a red circle\" says, in --set box=0.1,0.1,0.5,0.5 (left, top, right, bottom)" : "what --set text=\"a red circle\" says, at --set keypoints=\"0.5,0.5 - - - -\"; a dash: where the model puts it",
          0, 0, [=](const TaskInput& in) {
    const Asked a = asked(in, m, data);
    const auto pictures = to_pictures(m.draw(randn({in.n, m.latent}), repeated(a.text, in.n), repeated(a.where, in.n)));
    std::vector<Result> results;
    for (size_t i = 0; i < pictures.size(); ++i) results.push_back({pictures.size() == 1 ? "drawn" : text("drawn-", i + 1), {pictures[i]}});
    if (!box) {
      nlohmann::json places = nlohmann::json::array();
      const auto v = a.where.to_doubles();
      for (size_t k = 0; k < v.size(); k += 3) places.push_back({v[k], v[k + 1], int(v[k + 2] > 0.5)});
      results.push_back({.name = "keypoints", .json = nlohmann::json{{"keypoints", places}}.dump()});
    }
    return results;
  }, true};
}

// A sheet of `steps` by `steps` pictures of one noise, in the boxes that `to` gives of the asked one, for u across and v down in [0, 1].
Task sheet_task(const Located& m, const DataFacts& data, const std::string& name, const std::string& help, std::function<Box(const Box& own, double u, double v)> to) {
  return {name, "", help, 0, 0, [=](const TaskInput& in) {
    const Asked a = asked(in, m, data);
    const int64_t steps = in.settings.integer("steps", 5, "pictures along a side", 2, 32), zoom = 2 * zoom_for(data.size);
    const Box own = m.location.boxes(a.where)[0];
    const Tensor z = randn({1, m.latent});
    std::vector<data::Picture> cells;
    for (int64_t i = 0; i < steps * steps; ++i) {
      const double across = double(i % steps) / double(steps - 1), down = double(i / steps) / double(steps - 1);
      const Tensor where = m.location.moved(a.where, {to(own, across, down)});
      cells.push_back(marked(to_pictures(resize_nearest(m.draw(z, a.text, where), data.size * zoom, data.width * zoom)).at(0), m.location, where));
    }
    data::GridStyle style;
    style.columns = steps;
    return std::vector<Result>{{name, {data::grid(cells, style)}}};
  }};
}

}  // namespace

Tensor standard_location(const Located& m, const Tensor& text) {
  const int64_t n = text.dim(0);
  if (m.location.kind() == Location::Kind::box) return m.location.rows(std::vector<Box>(size_t(n)));
  return m.complete(text, full({n, m.location.length()}, 0, context().dtype, context().device));
}

void add_located_uses(Recipe& r, const Config& c, const Located& m) {
  const Location by_box(Location::Kind::box, c.data);   // of what is drawn, whatever the model is told
  const auto drawn = [=](const Batch& b) { return m.draw(randn({b.size, m.latent}), m.text(b), m.location.of(b)); };
  const auto mean_inside = [=](const Evaluation& e) {
    double sum = 0;
    const auto all = overlaps(e, by_box, drawn);
    for (const Overlap& o : all) sum += o.inside;
    return all.empty() ? std::nan("") : sum / double(all.size());
  };
  const auto median_overlap = [=](const Evaluation& e, const std::function<Tensor(const Batch&)>& pictures) {
    std::vector<double> v;
    for (const Overlap& o : overlaps(e, by_box, pictures)) v.push_back(o.of_union);
    return median(v);
  };
  r.measures.push_back({"inside", "share of what stands out in samples that lies in the box of the object of the data whose caption and place they have, 0 to 1; for pictures of one thing on an even ground", mean_inside});
  r.measures.push_back({"overlap", "median of what stands out in a sample and lies in that box, over what does either, 0 to 1", [=](const Evaluation& e) { return median_overlap(e, drawn); }});
  r.measures.push_back({"overlap-of-data", "the same of the data's pictures: what can be reached", [=](const Evaluation& e) { return median_overlap(e, [](const Batch& b) { return b.image(); }); }});
  r.measures.push_back({"follows", "correlation of how far, across and down, what stands out in a sample moves, and how far its location is moved, z and caption kept; 1 is best", [=](const Evaluation& e) { return follows(e, m); }});
  r.measures.push_back({"distance", "mean distance of the middle of what stands out in a sample and the middle of that box, in sides; 1 where nothing stands out", [=](const Evaluation& e) { return distance(e, by_box, drawn); }});
  r.measures.push_back({"distance-of-data", "the same of the data's pictures: what can be reached", [=](const Evaluation& e) { return distance(e, by_box, [](const Batch& b) { return b.image(); }); }});
  if (m.complete) {
    r.measures.push_back({"given-kept", "largest difference of a given keypoint before and behind completion, in sides; 0: kept", [=](const Evaluation& e) { return given_kept(e, m); }});
    r.measures.push_back({"geometry", "of keypoints completed from one: distance of where they are from it to the nearest of the data, over that of the data's own to the nearest others; 1: as the data", [=](const Evaluation& e) { return geometry(e, m); }});
  }
  if (!m.sees) return;
  r.tasks.push_back(draw_task(m, c.data));
  r.tasks.push_back(sheet_task(m, c.data, "move", "the same, moved over the picture from edge to edge, the noise kept: a sheet of --set steps=5 places along each side", [](const Box& own, double u, double v) {
    const double left = u * (1 - own.width()), top = v * (1 - own.height());
    return Box{left, top, left + own.width(), top + own.height()};
  }));
  r.tasks.push_back(sheet_task(m, c.data, "stretch", "the same about its middle, from half as wide and as high to twice as much, as far as the picture reaches", [](const Box& own, double u, double v) {
    const auto along = [](double low, double high, double part) {
      const double middle = (low + high) / 2, most = std::min(middle, 1 - middle), half = std::min(most, (high - low) / 2 * std::pow(4.0, part - 0.5));
      return std::pair{middle - half, middle + half};
    };
    const auto [left, right] = along(own.left, own.right, u);
    const auto [top, bottom] = along(own.top, own.bottom, v);
    return Box{left, top, right, bottom};
  }));
}

}  // namespace ganymede
