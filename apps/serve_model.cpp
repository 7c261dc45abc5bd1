#include "apps/serve_model.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <thread>

#include "apps/tasks.h"
#include "engine/check.h"
#include "gan/pictures.h"
#include "gan/run/run_folder.h"
#include "gan/sheet.h"
#include "gan/uses/latent_tasks.h"
#include "gan/walks.h"

namespace ganymede::apps {
namespace {

using Json = nlohmann::ordered_json;
using SettingsOf = std::map<std::string, std::vector<Setting>>;

void add_unknown(std::vector<Setting>& known, const std::vector<Setting>& more) {
  for (const Setting& s : more)
    if (std::none_of(known.begin(), known.end(), [&](const Setting& k) { return k.name == s.name; })) known.push_back(s);
}

// A task says what settings it has by reading them. So each runs once on a model of shapes only, up to the point where it
// wants to see a value. That model needs a context, so a thread, of its own.
SettingsOf settings_on_paper(const SessionOptions& options, const Json* facts) {
  SettingsOf found;
  std::thread([&] {
    try {
      Session paper(options, Session::Use::plan, facts);
      const DataFacts& data = paper.config().data;
      for (const Task& t : tasks_of(paper)) {
        const Config settings(data, {});
        const NamedPicture blank{"picture", data::Picture(data.size, data.width, 3, 255)};
        const TaskInput input{std::vector<NamedPicture>(size_t(t.least), blank), settings, 1};
        try {
          paper.trainer().sampling(1, [&] { t.run(input); });
        } catch (const std::exception&) {  // a value was asked for
        }
        found[t.name] = settings.settings();
      }
    } catch (const std::exception&) {  // no model on paper: settings show up as tasks run
    }
  }).join();
  return found;
}

Json to_json(const Setting& s) {
  Json j{{"name", s.name}, {"standard", s.standard}, {"meaning", s.meaning}};
  if (s.choice) {
    Json& options = j["options"] = Json::array({s.value});
    for (const std::string& o : s.others) options.push_back(o);
    return j;
  }
  j["whole"] = s.whole;
  if (s.least > -1e300) j["least"] = s.least;
  if (s.most < 1e300 && !(s.whole && s.most >= 9e18)) j["most"] = s.most;
  return j;
}

}  // namespace

ServedModel::ServedModel(const TrainedOptions& options) : run_(options.folder) {
  session_ = open_trained(options);
  tasks_ = tasks_of(*session_);
  const auto folder = run::RunFolder::open(options.folder);
  settings_ = settings_on_paper(Session::from_run(folder.run()), Session::facts_in(folder.run()));
  if (session_->trainer().recipe().latent.classes == 0) return;
  try {
    class_names_ = session_->dataset().class_names();
  } catch (const std::exception&) {  // the data are gone: numbers will do
  }
}

Json ServedModel::describe() const {
  const Recipe& r = session_->trainer().recipe();
  const DataFacts& facts = session_->config().data;
  Json j{{"model", id()}, {"paper", session_->model().paper}, {"run", run_}, {"iteration", session_->trainer().iteration()}, {"device", session_->device().str()}};
  j["height"] = facts.size, j["width"] = facts.width, j["channels"] = facts.channels, j["input_channels"] = facts.input_channels;
  // Where label maps are what comes out, none is drawn.
  const auto& settings = session_->config().settings();
  const bool maps_go_in = std::none_of(settings.begin(), settings.end(), [](const Setting& s) { return s.name == "direction" && s.value == "BtoA"; });
  if (maps_go_in && !facts.palette.empty()) {
    Json& palette = j["palette"] = Json::array();
    for (const data::Meaning& m : facts.palette.meanings()) palette.push_back({{"name", m.name}, {"colour", data::hex(m.shown)}});
  }
  Json& sample = j["sample"] = {{"most", kMostResults}, {"latent", bool(r.latent)}};
  sample["pictures"] = facts.dimensions == 0;
  if (r.latent) {
    sample["length"] = r.latent.length, sample["normal"] = r.latent.normal, sample["to_mean"] = bool(r.latent.truncated);
    Json& codes = sample["codes"] = Json::array();
    for (const Code& c : r.latent.codes) codes.push_back(c.name);
    Json& classes = sample["classes"] = Json::array();
    for (int64_t k = 0; k < r.latent.classes; ++k) classes.push_back(k < int64_t(class_names_.size()) ? class_names_[size_t(k)] : std::to_string(k));
  }
  Json& tasks = j["tasks"] = Json::array();
  for (const Task& t : tasks_) {
    Json task{{"name", t.name}, {"inputs", t.inputs}, {"help", t.help}, {"least", t.least}, {"most", t.most}, {"draws", t.draws}};
    Json& settings = task["settings"] = Json::array();
    if (const auto known = settings_.find(t.name); known != settings_.end())
      for (const Setting& s : known->second) settings.push_back(to_json(s));
    tasks.push_back(std::move(task));
  }
  return j;
}

std::vector<Result> ServedModel::apply(const std::string& name, std::vector<NamedPicture> pictures, const Query& query) {
  const Task& task = find_task(tasks_, name, id());
  Query own, rest;
  for (const auto& [key, value] : query) (key == "seed" || key == "count" ? own : rest).insert({key, value});
  const Config request({}, own), settings(session_->config().data, rest);
  const auto seed = uint64_t(request.integer("seed", 1, "", 0));
  const TaskInput input{std::move(pictures), settings, request.integer("count", 1, "", 1, kMostResults)};
  check_input(task, input);
  std::vector<Result> results;
  session_->trainer().sampling(seed, [&] { results = task.run(input); });
  settings.check_all_read();
  add_unknown(settings_[name], settings.settings());
  return results;
}

// Each way to draw reads what it goes by, so that nothing else is taken in silence.
data::Picture ServedModel::sample(const Query& query) {
  const Latent& latent = session_->trainer().recipe().latent;
  Query rest = query;
  const auto taken = rest.find("traverse");
  const std::string traverse = taken == rest.end() ? "" : taken->second;
  rest.erase("traverse");
  const Config q({}, rest);
  WalkOptions walk;
  walk.seed = uint64_t(q.integer("seed", 1, "", 0));
  const bool classes = q.flag("classes", false);
  const std::string interpolate = q.choice("interpolate", {"none", "linear", "slerp"});
  const int walks = int(classes) + int(interpolate != "none") + int(!traverse.empty());
  if (walks > 1) throw UsageError("classes, interpolate and traverse are walks of their own: ask for one of them");
  int64_t count = 0, columns = 0, to = -1;
  double at = 0;
  if (walks > 0) {
    if (!classes) walk.rows = q.integer("rows", 8, "", 1, 16);
    if (rest.count("steps")) walk.columns = q.integer("steps", 8, "", 1, 16);
  } else {
    if (rest.count("count") || (latent && session_->config().data.dimensions == 0)) count = q.integer("count", 16, "", 1, kMostResults);
    columns = q.integer("columns", 0, "", 0, kMostResults), to = q.integer("to", -1, "", -1);
    if (to >= 0) at = q.number("at", 0, "", 0, 1);
  }
  const int64_t label = classes ? -1 : q.integer("class", -1, "", -1);
  const double truncation = q.number("truncation", 0, "", 0, 100);
  q.check_all_read();
  if (label >= 0) walk.label = label;
  if (truncation > 0) walk.truncation = truncation;
  if (truncation > 0 && truncation < 0.1) throw UsageError(text("setting truncation=", truncation, ": it must be 0 (none) or from 0.1 to 100"));
  if (classes) return class_rows(*session_, walk);
  if (interpolate != "none") return interpolations(*session_, walk, interpolate == "slerp");
  if (!traverse.empty()) return traversals(*session_, walk, traverse);
  if (to >= 0 || walk.label || walk.truncation) {
    // As many columns as a plain sheet has.
    walk.columns = columns ? columns : latent.classes > 1 && !walk.label && count >= latent.classes ? latent.classes : int64_t(std::ceil(std::sqrt(double(count))));
    return to >= 0 ? samples_between(*session_, count, uint64_t(to), at, walk) : plain_samples(*session_, count, walk);
  }
  return sample_sheet(*session_, count, walk.seed, columns);
}

std::vector<data::Picture> ServedModel::examples(int64_t n) const {
  const auto direction = session_->options().settings.find("direction");
  const bool back = direction != session_->options().settings.end() && direction->second == "BtoA";
  const Batch shown = session_->shown_batch(n);
  for (const char* field : {back ? "b" : "a", "image"}) {
    const auto found = shown.fields.find(field);
    if (found == shown.fields.end()) continue;
    const Tensor& x = found->second;
    if (x.rank() == 4 && (x.dim(3) == 1 || x.dim(3) == 3)) return to_pictures(x);
  }
  return {};
}

}  // namespace ganymede::apps
