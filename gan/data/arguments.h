#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ganymede::data {

// What follows the colon of a specification, cut at the commas: words first, then name=value pairs.
class Arguments {
 public:
  // `specification` is for messages only. Throws UsageError on an empty word or a word after a pair.
  Arguments(std::string specification, const std::string& text);

  const std::vector<std::string>& words() const { return words_; }

  // The value of a name, or `otherwise`. Throws UsageError on something else than a number in the range, or
  // than one of the choices.
  double number(const std::string& name, double otherwise, double low, double high);
  int64_t integer(const std::string& name, int64_t otherwise, int64_t low, int64_t high);
  std::string choice(const std::string& name, const std::string& otherwise,
                     const std::vector<std::string>& choices);
  std::string text(const std::string& name, const std::string& otherwise);

  // Throws UsageError when a name was given that nobody asked for.
  void finish() const;
  [[noreturn]] void fail(const std::string& what) const;

 private:
  const std::string* find(const std::string& name);

  std::string specification_;
  std::vector<std::string> words_;
  std::map<std::string, std::string> values_;
  std::vector<std::string> known_;
};

// "1 picture", "2 pictures".
std::string counted(int64_t count, const std::string& thing);
std::string joined(const std::vector<std::string>& words, const std::string& separator = ", ");

}  // namespace ganymede::data
