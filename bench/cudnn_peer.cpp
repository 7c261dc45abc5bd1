// cuDNN on our convolutions and batch norms: NHWC, the fastest of the algorithms that its own search finds.
#include <cudnn.h>

#include "bench/peers.h"

namespace ganymede::bench {
namespace {

using kernels::Conv2d;
using kernels::DType;

void check(cudnnStatus_t status, const char* what) {
  if (status != CUDNN_STATUS_SUCCESS) throw NotOffered(std::string("cuDNN: ") + what + ": " + cudnnGetErrorString(status));
}

cudnnHandle_t handle() {
  static const cudnnHandle_t made = [] {
    cudnnHandle_t h = nullptr;
    check(cudnnCreate(&h), "cudnnCreate");
    check(cudnnSetStream(h, static_cast<cudaStream_t>(stream())), "cudnnSetStream");
    return h;
  }();
  return made;
}

cudnnDataType_t type_of(DType t) { return t == DType::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT; }

struct Descriptors {
  cudnnTensorDescriptor_t x = nullptr, y = nullptr;
  cudnnFilterDescriptor_t w = nullptr;
  cudnnConvolutionDescriptor_t convolution = nullptr;

  explicit Descriptors(const Conv2d& p) {
    const cudnnDataType_t type = type_of(p.dtype);
    check(cudnnCreateTensorDescriptor(&x), "tensor");
    check(cudnnCreateTensorDescriptor(&y), "tensor");
    check(cudnnCreateFilterDescriptor(&w), "filter");
    check(cudnnCreateConvolutionDescriptor(&convolution), "convolution");
    check(cudnnSetTensor4dDescriptor(x, CUDNN_TENSOR_NHWC, type, p.n, p.c, p.h, p.w), "tensor");
    check(cudnnSetTensor4dDescriptor(y, CUDNN_TENSOR_NHWC, type, p.n, p.k, p.p, p.q), "tensor");
    check(cudnnSetFilter4dDescriptor(w, type, CUDNN_TENSOR_NHWC, p.k, p.c / p.groups, p.r, p.s), "filter");
    check(cudnnSetConvolution2dDescriptor(convolution, p.pad_h, p.pad_w, p.stride_h, p.stride_w, p.dilation_h, p.dilation_w, CUDNN_CROSS_CORRELATION,
                                          CUDNN_DATA_FLOAT), "convolution");
    check(cudnnSetConvolutionGroupCount(convolution, p.groups), "groups");
    const bool exact = p.dtype == DType::f32 && p.math == kernels::Math::f32;
    check(cudnnSetConvolutionMathType(convolution, exact ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH), "math");
  }
  ~Descriptors() {
    cudnnDestroyTensorDescriptor(x);
    cudnnDestroyTensorDescriptor(y);
    cudnnDestroyFilterDescriptor(w);
    cudnnDestroyConvolutionDescriptor(convolution);
  }
  Descriptors(const Descriptors&) = delete;
};

// What an algorithm may use beside its operands; one for all cases, kept to the end.
constexpr int64_t kWorkspace = int64_t{256} << 20;
void* workspace() {
  static const Operand& made = *new Operand(kWorkspace, DType::u8, 1);
  return made[0];
}

// The first of the search's results that ran and computes as asked: it lists the fastest first.
template <class Performance>
const Performance& fastest(const std::vector<Performance>& found, int count, const Conv2d& p) {
  const bool exact = p.dtype == DType::f32 && p.math == kernels::Math::f32;
  for (int i = 0; i < count; ++i) {
    if (found[size_t(i)].status != CUDNN_STATUS_SUCCESS) continue;
    if (exact && found[size_t(i)].mathType != CUDNN_FMA_MATH && found[size_t(i)].mathType != CUDNN_DEFAULT_MATH) continue;
    return found[size_t(i)];
  }
  throw NotOffered("cuDNN has no algorithm for this convolution");
}

}  // namespace

Prepared cudnn_convolution(const Conv2d& p, Role role) {
  struct State {
    Descriptors d;
    Operand x, w, y;
  };
  const int64_t x = int64_t{p.n} * p.h * p.w * p.c, w = int64_t{p.k} * p.r * p.s * (p.c / p.groups), y = int64_t{p.n} * p.p * p.q * p.k;
  const int sets = sets_for(double(x + w + y) * double(dtype_bytes(p.dtype)));
  const std::shared_ptr<State> s(new State{Descriptors(p), {x, p.dtype, sets}, {w, p.dtype, sets}, {y, p.dtype, sets}});
  const cudnnHandle_t h = handle();
  void* const room = workspace();
  constexpr int kMost = 16;
  int count = 0;
  std::function<cudnnStatus_t(int)> call;
  std::string label;
  const auto adopt = [&](const auto& performance) {
    check(cudnnSetConvolutionMathType(s->d.convolution, performance.mathType), "math");
    label = "algorithm " + std::to_string(int(performance.algo));
  };
  static const float one = 1, zero = 0;
  if (role == Role::forward) {
    std::vector<cudnnConvolutionFwdAlgoPerf_t> found(kMost);
    check(cudnnFindConvolutionForwardAlgorithmEx(h, s->d.x, s->x[0], s->d.w, s->w[0], s->d.convolution, s->d.y, s->y[0], kMost, &count, found.data(),
                                                 room, size_t(kWorkspace)), "search");
    const auto best = fastest(found, count, p);
    adopt(best);
    call = [=](int i) {
      return cudnnConvolutionForward(h, &one, s->d.x, s->x[i], s->d.w, s->w[i], s->d.convolution, best.algo, room, best.memory, &zero, s->d.y, s->y[i]);
    };
  } else if (role == Role::data_gradient) {
    std::vector<cudnnConvolutionBwdDataAlgoPerf_t> found(kMost);
    check(cudnnFindConvolutionBackwardDataAlgorithmEx(h, s->d.w, s->w[0], s->d.y, s->y[0], s->d.convolution, s->d.x, s->x[0], kMost, &count, found.data(),
                                                      room, size_t(kWorkspace)), "search");
    const auto best = fastest(found, count, p);
    adopt(best);
    call = [=](int i) {
      return cudnnConvolutionBackwardData(h, &one, s->d.w, s->w[i], s->d.y, s->y[i], s->d.convolution, best.algo, room, best.memory, &zero, s->d.x, s->x[i]);
    };
  } else {
    std::vector<cudnnConvolutionBwdFilterAlgoPerf_t> found(kMost);
    check(cudnnFindConvolutionBackwardFilterAlgorithmEx(h, s->d.x, s->x[0], s->d.y, s->y[0], s->d.convolution, s->d.w, s->w[0], kMost, &count, found.data(),
                                                        room, size_t(kWorkspace)), "search");
    const auto best = fastest(found, count, p);
    adopt(best);
    call = [=](int i) {
      return cudnnConvolutionBackwardFilter(h, &one, s->d.x, s->x[i], s->d.y, s->y[i], s->d.convolution, best.algo, room, best.memory, &zero, s->d.w, s->w[i]);
    };
  }
  return {[=](int i) { check(call(i), "convolution"); }, sets, label};
}

Prepared cudnn_batch_norm(const kernels::Norm& norm, bool gradient) {
  struct State {
    cudnnTensorDescriptor_t x = nullptr, parameters = nullptr;
    Operand in, out, dx, scale, bias, mean, variance, dscale, dbias;
    ~State() {
      cudnnDestroyTensorDescriptor(x);
      cudnnDestroyTensorDescriptor(parameters);
    }
  };
  const int64_t count = norm.rows * norm.groups, c = norm.groups;
  const int sets = sets_for(double(count) * (gradient ? 3 : 2) * double(dtype_bytes(norm.dtype)));
  const DType t = norm.dtype;
  const std::shared_ptr<State> s(new State{nullptr, nullptr, {count, t, sets}, {count, t, sets}, {gradient ? count : 0, t, sets}, {c, DType::f32, 1},
                                           {c, DType::f32, 1}, {c, DType::f32, 1}, {c, DType::f32, 1}, {c, DType::f32, 1}, {c, DType::f32, 1}});
  check(cudnnCreateTensorDescriptor(&s->x), "tensor");
  check(cudnnCreateTensorDescriptor(&s->parameters), "tensor");
  check(cudnnSetTensor4dDescriptor(s->x, CUDNN_TENSOR_NHWC, type_of(t), 1, int(c), int(norm.rows), 1), "tensor");
  check(cudnnDeriveBNTensorDescriptor(s->parameters, s->x, CUDNN_BATCHNORM_SPATIAL_PERSISTENT), "parameters");
  const cudnnHandle_t h = handle();
  static const float one = 1, zero = 0;
  const auto forward = [=](int i) {
    check(cudnnBatchNormalizationForwardTraining(h, CUDNN_BATCHNORM_SPATIAL_PERSISTENT, &one, &zero, s->x, s->in[i], s->x, s->out[i], s->parameters, s->scale[0],
                                                 s->bias[0], 0.1, nullptr, nullptr, norm.eps, s->mean[0], s->variance[0]), "batch norm");
  };
  if (!gradient) return {forward, sets};
  forward(0);
  return {[=](int i) {
    check(cudnnBatchNormalizationBackward(h, CUDNN_BATCHNORM_SPATIAL_PERSISTENT, &one, &zero, &one, &zero, s->x, s->in[i], s->x, s->out[i], s->x, s->dx[i],
                                          s->parameters, s->scale[0], s->dscale[0], s->dbias[0], norm.eps, s->mean[0], s->variance[0]), "batch norm gradient");
  }, sets};
}

}  // namespace ganymede::bench
