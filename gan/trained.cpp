#include "gan/trained.h"

#include <ostream>

#include "engine/check.h"
#include "gan/checkpoint.h"
#include "gan/run/run_folder.h"

namespace ganymede {
namespace {

std::string saved_at(const run::RunFolder& folder, int64_t iteration) {
  std::string saved;
  for (const run::Checkpoint& c : folder.checkpoints()) {
    if (c.iteration == iteration) return c.path.string();
    saved += (saved.empty() ? "" : ", ") + std::to_string(c.iteration);
  }
  throw UsageError(folder.path().string() + ": no checkpoint of iteration " + std::to_string(iteration) +
                   "; there " + (saved.empty() ? "is none yet" : "are " + saved));
}

}  // namespace

std::unique_ptr<Session> open_trained(const TrainedRun& run, std::ostream& say) {
  const auto folder = run::RunFolder::open(run.folder);
  SessionOptions o = Session::from_run(folder.run());
  if (!run.device.empty()) o.device = run.device;
  if (!run.precision.empty()) o.precision = run.precision;
  if (o.device == "plan") throw UsageError("device plan has shapes only: use auto, cpu, cuda, cuda:N or sim");
  std::string path;
  if (run.iteration >= 0) {
    path = saved_at(folder, run.iteration);
    check_checkpoint(path, o.model);
  } else {
    const auto found = folder.newest_checkpoint([&](const auto& p) { check_checkpoint(p, o.model); });
    for (const auto& d : found.damaged) say << "ganymede: passed over " << d << "\n";
    require(found.checkpoint.has_value(), run.folder,
            ": no checkpoint yet; train longer, or stop the training with Ctrl-C, which saves one");
    path = found.checkpoint->path;
  }
  auto session = std::make_unique<Session>(o, Session::Use::look, Session::facts_in(folder.run()));
  load_checkpoint(path, session->trainer());
  return session;
}

}  // namespace ganymede
