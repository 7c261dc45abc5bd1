// Every differentiable function of the engine.
#pragma once
#include "engine/autograd.h"
#include "engine/ops/conv.h"
#include "engine/ops/create.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "engine/ops/norm.h"
#include "engine/ops/reduce.h"
#include "engine/ops/shape.h"
