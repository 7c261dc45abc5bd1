#include "engine/check.h"
#include "engine/context.h"
#include "engine/onnx/words.h"
#include "engine/recorded_kernels.h"

namespace ganymede::onnx_graph {
namespace {

thread_local Recorder* current = nullptr;

const kernels::Kernels& recording() {
  static const kernels::Kernels table = [] {
    kernels::Kernels t = kernels::cpu::table();
    record_convolutions(t);
    record_elementwise(t);
    record_norms(t);
    record_images(t);
    record_rest(t);
    return t;
  }();
  return table;
}

// While it lives, this thread's launches on the cpu go through the recording table.
class Recording {
 public:
  explicit Recording(Recorder& r) {
    require(!current, "onnx: a recording within a recording");
    current = &r;
    replace_cpu_kernels(&recording());
  }
  ~Recording() {
    replace_cpu_kernels(nullptr);
    current = nullptr;
  }
};

Type type_of(const Tensor& x) {
  require(x.device().type == DeviceType::cpu && (x.dtype() == DType::f32 || x.dtype() == DType::i64), "onnx: ", x.dtype(), " ", x.shape(), " on ", x.device(), " among inputs or results: f32 and i64 on cpu can be written");
  return x.dtype() == DType::f32 ? Type::f32 : Type::i64;
}

}  // namespace

Recorder& recorder() { return *current; }
const kernels::Kernels& computing() { return kernels::cpu::table(); }

Graph record_graph(const std::vector<NamedTensor>& inputs, bool as_planes, const std::function<std::vector<NamedTensor>()>& f) {
  Graph graph;
  Recorder r(graph);
  for (const NamedTensor& in : inputs) {
    const Shape s = in.value.shape();
    const bool turned = as_planes && s.rank() == 4;
    const Value v = graph.input(in.name, type_of(in.value), turned ? Shape{s[0], s[3], s[1], s[2]} : s);
    r.write(in.value.data(), turned ? graph.transposed(v, {0, 2, 3, 1}) : v);
  }
  ContextScope scope;
  context().recording = false;
  const Recording here(r);
  for (const NamedTensor& out : f()) {
    const Value v = r.read(out.value.data(), out.value.shape(), type_of(out.value));
    graph.output(out.name, as_planes && out.value.shape().rank() == 4 ? graph.transposed(v, {0, 3, 1, 2}) : v);
  }
  return graph;
}

}  // namespace ganymede::onnx_graph
