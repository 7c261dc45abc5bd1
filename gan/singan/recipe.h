// The recipe of SinGAN with its noise from elsewhere: for tests.
#pragma once
#include "gan/config.h"
#include "gan/recipe.h"
#include "gan/singan/pyramid.h"

namespace ganymede::singan {

Recipe recipe(const Config& c, const Draws& draws);

}  // namespace ganymede::singan
