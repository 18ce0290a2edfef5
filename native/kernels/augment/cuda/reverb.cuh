#pragma once
// Freeverb, one block a row: 16 warps for the 8 combs of two channels. Samples up to the shortest delay apart
// do not depend on each other, so a chunk of that length goes at once; the low-pass in a comb's feedback is a
// scan over the lanes.
#include "kernels/augment/cuda/launch.h"
#include "kernels/cuda/launch.cuh"

namespace clmr::kernels::cuda {

inline constexpr int kReverbCombs = 8, kReverbAllPasses = 4, kReverbThreads = 512, kReverbChunk = 256;
inline constexpr int kReverbEach = kReverbChunk / kWarpSize;  // samples of a lane, at most

__device__ inline float FullScale(float x) { return x > 1.0f ? 1.0f : x < -1.0f ? -1.0f : x; }

// numbers [26, rows]: feedback, damping, combs [2, 8], all-passes [2, 4]
struct ReverbNumbers {
  const double* numbers;
  int64_t rows, row;
  __device__ float Feedback() const { return static_cast<float>(numbers[row]); }
  __device__ float Damping() const { return static_cast<float>(numbers[rows + row]); }
  // lines 0 … 15: the combs; 16 … 23: the all-passes
  __device__ int Delay(int line) const { return static_cast<int>(numbers[(2 + line) * rows + row]); }
  // where a line begins in the memory of its row
  __device__ int Begin(int line) const {
    int begin = 0;
    for (int i = 0; i < line; ++i) begin += Delay(i);
    return begin;
  }
  __device__ int Chunk() const {
    int chunk = kReverbChunk;
    for (int i = 0; i < 2 * (kReverbCombs + kReverbAllPasses); ++i)
      if (Delay(i) < chunk) chunk = Delay(i);
    return chunk;
  }
};

// y = value + factor · (what was before)
struct LinearStep {
  float factor, value;
};

// Of this lane and all before it
__device__ inline LinearStep ScanOverLanes(LinearStep step, int lane) {
  for (int distance = 1; distance < kWarpSize; distance *= 2) {
    const float factor = __shfl_up_sync(kAllLanes, step.factor, distance);
    const float value = __shfl_up_sync(kAllLanes, step.value, distance);
    if (lane < distance) continue;
    step.value += step.factor * value;
    step.factor *= factor;
  }
  return step;
}

// The samples [0, count) of a lane in a chunk of a comb, `out` what the line puts out. kept: the state of the
// low-pass before the chunk, the same in each lane; returns it after the chunk.
__device__ inline float RunComb(Watched<float> line, int delay, int place, int count, const float* dry,
                                float feedback, float damping, float kept, float out[kReverbEach]) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpSize;
  LinearStep own{1, 0};
  for (int j = 0, at = place; j < kReverbEach; ++j, at = at + 1 < delay ? at + 1 : 0) {
    if (j >= count) continue;  // a fixed number of turns keeps `out` and `dry` in registers
    out[j] = line[at];
    own.value = out[j] + (own.value - out[j]) * damping;
    own.factor *= damping;
  }
  const LinearStep up_to = ScanOverLanes(own, lane);
  const float after = up_to.value + up_to.factor * kept;
  float state = __shfl_up_sync(kAllLanes, after, 1);
  if (lane == 0) state = kept;
  for (int j = 0, at = place; j < kReverbEach; ++j, at = at + 1 < delay ? at + 1 : 0) {
    if (j >= count) continue;
    state = out[j] + (state - out[j]) * damping;
    line[at] = dry[j] + state * feedback;
  }
  return __shfl_sync(kAllLanes, after, kWarpSize - 1);
}

// `steps` further in a line that is longer
__device__ inline int Onward(int place, int steps, int delay) {
  return place + steps < delay ? place + steps : place + steps - delay;
}

__device__ inline float DrySample(const float* x, int64_t at, int64_t n) {
  return at < n && x[at] == x[at] ? FullScale(x[at]) : 0.0f;
}

// memory [rows, room]: the lines, zeros at first
__global__ void __launch_bounds__(kReverbThreads)
    Reverb(AugmentRows rows, const float* source, const double* numbers, float* memory, int64_t room,
           float gain) {
  CLMR_SHARED(float, combs, 2 * kReverbCombs * kReverbChunk);
  CLMR_SHARED(float, right, kReverbChunk);
  const ReverbNumbers of{numbers, rows.rows, static_cast<int64_t>(blockIdx.x)};
  const int64_t n = rows.samples;
  const float* x = source + blockIdx.x * n;
  const Watched<float> lines(memory + blockIdx.x * room);
  const int thread = static_cast<int>(threadIdx.x), comb = thread / kWarpSize, lane = thread % kWarpSize;
  const int chunk = of.Chunk(), each = (chunk + kWarpSize - 1) / kWarpSize;
  const int comb_delay = of.Delay(comb), comb_begin = of.Begin(comb);
  const int channel = thread / kReverbChunk, within = thread % kReverbChunk;
  int begins[kReverbAllPasses], delays[kReverbAllPasses], places[kReverbAllPasses];
  for (int i = 0; i < kReverbAllPasses; ++i) {
    begins[i] = of.Begin(2 * kReverbCombs + channel * kReverbAllPasses + i);
    delays[i] = of.Delay(2 * kReverbCombs + channel * kReverbAllPasses + i);
    places[i] = within % delays[i];
  }
  const float feedback = of.Feedback(), damping = of.Damping();
  const int left_in_chunk = chunk - lane * each;
  const int count = left_in_chunk < 0 ? 0 : left_in_chunk < each ? left_in_chunk : each;
  int comb_place = lane * each % comb_delay;
  float kept = 0;
  for (int64_t first = 0; first < n; first += chunk) {
    float dry[kReverbEach] = {}, out[kReverbEach] = {};
    for (int j = 0; j < kReverbEach; ++j)
      if (j < count) dry[j] = DrySample(x, first + lane * each + j, n);
    kept = RunComb(lines + comb_begin, comb_delay, comb_place, count, dry, feedback, damping, kept, out);
    comb_place = Onward(comb_place, chunk, comb_delay);
    for (int j = 0; j < kReverbEach; ++j)
      if (j < count) combs[comb * kReverbChunk + lane * each + j] = out[j];
    __syncthreads();
    float mixed = 0;
    if (within < chunk) {
      float wet = 0;
      for (int i = 0; i < kReverbCombs; ++i)
        wet += combs[(channel * kReverbCombs + i) * kReverbChunk + within];
      for (int i = kReverbAllPasses - 1; i >= 0; --i) {
        const int at = begins[i] + places[i];
        places[i] = Onward(places[i], chunk, delays[i]);
        const float delayed = lines[at];
        lines[at] = wet + delayed * 0.5f;
        wet = delayed - wet;
      }
      mixed = FullScale(DrySample(x, first + within, n) + gain * wet);
      if (channel == 1) right[within] = mixed;
    }
    __syncthreads();
    if (channel == 0 && within < chunk && first + within < n)
      rows.out[blockIdx.x * n + first + within] = 0.5f * (mixed + right[within]);
  }
}

}  // namespace clmr::kernels::cuda
