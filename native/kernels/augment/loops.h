#pragma once
// The fast loops of the augmentations, compiled once for each instruction set. Pointers are raw; the callers
// (pointwise.cc, filter.cc, reverb.cc, pitch.cc) lay out the memory.
#include <cstdint>

#include "kernels/by_isa.h"

namespace clmr::kernels {

// Samples behind the end of a signal that may be read, and written where a comment says so.
constexpr int64_t kLaneSlack = 256;

// Overlap-save in lanes. One complex FFT filters a group of 2·lanes blocks of the signal: each lane holds two
// blocks, one as the real and one as the imaginary part.
struct FftFilterPlan {
  int64_t points;         // of the FFT, a power of two
  int64_t outputs;        // of a block, a multiple of 16
  int64_t half;           // the filter has 2·half + 1 taps, symmetric
  const float* twiddles;  // 2·points values: FftTwiddles
};

struct PointwiseLoops {
  // y = factor · x; y may be x
  void (*scale_f32)(const float* x, float factor, float* y, int64_t n);
  // y[i] = (u[i] + volume · u[i − offset]) / 2 with u = factor · x; y may be x
  void (*echo_f32)(const float* x, float factor, int64_t offset, float volume, float* y, int64_t n);
  // y = after · (before · x + ratio · std(before · x) · noise); y may be x
  void (*noise_f32)(const float* x, float before, double ratio, uint64_t seed, float after, float* y,
                    int64_t n);
  void (*reverse_f32)(float* x, int64_t n);
};

struct FilterLoops {
  int64_t lanes;
  // padded [2·half + n], then kLaneSlack → y [n] = Σ_k taps[k] · padded[i + k]; `count` taps,
  // zeros up to a multiple of 16.
  void (*convolve_f32)(const float* padded, const float* taps, int64_t count, float* y, int64_t n);
  // The same. padded: then `points` and kLaneSlack; memory: 2·lanes·points, then 2·points.
  void (*convolve_fft_f32)(const float* padded, const float* taps, const FftFilterPlan& plan, float* memory,
                           float* y, int64_t n);
  // x [n] → padded [half + n + half]: the ends repeated, what is not finite as silence;
  // returns the largest magnitude.
  float (*pad_f32)(const float* x, int64_t n, int64_t half, float* padded);
};

// Delay lines of one kind share a ring. Each has `size` samples, a multiple of 16 and at least 16 more than
// the longest delay, and 16 samples behind them. Input is written at the ring's place, which is aligned;
// output is read one delay before it.
struct ReverbRing {
  float* lines[2][8];  // of two channels
  int delays[2][8];
  int size;
};
struct ReverbPlan {
  ReverbRing combs, all_passes;
  float feedback, damping, wet_gain;
};

struct ReverbLoops {
  int64_t shortest;  // delay that the loops can do
  void (*reverb_f32)(float* x, int64_t n, const ReverbPlan& plan);
};

struct WsolaPlan {
  int64_t segment, search, overlap;
  double factor;
  int64_t total;  // samples to make
  float* memory;  // 4 · (search + overlap + kLaneSlack)
};

struct PitchLoops {
  // x [n] → y, ±1; y may be x. Returns false where x holds a NaN.
  bool (*clip_f32)(const float* x, float* y, int64_t n);
  // x: zeros in [−search, 0) and for 2·segment + kLaneSlack behind the end. y: room for total + segment.
  void (*wsola_f32)(const float* x, const WsolaPlan& plan, float* y);
  // table [kResamplePhases + 1, taps]: as the reference's
  void (*resample_table_f32)(double widening, int64_t taps, float* table);
  // y[i] = x at i · step, ±1; x holds `taps` readable values around every position.
  void (*resample_f32)(const float* x, double step, const float* table, int64_t taps, float* y, int64_t n);
};

CLMR_BY_ISA(PointwiseLoops, kPointwise);
CLMR_BY_ISA(FilterLoops, kFilter);
CLMR_BY_ISA(ReverbLoops, kReverb);
CLMR_BY_ISA(PitchLoops, kPitch);

}  // namespace clmr::kernels
