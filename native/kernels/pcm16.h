#pragma once
// ±1 floats ⇄ 16-bit samples, scale 32767 both ways.
#include <cstdint>

namespace clmr::kernels {

// Rounded to nearest, ties to even; saturated at ±32767.
void f32_to_pcm16_reference(const float* x, int64_t length, int16_t* y);
void pcm16_to_f32_reference(const int16_t* x, int64_t length, float* y);

}  // namespace clmr::kernels
