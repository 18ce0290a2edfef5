#include "kernels/resample/taps.h"

#include <algorithm>
#include <cmath>

namespace clmr::kernels {
namespace {

constexpr double kPi = 3.14159265358979323846;

// Modified Bessel function of the first kind, order zero: Σ ((x/2)^k / k!)²
double BesselI0(double x) {
  double sum = 1, term = 1;
  const double half = x / 2;
  for (int k = 1; term > sum * 1e-17; ++k) {
    term *= (half / k) * (half / k);
    sum += term;
  }
  return sum;
}

// cut-off in cycles of the lower rate, relative to `from`: one zero crossing lies from / Cutoff samples apart
double Cutoff(const ResampleFilter& filter, int64_t from, int64_t to) {
  return std::min(from, to) * filter.rolloff / from;
}

// t in zero crossings
double Window(const ResampleFilter& filter, double t) {
  const double u = t / filter.zeros;
  if (filter.beta == 0) {
    const double c = std::cos(u * kPi / 2);
    return c * c;
  }
  return BesselI0(filter.beta * std::sqrt(std::max(0.0, 1 - u * u))) / BesselI0(filter.beta);
}

double WindowedSinc(const ResampleFilter& filter, double t) {
  return (t == 0 ? 1 : std::sin(kPi * t) / (kPi * t)) * Window(filter, t);
}

}  // namespace

int64_t SincTapCount(const ResampleFilter& filter, int64_t from, int64_t to) {
  const auto support = static_cast<int64_t>(std::floor(2 * filter.zeros / Cutoff(filter, from, to))) + 1;
  return (support + kTapLanes - 1) / kTapLanes * kTapLanes;
}

std::vector<double> SincTable(const ResampleFilter& filter) {
  const auto steps = static_cast<int64_t>(filter.zeros) * kTableSteps;
  std::vector<double> table(steps + 2, 0.0);
  for (int64_t i = 0; i < steps; ++i) table[i] = WindowedSinc(filter, static_cast<double>(i) / kTableSteps);
  return table;
}

int64_t MakeSincTaps(const ResampleFilter& filter, const double* table, int64_t from, int64_t to,
                     int64_t phase, int64_t count, float* taps) {
  const double cutoff = Cutoff(filter, from, to);
  const int64_t whole = phase * from / to;
  const double fraction = static_cast<double>(phase * from % to) / static_cast<double>(to);
  const auto first = static_cast<int64_t>(std::ceil(fraction - filter.zeros / cutoff));
  for (int64_t k = 0; k < count; ++k) {
    const double t = std::abs(static_cast<double>(first + k) - fraction) * cutoff;
    double value = 0;
    if (t < filter.zeros && table) {
      const double at = t * kTableSteps;
      const auto i = static_cast<int64_t>(at);
      value = table[i] + (at - static_cast<double>(i)) * (table[i + 1] - table[i]);
    } else if (t < filter.zeros) {
      value = WindowedSinc(filter, t);
    }
    taps[k] = static_cast<float>(cutoff * value);
  }
  return whole + first;
}

}  // namespace clmr::kernels
