#include "kernels/sample_cnn/winograd.h"

namespace clmr::kernels {

void WinogradFilterSix(const double w[3], double* points) {
  const double even1 = w[0] + w[2], even2 = w[0] + 4 * w[2], even3 = 4 * w[0] + w[2];
  points[0] = w[0];
  points[1] = -2.0 / 9 * (even1 + w[1]);
  points[2] = -2.0 / 9 * (even1 - w[1]);
  points[3] = (even2 + 2 * w[1]) / 90;
  points[4] = (even2 - 2 * w[1]) / 90;
  points[5] = 8.0 / 45 * (even3 + 2 * w[1]);
  points[6] = 8.0 / 45 * (even3 - 2 * w[1]);
  points[7] = w[2];
}

// (w₀ + w₁·p + w₂·p²) / Π (p − q) over the other points q; at ±a the product is ±2a·Π (a² − b²)
void WinogradFilterNine(const double w[3], double* points) {
  for (int i = 0; i < 5; ++i) {
    const double a = kNinePairs[i];
    double product = 2 * a;
    for (double b : kNinePairs)
      if (b != a) product *= a * a - b * b;
    points[2 * i] = (w[0] + a * w[1] + a * a * w[2]) / product;
    points[2 * i + 1] = (w[0] - a * w[1] + a * a * w[2]) / -product;
  }
  points[10] = w[2];
}

}  // namespace clmr::kernels
