#include "gan/sheet.h"

#include <algorithm>

#include "engine/check.h"
#include "engine/ops/resample.h"
#include "engine/ops/shape.h"
#include "gan/pictures.h"
#include "gan/points.h"

namespace ganymede {
namespace {

constexpr int64_t kPoints = 2048;  // on a sheet of points in training
constexpr int64_t kRows = 8;       // and on one with columns: each row is one input

data::Picture columns_sheet(const std::vector<Column>& columns) {
  require(!columns.empty(), "a sheet without columns");
  data::GridStyle style;
  style.columns = int64_t(columns.size());
  std::vector<std::vector<data::Picture>> by_column;
  for (const Column& c : columns) {
    style.column_labels.push_back(c.title);
    by_column.push_back(to_pictures(c.pictures));
    require(by_column.back().size() == by_column.front().size(), "column ", c.title, " has ", by_column.back().size(), " pictures, ", columns.front().title, " has ",
            by_column.front().size());
  }
  int64_t widest = 0;
  std::vector<data::Picture> cells;
  for (size_t row = 0; row < by_column.front().size(); ++row)
    for (const auto& column : by_column) cells.push_back(column[row]), widest = std::max(widest, cells.back().width);
  style.zoom = widest <= 32 ? 2 : 1;
  return data::grid(cells, style);
}

}  // namespace

DrawnSheet draw_sheet(Trainer& trainer, bool points, int64_t n, int64_t batch, uint64_t seed, const std::function<Batch(int64_t n)>& shown) {
  const Recipe& r = trainer.recipe();
  DrawnSheet made;
  if (r.columns) {
    made.shown = shown(n > 0 ? n : std::min(r.on_sheet, kRows));
    trainer.sampling(seed, [&] { made.columns = r.columns(made.shown); });
    return made;
  }
  const bool maps = r.draws_from_batch();  // of points: those of side a to those of side b
  if (n <= 0) n = points ? kPoints : r.on_sheet;
  if (points || maps) made.shown = shown(!points ? batch : maps ? n : kPoints);
  if (points && maps) n = made.shown.size;
  made.samples = trainer.sample(n, seed, maps ? &made.shown : nullptr);
  return made;
}

data::Picture sample_sheet(Session& session, int64_t n, uint64_t seed, int64_t columns) {
  Trainer& trainer = session.trainer();
  const Recipe& r = trainer.recipe();
  const bool points = session.config().data.dimensions > 0;
  const DrawnSheet made = draw_sheet(trainer, points, n, session.options().batch, seed, [&](int64_t rows) { return session.shown_batch(rows); });
  if (columns > 0 && (r.columns || points))
    throw UsageError(text("--columns: the sheet of ", session.model().id, points ? " is one picture of all points" : " has a row a sample, whose columns are what became of it"));
  if (r.columns) return columns_sheet(made.columns);
  if (points) {
    data::Picture sheet;
    trainer.sampling(seed, [&] { sheet = points_sheet(made.samples, made.shown[r.draws_from_batch() ? "b" : "point"], r.field); });
    return sheet;
  }
  if (!columns && r.latent.classes > 1 && n >= r.latent.classes) columns = r.latent.classes;
  return sheet(made.samples, columns);
}

data::Picture real_sheet(const Batch& batch, int64_t n) {
  const auto first = [&](const Tensor& x) { return x.rows(0, std::min(x.dim(0), n)); };
  if (batch.fields.count("image")) return sheet(first(batch.image()));
  for (const char* name : {"point", "b"})
    if (batch.fields.count(name) && batch[name].rank() == 2) return points_sheet({}, batch[name], {});
  if (batch.fields.count("high")) {
    const Tensor high = first(batch["high"]);
    return columns_sheet({{"low", resize_nearest(first(batch["low"]), high.dim(1), high.dim(2))}, {"high", high}});
  }
  if (batch.fields.count("clip")) {   // a row a clip
    const Tensor clips = batch["clip"];
    const int64_t frames = clips.dim(1), rows = std::min(clips.dim(0), std::max<int64_t>(1, n / frames));
    return sheet(reshape(clips.rows(0, rows), Shape{rows * frames, clips.dim(2), clips.dim(3), clips.dim(4)}), frames);
  }
  return columns_sheet({{"a", first(batch["a"])}, {"b", first(batch["b"])}});
}

}  // namespace ganymede
