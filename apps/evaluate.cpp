// ganymede evaluate RUN: the measures of a trained model, or of a folder of pictures, each with its convention.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <memory>
#include <sstream>

#include "apps/evaluate_table.h"
#include "apps/options.h"
#include "apps/trained.h"
#include "apps/verbs.h"
#include "engine/check.h"
#include "gan/data/mixture.h"
#include "gan/metrics/evaluation.h"
#include "gan/metrics/features_file.h"
#include "gan/run/format.h"

namespace ganymede::apps {
namespace {

using metrics::Comparison;
using metrics::Reading;

struct EvaluateRequest {
  TrainedOptions trained;
  std::string pictures, data = "fashion-mnist", metrics, features, resize;
  int64_t n = 0, size = 0;
  uint64_t seed = 1;
  bool json = false, no_floor = false;
};

void note(const std::string& line) { std::cerr << "ganymede: " << line << "\n"; }

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out;
  std::stringstream in(list);
  for (std::string word; std::getline(in, word, ',');) out.push_back(word);
  return out;
}

// Samples and where they come from.
struct Sampled {
  std::string from;                       // "runs/x, iteration 4000, seed 1"
  metrics::Pictures pictures;
  metrics::Rows points;                   // of a mixture, instead of pictures
  SessionOptions session;                 // data, size, channels, seed of the run
  std::vector<std::string> names;         // measures of pictures to take
  std::vector<Reading> of_the_model;      // measures that only this model has
  std::optional<metrics::FeatureNetwork> file;   // of --features
};

constexpr int64_t kOwnBatch = 8;          // samples, at least, that a model's own measures see together
constexpr int64_t kChunk = 500;           // samples drawn at a time; chunk i has seed + i

// Throws UsageError for a name that is no measure of this kind of data or of the model.
void check_names(const std::vector<std::string>& names, const std::vector<Measure>& own, const std::vector<std::string>& general) {
  std::vector<std::string> known = general;
  for (const Measure& m : own) known.push_back(m.name);
  for (const std::string& name : names)
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw UsageError("unknown metric " + (name.empty() ? "\"\"" : name) + ": here there " + (known.size() == 1 ? "is " : "are ") + alternatives(known));
}

// The network of --features on the context's device, if it was given.
std::optional<metrics::FeatureNetwork> feature_file(const EvaluateRequest& q) {
  if (q.features.empty()) return {};
  metrics::FeatureNetwork file = metrics::read_features(q.features);
  if (!q.resize.empty()) {
    if (file.intake != metrics::Intake::inception_tf && file.intake != metrics::Intake::inception_pytorch) throw UsageError(text("--resize is for Inception; ", q.features, " holds ", file.name));
    file.intake = q.resize == "tf1" ? metrics::Intake::inception_tf : metrics::Intake::inception_pytorch;
  }
  return file;
}

std::vector<std::string> picture_measure_names() {
  std::vector<std::string> names;
  for (const auto& m : metrics::picture_measures()) names.push_back(m.name);
  return names;
}

// The model's own measures, on batches of the test split in order.
// file: the network of --features, null without.
std::vector<Reading> own_measures(Session& session, const std::vector<std::string>& names, int64_t n, uint64_t seed, const metrics::FeatureNetwork* file) {
  std::vector<Reading> out;
  Trainer& trainer = session.trainer();
  const auto each_batch = [&](const std::function<void(const Batch&)>& f) {
    const data::Dataset& set = session.dataset(data::Split::test);
    // Some compare a sample with others of its batch. Where norms use running statistics it does not matter to a sample beside which it stands.
    const int64_t least = trainer.recipe().sample_statistics == Statistics::running ? kOwnBatch : 1;
    const int64_t size = std::min(std::max(session.options().batch, least), set.size());
    for (int64_t at = 0; at + size <= std::min(std::max(n, size), set.size()); at += size) {
      std::vector<int64_t> rows;
      for (int64_t i = at; i < at + size; ++i) rows.push_back(i);
      f(Trainer::read_batch(set, rows));
    }
  };
  Evaluation evaluation{n, each_batch};
  evaluation.class_names = session.dataset().class_names();
  if (file && !file->lpips_weights.empty()) evaluation.lpips = [file](const Tensor& a, const Tensor& b) { return metrics::mean_lpips(*file, a, b); };
  std::optional<metrics::TrainedClassifier> classifier;
  for (const Measure& m : trainer.recipe().measures)
    if (names.empty() || std::find(names.begin(), names.end(), m.name) != names.end()) {
      if (m.classifies && !classifier && session.dataset().classes() > 1) {
        const SessionOptions& o = session.options();
        classifier = metrics::trained_classifier({.data = o.data, .size = o.size, .channels = o.channels, .seed = o.seed}, note);
        evaluation.classify = [&](const Tensor& x) { return metrics::logits(classifier->network, x); };
      }
      trainer.sampling(seed, [&] {
        const double value = m.value(evaluation);
        if (!std::isnan(value)) out.push_back({m.name, value, {}, m.text});
        else if (!names.empty()) throw UsageError(text("evaluate: ", m.name, " cannot be had with these data: ", m.text));
      });
    }
  return out;
}

Sampled draw(const EvaluateRequest& q, const std::vector<std::string>& names, int64_t n) {
  const auto opened = open_trained(q.trained);
  Session& session = *opened;
  Sampled s;
  s.session = session.options();
  const Recipe& recipe = session.trainer().recipe();
  const bool points = session.config().data.dimensions > 0, translates = recipe.draws_from_batch();
  check_names(names, recipe.measures, translates ? std::vector<std::string>{} : points ? std::vector<std::string>{"modes"} : picture_measure_names());
  s.from = text(q.trained.folder, ", iteration ", session.trainer().iteration(), ", seed ", q.seed);
  s.file = feature_file(q);
  if (s.file && (translates || points)) {
    if (points || std::none_of(recipe.measures.begin(), recipe.measures.end(), [](const Measure& m) { return m.perceives; }))
      throw UsageError(text("--features: ", s.session.model, " on these data has no measure that looks at pictures through a network"));
    if (s.file->lpips_weights.empty()) throw UsageError(text("--features: ", q.features, " holds no weights of LPIPS, which the measures of ", s.session.model, " need; scripts/public_weights.sh has alexnet and vgg16 with them"));
  }
  s.of_the_model = own_measures(session, names, n, q.seed, s.file ? &*s.file : nullptr);
  for (const std::string& name : names)
    if (std::none_of(s.of_the_model.begin(), s.of_the_model.end(), [&](const Reading& r) { return r.name == name; })) s.names.push_back(name);
  if (translates && s.of_the_model.empty()) throw UsageError(text("evaluate: ", s.session.model, " turns samples of the data into others and has no measures of its own"));
  if (translates || (!names.empty() && s.names.empty())) return s;
  for (int64_t at = 0; at < n; at += kChunk) {
    const Tensor x = session.trainer().sample(std::min(kChunk, n - at), q.seed + uint64_t(at / kChunk));
    if (x.rank() == 4) {
      s.pictures.append(x);
      // The trainer draws in batches, each with the labels 0, 1, 2, ... in turn.
      const int64_t classes = recipe.latent.classes;
      for (int64_t i = 0; classes > 0 && i < x.dim(0); ++i) s.pictures.labels.push_back(i % std::max<int64_t>(session.options().batch, 1) % classes);
    } else {
      if (at == 0) s.points.width = x.count() / x.dim(0);
      s.points.append(x.to_floats());
    }
  }
  return s;
}

// Pictures of a folder in place of a run's samples, fitted to the data's size.
Sampled collect(const EvaluateRequest& q, const std::vector<std::string>& names, int64_t n) {
  check_names(names, {}, picture_measure_names());
  context().device = Device::parse(q.trained.device.empty() ? "auto" : q.trained.device);
  Sampled s;
  s.file = feature_file(q);
  s.names = names;
  s.session.data = q.data, s.session.size = q.size;
  data::Options wanted;
  wanted.size = q.size;
  const auto real = data::open_dataset(q.data, wanted);
  const data::Field* image = real->field("image");
  require(image != nullptr, q.data, ": these data hold no pictures");
  s.session.size = wanted.size = image->shape[0], s.session.channels = wanted.channels = image->shape[2];
  const auto set = data::open_dataset("folder:" + q.pictures, wanted);
  s.pictures = metrics::read_pictures(*set, n);
  s.pictures.labels.clear();
  s.from = text(q.pictures, ", ", s.pictures.count, " of ", set->size(), " pictures");
  return s;
}

// file: the network of --features, null without.
std::vector<std::string> standard_metrics(bool one_picture, bool labelled, const metrics::FeatureNetwork* file) {
  if (one_picture) return {"sifid"};
  std::vector<std::string> names;
  for (const char* name : {"fid", "kid", "is", "pr", "density", "coverage", "diversity", "nearest"}) {
    const metrics::PictureMeasure& m = *metrics::find_picture_measure(name);
    if (file && metrics::asks_features(m) ? metrics::serves(*file, m) : labelled) names.push_back(name);
  }
  if (file && file->reach == nets::Reach::taps) names.push_back("lpips");
  return names;
}

// Throws UsageError where the network of --features does not reach what a measure asks for.
void check_reach(const metrics::FeatureNetwork& file, const metrics::PictureMeasure& m, const std::string& path) {
  if (metrics::serves(file, m)) return;
  std::vector<std::string> served;
  for (const metrics::PictureMeasure& other : metrics::picture_measures())
    if (metrics::asks_features(other) && metrics::serves(file, other)) served.push_back(other.name);
  throw UsageError(text("metric ", m.name, " needs the ", m.needs == metrics::Needs::classes ? "classes" : "features", " of a network; ", path, " holds ", file.name, " up to its ",
                        file.reach == nets::Reach::taps ? "maps" : "features", ", for ", alternatives(served)));
}

void show(const EvaluateRequest& q, const Facts& facts, const std::vector<Line>& lines, bool floor) { std::cout << (q.json ? as_json(facts, lines) : as_table(facts, lines, floor)); }

void evaluate_points(const EvaluateRequest& q, const Sampled& s) {
  const std::string& spec = s.session.data;
  const data::Mixture mixture = data::mixture_of(spec);
  std::vector<Line> lines;
  for (const Reading& r : metrics::read_modes(s.points, mixture)) lines.push_back({r, {}});
  // What true samples of the mixture get.
  metrics::Rows truth(s.points.count, s.points.width);
  data::Random random(q.seed, 0x7e57);
  for (int64_t i = 0; i < truth.count; ++i) {
    size_t mode;
    const auto p = mixture.draw(random, mode);
    std::copy(p.begin(), p.end(), truth.row(i).begin());
  }
  const auto of_truth = metrics::read_modes(truth, mixture);
  for (size_t i = 0; i < lines.size() && !q.no_floor; ++i) lines[i].real = of_truth[i].value;
  for (const Reading& r : s.of_the_model) lines.push_back({r, {}});
  Facts facts{{"samples", s.from}, {"data", spec}};
  if (!q.no_floor) facts.emplace_back("real data", "as many points drawn from the mixture");
  show(q, facts, lines, !q.no_floor);
}

void show_own_measures(const EvaluateRequest& q, const Sampled& s) {
  std::vector<Line> lines;
  for (const Reading& r : s.of_the_model) lines.push_back({r, {}});
  Facts facts{{"samples", s.from}, {"data", s.session.data}};
  if (s.file) facts.emplace_back("features", text(s.file->name, ": ", s.file->origin));
  show(q, facts, lines, false);
}

constexpr int64_t kMostReal = 50000;   // pictures of the test split that samples are compared with
constexpr const char* kNoPictures = " has no field image, which measures compare samples with";

// Throws UsageError where a measure asks for what these samples, data or networks do not have; before a classifier is trained.
void check_asked(const EvaluateRequest& q, const std::vector<std::string>& names, const Sampled& s, const data::Dataset& test, bool labelled) {
  const data::Field* image = test.field("image");
  if (!image) throw UsageError(test.describe() + kNoPictures);
  const bool as_the_data = s.pictures.height == image->shape[0] && s.pictures.width == image->shape[1] && s.pictures.channels == image->shape[2];
  for (const std::string& name : names) {
    const auto& m = *metrics::find_picture_measure(name);
    const bool asks_classifier = m.needs == metrics::Needs::classifier, asks_features = metrics::asks_features(m);
    if (s.file) check_reach(*s.file, m, q.features);
    if (asks_classifier && !labelled) throw UsageError(text("metric ", name, " needs data with labels; ", test.describe(), " has none"));
    if (asks_features && !s.file && !labelled && name != "sifid")
      throw UsageError(text("metric ", name, " needs features, and ", test.describe(), " has no labels to train a classifier on: give --features FILE"));
    if (const std::string why = metrics::unfit(m, s.pictures, std::min(test.size(), kMostReal)); !why.empty()) throw UsageError(text("metric ", name, " ", why));
    // A network of the data's own pictures takes no others.
    if (!as_the_data && (asks_classifier || (asks_features && !s.file && labelled)))
      throw UsageError(text("metric ", name, " sees pictures by a classifier of the data: samples are ", s.pictures.size_text(), ", the data ", image->shape[0], "x", image->shape[1], image->shape[2] == 1 ? ", grey" : ", colour",
                            asks_classifier ? "; give --metrics ms-ssim, or another that needs none" : "; give --features FILE"));
  }
}

void evaluate_pictures(const EvaluateRequest& q, Sampled sampled) {
  std::vector<std::string> names = sampled.names;
  data::Options wanted;
  wanted.size = sampled.session.size, wanted.channels = sampled.session.channels, wanted.seed = sampled.session.seed;
  const auto train = data::open_dataset(sampled.session.data, wanted);
  wanted.split = data::Split::test;
  const auto test = data::open_dataset(sampled.session.data, wanted);
  const bool labelled = test->field("label") && test->classes() > 1;
  const std::optional<metrics::FeatureNetwork>& file = sampled.file;
  std::optional<metrics::FeatureNetwork> random;
  if (names.empty() && test->field("image")) {
    names = standard_metrics(test->size() == 1, labelled, file ? &*file : nullptr);
    if (labelled && !sampled.pictures.labels.empty()) names.push_back("agreement");
  }
  if (names.empty()) {
    const std::string why = text(test->describe(), test->field("image") ? " has no labels to train a classifier on" : kNoPictures);
    if (sampled.of_the_model.empty()) throw UsageError(why + (test->field("image") ? ": give --features FILE, or --metrics ms-ssim" : ""));
    note(why + ": these are the model's own measures");
    return show_own_measures(q, sampled);
  }
  check_asked(q, names, sampled, *test, labelled);
  bool wants_features = false, wants_classes = false;
  for (const std::string& name : names) {
    const auto& m = *metrics::find_picture_measure(name);
    wants_features |= metrics::asks_features(m), wants_classes |= m.needs == metrics::Needs::classifier;
  }

  const bool own = wants_features && !file;
  std::optional<metrics::TrainedClassifier> trained;
  if (wants_classes || (own && labelled)) {
    metrics::ClassifierOptions o;
    o.data = sampled.session.data, o.size = sampled.session.size, o.channels = sampled.session.channels, o.seed = sampled.session.seed;
    trained = metrics::trained_classifier(o, note);
  }
  if (own && !labelled) random = metrics::random_texture_network();

  // Real pictures of the test split; training pictures show what real pictures get, and whether samples repeat them.
  const metrics::Side real(metrics::read_pictures(*test, kMostReal)), fake(std::move(sampled.pictures));
  metrics::Pictures shown = metrics::read_pictures(*train, std::max<int64_t>(fake.pictures().count, 2));
  const bool unseen = shown.count != real.pictures().count || shown.bytes != real.pictures().bytes;
  const bool apart = trained ? trained->unseen : train->describe() != test->describe();
  const bool floor = apart && unseen && !q.no_floor;
  const metrics::Side training(std::move(shown));

  Comparison c;
  c.real = &real, c.fake = &fake, c.train = apart ? &training : nullptr;
  c.classifier = trained ? &trained->network : nullptr;
  c.features = file ? &*file : random ? &*random : c.classifier;
  std::vector<Line> lines;
  for (const std::string& name : names) {
    const auto& m = *metrics::find_picture_measure(name);
    if (const std::string few = metrics::too_few(m, c); !few.empty()) note(few);
    const size_t first = lines.size();
    for (const Reading& r : m.read(c)) lines.push_back({r, {}});
    if (!floor || name == "nearest" || !metrics::unfit(m, training.pictures(), real.pictures().count).empty()) continue;
    Comparison of_real = c;
    of_real.fake = &training;
    const auto readings = m.read(of_real);
    for (size_t i = 0; i < readings.size() && first + i < lines.size(); ++i) lines[first + i].real = readings[i].value;
  }
  for (const Reading& r : sampled.of_the_model) lines.push_back({r, {}});

  Facts facts;
  facts.emplace_back("samples", text(sampled.from, ": ", fake.pictures().count, " pictures ", fake.pictures().size_text(), ", rounded to 8 bits"));
  facts.emplace_back("real", text(test->describe(), ": ", real.pictures().count, " pictures", apart ? " that training did not see" : ", the training pictures themselves: the data have no others"));
  if (floor) facts.emplace_back("real data", text("the same measure for ", training.pictures().count, " training pictures in place of samples"));
  if (c.features) facts.emplace_back("features", text(c.features->name, ": ", c.features->origin));
  if (trained)
    facts.emplace_back("classifier", text("right on ", run::short_number(100 * trained->accuracy), " % of ", trained->judged, trained->unseen ? " pictures that it was not trained on" : " of its training pictures",
                                          trained->file.empty() ? "; not cached" : trained->from_cache ? "; read from " + trained->file : "; kept in " + trained->file));
  show(q, facts, lines, floor);
}

void evaluate(const EvaluateRequest& q) {
  if (q.trained.folder.empty() == q.pictures.empty()) throw UsageError("evaluate: name a run folder, or give --pictures DIR with --data");
  if (!q.resize.empty() && q.features.empty()) throw UsageError("--resize says how a feature network of --features takes pictures: give both");
  const std::vector<std::string> names = split(q.metrics);
  if (!q.metrics.empty() && (names.empty() || q.metrics.back() == ',')) throw UsageError("--metrics " + q.metrics + ": names with commas between them are expected");
  const int64_t n = q.n ? q.n : 10000;
  Sampled sampled = q.trained.folder.empty() ? collect(q, names, n) : draw(q, names, n);
  if (sampled.points.count > 0) return evaluate_points(q, sampled);
  if (sampled.pictures.count > 0) return evaluate_pictures(q, std::move(sampled));
  show_own_measures(q, sampled);
}

}  // namespace

void add_evaluate(CLI::App& program) {
  auto q = std::make_shared<EvaluateRequest>();
  auto* verb = program.add_subcommand("evaluate", "measure a trained model: distances to real pictures, variety, classes");
  std::string all = "measures with commas between them (those that fit the data); modes counts the modes of a mixture";
  for (const auto& m : metrics::picture_measures()) all += "\n" + m.name + ": " + m.text;
  auto* run = q->trained.add_to(*verb, false);
  verb->add_option("--metrics", q->metrics, all);
  verb->add_option("-n", q->n, "number of samples (10000)")->check(whole(2, 1 << 20));
  auto* features = verb->add_option("--features", q->features, "feature network with public weights, from scripts/public_weights.sh or convert_features.py (a classifier trained on the labels)");
  verb->add_option("--resize", q->resize, "how Inception's input is resized (the file's standard)")->check(one_of({"tf1", "pytorch"}))->needs(features);
  verb->add_option("--seed", q->seed, "seed of the noise")->check(whole(0, INT64_MAX))->capture_default_str()->needs(run);
  auto* pictures = verb->add_option("--pictures", q->pictures, "a folder of pictures to measure instead of a run");
  verb->add_option("--data", q->data, "with --pictures: the real pictures")->capture_default_str()->needs(pictures);
  verb->add_option("--size", q->size, "with --pictures: height and width (as the data are)")->check(whole(1, 65536))->needs(pictures);
  verb->add_flag("--json", q->json, "as JSON");
  verb->add_flag("--no-floor", q->no_floor, "do not measure training pictures in place of samples");
  verb->callback([q] { evaluate(*q); });
}

}  // namespace ganymede::apps
