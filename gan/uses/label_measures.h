// What a model that paints label maps makes of each meaning.
#pragma once
#include "gan/data/palette.h"
#include "gan/recipe.h"

namespace ganymede {

// Of data whose samples have "semantic" [H, W], numbers of the palette, beside the pictures `target`; made(batch) paints batch["semantic"]. Both are shares of what an output
// would be away that shows every meaning in one colour, 0 is best:
//   meaning_colour  how far the mean colours of the meanings in outputs are from those in the pictures
//   uniform_colour  the same of maps that are of one meaning everywhere: whether it is still known there (Park et al. 2019, figure 3)
// With in_style(batch, pictures), which paints batch["semantic"] in the style of a picture each, also
//   style_colour    how far the mean colours of a picture's meanings are from those of the picture whose style it has, over how far its own picture's are; of meanings in both
void add_label_measures(Recipe& r, const data::Palette& palette, const std::string& target, const std::function<Tensor(const Batch&)>& made,
                        const std::function<Tensor(const Batch&, const Tensor& pictures)>& in_style = {});

}  // namespace ganymede
