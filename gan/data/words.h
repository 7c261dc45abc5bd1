#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ganymede::data {

// Lower-case words of letters, digits and apostrophes; everything else separates.
std::vector<std::string> words_of(const std::string& text);

// The words of a set of captions, sorted and numbered from 1; 0 is padding.
class Vocabulary {
 public:
  explicit Vocabulary(const std::vector<std::string>& captions = {});

  const std::vector<std::string>& words() const { return words_; }
  // Numbers of the words of a caption, at most `most`; words that are not in the vocabulary are passed over.
  std::vector<int64_t> encode(const std::string& caption, int64_t most) const;

 private:
  std::vector<std::string> words_;
  std::map<std::string, int64_t> numbers_;
};

}  // namespace ganymede::data
