#include "memory/workspace_allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <new>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace clmr::memory {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kSmallest = size_t{64} << 10;
constexpr size_t kHugePage = size_t{2} << 20;

// What stands in front of the bytes that libtorch sees, so that a data pointer alone is enough to free them:
// oneDNN's scratch memory comes and goes through raw_allocate and raw_deallocate.
struct alignas(kAlignment) Header {
  size_t capacity;  // of the block, this header included
};
static_assert(sizeof(Header) == kAlignment);

struct Block {
  void* data;
  size_t capacity;
};

#ifdef __linux__
// The memory that the cgroup grants; the largest number where there is no limit.
size_t CgroupLimit() {
  for (const char* path : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"}) {
    std::ifstream file(path);
    size_t bytes = 0;
    if (file >> bytes && bytes > 0) return bytes;
  }
  return SIZE_MAX;
}
#endif

size_t DefaultLimit() {
  if (const char* wanted = std::getenv("CLMR_WORKSPACE_MB"))
    return static_cast<size_t>(std::strtoull(wanted, nullptr, 10)) << 20;
#ifdef __linux__
  return std::min(static_cast<size_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE), CgroupLimit()) / 4;
#else
  return size_t{2} << 30;
#endif
}

// Best fit over the blocks that are free, at most an eighth larger than asked for. A step asks for the same
// sizes every time, so after the first step nothing is allocated.
class WorkspaceAllocator final : public c10::Allocator {
 public:
  explicit WorkspaceAllocator(size_t limit) : limit_(limit) {}

  c10::DataPtr allocate(size_t bytes) override {
    if (bytes == 0) return {nullptr, nullptr, &Free, c10::Device(c10::DeviceType::CPU)};
    const Block block = Take(bytes + sizeof(Header));
    auto* header = new (block.data) Header{block.capacity};
    return {header + 1, header + 1, &Free, c10::Device(c10::DeviceType::CPU)};
  }

  c10::DeleterFnPtr raw_deleter() const override { return &Free; }

  void copy_data(void* destination, const void* source, size_t bytes) const override {
    default_copy_data(destination, source, bytes);
  }

 private:
  static WorkspaceAllocator*& Instance() {
    static WorkspaceAllocator* instance = nullptr;
    return instance;
  }
  friend void InstallOnce();

  static void Free(void* data) {
    if (!data) return;
    auto* header = static_cast<Header*>(data) - 1;
    Instance()->Keep({header, header->capacity});
  }

  Block Take(size_t bytes) {
    const size_t capacity = RoundUp(bytes);
    if (capacity >= kSmallest) {
      std::lock_guard lock(mutex_);
      auto found = free_.lower_bound(capacity);
      if (found != free_.end() && found->first <= capacity + capacity / 8) {
        Block block{found->second, found->first};
        kept_ -= block.capacity;
        free_.erase(found);
        return block;
      }
    }
    return New(capacity);
  }

  Block New(size_t capacity) {
    const size_t alignment = capacity >= kHugePage ? kHugePage : kAlignment;
    void* data = nullptr;
    if (posix_memalign(&data, alignment, capacity) != 0) {
      Drop();  // what is kept may be just what is missing
      if (posix_memalign(&data, alignment, capacity) != 0) throw std::bad_alloc();
    }
#ifdef __linux__
    if (alignment == kHugePage) madvise(data, capacity, MADV_HUGEPAGE);
#endif
    return {data, capacity};
  }

  void Keep(const Block& block) {
    if (block.capacity >= kSmallest) {
      std::lock_guard lock(mutex_);
      if (kept_ + block.capacity <= limit_) {
        free_.emplace(block.capacity, block.data);
        kept_ += block.capacity;
        return;
      }
    }
    std::free(block.data);
  }

  void Drop() {
    std::lock_guard lock(mutex_);
    for (auto& [capacity, data] : free_) std::free(data);
    free_.clear();
    kept_ = 0;
  }

  static size_t RoundUp(size_t bytes) {
    const size_t unit = bytes >= kHugePage ? kHugePage : bytes >= kSmallest ? size_t{4096} : kAlignment;
    return (bytes + unit - 1) / unit * unit;
  }

  const size_t limit_;
  std::mutex mutex_;
  std::multimap<size_t, void*> free_;
  size_t kept_ = 0;
};

void InstallOnce() {
  const size_t limit = DefaultLimit();
  if (limit == 0) return;
  // Never destroyed: tensors may outlive main.
  WorkspaceAllocator::Instance() = new WorkspaceAllocator(limit);
  c10::SetCPUAllocator(WorkspaceAllocator::Instance(), /*priority=*/1);
}

}  // namespace

void InstallWorkspaceAllocator() {
  static std::once_flag once;
  std::call_once(once, InstallOnce);
}

}  // namespace clmr::memory
