// The facts of a data set that recipes are built for.
#pragma once
#include "gan/config.h"
#include "gan/data/dataset.h"

namespace ganymede {

// All facts; mean_picture and read look at the data when called, so the set must outlive them.
DataFacts facts_of_data(const data::Dataset& set);
// Only those that follow from the fields: sizes, channels, dimensions.
void note_fields(DataFacts& facts, const std::vector<data::Field>& fields);

}  // namespace ganymede
