#include "tests/kernels/tile_launchers.cpp"
