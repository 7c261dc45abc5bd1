#include "gan/data/shape_text.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "engine/check.h"

namespace ganymede::data {
namespace {

std::string size_word(const Object& object) { return object.large ? "large" : "small"; }
std::string colour_word(const Object& object) { return colour_names()[static_cast<size_t>(object.colour)]; }
std::string shape_word(const Object& object) { return shape_names()[static_cast<size_t>(object.shape)]; }
std::string fill_word(const Object& object) { return fill_names()[static_cast<size_t>(object.fill)]; }

std::string with_article(const std::string& words) {
  return (std::string("aeiou").find(words[0]) != std::string::npos ? "an " : "a ") + words;
}

// "a small striped red star with a hat"; size, solidity and hat are left out at times.
std::string noun_phrase(const Object& object, Random& random) {
  std::string words;
  if (random.chance(0.6)) words += size_word(object) + " ";
  if (object.fill != Fill::solid || random.chance(0.25)) words += fill_word(object) + " ";
  words += colour_word(object) + " " + shape_word(object);
  if (object.hat && random.chance(0.8)) words += " with a hat";
  return with_article(words);
}

std::string ground_phrase(const Scene& scene, Random& random) {
  const std::string texture = texture_names()[static_cast<size_t>(scene.ground.texture)];
  const std::string tone = scene.ground.dark ? "dark" : "light";
  switch (random.below(3)) {
    case 0: return "on a " + tone + " ground";
    case 1: return "on a " + texture + " ground";
    default: return "on a " + tone + " " + texture + " ground";
  }
}

std::string relation(const Object& object, const Object& other) {
  const double dx = object.centre.x - other.centre.x, dy = object.centre.y - other.centre.y;
  if (std::abs(dx) > std::abs(dy)) return dx < 0 ? "to the left of" : "to the right of";
  return dy < 0 ? "above" : "below";
}

std::string predicate_sentence(const Object& object) {
  std::string text =
      "this " + shape_word(object) + " is " + colour_word(object) + " and " + size_word(object);
  if (object.fill != Fill::solid) text += " and " + fill_word(object);
  return text + (object.hat ? " and has a hat" : "");
}

}  // namespace

std::string describe_scene(const Scene& scene, Random& random) {
  const Object& object = scene.objects[scene.main];
  const bool alone = scene.objects.size() == 1;
  const int64_t phrasing = random.below(alone ? 6 : 8);
  std::string text;
  switch (phrasing) {
    case 0: text = noun_phrase(object, random); break;
    case 1: text = noun_phrase(object, random) + " " + ground_phrase(scene, random); break;
    case 2: text = "there is " + noun_phrase(object, random) + " " + ground_phrase(scene, random); break;
    case 3: text = "a picture of " + noun_phrase(object, random); break;
    case 4: text = predicate_sentence(object); break;
    case 5: text = ground_phrase(scene, random) + " lies " + noun_phrase(object, random); break;
    default: {
      size_t other = static_cast<size_t>(random.below(static_cast<int64_t>(scene.objects.size()) - 1));
      if (other >= scene.main) ++other;
      text = noun_phrase(object, random) + (phrasing == 6 ? " is " : " ") +
             relation(object, scene.objects[other]) + " " + noun_phrase(scene.objects[other], random);
    }
  }
  if (scene.frame && phrasing != 4 && random.chance(0.5)) text += " in a frame";
  return text;
}

const std::vector<std::string>& caption_vocabulary() {
  static const std::vector<std::string> vocabulary = [] {
    std::set<std::string> words = {"a",      "an",    "with",  "hat",     "on",   "dark",  "light",
                                   "ground", "there", "is",    "picture", "of",   "this",  "and",
                                   "has",    "lies",  "to",    "the",     "left", "right", "above",
                                   "below",  "large", "small", "in",      "frame"};
    for (const auto* names : {&shape_names(), &colour_names(), &fill_names(), &texture_names()}) {
      words.insert(names->begin(), names->end());
    }
    std::vector<std::string> all = {""};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }();
  return vocabulary;
}

std::vector<int64_t> tokens_of(const std::string& caption) {
  const std::vector<std::string>& vocabulary = caption_vocabulary();
  std::vector<int64_t> tokens;
  std::istringstream words(caption);
  for (std::string word; words >> word;) {
    const auto found = std::lower_bound(vocabulary.begin(), vocabulary.end(), word);
    if (found == vocabulary.end() || *found != word) {
      throw Error("caption '" + caption + "': the word '" + word + "' is not in the vocabulary of shapes");
    }
    tokens.push_back(found - vocabulary.begin());
  }
  return tokens;
}

}  // namespace ganymede::data
