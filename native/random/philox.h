#pragma once
// The counter-based generator of every random choice: Philox 4x32-10 (Salmon et al., "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011). A block of four 32-bit words is a pure function of key and counter,
// so results depend neither on the number of threads nor on what was drawn before.
#include <array>
#include <cstdint>
#include <vector>

namespace clmr::random {

// What a stream is for: the last word of the counter, so that no two purposes share numbers.
enum class Purpose : uint32_t {
  weights = 1,
  epochOrder = 2,
  crop = 3,
  transform = 4,
  noise = 5,
  dropout = 6,
  probe = 7,
  bootstrap = 8
};

// counter → four words
std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

// The numbers of one (seed, purpose, step, row, item) in order. `row` is example·V + view while augmenting,
// `item` the place of the transform in the chain; 2^32 blocks of four words each.
class Stream {
 public:
  Stream(uint64_t seed, Purpose purpose, uint32_t step, uint32_t row, uint16_t item);

  uint32_t NextWord();
  // uniform in [0, 1): 24 bits, exact in float
  double Uniform();
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }
  // uniform integer in [low, high], both included, without modulo bias
  int64_t Integer(int64_t low, int64_t high);
  // 0 … n − 1 in any order (Fisher–Yates)
  std::vector<int64_t> Permutation(int64_t n);
  // standard normal (Box–Muller, both values used)
  double Normal();

 private:
  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace clmr::random
