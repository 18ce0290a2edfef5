#pragma once
// Reads clips at an offset out of 16-bit mono WAV files.
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "error.h"

namespace clmr {

class CropSource {
 public:
  // files[i] holds lengths[i] samples from byte offsets[i] on: stretches of stretches[i] samples, one after
  // the other, or a single one where that is 0.
  CropSource(std::vector<std::string> files, std::vector<double> offsets, std::vector<double> lengths,
             std::vector<double> stretches);
  ~CropSource();

  int64_t Tracks() const;
  int64_t Length(int64_t track) const;
  int64_t Bytes() const;
  // No clip crosses from one stretch to the next. DrawLength: a track of this length without stretches has as
  // many places for a clip. Place: where in the track the place `drawn` of that one lies.
  int64_t DrawLength(int64_t track, int64_t clip) const;
  int64_t Place(int64_t track, int64_t drawn, int64_t clip) const;

  // `length` samples of `track` from `start` on to `out`, as they are stored, or as ±1 floats; zero-padded
  // past the end: a crop past the end of its stretch, Read past that of the track. Thread-safe. Throws
  // ERR_CACHE with the path.
  void Crop(int64_t track, int64_t start, int64_t length, int16_t* out) const;
  void Crop(int64_t track, int64_t start, int64_t length, float* out) const;
  void Read(int64_t track, int64_t start, int64_t length, float* out) const;

 private:
  void ReadTo(int64_t end, int64_t track, int64_t start, int64_t length, int16_t* out) const;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace clmr
