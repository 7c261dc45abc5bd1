#include "tests/gan/exported_check.h"

#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "gan/exported.h"
#include "tests/support/onnx_evaluator.h"

namespace ganymede::test {
namespace {

// [N, H, W, C] as the graph has it.
Tensor planes(const Tensor& x) { return x.shape().rank() == 4 ? permute(x, {0, 3, 1, 2}) : x; }

Array array_of(const Tensor& x) {
  Array a{{x.shape().begin(), x.shape().end()}, {}};
  if (x.dtype() == DType::i64)
    for (const int64_t v : x.to_integers()) a.values.push_back(double(v));
  else a.values = planes(x).to_doubles();
  if (x.shape().rank() == 4) {
    const Shape s = planes(x).shape();
    a.shape.assign(s.begin(), s.end());
  }
  return a;
}

}  // namespace

std::string difference_of_exported(Tiny& model, const std::string& function) {
  const ExportOptions options{.function = function, .batch = 2};
  const std::string bytes = export_graph(*model, model.config(), options).bytes("", {});
  if (bytes.find("RandomNormal") != std::string::npos || bytes.find("RandomUniform") != std::string::npos) return "";
  std::map<std::string, Array> inputs;
  std::vector<onnx_graph::NamedTensor> expected;
  model->sampling(7, [&] {
    const ExportCase c = export_case(model->recipe(), model.config(), options);
    for (const auto& in : c.inputs) {
      if (in.value.dtype() == DType::i64) assign(in.value, tensor(std::vector<int64_t>(size_t(in.value.count()), 1), in.value.shape(), in.value.device()));
      inputs[in.name] = array_of(in.value);
    }
    expected = c.run();
  });
  const auto found = evaluate_onnx(bytes, inputs);
  if (found.size() != expected.size()) return text(function, ": ", found.size(), " results, not ", expected.size());
  for (const auto& e : expected) {
    const Array want = array_of(e.value), &got = found.at(e.name);
    if (got.shape != want.shape) return text(function, ", ", e.name, ": another shape");
    double worst = 0, largest = 0;
    for (size_t i = 0; i < want.values.size(); ++i) worst = std::max(worst, std::abs(got.values[i] - want.values[i])), largest = std::max(largest, std::abs(want.values[i]));
    if (!(worst < 1e-4 * largest + 3e-7)) return text(function, ", ", e.name, ": differs by ", worst, ", the largest value is ", largest);
  }
  return "";
}

}  // namespace ganymede::test
