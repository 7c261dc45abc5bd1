// Captions of the user's own: from words to what models of captions see, and sheets of what they draw.
#pragma once
#include <string>
#include <vector>

#include "gan/data/picture.h"
#include "gan/session.h"

namespace ganymede {

// The fields "tokens", "length" and "characters" of captions in words, as the data have them. UsageError for an empty caption, one that is longer than
// those of the data can be, and a word that none of the data's captions has.
Batch batch_of_captions(const DataFacts& data, const std::vector<std::string>& captions);

struct CaptionSheet {
  std::vector<std::string> captions;
  int64_t n = 64, columns = 0;   // of one caption: pictures, and how many stand in a row (0: a square)
  int64_t steps = 8;             // of several: a row each, this many from the same noise
  bool between = false;          // of two: a row a noise, along it `steps` texts from the first to the second
  int64_t rows = 8;              // of those
  uint64_t seed = 1;
};
data::Picture caption_sheet(Session& session, const CaptionSheet& options);

}  // namespace ganymede
