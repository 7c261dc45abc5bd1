// What tests of shapes and options drawn at random share.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>

namespace ganymede::test {

inline bool random_cases_are_asked_for() { return std::getenv("GANYMEDE_RANDOM_CASES") != nullptr; }

// GANYMEDE_RANDOM_CASES, or how many are usual. Throws where that is not a number of cases: none at all would pass.
inline int random_cases(int usual) {
  const int wanted = random_cases_are_asked_for() ? std::stoi(std::getenv("GANYMEDE_RANDOM_CASES")) : usual;
  if (wanted < 1) throw std::invalid_argument("GANYMEDE_RANDOM_CASES: at least one case, not " + std::to_string(wanted));
  return wanted;
}

class Draw {
 public:
  explicit Draw(int seed) : generator_(unsigned(seed)) {}
  int64_t between(int64_t least, int64_t most) { return least + int64_t(generator_() % uint64_t(most - least + 1)); }
  bool one_in(int n) { return between(1, n) == 1; }
  template <class T>
  T of(std::initializer_list<T> values) {
    return values.begin()[between(0, std::ssize(values) - 1)];
  }

 private:
  std::mt19937_64 generator_;
};

}  // namespace ganymede::test
