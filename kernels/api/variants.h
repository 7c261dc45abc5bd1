// The variants in which cuda and sim can compute a convolution: a tile and a number of parts of the sum. A table chooses among
// them by the shape and the card alone (kernels/device/conv_plan.h); `ganymede tune` measures them and puts choices of its own in
// place. They give the same sums in another order; Winograd's form (strict f32, 3x3 of stride 1) also rounds ten to twenty times as
// coarsely, within the bounds of f32. Attention in bf16 has one variant besides the table's choice, the twin for sm_90a.
// A norm whose statistics belong to channels is computed in two launches that read its tensors twice, or in one by blocks that hold them,
// alone or in clusters (sm_90a).
#pragma once
#include "kernels/api/attention.h"
#include "kernels/api/conv2d.h"
#include "kernels/api/norm.h"

namespace ganymede::kernels {

enum class AttentionRole { forward, query_gradient, key_gradient };   // the last of keys and values together

struct ConvVariant {
  int tile = 0;    // see tile_name
  int parts = 1;   // into which sums are cut
};

constexpr int kMostVariants = 64, kMostNormVariants = 5;

struct VariantKernels {
  const char* (*tile_name)(int tile);   // "large", "twin_square", ...; null behind the last
  // Those that can compute it on the current device, the table's choice first; returns how many (at most kMostVariants).
  int (*list)(Conv2dRole, const Conv2d&, ConvVariant* variants);
  ConvVariant (*chosen)(Conv2dRole, const Conv2d&);                  // what a call takes now
  bool (*prefer)(Conv2dRole, const Conv2d&, const ConvVariant&);     // from now on; false: it cannot compute this
  void (*forget)();                                                  // back to the table
  // Whether the twin can compute it on the current device, whether a call takes it now (the table never does: on no card have the
  // two been compared yet), and whether it shall from now on; false: it cannot.
  bool (*has_attention_twin)(AttentionRole, const Attention&);
  bool (*takes_attention_twin)(AttentionRole, const Attention&);
  bool (*prefer_attention_twin)(AttentionRole, const Attention&, bool);
  // Of norms: how many blocks hold the rows of a tile of channels: 0 (none: two launches), 1, or 2, 4, 8 of a cluster. Those that can
  // compute it on the current device, the table's choice first, returned is how many (at most kMostNormVariants); what a call takes
  // now; what it shall take from now on, false: so many cannot.
  int (*list_norm)(NormRole, const Norm&, int* blocks);
  int (*norm_blocks)(NormRole, const Norm&);
  bool (*prefer_norm)(NormRole, const Norm&, int blocks);
  // So many blocks wherever they can, for tests; -1: no longer. Preferences go before.
  void (*force_norm_blocks)(int blocks);
  // The twins for sm_90a wherever they can compute it, for tests; without effect on other cards. Preferences go before.
  void (*force_twins)(bool);
  // Of a variant: terms that the busiest of the simulator's multiprocessors multiplies. What sim has instead of a clock.
  double (*count)(Conv2dRole, const Conv2d&, const ConvVariant&);
  void (*driver)(char* text, size_t size);   // version of what runs the kernels, for example "13.0"; "simulator" on sim
};

namespace sim { const VariantKernels& variants(); }
namespace cuda { const VariantKernels& variants(); }   // only where the build has the cuda device

}  // namespace ganymede::kernels
