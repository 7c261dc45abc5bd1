#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ganymede::data {

// Lower-case words of letters, digits and apostrophes; everything else separates.
std::vector<std::string> words_of(const std::string& text);

// The alphabet of Zhang, Zhao, LeCun 2015, by which Reed et al. 2016 read captions: 70 characters, of which '-' is named twice.
inline constexpr int64_t kAlphabet = 70;
inline constexpr int64_t kMostCharacters = 201;  // of a caption, in the field "characters"
// Numbers of the characters of a text in lower case, 0 to 69, exactly `most`: what is not in the alphabet, and all behind the end, is -1.
std::vector<int64_t> characters_of(const std::string& text, int64_t most = kMostCharacters);

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
