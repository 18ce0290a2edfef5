// That the emulation finds what it is to find: kernels with a fault on purpose, and one without.
#include "emulation.h"
#include "kernels/cuda/launch.cuh"

#include <ATen/ATen.h>

#include "../cases.h"

namespace clmr::test {
namespace {

using kernels::cuda::Launch;
using kernels::cuda::Watched;

constexpr int kThreads = 96;

// Each thread takes what its neighbour wrote.
__global__ void Rotate(float* out, bool barrier) {
  CLMR_SHARED(float, values, kThreads);
  values[threadIdx.x] = static_cast<float>(threadIdx.x);
  if (barrier) __syncthreads();
  out[threadIdx.x] = values[(threadIdx.x + 1) % kThreads];
}

__global__ void RotateInWarp(float* out, bool barrier) {
  CLMR_SHARED(float, values, kThreads);
  values[threadIdx.x] = static_cast<float>(threadIdx.x);
  if (barrier) __syncwarp();
  out[threadIdx.x] = values[threadIdx.x ^ 1];
}

// The next round overwrites what is still being read.
__global__ void SumRounds(float* out, bool second_barrier) {
  CLMR_SHARED(float, values, kThreads);
  float sum = 0;
  for (int round = 0; round < 3; ++round) {
    values[threadIdx.x] = static_cast<float>(threadIdx.x + round);
    __syncthreads();
    sum += values[kThreads - 1 - threadIdx.x];
    if (second_barrier) __syncthreads();
  }
  out[threadIdx.x] = sum;
}

__global__ void ReadUnwritten(float* out) {
  CLMR_SHARED(float, values, kThreads);
  out[threadIdx.x] = values[threadIdx.x];
}

__global__ void WriteOutside() {
  CLMR_SHARED(float, values, kThreads);
  values[threadIdx.x + 1] = 0;
}

__global__ void MissBarrier() {
  if (threadIdx.x != 5) __syncthreads();
}

__global__ void SumBlocks(Watched<float> out) { out[0] += 1; }

template <class... Arguments>
std::string FaultOf(void (*kernel)(Arguments...), unsigned blocks, Arguments... arguments) {
  Launch(kernel, blocks, kThreads, nullptr, arguments...);
  return cuda_emulation::TakeFault();
}

bool Found(const std::string& fault, const char* text) { return fault.find(text) != std::string::npos; }

void EmulationCases() {
  float out[kThreads] = {};
  Check("a kernel with its barriers has no fault", FaultOf(Rotate, 3, +out, true).empty());
  Check("it does what it says", out[0] == 1 && out[kThreads - 1] == 0);
  Check("a race between warps", Found(FaultOf(Rotate, 1, +out, false), "values"));
  Check("a warp's own barrier is enough inside of it", FaultOf(RotateInWarp, 1, +out, true).empty());
  Check("a race inside a warp", Found(FaultOf(RotateInWarp, 1, +out, false), "values"));
  Check("rounds with both barriers", FaultOf(SumRounds, 2, +out, true).empty());
  Check("a race with the next round", Found(FaultOf(SumRounds, 1, +out, false), "race for values"));
  Check("shared memory that nobody wrote", Found(FaultOf(ReadUnwritten, 1, +out), "before it was written"));
  Check("an index out of bounds", Found(FaultOf(WriteOutside, 1), "is outside"));
  Check("a barrier that one thread misses", Found(FaultOf(MissBarrier, 1), "not all threads"));
  Check("blocks that write the same place", Found(FaultOf(SumBlocks, 2, Watched<float>(out)), "race for"));
}

}  // namespace

const Part kPlacePart{"races and other faults, planted", EmulationCases};

}  // namespace clmr::test
