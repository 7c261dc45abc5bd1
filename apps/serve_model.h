// What `ganymede serve` asks of a trained model. Everything but the constructor's arguments stays on the thread that made it.
#pragma once
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "apps/trained.h"
#include "gan/use.h"

namespace ganymede::apps {

using Query = std::map<std::string, std::string>;

inline constexpr int64_t kMostResults = 64;   // of a request: samples on a sheet, outputs of a picture

class ServedModel {
 public:
  explicit ServedModel(const TrainedOptions& options);

  // What there is to ask for: model and run, how samples are drawn, tasks with their settings.
  nlohmann::ordered_json describe() const;
  // A task as `apply` runs it. query: seed (1), count (1; results of each input, where the task draws); all else are
  // settings of the task. UsageError for what does not fit.
  std::vector<Result> apply(const std::string& task, std::vector<NamedPicture> pictures, const Query& query);
  // As `sample` draws. query: seed, count, columns, class, truncation; to and at: on the way to another seed; or a walk:
  // interpolate=linear|slerp, classes=true or traverse=CODE with rows and steps. UsageError for what does not fit, or would say nothing.
  data::Picture sample(const Query& query);
  // The first inputs of the test split, at most n, for models of pictures that are turned into pictures.
  std::vector<data::Picture> examples(int64_t n) const;

  const std::string& id() const { return session_->model().id; }

 private:
  std::string run_;
  std::unique_ptr<Session> session_;
  std::vector<Task> tasks_;
  std::map<std::string, std::vector<Setting>> settings_;   // of each task: found on paper, and by runs
  std::vector<std::string> class_names_;
};

}  // namespace ganymede::apps
