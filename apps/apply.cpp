// ganymede apply RUN TASK IN... --out DIR: what a trained model is for.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>

#include "apps/options.h"
#include "apps/tasks.h"
#include "apps/trained.h"
#include "apps/verbs.h"
#include "engine/atomic_file.h"
#include "engine/check.h"
#include "gan/data/apng.h"
#include "gan/data/picture_file.h"
#include "gan/data/png.h"
#include "gan/uses/latent_tasks.h"

namespace ganymede::apps {
namespace {

namespace fs = std::filesystem;

struct ApplyOptions {
  TrainedOptions trained;
  std::string task, out;
  std::vector<std::string> in, settings;
  int64_t n = 1;
  uint64_t seed = 1;
};

// Files as given, folders as the pictures in them, in order of name.
std::vector<NamedPicture> read_inputs(const std::vector<std::string>& given) {
  std::vector<fs::path> paths;
  for (const std::string& g : given) {
    if (!fs::is_directory(g)) {
      paths.emplace_back(g);
      continue;
    }
    std::vector<fs::path> inside;
    for (const auto& entry : fs::directory_iterator(g))
      if (data::is_picture_name(entry.path().string())) inside.push_back(entry.path());
    require(!inside.empty(), g, ": no pictures in this folder");
    std::sort(inside.begin(), inside.end());
    paths.insert(paths.end(), inside.begin(), inside.end());
  }
  std::vector<NamedPicture> pictures;
  for (const fs::path& p : paths) {
    if (const std::string lost = data::picture_info(p.string(), data::Check::whole).reduced; !lost.empty()) std::cerr << "apply: " << p.string() << " is " << lost << "\n";
    pictures.push_back({p.stem().string(), data::read_picture(p.string())});
  }
  return pictures;
}

std::string task_list(const std::vector<Task>& tasks) {
  std::string list;
  for (const Task& t : tasks) list += "\n  " + t.name + (t.inputs.empty() ? "" : " " + t.inputs) + ": " + t.help;
  return list.empty() ? "\n  none" : list;
}

// Results are named after inputs; two of one name would overwrite each other. Inputs may share a name where only one of them names
// a result: a picture and its translation, to be scored.
void check_names(const std::vector<Result>& results) {
  std::set<std::string> names;
  for (const Result& r : results)
    if (!names.insert(r.name).second) throw UsageError("two results would be named " + r.name + ", after two inputs of that name: rename one");
}

void write(const fs::path& folder, const Result& r) {
  if (!r.json.empty()) {
    const fs::path path = folder / (r.name + ".json");
    write_atomically(path, r.json + "\n");
    std::cout << path.string() << "\n";
  }
  if (r.frames.size() == 1) {
    const fs::path path = folder / (r.name + ".png");
    data::write_png(path.string(), r.frames[0]);
    std::cout << path.string() << "\n";
  } else if (!r.frames.empty()) {
    const fs::path frames = folder / r.name;
    fs::create_directories(frames);
    for (size_t i = 0; i < r.frames.size(); ++i) {
      const std::string number = std::to_string(i);
      data::write_png((frames / (std::string(number.size() < 4 ? 4 - number.size() : 0, '0') + number + ".png")).string(), r.frames[i]);
    }
    const fs::path animation = folder / (r.name + ".png");
    data::write_animation(animation.string(), r.frames, r.frames_per_second > 0 ? r.frames_per_second : 10);
    std::cout << animation.string() << "\n" << frames.string() << "\n";
  }
}

void apply(const ApplyOptions& o) {
  const auto session = open_trained(o.trained);
  const std::vector<Task> tasks = tasks_of(*session);
  if (o.task.empty()) {
    std::cout << "tasks of " << session->model().id << ":" << task_list(tasks) << "\n";
    return;
  }
  const Task& task = find_task(tasks, o.task, session->model().id);
  if (o.out.empty()) throw UsageError("apply: name the folder for the results with --out");
  std::map<std::string, std::string> given;
  for (const std::string& s : o.settings) given.insert_or_assign(parse_setting(s).first, parse_setting(s).second);
  const Config settings(session->config().data, given);
  const TaskInput input{read_inputs(o.in), settings, o.n};
  check_input(task, input);
  std::vector<Result> results;
  session->trainer().sampling(o.seed, [&] { results = task.run(input); });
  settings.check_all_read();
  check_names(results);
  std::error_code failed;
  fs::create_directories(o.out, failed);
  require(!failed, o.out, ": cannot make this folder: ", failed.message());
  for (const Result& r : results) write(o.out, r);
}

}  // namespace

void add_apply(CLI::App& program) {
  auto o = std::make_shared<ApplyOptions>();
  auto* verb = program.add_subcommand("apply", "use a trained model on pictures; without a task: lists what it can do");
  o->trained.add_to(*verb);
  auto* task = verb->add_option("task", o->task, "what to do");
  verb->add_option("in", o->in, "pictures or folders of them");
  verb->add_option("--out", o->out, "folder for the results")->needs(task);
  verb->add_option("-n", o->n, "results for each input, where the task draws")->check(whole(1, 65536))->capture_default_str()->needs(task);
  verb->add_option("--seed", o->seed, "seed of what the task draws")->check(whole(0, INT64_MAX))->capture_default_str()->needs(task);
  verb->add_option("--set", o->settings, "a setting of the task, name=value")->allow_extra_args(false)->needs(task);
  verb->callback([o] { apply(*o); });
}

}  // namespace ganymede::apps
