#pragma once
// What the fused passes of inference share: the shape of the network as they walk it, and memory that threads
// keep.
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <cstdint>
#include <cstring>

#include "kernels/sample_cnn/sample_cnn.h"

namespace clmr {

constexpr int64_t kPooledLayers = 9;
constexpr int64_t kFirstSteps = kClipLength / 3;  // of the first convolution
constexpr int64_t kMergedFrom =
    5;  // from this pooled layer on (81 steps and less) the clips of a group go together

// 64-byte aligned; kept by each thread from call to call, as part of a thread_local workspace.
template <class T>
class Scratch {
 public:
  T* Get(int64_t values) {
    const int64_t floats = (values * static_cast<int64_t>(sizeof(T)) + 3) / 4;
    if (!tensor_.defined() || tensor_.numel() < floats) tensor_ = at::empty({floats}, at::kFloat);
    return static_cast<T*>(tensor_.mutable_data_ptr());
  }

 private:
  at::Tensor tensor_;
};

// clip [steps + 2, channels]: the rows before and after are zeros
template <class T>
void ClearBorders(T* clip, int64_t steps, int64_t channels) {
  std::memset(clip, 0, channels * sizeof(T));
  std::memset(clip + (steps + 1) * channels, 0, channels * sizeof(T));
}

}  // namespace clmr
