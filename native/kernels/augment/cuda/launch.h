#pragma once
// The way from a file of g++ to one of nvcc: raw pointers, since ATen's headers cost nvcc 20 s a file.
#include <cstdint>

#include "kernels/augment/pointwise_numbers.h"

struct CUstream_st;

namespace clmr::kernels::cuda {

// Rows of a batch: out [rows, samples]
struct AugmentRows {
  int64_t rows, samples;
  float* out;
};

// source: any length; numbers [kPointwiseNumbers, rows]
void LaunchPointwise(const AugmentRows& rows, const float* source, const double* numbers,
                     CUstream_st* stream);

// source [rows, samples]; cutoffs, high_pass [rows]; taps [rows, room] for up to `room` taps a row
void LaunchFilter(const AugmentRows& rows, const float* source, const double* cutoffs,
                  const double* high_pass, float* taps, int64_t room, CUstream_st* stream);

// numbers [26, rows]: feedback, damping, 16 delays of combs, 8 of all-passes; memory [rows, room], zeros:
// room for all delays of a row
void LaunchReverb(const AugmentRows& rows, const float* source, const double* numbers, float* memory,
                  int64_t room, float gain, CUstream_st* stream);

struct PitchSizes {
  int64_t segment, search, overlap;  // of WSOLA
  int64_t longest, taps;             // the most that a row has
};
struct PitchMemory {
  float* stretched;  // [rows, longest]
  int* broken;       // [rows]
  float* table;      // [rows, phases + 1, taps]
};
void LaunchPitch(const AugmentRows& rows, const float* source, const double* factors, const PitchSizes& sizes,
                 const PitchMemory& memory, CUstream_st* stream);

}  // namespace clmr::kernels::cuda
