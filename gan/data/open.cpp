#include <algorithm>

#include "engine/check.h"
#include "engine/machine_memory.h"
#include "gan/data/dataset.h"
#include "gan/data/openers.h"

namespace ganymede::data {
namespace {

enum class Argument { none, optional, required };

struct Opener {
  const char* kind;
  Argument argument;
  const char* help;  // the form, then what it is
  std::unique_ptr<Dataset> (*open)(const std::string& argument, const Options& options);
};

constexpr Opener kOpeners[] = {
    {"fashion-mnist", Argument::none,
     "fashion-mnist: 28x28 garments in 10 classes, from /usr/share/datasets/fashion-mnist (Debian package "
     "dataset-fashion-mnist) or the folder in GANYMEDE_FASHION_MNIST",
     open_fashion_mnist},
    {"mnist", Argument::required, "mnist:DIR: IDX files of pictures and labels, gzipped or not", open_mnist},
    {"cifar10", Argument::required, "cifar10:DIR: the binary version, data_batch_*.bin and test_batch.bin",
     open_cifar10},
    {"folder", Argument::required, "folder:DIR: PNG, JPEG and BMP pictures; sub-folders are classes",
     open_folder},
    {"pairs", Argument::required,
     "pairs:DIR: pictures A|B side by side, or folders A and B with equal names; in train and test or val if "
     "there",
     open_pairs},
    {"labels", Argument::required,
     "labels:DIR: pairs whose side A are label maps, pictures of numbers or of colours; classes.txt in DIR may name them, a line NUMBER "
     "NAME or RED GREEN BLUE NAME each",
     open_labels},
    {"make-pairs", Argument::required,
     "make-pairs:DIR,TASK: pairs made from plain pictures; TASK is colourise, inpaint, edges, gradients, blur "
     "or rain",
     open_made_pairs},
    {"unpaired", Argument::required, "unpaired:DIR: folders trainA, trainB, testA and testB (or A and B)",
     open_unpaired},
    {"products", Argument::required,
     "products:DIR: associated pairs, several sources of each product: pictures B/NAME.png, and folders A/NAME of sources; in train and "
     "test or val if there",
     open_products},
    {"halves", Argument::required,
     "halves:DATA,TASK: two domains from one set of pictures, a from every second one, b made of others; TASK is "
     "outlines, negative or same",
     open_halves},
    {"holes", Argument::required,
     "holes:KIND,DATA: pictures of a set and holes drawn anew each time; KIND is free (strokes of a brush), box or both", open_holes},
    {"sides", Argument::required,
     "sides:ATTRIBUTE,DATA: two sides without pairs of one set of pictures, a with the attribute and b without it", open_sides},
    {"normal", Argument::required,
     "normal:CLASS+CLASS,DATA: the pictures of these classes, without labels; as test data the others too, as what is anomalous", open_normal},
    {"sr", Argument::required,
     "sr:DIR,SCALE[,DEGRADATION]: parts of high-resolution pictures, reduced by bicubic (the default), area, "
     "gaussian, or real (blurs, noise and JPEG as photographs have them, drawn anew each time)",
     open_super_resolution},
    {"sr-pairs", Argument::required, "sr-pairs:DIR,SCALE: folders high and low with equal names",
     open_super_resolution_pairs},
    {"sr-unpaired", Argument::required, "sr-unpaired:DIR,SCALE: folders high and low of different pictures",
     open_super_resolution_unpaired},
    {"clips", Argument::required, "clips:DIR[,frames=8]: a sub-folder of frames for each clip", open_clips},
    {"celeba", Argument::required,
     "celeba:DIR: img_align_celeba, list_attr_celeba.txt and, for the splits, list_eval_partition.txt",
     open_celeba},
    {"cub", Argument::required,
     "cub:DIR[,crop=box|whole]: CUB-200-2011 with classes, boxes, parts and, where there is a folder text, "
     "captions",
     open_cub},
    {"image", Argument::required,
     "image:FILE: one picture in its own proportions; the size is its longer side", open_image},
    {"mixture", Argument::required,
     "mixture:NAME[,count=N][,deviation=D]: points of gaussian, two, five (1-D), ring8, grid25, spiral, moons, ring5 or arc10 (2-D); "
     "mixture:unpaired[,a=ring5][,b=arc10][,count=N]: points of two of them, without pairs",
     open_mixture},
    {"shapes", Argument::optional,
     "shapes[:TASK][,NAME=VALUE...]: drawn scenes of shapes, 16 to 256 px; TASK is scene (the default), "
     "single, "
     "attributes (correlation=0.8, without=hat+frame), faces (discs, half of them in hats), pairs (from=edges; also labels, normals and what make-pairs makes), unpaired (a=red,b=blue,truth=1,labels=1; also outlined, filled, hollow, textured, chalk, edges), products (count=500,sources=5,spread=1,tilt=1: one shape upright on white, and on patterns about and turned, by spread=0 in the middle, by tilt=0 upright), clips (frames=8), "
     "sr (scale=4,degradation=bicubic); every task takes count=N, plain=1 and, where it leaves them open, objects=N, kinds=NAME+NAME, colours=any|class|two|mostly, label=shape|colour|both, central=1, large=SHARE (of plain=1), "
     "with=PART+PART",
     open_shapes},
    {"solids", Argument::optional,
     "solids[:count=N][,objects=N]: drawn rooms with up to N spheres and boxes, 16 to 256 px; a holds the normals of what a pixel shows (right, down, towards the viewer), b the picture",
     open_solids},
    {"landscapes", Argument::optional,
     "landscapes[:count=N][,light=any]: label maps and drawn landscapes, 16 to 512 px: sky, clouds, mountains, forest, grass, sand and water, by noon, sunset, night or under "
     "clouds; light=noon: always noon in summer",
     open_landscapes},
};

// Takes "load=N+" and "mirror+" from the front of a specification into the options of the training split; the rest of it.
std::string without_augmentation(const std::string& specification, Options& options) {
  const std::string load = "load=", mirror = "mirror+";
  const bool train = options.split == Split::train;
  std::string rest = specification;
  for (;;) {
    if (rest.starts_with(mirror)) {
      rest.erase(0, mirror.size());
      options.flip |= train;
    } else if (rest.starts_with(load)) {
      const size_t plus = rest.find('+');
      const std::string number = rest.substr(load.size(), plus == std::string::npos ? plus : plus - load.size());
      if (plus == std::string::npos || number.empty() || number.size() > 5 || number.find_first_not_of("0123456789") != std::string::npos) {
        throw UsageError("data '" + specification + "': load=" + number + " must be a number of pixels, then +DATA, as in load=286+pairs:DIR");
      }
      rest.erase(0, plus + 1);
      if (train) options.load_size = std::stoll(number);
    } else {
      return rest;
    }
  }
}

}  // namespace

const std::vector<std::string>& specification_help() {
  static const std::vector<std::string> help = [] {
    std::vector<std::string> lines;
    for (const Opener& opener : kOpeners) lines.push_back(opener.help);
    lines.push_back("load=N+DATA, mirror+DATA, load=N+mirror+DATA: any of these, in training scaled to N px before a part of the size is cut "
                    "out at random, and mirrored at random; pairs alike");
    return lines;
  }();
  return help;
}

std::unique_ptr<Dataset> open_dataset(const std::string& given, const Options& wanted) {
  Options options = wanted;
  options.cache_bytes = std::min(options.cache_bytes, free_memory().bytes / 4);
  const std::string specification = without_augmentation(given, options);
  if (options.size < 0 || options.size > 4096) {
    throw UsageError("size is " + std::to_string(options.size) +
                     " px; it must be 1 to 4096, or 0 for the data's own");
  }
  if (options.channels != 0 && options.channels != 1 && options.channels != 3) {
    throw UsageError("channels is " + std::to_string(options.channels) +
                     "; it must be 1, 3, or 0 for the data's own");
  }
  if (options.load_size != 0 && (options.load_size < options.size || options.size == 0)) {
    throw UsageError("load size is " + std::to_string(options.load_size) +
                     " px; it must be at least the size (" + std::to_string(options.size) +
                     "), from which it is cut");
  }
  const size_t colon = specification.find(':');
  const std::string kind = specification.substr(0, colon);
  const std::string argument = colon == std::string::npos ? "" : specification.substr(colon + 1);
  std::string kinds;
  for (const Opener& opener : kOpeners) {
    kinds += (kinds.empty() ? "" : ", ") + std::string(opener.kind);
    if (kind != opener.kind) continue;
    if (opener.argument == Argument::required && argument.empty()) {
      throw UsageError("data '" + specification + "': something is missing after '" + kind + ":'; " +
                       opener.help);
    }
    if (opener.argument == Argument::none && colon != std::string::npos) {
      throw UsageError("data '" + specification + "': nothing may follow '" + kind + "'; " + opener.help);
    }
    return opener.open(argument, options);
  }
  throw UsageError("data '" + specification + "': unknown kind '" + kind + "'; known are " + kinds);
}

}  // namespace ganymede::data
