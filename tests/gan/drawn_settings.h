// Values of settings, drawn at random.
#pragma once
#include <string>

#include "gan/config.h"
#include "tests/support/draw.h"

namespace ganymede::test {

// A value that the setting may have: one that it names, or the least or the most. "": none that a test has time for.
std::string drawn_value(Draw& draw, const Setting& s);

}  // namespace ganymede::test
