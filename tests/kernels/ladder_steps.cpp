#include "bench/ladder/steps.cu"
