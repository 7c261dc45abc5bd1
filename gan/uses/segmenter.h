// FCN-score (Isola et al. 2017): a network that segments real pictures, trained by the program on the true label maps, reads
// the outputs of a translating model. What it recognises is where it should be.
#pragma once
#include "gan/uses/translate.h"

namespace ganymede {

// fcn_pixels, fcn_classes and fcn_iou of outputs, and fcn_real, the pixels that the network gets right on real targets: what a
// perfect model would get. The data must have a field "semantic" [H, W] of whole numbers (shapes:pairs,with=semantic). The
// network is trained at the first of these measures, on at most 1000 training pictures.
void add_segmentation_measures(Recipe& r, const Config& c, const Direction& d, const std::function<Tensor(const Batch&)>& made);

}  // namespace ganymede
