#include "random/philox.h"

#include <cmath>
#include <numeric>
#include <utility>

namespace clmr::random {

std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> c, std::array<uint32_t, 2> k) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * c[0], b = uint64_t{0xCD9E8D57} * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ k[0], static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ k[1], static_cast<uint32_t>(a)};
    k[0] += 0x9E3779B9;
    k[1] += 0xBB67AE85;
  }
  return c;
}

// counter = (block, row, step, item · 2^16 + purpose)
Stream::Stream(uint64_t seed, Purpose purpose, uint32_t step, uint32_t row, uint16_t item)
    : key_{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)},
      counter_{0, row, step, (static_cast<uint32_t>(item) << 16) | static_cast<uint32_t>(purpose)} {}

uint32_t Stream::NextWord() {
  if (used_ == 4) {
    block_ = Philox4x32(counter_, key_);
    ++counter_[0];
    used_ = 0;
  }
  return block_[used_++];
}

double Stream::Uniform() { return (NextWord() >> 8) * 0x1p-24; }

int64_t Stream::Integer(int64_t low, int64_t high) {
  const uint64_t range = static_cast<uint64_t>(high - low) + 1;
  if (range == 0) return low;
  // Words above the last whole multiple of the range are drawn again.
  const uint64_t limit = UINT64_MAX - UINT64_MAX % range;
  uint64_t word;
  do {
    word = (static_cast<uint64_t>(NextWord()) << 32) | NextWord();
  } while (word >= limit);
  return low + static_cast<int64_t>(word % range);
}

std::vector<int64_t> Stream::Permutation(int64_t n) {
  std::vector<int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  for (int64_t i = n - 1; i > 0; --i) std::swap(order[i], order[Integer(0, i)]);
  return order;
}

double Stream::Normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2.0 * std::log((NextWord() + 1.0) * 0x1p-32));
  const double angle = 2.0 * M_PI * (NextWord() * 0x1p-32);
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

}  // namespace clmr::random
