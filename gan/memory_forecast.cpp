#include "gan/memory_forecast.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <iomanip>
#include <sstream>
#include <thread>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/memory.h"
#include "gan/sheet.h"

namespace ganymede {
namespace {

constexpr Device kPlan{DeviceType::plan, 0};

// Runs f on paper, in a thread of its own: the context, the numbering of parameters and what is watched belong to threads, so
// a training under way in this one does not notice.
void on_paper(const std::function<void()>& f) {
  const Context& here = context();
  std::exception_ptr failure;
  std::thread([&] {
    Context& c = context();
    c.device = kPlan, c.planned = is_plan(here.device) ? here.planned : here.device, c.dtype = here.dtype, c.precision = here.precision;
    try {
      f();
    } catch (...) {
      failure = std::current_exception();
    }
    c = {};
  }).join();
  release_pooled_memory(kPlan);
  if (failure) std::rethrow_exception(failure);
}

int64_t bytes_of(const std::vector<nn::NamedTensor>& tensors) {
  int64_t sum = 0;
  for (const auto& t : tensors) sum += int64_t(t.value.bytes());
  return sum;
}

}  // namespace

namespace {

MemoryForecast forecast(const Session& session, int64_t batch) {
  const MemoryUse others = memory_use(kPlan);   // of a session that is being explained
  MemoryForecast f;
  f.batch = batch;
  Config config = session.config();
  config.batch = batch, config.processes = 1;   // what this process sees of it
  config.data.mean_picture = {};
  const std::vector<data::Field>& fields = session.dataset().fields();
  Recipe recipe = session.model().recipe(config);
  Trainer trainer(std::move(recipe), TrainerOptions{batch, session.options().seed, true}, fields, nullptr);

  int64_t known = 0;
  const auto row = [&](const std::string& name, const std::string& what, int64_t bytes) {
    f.rows.push_back({name, what, bytes});
    known += bytes;
  };
  for (const nn::Net& n : trainer.recipe().nets)
    row("network " + n.name(), "weights and statistics", int64_t(n.flat().bytes()) + bytes_of(n.buffers()));
  int64_t moments = 0, sample = 0;
  for (const auto& t : trainer.state())
    if (t.name.starts_with("optimizer.")) moments += int64_t(t.value.bytes());
  for (const data::Field& field : fields) sample += field.bytes();
  row("optimisers", "moments, averages and rates", moments);
  row("batches", text(trainer.batches_per_iteration(), " of ", batch, " samples"), sample * batch * trainer.batches_per_iteration());

  const int64_t fixed = memory_use(kPlan).live - others.live;
  row("other", "gradients' buffers and rounding", fixed - known);
  int64_t trained = 0;
  for (size_t stage = 0; stage < trainer.recipe().stages.size(); ++stage) {
    reset_peak_memory(kPlan);
    if (stage > 0) trainer.enter(stage);
    for (int i = 0; i < 3; ++i) trainer.step();   // eager, traced, captured
    trained = std::max(trained, memory_use(kPlan).most_held - others.held);
    draw_sheet(trainer, config.data.dimensions > 0, 0, batch, 1, [&](int64_t n) { return Trainer::blank_batch(fields, n); });
    f.peak = std::max(f.peak, memory_use(kPlan).peak - others.live);
    f.held = std::max(f.held, memory_use(kPlan).most_held - others.held);
  }
  row("activations", "and gradients, at the step that holds the most: before updates are captured, in their arenas, or in a first look at pictures", trained - fixed);
  row("samples", "of a sheet, between iterations", f.held - trained);
  const int ahead = data::batches_in_memory(session.reading_threads(batch));
  f.read_ahead = sample * batch * ahead;
  row("read ahead", text(ahead, " batches on the host"), f.read_ahead);
  return f;
}

}  // namespace

MemoryForecast forecast_memory(const Session& session, int64_t batch) {
  release_pooled_memory(kPlan);
  MemoryForecast f;
  on_paper([&] { f = forecast(session, batch); });
  return f;
}

int64_t batch_that_fits(const Session& session, int64_t bytes) {
  const int64_t most = session.config().share();
  if (forecast_memory(session, most).total() <= bytes) return most;
  if (forecast_memory(session, 1).total() > bytes) return 0;
  int64_t fits = 1, too_large = most;
  while (too_large - fits > std::max<int64_t>(1, fits / 16)) {
    const int64_t middle = fits + (too_large - fits) / 2;
    (forecast_memory(session, middle).total() <= bytes ? fits : too_large) = middle;
  }
  return fits;
}

std::string advise_batch(const Session& session, int64_t bytes) {
  const int64_t fits = batch_that_fits(session, bytes);
  if (fits == 0) return "no batch fits: use a smaller --size or a narrower network (see explain)";
  const int processes = session.config().processes;
  return text("use --batch ", fits * processes, " (", processes > 1 ? "each process" : "it", " needs ", memory_text(forecast_memory(session, fits).total()), ")");
}

void require_memory(const Session& session, const FreeMemory& free) {
  const MemoryForecast f = forecast_memory(session, session.config().share());
  if (f.total() <= free.bytes) return;
  fail("not enough memory: a batch of ", f.batch, " needs ", memory_text(f.total()), ", ", free.limit, " has ", memory_text(free.bytes), " left; ",
       advise_batch(session, free.bytes));
}

std::string memory_table(const Session& session, const FreeMemory& free) {
  const MemoryForecast f = forecast_memory(session, session.options().batch);
  std::ostringstream out;
  out << "memory for a batch of " << f.batch << "\n";
  for (const auto& r : f.rows)
    if (r.bytes) out << "  " << std::left << std::setw(16) << r.name << std::right << std::setw(12) << memory_text(r.bytes) << "  " << r.what << "\n";
  out << "  " << std::left << std::setw(16) << "in all" << std::right << std::setw(12) << memory_text(f.total()) << "  tensors take "
      << memory_text(f.peak) << " at the highest point of an iteration\n"
      << "not counted: the program, decoded data, and the copies of weights that the cpu's kernels keep"
      << (is_plan(context().planned) ? ", and what a device that is not here needs beside its tensors\n" : "\n");
  if (free.bytes == INT64_MAX) {
    out << "how much is free is not known here\n";
  } else {
    out << "free: " << memory_text(free.bytes) << " (" << free.limit << "): "
        << (f.total() <= free.bytes ? "it fits" : "it does not fit; " + advise_batch(session, free.bytes)) << "\n";
  }
  return out.str();
}

}  // namespace ganymede
