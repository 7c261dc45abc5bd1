// ganymede train MODEL: trains into a run folder, from the start or from its last checkpoint.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <thread>

#include "apps/config_file.h"
#include "apps/options.h"
#include "apps/training.h"
#include "apps/verbs.h"
#include "engine/check.h"
#include "engine/memory.h"
#include "engine/out_of_memory.h"
#include "gan/checkpoint.h"
#include "gan/data/arguments.h"
#include "gan/memory_forecast.h"
#include "gan/run/report.h"
#include "gan/run/settings.h"

namespace ganymede::apps {
namespace {

struct TrainOptions {
  ModelOptions model;
  std::string out, config;
  Intervals every;  // 0: not given
  bool resume = false, inexact = false;
};

// What a resume may change: how long and how often, and what does not hold for every bit if the user accepts
// that.
std::vector<std::string> may_differ(bool inexact) {
  std::vector<std::string> names{"steps", "version", "data_facts", "log_every", "sample_every", "save_every"};
  if (inexact) names.insert(names.end(), {"threads", "processes", "device", "precision", "data", "data_description"});
  return names;
}

std::optional<double> number(const std::string& text) {
  double x = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), x);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return x;
}

// 0.0002 and 2e-04 are the same value.
bool same_value(const std::string& a, const std::string& b) {
  return a == b || (number(a) && number(a) == number(b));
}

int64_t stored_interval(const run::Json& run, const char* name) {
  const auto found = run.find(name);
  return found != run.end() && found->is_number_integer() ? std::max<int64_t>(0, found->get<int64_t>()) : 0;
}

// Options that were not given become those of the run in `folder`; one that was given and differs is a
// UsageError that names both values.
SessionOptions continued(TrainOptions& o, const CLI::App& verb, const run::RunFolder& folder) {
  const SessionOptions given = o.model.get();
  const run::Json& stored = folder.run();
  if (verb.count("model") && given.model != stored["model"])
    throw UsageError(text(o.out, ": holds a run of ", stored["model"], ", not of \"", given.model,
                          "\"; choose another folder"));
  SessionOptions merged;
  try {
    merged = Session::from_run(stored);
  } catch (const Error& e) {
    fail(folder.run_json().string(), ": ", e.what());
  }
  run::Json asked = stored;
  const auto ask = [&](const char* option, const char* key, auto& value, const auto& wanted) {
    if (verb.count(option)) asked[key] = value = wanted;
  };
  ask("--data", "data", merged.data, given.data);
  ask("--size", "size", merged.size, given.size);
  ask("--channels", "channels", merged.channels, given.channels);
  ask("--batch", "batch", merged.batch, given.batch);
  ask("--seed", "seed", merged.seed, given.seed);
  ask("--steps", "steps", merged.steps, given.steps);
  ask("--precision", "precision", merged.precision, given.precision);
  ask("--threads", "threads", merged.threads, given.threads);
  if (verb.count("--device") && given.device != merged.device) asked["device"] = merged.device = Device::parse(given.device).str();
  if (const int processes = ProcessGroup::world().size(); processes != merged.processes) asked["processes"] = processes;
  merged.epochs = given.epochs;
  for (const auto& [name, value] : given.settings) {
    const auto own = merged.settings.find(name);
    if (own == merged.settings.end() || !same_value(own->second, value)) asked["settings"][name] = value;
  }
  const std::string difference = run::describe_difference(stored, asked, may_differ(o.inexact));
  if (!difference.empty()) {
    const bool could = run::describe_difference(stored, asked, may_differ(true)).empty();
    throw UsageError(text(o.out, ": cannot resume: ", difference, "; leave out what is the run's own, ",
                          could ? "accept other bits with --allow-inexact, " : "", "or start a new folder"));
  }
  if (!o.every.log) o.every.log = stored_interval(stored, "log_every");
  if (!o.every.sample) o.every.sample = stored_interval(stored, "sample_every");
  if (!o.every.save) o.every.save = stored_interval(stored, "save_every");
  return merged;
}

run::Recovery find_checkpoint(const run::RunFolder& folder, const Session& session) {
  run::Recovery found =
      folder.newest_checkpoint([&](const auto& p) { check_checkpoint(p, session.model().id); });
  const int64_t start = found.checkpoint ? found.checkpoint->iteration : 0, total = session.options().steps;
  if (start > total)
    throw UsageError(text(folder.path().string(), ": it has ", start, " iterations already, more than the ",
                          total, " asked for; give --steps ", start, " or more"));
  return found;
}

constexpr const char* kNone = "-";

// Puts the session where the run was saved last; in a group rank 0 says where that is.
void restore(const run::RunFolder& folder, Session& session) {
  const run::Recovery found = find_checkpoint(folder, session);
  ProcessGroup::world().first(found.checkpoint ? found.checkpoint->path.string() : kNone);
  for (const auto& d : found.damaged) std::cerr << "ganymede: passed over " << d << "\n";
  if (found.checkpoint) {
    load_checkpoint(found.checkpoint->path.string(), session.trainer());
    folder.keep_checkpoints(kCheckpointsKept, found.checkpoint->iteration);
  }
  const int64_t start = session.trainer().iteration(), total = session.options().steps;
  if (start < total)
    std::cerr << "resumed at iteration " << start << " of " << total << "\n";
  else
    std::cerr << "all " << total << " iterations are done; train longer with --steps\n";
}

void restore_as_told(Session& session) {
  const std::string path = ProcessGroup::world().first("");
  if (path != kNone) load_checkpoint(path, session.trainer());
}

// run.json: what the session is and how often it reports.
run::Json describe(const Session& session, const Intervals& every) {
  run::Json j = session.describe();
  j["log_every"] = every.log;
  j["sample_every"] = every.sample;
  j["save_every"] = every.save;
  return j;
}

void check_same_data(const TrainOptions& o, const run::RunFolder& folder, const Session& session) {
  const auto stored = folder.run().find("data_description");
  if (o.inexact || stored == folder.run().end() || *stored == session.dataset().describe()) return;
  throw UsageError(text(o.out, ": cannot resume: the data were ", *stored, ", and are now \"",
                        session.dataset().describe(),
                        "\"; restore them, accept other bits with --allow-inexact, or start a new folder"));
}

// What the process had when it began, to tell what fits when memory runs out.
struct AtStart {
  AtStart() {
    if (free.bytes != INT64_MAX) free.bytes /= ProcessGroup::world().local_size();
  }
  FreeMemory free = free_memory();
  bool address_space = free.limit.find("address") != free.limit.npos;
  int64_t used = peak();
  int64_t peak() const { return address_space ? peak_address_space_bytes() : peak_resident_bytes(); }
  bool exhausted() const { return peak() - used > free.bytes / 10 * 9; }
};

// One line with the batch that would fit.
[[noreturn]] void fail_for_memory(const std::string& what, const SessionOptions& wanted, const AtStart& start) {
  // What is used beside the engine's own memory does not shrink much with the batch; a tenth is left for the rest.
  const int64_t held = memory_use(context().device).held;
  const int64_t beside = std::max<int64_t>(0, start.peak() - start.used - held);
  release_pooled_memory(context().device);
  std::string advice = "use a smaller --batch";
  try {
    const Session paper(wanted, Session::Use::plan);
    advice = advise_batch(paper, (start.free.bytes - beside) / 10 * 9);
  } catch (const std::exception&) {  // there is not even memory to think about it
  }
  fail(what, "; at the start ", start.free.limit, " had ", memory_text(start.free.bytes), " left; ", advice);
}

void train_session(TrainOptions& o, const SessionOptions& wanted, const std::optional<run::RunFolder>& before,
                   const AtStart& start);

void train(TrainOptions& o, CLI::App& verb) {
  if (!o.config.empty()) read_config(o.config, verb, o.model.settings, {"config", "set", "resume"});
  if (o.out.empty()) throw UsageError("train: name the folder for the run with --out");
  std::signal(SIGPIPE, SIG_IGN);  // nobody reading is no reason to stop training

  // Whatever the user has got wrong is said before data are read, and before anything is written.
  std::optional<run::RunFolder> before;
  if (o.resume)
    before = run::RunFolder::find(o.out);
  else if (ProcessGroup::world().leads())
    run::RunFolder::check_free(o.out);
  SessionOptions wanted = before ? continued(o, verb, *before) : o.model.get();
  if (wanted.model.empty()) throw UsageError("train: name a model; ganymede models lists them");
  if (wanted.device == "plan")
    throw UsageError("device plan has shapes only: use auto, cpu, cuda, cuda:N or sim");

  const AtStart start;
  try {
    train_session(o, wanted, before, start);
  } catch (const OutOfMemory& e) {
    fail_for_memory(e.what(), wanted, start);
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    fail_for_memory("out of memory", wanted, start);
  } catch (const std::exception& e) {
    // Libraries have words of their own for it.
    if (start.exhausted()) fail_for_memory(text("out of memory (", e.what(), ")"), wanted, start);
    throw;
  }
}

void train_session(TrainOptions& o, const SessionOptions& wanted, const std::optional<run::RunFolder>& before,
                   const AtStart& start) {
  Session session(wanted, Session::Use::train);
  if (session.device().type != DeviceType::cuda) require_memory(session, start.free);
  const int64_t total = session.options().steps;
  const auto or_part = [&](int64_t& given, int64_t parts) {
    if (!given) given = std::max<int64_t>(1, total / parts);
  };
  if (!o.every.log) o.every.log = 10;
  or_part(o.every.sample, 20);
  or_part(o.every.save, 10);
  if (before) {
    check_same_data(o, *before, session);
    find_checkpoint(*before, session);
  }
  // Sheets of translations show the test split; what is wrong with it is said before there is a folder.
  if (session.trainer().recipe().columns) session.dataset(data::Split::test);
  const ProcessGroup& group = ProcessGroup::world();
  group.first("");   // all have read what is in the folder before it changes
  if (!group.leads()) {
    if (o.resume) restore_as_told(session);
    return Training::follow(session, o.every);
  }
  auto folder = o.resume ? run::RunFolder::resume(o.out, describe(session, o.every), may_differ(o.inexact))
                         : run::RunFolder::create(o.out, describe(session, o.every));
  std::cerr << session.model().id << " on " << session.device() << ", "
            << data::counted(session.options().threads, "thread")
            << (group.alone() ? "" : text(" in each of ", group.size(), " processes")) << "; " << session.dataset().describe()
            << "\n";
  // Looked for again now that the lock is ours: until then another trainer could still save.
  if (o.resume) restore(folder, session);
  const int signal = Training(session, folder, o.every).run();
  run::write_report(folder.path());
  std::cout << o.out << std::endl;
  std::cout.clear();  // the run is complete even if nobody wants to know where
  const int64_t reached = session.trainer().iteration();
  if (signal)
    std::cerr << "stopped at iteration " << reached << " of " << total << (reached ? ", saved" : "")
              << "; go on with: ganymede train --out " << o.out << " --resume\n";
}

// Processes that train together wait for each other, so an error of one ends all of them. Rank 0 speaks for those who meet the same.
void train_in_group(TrainOptions& o, CLI::App& verb) {
  const ProcessGroup& group = ProcessGroup::world();
  if (group.alone()) return train(o, verb);
  std::ostream say(std::cerr.rdbuf());
  std::ostringstream unsaid;
  if (!group.leads()) std::cerr.rdbuf(unsaid.rdbuf());
  const auto end_all = [&](int status, const std::string& what) {
    if (!group.leads()) std::this_thread::sleep_for(std::chrono::seconds(2));
    say << failure_line(group.leads() ? what : text("process ", group.rank(), ": ", what)) << std::flush;
    group.end_all(status);
  };
  try {
    train(o, verb);
  } catch (const UsageError& e) {
    end_all(2, e.what());
  } catch (const std::exception& e) {
    end_all(1, e.what());
  }
  std::cerr.rdbuf(say.rdbuf());
}

}  // namespace

void add_train(CLI::App& program) {
  auto o = std::make_shared<TrainOptions>();
  auto* verb = program.add_subcommand("train", "train a model into a run folder");
  SessionOptions& s = o->model.session;
  verb->add_option("model", s.model, "model id; see models");
  verb->add_option("--out", o->out, "run folder");
  o->model.add_to(*verb);
  verb->add_option("--config", o->config,
                   "a TOML file: these options as keys, and [settings]; the command line counts more");
  auto* steps = verb->add_option("--steps", s.steps, "iterations (the model's standard)")
                    ->check(whole(1, kMostIterations));
  verb->add_option("--epochs", s.epochs, "passes over the data, instead of --steps")
      ->check(positive())
      ->excludes(steps);
  verb->add_option("--device", s.device, "auto, cpu, cuda, cuda:N or sim")->capture_default_str();
  verb->add_option("--precision", s.precision, "f32, tf32 or bf16")->capture_default_str();
  verb->add_option("--threads", s.threads, "threads of the cpu (OMP_NUM_THREADS, else every core)")->check(whole(1, 1024));
  const auto interval = [&](const char* name, int64_t& value, const char* help) {
    verb->add_option(name, value, help)->check(whole(1, kMostIterations));
  };
  interval("--log-every", o->every.log, "iterations between lines of stats.jsonl (10)");
  interval("--sample-every", o->every.sample, "iterations between sample sheets (a twentieth of the run)");
  interval("--save-every", o->every.save, "iterations between checkpoints (a tenth of the run)");
  auto* resume = verb->add_flag("--resume", o->resume, "go on from the run's last checkpoint; options not given are the run's");
  verb->add_flag("--allow-inexact", o->inexact, "resume with other threads, processes, device, precision or data: not bit for bit")->needs(resume);
  verb->footer("Several processes, on one machine or many, each with its share of the batch: mpirun -n 4 ganymede train ...");
  verb->callback([o, verb] { train_in_group(*o, *verb); });
}

}  // namespace ganymede::apps
