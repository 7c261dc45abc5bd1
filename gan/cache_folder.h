// Where the program keeps what it need not make twice: trained classifiers, measured variants of kernels.
#pragma once
#include <string>

namespace ganymede {

// $GANYMEDE_CACHE, else $XDG_CACHE_HOME/ganymede, else ~/.cache/ganymede; "" where none of the three is set. It need not exist.
std::string cache_folder();

}  // namespace ganymede
