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
  std::string data;                   // empty: the model's standard
  int64_t size = 0, channels = 0;     // pixels and colours; 0: the model's standard, or as the data are
  int64_t batch = 0, steps = 0;       // 0: the model's standard
  double epochs = 0;                  // instead of steps
  uint64_t seed = 1;
  std::string device = "auto", precision = "f32";
  int threads = 0;                    // 0: every core
  int processes = 1;                  // that train together, started by mpirun; each sees its share of a batch
  std::map<std::string, std::string> settings;
};

class Session {
 public:
  // train: reads the data ahead. look: a trained model, for sampling and applying; needs no data unless it is asked for
  // them. plan: shapes only, without reading data beyond their first look.
  enum class Use { train, look, plan };
  // facts: what a run noted of its data (run.json's "data_facts"); without it the data are opened.
  Session(const SessionOptions& options, Use use, const nlohmann::ordered_json* facts = nullptr);

  const SessionOptions& options() const { return options_; }   // with every 0 replaced
  const Model& model() const { return *model_; }
  const Config& config() const { return config_; }
  // Opened when first asked for. The test split of data without one is the training split; CelebA without its partition has none (Error).
  const data::Dataset& dataset(data::Split split = data::Split::train) const;
  const data::Loader* loader() const { return loader_.get(); }
  Trainer& trainer() { return *trainer_; }
  Device device() const { return context().device; }
  // Of the loader, with batches of this size.
  int reading_threads(int64_t batch) const;

  // The first `n` samples of the test split (fewer if it is smaller), as a batch: what sheets of translating models show.
  Batch shown_batch(int64_t n) const;

  // run.json: everything that decides what the run computes.
  nlohmann::ordered_json describe() const;
  static SessionOptions from_run(const nlohmann::ordered_json& run);
  static const nlohmann::ordered_json* facts_in(const nlohmann::ordered_json& run);  // null: a run that noted none

 private:
  DataFacts facts_of(const nlohmann::ordered_json* stored, Use use);
  SessionOptions options_;
  const Model* model_;
  mutable std::unique_ptr<data::Dataset> sets_[2];   // by split
  std::vector<data::Field> fields_;
  std::unique_ptr<data::Loader> loader_;
  Config config_;
  std::unique_ptr<Trainer> trainer_;
};

// Of `key=value`; UsageError otherwise.
std::pair<std::string, std::string> parse_setting(const std::string& text);

// The version that `ganymede --version` and run.json show.
const char* version();

}  // namespace ganymede
