#include "gan/data/arguments.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/check.h"

namespace ganymede::data {

std::string joined(const std::vector<std::string>& words, const std::string& separator) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) text += (i ? separator : "") + words[i];
  return text;
}

std::string counted(int64_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

Arguments::Arguments(std::string specification, const std::string& text)
    : specification_(std::move(specification)) {
  if (text.empty()) return;
  for (size_t start = 0; start <= text.size();) {
    const size_t end = std::min(text.find(',', start), text.size());
    const std::string part = text.substr(start, end - start);
    const size_t equals = part.find('=');
    if (part.empty() || equals == 0) fail("an empty word between commas");
    if (equals == std::string::npos) {
      if (!values_.empty()) fail("'" + part + "' comes after a name=value pair; words come first");
      words_.push_back(part);
    } else if (!values_.emplace(part.substr(0, equals), part.substr(equals + 1)).second) {
      fail("'" + part.substr(0, equals) + "' is given twice");
    }
    start = end + 1;
  }
}

void Arguments::fail(const std::string& what) const {
  throw UsageError("data '" + specification_ + "': " + what);
}

const std::string* Arguments::find(const std::string& name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.push_back(name);
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second;
}

double Arguments::number(const std::string& name, double otherwise, double low, double high) {
  const std::string* value = find(name);
  if (!value) return otherwise;
  double number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size() || !(number >= low && number <= high)) {
    std::string range = std::to_string(low) + " to " + std::to_string(high);
    fail(name + " is '" + *value + "'; it must be a number from " + range);
  }
  return number;
}

int64_t Arguments::integer(const std::string& name, int64_t otherwise, int64_t low, int64_t high) {
  const std::string* value = find(name);
  if (!value) return otherwise;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
  if (error != std::errc() || end != value->data() + value->size() || number < low || number > high) {
    fail(name + " is '" + *value + "'; it must be a whole number from " + std::to_string(low) + " to " +
         std::to_string(high));
  }
  return number;
}

std::string Arguments::choice(const std::string& name, const std::string& otherwise,
                              const std::vector<std::string>& choices) {
  const std::string* value = find(name);
  if (!value) return otherwise;
  if (std::find(choices.begin(), choices.end(), *value) == choices.end()) {
    fail(name + " is '" + *value + "'; it must be one of " + joined(choices));
  }
  return *value;
}

std::string Arguments::text(const std::string& name, const std::string& otherwise) {
  const std::string* value = find(name);
  return value ? *value : otherwise;
}

void Arguments::finish() const {
  for (const auto& [name, value] : values_) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end()) {
      fail("unknown setting '" + name + "'; " +
           (known_.empty() ? "there is none" : "known are " + joined(known_)));
    }
  }
}

}  // namespace ganymede::data
