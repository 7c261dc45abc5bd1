#include "gan/exported.h"

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"

namespace ganymede {
namespace {

using onnx_graph::NamedTensor;

Tensor numbers(const Shape& shape, int64_t value = 0) { return tensor(std::vector<int64_t>(size_t(shape.count()), value), shape, context().device); }

Tensor pictures(const Config& c, const ExportOptions& o, int64_t channels, int64_t unit) {
  const int64_t h = o.height ? o.height : c.data.size, w = o.width ? o.width : o.height ? o.height : c.data.width;
  if (h % unit || w % unit) throw UsageError(text("--width ", w, " --height ", h, ": this model's networks take sides that are multiples of ", unit));
  return uniform({o.batch, h, w, channels}, -1, 1);
}

}  // namespace

ExportCase export_case(const Recipe& r, const Config& c, const ExportOptions& o) {
  if ((o.height || o.width) && (o.function == "sample" || c.data.dimensions)) throw UsageError("export: --height and --width are of pictures that go in; nothing of the kind goes into " + o.function);
  if (o.function == "sample" && r.captions) {
    const Tensor z = r.captions.draw(o.batch);
    Batch b;
    b.size = o.batch;
    b.fields = {{"tokens", numbers({o.batch, c.data.caption_length})}, {"length", numbers({o.batch}, 1)}, {"characters", numbers({o.batch, c.data.caption_characters})}};
    std::vector<NamedTensor> inputs{{"z", z}};
    for (const auto& [name, value] : b.fields) inputs.push_back({name, value});
    return {inputs, [=, &r]() -> std::vector<NamedTensor> { return {{"pictures", r.captions.decode(z, r.captions.encode(b))}}; }};
  }
  if (o.function == "sample" && r.latent && r.latent.one_pass) {
    const Tensor z = r.latent.draw(o.batch), label = r.latent.classes ? numbers({o.batch}) : Tensor{};
    std::vector<NamedTensor> inputs{{"z", z}};
    if (label.defined()) inputs.push_back({"label", label});
    return {inputs, [=, &r]() -> std::vector<NamedTensor> { return {{c.data.dimensions ? "points" : "pictures", r.latent.decode(z, label)}}; }};
  }
  if (o.function == "encode" && r.latent.encode) {
    const Tensor x = c.data.dimensions ? uniform({o.batch, c.data.dimensions}, -1, 1) : pictures(c, o, c.data.channels, 1);
    return {{{c.data.dimensions ? "points" : "pictures", x}}, [=, &r]() -> std::vector<NamedTensor> { return {{"z", r.latent.encode(x)}}; }};
  }
  for (const PictureMap& m : r.maps)
    if (m.name == o.function) {
      const Tensor x = pictures(c, o, m.channels, m.unit);
      std::vector<NamedTensor> inputs{{"pictures", x}};
      std::vector<Tensor> vectors;
      for (const PictureMap::Vector& v : m.vectors) inputs.push_back({v.name, vectors.emplace_back(randn({o.batch, v.length}))});
      return {inputs, [=, &m]() -> std::vector<NamedTensor> { return {{"results", m.map(x, vectors)}}; }};
    }
  std::string names;
  for (const ExportedFunction& f : exported_functions(r)) names += (names.empty() ? "" : ", ") + f.name;
  throw UsageError("export: this model has no function " + o.function + (names.empty() ? ", nor any other" : ": it has " + names));
}

std::vector<ExportedFunction> exported_functions(const Recipe& r) {
  std::vector<ExportedFunction> all;
  if (r.captions) all.push_back({"sample", text("z [n, ", r.captions.length, "] and a caption's tokens, length and characters to pictures")});
  else if (r.latent && r.latent.one_pass) all.push_back({"sample", text("z [n, ", r.latent.length, "]", r.latent.classes ? " and labels [n]" : "", " to samples")});
  if (r.latent.encode) all.push_back({"encode", text("samples to z [n, ", r.latent.length, "]")});
  for (const PictureMap& m : r.maps) {
    std::string with;
    for (const PictureMap::Vector& v : m.vectors) with += text(", ", v.name, " [n, ", v.length, "]");
    all.push_back({m.name, text("pictures [n, ", m.channels, ", height, width]", with, " to ", m.help)});
  }
  return all;
}

onnx_graph::Graph export_graph(Trainer& trainer, const Config& config, const ExportOptions& o) {
  onnx_graph::Graph graph;
  trainer.sampling(1, [&] {
    const ExportCase p = export_case(trainer.recipe(), config, o);
    if (o.height == 0 && o.width == 0) {
      graph = onnx_graph::record_graph(p.inputs, true, p.run);
      return;
    }
    // What sizes networks take they know alone: once without a graph, so that a size that does not fit is told from what has no word.
    try {
      p.run();
    } catch (const UsageError&) {
      throw;
    } catch (const Error& e) {
      throw UsageError(text("export: ", o.function, " of this model does not take pictures of --width ", o.width ? o.width : o.height, " --height ", o.height ? o.height : config.data.size, " (", e.what(), "); it was trained on ",
                            config.data.width, "x", config.data.size));
    }
    graph = onnx_graph::record_graph(p.inputs, true, p.run);
  });
  return graph;
}

std::string export_bytes(Session& session, const ExportOptions& o, const onnx_graph::Graph& graph) {
  const Model& m = session.model();
  return graph.bytes(text(m.id, " (", m.paper, "), ", o.function, ". Pictures are [n, channels, height, width] in [-1, 1]."),
                     {{"model", m.id}, {"function", o.function}, {"iteration", std::to_string(session.trainer().iteration())}, {"ganymede", version()}});
}

}  // namespace ganymede
