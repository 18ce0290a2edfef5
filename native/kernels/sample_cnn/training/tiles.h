#pragma once
// How the tiles of a training pass are cut into chunks that stay in the caches.
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>

#include "kernels/sample_cnn/training/loops.h"

namespace clmr::training_tiles {

constexpr int64_t kBlock = kernels::kGemmColumns;
constexpr int64_t kForwardRows = 72, kMostRows = 120;  // tiles of a chunk
template <class Factor>
constexpr int64_t kBackwardRows = 240 / sizeof(Factor);
constexpr int64_t kMostFactors =
    72;  // tiles of a chunk whose factors are float32; of bfloat16 twice as many find room
constexpr int64_t kFewestParts = 4, kMostParts = 8;  // of a layer
constexpr int64_t kMostChannels = 512;
constexpr size_t kStreamBytes = size_t{64}
                                << 20;  // a layer of more than this is not found in the caches again
// Keeps the planes from falling onto the same cache sets: five lines, in values.
template <class T>
constexpr int64_t kSkew = 320 / sizeof(T);

// What activations are kept as, and what products are formed of.
template <class Stored_, class Factor_>
struct Precision {
  using Stored = Stored_;
  using Factor = Factor_;
};
using Float32 = Precision<float, float>;
using KeptAsBfloat16 = Precision<kernels::Bfloat16, float>;
using AllBfloat16 = Precision<kernels::Bfloat16, kernels::Bfloat16>;

inline int64_t TilesOf(int64_t steps) { return (steps + kernels::kTileOutputs - 1) / kernels::kTileOutputs; }

// Chunks of one size, at most `most`: a multiple of the 6 rows that a GEMM holds in registers where it can
// be.
inline int64_t RowsOfChunks(int64_t tiles, int64_t most) {
  const int64_t chunks = (tiles + most - 1) / most;
  return std::min(most, ((tiles + chunks - 1) / chunks + 5) / 6 * 6);
}

// f(one of these)
template <class F>
void WithPrecision(at::ScalarType kept, at::ScalarType factors, F f) {
  if (kept == at::kFloat)
    f(Float32{});
  else if (factors == at::kFloat)
    f(KeptAsBfloat16{});
  else
    f(AllBfloat16{});
}

template <class P>
const auto& KernelsFor() {
  return kernels::ChooseWinogradTraining<typename P::Stored, typename P::Factor>();
}

// The values of a tensor of float32 or bfloat16, or its memory as such.
template <class T>
T* Values(const at::Tensor& kept) {
  return static_cast<T*>(kept.data_ptr());
}

// f(clip, tiles of it, row in the chunk) for the `rows` tiles from `begin` on, in the list of the tiles of
// all clips.
template <class F>
void EachClip(int64_t begin, int64_t rows, int64_t steps, F f) {
  const int64_t tiles = TilesOf(steps);
  for (int64_t t = begin; t < begin + rows;) {
    const int64_t within = t % tiles, count = std::min(begin + rows - t, tiles - within);
    f(t / tiles, kernels::TileRange{within, count, steps}, t - begin);
    t += count;
  }
}

}  // namespace clmr::training_tiles
