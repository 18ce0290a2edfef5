#pragma once
// How the fused passes of inference walk through the network, and the memory that their threads keep.
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "kernels/one_thread_each.h"
#include "kernels/sample_cnn/inference/inference.h"

namespace clmr::kernels {

constexpr int64_t kPooledLayers = 9;
constexpr int64_t kFirstSteps = kClipLength / 3;  // of the first convolution
// From this pooled layer on, of 81 steps, the clips of a group go together:
// one clip alone would not fill a GEMM.
constexpr int64_t kMergedFrom = 5;

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

// Calls f(first, last) for `parts` shares of 0 … all, each on a thread; one share runs on the calling thread.
inline void InRanges(int64_t all, int64_t parts, const std::function<void(int64_t, int64_t)>& f) {
  if (parts == 1) return f(0, all);
  OneThreadEach(parts, parts, [&](int64_t i) {
    const int64_t first = all * i / parts, last = all * (i + 1) / parts;
    if (first < last) f(first, last);
  });
}

// T: what pooled values are kept as between the layers.
template <class T>
class FusedInference : public Inference {
 public:
  // Whole clips on each thread, and for what is left over, a clip on all of them.
  void Run(const float* const* clips, int64_t n, float* out, int64_t threads,
           const AbortFlag& abort) const final {
    threads = std::max<int64_t>(threads, 1);
    const int64_t whole = threads == 1 ? n : n / threads * threads;
    const int64_t groups = std::max<int64_t>((whole + kGroup - 1) / kGroup, std::min(threads, whole));
    if (whole > 0)
      OneThreadEach(groups, threads, [&](int64_t g) {
        const int64_t begin = whole * g / groups, end = whole * (g + 1) / groups;
        RunGroup(clips + begin, end - begin, out + begin * kEmbeddingSize, 1, abort);
      });
    for (int64_t i = whole; i < n; ++i) RunGroup(clips + i, 1, out + i * kEmbeddingSize, threads, abort);
  }

 protected:
  // One pooled layer over some clips, whose rows lie one clip behind the other: a row of zeros, the steps, a
  // row of zeros. Layer 0 computes its rows from the waveform of a single clip.
  struct Work {
    int64_t layer, clips, steps;
    const float* waveform;
    const T* in;  // [clips, steps + 2, channels]
    T* pooled;    // [clips, steps / 3 + 2, channels of the next layer], its rows of zeros are there
  };
  virtual int64_t OutChannels(int64_t layer) const = 0;
  virtual void RunLayer(const Work& work, int64_t threads) const = 0;
  // The last convolution, which sees one step: rows [n, 512], `stride` apart → out [n, 512]
  virtual void RunLast(const T* rows, int64_t stride, int64_t n, float* out) const = 0;

 private:
  static constexpr int64_t kGroup = 8;  // clips that a thread takes through the late layers together

  struct Workspace {
    Scratch<T> even, odd, group_even, group_odd;
  };

  // Up to kGroup clips from end to end: on the calling thread, or one clip on several.
  void RunGroup(const float* const* clips, int64_t n, float* out, int64_t threads,
                const AbortFlag& abort) const {
    thread_local Workspace workspace;
    T* merged = nullptr;
    for (int64_t i = 0; i < n; ++i) {
      Work work{0, 1, kFirstSteps, clips[i], nullptr, nullptr};
      while (work.layer < kMergedFrom) {
        const int64_t size = (work.steps / 3 + 2) * OutChannels(work.layer);
        if (work.layer + 1 == kMergedFrom) {
          merged = workspace.group_even.Get(kGroup * size);
          work.pooled = merged + i * size;
        } else {
          work.pooled = (work.layer % 2 == 0 ? workspace.even : workspace.odd).Get(size);
        }
        Advance(work, threads, abort);
      }
    }
    Work work{kMergedFrom, n, kFirstSteps / 243, nullptr, merged, nullptr};  // 3^kMergedFrom
    while (work.layer < kPooledLayers) {
      const int64_t size = (work.steps / 3 + 2) * OutChannels(work.layer);
      Scratch<T>& scratch = (work.layer - kMergedFrom) % 2 == 0 ? workspace.group_odd : workspace.group_even;
      work.pooled = scratch.Get(kGroup * size);
      Advance(work, threads, abort);
    }
    constexpr int64_t kRow = kEmbeddingSize;
    RunLast(work.in + kRow, 3 * kRow, n, out);
  }

  // Runs the layer and makes its output the input of the next one.
  void Advance(Work& work, int64_t threads, const AbortFlag& abort) const {
    throw_if_aborted(abort);
    const int64_t steps = work.steps / 3, channels = OutChannels(work.layer);
    for (int64_t i = 0; i < work.clips; ++i) {
      T* rows = work.pooled + i * (steps + 2) * channels;
      std::memset(rows, 0, channels * sizeof(T));
      std::memset(rows + (steps + 1) * channels, 0, channels * sizeof(T));
    }
    RunLayer(work, threads);
    work.in = work.pooled;
    work.steps = steps;
    ++work.layer;
  }
};

}  // namespace clmr::kernels
