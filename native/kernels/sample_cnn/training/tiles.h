#pragma once
// How the tiles of a training pass are cut into chunks that stay in the caches.
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "kernels/sample_cnn/training/loops.h"

namespace clmr::kernels::training_tiles {

constexpr int64_t kForwardRows = 72, kMostRows = 120;  // tiles of a chunk
template <class Factor>
constexpr int64_t kBackwardRows = 240 / sizeof(Factor);
// Tiles of a chunk whose factors are float32; there is room for twice as many of bfloat16.
constexpr int64_t kMostFactors = 72;
constexpr int64_t kFewestParts = 4, kMostParts = 8;  // of a layer
constexpr int64_t kMostChannels = 512;
// The output of a layer that is larger than this has left the caches before it is read again.
constexpr size_t kStreamBytes = size_t{64} << 20;
// Keeps the planes from falling onto the same cache sets: five lines, in values.
template <class T>
constexpr int64_t kSkew = 320 / sizeof(T);

// What activations are kept as, what products are formed of, and the loops for it.
struct Float32 {
  using Stored = float;
  using Factor = float;
  static const auto& Loops(Isa isa) { return kTrainingFloat32[isa]; }
};
struct KeptAsBfloat16 {
  using Stored = Bfloat16;
  using Factor = float;
  static const auto& Loops(Isa isa) { return kTrainingKeptAsBfloat16[isa]; }
};
struct AllBfloat16 {
  using Stored = Bfloat16;
  using Factor = Bfloat16;
  static const TrainingInBfloat16& Loops(Isa) {
#if CLMR_BFLOAT16_PRODUCTS
    return avx512::kTrainingInBfloat16;
#else
    std::abort();  // HasBfloat16Products() said so
#endif
  }
};

inline int64_t TilesOf(int64_t steps) { return (steps + kSixOutputs - 1) / kSixOutputs; }

// Chunks of one size, at most `most`: a multiple of the 6 rows that a GEMM holds
// in registers where it can be.
inline int64_t RowsOfChunks(int64_t tiles, int64_t most) {
  const int64_t chunks = (tiles + most - 1) / most;
  return std::min(most, ((tiles + chunks - 1) / chunks + 5) / 6 * 6);
}

// f(one of these)
template <class F>
void WithTypes(at::ScalarType kept, at::ScalarType factors, F f) {
  if (kept == at::kFloat)
    f(Float32{});
  else if (factors == at::kFloat)
    f(KeptAsBfloat16{});
  else
    f(AllBfloat16{});
}

// The values of a tensor of float32 or bfloat16, or its memory as such.
template <class T>
T* Values(const at::Tensor& kept) {
  return static_cast<T*>(kept.data_ptr());
}

// f(clip, tiles of it, row in the chunk) for the `rows` tiles from `begin` on, in the list
// of the tiles of all clips.
template <class F>
void EachClip(int64_t begin, int64_t rows, int64_t steps, F f) {
  const int64_t tiles = TilesOf(steps);
  for (int64_t t = begin; t < begin + rows;) {
    const int64_t within = t % tiles, count = std::min(begin + rows - t, tiles - within);
    f(t / tiles, TileRange{within, count, steps}, t - begin);
    t += count;
  }
}

}  // namespace clmr::kernels::training_tiles
