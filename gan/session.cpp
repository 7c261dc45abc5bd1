#include "gan/session.h"

#include <omp.h>

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/ops/create.h"
#include "nn/init.h"

namespace ganymede {
namespace {

// The mean over (a regular selection of) the training pictures.
std::vector<double> mean_picture(const data::Dataset& set) {
  const data::Field* image = set.field("image");
  if (!image) return {};
  constexpr int64_t kMost = 4000;
  const int64_t step = std::max<int64_t>(1, set.size() / kMost);
  data::HostBatch row(set.fields(), 1);
  std::vector<double> sum(size_t(image->count()), 0.0);
  int64_t n = 0;
  for (int64_t i = 0; i < set.size(); i += step, ++n) {
    data::Random random(0, 0);
    set.read(i, random, row, 0);
    const auto v = row.real("image");
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += v[k];
  }
  for (double& s : sum) s /= double(std::max<int64_t>(n, 1));
  return sum;
}

}  // namespace

const char* version() { return GANYMEDE_VERSION; }

std::pair<std::string, std::string> parse_setting(const std::string& text) {
  const auto at = text.find('=');
  if (at == std::string::npos || at == 0) throw UsageError("setting " + text + ": write name=value");
  return {text.substr(0, at), text.substr(at + 1)};
}

Session::Session(const SessionOptions& options, Use use) : options_(options), model_(&find_model(options.model)) {
  SessionOptions& o = options_;
  Context& c = context();
  c.precision = parse_precision(o.precision);
  c.device = use == Use::plan ? Device{DeviceType::plan, 0} : Device::parse(o.device);
  if (use != Use::plan) o.device = c.device.str();
  if (c.precision == Precision::tf32 && c.device.type == DeviceType::cpu) throw UsageError("precision tf32 is for tensor cores: on cpu use f32 or bf16");
  c.dtype = DType::f32;
  if (o.threads <= 0) o.threads = omp_get_num_procs();
  if (use != Use::plan)
    if (const auto set_threads = kernels_of(c.device).device.set_threads) set_threads(o.threads);

  data::Options wanted;
  wanted.size = o.size ? o.size : model_->size;
  wanted.channels = o.channels;
  wanted.seed = o.seed;
  dataset_ = data::open_dataset(o.data, wanted);
  for (const std::string& need : model_->needs)
    if (!dataset_->field(need)) throw UsageError("model " + model_->id + " needs data with the field " + need + "; " + dataset_->describe() + " has none");

  DataFacts facts;
  if (const data::Field* image = dataset_->field("image")) {
    require(image->shape.size() == 3 && image->shape[0] == image->shape[1], "pictures of ", Shape(image->shape), ": this model takes square ones; set --size");
    facts.size = o.size = image->shape[0];
    facts.channels = o.channels = image->shape[2];
  }
  facts.classes = dataset_->classes();
  facts.attributes = int64_t(dataset_->attribute_names().size());
  if (use != Use::plan) facts.mean_picture = [this] { return mean_picture(*dataset_); };
  if (o.batch < 0 || o.steps < 0) throw UsageError("--batch and --steps must be positive");
  if (o.batch == 0) o.batch = model_->batch;

  std::map<std::string, std::string> given = o.settings;
  config_ = Config(facts, given);
  config_.batch = o.batch;
  config_.steps = o.steps ? o.steps : model_->steps;
  nn::seed_parameters(o.seed);
  Recipe recipe = model_->recipe(config_);
  config_.check_all_read();

  if (use == Use::train) {
    const int readers = std::clamp(o.threads / 2, 1, 4);
    loader_ = std::make_unique<data::Loader>(*dataset_, o.batch, o.seed, readers);
  }
  trainer_ = std::make_unique<Trainer>(std::move(recipe), TrainerOptions{o.batch, o.seed, true}, dataset_->fields(), loader_.get());
  if (o.epochs > 0) {
    const double per_epoch = std::floor(double(dataset_->size()) / double(o.batch)) / trainer_->batches_per_iteration();
    o.steps = std::max<int64_t>(1, int64_t(std::llround(o.epochs * per_epoch)));
    o.epochs = 0;
  }
  if (o.steps == 0) o.steps = model_->steps;
}

nlohmann::ordered_json Session::describe() const {
  nlohmann::ordered_json j;
  j["model"] = model_->id;
  j["paper"] = model_->paper + ", " + std::to_string(model_->year) + ", arXiv " + model_->arxiv;
  j["data"] = options_.data;
  j["data_description"] = dataset_->describe();
  j["size"] = options_.size;
  j["channels"] = options_.channels;
  j["batch"] = options_.batch;
  j["steps"] = options_.steps;
  j["seed"] = options_.seed;
  j["device"] = options_.device;
  j["precision"] = options_.precision;
  j["threads"] = options_.threads;
  j["version"] = version();
  auto& settings = j["settings"] = nlohmann::ordered_json::object();
  for (const Setting& s : config_.settings()) settings[s.name] = s.value;
  return j;
}

}  // namespace ganymede
