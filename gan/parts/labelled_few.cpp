#include "gan/parts/labelled_few.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/context.h"
#include "engine/ops.h"
#include "gan/data/dataset.h"

namespace ganymede {
namespace {

void read(const DataFacts& data, const std::string& field, const LabelledFew& to) {
  const int64_t most = (to.count + data.classes - 1) / data.classes, spare = most * data.classes - to.count, chunk = 256;
  std::vector<float> values;
  std::vector<int64_t> labels, taken(size_t(data.classes));
  for (int64_t at = 0; at < data.count && int64_t(labels.size()) < to.count; at += chunk) {
    std::vector<int64_t> rows;
    for (int64_t i = at; i < std::min(at + chunk, data.count); ++i) rows.push_back(i);
    const data::HostBatch host = data.read(rows);
    const auto v = host.real(field);
    const auto y = host.integer("label");
    const size_t width = v.size() / rows.size();
    for (size_t i = 0; i < rows.size(); ++i) {
      if (y[i] < 0 || y[i] >= data.classes || taken[size_t(y[i])] >= most - (y[i] >= data.classes - spare)) continue;
      ++taken[size_t(y[i])];
      values.insert(values.end(), v.begin() + int64_t(i * width), v.begin() + int64_t((i + 1) * width));
      labels.push_back(y[i]);
    }
  }
  if (int64_t(labels.size()) < to.count) throw UsageError(text("a labelled few of ", to.count, ": the data have only ", labels.size(), " such samples, ", most, " of a class at most"));
  assign(to.samples, tensor(values, to.samples.shape(), to.samples.dtype(), to.samples.device()));
  assign(to.labels, tensor(labels, to.labels.shape(), to.labels.device()));
}

}  // namespace

std::pair<Tensor, Tensor> LabelledFew::draw(int64_t n) const {
  const Tensor rows = random_integers({n}, count);
  Shape shape = samples.shape();
  shape[0] = n;
  // Rows are gathered as numbers: f32 holds class numbers exactly.
  const Tensor y = gather_rows(reshape(cast(labels, DType::f32), Shape{count, 1}), rows);
  return {reshape(gather_rows(reshape(samples, Shape{count, samples.count() / count}), rows), shape), cast(reshape(y, Shape{n}), DType::i64)};
}

LabelledFew keep_labelled_few(Recipe& r, const Config& c, const std::string& field, int64_t count) {
  const DataFacts& d = c.data;
  LabelledFew few{count, r.keep("labelled", d.dimensions ? zeros({count, d.dimensions}) : zeros({count, d.size, d.width, d.channels})),
                  r.keep("labels", full({count}, 0, DType::i64, context().device))};
  if (c.trains && d.read && !is_plan(context().device)) read(d, field, few);
  return few;
}

}  // namespace ganymede
