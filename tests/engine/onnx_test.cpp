// Every op of the table as an ONNX graph: computed by plain loops for other inputs than it was recorded with, it gives what the engine gives.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/check.h"
#include "engine/onnx/recorder.h"
#include "engine/ops.h"
#include "tests/engine/op_cases.h"
#include "tests/support/onnx_evaluator.h"

namespace ganymede::test {
namespace {

std::string input(size_t i) { return "x" + std::to_string(i); }

Array array_of(const Tensor& x) { return {{x.shape().begin(), x.shape().end()}, x.to_doubles()}; }

// The same numbers at other places.
Tensor shifted(const Tensor& x) {
  std::vector<double> values = x.to_doubles();
  if (!values.empty()) std::rotate(values.begin(), values.begin() + int64_t(values.size() / 3), values.end());
  return cast(tensor(values, x.shape(), DType::f64, x.device()), x.dtype());
}

class Onnx : public testing::TestWithParam<OpCase> {
 protected:
  // Inputs `begin` to `end` are the graph's, the others constants in it.
  static void check(size_t begin, size_t end) {
    const OpCase& c = GetParam();
    Tensors in;
    for (const Tensor& x : inputs_of(c)) in.push_back(cast(x, DType::f32));
    std::vector<onnx_graph::NamedTensor> inputs;
    for (size_t i = begin; i < end; ++i) inputs.push_back({input(i), in[i]});
    const auto run = [&] {
      std::vector<onnx_graph::NamedTensor> results;
      for (const Tensor& y : c.f(in)) results.push_back({"y" + std::to_string(results.size()), y});
      return results;
    };
    // Weights are constants in every model; of those that are not there is no word for a spectral norm.
    if (c.name.starts_with("spectral_normalise")) {
      EXPECT_THROW(onnx_graph::record_graph(inputs, false, run), Error);
      return;
    }
    const std::string file = onnx_graph::record_graph(inputs, false, run).bytes("", {});
    std::map<std::string, Array> given;
    for (size_t i = begin; i < end; ++i) in[i] = shifted(in[i]), given[input(i)] = array_of(in[i]);
    const auto found = evaluate_onnx(file, given);
    for (const auto& [name, y] : run()) {
      const Array want = array_of(y), &got = found.at(name);
      ASSERT_EQ(got.shape, want.shape);
      double worst = 0, largest = 0;
      for (size_t i = 0; i < want.values.size(); ++i) worst = std::max(worst, std::abs(got.values[i] - want.values[i])), largest = std::max(largest, std::abs(want.values[i]));
      EXPECT_LE(worst, 2e-5 * largest) << name;
    }
  }
};

// The allocator gives memory that held long numbers to short ones: what is written over ends inside one of the old, which is lost as a whole.
TEST(OnnxRecorder, ShorterNumbersOverLongerOnes) {
  using onnx_graph::Type;
  onnx_graph::Graph graph;
  onnx_graph::Recorder recorder(graph);
  std::vector<int64_t> memory(8, 7);
  const char* at = reinterpret_cast<const char*>(memory.data());
  recorder.write(at, graph.input("old", Type::i64, {8}));
  recorder.write(at + 12, graph.input("new", Type::f32, {3}));   // from the second half of number 1 to the end of number 2
  EXPECT_TRUE(recorder.depends(at, 8));
  EXPECT_FALSE(recorder.depends(at + 8, 4));
  EXPECT_TRUE(recorder.depends(at + 12, 12));
  recorder.forget(at + 12, 16);                                  // into number 3
  EXPECT_FALSE(recorder.depends(at + 8, 24));
  EXPECT_TRUE(recorder.depends(at + 32, 8));
  EXPECT_EQ(graph.shape(recorder.read(at + 32, {4}, Type::i64)), Shape({4}));
}

TEST_P(Onnx, OfAllInputs) { check(0, GetParam().shapes.size()); }
TEST_P(Onnx, OfTheFirstInput) { check(0, 1); }
TEST_P(Onnx, OfTheLastInput) { check(GetParam().shapes.size() - 1, GetParam().shapes.size()); }

// What no op of the table does by itself.
std::vector<OpCase> together() {
  std::vector<OpCase> all;
  const auto add = [&](const std::string& name, const std::vector<Shape>& shapes, Function f) { all.push_back({name, Kind::product, shapes, std::move(f)}); };
  add("two convolutions", {{2, 7, 6, 3}, {6, 3, 3, 3}, {2, 3, 3, 6}}, [](const Tensors& in) { return Tensors{conv2d(conv2d(in[0], in[1], {}, {}), in[2], {}, {})}; });
  // Whose first element is a constant, and the last of which are not.
  add("a convolution beside constants", {{3, 3, 3, 3}, {2, 5, 4, 1}, {2, 5, 4, 2}}, [](const Tensors& in) { return Tensors{conv2d(concat({in[1], in[2]}, 3), in[0], {}, {})}; });
  add("a convolution within zeros", {{4, 3, 3, 3}, {2, 3, 3, 3}}, [](const Tensors& in) { return Tensors{conv2d(pad_zero(in[1], {0, 1, 1, 0}, {0, 1, 1, 0}), in[0], {}, {})}; });
  add("a product with a bias beside constants", {{3, 4}, {5, 4}, {2}, {3}}, [](const Tensors& in) { return Tensors{linear(in[0], in[1], concat({in[2], in[3]}, 0))}; });
  add("a sum of a part", {{2, 3}, {2, 3}}, [](const Tensors& in) { return Tensors{mean(concat({in[0], in[1]}, 1), {1}), tanh(concat({in[0], in[1]}, 1))}; });
  add("permuted twice", {{2, 3, 4, 5}}, [](const Tensors& in) { return Tensors{permute(permute(in[0], {0, 3, 1, 2}), {1, 2, 0, 3})}; });
  add("rows below zeros", {{3, 4}}, [](const Tensors& in) { return Tensors{pad_zero(in[0], {2, 1}, {1, 2})}; });
  add("rows of a part of a tensor", {{6, 5}}, [](const Tensors& in) { return Tensors{slice(in[0], 0, 1, 4) + 1.0, slice(in[0], 0, 2, 6) * 2.0}; });
  add("all of what was made in parts", {{3, 4}, {2, 4}}, [](const Tensors& in) { return Tensors{relu(concat({in[0] * 2.0, in[1]}, 0))}; });
  add("a part of what was joined", {{2, 3, 4}, {2, 3, 2}}, [](const Tensors& in) { return Tensors{slice(concat({in[0], in[1]}, 2), 2, 1, 5)}; });
  add("memory that others had", {{4, 4}}, [](const Tensors& in) {
    const Tensor constant = full({4, 4}, 2, DType::f32, in[0].device());
    Tensor y = in[0];
    for (int i = 0; i < 3; ++i) y = y * constant + in[0];   // freed and taken again
    return Tensors{y, constant + 1.0};
  });
  return all;
}

std::string word(const testing::TestParamInfo<OpCase>& info) {
  std::string s = info.param.name;
  for (char& c : s)
    if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
  return s;
}
INSTANTIATE_TEST_SUITE_P(Every, Onnx, testing::ValuesIn(op_cases()), word);
INSTANTIATE_TEST_SUITE_P(Together, Onnx, testing::ValuesIn(together()), word);

}  // namespace
}  // namespace ganymede::test
