// A trained model's functions as ONNX files, for other runtimes.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/onnx/recorder.h"
#include "gan/session.h"

namespace ganymede {

struct ExportedFunction {
  std::string name, help;   // "sample", "encode", "translate", ...; what goes in and comes out
};
// What there is of this model. Empty: nothing.
std::vector<ExportedFunction> exported_functions(const Recipe& recipe);

struct ExportOptions {
  std::string function;
  int64_t batch = 1;                // the graph's own: its shapes are fixed
  int64_t height = 0, width = 0;    // of pictures that go in; 0: as in training
};
// What a graph is recorded of: inputs (their values decide nothing) and what is done with them, inside Trainer::sampling.
struct ExportCase {
  std::vector<onnx_graph::NamedTensor> inputs;
  std::function<std::vector<onnx_graph::NamedTensor>()> run;
};
// UsageError for a function or a size that the model does not have. The recipe must outlive it.
ExportCase export_case(const Recipe& recipe, const Config& config, const ExportOptions& options);
// Pictures are [batch, C, H, W] in [-1, 1] in the graph, z [batch, length] f32 and labels [batch] i64. The trainer is on cpu in f32. Error where the graph has no word for
// what the model does.
onnx_graph::Graph export_graph(Trainer& trainer, const Config& config, const ExportOptions& options);
// The file's bytes: says of itself which model, iteration and function it is.
std::string export_bytes(Session& session, const ExportOptions& options, const onnx_graph::Graph& graph);

}  // namespace ganymede
