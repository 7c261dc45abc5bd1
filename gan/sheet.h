// Sheets of samples of a session's model: what training writes every few iterations and `ganymede sample` draws.
#pragma once
#include <functional>
#include <vector>

#include "gan/data/picture.h"
#include "gan/session.h"

namespace ganymede {

// What a sheet shows: columns, or samples; and the samples of the data that they were made of or, if they are points, stand beside.
struct DrawnSheet {
  std::vector<Column> columns;
  Tensor samples;
  Batch shown;
};
// n: samples, rows of columns, or points; 0: as many as a sheet of a training has, which are Recipe::on_sheet, 8 rows, or 2048 points.
// points: the model draws points. batch: samples of the data that it draws from, where it does; `shown` gives so many.
DrawnSheet draw_sheet(Trainer& trainer, bool points, int64_t n, int64_t batch, uint64_t seed, const std::function<Batch(int64_t n)>& shown);

// n samples (0: as in training, above) from the noise of `seed`. Models with classes get a column a class; models that turn pictures into
// pictures a row a picture of the test split (at most n), with the recipe's columns. columns: pictures a row, 0: as many as rows or classes;
// UsageError where the sheet has columns of its own. Models of points get their density over the data and the discriminator's field.
data::Picture sample_sheet(Session& session, int64_t n, uint64_t seed, int64_t columns = 0);

// What the data look like: the first n pictures of the trainer's batch, or its points.
data::Picture real_sheet(const Batch& batch, int64_t n);

}  // namespace ganymede
