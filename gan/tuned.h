// The choices of `ganymede tune`: which variant of a convolution or an attention was the fastest on a card, in a file that later runs on the same card
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

const char* role_name(kernels::Conv2dRole role);                 // "forward", "data_gradient", "weight_gradient"
const char* role_name(kernels::AttentionRole role);              // "forward", "query_gradient", "key_gradient"
const char* number_name(DType dtype, kernels::Math math);         // "bf16", "tf32", "f32"
bool same_convolution(const UsedConvolution& a, const UsedConvolution& b);
bool same_attention(const UsedAttention& a, const UsedAttention& b);   // but for the scale

// tune.json in the program's cache folder ($GANYMEDE_CACHE, else $XDG_CACHE_HOME/ganymede, else ~/.cache/ganymede); "" if there is none.
std::filesystem::path tuned_file();

// What was measured on each card.
struct TunedCard {
  Card card;
  std::vector<TunedConvolution> convolutions;
  std::vector<TunedAttention> attentions = {};   // a file from before there were any has none
};
// Empty where there is no file. Throws Error that names the file and what is wrong with it: not readable, not JSON, not a file of tune,
// a field missing or out of range.
std::vector<TunedCard> read_tuned(const std::filesystem::path& path);
// Puts a card's choices in the place of older ones for the same convolutions and attentions; all others stay. The file appears whole or not at all;
// one that read_tuned refuses is left alone. Throws Error.
void write_tuned(const std::filesystem::path& path, const TunedCard& measured);
// Removes those of a card; true if there were any.
bool remove_tuned(const std::filesystem::path& path, const Card& card);

// Puts the choices for a device's card and driver in place, once a process. A file that cannot be used, choices of another driver for the
// same card, and choices that this build does not have are each named in a line and left out. Nothing happens on cpu.
void apply_tuned(const Device& device, std::ostream& say);

}  // namespace ganymede
