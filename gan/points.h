// Sheets of points: what a model that draws points on a line or in the plane has learned, beside the data.
#pragma once
#include "engine/tensor.h"
#include "gan/data/picture.h"
#include "gan/use.h"

namespace ganymede {

// In the plane: the density of the samples with the data as dots, and beside it the field with the samples as dots. On a line:
// the densities of data and samples and the field as curves. Everything from -1.3 to 1.3 in each direction; what lies outside is
// not shown. samples, real: [n, D], D 1 or 2, either undefined if there are none; field: may be empty; evaluated on the context's device.
data::Picture points_sheet(const Tensor& samples, const Tensor& real, const Field& field);

}  // namespace ganymede
