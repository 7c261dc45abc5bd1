#include "apps/kernel_list.h"

#include <iomanip>
#include <sstream>

#include "kernels/api/conv2d_rows.h"
#include "kernels/device/conv_plan.h"
#include "kernels/device/norm_plan.h"
#include "kernels/device/twin_multiply.h"

namespace ganymede::apps {
namespace {

using namespace kernels::sim;   // the choice of tiles is the same pure function on sim and cuda

struct Family {
  const char *name, *files, *what;
};

constexpr Family kFamilies[] = {
    {"conv2d", "conv2d.cu conv2d_forward.cu conv2d_data_gradient.cu conv2d_weight_gradient.cu and their _twin.cu, conv2d_weight_gradient_turned.cu; conv2d_few_to_wide.cu conv2d_wide_to_few.cu conv2d_few_weights.cu; conv2d_winograd.cu",
     "forward, data gradient (= transposed convolution, all phases in one launch), weight gradient; any stride, padding, dilation, groups; tiles below; each direction has a twin for sm_90a by wgmma and TMA"},
    {"gemm", "gemm.cu gemm_f32.cu gemm_tf32.cu gemm_bf16.cu", "batched products of plain and transposed matrices; tiles below"},
    {"attention", "attention.cu attention_output.cu attention_query_gradient.cu attention_key_gradient.cu attention_value_gradient.cu; attention_flash_*.cu",
     "softmax(q k^T) v and its gradients without a score matrix; blocks of 64 rows, by f32, tf32 or bf16 products; bf16 (tf32) of up to 128 (32) x 128: scores in registers, blocks of 64 or 128 rows; in bf16 each has a twin for sm_90a by wgmma and TMA"},
    {"norm", "norm.cu norm_apply.cu norm_gradient.cu norm_second.cu; norm_resident.cu norm_resident_gradient.cu norm_resident_second.cu",
     "batch, instance, layer, group and pixel norm; a warp or block a statistic where its elements are neighbours, else 128 bytes of channels a block; in one launch where a block, or a cluster of blocks, holds the rows of a few channels"},
    {"softmax", "softmax.cu", "rows up to 1024: a warp a row; longer ones: a block a row; also log-softmax, log-sum-exp, gradients"},
    {"reduce", "reduce.cu", "rows up to 16: a thread a row; longer: a warp or a block; columns: 32 packs a block; long sums of few results in parts"},
    {"resample", "resample.cu", "resizing, padding, average pooling and their adjoints; a thread a pack of channels of a pixel (packs of 16 bytes, or one element)"},
    {"max_pool", "pool.cu", "max pooling, its adjoint and the pick at its positions"},
    {"grid_sample", "grid_sample.cu", "sampling at places, gradients by picture and by grid"},
    {"elementwise", "elementwise.cu activation.cu copy.cu cast.cu", "binary and unary functions, sums, fills, casts, copies with strides; packs of 16 bytes where addresses allow"},
    {"gather", "gather.cu", "rows by index, the adjoint sum, one-hot rows"},
    {"random", "random.cu", "Philox 4x32-10: integers, uniforms, normals"},
    {"optimizer", "optimizer.cu", "SGD, RMSprop, Adam, Adamax with clipping and moving average in one launch; a block 4096 parameters of a segment"},
    {"spectral", "spectral.cu", "all the weights of a network divided by their largest singular values, and back, a cooperative launch each"},
};

const char* tile_name(TileName tile) {
  return kernels::sim::variants().tile_name(static_cast<int>(tile));
}

template <class Tile>
void tile_line(std::ostream& out, const char* number, TileName name, const char* serves) {
  out << "  " << std::left << std::setw(6) << number << std::setw(8) << tile_name(name) << std::right << std::setw(4) << Tile::kM << " x " << std::left << std::setw(5)
      << Tile::kN << "depth " << Tile::kK << ", " << Tile::kStages << " stages, " << Tile::kThreads << " threads, " << Tile::kBlocks << " blocks a multiprocessor; " << serves
      << "\n";
}

template <class Number>
void tile_lines(std::ostream& out, const char* number) {
  tile_line<typename Tiles<Number>::Large>(out, number, TileName::large, "many results");
  tile_line<typename Tiles<Number>::Tall>(out, number, TileName::tall, "up to 64 columns, or few tiles");
  tile_line<typename Tiles<Number>::Thin>(out, number, TileName::thin, "up to 32 output channels, last layers");
  tile_line<typename Tiles<Number>::Medium>(out, number, TileName::medium, "too few results to fill the machine otherwise");
  tile_line<typename Tiles<Number>::Small>(out, number, TileName::small, "tiny layers");
}

template <class Tile>
void twin_line(std::ostream& out, TileName name, const char* serves) {
  out << "  " << std::left << std::setw(13) << tile_name(name) << std::right << std::setw(4) << Tile::kM << " x " << std::left << std::setw(5) << Tile::kN << "depth 64 (bf16) or 32 (tf32), "
      << Tile::kStages << " stages, " << Tile::kThreads << " threads, 1 block a multiprocessor, " << sizeof(TwinShared<Tile>) << " bytes of shared memory; " << serves << "\n";
}

}  // namespace

std::string list_kernels() {
  std::ostringstream out;
  for (const Family& f : kFamilies) out << std::left << std::setw(13) << f.name << f.what << "\n" << std::setw(13) << "" << "kernels/src: " << f.files << "\n";
  out << "\ntiles of conv2d and gemm (kernels/device/tile_table.h): results of a block, terms of the sum at a time\n";
  tile_lines<SimtF32>(out, "f32");
  tile_lines<MmaTf32>(out, "tf32");
  tile_lines<MmaBf16>(out, "bf16");
  out << "twins for sm_90a (kernels/device/twin_multiply.h): conv2d in bf16 and tf32; one group, channels a multiple of 8, data gradient of strides 1 and 2;\n  in tf32 channels of the image that the sum reads (forward: x, data gradient: dy) a multiple of 4; the weight gradient turns both images round, for\n  strides up to 4 and " << (kMostTurnedBytes >> 20) << " MiB, whatever their channels\n";
  twin_line<TwinWide>(out, TileName::twin_wide, "many results, more than 128 columns");
  twin_line<TwinSquare>(out, TileName::twin_square, "many results");
  twin_line<TwinNarrow>(out, TileName::twin_narrow, "up to 64 columns, or few tiles");
  out << "twins of attention for sm_90a (kernels/device/flash_twin.h): bf16, D and E multiples of 8 up to 128 (gradient in keys and values: one of them up to 64),\n"
         "  forward with a scale of 0 or more; blocks of 128 rows, 1 a multiprocessor; taken where ganymede tune found them faster, never by the table alone\n";
  out << "norms in one launch (kernels/device/norm_plan.h): statistics that belong to channels; by one block a tile of 32 to 128 bytes of channels where its rows take\n  up to "
      << (kSureHeld >> 10) << " KB of tensors of up to " << (kSureTensor >> 20) << " MiB, by clusters of 2, 4 or 8 blocks on sm_90 where ganymede tune found them faster, never by the table alone\n";
  out << "few_channels (kernels/device/few_channels.h): conv2d in bf16 and tf32 with up to " << kFewChannels << " channels on one side and up to " << kFewWide
      << " on the other, one group, up to " << kFewTaps << " taps x few channels;\n  strides up to " << kFewStride << " where the inputs are few, of 1 where the outputs are\n";
  out << "winograd (kernels/device/winograd_plan.h): conv2d in strict f32, 3x3 of stride 1, one group, up to " << kMostWinogradChannels << " channels of both sides together: F(4x4, 3x3), a quarter of the products in slices of "
      << (kWinogradSliceBytes >> 20) << " MiB;\n  measured by ganymede tune where it is expected to be " << kWinogradGain << " times as fast, never taken by the table alone\n";
  out << "  A sum may be cut into up to " << kMostParts << " parts (weight gradient: 256) that blocks compute side by side, where there are fewer than " << kBusyBlocks
      << " tiles.\n\nThese are the kernels of cuda and sim; cpu has its own in kernels/cpu. kernels --rows: what serves the benchmark set; kernels run: runs one.\n";
  return out.str();
}

std::string list_rows(DType dtype, Math math, int capability) {
  using kernels::Conv2dRole;
  std::ostringstream out;
  const char* number = dtype == DType::bf16 ? "bf16" : math == Math::tf32 ? "tf32" : "f32";
  out << "tile x parts of the sum (tiles x parts) on " << (capability == 90 ? "sm_90, " : "sm_80 and sim, ") << number
      << "; but for twins and few_channels the choice does not depend on the number type, the tiles' inner sizes do\n"
      << "row  layer                                   forward               data gradient         weight gradient\n";
  for (const kernels::Conv2dRow& row : kernels::kConv2dRows) {
    std::ostringstream layer;
    layer << row.n << " x " << row.h << "x" << row.w << "x" << row.c << " -> " << row.k << ", " << row.kernel << "x" << row.kernel << "/" << row.stride << " pad " << row.pad
          << (row.transposed ? " T" : "");
    out << std::left << std::setw(5) << row.name << std::setw(40) << layer.str();
    for (const Conv2dRole direction : {Conv2dRole::forward, Conv2dRole::data_gradient, Conv2dRole::weight_gradient}) {
      const kernels::Conv2d p = problem_of(row, dtype, math);
      const Conv2dRole role = role_of(row, direction);
      const ProductShape s = product_of(role, p);
      const TilePlan plan = table_plan(role, p, capability);
      const TileName tile = plan.tile == TileName::large && dtype == DType::f32 && math == Math::f32 ? TileName::tall : plan.tile;   // the same in Tiles<SimtF32>
      const std::string text = role == Conv2dRole::data_gradient && data_gradient_is_product(p) ? "matrix product" : plan.tile == TileName::few_channels ? tile_name(plan.tile) :
                               std::string(tile_name(plan.tile)) + " x " + std::to_string(plan.parts) + " (" +
                               std::to_string(tile_count(tile, s.m, s.n) * s.units * plan.parts) + ")";
      out << std::setw(22) << text;
    }
    out << "\n";
  }
  out << "T: a transposed layer; its forward pass is the data gradient of the convolution that maps its output to its input.\n";
  return out.str();
}

}  // namespace ganymede::apps
