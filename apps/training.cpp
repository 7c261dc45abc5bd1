#include "apps/training.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "engine/check.h"
#include "gan/checkpoint.h"
#include "gan/data/png.h"
#include "gan/run/signal.h"
#include "gan/sheet.h"

namespace ganymede::apps {
namespace {

constexpr int64_t kSheet = 64;             // pictures on the sheet of real ones
constexpr uint64_t kSheetSeed = 20160107;  // every sheet of every run shows the same noise

// The signal that reached one of the processes, or 0; the same in all of them.
int agreed_signal(const run::StopRequest& stop) {
  const std::string first = ProcessGroup::world().first(stop.requested() ? std::to_string(stop.signal()) : "");
  return first.empty() ? 0 : std::stoi(first);
}

}  // namespace

Training::Training(Session& session, run::RunFolder& folder, const Intervals& intervals)
    : session_(session),
      folder_(folder),
      trainer_(session.trainer()),
      every_(intervals),
      start_(trainer_.iteration()),
      total_(session.options().steps),
      saved_(start_),
      stats_(folder.stats(), start_),
      board_(folder.path(), start_),
      progress_(STDERR_FILENO, start_, total_, session.options().batch) {
  // The clock of a resumed run goes on from the last line it kept.
  if (start_ == 0) return;
  const std::vector<run::StatsLine> lines = run::read_stats(folder.stats());
  if (lines.empty()) return;
  const auto last = [&](const char* name) {
    const double* value = run::find(lines.back().time, name);
    return value && std::isfinite(*value) && *value > 0 ? *value : 0;
  };
  seconds_before_ = last("seconds");
  waited_before_ = last("waited");
}

int Training::run() {
  run::StopRequest stop;
  progress_.costs([this](int64_t n) { return trainer_.recipe().cost(n); });
  if (trainer_.iteration() == 0) write_sample();
  int signal = 0;
  while (!complete() && !(signal = agreed_signal(stop))) {
    step();
    if (trainer_.recipe().stages.size() > 1) progress_.stage(trainer_.recipe().stages[trainer_.stage()].name);
    progress_.step(trainer_.iteration());
    after_step();
  }
  if (saved_ != trainer_.iteration()) save();
  progress_.finish();
  return complete() ? 0 : signal;
}

void Training::follow(Session& session, const Intervals& every) {
  run::StopRequest stop("");
  Trainer& trainer = session.trainer();
  const int64_t total = session.options().steps;
  int64_t saved = trainer.iteration();
  const auto save = [&] {
    if (saved != trainer.iteration()) save_checkpoint("", trainer, {});
    saved = trainer.iteration();
  };
  while (trainer.iteration() < total && !agreed_signal(stop)) {
    try {
      trainer.step();
    } catch (const data::ReadError&) {
      save();
      throw;
    }
    if (trainer.iteration() % every.save == 0) save();
  }
  save();
}

// Data are read before anything moves, so the state is still that of the iteration before, and worth keeping.
void Training::step() {
  try {
    const int64_t next = trainer_.iteration() + 1;
    trainer_.step(next % every_.log == 0 || next == total_);
  } catch (const data::ReadError& e) {
    const int64_t i = trainer_.iteration();
    if (saved_ != i) save();
    progress_.finish();
    const std::string resume = text("; when the data are back, go on with: ganymede train --out ", folder_.path().string(), " --resume");
    fail(e.what(), i ? text("; the training was saved at iteration ", i, resume) : "");
  }
}

void Training::after_step() {
  const int64_t i = trainer_.iteration();
  const bool last = complete(), log = i % every_.log == 0 || last;
  // On the host's own memory a look at the losses costs nothing, so a divergence is seen at once.
  if (log || session_.device().type == DeviceType::cpu) look(log);
  if (i == start_ + 1 && !std::filesystem::exists(folder_.reals()))
    data::write_png(folder_.reals(), real_sheet(trainer_.batch(), kSheet));
  if (i % every_.sample == 0 || last) write_sample();
  if (i % every_.save == 0 || last) save();
}

void Training::look(bool log) {
  run::Values values;
  try {
    values = trainer_.values();
  } catch (const Error& e) {
    const auto saved = folder_.checkpoints();
    fail(e.what(), saved.empty() ? "; no checkpoint was saved before"
                                 : "; the last good checkpoint is " + saved.back().path.string());
  }
  if (!log) return;
  run::StatsLine line;
  line.iteration = trainer_.iteration();
  line.epoch = double(line.iteration) * trainer_.batches_per_iteration() /
               double(session_.loader()->batches_per_epoch());
  line.values = values;
  line.time = {{"seconds", seconds_before_ + run::Progress::steady_seconds() - begun_},
               {"rate", progress_.rate()},
               {"waited", waited_before_ + session_.loader()->waited_seconds()}};
  stats_.append(line);
  board_.scalars(line.iteration, values);
  progress_.log(line);
}

void Training::write_sample() {
  const data::Picture p = sample_sheet(session_, 0, kSheetSeed);
  data::write_png(folder_.sample(trainer_.iteration()), p);
  const auto png = data::encode_png(p);
  board_.picture(trainer_.iteration(), "samples", {reinterpret_cast<const char*>(png.data()), png.size()});
}

void Training::save() {
  const int64_t i = trainer_.iteration();
  stats_.sync();
  save_checkpoint(folder_.checkpoint(i), trainer_, {{"model", session_.model().id}, {"version", version()}});
  saved_ = i;
  // A stop saves at an iteration of its own; once passed, the run keeps the checkpoints it would have had
  // without it.
  for (const run::Checkpoint& c : folder_.checkpoints())
    if (c.iteration < i && c.iteration % every_.save != 0) std::filesystem::remove(c.path);
  folder_.keep_checkpoints(kCheckpointsKept, i);
}

}  // namespace ganymede::apps
