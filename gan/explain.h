// A model in words: its networks layer by layer, its updates in order, its losses and settings, what it needs in memory.
#pragma once
#include <string>

#include "gan/session.h"

namespace ganymede {

// Runs one iteration on the plan device. losses: only the table of losses.
std::string explain(const SessionOptions& options, bool losses_only);

}  // namespace ganymede
