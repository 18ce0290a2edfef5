// Symmetric filters: short ones as dot products, long ones by an FFT whose lanes are blocks of the signal,
// so that it needs no shuffle but where signals are turned into lanes and back.
// Two blocks make one complex signal: a filter that is real keeps them apart.
// The spectrum of the filter itself is gathered from a lane of its own.
#include "kernels/augment/cpu/fir.h"
#include "kernels/augment/loops.h"

namespace clmr::kernels::CLMR_ISA {
namespace {

// A point of the FFT in all lanes.
struct Point {
  Lanes re, im;
};

inline Point operator+(Point a, Point b) { return {a.re + b.re, a.im + b.im}; }
inline Point operator-(Point a, Point b) { return {a.re - b.re, a.im - b.im}; }
// a · (re + i·im)
inline Point Times(Point a, float re, float im) { return {a.re * re - a.im * im, a.re * im + a.im * re}; }
inline Point TimesI(Point a) { return {-a.im, a.re}; }

// Decimation in frequency by four, in place: the bins come out in digit-reversed order,
// which the inverse takes.
void ForwardStage(Point* z, int64_t points, int64_t length, const float* twiddles) {
  const int64_t quarter = length / 4;
  for (int64_t base = 0; base < points; base += length) {
    Point* p = z + base;
    for (int64_t j = 0; j < quarter; ++j, ++p) {
      const float* w = twiddles + 6 * j;
      const Point a = p[0], b = p[quarter], c = p[2 * quarter], d = p[3 * quarter];
      const Point even = a + c, odd = a - c, even2 = b + d, odd2 = TimesI(b - d);
      p[0] = even + even2;
      p[quarter] = Times(odd - odd2, w[0], w[1]);
      p[2 * quarter] = Times(even - even2, w[2], w[3]);
      p[3 * quarter] = Times(odd + odd2, w[4], w[5]);
    }
  }
}

// Undoes it, up to a factor of 4.
void InverseStage(Point* z, int64_t points, int64_t length, const float* twiddles) {
  const int64_t quarter = length / 4;
  for (int64_t base = 0; base < points; base += length) {
    Point* p = z + base;
    for (int64_t j = 0; j < quarter; ++j, ++p) {
      const float* w = twiddles + 6 * j;
      const Point a = p[0], b = Times(p[quarter], w[0], -w[1]), c = Times(p[2 * quarter], w[2], -w[3]),
                  d = Times(p[3 * quarter], w[4], -w[5]);
      const Point even = a + c, odd = a - c, even2 = b + d, odd2 = TimesI(b - d);
      p[0] = even + even2;
      p[quarter] = odd + odd2;
      p[2 * quarter] = even - even2;
      p[3 * quarter] = odd - odd2;
    }
  }
}

void PairStage(Point* z, int64_t points) {
  for (int64_t i = 0; i < points; i += 2) {
    const Point a = z[i], b = z[i + 1];
    z[i] = a + b;
    z[i + 1] = a - b;
  }
}

// Twiddles of a stage lie behind those of the longer ones: 6 · length / 4 values.
void Forward(Point* z, const FftFilterPlan& plan) {
  const float* twiddles = plan.twiddles;
  int64_t length = plan.points;
  for (; length >= 4; twiddles += 6 * (length / 4), length /= 4)
    ForwardStage(z, plan.points, length, twiddles);
  if (length == 2) PairStage(z, plan.points);
}

void Inverse(Point* z, const FftFilterPlan& plan) {
  int64_t length = plan.points, offset = 0;
  for (; length >= 4; length /= 4) offset += 6 * (length / 4);
  if (length == 2) PairStage(z, plan.points);
  for (length *= 4; length <= plan.points; length *= 4) {
    offset -= 6 * (length / 4);
    InverseStage(z, plan.points, length, plan.twiddles + offset);
  }
}

// What the lanes of a group are: nullptr is silence. Real parts first, then imaginary ones.
struct Group {
  const float* inputs[2 * kLanes];
  int64_t first;  // block of the first lane
  int64_t lanes;  // that hold blocks
};

void LoadGroup(const Group& group, int64_t points, Point* z) {
  for (int64_t t = 0; t < points; t += kLanes) {
    Lanes re[kLanes], im[kLanes];
    for (int64_t lane = 0; lane < kLanes; ++lane) {
      re[lane] = group.inputs[lane] ? Load(group.inputs[lane] + t) : Lanes{};
      im[lane] = group.inputs[kLanes + lane] ? Load(group.inputs[kLanes + lane] + t) : Lanes{};
    }
    Transpose(re);
    Transpose(im);
    for (int64_t i = 0; i < kLanes; ++i) z[t + i] = {re[i], im[i]};
  }
}

// Outputs of a block lie from position `half` on.
void StoreBlock(const float* values, int64_t count, float* y) {
  if (count >= kLanes) {
    std::memcpy(y, values, sizeof(Lanes));
  } else if (count > 0) {
    std::memcpy(y, values, count * sizeof(float));
  }
}

void StoreGroup(const Group& group, const FftFilterPlan& plan, const Point* z, float* y, int64_t n) {
  for (int64_t t = 0; t < plan.outputs; t += kLanes) {
    Lanes re[kLanes], im[kLanes];
    for (int64_t i = 0; i < kLanes; ++i) {
      re[i] = z[plan.half + t + i].re;
      im[i] = z[plan.half + t + i].im;
    }
    Transpose(re);
    Transpose(im);
    for (int64_t lane = 0; lane < group.lanes; ++lane) {
      const int64_t at = (group.first + lane) * plan.outputs + t, at2 = at + group.lanes * plan.outputs;
      if (at2 + kLanes <= n) {
        Store(y + at, re[lane]);
        Store(y + at2, im[lane]);
      } else {
        StoreBlock(reinterpret_cast<const float*>(&re[lane]), n - at, y + at);
        StoreBlock(reinterpret_cast<const float*>(&im[lane]), n - at2, y + at2);
      }
    }
  }
}

void convolve_f32(const float* padded, const float* taps, int64_t count, float* y, int64_t n) {
  Convolve(padded, taps, count, y, n);
}

void convolve_fft_f32(const float* padded, const float* taps, const FftFilterPlan& plan, float* memory,
                      float* y, int64_t n) {
  Point* z = reinterpret_cast<Point*>(memory);
  // The taps around 0, later their spectrum, which is real.
  float* filter = memory + 2 * kLanes * plan.points;
  float* spectrum = filter + plan.points;
  std::memset(filter, 0, plan.points * sizeof(float));
  for (int64_t k = -plan.half; k <= plan.half; ++k) filter[k < 0 ? k + plan.points : k] = taps[k + plan.half];
  const int64_t blocks = (n + plan.outputs - 1) / plan.outputs;
  for (int64_t first = 0, lanes; first < blocks; first += 2 * lanes) {
    lanes = first == 0 ? kLanes - 1 : kLanes;  // the filter has the last lane of the first group
    Group group{{}, first, lanes};
    for (int64_t i = 0; i < 2 * lanes && first + i < blocks; ++i)
      group.inputs[i < lanes ? i : i - lanes + kLanes] = padded + (first + i) * plan.outputs;
    if (first == 0) group.inputs[kLanes - 1] = filter;
    LoadGroup(group, plan.points, z);
    Forward(z, plan);
    if (first == 0)
      for (int64_t i = 0; i < plan.points; ++i)
        spectrum[i] = z[i].re[kLanes - 1] / static_cast<float>(plan.points);
    for (int64_t i = 0; i < plan.points; ++i) z[i] = {z[i].re * spectrum[i], z[i].im * spectrum[i]};
    Inverse(z, plan);
    StoreGroup(group, plan, z, y, n);
  }
}

float pad_f32(const float* x, int64_t n, int64_t half, float* padded) {
  Lanes peaks{};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Lanes v = FiniteOrZero(Load(x + i));
    Store(padded + half + i, v);
    peaks = Max(peaks, Max(v, -v));
  }
  float peak = 0;
  for (int64_t lane = 0; lane < kLanes; ++lane) peak = peaks[lane] > peak ? peaks[lane] : peak;
  for (; i < n; ++i) {
    const float v = x[i] - x[i] == 0.0f ? x[i] : 0.0f, magnitude = v < 0 ? -v : v;
    padded[half + i] = v;
    peak = magnitude > peak ? magnitude : peak;
  }
  const float left = padded[half], right = padded[half + n - 1];
  for (int64_t k = 0; k < half; ++k) padded[k] = left;
  for (int64_t k = 0; k < half; ++k) padded[half + n + k] = right;
  return peak;
}

}  // namespace

const FilterLoops kFilter = {kLanes, convolve_f32, convolve_fft_f32, pad_f32};

}  // namespace clmr::kernels::CLMR_ISA
