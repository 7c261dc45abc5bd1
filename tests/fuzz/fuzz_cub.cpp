// The six lists of CUB-200-2011 and a file of captions, between them lines "==".
#include <map>
#include <sstream>

#include "gan/data/cub_lists.h"
#include "gan/data/words.h"
#include "tests/fuzz/fuzz.h"

using namespace ganymede;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parts = fuzz::parts_of(fuzz::text_of(data, size), 7);
  static const std::map<std::string, size_t> places{{"d/images.txt", 0}, {"d/classes.txt", 1}, {"d/image_class_labels.txt", 2},
                                                    {"d/train_test_split.txt", 3}, {"d/bounding_boxes.txt", 4}, {"d/parts/part_locs.txt", 5}};
  fuzz::accepted([&] {
    const data::CubLists lists = data::read_cub_lists("d", [&](const std::string& path) { return std::make_unique<std::istringstream>(parts[places.at(path)]); });
    for (const data::Bird& bird : lists.birds) {
      fuzz::demand(int64_t(bird.parts.size()) == lists.part_count, "parts of every bird");
      fuzz::demand(bird.path.starts_with("d/images/") && bird.path.find("/../") == std::string::npos, "a path in the folder");
    }
  });
  const data::Vocabulary words({parts[6]});
  for (const int64_t number : words.encode(parts[6], 24)) fuzz::demand(number > 0 && number < int64_t(words.words().size()), "a word's number");
  return 0;
}
