#pragma once

#include <optional>

#include "gan/data/picture.h"

namespace ganymede::run {

// What a contact sheet of pictures says about them all.
struct SheetStatistics {
  int count = 0;  // pictures on the sheet
  double variety =
      0;  // standard deviation between the pictures, averaged over pixels; 0 (all equal) to 127.5
  double contrast = 0;   // standard deviation within a picture, averaged over pictures; 0 (flat) to 127.5
  double saturated = 0;  // part of the values within 2 of black or white, 0 to 1
};

// Takes the sheet apart at its straight lines in the colour of the top left corner. Nothing if that does not
// give at least four pictures of one size. Pictures that are all of the line's colour (the unfilled rest of
// the last row) do not count.
std::optional<SheetStatistics> examine_sheet(const data::Picture& sheet);

}  // namespace ganymede::run
