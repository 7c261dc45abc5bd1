// A model as a declaration: its networks, how each is moved, how to draw from it. The trainer does the rest: it alternates,
// differentiates, captures, logs, samples, saves and resumes.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/tensor.h"
#include "gan/use.h"
#include "nn/net.h"
#include "nn/optim.h"

namespace ganymede {

// What one iteration sees of the data: tensors by field name ("image" [N, H, W, C] in [-1, 1], "label" [N], ...).
struct Batch {
  int64_t size = 0;
  std::map<std::string, Tensor> fields;
  const Tensor& operator[](const std::string& name) const;  // throws naming the fields there are
  const Tensor& image() const { return (*this)["image"]; }
};

// A named part of a loss. An update moves its networks down the sum of its terms.
struct Term {
  std::string name;
  Tensor value;               // one element
  std::string formula;        // for `explain --losses`
  std::vector<nn::Net> moves = {};  // if given, only these of the update's networks follow this term
  bool shown = false;         // only logged, not part of the loss
};
using Losses = std::vector<Term>;

// Logged beside the losses, such as D's mean output on real pictures.
inline Term shown(std::string name, Tensor value, std::string formula = "") { return {std::move(name), std::move(value), std::move(formula), {}, true}; }
// The value of a term by name; throws naming those there are.
const Tensor& value_of(const Losses& losses, const std::string& name);

// An f32 scalar on the device, computed from an update's terms: 0 skips the step (its count and its average too).
using Gate = std::function<Tensor(const Losses&)>;

// Networks that move together under one optimiser.
struct Group {
  std::vector<nn::Net> nets;
  nn::Optim optim;
  Gate gate = {};
};

struct Update {
  std::string name;
  std::vector<Group> groups;
  std::function<Losses(const Batch&)> loss;
  int repeat = 1;             // runs an iteration, each on a batch of its own
  std::function<int(int64_t iteration)> more = {};  // runs after those, by the stage's iteration (0, 1, ...), on fresh batches in the last run's place
  int interval = 1;           // runs only in iterations divisible by it
  std::string optimiser_of = {};  // an earlier update of the stage whose optimiser this one's steps are of, too; "": one of its own
  int first_batch = 0;        // which of the iteration's batches its first run sees: 0 unless it wants another than others
  std::function<void(const Batch&)> after = {};  // device ops that follow the step, captured with it
  Update& times(int n) { repeat = n; return *this; }
  Update& and_more(std::function<int(int64_t iteration)> f) { more = std::move(f); return *this; }
  Update& every(int n) { interval = n; return *this; }
  Update& from_batch(int n) { first_batch = n; return *this; }
  Update& then(std::function<void(const Batch&)> f) { after = std::move(f); return *this; }
  // Gates every group that has no gate of its own.
  Update& when(const Gate& gate);
};

// A value that is computed once an iteration and used by several updates: to an update that does not move the networks
// behind it, it is data; to one that does, it can be differentiated until they move.
class SharedValue {
 public:
  Tensor operator()() const;  // throws outside an iteration
  struct State;
  std::shared_ptr<State> state;
};
struct SharedValue::State {
  std::string name;
  std::vector<nn::Net> nets;
  std::function<Tensor(const Batch&)> compute;
  Tensor value;
};

// A part of the training with updates of its own (a scale of SinGAN, a resolution of a progressive GAN). Optimisers start
// afresh; networks, averages of their weights and kept tensors go on.
struct Stage {
  std::string name;
  int64_t steps = 0;          // iterations; 0: all that remain
  std::vector<SharedValue> shared_values = {};
  std::vector<Update> updates = {};
  std::function<void()> enter = {};  // before the first iteration: copies weights, writes kept tensors
  double cost = 1;            // of an iteration, relative to other stages: for the time left
};

enum class Statistics { batch, running };  // what batch norms use when sampling

struct Recipe {
  std::vector<nn::Net> nets;
  std::vector<Stage> stages = {Stage{}};
  std::vector<nn::NamedTensor> kept;   // tensors of the model's own that are saved with it: pools, amplitudes, running weights
  std::vector<std::string> samples;    // those of them that hold samples of a batch

  // Pictures [n, H, W, C] in [-1, 1] from noise drawn inside (and, for translating models, from the batch's fields, whose
  // size is n). Without it, samples are decoded from the latent space, a label after the other.
  std::function<Tensor(int64_t n, const Batch&)> sample = {};
  bool draws_alone = false;   // sample reads nothing of the batch
  int64_t on_sheet = 64;      // samples on a sheet of the training
  Latent latent = {};
  Captions captions = {};
  Field field = {};
  // Models that turn pictures into pictures: the columns of a sheet for a batch.
  std::function<std::vector<Column>(const Batch&)> columns = {};
  std::vector<Task> tasks = {};
  std::vector<PictureMap> maps = {};
  std::vector<Measure> measures = {};
  Statistics sample_statistics = Statistics::running;
  // Parameters that no term can move, by full name ("critic.linear1.bias"): a difference of critics cancels its last bias.
  std::vector<std::string> without_gradient;
  double average = 0;         // decay of the average of the generators' weights that samples are drawn from; 0: none
  std::vector<nn::Net> averaged;  // the networks that have one
  int64_t average_from = 0;   // iterations after which it begins: until then it is the weights themselves
  // Standing statistics (Brock et al. 2019, appendix A): with the weights that samples are drawn from, `pass` runs a batch through the networks
  // `passes` times, and their batch norms draw by the means of what they saw. passes 0: by the statistics that followed the training.
  struct Standing {
    std::vector<nn::Net> nets;
    int passes = 0;
    std::function<void()> pass = {};
  } standing = {};

  nn::Net net(const std::string& name, nn::Layer module);
  // A tensor that is saved and restored with the model; write to it with assign().
  Tensor keep(const std::string& name, const Tensor& first_value);
  // One that holds samples of a batch, or what was made of them: where several processes train, each has its own, and any other follows all of them.
  Tensor keep_samples(const std::string& name, const Tensor& first_value);
  // What follows belongs to a new stage; the first call names the first stage.
  Stage& stage(const std::string& name, int64_t steps, std::function<void()> enter = {});
  // These add to the last stage.
  SharedValue shared(const std::string& name, std::vector<nn::Net> nets, std::function<Tensor(const Batch&)> compute);
  Update& update(const std::string& name, std::vector<nn::Net> nets, const nn::Optim& optim, std::function<Losses(const Batch&)> loss);
  Update& update(const std::string& name, std::vector<Group> groups, std::function<Losses(const Batch&)> loss);
  // Moves the networks of an earlier update of the stage down another loss as well, by its optimiser: moments, count of steps, averages
  // and gates are the same (lazy regularisation, Karras et al. 2020, section 3.1). Groups taken out of it stay where they are.
  Update& further(const std::string& of, const std::string& name, std::function<Losses(const Batch&)> loss);

  // Pictures (or points) from noise: sample, or the latent space with labels 0, 1, 2, ... in turn.
  Tensor draw(int64_t n, const Batch& batch) const;
  bool draws_from_batch() const { return !latent && !draws_alone; }
  // Batches that an iteration takes, at most over all stages: one for each repeat, unless an update begins later.
  int batches() const;
  // Iterations of all stages together, 0 if the last one is open.
  int64_t steps() const;
  // What the first `iterations` cost together, in the stages' units.
  double cost(int64_t iterations) const;
};

}  // namespace ganymede
