#include "tests/support/places.h"

namespace ganymede::test {

std::string source_dir() { return GANYMEDE_SOURCE_DIR; }
std::string binary_dir() { return GANYMEDE_BINARY_DIR; }

}  // namespace ganymede::test
