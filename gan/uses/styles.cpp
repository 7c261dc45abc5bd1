#include "gan/uses/styles.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/resize.h"
#include "gan/metrics/correlation.h"
#include "gan/metrics/frechet.h"
#include "gan/metrics/perceptual.h"
#include "gan/metrics/random_features.h"
#include "gan/parts/rows.h"
#include "gan/pictures.h"

namespace ganymede {
namespace {

constexpr int64_t kShown = 4;      // random outputs on a sheet
constexpr int64_t kDraws = 20;     // codes an input for the measure of diversity
constexpr int64_t kPositions = int64_t{1} << 21;   // enough for a covariance of 24 features; 200 MB

// An input of any size with one code for all its pixels.
Tensor styled(const Styled& s, const Tensor& x, const Tensor& z) {
  return translated({[&](const Tensor& padded) { return s.map(padded, z); }, x.dim(3), s.unit}, x);
}

Task many_task(const Styled& s, const Direction& d) {
  const auto run = [=](const TaskInput& in) {
    const std::string from = read_from(in.settings);
    const bool sync = in.settings.flag("sync", false, "the same codes for every input: one style across them");
    const Tensor common = randn({in.n, s.latent});
    Results results;
    for (const NamedPicture& p : in.pictures) {
      const Tensor x = network_input(p, from, d.in), codes = sync ? common : randn({in.n, s.latent});
      Tensors outputs;
      for (int64_t k = 0; k < in.n; ++k) outputs.push_back(styled(s, x, codes.rows(k, k + 1)));
      results.add(p.name, concat(outputs, 0));
    }
    return results.take();
  };
  return {"translate", "PICTURE...", "n outputs of each picture, of any size; sync=true: in the same n styles", 1, 1 << 20, run, true};
}

Task style_task(const Styled& s, const Direction& d) {
  const auto run = [=](const TaskInput& in) {
    const std::string from = read_from(in.settings);
    NamedPicture style = in.pictures[0];
    style.picture = data::covering(style.picture, s.size, s.size);
    const Tensor z = s.encode(network_input(style, "picture", d.out));
    Results results;
    for (size_t i = 1; i < in.pictures.size(); ++i) results.add(in.pictures[i].name, styled(s, network_input(in.pictures[i], from, d.in), z));
    return results.take();
  };
  return {"style", "STYLE PICTURE...", "every picture in the style of the first, one of the other side", 2, 1 << 20, run};
}

// From code to code on the sphere, n frames a leg.
Task walk_task(const Styled& s, const Direction& d) {
  const auto run = [=](const TaskInput& in) {
    const std::string from = read_from(in.settings);
    const int64_t frames = in.settings.integer("frames", 16, "frames from one code to the next", 2, 1000), stops = in.settings.integer("codes", 3, "random codes on the way", 2, 100);
    std::vector<std::vector<double>> codes;
    for (int64_t i = 0; i < stops; ++i) codes.push_back(randn({s.latent}).to_doubles());
    std::vector<Result> results;
    for (const NamedPicture& p : in.pictures) {
      const Tensor x = network_input(p, from, d.in);
      Result r{p.name, {}, 12};
      for (int64_t leg = 0; leg + 1 < stops; ++leg)
        for (int64_t k = leg ? 1 : 0; k < frames; ++k) {
          const auto &a = codes[size_t(leg)], &b = codes[size_t(leg) + 1];
          double aa = 0, bb = 0, ab = 0;
          for (size_t i = 0; i < a.size(); ++i) aa += a[i] * a[i], bb += b[i] * b[i], ab += a[i] * b[i];
          const double t = double(k) / double(frames - 1), angle = std::acos(std::clamp(ab / std::sqrt(aa * bb), -1.0, 1.0));
          const double u = std::sin(angle) < 1e-6 ? 1 - t : std::sin((1 - t) * angle) / std::sin(angle), v = std::sin(angle) < 1e-6 ? t : std::sin(t * angle) / std::sin(angle);
          std::vector<double> z;
          for (size_t i = 0; i < a.size(); ++i) z.push_back(u * a[i] + v * b[i]);
          const Shape one{1, s.latent};
          r.frames.push_back(to_pictures(showable(styled(s, x, tensor(z, one, context().dtype, context().device))))[0]);
        }
      results.push_back(std::move(r));
    }
    return results;
  };
  return {"walk", "PICTURE...", "an animation of each picture through random styles", 1, 1 << 20, run};
}

using Distance = std::function<double(const Tensor&, const Tensor&)>;   // between pictures of one place in two batches, their mean
double between_pixels(const Tensor& a, const Tensor& b) { return mean(abs(a - b)).item(); }
double between_features(const Tensor& a, const Tensor& b) { return metrics::cosine_distance({metrics::random_features(a)}, {metrics::random_features(b)}); }

// Mean over consecutive outputs of an input.
double diversity(const Evaluation& e, const Styled& s, const Direction& d, const Distance& distance) {
  double sum = 0, pairs = 0;
  e.each_batch([&](const Batch& b) {
    const Tensor x = b[d.input];
    Tensor before;
    for (int64_t k = 0; k < kDraws; ++k) {
      const Tensor now = styled(s, x, randn({x.dim(0), s.latent}));
      if (before) sum += distance(now, before) * double(b.size), pairs += double(b.size);
      before = now;
    }
  });
  require(pairs > 0, "nothing to measure: the test split is empty");
  return sum / pairs;
}

// The correlation of mu(G(A, z)) with z over all elements.
double recovery(const Evaluation& e, const Styled& s, const Direction& d) {
  std::vector<double> drawn, read;
  e.each_batch([&](const Batch& b) {
    const Tensor z = randn({b[d.input].dim(0), s.latent});
    const auto p = z.to_doubles(), q = s.encode(styled(s, b[d.input], z)).to_doubles();
    drawn.insert(drawn.end(), p.begin(), p.end()), read.insert(read.end(), q.begin(), q.end());
  });
  require(drawn.size() > 1, "nothing to measure: the test split is empty");
  return metrics::correlation(drawn, read);
}

// Outputs of random codes against the real pictures of the same inputs, batches until there are kPositions places of each.
double random_distance(const Evaluation& e, const Styled& s, const Direction& d) {
  metrics::Rows made(0, metrics::kRandomFeatures), real = made;
  e.each_batch([&](const Batch& b) {
    if (real.count >= kPositions) return;
    made.append(metrics::random_features(styled(s, b[d.input], randn({b.size, s.latent}))).values);
    real.append(metrics::random_features(b[d.target]).values);
  });
  return metrics::frechet_distance(metrics::gaussian_of(made), metrics::gaussian_of(real));
}

// Where the data say what each pixel is ("semantic": 0 the ground, 1 a frame, more an object): the mean colour of the object.
using MeanColour = std::array<double, 3>;
std::vector<MeanColour> object_colours(const Tensor& pictures, const std::vector<int64_t>& meaning) {
  const std::vector<double> v = pictures.to_doubles();
  const size_t n = size_t(pictures.dim(0)), pixels = meaning.size() / n;
  std::vector<MeanColour> colours(n);
  for (size_t i = 0; i < n; ++i) {
    double count = 0;
    for (size_t k = i * pixels; k < (i + 1) * pixels; ++k)
      if (meaning[k] > 1) {
        ++count;
        for (size_t c = 0; c < 3; ++c) colours[i][c] += v[k * 3 + c];
      }
    for (double& c : colours[i]) c /= std::max(count, 1.0);
  }
  return colours;
}
double between(const MeanColour& a, const MeanColour& b) { return std::hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]); }
double mean_distance(const std::vector<MeanColour>& all) {
  double sum = 0;
  for (size_t i = 0; i < all.size(); ++i)
    for (size_t j = 0; j < i; ++j) sum += between(all[i], all[j]);
  return sum / (double(all.size()) * double(all.size() - 1) / 2);
}
double hue(const MeanColour& c) { return std::atan2(std::sqrt(3.0) * (c[1] - c[2]), 2 * c[0] - c[1] - c[2]) * 180 / std::numbers::pi; }
double hue_error(const MeanColour& a, const MeanColour& b) {
  const double d = std::abs(hue(a) - hue(b));
  return std::min(d, 360 - d);
}

bool knows_objects(const Evaluation& e, const Direction& d) {
  bool known = d.out == 3;
  e.each_batch([&](const Batch& b) { known &= b.fields.count("semantic") == 1; });
  return known;
}

// Mean distance of the object's colours of 20 outputs of an input, over that of all real objects.
double colour_diversity(const Evaluation& e, const Styled& s, const Direction& d) {
  if (!knows_objects(e, d)) return std::nan("");
  std::vector<MeanColour> real;
  double sum = 0, inputs = 0;
  e.each_batch([&](const Batch& b) {
    const std::vector<int64_t> meaning = b["semantic"].to_integers();
    std::vector<std::vector<MeanColour>> drawn(size_t(b.size));
    for (int64_t k = 0; k < kDraws; ++k) {
      const auto colours = object_colours(styled(s, b[d.input], randn({b.size, s.latent})), meaning);
      for (size_t i = 0; i < drawn.size(); ++i) drawn[i].push_back(colours[i]);
    }
    for (const auto& colours : drawn) sum += mean_distance(colours), inputs += 1;
    for (const MeanColour& c : object_colours(b[d.target], meaning)) real.push_back(c);
  });
  require(real.size() > 1, "nothing to measure: the test split is empty");
  return sum / inputs / mean_distance(real);
}

// Each input in the style of the next picture of its batch: how far its object's hue is from that picture's, or (other) from its own
// target's, which knows nothing of the style.
double style_hue(const Evaluation& e, const Styled& s, const Direction& d, bool other) {
  if (!knows_objects(e, d)) return std::nan("");
  double sum = 0, inputs = 0;
  e.each_batch([&](const Batch& b) {
    const std::vector<int64_t> meaning = b["semantic"].to_integers();
    const auto real = object_colours(b[d.target], meaning), made = object_colours(styled(s, b[d.input], s.encode(roll(b[d.target], 1))), meaning);
    for (size_t i = 0; i < made.size(); ++i) sum += hue_error(made[i], real[other ? i : (i + made.size() - 1) % made.size()]), inputs += 1;
  });
  return sum / inputs;
}

}  // namespace

void add_style_uses(Recipe& r, const Direction& d, const Styled& s) {
  r.sample = [=](int64_t n, const Batch& b) { return s.map(b[d.input].rows(0, n), randn({n, s.latent})); };
  r.maps.push_back({"translate", "pictures of the other side, of many the one of this z", [=](const Tensor& x, const Tensors& v) { return s.map(x, v[0]); }, d.in, s.unit, {{"z", s.latent}}});
  r.columns = [=](const Batch& b) {
    const Tensor x = b[d.input];
    std::vector<Column> columns{{"input", showable(x)}, {"target", showable(b[d.target])}};
    if (s.encode) columns.push_back({"encoded", showable(s.map(x, s.encode(b[d.target])))});
    for (int64_t k = 0; k < kShown; ++k) columns.push_back({"z" + std::to_string(k + 1), showable(s.map(x, repeated(randn({1, s.latent}), x.dim(0))))});
    return columns;
  };
  r.tasks.push_back(many_task(s, d));
  if (s.encode) r.tasks.push_back(style_task(s, d));
  r.tasks.push_back(walk_task(s, d));
  r.measures.push_back({"diversity", "mean |output - output for the next z| over 20 z an input, pixels in [-1, 1]; compare with real_diversity", [=](const Evaluation& e) { return diversity(e, s, d, between_pixels); }});
  r.measures.push_back({"feature_diversity", "1 - cosine of features of a fixed random network, mean over places, of the same pairs (the paper's first measure with another network); compare with real_feature_diversity",
                        [=](const Evaluation& e) { return diversity(e, s, d, between_features); }});
  for (const auto& [name, distance] : {std::pair{"real_diversity", Distance(between_pixels)}, {"real_feature_diversity", Distance(between_features)}})
    r.measures.push_back(mean_measure(name, "the same distance of neighbouring real outputs, of different inputs: more than what one input leaves open",
                                      [=, distance = distance](const Batch& b) { return distance(b[d.target], roll(b[d.target], 1)); }));
  Measure perceptual{"lpips_diversity", "LPIPS of the same pairs (the paper's measure); compare with real_lpips_diversity; needs --features with weights of LPIPS",
                     [=](const Evaluation& e) { return e.lpips ? diversity(e, s, d, e.lpips) : std::nan(""); }};
  perceptual.perceives = true;
  r.measures.push_back(perceptual);
  r.measures.push_back(lpips_measure("real_lpips_diversity", "LPIPS of neighbouring real outputs, of different inputs", [=](const Batch& b) { return std::pair{b[d.target], roll(b[d.target], 1)}; }));
  r.measures.push_back({"random_fid", "Frechet distance of random outputs to the real pictures in features of a fixed random network, every position a sample; 0 is best; for comparisons only",
                        [=](const Evaluation& e) { return random_distance(e, s, d); }});
  r.measures.push_back({"colour_diversity", "mean distance between the object's colours of 20 outputs of an input, over the mean distance between the colours of real objects; 1: as varied; needs data with=semantic", [=](const Evaluation& e) { return colour_diversity(e, s, d); }});
  if (!s.encode) return;
  r.measures.push_back({"style_hue", "degrees between the hue of an object in the style of another picture and the hue of that picture's object; 0 is best, 90 chance; needs data with=semantic", [=](const Evaluation& e) { return style_hue(e, s, d, false); }});
  r.measures.push_back({"style_hue_other", "the same to the hue of the input's own target, which the style does not know", [=](const Evaluation& e) { return style_hue(e, s, d, true); }});
  r.measures.push_back(mean_measure("reconstruction", "mean |G(A, mu(B)) - B|, pixels in [-1, 1]; 0 is best", [=](const Batch& b) { return mean(abs(s.map(b[d.input], s.encode(b[d.target])) - b[d.target])).item(); }));
  r.measures.push_back({"recovery", "correlation of mu(G(A, z)) with z; 1: the code can be read from the output", [=](const Evaluation& e) { return recovery(e, s, d); }});
}

}  // namespace ganymede
