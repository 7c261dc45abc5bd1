// The only training loop: runs a recipe's updates in order, each captured and replayed, and keeps all state of a run.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/capture.h"
#include "engine/process_group.h"
#include "gan/data/loader.h"
#include "gan/recipe.h"

namespace ganymede {

struct TrainerOptions {
  int64_t batch = 64;     // of an iteration, over all processes
  uint64_t seed = 1;
  bool capture = true;   // false: every iteration is run eagerly, with the same result
  // Processes that train together, each on its share of the batch, which their number must divide: gradients, losses and running statistics are averaged.
  const ProcessGroup* group = nullptr;   // null: this one alone
};

class Trainer {
 public:
  // Works on the context's device, in its dtype and precision. The loader (null on plan) must outlive the trainer and read this process's share.
  Trainer(Recipe recipe, const TrainerOptions& options, const std::vector<data::Field>& fields, data::Loader* loader);
  ~Trainer();

  // One iteration: every update that is due. Throws data::ReadError, in all processes, where one cannot read its share of the data. measure: values() also has "update_ratio/NET", the length of the networks' steps
  // relative to their weights, which costs a copy of the weights.
  void step(bool measure = false);
  // One iteration in which only this update of the stage runs (tests, teaching).
  void step_only(size_t update);
  int64_t iteration() const { return iteration_; }
  size_t stage() const { return stage_; }

  // Names and values of the last iteration's terms and shown numbers ("D/adv", "D/real"), gradient norms ("grad_norm/D") and
  // update ratios if they were measured. Throws Error naming the update and the term if one is not finite.
  std::vector<std::pair<std::string, double>> values() const;

  // n pictures [n, H, W, C] (or points [n, D]): the same noise whenever `seed` is the same. Translating models read the
  // fields of `batch`, or of the batch now in the buffers.
  Tensor sample(int64_t n, uint64_t seed, const Batch* batch = nullptr);
  // Runs f in sampling mode: averaged weights where there are some, the recipe's choice of statistics, nothing recorded,
  // random draws from `seed`. They do not disturb training.
  void sampling(uint64_t seed, const std::function<void()>& f);
  // The batch buffers: the first, or a later one (of updates that repeat or begin with another batch).
  const Batch& batch(int n = 0) const { return batches_.at(size_t(n)); }
  // Tensors for `size` samples of such fields, zeros: the batch buffers keep theirs, and every iteration's data are copied into them.
  static Batch blank_batch(const std::vector<data::Field>& fields, int64_t size);
  // Samples of a data set as a batch of tensors: rows are the sample numbers.
  static Batch read_batch(const data::Dataset& set, const std::vector<int64_t>& rows);

  // Everything that a run's future depends on, by name: weights, buffers, averages, optimisers, kept tensors ("kept.NAME"). All but the
  // last are the same in every process.
  std::vector<nn::NamedTensor> state() const;
  const ProcessGroup* group() const { return options_.group; }
  // Makes state() that of a trainer after `iteration` iterations, ready to be filled from a checkpoint.
  void prepare_resume(int64_t iteration);
  // Continues after `iteration` iterations with the state that was put into state()'s tensors.
  void resume_at(int64_t iteration);

  const Recipe& recipe() const { return recipe_; }
  int batches_per_iteration() const { return int(batches_.size()); }
  int64_t launches() const;          // kernels of the last captured run of all units

  // For explain: the terms of an update of the stage as of its last run.
  const Losses& terms(size_t update) const;
  // For explain on plan: goes to a stage without training those before.
  void enter(size_t stage);

 private:
  struct Run;    // one repeat of an update
  struct Moved;  // one network in one update
  void load_batches();
  void read_batches();
  // Runs beyond `repeat` of a stage's iteration i, and all of those before an iteration.
  static int more_runs(const Stage& stage, int64_t i);
  int64_t more_batches_before(int64_t iteration) const;
  void place_draws(uint32_t unit);
  void compute_shared();
  std::string name_of(size_t update, const nn::Net& net) const;  // "D", or "UPDATE.D" where several optimisers move it, or in a further update of one
  void run_update(size_t index, bool measure);
  std::vector<Tensors> find_gradients(const Update& update, Run& run, int repeat);
  void take_steps(const Update& update, Run& run, int repeat, const std::vector<Tensors>& gradients);
  std::vector<Tensors> write_for_all(size_t index, Run& run, const std::vector<Tensors>& gradients);
  void exchange(Tensors all, const Tensors& followed);
  Tensors kept_statistics() const;
  Tensors running_statistics() const;
  void begin_stage(size_t stage);
  void stand(const Tensors& statistics);
  std::vector<std::pair<nn::Net, Tensor>> averages() const;   // of the networks that the stage moves
  void enter_due();
  const Stage& now() const { return recipe_.stages[stage_]; }
  // The stage that iteration number `iteration` (from 1) belongs to, and the iterations before it.
  std::pair<size_t, int64_t> place_of(int64_t iteration) const;

  Recipe recipe_;
  TrainerOptions options_;
  data::Loader* loader_;
  int64_t iteration_ = 0;
  size_t stage_ = 0;
  bool entered_ = false;           // the stage's enter() has run, or its results were restored
  int64_t stage_start_ = 0;        // iterations before the stage
  std::vector<Batch> batches_;
  std::vector<data::HostBatch> more_batches_;   // of this iteration, for runs beyond `repeat`
  std::vector<std::unique_ptr<Unit>> shared_units_;
  std::vector<std::vector<std::unique_ptr<Run>>> runs_;   // [update][repeat]
  std::vector<std::vector<Moved>> moved_;                 // [update][network]
  std::map<const Storage*, uint64_t> agreed_;             // versions of the statistics that all processes have
  std::vector<std::pair<std::string, double>> ratios_;    // of the last iteration, if measured
  Tensors standing_;                                      // statistics that were gathered for sampling, and the version of the weights that they are of
  uint64_t standing_of_ = 0;
};

}  // namespace ganymede
