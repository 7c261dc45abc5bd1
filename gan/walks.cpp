#include "gan/walks.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/machine_memory.h"
#include "engine/ops.h"
#include "gan/data/random.h"
#include "gan/pictures.h"
#include "gan/uses/truncation.h"

namespace ganymede {
namespace {

using Points = std::vector<std::vector<double>>;

constexpr int64_t kMostFrames = 10000;           // of an animation, which is in memory until it is written
constexpr int64_t kLargestAnimation = int64_t{4} << 30;  // of its pictures as they are drawn

const Latent& latent_of(Session& session) {
  const Latent& l = session.trainer().recipe().latent;
  if (!l) throw UsageError("model " + session.model().id + " has no latent space: it draws a plain sheet, without classes, truncation or temperature");
  if (session.config().data.dimensions > 0) throw UsageError("model " + session.model().id + " draws points on these data; all but a plain sheet is for pictures");
  return l;
}

Points to_points(const Tensor& z) {
  const std::vector<double> values = z.to_doubles();
  Points points;
  for (int64_t i = 0; i < z.dim(0); ++i) points.emplace_back(values.begin() + i * z.dim(1), values.begin() + (i + 1) * z.dim(1));
  return points;
}

Tensor to_tensor(const Points& points, size_t from, size_t to) {
  std::vector<double> values;
  for (size_t i = from; i < to; ++i) values.insert(values.end(), points[i].begin(), points[i].end());
  return tensor(values, Shape{int64_t(to - from), int64_t(points[0].size())}, context().dtype, context().device);
}

Points draw(const Latent& latent, int64_t n, const WalkOptions& o) {
  const double temperature = o.temperature.value_or(latent.temperature);
  if (!latent.normal && o.temperature) throw UsageError("--temperature: this model's prior is not a normal distribution");
  if (!o.truncation || latent.truncated) return to_points(latent.draw(n) * temperature);
  if (!latent.normal) throw UsageError("--truncation: this model's prior is not a normal distribution");
  Points points;
  data::Random random(o.seed);
  for (int64_t i = 0; i < n; ++i) points.push_back(truncated_normal(latent.length, *o.truncation, random));
  for (auto& p : points)
    for (double& x : p) x *= temperature;
  return points;
}

// Decodes in batches of the trainer's size, so that a long walk needs no more memory than a training step.
std::vector<data::Picture> decode(Session& session, const Points& points, const std::vector<int64_t>& labels, const WalkOptions& o) {
  const Latent& latent = latent_of(session);
  const size_t chunk = size_t(std::max<int64_t>(1, session.options().batch));
  std::vector<data::Picture> out;
  for (size_t at = 0; at < points.size(); at += chunk) {
    const size_t end = std::min(points.size(), at + chunk);
    Tensor of;
    if (latent.classes > 0) of = tensor(std::vector<int64_t>(labels.begin() + int64_t(at), labels.begin() + int64_t(end)), Shape{int64_t(end - at)}, context().device);
    const Tensor z = to_tensor(points, at, end), x = o.truncation && latent.truncated ? latent.truncated(z, of, *o.truncation) : latent.decode(z, of);
    for (auto& p : to_pictures(x)) out.push_back(std::move(p));
  }
  return out;
}

int64_t class_of(const Latent& latent, const WalkOptions& o, int64_t in_turn) {
  if (latent.classes == 0) {
    if (o.label) throw UsageError("--class: this model has no classes");
    return 0;
  }
  if (o.label && (*o.label < 0 || *o.label >= latent.classes)) throw UsageError(text("--class ", *o.label, ": it must be from 0 to ", latent.classes - 1));
  return o.label ? *o.label : in_turn % latent.classes;
}

std::string class_name(const Session& session, int64_t k) {
  const auto& names = session.dataset().class_names();
  return k < int64_t(names.size()) ? names[size_t(k)] : std::to_string(k);
}

int64_t columns_of(const WalkOptions& o) { return o.columns.value_or(8); }

int64_t zoom_of(int64_t width) { return width <= 32 ? 2 : 1; }

data::Picture laid_out(const std::vector<data::Picture>& pictures, int64_t columns, std::vector<std::string> rows = {}, std::vector<std::string> heads = {}) {
  data::GridStyle style;
  style.columns = columns, style.row_labels = std::move(rows), style.column_labels = std::move(heads);
  style.zoom = zoom_of(pictures.at(0).width);
  return data::grid(pictures, style);
}

std::vector<double> between(const std::vector<double>& a, const std::vector<double>& b, double t, bool spherical) {
  double aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < a.size(); ++i) aa += a[i] * a[i], bb += b[i] * b[i], ab += a[i] * b[i];
  const double angle = std::acos(std::clamp(ab / std::max(1e-300, std::sqrt(aa * bb)), -1.0, 1.0));
  double u = 1 - t, v = t;
  if (spherical && std::sin(angle) > 1e-6) u = std::sin((1 - t) * angle) / std::sin(angle), v = std::sin(t * angle) / std::sin(angle);
  std::vector<double> c(a.size());
  for (size_t i = 0; i < a.size(); ++i) c[i] = u * a[i] + v * b[i];
  return c;
}

void check_sphere(const Latent& latent, bool spherical) {
  if (spherical && !latent.normal) throw UsageError("--interpolate slerp: this model's prior is not a normal distribution; use linear");
}

// Pictures a row of n: as asked for, or as many as there are rows.
int64_t columns_for(int64_t n, int64_t wanted) { return wanted > 0 ? wanted : std::max<int64_t>(1, int64_t(std::ceil(std::sqrt(double(n))))); }

std::string short_number(double x) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.1f", x);
  return buffer;
}

}  // namespace

data::Picture class_rows(Session& session, const WalkOptions& o) {
  const Latent& latent = latent_of(session);
  if (latent.classes == 0) throw UsageError("--classes: model " + session.model().id + " has no classes");
  std::vector<data::Picture> pictures;
  std::vector<std::string> names;
  session.trainer().sampling(o.seed, [&] {
    const Points noise = draw(latent, columns_of(o), o);
    Points points;
    std::vector<int64_t> labels;
    for (int64_t k = 0; k < latent.classes; ++k) {
      points.insert(points.end(), noise.begin(), noise.end());
      labels.insert(labels.end(), noise.size(), k);
      names.push_back(class_name(session, k));
    }
    pictures = decode(session, points, labels, o);
  });
  return laid_out(pictures, columns_of(o), names);
}

data::Picture interpolations(Session& session, const WalkOptions& o, bool spherical) {
  const Latent& latent = latent_of(session);
  check_sphere(latent, spherical);
  const int64_t steps = columns_of(o);
  if (steps < 2) throw UsageError(text("--steps ", steps, ": a line has at least 2 points"));
  std::vector<data::Picture> pictures;
  session.trainer().sampling(o.seed, [&] {
    const Points ends = draw(latent, 2 * o.rows, o);
    Points points;
    std::vector<int64_t> labels;
    for (int64_t r = 0; r < o.rows; ++r)
      for (int64_t c = 0; c < steps; ++c) {
        points.push_back(between(ends[size_t(2 * r)], ends[size_t(2 * r + 1)], double(c) / double(steps - 1), spherical));
        labels.push_back(class_of(latent, o, r));
      }
    pictures = decode(session, points, labels, o);
  });
  return laid_out(pictures, steps);
}

std::vector<data::Picture> walk_frames(Session& session, int64_t n, int64_t columns, const WalkOptions& o, bool spherical) {
  const Latent& latent = latent_of(session);
  check_sphere(latent, spherical);
  const int64_t steps = columns_of(o);
  if (o.rows < 2) throw UsageError(text("--rows ", o.rows, ": an animation walks through at least 2 points"));
  if (o.rows * steps > kMostFrames) throw UsageError(text("--rows ", o.rows, " --steps ", steps, ": ", o.rows * steps, " frames; at most ", kMostFrames));
  const DataFacts& facts = session.config().data;
  const int64_t zoom = zoom_of(facts.width), bytes = o.rows * steps * n * facts.size * facts.width * zoom * zoom * facts.channels;
  if (bytes > kLargestAnimation) throw UsageError(text("-n ", n, " --rows ", o.rows, " --steps ", steps, ": an animation of ", memory_text(bytes), "; at most ", memory_text(kLargestAnimation), ", so draw fewer"));
  std::vector<data::Picture> frames;
  session.trainer().sampling(o.seed, [&] {
    const Points stops = draw(latent, n * o.rows, o);
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < n; ++i) labels.push_back(class_of(latent, o, i));
    for (int64_t frame = 0; frame < o.rows * steps; ++frame) {
      const int64_t from = frame / steps, to = (from + 1) % o.rows;
      Points points;
      for (int64_t i = 0; i < n; ++i) points.push_back(between(stops[size_t(from * n + i)], stops[size_t(to * n + i)], double(frame % steps) / double(steps), spherical));
      frames.push_back(laid_out(decode(session, points, labels, o), columns_for(n, columns)));
    }
  });
  return frames;
}

data::Picture traversals(Session& session, const WalkOptions& o, const std::string& what) {
  const Latent& latent = latent_of(session);
  Code code{"", -1, 1, false};
  std::string known;
  for (const Code& c : latent.codes) {
    if (c.name == what) code = c;
    known += (known.empty() ? "" : ", ") + c.name;
  }
  if (code.first < 0) {
    char* end = nullptr;
    const long long i = std::strtoll(what.c_str(), &end, 10);
    if (what.empty() || *end || i < 0 || i >= latent.length)
      throw UsageError("--traverse " + what + ": it must be a coordinate of z from 0 to " + std::to_string(latent.length - 1) + (known.empty() ? "" : ", or one of " + known));
    code = {what, i, 1, false};
  }
  const bool bit = code.categorical && code.count == 1;
  if (code.categorical && o.columns) throw UsageError(text("--steps ", *o.columns, ": ", code.name, " takes each of its ", bit ? 2 : code.count, " values in turn"));
  const int64_t columns = bit ? 2 : code.categorical ? code.count : columns_of(o);
  if (columns < 2) throw UsageError(text("--steps ", columns, ": a traversal has at least 2 points"));
  std::vector<std::string> heads;
  std::vector<data::Picture> pictures;
  session.trainer().sampling(o.seed, [&] {
    const Points base = draw(latent, o.rows, o);
    Points points;
    std::vector<int64_t> labels;
    for (int64_t r = 0; r < o.rows; ++r)
      for (int64_t c = 0; c < columns; ++c) {
        auto z = base[size_t(r)];
        const double at = -2 + 4 * double(c) / double(columns - 1);
        for (int64_t i = 0; i < code.count; ++i) z[size_t(code.first + i)] = bit ? double(c) : code.categorical ? double(i == c) : at;
        points.push_back(std::move(z));
        labels.push_back(class_of(latent, o, r));
        if (r == 0) heads.push_back(code.categorical ? std::to_string(c) : short_number(at));
      }
    pictures = decode(session, points, labels, o);
  });
  return laid_out(pictures, columns, {}, heads);
}

data::Picture plain_samples(Session& session, int64_t n, const WalkOptions& o) {
  const Latent& latent = latent_of(session);
  std::vector<data::Picture> pictures;
  session.trainer().sampling(o.seed, [&] {
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < n; ++i) labels.push_back(class_of(latent, o, i));
    pictures = decode(session, draw(latent, n, o), labels, o);
  });
  return laid_out(pictures, columns_for(n, o.columns.value_or(0)));
}

data::Picture samples_between(Session& session, int64_t n, uint64_t other_seed, double at, const WalkOptions& o) {
  const Latent& latent = latent_of(session);
  WalkOptions other = o;
  other.seed = other_seed;
  Points from, to;
  session.trainer().sampling(o.seed, [&] { from = draw(latent, n, o); });
  session.trainer().sampling(other_seed, [&] { to = draw(latent, n, other); });
  std::vector<data::Picture> pictures;
  session.trainer().sampling(o.seed, [&] {
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < n; ++i) {
      from[size_t(i)] = between(from[size_t(i)], to[size_t(i)], at, latent.normal);
      labels.push_back(class_of(latent, o, i));
    }
    pictures = decode(session, from, labels, o);
  });
  return laid_out(pictures, columns_for(n, o.columns.value_or(0)));
}

data::Picture beside_nearest(Session& session, const WalkOptions& o) {
  const Latent& latent = latent_of(session);
  const int64_t n = columns_of(o);
  std::vector<data::Picture> samples;
  session.trainer().sampling(o.seed, [&] {
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < n; ++i) labels.push_back(class_of(latent, o, i));
    samples = decode(session, draw(latent, n, o), labels, o);
  });
  const data::Dataset& set = session.dataset();
  data::HostBatch row(set.fields(), 1);
  std::vector<double> nearest(size_t(n), std::numeric_limits<double>::infinity());
  std::vector<data::Picture> real(static_cast<size_t>(n));
  std::vector<std::vector<float>> values;
  for (const auto& p : samples) data::to_float(p, values.emplace_back(p.pixels.size()).data());
  for (int64_t i = 0; i < set.size(); ++i) {
    data::Random random{uint64_t(i)};
    set.read(i, random, row, 0);
    const auto x = row.real("image");
    for (size_t s = 0; s < samples.size(); ++s) {
      double d = 0;
      for (size_t k = 0; k < x.size() && d < nearest[s]; ++k) d += double(x[k] - values[s][k]) * double(x[k] - values[s][k]);
      if (d < nearest[s]) nearest[s] = d, real[s] = data::to_picture(x.data(), samples[s].height, samples[s].width, samples[s].channels);
    }
  }
  samples.insert(samples.end(), real.begin(), real.end());
  return laid_out(samples, n, {"sample", "nearest"});
}

}  // namespace ganymede
