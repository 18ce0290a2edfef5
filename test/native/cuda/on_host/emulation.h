#pragma once
// CUDA on the host, for npm run check:cuda: enough of it to play the kernels of native/kernels as they stand.
// Include this before the kernels. Each thread of a block is a coroutine; the blocks of a launch come in random
// order, and the threads of a block take turns in random order, at every barrier, at every shuffle and now and
// then between two accesses to memory that is watched. So what depends on an order differs from run to run.
//
// Watched memory (CLMR_SHARED, Watched) also knows its faults exactly: an access out of bounds, shared memory
// that is read before it was written, and races: two threads without a barrier between them, one of which
// writes. A barrier that not all threads reach is a fault as well.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>

#define CLMR_EMULATED_CUDA
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(threads)

struct dim3 {
  unsigned x = 1, y = 1, z = 1;
  dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
};

struct CUstream_st;
using cudaStream_t = CUstream_st*;

namespace cuda_emulation {

extern dim3 grid_dim, block_dim, block_index, thread_index;

// The order of everything that follows.
void Seed(uint64_t seed);
// Runs `body` as a kernel.
void Run(dim3 grid, dim3 block, const std::function<void()>& body);
// The first fault since the last call, or nothing.
std::string TakeFault();

void Barrier();
void WarpBarrier();
// What lane `source` of this warp holds in `bits`
uint64_t Exchange(uint64_t bits, int source);
int Lane();

// Who has touched a place last.
struct Touched {
  int64_t launch = -1, block = -1, interval = -1;  // of the last access; an interval ends at a barrier
  int writer = -1, reader = -1;                    // the last threads of the interval
  int64_t writer_turn = 0, reader_turn = 0;        // a turn ends at a barrier of the warp
  bool lanes = false, warps = false;               // read by several of the turn, of the interval
  bool written = false;                            // in this block, ever
};
void Touch(Touched& touched, bool write, bool shared, const char* name);
// Of memory that no array of ours holds
Touched& TouchedAt(const void* address);
void Fault(const std::string& what);

// A T that tells of its accesses.
template <class T>
class Place {
 public:
  Place(T* value, Touched* touched, bool shared, const char* name)
      : value_(value), touched_(touched), shared_(shared), name_(name) {}
  operator T() const {
    Touch(*touched_, false, shared_, name_);
    return *value_;
  }
  T operator=(T value) const {
    Touch(*touched_, true, shared_, name_);
    return *value_ = value;
  }
  T operator=(const Place& other) const { return *this = static_cast<T>(other); }
  T operator+=(T value) const { return *this = static_cast<T>(*this) + value; }

 private:
  T* value_;
  Touched* touched_;
  bool shared_;
  const char* name_;
};

// What CLMR_SHARED declares: the memory of the block that runs.
template <class T, int64_t kCount>
class SharedArray {
 public:
  explicit SharedArray(const char* name) : name_(name) {}
  Place<T> operator[](int64_t i) {
    if (i < 0 || i >= kCount) {
      Fault(std::string(name_) + "[" + std::to_string(i) + "] is outside of " + std::to_string(kCount));
      i = 0;
    }
    return {values_ + i, touched_ + i, true, name_};
  }

 private:
  const char* name_;
  T values_[kCount];
  Touched touched_[kCount];
};

// A pointer to memory that the threads of a block write for each other.
template <class T>
class WatchedPointer {
 public:
  WatchedPointer(T* values) : values_(values) {}
  Place<T> operator[](int64_t i) const {
    return {values_ + i, &TouchedAt(values_ + i), false, "global memory"};
  }
  WatchedPointer operator+(int64_t offset) const { return values_ + offset; }

 private:
  T* values_;
};

template <class T>
T Shuffle(T value, int source) {
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  bits = Exchange(bits, source);
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

}  // namespace cuda_emulation

#define gridDim cuda_emulation::grid_dim
#define blockDim cuda_emulation::block_dim
#define blockIdx cuda_emulation::block_index
#define threadIdx cuda_emulation::thread_index
#define CLMR_SHARED(type, name, count) static cuda_emulation::SharedArray<type, count> name(#name)

inline void __syncthreads() { cuda_emulation::Barrier(); }
inline void __syncwarp() { cuda_emulation::WarpBarrier(); }
template <class T>
T __shfl_xor_sync(unsigned, T value, int mask) {
  return cuda_emulation::Shuffle(value, cuda_emulation::Lane() ^ mask);
}
template <class T>
T __shfl_up_sync(unsigned, T value, int distance) {
  const int lane = cuda_emulation::Lane();
  return cuda_emulation::Shuffle(value, lane < distance ? lane : lane - distance);
}
template <class T>
T __shfl_sync(unsigned, T value, int source) {
  return cuda_emulation::Shuffle(value, source);
}
inline void sincospif(float x, float* sine, float* cosine) {
  *sine = std::sin(static_cast<float>(M_PI) * x);
  *cosine = std::cos(static_cast<float>(M_PI) * x);
}

namespace clmr::kernels::cuda {

template <class T>
using Watched = cuda_emulation::WatchedPointer<T>;

template <class Kernel, class... Arguments>
void Launch(Kernel kernel, dim3 grid, dim3 block, cudaStream_t, const Arguments&... arguments) {
  cuda_emulation::Run(grid, block, [&] { kernel(arguments...); });
}

}  // namespace clmr::kernels::cuda
