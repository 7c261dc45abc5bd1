#include "tests/gan/update_case.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <sstream>

#include "engine/context.h"
#include "engine/ops/create.h"
#include "gan/facts.h"
#include "gan/models.h"
#include "gan/trainer.h"
#include "tests/gan/update_reference.h"
#include "tests/support/places.h"

namespace ganymede::test {
namespace {

const std::string kFolder = test::source_dir() + "/tests/cases/";

// What a case says beside its tensors.
struct Facts {
  std::map<std::string, std::string> all;
  std::string text(const std::string& key, const std::string& standard = "") const { return all.count(key) ? all.at(key) : standard; }
  int64_t integer(const std::string& key, int64_t standard) const { return all.count(key) ? std::stoll(all.at(key)) : standard; }
  double number(const std::string& key, double standard) const { return all.count(key) ? std::stod(all.at(key)) : standard; }
  std::vector<std::string> words(const std::string& key) const {
    std::istringstream in(text(key));
    return {std::istream_iterator<std::string>(in), {}};
  }
};

struct Case {
  SafetensorsFile file;
  UpdateReference reference;
  Facts facts;
  std::vector<data::Field> fields;  // of the batch
  int64_t batch = 0;

  explicit Case(const std::string& name) : file(SafetensorsFile::read(kFolder + name + ".safetensors")), reference(name), facts{file.metadata()} {
    const auto integers = facts.words("integers");
    for (const std::string& n : file.names()) {
      const std::string field = n.rfind("0.batch.", 0) == 0 ? n.substr(8) : "";
      if (field.empty() || field.find('.') != std::string::npos) continue;
      std::vector<int64_t> shape = shape_of(n);
      batch = shape.at(0);
      shape.erase(shape.begin());
      const bool whole = std::find(integers.begin(), integers.end(), field) != integers.end();
      fields.push_back({field, shape, whole ? data::Kind::integer : data::Kind::real});
    }
  }
  // The engine's shape: channels last.
  std::vector<int64_t> shape_of(const std::string& name) const {
    std::vector<int64_t> s = file.at(name).shape;
    return s.size() == 4 ? std::vector<int64_t>{s[0], s[2], s[3], s[1]} : s;
  }
  Config config() const {
    std::map<std::string, std::string> settings;
    for (const std::string& word : facts.words("settings")) settings[word.substr(0, word.find('='))] = word.substr(word.find('=') + 1);
    DataFacts data;
    note_fields(data, fields);
    data.words.resize(size_t(facts.integer("words", 0)));
    std::vector<data::Meaning> meanings;
    for (uint8_t k = 0; k < facts.integer("meanings", 0); ++k) meanings.push_back({std::to_string(k), {k, k, k}, {k, k, k}});
    if (!meanings.empty()) data.palette = data::Palette(meanings);
    data.classes = facts.integer("classes", 0), data.attributes = facts.words("attributes");
    Config c(data, settings);
    c.batch = batch, c.steps = facts.integer("steps", 0);
    return c;
  }
  std::vector<GivenDraw> draws(const std::string& k) const {
    std::vector<GivenDraw> out;
    for (std::string n; file.contains(n = k + ".draw." + std::to_string(out.size()));) out.push_back({Shape(shape_of(n)), reference.values(n)});
    return out;
  }
  void fill(const Trainer& trainer, const std::string& k) const {
    for (int j = 0; j < trainer.batches_per_iteration(); ++j)
      for (const data::Field& f : fields) {
        const Tensor& to = trainer.batch(j)[f.name];
        const auto v = reference.values(k + ".batch." + f.name + (j ? "." + std::to_string(j) : ""));
        if (f.kind == data::Kind::integer) assign(to, tensor(std::vector<int64_t>(v.begin(), v.end()), to.shape(), to.device()));
        else assign(to, tensor(v, to.shape(), to.dtype(), to.device()));
      }
  }
};

double difference(const std::vector<double>& got, const std::vector<double>& want) {
  double error = 0, norm = 0;
  for (size_t i = 0; i < want.size(); ++i) error += (got[i] - want[i]) * (got[i] - want[i]), norm += want[i] * want[i];
  return std::sqrt(error) / std::max(std::sqrt(norm), 1e-300);
}

// Gradients and steps of one step of one network.
void compare_step(const Case& c, const nn::TracedStep& step, const nn::Net& net, const std::string& prefix, const UpdateBounds& bounds) {
  std::vector<double> g, s, want_g, want_s;
  size_t known = 0;
  const auto append = [](std::vector<double>& to, const std::vector<double>& v) { to.insert(to.end(), v.begin(), v.end()); };
  for (size_t i = 0; i < net.parameters().size(); ++i) {
    const auto& p = net.parameters()[i];
    const std::string end = net.name() + "." + p.name;
    const std::vector<double> zero(size_t(p.value.count()));
    const auto reference = [&](const std::string& n) {
      if (!c.reference.contains(n)) return zero;
      ++known;
      const auto v = c.reference.values(n);
      require(v.size() == zero.size(), n, ": ", v.size(), " elements, the model has ", p.value.shape());
      return v;
    };
    append(g, step.gradients[i] ? step.gradients[i].to_doubles() : zero);
    const auto before = net.slice_of(step.before, i).to_doubles();
    auto moved = net.slice_of(step.after, i).to_doubles();
    for (size_t k = 0; k < moved.size(); ++k) moved[k] -= before[k];
    append(s, moved);
    append(want_g, reference(prefix + ".grad." + end)), append(want_s, reference(prefix + ".step." + end));
  }
  EXPECT_GT(known, 0u) << prefix << ": the case has nothing of " << net.name();
  EXPECT_LE(difference(g, want_g), bounds.gradient) << prefix << ", gradient of " << net.name();
  EXPECT_LE(difference(s, want_s), bounds.step) << prefix << ", step of " << net.name();
}

void compare_steps(const Case& c, const Trainer& trainer, const std::vector<nn::TracedStep>& steps, const std::string& k, const UpdateBounds& bounds) {
  size_t at = 0;
  for (const Update& u : trainer.recipe().stages[trainer.stage()].updates) {
    if (std::stoll(k) % u.interval != 0) continue;
    for (int j = 0; j < u.repeat; ++j)
      for (const Group& g : u.groups)
        for (const nn::Net& net : g.nets) compare_step(c, steps.at(at++), net, k + "." + u.name + (j ? "." + std::to_string(j) : ""), bounds);
  }
  EXPECT_EQ(at, steps.size());
}

void compare_values(const Case& c, const Trainer& trainer, const std::string& k, const UpdateBounds& bounds) {
  int losses = 0;
  const auto values = trainer.values();
  for (const std::string& n : c.file.names()) {
    const std::string stem = k + ".loss.";
    if (n.rfind(stem, 0) != 0) continue;
    const auto it = std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == n.substr(stem.size()); });
    ++losses;
    if (it == values.end()) ADD_FAILURE() << n << ": the model has no such term";
    else EXPECT_LE(std::abs(it->second - c.reference.loss(n)), bounds.loss * std::max(1.0, std::abs(c.reference.loss(n)))) << n << " " << it->second << " " << c.reference.loss(n);
  }
  EXPECT_GT(losses, 0) << "iteration " << k;
  const auto compare = [&](const std::string& name, const Tensor& value) {
    const auto want = c.reference.values(name), got = value.to_doubles();
    ASSERT_EQ(want.size(), got.size()) << name;
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], bounds.state * std::max(1.0, std::abs(want[i]))) << name << " " << i;
  };
  for (const nn::Net& net : trainer.recipe().nets)
    for (const nn::NamedTensor& b : net.buffers()) compare(k + ".after." + net.name() + "." + b.name, b.value);
  for (const nn::NamedTensor& t : trainer.recipe().kept)
    if (c.file.contains(k + ".kept." + t.name)) compare(k + ".kept." + t.name, t.value);
  for (const nn::NamedTensor& t : trainer.state())
    for (const nn::Net& net : trainer.recipe().nets)
      for (size_t i = 0; t.name.ends_with("." + net.name() + ".average") && i < net.parameters().size(); ++i)
        if (const std::string n = k + ".average." + net.name() + "." + net.parameters()[i].name; c.file.contains(n)) compare(n, net.slice_of(t.value, i));
}

}  // namespace

std::vector<std::string> update_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    if (entry.path().extension() == ".safetensors")
      if (SafetensorsFile::read(entry.path().string()).metadata().count("settings")) names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

void expect_agreement(const std::string& name, DType dtype) {
  ContextScope scope;
  context().device = Device{}, context().dtype = dtype, context().precision = Precision::f32;
  const Case c(name);
  // The reference is stored in float32: 3e-8. Adam's and RMSprop's steps are the signs of gradients at first, so in f32 small
  // gradients decide.
  const UpdateBounds bounds = dtype == DType::f64 ? UpdateBounds{1e-7, 1e-7, 1e-7, 1e-7} : UpdateBounds{1e-5, c.facts.number("f32_gradient", 1e-4), c.facts.number("f32_step", 0.2), 1e-3};
  const Config config = c.config();
  Recipe recipe = find_model(c.facts.text("model")).recipe(config);
  config.check_all_read();
  for (const nn::Net& net : recipe.nets)
    for (const auto& list : {net.parameters(), net.buffers()})
      for (const nn::NamedTensor& t : list)
        if (const std::string n = "initial." + net.name() + "." + t.name; c.file.contains(n)) c.reference.load(n, t.value);
  for (const nn::NamedTensor& t : recipe.kept)
    if (const std::string n = "initial.kept." + t.name; c.file.contains(n)) {
      const auto v = c.reference.values(n);
      if (t.value.dtype() == DType::i64) assign(t.value, tensor(std::vector<int64_t>(v.begin(), v.end()), t.value.shape(), t.value.device()));
      else c.reference.load(n, t.value);
    }
  Trainer trainer(std::move(recipe), {.batch = c.batch, .seed = 1, .capture = false}, c.fields, nullptr);
  const int64_t iterations = c.facts.integer("iterations", 0);
  ASSERT_GT(iterations, 0);
  for (int64_t i = 0; i < iterations; ++i) {
    const std::string k = std::to_string(i);
    c.fill(trainer, k);
    GivenDraws draws(c.draws(k));
    nn::StepTrace trace;
    trainer.step();
    EXPECT_EQ(draws.left(), 0u) << "draws that nobody asked for in iteration " << k;
    compare_steps(c, trainer, trace.steps, k, bounds);
    compare_values(c, trainer, k, bounds);
  }
}

}  // namespace ganymede::test
