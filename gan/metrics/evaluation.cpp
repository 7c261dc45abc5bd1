#include "gan/metrics/evaluation.h"

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "gan/metrics/collapse.h"
#include "gan/metrics/frechet.h"
#include "gan/metrics/inception_score.h"
#include "gan/metrics/modes.h"
#include "gan/metrics/neighbours.h"
#include "gan/metrics/similarity.h"

namespace ganymede::metrics {
namespace {

constexpr int kSplits = 10, kSubsets = 100, kNeighbours = 3, kCoverageNeighbours = 5;
constexpr int64_t kLeastForScales = 16;   // pixels that leave one at the fifth scale of MS-SSIM
constexpr int64_t kSubset = 1000, kPairsOfClass = 100, kPairs = 500, kMostNeighbours = 10000;

// "fid" by the network of the published figures, "fid-own" by a network of this project, "fid (vgg16)" by another.
std::string named(const char* measure, const FeatureNetwork& f, const char* published = "inception-v3-fid") {
  if (f.own) return text(measure, "-own");
  return f.name == published ? measure : text(measure, " (", f.name, ")");
}
std::string by(const FeatureNetwork& f) { return text(f.name, " ", f.module->feature_name(), "; ", f.intake_text()); }
std::string counts(const Comparison& c) { return text(c.fake->pictures().count, " samples against ", c.real->pictures().count, " real pictures"); }

std::vector<Reading> read_fid(const Comparison& c) {
  const double d = frechet_distance(c.real->seen(*c.features).features, c.fake->seen(*c.features).features);
  return {{named("fid", *c.features), d, {}, text("Frechet distance of Gaussians, ", counts(c), "; ", by(*c.features))}};
}

std::vector<Reading> read_kid(const Comparison& c) {
  const Rows &real = c.real->seen(*c.features).features, &fake = c.fake->seen(*c.features).features;
  const Spread s = kid(real, fake, kSubsets, kSubset);
  return {{named("kid", *c.features), s.mean, s.deviation,
           text("unbiased MMD^2, kernel (x.y/d + 1)^3, not scaled, ", kSubsets, " subsets of ", std::min({kSubset, real.count, fake.count}), ", ", counts(c), "; ", by(*c.features))}};
}

std::vector<Reading> read_is(const Comparison& c) {
  const Rows& p = c.fake->seen(*c.features).probabilities;
  const int splits = int(std::min<int64_t>(kSplits, p.count));
  const Spread s = inception_score(p, splits);
  return {{c.features->own ? "classifier-score" : named("is", *c.features), s.mean, s.deviation,
           text("exp KL(p(y|x), p(y)), 1 to ", p.width, ", ", p.count, " samples in ", splits, " splits; ", c.features->name, ", ", p.width, " classes; ", c.features->intake_text())}};
}

// Equal numbers on both sides, as the measure asks.
std::pair<Rows, Rows> as_many(const Comparison& c) {
  const Rows &real = c.real->seen(*c.features).features, &fake = c.fake->seen(*c.features).features;
  const int64_t n = std::min({real.count, fake.count, kMostNeighbours});
  return {real.first(n), fake.first(n)};
}

std::vector<Reading> read_pr(const Comparison& c) {
  const auto [real, fake] = as_many(c);
  const PrecisionRecall r = precision_recall(real, fake, kNeighbours);
  const std::string how = text("nearest neighbours, k = ", kNeighbours, ", ", fake.count, " of each; ", by(*c.features));
  return {{named("precision", *c.features), r.precision, {}, "share of samples among the real ones: " + how}, {named("recall", *c.features), r.recall, {}, "share of real pictures among the samples: " + how}};
}

std::vector<Reading> read_density(const Comparison& c) {
  const auto [real, fake] = as_many(c);
  const DensityCoverage r = density_coverage(real, fake, kCoverageNeighbours);
  const std::string how = text("nearest neighbours, k = ", kCoverageNeighbours, ", ", fake.count, " of each; ", by(*c.features));
  return {{named("density", *c.features), r.density, {}, "real neighbourhoods around a sample / k: " + how},
          {named("neighbour-coverage", *c.features), r.coverage, {}, "share of real pictures with a sample in their neighbourhood: " + how}};
}

std::vector<Reading> read_nearest(const Comparison& c) {
  const Side& train = c.train ? *c.train : *c.real;
  const auto median = [&](const Side& side) {
    std::vector<double> d = nearest(side.seen(*c.features).features, train.seen(*c.features).features).distance;
    std::nth_element(d.begin(), d.begin() + int64_t(d.size()) / 2, d.end());
    return d[d.size() / 2];
  };
  if (!c.train) return {{named("nearest", *c.features), median(*c.fake), {}, text("median distance of a sample to the nearest of ", train.pictures().count, " training pictures; ", by(*c.features))}};
  return {{named("nearest", *c.features), median(*c.fake) / median(*c.real), {},
           text("median distance of a sample to the nearest of ", train.pictures().count, " training pictures / that of unseen real ones; far below 1: copies; ", by(*c.features))}};
}

std::vector<Reading> read_coverage(const Comparison& c) {
  const auto labels = [&](const Side& s) { return largest_columns(s.seen(*c.classifier).probabilities); };
  const int64_t classes = c.classifier->classes;
  const ClassCoverage r = class_coverage(labels(*c.fake), classes, shares(labels(*c.real), classes));
  const std::string how = text("classes as the classifier sees ", c.fake->pictures().count, " samples");
  return {{"classes-covered", double(r.covered), {}, text("of ", classes, ", those with a share of at least ", 30.0 / double(classes), " %; ", how)},
          {"smallest-class", r.smallest, {}, text("share of the rarest class, ", 1.0 / double(classes), " if all are alike; ", how)},
          {"classes-off", r.off, {}, text("total variation distance of the shares from the real ones, 0 best; ", how)}};
}

std::vector<Reading> read_agreement(const Comparison& c) {
  const Pictures& fake = c.fake->pictures();
  const std::vector<int64_t> said = largest_columns(c.fake->seen(*c.classifier).probabilities);
  const size_t classes = size_t(c.classifier->classes);
  std::vector<double> right(classes), all(classes);
  for (size_t i = 0; i < said.size(); ++i) right[size_t(fake.labels[i])] += said[i] == fake.labels[i], ++all[size_t(fake.labels[i])];
  double sum = 0, least = 1;
  for (size_t k = 0; k < classes; ++k) {
    sum += right[k];
    if (all[k] > 0) least = std::min(least, right[k] / all[k]);
  }
  const std::string how = text("the class they were drawn for, ", 1.0 / double(classes), " by chance; as the classifier sees ", fake.count, " samples");
  return {{"agreement", sum / double(said.size()), {}, "share of samples that show " + how}, {"least-agreement", least, {}, "the class with the smallest share of samples that show " + how}};
}

std::vector<Reading> read_diversity(const Comparison& c) {
  const Seen &real = c.real->seen(*c.classifier), &fake = c.fake->seen(*c.classifier);
  const std::vector<int64_t> real_labels = largest_columns(real.probabilities), labels = largest_columns(fake.probabilities);
  const int64_t classes = c.classifier->classes;
  const ClassDiversity r = class_diversity(real.features, real_labels, fake.features, labels, classes);
  const Pictures& p = c.fake->pictures();
  const bool scales = std::min(p.height, p.width) >= kLeastForScales;
  const auto pairs = scales ? pairs_in_classes(labels, classes, kPairsOfClass) : std::vector<std::pair<int64_t, int64_t>>{};
  std::vector<double> values(pairs.size());
#pragma omp parallel for schedule(dynamic, 16)
  for (size_t i = 0; i < pairs.size(); ++i) values[i] = ms_ssim(planes(p.picture(pairs[i].first)), planes(p.picture(pairs[i].second)), SmallScale::shrink);
  double mean = 0;
  for (const double v : values) mean += v / double(values.size());
  const std::string how = text("variance of the classifier's features inside a class / that of the real class, ", counts(c));
  std::vector<Reading> out{{"class-diversity", r.mean, {}, "mean over classes, 1 as varied as the data: " + how}, {"least-class-diversity", r.least, {}, "the least varied class: " + how}};
  if (!values.empty())
    out.push_back({"class-ms-ssim", mean, {}, text("mean MS-SSIM of ", values.size(), " pairs of samples of one class, lower is more varied; 5 scales, windows shrink with small pictures, range 255")});
  return out;
}

std::vector<Reading> read_ms_ssim(const Comparison& c) {
  const Pictures& p = c.fake->pictures();
  const int64_t pairs = p.count / 2;
  std::vector<double> values(static_cast<size_t>(pairs));
#pragma omp parallel for schedule(dynamic, 16)
  for (size_t i = 0; i < values.size(); ++i) values[i] = ms_ssim(planes(p.picture(2 * int64_t(i))), planes(p.picture(2 * int64_t(i) + 1)), SmallScale::shrink);
  double mean = 0;
  for (const double v : values) mean += v / double(pairs);
  return {{"ms-ssim", mean, {}, text("mean of ", pairs, " consecutive pairs of samples, lower is more varied; 5 scales, windows shrink with small pictures, range 255")}};
}

// f over consecutive pairs of samples, at their own size.
template <class F>
std::pair<double, int64_t> over_pairs(const Comparison& c, F f) {
  const int64_t pairs = std::min(kPairs, c.fake->pictures().count - 1);
  double sum = 0;
  Maps before;
  for (int64_t at = 0; at <= pairs; at += 32)
    for (Maps& m : maps(*c.features, c.fake->pictures(), at, std::min<int64_t>(32, pairs + 1 - at))) {
      if (!before.empty()) sum += f(before, m) / double(pairs);
      before = std::move(m);
    }
  return {sum, pairs};
}

std::string taps_of(const FeatureNetwork& f) {
  std::string list;
  for (const std::string& t : f.module->tap_names()) list += (list.empty() ? "" : ", ") + t;
  return text(f.name, " ", list, ", pictures at their own size");
}

std::vector<Reading> read_lpips(const Comparison& c) {
  const auto& w = c.features->lpips_weights;
  const auto [value, pairs] = over_pairs(c, [&](const Maps& a, const Maps& b) { return lpips(a, b, w); });
  const bool published = !w.empty() && !c.features->own;
  return {{published ? text("lpips (", c.features->name, ")") : text("lpips-like (", c.features->name, ")"), value, {},
           text("mean over ", pairs, " consecutive pairs of samples, higher is more varied; ", published ? "LPIPS 0.1 with its learned weights" : "without learned weights", "; ", taps_of(*c.features))}};
}

std::vector<Reading> read_cosine(const Comparison& c) {
  const auto [value, pairs] = over_pairs(c, cosine_distance);
  return {{text("cosine-diversity (", c.features->name, ")"), value, {},
           text("1 - cosine over channels, mean over places, sum over layers, mean over ", pairs, " consecutive pairs of samples, higher is more varied; ", taps_of(*c.features))}};
}

std::vector<Reading> read_sifid(const Comparison& c) {
  const Pictures &real = c.real->pictures(), &fake = c.fake->pictures();
  const size_t tap = c.features->module->texture_tap();
  const Rows of_real = maps(*c.features, real, 0, 1)[0][tap];
  double sum = 0;
  for (int64_t i = 0; i < fake.count; ++i) sum += sifid(of_real, maps(*c.features, fake, i, 1)[0][tap]) / double(fake.count);
  return {{named("sifid", *c.features, "inception-v3-torchvision"), sum, {}, text("mean over ", fake.count, " samples of the Frechet distance of positions of one map; ", c.features->name, " ", c.features->module->tap_names()[tap], ", ", of_real.width, " channels, no resize")}};
}

}  // namespace

const Seen& Side::seen(const FeatureNetwork& network) const {
  for (const auto& [known, seen] : seen_)
    if (known == &network) return *seen;
  return *seen_.emplace_back(&network, std::make_unique<Seen>(look(network, pictures_))).second;
}

const std::vector<PictureMeasure>& picture_measures() {
  static const std::vector<PictureMeasure> all = {
      {"fid", "Frechet distance of features", Needs::features, read_fid, 2, true},
      {"kid", "kernel distance of features (unbiased MMD)", Needs::features, read_kid, 2, true},
      {"is", "inception score, or the same of the classifier", Needs::classes, read_is},
      {"pr", "precision and recall by nearest neighbours", Needs::features, read_pr, kNeighbours + 1, true},
      {"density", "density and coverage by nearest neighbours", Needs::features, read_density, kCoverageNeighbours + 1, true},
      {"coverage", "share of every class among the samples: inter-class collapse", Needs::classifier, read_coverage},
      {"agreement", "samples that show the class they were drawn for, of models that are given a label", Needs::classifier, read_agreement},
      {"diversity", "variety inside each class: intra-class collapse", Needs::classifier, read_diversity},
      {"nearest", "distance to the nearest training picture: copies", Needs::features, read_nearest},
      {"ms-ssim", "likeness of pairs of samples", Needs::pixels, read_ms_ssim, 2},
      {"lpips", "perceptual distance of pairs of samples", Needs::maps, read_lpips, 2},
      {"cosine", "cosine distance of pairs of samples in feature maps", Needs::maps, read_cosine, 2},
      {"sifid", "Frechet distance inside one picture", Needs::maps, read_sifid},
  };
  return all;
}

const PictureMeasure* find_picture_measure(const std::string& name) {
  for (const PictureMeasure& m : picture_measures())
    if (m.name == name) return &m;
  return nullptr;
}

bool asks_features(const PictureMeasure& m) { return m.needs == Needs::maps || m.needs == Needs::features || m.needs == Needs::classes; }

bool serves(const FeatureNetwork& network, const PictureMeasure& m) {
  return m.needs == Needs::classes ? network.reach >= nets::Reach::classes : m.needs == Needs::features ? network.reach >= nets::Reach::features : true;
}

std::string unfit(const PictureMeasure& m, const Pictures& samples, int64_t real) {
  if (samples.count < m.least) return text("takes at least ", m.least, " samples, not ", samples.count);
  if (m.of_real_too && real < m.least) return text("takes at least ", m.least, " real pictures; these data have ", real);
  if (m.name == "agreement" && samples.labels.empty()) return "is for models that are given a label: these samples were not drawn by class";
  if (m.name == "ms-ssim" && std::min(samples.height, samples.width) < kLeastForScales)
    return text("has five scales and takes pictures of at least ", kLeastForScales, " pixels; these are ", samples.size_text());
  if (m.name == "sifid" && real != 1) return text("compares with the one picture that a model learned from; these data have ", real);
  return "";
}

std::string too_few(const PictureMeasure& m, const Comparison& c) {
  const int64_t fakes = c.fake->pictures().count, reals = c.real->pictures().count, n = std::min(fakes, reals);
  if (m.name == "fid") {
    const int64_t width = c.fake->seen(*c.features).features.width;
    if (n <= width) return text("fid: ", n, " pictures for ", width, " features: the covariance has no full rank and the distance is too large; take more than ", width);
  }
  if (m.name == "kid" && n < kSubset) return text("kid: subsets of ", n, " instead of ", kSubset, " pictures");
  if (m.name == "is" && fakes < kSplits * 100) return text("is: splits of ", std::max<int64_t>(1, fakes / kSplits), " samples lower the score; take at least ", kSplits * 100);
  return "";
}

std::vector<Reading> read_modes(const Rows& points, const data::Mixture& mixture) {
  const Modes m = count_modes(points, mixture);
  const std::string how = text(points.count, " samples of ", mixture.name, ", ", mixture.centres.size(), " modes");
  return {{"modes-hit", double(m.hit), {}, "modes with a sample within 3 standard deviations; " + how},
          {"quality", m.quality, {}, "share of samples within 3 standard deviations of the nearest mode; " + how},
          {"mode-divergence", m.divergence, {}, "KL of the modes' shares among those from equal shares, in nats, 0 best; " + how}};
}

}  // namespace ganymede::metrics
