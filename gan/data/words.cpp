#include "gan/data/words.h"

#include <algorithm>
#include <cctype>

namespace ganymede::data {

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  bool inside = false;
  for (unsigned char letter : text) {
    const bool part = std::isalnum(letter) || letter == '\'' || letter >= 0x80;  // bytes of UTF-8 letters too
    if (part && !inside) words.emplace_back();
    if (part) words.back() += static_cast<char>(letter < 0x80 ? std::tolower(letter) : letter);
    inside = part;
  }
  return words;
}

std::vector<int64_t> characters_of(const std::string& text, int64_t most) {
  static const std::string alphabet = "abcdefghijklmnopqrstuvwxyz0123456789-,;.!?:'\"/\\|_@#$%^&*~`+-=<>()[]{} ";
  std::vector<int64_t> numbers(static_cast<size_t>(most), -1);
  for (size_t i = 0; i < std::min(text.size(), numbers.size()); ++i) {
    const size_t at = alphabet.find(static_cast<char>(std::tolower(static_cast<unsigned char>(text[i]))));
    if (at != std::string::npos) numbers[i] = static_cast<int64_t>(at);
  }
  return numbers;
}

Vocabulary::Vocabulary(const std::vector<std::string>& captions) {
  for (const std::string& caption : captions) {
    for (const std::string& word : words_of(caption)) numbers_.emplace(word, 0);
  }
  words_ = {""};
  for (auto& [word, number] : numbers_) {
    number = static_cast<int64_t>(words_.size());
    words_.push_back(word);
  }
}

std::vector<int64_t> Vocabulary::encode(const std::string& caption, int64_t most) const {
  std::vector<int64_t> numbers;
  for (const std::string& word : words_of(caption)) {
    const auto found = numbers_.find(word);
    if (found != numbers_.end() && static_cast<int64_t>(numbers.size()) < most)
      numbers.push_back(found->second);
  }
  return numbers;
}

}  // namespace ganymede::data
