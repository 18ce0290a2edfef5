#pragma once
// Tensors [N, C, T] as they lie in memory, for the kernels for CUDA.
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include "kernels/sample_cnn/cuda/pool_shape.h"
#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr::kernels::cuda {

// Whether the channels lie next to each other: then [N, T, C] is contiguous.
inline bool HasChannelsLast(const at::Tensor& x) {
  return !x.is_contiguous() && x.transpose(1, 2).is_contiguous();
}

inline PoolShape ShapeOf(const at::Tensor& x, bool pooled) {
  return {x.size(0), x.size(1), x.size(2), pooled ? kPool : 1, HasChannelsLast(x)};
}

// As `x`, in one of the two layouts
inline at::Tensor Compact(const at::Tensor& x, bool channels_last) {
  return channels_last ? x.transpose(1, 2).contiguous().transpose(1, 2) : x.contiguous();
}

// [N, C, samples], as the shape lies
inline at::Tensor EmptyLike(const PoolShape& shape, int64_t samples, const at::TensorOptions& options) {
  if (shape.channels_last)
    return at::empty({shape.examples, samples, shape.channels}, options).transpose(1, 2);
  return at::empty({shape.examples, shape.channels, samples}, options);
}

}  // namespace clmr::kernels::cuda
