// What SinGAN's tasks share: pictures in and out, the choice of a scale, sheets.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "gan/pictures.h"
#include "gan/singan/pyramid.h"
#include "gan/use.h"

namespace ganymede::singan {

data::Picture picture_of(const Tensor& x, int64_t i = 0);
// [1, h, w, colours of the pyramid].
Tensor tensor_of(const Pyramid& p, const data::Picture& picture);
data::Picture bicubic(const data::Picture& picture, const Extent& to);

// A picture that stands for the training picture: of its proportions or those of the finest scale (to 2 %), brought to the finest size. UsageError otherwise.
data::Picture fitted(const Pyramid& p, const NamedPicture& given);

// The scale that the settings name, `scale` counting from the coarsest or `n` as the paper does; -1 if neither does, for all
// from `least` on. UsageError outside least ... finest. Like the settings below it asks nothing of the device, so that a page can
// show what there is to set.
int chosen_scale(const Config& settings, const Pyramid& p, int least, const std::string& meaning);
// The setting `noise`: the strength of what is drawn, in that of the training.
double chosen_noise(const Config& settings);
// The finest scale that there is a training of. UsageError if the chosen one, or `least`, is beyond it.
int reached_for(const Pyramid& p, int chosen, int least);

// One result for each of `n` draws at the chosen scale, beside `plain` ways to get one on a sheet; without a scale a sheet
// of one draw a scale. `make(scale)` draws a picture.
std::vector<Result> at_scale_or_all(const std::string& name, int scale, int least, int reached, int finest, int64_t n, const std::vector<Shown>& plain,
                                    const std::function<data::Picture(int scale)>& make);

}  // namespace ganymede::singan
