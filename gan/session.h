// A model, its data and a trainer put together from what the user asked for; the same for training, sampling and explaining.
#pragma once
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/context.h"
#include "gan/data/loader.h"
#include "gan/models.h"
#include "gan/trainer.h"

namespace ganymede {

struct SessionOptions {
  std::string model;
  std::string data = "fashion-mnist";
  int64_t size = 0, channels = 0;     // pixels and colours; 0: the model's standard, or as the data are
  int64_t batch = 0, steps = 0;       // 0: the model's standard
  double epochs = 0;                  // instead of steps
  uint64_t seed = 1;
  std::string device = "auto", precision = "f32";
  int threads = 0;                    // 0: every core
  std::map<std::string, std::string> settings;
};

class Session {
 public:
  // plan: shapes only, without reading data beyond their first look. load: make a loader that reads ahead.
  enum class Use { train, look, plan };
  Session(const SessionOptions& options, Use use);

  const SessionOptions& options() const { return options_; }   // with every 0 replaced
  const Model& model() const { return *model_; }
  const Config& config() const { return config_; }
  const data::Dataset& dataset() const { return *dataset_; }
  const data::Loader* loader() const { return loader_.get(); }
  Trainer& trainer() { return *trainer_; }
  Device device() const { return context().device; }

  // run.json: everything that decides what the run computes.
  nlohmann::ordered_json describe() const;
  static SessionOptions from_run(const nlohmann::ordered_json& run);

 private:
  SessionOptions options_;
  const Model* model_;
  std::unique_ptr<data::Dataset> dataset_;
  std::unique_ptr<data::Loader> loader_;
  Config config_;
  std::unique_ptr<Trainer> trainer_;
};

// Of `key=value`; UsageError otherwise.
std::pair<std::string, std::string> parse_setting(const std::string& text);

// The version that `ganymede --version` and run.json show.
const char* version();

}  // namespace ganymede
