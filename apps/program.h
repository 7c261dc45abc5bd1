// The program `ganymede` as a function, for programs that bring models of their own and want
// every verb for them.
#pragma once
#include <vector>

#include "gan/models.h"

namespace ganymede {

// What main does: adds the models (add_model in gan/models.h), runs the verb in argv and returns the exit code, 2 after wrong usage and 1 after a failure, each with one
// line on standard error. Call it from main's first lines: it may start the program afresh, with OpenMP set for short waits.
int run_program(int argc, char** argv, const std::vector<Model>& own = {});

}  // namespace ganymede
