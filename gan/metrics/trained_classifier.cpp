#include "gan/metrics/trained_classifier.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/safetensors.h"
#include "gan/cache_folder.h"
#include "gan/data/loader.h"
#include "gan/nets/classifier.h"
#include "gan/recipe.h"
#include "gan/trainer.h"
#include "nn/init.h"
#include "nn/losses.h"

namespace ganymede::metrics {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormat = "ganymede classifier 1";   // the number is the version: of network, recipe and file
constexpr int64_t kBatch = 100, kJudged = 10000;

// FNV-1a over the size and a regular selection of pictures and labels.
uint64_t fingerprint(const data::Dataset& set) {
  uint64_t hash = 0xcbf29ce484222325u;
  const auto mix = [&](const void* bytes, size_t n) {
    for (size_t i = 0; i < n; ++i) hash = (hash ^ static_cast<const uint8_t*>(bytes)[i]) * 0x100000001b3u;
  };
  const int64_t size = set.size(), step = std::max<int64_t>(1, size / 64);
  mix(&size, sizeof size);
  data::HostBatch row(set.fields(), 1);
  for (int64_t i = 0; i < size; i += step) {
    data::Random random(0, 0, uint64_t(i));
    set.read(i, random, row, 0);
    mix(row.real("image").data(), row.real("image").size_bytes());
    mix(row.integer("label").data(), sizeof(int64_t));
  }
  return hash;
}

std::string file_name(const ClassifierOptions& o, const data::Dataset& set, uint64_t print) {
  std::string name;
  for (const char c : o.data.substr(0, 60)) name += std::isalnum(static_cast<unsigned char>(c)) || c == '-' ? c : '_';
  const data::Field& image = *set.field("image");
  char hex[17];
  std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(print));
  return text("classifier1-", name, "-", image.shape[0], "x", image.shape[2], "-", hex, ".safetensors");
}

std::vector<nn::NamedTensor> tensors(const nn::Net& net) {
  std::vector<nn::NamedTensor> all = net.parameters();
  all.insert(all.end(), net.buffers().begin(), net.buffers().end());
  return all;
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

struct Kept {
  double accuracy = 0;
  int64_t judged = 0;
  bool unseen = false;
};

// Fills the network from a cached file. Throws Error for any file that is not exactly what was asked for.
Kept read_cached(const std::string& path, const nn::Net& net) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  const auto entry = [&](const char* key) {
    const auto it = file.metadata().find(key);
    require(it != file.metadata().end(), path, ": no ", key, " in its metadata");
    return it->second;
  };
  require(entry("format") == kFormat, path, ": format ", entry("format"));
  for (const auto& [name, t] : tensors(net)) {
    const RawTensor& raw = file.at(name);
    require(raw.dtype == DType::f32 && Shape(raw.shape) == t.shape(), path, ", tensor ", name, ": ", Shape(raw.shape), " in the file, ", t.shape(), " in the classifier");
  }
  for (const auto& [name, t] : tensors(net)) upload(t, file.at(name).data, file.at(name).bytes);
  return {std::atof(entry("accuracy").c_str()), std::atoll(entry("judged").c_str()), entry("unseen") == "yes"};
}

void write_cached(const std::string& path, const nn::Net& net, const TrainedClassifier& c, const std::string& data) {
  fs::create_directories(fs::path(path).parent_path());
  std::vector<std::vector<float>> hold;
  std::vector<std::pair<std::string, RawTensor>> raw;
  for (const auto& [name, t] : tensors(net)) {
    hold.push_back(t.to_floats());
    raw.push_back({name, {DType::f32, {t.shape().begin(), t.shape().end()}, reinterpret_cast<const std::byte*>(hold.back().data()), hold.back().size() * sizeof(float)}});
  }
  write_safetensors(path, {{"format", kFormat}, {"data", data}, {"accuracy", text(c.accuracy)}, {"judged", text(c.judged)}, {"unseen", c.unseen ? "yes" : "no"}}, raw);
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
  const auto train = data::open_dataset(o.data, wanted);
  const data::Field *image = train->field("image"), *label = train->field("label");
  if (!image || !label || train->classes() < 2)
    throw UsageError(text(o.data, ": ", image ? "these data have no labels" : "these data hold no pictures", ", so no classifier can be trained on them; name a feature network with --features FILE"));
  require(image->shape[0] == image->shape[1], o.data, ": pictures of ", Shape(image->shape), ", the classifier takes square ones");
  wanted.split = data::Split::test;
  const auto test = data::open_dataset(o.data, wanted);

  ContextScope scope;
  context().precision = Precision::f32, context().dtype = DType::f32;
  const uint64_t print = fingerprint(*train);
  TrainedClassifier c;
  c.unseen = fingerprint(*test) != print;
  FeatureNetwork& f = c.network;
  f.name = "classifier", f.own = true, f.classes = train->classes();
  f.origin = text("a small network of ganymede's own, trained by it on the labels of the train split of ", o.data, ", ", image->shape[0], "x", image->shape[1]);
  nn::seed_parameters(1);
  f.module = nets::classifier(int(image->shape[0]), int(image->shape[2]), int(f.classes));
  f.net = nn::Net("features", f.module);

  const std::string folder = o.cache ? cache_folder() : "", path = folder.empty() ? "" : folder + "/" + file_name(o, *train, print);
  if (!path.empty() && fs::exists(path)) try {
      const Kept kept = read_cached(path, f.net);
      c.accuracy = kept.accuracy, c.judged = kept.judged, c.unseen = kept.unseen, c.file = path, c.from_cache = true;
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
    write_cached(path, f.net, c, o.data);
    c.file = path;
  } catch (const std::exception& e) {
    tell(text("the classifier is not kept: ", e.what()));
  }
  return c;
}

}  // namespace ganymede::metrics
