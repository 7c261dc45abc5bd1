// Notes what a function of tensors asks the kernels for as an ONNX graph, while the cpu computes it. What does not depend on the inputs
// is a constant of the graph: weights, weights divided by their spectral norm, filters made of others, statistics.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/onnx/graph.h"
#include "engine/tensor.h"

namespace ganymede::onnx_graph {

struct NamedTensor {
  std::string name;
  Tensor value;
};

// Runs f, whose work must be on the cpu and in f32, and returns what led from the inputs (f32 or i64) to its results, in this batch's
// shapes. Pictures [N, H, W, C] among inputs and results are [N, C, H, W] in the graph if as_planes. Results that do not depend on the inputs are constants.
// Random draws become random nodes. Throws Error naming the kernel where the graph has no word for it.
Graph record_graph(const std::vector<NamedTensor>& inputs, bool as_planes, const std::function<std::vector<NamedTensor>()>& f);

// What memory holds, while it is recorded. For the kernels' recorders (record_*.cpp).
class Recorder {
 public:
  explicit Recorder(Graph& graph) : graph(graph) {}
  Graph& graph;

  // Whether any of these bytes depend on an input.
  bool depends(const void* data, size_t bytes) const;
  // Of numbers in f32; null does not.
  bool numbers_depend(const void* data, int64_t count) const { return data && depends(data, size_t(count) * sizeof(float)); }
  // `shape` numbers from `data` on: a value of the graph, or a constant of what the memory holds now.
  Value read(const void* data, const Shape& shape, Type type = Type::f32);
  // The memory now holds v.
  void write(const void* data, Value v);
  // The memory now holds what depends on no input.
  void forget(const void* data, size_t bytes);
  // to[index . to] = from[index . from] for all indices below dims; `to` covers its elements once.
  struct Strided {
    std::vector<int64_t> dims, from, to;   // extents, and steps in elements
  };
  void copy(const Strided& s, const void* from, const void* to, Type type);

 private:
  struct Region {
    size_t bytes;
    Value value;   // its elements in order
  };
  using Regions = std::map<const char*, Region>;
  // Elements that a strided copy put between others, which nobody has read yet: first + index . to for all indices below dims.
  struct Part {
    const char* first;
    std::vector<int64_t> dims, to;
    int64_t reach;   // elements from the first to the last
    int bytes;       // of an element
    Value value;
    const char* end() const { return first + reach * bytes; }
  };
  void cut(const char* at);   // so that no region goes on across it
  const char* element_around(const char* at, bool behind) const;   // at, or, inside an element of a region, where that begins or ends
  void clear(const char* begin, const char* end);
  void put_together(const char* from, const char* end, Type type);  // so that no part is left there
  Value plain(const char* from, int64_t count, Type type);          // [count], where no part is left
  Value assembled(const char* from, int64_t count, Type type, const std::vector<Part>& parts);
  Value constant_of(const void* data, const Shape& shape, Type type);
  Value gathered(const char* from, const Strided& s, Type type);    // elements in order of s.dims
  Regions regions_;
  std::vector<Part> parts_;
};

}  // namespace ganymede::onnx_graph
