#include "kernels/augment/augment.h"

#include <algorithm>
#include <new>

#include "kernels/augment/loops.h"
#include "kernels/augment/reference.h"
#include "kernels/dispatch.h"

namespace clmr::kernels {

float* LaneMemory::Reserve(int64_t n) {
  if (n > capacity_) {
    constexpr int64_t kLine = 64, kFloatsOfLine = kLine / sizeof(float);
    const int64_t whole = (n + kFloatsOfLine - 1) / kFloatsOfLine * kFloatsOfLine;
    floats_.reset();
    capacity_ = 0;
    floats_.reset(static_cast<float*>(std::aligned_alloc(kLine, whole * sizeof(float))));
    if (!floats_) throw std::bad_alloc();
    capacity_ = whole;
  }
  return floats_.get();
}

namespace {

void Plain(const float* source, const PointwisePass& pass, float* x, int64_t n) {
  if (source != x) std::copy(source, source + n, x);
  if (pass.before != 1) reference::scale_f32(x, n, pass.before);
  if (pass.noise) reference::add_noise_f32(x, n, pass.noise_ratio, pass.noise_seed);
  if (pass.after != 1) reference::scale_f32(x, n, pass.after);
  if (pass.echo) reference::delay_f32(x, n, pass.offset, pass.volume);
  if (pass.reverse) reference::reverse_f32(x, n);
}

}  // namespace

bool PointwisePass::Scale(float factor) {
  float& slot = noise ? after : before;
  if (echo || reverse || !(slot == 1 || slot == -1 || factor == -1))
    return false;  // one rounding for each gain
  slot *= factor;
  return true;
}

bool PointwisePass::Noise(double ratio, uint64_t seed) {
  if (noise || echo || reverse) return false;
  noise = true;
  noise_ratio = ratio;
  noise_seed = seed;
  return true;
}

bool PointwisePass::Echo(int64_t at, float loud) {
  if (echo || reverse) return false;
  echo = true;
  offset = at;
  volume = loud;
  return true;
}

bool PointwisePass::Reverse() {
  if (reverse) return false;
  reverse = true;
  return true;
}

void pointwise_f32(const float* source, const PointwisePass& pass, float* x, int64_t n) {
  const Choice choice = ActiveChoice();
  if (choice.plain) return Plain(source, pass, x, n);
  const PointwiseLoops& loops = kPointwise[choice.isa];
  float factor = pass.before;
  if (pass.noise) {
    loops.noise_f32(source, pass.before, pass.noise_ratio, pass.noise_seed, pass.after, x, n);
    source = x;
    factor = 1;
  }
  if (pass.echo) {
    loops.echo_f32(source, factor, pass.offset, pass.volume, x, n);
  } else if (source != x || factor != 1) {
    loops.scale_f32(source, factor, x, n);
  }
  if (pass.reverse) loops.reverse_f32(x, n);
}

}  // namespace clmr::kernels
