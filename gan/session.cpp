#include "gan/session.h"

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "engine/check.h"
#include "engine/ops/create.h"
#include "gan/data/mixture.h"
#include "gan/facts.h"
#include "gan/tuned.h"
#include "nn/init.h"

namespace ganymede {

namespace {

// As OpenMP's programs do: OMP_NUM_THREADS, else every core that this process may use.
int standard_threads() {
  const char* const wanted = std::getenv("OMP_NUM_THREADS");
  const int count = wanted ? std::atoi(wanted) : 0;   // of a list, one for each level, the first
  return count > 0 ? count : omp_get_num_procs();
}

// Where several processes have a machine's cards, each takes one of its own.
bool shares_cards(const std::string& name, const Device& device) { return device.type == DeviceType::cuda && !name.starts_with("cuda:"); }
Device own_device(const std::string& name, const ProcessGroup& group) {
  const Device device = Device::parse(name);
  return shares_cards(name, device) ? Device{DeviceType::cuda, group.local_rank() % device_count(DeviceType::cuda)} : device;
}

}  // namespace

const char* version() { return GANYMEDE_VERSION; }

std::pair<std::string, std::string> parse_setting(const std::string& text) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0) throw UsageError("setting " + text + ": write name=value");
  return {text.substr(0, at), text.substr(at + 1)};
}

const data::Dataset& Session::dataset(data::Split split) const {
  auto& set = sets_[split == data::Split::test];
  if (!set) {
    data::Options wanted;
    wanted.size_asked_for = options_.size != 0;
    wanted.size = options_.size || data::makes_points(options_.data) ? options_.size : model_->size;  // points have none
    wanted.channels = options_.channels;
    wanted.seed = options_.seed;
    wanted.split = split;
    set = data::open_dataset(options_.data, wanted);
  }
  return *set;
}

int Session::reading_threads(int64_t batch) const {
  int64_t sample = 0;
  for (const data::Field& f : fields_) sample += f.bytes();
  const bool cuda = options_.device.starts_with("cuda") || (options_.device == "auto" && device_count(DeviceType::cuda) > 0);
  return data::reading_threads(!cuda, options_.threads, omp_get_num_procs(), sample * batch);
}

Batch Session::shown_batch(int64_t n) const {
  const data::Dataset& set = dataset(data::Split::test);
  std::vector<int64_t> rows;
  for (int64_t i = 0; i < std::min(n, set.size()); ++i) rows.push_back(i);
  return Trainer::read_batch(set, rows);
}

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const std::vector<data::Field>& fields) {
  Json all = Json::array();
  for (const data::Field& f : fields) all.push_back({{"name", f.name}, {"shape", f.shape}, {"kind", int(f.kind)}});
  return all;
}

Json to_json(const data::Palette& palette) {
  Json all = Json::array();
  for (const data::Meaning& m : palette.meanings()) all.push_back({{"name", m.name}, {"in_files", data::hex(m.in_files)}, {"shown", data::hex(m.shown)}});
  return all;
}

data::Palette palette_from(const Json& json) {
  try {
    std::vector<data::Meaning> meanings;
    for (const Json& m : json) meanings.push_back({m.at("name").get<std::string>(), data::rgb_of(m.at("in_files").get<std::string>()), data::rgb_of(m.at("shown").get<std::string>())});
    return data::Palette(std::move(meanings));
  } catch (const Error& e) {
    fail("run.json, data_facts, palette: ", e.what());
  }
}

std::vector<data::Field> fields_from(const Json& json) {
  std::vector<data::Field> fields;
  for (const Json& f : json) {
    const int kind = f.at("kind").get<int>();
    require(kind >= 0 && kind <= 2, "run.json, data_facts: a field of kind ", kind, "; it must be 0, 1 or 2");
    const auto shape = f.at("shape").get<std::vector<int64_t>>();
    double count = 1;
    for (const int64_t d : shape) {
      require(d >= 1 && d <= 1 << 24, "run.json, data_facts: a field ", d, " long; it must be 1 to ", 1 << 24);
      count *= double(d);
    }
    require(count <= 1 << 28, "run.json, data_facts: a field of ", Shape(shape), "; samples have at most ", 1 << 28, " values");
    fields.push_back({f.at("name").get<std::string>(), shape, data::Kind(kind)});
  }
  return fields;
}

}  // namespace

DataFacts Session::facts_of(const Json* stored, Use use) {
  DataFacts facts;
  if (use != Use::train && stored) {
    try {
      fields_ = fields_from(stored->at("fields"));
      facts.classes = stored->at("classes").get<int64_t>();
      if (const auto words = stored->find("words"); words != stored->end()) facts.words = words->get<std::vector<std::string>>();
      facts.attributes = stored->value("attribute_names", std::vector<std::string>{});  // older runs count them only
      if (const auto palette = stored->find("palette"); palette != stored->end()) facts.palette = palette_from(*palette);
      facts.count = stored->at("count").get<int64_t>();
    } catch (const Json::exception& e) {
      fail("run.json, data_facts: not ganymede's: ", e.what());
    }
  } else {
    const data::Dataset& set = dataset();
    fields_ = set.fields();
    for (const std::string& need : model_->needs) {
      std::istringstream names(need);
      std::string words;
      bool found = false;
      for (std::string name; std::getline(names, name, '|'); words += (words.empty() ? "" : " or ") + name) found |= set.field(name) != nullptr;
      if (!found) throw UsageError("model " + model_->id + " needs data with the field " + words + "; " + set.describe() + " has none; try --data " + model_->data);
      if ((need == "a" || need == "b") && set.field(need)->shape.size() == 1 && !model_->maps_points)
        throw UsageError("model " + model_->id + " needs pictures in the field " + need + "; " + set.describe() + " has points there; try --data " + model_->data);
    }
    facts = facts_of_data(set);
  }
  note_fields(facts, fields_);
  require(facts.size == facts.width || model_->any_shape, "pictures of ", facts.size, "x", facts.width, ": this model takes square ones; set --size");
  if (!facts.dimensions) {
    if (!options_.size && facts.size == facts.width) options_.size = facts.size;
    if (facts.input_channels == facts.channels) options_.channels = facts.channels;  // else: each side as its files are
  }
  if (use != Use::train) facts.mean_picture = {};
  facts.read = [this](const std::vector<int64_t>& rows) { return facts_of_data(dataset()).read(rows); };
  return facts;
}

Session::Session(const SessionOptions& options, Use use, const Json* facts) : options_(options), model_(&find_model(options.model)) {
  SessionOptions& o = options_;
  Context& c = context();
  c.precision = parse_precision(o.precision);
  const ProcessGroup& group = ProcessGroup::world();
  if (use == Use::train) o.processes = group.size();
  const Device device = use == Use::plan ? Device{DeviceType::plan, 0} : own_device(o.device, group);
  if (use == Use::plan) c.planned = Device::parse_or_plan(o.device);
  else o.device = shares_cards(o.device, device) && !group.alone() ? "cuda" : device.str();
  if (c.precision == Precision::tf32 && (use == Use::plan ? c.planned : device).type == DeviceType::cpu) throw UsageError("precision tf32 is for tensor cores: on cpu use f32 or bf16");
  c.dtype = DType::f32;
  if (o.threads <= 0) o.threads = standard_threads();
  if (use != Use::plan)
    if (const auto set_threads = kernels_of(device).device.set_threads) set_threads(o.threads);
  if (use != Use::plan) apply_tuned_once(device, std::cerr);
  if (o.data.empty()) o.data = model_->data;
  if (o.batch < 0 || o.steps < 0) throw UsageError("--batch and --steps must be positive");
  if (o.batch == 0) o.batch = model_->batch;
  if (o.batch % o.processes != 0) throw UsageError(text("--batch ", o.batch, " among ", o.processes, " processes; it must be a multiple of their number"));

  DataFacts known = facts_of(facts, use);
  const auto recipe = [&](const DataFacts& f, bool trains) {
    config_ = Config(f, o.settings);
    config_.trains = trains;
    config_.batch = o.batch, config_.processes = o.processes;
    config_.steps = o.steps ? o.steps : model_->steps;
    nn::seed_parameters(o.seed);
    Recipe r = model_->recipe(config_);
    config_.check_all_read();
    return r;
  };
  // On paper first: what is wrong with the settings is said before data are read, and epochs become iterations, which schedules
  // depend on.
  if (use == Use::train) {
    DataFacts paper = known;
    paper.mean_picture = {};
    c.device = {DeviceType::plan, 0};
    const Recipe plan = recipe(paper, false);
    if (o.epochs > 0) {
      const double per_epoch = std::floor(double(known.count) / double(o.batch)) / plan.batches();
      o.steps = std::max<int64_t>(1, int64_t(std::llround(o.epochs * per_epoch)));
      o.epochs = 0;
    }
  }
  c.device = device;
  Recipe made = recipe(known, use == Use::train);
  const int64_t staged = made.steps();

  if (use == Use::train) {
    loader_ = std::make_unique<data::Loader>(dataset(), o.batch, o.seed, reading_threads(config_.share()), data::Share{group.rank(), group.size()});
  }
  const ProcessGroup* const others = use == Use::train && !group.alone() ? &group : nullptr;
  trainer_ = std::make_unique<Trainer>(std::move(made), TrainerOptions{o.batch, o.seed, true, others}, fields_, loader_.get());
  if (o.steps == 0) o.steps = staged ? staged : model_->steps;
  if (staged && o.steps > staged)
    throw UsageError(text("--steps ", o.steps, ": the stages of ", model_->id, " have ", staged, " iterations together; set their length with --set"));
}

nlohmann::ordered_json Session::describe() const {
  nlohmann::ordered_json j;
  j["model"] = model_->id;
  j["paper"] = model_->paper + ", " + std::to_string(model_->year) + ", " + model_->published();
  j["data"] = options_.data;
  j["data_description"] = dataset().describe();
  j["size"] = options_.size;
  j["channels"] = options_.channels;
  j["batch"] = options_.batch;
  j["steps"] = options_.steps;
  j["seed"] = options_.seed;
  j["device"] = options_.device;
  j["precision"] = options_.precision;
  j["threads"] = options_.threads;
  if (options_.processes > 1) j["processes"] = options_.processes;
  j["version"] = version();
  auto& settings = j["settings"] = nlohmann::ordered_json::object();
  for (const Setting& s : config_.settings()) settings[s.name] = s.value;
  const DataFacts& f = config_.data;
  j["data_facts"] = {{"fields", to_json(fields_)}, {"classes", f.classes}, {"attribute_names", f.attributes}, {"count", f.count}};
  if (!f.words.empty()) j["data_facts"]["words"] = f.words;
  if (!f.palette.empty()) j["data_facts"]["palette"] = to_json(f.palette);
  return j;
}

const Json* Session::facts_in(const Json& run) {
  const auto it = run.find("data_facts");
  return it == run.end() ? nullptr : &*it;
}

}  // namespace ganymede
