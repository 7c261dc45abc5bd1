// What a recipe is built for: the data at hand and the settings that the user may change.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/check.h"
#include "gan/data/palette.h"

namespace ganymede {

namespace data { class HostBatch; }

// A setting as a recipe read it.
struct Setting {
  std::string name = {}, value = {}, standard = {}, meaning = {};
  std::vector<std::string> others = {};  // a few values that are right too; all of them for a choice
  bool choice = false;                   // one of several words
  bool whole = false;                    // a whole number
  double least = -1e300, most = 1e300;   // what a number may be
};

// Facts about the data set that networks depend on.
struct DataFacts {
  int64_t size = 32;           // height of pictures, and width where a model takes square ones only
  int64_t width = 32;
  int64_t channels = 1;        // of "image", or of "b", the target of a pair, or of "high"
  int64_t input_channels = 1;  // of "a", the input of a pair
  int64_t scale = 1;           // sides of "high" over those of "low"
  int64_t frames = 0;          // of "clip"
  int64_t dimensions = 0;      // of "point", or of "a" and "b" where they are points
  int64_t classes = 0;         // of "label", 0 without
  std::vector<std::string> words = {};  // that "tokens" number; the first is padding
  int64_t caption_length = 0, caption_characters = 0;  // of "tokens" and "characters"
  int64_t keypoints = 0;       // of "keypoints"
  std::vector<std::string> attributes;  // names, of "attributes"
  data::Palette palette = {};  // of "semantic"
  int64_t count = 0;           // samples
  // Mean picture over the training set, [size * size * channels] in [-1, 1]; may take a second. Null where nothing is trained.
  std::function<std::vector<double>()> mean_picture = {};
  // Samples by number, on the host, for models built around given pictures (SinGAN's one, a labelled few).
  std::function<data::HostBatch(const std::vector<int64_t>& rows)> read = {};
};

class Config {
 public:
  Config() = default;
  Config(DataFacts facts, std::map<std::string, std::string> given) : data(std::move(facts)), given_(std::move(given)) {}

  DataFacts data;
  int64_t steps = 0;           // iterations of the whole run, for schedules; 0 if open
  int64_t batch = 0;           // samples an iteration; 0 if open
  int processes = 1;           // that share them
  int64_t share() const { return batch / processes; }   // samples that a process sees in an iteration
  std::string batch_words() const;                      // "--batch 6", "--batch 12 among 2 processes"
  bool trains = true;          // weights and samples of the model's own are to be read; false where a checkpoint brings them, or shapes do

  // Each reads a setting by name, notes it for `explain` and run.json, and checks it. UsageError names the setting, the
  // value and what would be right.
  double number(const std::string& name, double standard, const std::string& meaning = "", double least = -1e300, double most = 1e300) const;
  int64_t integer(const std::string& name, int64_t standard, const std::string& meaning = "", int64_t least = 0, int64_t most = INT64_MAX) const;
  std::string choice(const std::string& name, const std::vector<std::string>& options, const std::string& meaning = "") const;  // the first is standard
  bool flag(const std::string& name, bool standard, const std::string& meaning = "") const;
  std::string path(const std::string& name, const std::string& meaning = "") const;  // of a file; "" if none is given
  // Words as they are, for the recipe to check; others: a few that are right too.
  std::string words(const std::string& name, const std::string& standard, const std::string& meaning = "", std::vector<std::string> others = {}) const;

  const std::vector<Setting>& settings() const { return read_; }
  // UsageError if a given setting was read by nobody; lists those that were.
  void check_all_read() const;

 private:
  // Notes what the setting is beside its name and value (which it fills in) and returns the value.
  std::string take(const std::string& name, Setting setting) const;
  std::map<std::string, std::string> given_;
  mutable std::vector<Setting> read_;
};

}  // namespace ganymede
