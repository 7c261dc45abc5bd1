// ganymede train MODEL: trains into a run folder, from the start or from its last checkpoint.
#include <unistd.h>

#include <iostream>
#include <memory>

#include "apps/verbs.h"
#include "engine/check.h"
#include "engine/context.h"
#include "gan/checkpoint.h"
#include "gan/data/png.h"
#include "gan/pictures.h"
#include "gan/run/progress.h"
#include "gan/run/report.h"
#include "gan/run/run_folder.h"
#include "gan/run/signal.h"
#include "gan/run/stats.h"
#include "gan/run/tensorboard.h"

namespace ganymede::apps {
namespace {

constexpr int64_t kSheet = 64;            // pictures on a sample sheet
constexpr int kCheckpointsKept = 3;
constexpr uint64_t kSheetSeed = 20160107;  // every sheet of every run shows the same noise

struct TrainOptions {
  ModelOptions model;
  std::string out;
  int64_t log_every = 10, sample_every = 0, save_every = 0;
  bool resume = false, inexact = false;
};

// One training, from whichever iteration it starts.
class Training {
 public:
  Training(const TrainOptions& o, Session& session, run::RunFolder& folder, int64_t start)
      : options_(o), session_(session), folder_(folder), trainer_(session.trainer()), total_(session.options().steps),
        stats_(folder.stats(), start), board_(folder.path(), start), progress_(STDERR_FILENO, start, total_, session.options().batch) {
    const auto due = [&](int64_t given, int64_t parts) { return given > 0 ? given : std::max<int64_t>(1, total_ / parts); };
    sample_every_ = due(o.sample_every, 20);
    save_every_ = due(o.save_every, 10);
  }

  // Returns the signal that asked to stop early, or 0.
  int run() {
    run::StopRequest stop;
    if (trainer_.iteration() == 0) write_sample();
    while (trainer_.iteration() < total_ && !stop.requested()) {
      trainer_.step();
      const int64_t i = trainer_.iteration();
      progress_.step(i);
      const bool last = i == total_;
      // On the host's own memory a look at the losses costs nothing, so a divergence is seen at once.
      if (i % options_.log_every == 0 || last || session_.device().type == DeviceType::cpu) look(i % options_.log_every == 0 || last);
      if (i == 1) data::write_png(folder_.reals(), sheet(first_rows(trainer_.batch().image())));
      if (i % sample_every_ == 0 || last) write_sample();
      if (i % save_every_ == 0 || last || stop.requested()) save();
    }
    progress_.finish();
    return stop.signal();
  }

 private:
  static Tensor first_rows(const Tensor& x) { return x.rows(0, std::min(x.dim(0), kSheet)); }

  void look(bool log) {
    run::Values values;
    try {
      values = trainer_.values();
    } catch (const Error& e) {
      const auto saved = folder_.checkpoints();
      fail(e.what(), saved.empty() ? "; no checkpoint was saved before" : "; the last good checkpoint is " + saved.back().path.string());
    }
    if (!log) return;
    run::StatsLine line;
    line.iteration = trainer_.iteration();
    line.epoch = session_.loader() ? double(line.iteration) * trainer_.batches_per_iteration() / double(session_.loader()->batches_per_epoch()) : 0;
    line.values = values;
    line.time = {{"seconds", run::Progress::steady_seconds() - begun_}, {"rate", progress_.rate()}, {"waited", session_.loader()->waited_seconds()}};
    stats_.append(line);
    board_.scalars(line.iteration, values);
    progress_.log(line);
  }

  void write_sample() {
    const data::Picture p = sheet(trainer_.sample(kSheet, kSheetSeed));
    data::write_png(folder_.sample(trainer_.iteration()), p);
    const auto png = data::encode_png(p);
    board_.picture(trainer_.iteration(), "samples", {reinterpret_cast<const char*>(png.data()), png.size()});
  }

  void save() {
    stats_.sync();
    save_checkpoint(folder_.checkpoint(trainer_.iteration()), trainer_, {{"model", session_.model().id}, {"version", version()}});
    folder_.keep_checkpoints(kCheckpointsKept, trainer_.iteration());
  }

  const TrainOptions& options_;
  Session& session_;
  run::RunFolder& folder_;
  Trainer& trainer_;
  int64_t total_, sample_every_, save_every_;
  run::StatsLog stats_;
  run::EventWriter board_;
  run::Progress progress_;
  double begun_ = run::Progress::steady_seconds();
};

int64_t continue_from(const run::RunFolder& folder, Session& session) {
  const auto found = folder.newest_checkpoint([&](const auto& p) { check_checkpoint(p, session.model().id); });
  for (const auto& d : found.damaged) std::cerr << "ganymede: passed over " << d << "\n";
  if (!found.checkpoint) return 0;
  load_checkpoint(found.checkpoint->path, session.trainer());
  folder.keep_checkpoints(kCheckpointsKept, found.checkpoint->iteration);
  return found.checkpoint->iteration;
}

void train(const TrainOptions& o) {
  SessionOptions wanted = o.model.get();
  if (o.out.empty()) throw UsageError("train: give the folder for the run with --out");
  Session session(wanted, Session::Use::train);
  std::vector<std::string> may_differ{"steps", "version", "data_description"};
  if (o.inexact) may_differ.insert(may_differ.end(), {"threads", "device", "precision"});
  auto folder = o.resume ? run::RunFolder::resume(o.out, session.describe(), may_differ) : run::RunFolder::create(o.out, session.describe());
  int64_t start = 0;
  if (o.resume) start = continue_from(folder, session);
  const int64_t total = session.options().steps;
  std::cerr << session.model().id << " on " << session.device() << ", " << session.options().threads << " threads; " << session.dataset().describe() << "\n";
  if (start) std::cerr << "resumed at iteration " << start << " of " << total << "\n";
  require(start <= total, o.out, ": it has ", start, " iterations already, --steps ", total, " asks for fewer");
  const int signal = Training(o, session, folder, start).run();
  run::write_report(folder.path());
  std::cout << o.out << "\n";
  if (signal) std::cerr << "stopped at iteration " << session.trainer().iteration() << " of " << total << ", saved; go on with --resume\n";
}

}  // namespace

void add_train(CLI::App& program) {
  auto o = std::make_shared<TrainOptions>();
  auto* verb = program.add_subcommand("train", "train a model into a run folder");
  verb->add_option("model", o->model.session.model, "model id; see models")->required();
  verb->add_option("--out", o->out, "run folder")->required();
  o->model.add_to(*verb);
  verb->set_config("--config", "", "a TOML file with these options");
  auto* steps = verb->add_option("--steps", o->model.session.steps, "iterations (the model's standard)")->check(CLI::PositiveNumber);
  verb->add_option("--epochs", o->model.session.epochs, "passes over the data, instead of --steps")->check(CLI::PositiveNumber)->excludes(steps);
  verb->add_option("--device", o->model.session.device, "auto, cpu, cuda, cuda:N or sim")->capture_default_str();
  verb->add_option("--precision", o->model.session.precision, "f32, tf32 or bf16")->capture_default_str();
  verb->add_option("--threads", o->model.session.threads, "threads of the cpu (every core)")->check(CLI::PositiveNumber);
  verb->add_option("--log-every", o->log_every, "iterations between lines of stats.jsonl")->check(CLI::PositiveNumber)->capture_default_str();
  verb->add_option("--sample-every", o->sample_every, "iterations between sample sheets (a twentieth of the run)")->check(CLI::PositiveNumber);
  verb->add_option("--save-every", o->save_every, "iterations between checkpoints (a tenth of the run)")->check(CLI::PositiveNumber);
  verb->add_flag("--resume", o->resume, "go on from the last checkpoint of the run folder");
  verb->add_flag("--allow-inexact", o->inexact, "resume with other threads, device or precision: not bit for bit");
  verb->callback([o] { train(*o); });
}

}  // namespace ganymede::apps
