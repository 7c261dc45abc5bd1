#include "gan/uses/attribute_classifier.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/loader.h"
#include "gan/losses/classes.h"
#include "gan/metrics/kept_network.h"
#include "gan/nets/classifier.h"
#include "gan/parts/known_pictures.h"
#include "gan/trainer.h"
#include "nn/init.h"

namespace ganymede {
namespace {

constexpr const char* kFormat = "ganymede attribute classifier 1";
constexpr int64_t kPictures = 20000, kWorthKeeping = 1000, kBatch = 50, kPasses = 5, kMostSteps = 1000;

}  // namespace

AttributeClassifier AttributeClassifier::of(const DataFacts& facts, const Attributes& attributes) {
  const KnownPictures known(facts, kPictures);
  ContextScope scope;
  context().precision = Precision::f32, context().dtype = DType::f32, context().training = true, context().recording = true;
  AttributeClassifier c;
  c.attributes_ = attributes;
  c.classes_ = known.field("label") ? facts.classes : 0;
  const int64_t count = attributes.count(), classes = c.classes_;
  nn::seed_parameters(1);
  const nn::Net net = c.net_ = nn::Net("attributes", nets::classifier(int(facts.size), int(facts.channels), int(count + classes)));

  std::string stem = "attributes1", path;
  std::vector<std::string> fields{"image"};
  for (const char* name : {"attributes", "label"})
    if (known.field(name)) fields.push_back(name);
  for (const Attributes::Group& g : attributes.groups()) {
    stem += "-" + g.name;
    std::replace(stem.begin(), stem.end(), '/', '+');
  }
  if (known.size() >= kWorthKeeping) path = metrics::kept_path(stem.substr(0, 150), known, metrics::fingerprint(known, fields));
  if (!path.empty() && std::filesystem::exists(path)) try {
      metrics::read_kept(path, kFormat, net);
      return c;
    } catch (const Error& e) {
      std::cerr << "ganymede: the kept classifier of attributes cannot be used and is made again: " << e.what() << "\n";
    }

  const int64_t batch = std::min(kBatch, known.size()), steps = std::clamp<int64_t>(kPasses * known.size() / batch, 10, kMostSteps);
  Recipe r;
  r.nets = {net};
  r.update("classify", {net}, nn::adam(2e-3).with(nn::linear_decay(0, steps)), [=](const Batch& b) -> Losses {
    const Tensor said = net(b.image());
    Losses l{{"attributes", attributes.loss(slice(said, 1, 0, count), attributes.of(b)), "cross entropy of the attributes"}};
    if (classes) l.push_back({"class", class_loss(slice(said, 1, count, count + classes), b["label"]), "-E log p(label | x)"});
    return l;
  });
  data::Loader loader(known, batch, 1, 1);
  Trainer trainer(r, {.batch = batch, .seed = 1}, known.fields(), &loader);
  for (int64_t i = 0; i < steps; ++i) trainer.step();
  if (!path.empty()) try {
      metrics::write_kept(path, kFormat, {}, net);
    } catch (const std::exception& e) {
      std::cerr << "ganymede: the classifier of attributes is not kept: " << e.what() << "\n";
    }
  return c;
}

std::function<const AttributeClassifier&()> AttributeClassifier::when_asked(const DataFacts& facts, const Attributes& attributes) {
  return [kept = std::make_shared<std::optional<AttributeClassifier>>(), facts, attributes]() -> const AttributeClassifier& {
    if (!*kept) *kept = of(facts, attributes);
    return **kept;
  };
}

AttributeClassifier::Verdict AttributeClassifier::judge(const Tensor& pictures) const {
  ContextScope scope;
  context().precision = Precision::f32, context().dtype = DType::f32, context().training = false, context().recording = false;
  const Tensor said = net_(cast(pictures, DType::f32).constant());
  const int64_t count = attributes_.count();
  return {attributes_.decided(slice(said, 1, 0, count)), classes_ ? argmax(slice(said, 1, count, count + classes_), 1) : Tensor{}};
}

}  // namespace ganymede
