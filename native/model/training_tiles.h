#pragma once
// How the tiles of a training pass are cut into chunks that stay in the caches.
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <type_traits>

#include "kernels/winograd_training.h"

namespace clmr::training_tiles {

constexpr int64_t kBlock = kernels::kGemmColumns;
constexpr int64_t kForwardRows = 72, kBackwardRows = 60, kMostRows = 72;  // tiles of a chunk
constexpr int64_t kFewestParts = 4, kMostParts = 8;  // of a layer
constexpr int64_t kMostChannels = 512;
constexpr size_t kStreamBytes = size_t{64} << 20;  // a layer of more than this is not found in the caches again
constexpr int64_t kSkew = 80;  // keeps the planes from falling onto the same cache sets

inline int64_t TilesOf(int64_t steps) { return (steps + kernels::kTileOutputs - 1) / kernels::kTileOutputs; }

// Chunks of one size, at most `most`: a multiple of the 6 rows that a GEMM holds in registers where it can be.
inline int64_t RowsOfChunks(int64_t tiles, int64_t most) {
  const int64_t chunks = (tiles + most - 1) / most;
  return std::min(most, ((tiles + chunks - 1) / chunks + 5) / 6 * 6);
}

template <class Stored>
const kernels::ActivationKernels<Stored>& KernelsFor() {
  if constexpr (std::is_same_v<Stored, float>)
    return kernels::ChooseWinogradTraining().float32;
  else
    return kernels::ChooseWinogradTraining().bfloat16;
}

// The values of an activation, float32 or bfloat16.
template <class Stored>
Stored* Values(const at::Tensor& kept) {
  return static_cast<Stored*>(kept.data_ptr());
}

// f(clip, tiles of it, row in the chunk) for the `rows` tiles from `begin` on, in the list of the tiles of all clips.
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
