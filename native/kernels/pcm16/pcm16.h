#pragma once
// ±1 floats ⇄ 16-bit samples, scale 32768 both ways: each 16-bit value survives the way there and back.
#include <cstdint>

namespace clmr::kernels {

// What does not fit into 16 bits.
struct Overload {
  int64_t count = 0;  // samples beyond ±1
  float peak = 0;     // the largest magnitude of all samples
};

// Rounded to nearest, ties to even; saturated at -32768 and 32767.
Overload f32_to_pcm16(const float* x, int64_t length, int16_t* y);
void pcm16_to_f32(const int16_t* x, int64_t length, float* y);

}  // namespace clmr::kernels
