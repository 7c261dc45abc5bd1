// What a trained pyramid is for: the applications of the paper as tasks of `apply`.
#pragma once
#include <memory>
#include <vector>

#include "gan/singan/pyramid.h"
#include "gan/singan/training.h"
#include "gan/use.h"

namespace ganymede::singan {

using PyramidPtr = std::shared_ptr<Pyramid>;

// All of them; `how` is how the pyramid was trained, for the scale that paint-to-image trains again.
std::vector<Task> tasks(const PyramidPtr& pyramid, const ScaleTraining& how);

Task samples_task(const PyramidPtr& pyramid);
Task size_task(const PyramidPtr& pyramid);
Task super_resolution_task(const PyramidPtr& pyramid, double trained_for);
Task paint_task(const PyramidPtr& pyramid, const ScaleTraining& how);
// radius: of the disk that widens the mask, in pixels.
Task masked_task(const PyramidPtr& pyramid, const std::string& name, const std::string& inputs, const std::string& help, double radius);
Task animation_task(const PyramidPtr& pyramid);

}  // namespace ganymede::singan
