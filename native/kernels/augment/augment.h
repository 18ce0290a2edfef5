#pragma once
// The augmentations as stage augment calls them, mono float32, one clip at a time. The fused versions run,
// or the plain ones (reference.h) where ActiveChoice() says so. The bits of a result depend on its input, its
// parameters and the instruction set, on nothing else.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "kernels/augment/shapes.h"
#include "kernels/by_isa.h"

namespace clmr::kernels {

// Floats that begin at a cache line; grows, and is kept.
class LaneMemory {
 public:
  // At least n floats; what they hold is left over from before.
  float* Reserve(int64_t n);

 private:
  struct Free {
    void operator()(float* p) const { std::free(p); }
  };
  std::unique_ptr<float, Free> floats_;
  int64_t capacity_ = 0;
};

// Memory of one thread, kept from clip to clip. The plain versions do without.
struct AugmentScratch {
  std::vector<float> taps;
  LaneMemory input, lines, stretched, table;
  // What `table` holds was made for this widening, by the loops of this instruction set.
  double table_widening = 0;
  Isa table_isa = Isa::base;
};

// What one reading of a clip does: y = reversed(echo(after · (before · x + noise))).
struct PointwisePass {
  float before = 1, after = 1;
  double noise_ratio = 0;  // std(noise) / std(before · x)
  uint64_t noise_seed = 0;
  bool noise = false, echo = false, reverse = false;
  int64_t offset = 0;  // of the echo, in samples
  float volume = 0;

  bool empty() const { return before == 1 && !noise && !echo && !reverse; }
  // Each adds one more step behind the others, or returns false where the pass cannot hold it.
  bool Scale(float factor);
  bool Noise(double ratio, uint64_t seed);
  bool Echo(int64_t at, float loud);
  bool Reverse();
};

// source [n] → x [n]; both may be the same.
void pointwise_f32(const float* source, const PointwisePass& pass, float* x, int64_t n);
// As the reference, within 2e-6 of the largest sample: long kernels go through an FFT.
void sinc_filter_f32(float* x, int64_t n, double cutoff, bool high_pass, AugmentScratch& scratch);
// As the reference, within 2e-6 at full scale.
void reverb_f32(float* x, int64_t n, double sample_rate, const ReverbParameters& parameters,
                AugmentScratch& scratch);
// As the reference, within 1e-5 at full scale wherever both find the same segments alike; where two lie
// equally near (a periodic sound, silence), either may take another.
void pitch_shift_f32(float* x, int64_t n, double sample_rate, double factor, AugmentScratch& scratch);

}  // namespace clmr::kernels
