// Where the checkout and the build folder lie. Known to one source file alone, so that all others compile to the same
// objects in any folder and ccache knows them again.
#pragma once
#include <string>

namespace ganymede::test {

std::string source_dir();
std::string binary_dir();

}  // namespace ganymede::test
