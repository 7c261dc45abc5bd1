// The choices of `ganymede tune`: which variant of a convolution, an attention or a norm was the fastest on a card, in a file that later runs on the same card
// and driver follow.
#pragma once
#include <filesystem>
#include <iosfwd>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/ops/use_record.h"

namespace ganymede {

struct Card {
  std::string name, driver;   // as the device and its driver call themselves
  bool operator==(const Card&) const = default;
};
Card card_of(const Device& device);

// The variants of a device's kernels; null on cpu and plan, which have no table of them.
const kernels::VariantKernels* variants_of(const Device& device);

struct TunedConvolution {
  UsedConvolution what;
  std::string tile;       // by its name in the table
  int parts = 1;
  double cost = 0, table_cost = 0;   // of this variant and of the table's choice: seconds on cuda, counted terms on sim
};

struct TunedAttention {
  UsedAttention what;
  bool twin;   // of sm_90a, else the table's kernel
  double cost = 0, table_cost = 0;
};

struct TunedNorm {
  UsedNorm what;
  int blocks;   // that hold the rows of a tile (kernels/api/variants.h)
  double cost = 0, table_cost = 0;
};

const char* role_name(kernels::Conv2dRole role);                 // "forward", "data_gradient", "weight_gradient"
const char* role_name(kernels::AttentionRole role);              // "forward", "query_gradient", "key_gradient"
const char* role_name(kernels::NormRole role);                   // "forward", "gradient", "second_gradient"
const char* number_name(DType dtype, kernels::Math math);         // "bf16", "tf32", "f32"
bool same_convolution(const UsedConvolution& a, const UsedConvolution& b);
bool same_attention(const UsedAttention& a, const UsedAttention& b);   // but for the scale
bool same_norm(const UsedNorm& a, const UsedNorm& b);                  // of those that have variants; but for gamma, beta and eps

// tune.json in the program's cache folder ($GANYMEDE_CACHE, else $XDG_CACHE_HOME/ganymede, else ~/.cache/ganymede); "" if there is none.
std::filesystem::path tuned_file();

// What was measured on each card.
struct TunedCard {
  Card card;
  std::vector<TunedConvolution> convolutions;
  std::vector<TunedAttention> attentions = {};   // a file from before there were any has none, nor of norms
  std::vector<TunedNorm> norms = {};
};
// Empty where there is no file. Throws Error that names the file and what is wrong with it: not readable, not JSON, not a file of tune,
// a field missing or out of range.
std::vector<TunedCard> read_tuned(const std::filesystem::path& path);
// Puts a card's choices in the place of older ones for the same convolutions, attentions and norms; all others stay. The file appears whole or not at all;
// one that read_tuned refuses is left alone. Throws Error.
void write_tuned(const std::filesystem::path& path, const TunedCard& measured);
// Removes those of a card; true if there were any.
bool remove_tuned(const std::filesystem::path& path, const Card& card);

// Puts the choices for a device's card and driver in place. A file that cannot be used, choices of another driver for the
// same card, and choices that this build does not have are each named in a line and left out. Nothing happens on cpu.
void apply_tuned(const Device& device, std::ostream& say);
// The same, but only the first time that this process asks for the device.
void apply_tuned_once(const Device& device, std::ostream& say);

}  // namespace ganymede
