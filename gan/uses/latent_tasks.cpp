#include "gan/uses/latent_tasks.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/autograd.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/resize.h"
#include "gan/pictures.h"
#include "nn/losses.h"

namespace ganymede {
namespace {

Tensor stacked(const TaskInput& in, const DataFacts& facts) {
  Tensors all;
  for (const NamedPicture& p : in.pictures) all.push_back(as_input(p.picture, facts));
  return all.size() == 1 ? all[0] : concat(all, 0);
}

// One picture each, and before them a sheet that shows inputs above outputs.
std::vector<Result> with_sheet(const TaskInput& in, const Tensor& from, const Tensor& made) {
  const auto inputs = to_pictures(from), outputs = to_pictures(made);
  data::GridStyle style;
  style.columns = int64_t(inputs.size());
  style.row_labels = {"input", "output"};
  style.zoom = inputs[0].width <= 32 ? 2 : 1;
  std::vector<data::Picture> cells = inputs;
  cells.insert(cells.end(), outputs.begin(), outputs.end());
  std::vector<Result> results{{"sheet", {data::grid(cells, style)}}};
  for (size_t i = 0; i < outputs.size(); ++i) results.push_back({in.pictures[i].name, {outputs[i]}});
  return results;
}

// Labels of the inputs for models with classes: --set class=K.
Tensor labels_for(const Latent& latent, const TaskInput& in) {
  if (latent.classes == 0) return {};
  const int64_t k = in.settings.integer("class", 0, "class of the pictures", 0, latent.classes - 1);
  return full(Shape{int64_t(in.pictures.size())}, double(k), DType::i64, context().device);
}

std::vector<Result> invert(const Latent& latent, const DataFacts& facts, const TaskInput& in) {
  const int64_t steps = in.settings.integer("steps", 300, "steps of Adam on z", 1, 1000000);
  const double rate = in.settings.number("rate", 0.05, "their rate", 1e-9);
  const Tensor labels = labels_for(latent, in);
  in.settings.check_all_read();
  const Tensor x = stacked(in, facts);
  const Tensor z = nearest_z([&](const Tensor& at) { return latent.decode(at, labels); }, latent.encode ? latent.encode(x) : latent.draw(x.dim(0)), x, steps, rate);
  return with_sheet(in, x, latent.decode(z, labels).constant());
}

std::vector<Result> reconstruct(const Latent& latent, const DataFacts& facts, const TaskInput& in) {
  const Tensor labels = labels_for(latent, in);
  in.settings.check_all_read();
  const Tensor x = stacked(in, facts);
  return with_sheet(in, x, latent.decode(latent.encode(x), labels));
}

std::vector<Result> encode(const Latent& latent, const DataFacts& facts, const TaskInput& in) {
  in.settings.check_all_read();
  const Tensor z = latent.encode(stacked(in, facts));
  const std::vector<double> values = z.to_doubles();
  std::vector<Result> results;
  for (size_t i = 0; i < in.pictures.size(); ++i) {
    const auto first = values.begin() + int64_t(i) * z.dim(1);
    results.push_back({in.pictures[i].name, {}, 0, nlohmann::json{{"picture", in.pictures[i].name}, {"z", std::vector<double>(first, first + z.dim(1))}}.dump()});
  }
  return results;
}

}  // namespace

Tensor nearest_z(const std::function<Tensor(const Tensor& z)>& decode, const Tensor& start, const Tensor& x, int64_t steps, double rate) {
  ContextScope scope;
  context().recording = true;
  Tensor z = start.constant(), m = zeros_like(z), v = zeros_like(z);
  for (int64_t t = 1; t <= steps; ++t) {
    const Tensor at = watch(z);
    const Tensor g = grad(nn::mse(decode(at), x, nn::Reduction::sum), at).constant();
    m = (m * 0.9 + g * 0.1).constant();
    v = (v * 0.999 + square(g) * 0.001).constant();
    const double m_scale = rate / (1 - std::pow(0.9, double(t))), v_scale = 1 / (1 - std::pow(0.999, double(t)));
    z = sub(z, div(m * m_scale, sqrt(v * v_scale) + 1e-8)).constant();
  }
  return z;
}

Tensor as_input(const data::Picture& picture, const DataFacts& facts) {
  const data::Picture p = data::with_channels(data::covering(picture, facts.size, facts.width), facts.channels);
  std::vector<float> values(p.pixels.size());
  data::to_float(p, values.data());
  return tensor(values, Shape{1, p.height, p.width, p.channels}, context().dtype, context().device);
}

std::vector<Task> tasks_of(Session& session) {
  const Recipe& r = session.trainer().recipe();
  std::vector<Task> tasks = r.tasks;
  const Latent& latent = r.latent;
  const DataFacts& facts = session.config().data;
  if (!latent || facts.dimensions > 0) return tasks;
  const auto has = [&](const std::string& name) {
    for (const Task& t : tasks)
      if (t.name == name) return true;
    return false;
  };
  const auto add = [&](const char* name, const char* help, auto f) {
    if (!has(name)) tasks.push_back({name, "PICTURE...", help, 1, 4096, [&latent, &facts, f](const TaskInput& in) { return f(latent, facts, in); }});
  };
  if (latent.one_pass) add("invert", "find the z whose picture is nearest (by gradient descent; steps, rate)", invert);
  if (latent.encode) {
    add("encode", "write each picture's z as JSON", encode);
    add("reconstruct", "encode and decode", reconstruct);
  }
  return tasks;
}

}  // namespace ganymede
