#include "apps/program.h"

int main(int argc, char** argv) { return ganymede::run_program(argc, argv); }
