#include "gan/metrics/trained_classifier.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "engine/check.h"
#include "engine/context.h"
#include "gan/data/loader.h"
#include "gan/metrics/kept_network.h"
#include "gan/nets/classifier.h"
#include "gan/recipe.h"
#include "gan/trainer.h"
#include "nn/init.h"
#include "nn/losses.h"

namespace ganymede::metrics {
namespace {

namespace fs = std::filesystem;

constexpr const char* kClassifierFormat = "ganymede classifier 1";   // the number is the version: of network, recipe and file
constexpr int64_t kBatch = 100, kJudged = 10000;

// What the file's name begins with.
std::string stem_of(const std::string& data) {
  std::string name = "classifier1-";
  for (const char c : data.substr(0, 60)) name += std::isalnum(static_cast<unsigned char>(c)) || c == '-' ? c : '_';
  return name;
}

Recipe recipe_of(const nn::Net& net, int64_t steps) {
  Recipe r;
  r.nets = {net};
  // The rate falls to 0 in a straight line.
  r.update("classify", {net}, nn::adam(2e-3).with(nn::linear_decay(0, steps)), [=](const Batch& x) -> Losses {
    return {{"cross_entropy", nn::cross_entropy(net(x.image()), x["label"]), "-E log p(label | x)"}};
  });
  return r;
}

void read_cached(TrainedClassifier& c, const std::string& path) {
  const Metadata kept = read_kept(path, kClassifierFormat, c.network.net);
  c.accuracy = std::atof(entry(kept, path, "accuracy").c_str()), c.judged = std::atoll(entry(kept, path, "judged").c_str());
  c.unseen = entry(kept, path, "unseen") == "yes", c.file = path, c.from_cache = true;
}

// Of data of two sides, b and its labels, by the names that all pictures have.
class OtherSide : public data::Dataset {
 public:
  explicit OtherSide(std::unique_ptr<data::Dataset> both) : both_(std::move(both)) {
    fields_ = {{"image", both_->field("b")->shape, data::Kind::real}, {"label", {}, data::Kind::integer}};
    class_names_ = both_->class_names();
  }
  int64_t size() const override { return both_->size(); }
  std::string describe() const override { return "b of " + both_->describe(); }
  void read(int64_t index, data::Random& random, data::HostBatch& out, int64_t row) const override {
    data::HostBatch one(both_->fields(), 1);
    both_->read(index, random, one, 0);
    std::ranges::copy(one.real("b"), out.real(0, row).begin());
    out.integer(1, row)[0] = one.integer("label_b")[0];
  }

 private:
  std::unique_ptr<data::Dataset> both_;
};

// The set with fields image and label, where it has them.
std::unique_ptr<data::Dataset> open_labelled(const std::string& specification, const data::Options& options) {
  auto set = data::open_dataset(specification, options);
  if (!set->field("image") && set->field("b") && set->field("label_b")) return std::make_unique<OtherSide>(std::move(set));
  return set;
}

double accuracy(const FeatureNetwork& network, const Pictures& pictures) {
  const std::vector<int64_t> said = largest_columns(look(network, pictures).probabilities);
  int64_t right = 0;
  for (size_t i = 0; i < said.size(); ++i) right += said[i] == pictures.labels[i];
  return double(right) / double(pictures.count);
}

}  // namespace

TrainedClassifier trained_classifier(const ClassifierOptions& o, const std::function<void(const std::string&)>& say) {
  const auto tell = [&](const std::string& line) {
    if (say) say(line);
  };
  data::Options wanted;
  wanted.size = o.size, wanted.channels = o.channels, wanted.seed = o.seed;
  const auto train = open_labelled(o.data, wanted);
  const data::Field *image = train->field("image"), *label = train->field("label");
  if (!image || !label || train->classes() < 2)
    throw UsageError(text(o.data, ": ", image ? "these data have no labels" : "these data hold no pictures", ", so no classifier can be trained on them; name a feature network with --features FILE"));
  require(image->shape[0] == image->shape[1], o.data, ": pictures of ", Shape(image->shape), ", the classifier takes square ones");
  wanted.split = data::Split::test;
  const auto test = open_labelled(o.data, wanted);

  ContextScope scope;
  context().precision = Precision::f32, context().dtype = DType::f32;
  context().training = context().recording = true;   // a task of a model that samples may ask for it
  const std::vector<std::string> fields{"image", "label"};
  const uint64_t print = fingerprint(*train, fields);
  TrainedClassifier c;
  c.unseen = fingerprint(*test, fields) != print;
  FeatureNetwork& f = c.network;
  f.name = "classifier", f.own = true, f.classes = train->classes();
  f.origin = text("a small network of ganymede's own, trained by it on the labels of the train split of ", o.data, ", ", image->shape[0], "x", image->shape[1]);
  nn::seed_parameters(1);
  f.module = nets::classifier(int(image->shape[0]), int(image->shape[2]), int(f.classes));
  f.net = nn::Net("features", f.module);

  const std::string path = o.cache ? kept_path(stem_of(o.data), *train, print) : "";
  if (!path.empty() && fs::exists(path)) try {
      read_cached(c, path);
      return c;
    } catch (const Error& e) {
      tell(text("the cached classifier cannot be used and is made again: ", e.what()));
    }

  const int64_t batch = std::min(kBatch, train->size());
  const int64_t steps = std::clamp<int64_t>(o.epochs * (train->size() / batch), 300, 6000);
  tell(text("training a classifier on ", o.data, " (", steps, " iterations of ", batch, "); it is kept ", path.empty() ? "nowhere" : "in " + path));
  data::Loader loader(*train, batch, 1, 1);
  Trainer trainer(recipe_of(f.net, steps), {.batch = batch, .seed = 1}, train->fields(), &loader);
  for (int64_t i = 1; i <= steps; ++i) {
    trainer.step();
    if (i % std::max<int64_t>(1, steps / 4) == 0) tell(text("classifier ", i, " of ", steps, ", cross entropy ", trainer.values().front().second));
  }
  const Pictures judged = read_pictures(*test, kJudged);
  c.accuracy = accuracy(f, judged), c.judged = judged.count;
  if (path.empty()) return c;
  try {
    write_kept(path, kClassifierFormat, {{"data", o.data}, {"accuracy", text(c.accuracy)}, {"judged", text(c.judged)}, {"unseen", c.unseen ? "yes" : "no"}}, f.net);
    c.file = path;
  } catch (const std::exception& e) {
    tell(text("the classifier is not kept: ", e.what()));
  }
  return c;
}

}  // namespace ganymede::metrics
