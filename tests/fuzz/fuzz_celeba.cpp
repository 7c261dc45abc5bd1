// Both lists of CelebA, between them a line "==".
#include <sstream>

#include "gan/data/celeba_lists.h"
#include "tests/fuzz/fuzz.h"

using namespace ganymede;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto parts = fuzz::parts_of(fuzz::text_of(data, size), 2);
  fuzz::accepted([&] {
    std::istringstream in(parts[0]);
    const data::AttributeList list = data::read_attributes(in, "list_attr_celeba.txt");
    fuzz::demand(list.files.size() == list.values.size() && !list.files.empty(), "values of every picture");
    for (size_t i = 0; i < list.files.size(); ++i) {
      fuzz::demand(list.values[i].size() == list.names.size(), "a value of every attribute");
      fuzz::demand(list.files[i].find('/') == std::string::npos, "a name that leads elsewhere");
    }
  });
  fuzz::accepted([&] {
    std::istringstream in(parts[1]);
    for (const auto& [name, part] : data::read_partition(in, "list_eval_partition.txt"))
      fuzz::demand(part >= 0 && part <= 2 && name.find('/') == std::string::npos, "a part of a picture");
  });
  return 0;
}
