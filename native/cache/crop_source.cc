#include "cache/crop_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <list>
#include <mutex>
#include <unordered_map>

#include "kernels/pcm16/pcm16.h"

namespace clmr {
namespace {

// Files that are open at the same time; a process may have 1,024 in all.
constexpr size_t kMaxOpen = 128;

// An open file; readers share it, and it closes when the last of them and the list of open files let go.
class OpenFile {
 public:
  OpenFile(const std::string& path, int64_t needed)
      : path_(path), fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (fd_ < 0)
      throw Error("ERR_CACHE", std::string("a cached track cannot be opened: ") + std::strerror(errno), path);
    struct stat status{};
    if (::fstat(fd_, &status) == 0 && S_ISREG(status.st_mode) && status.st_size >= needed) return;
    ::close(fd_);
    throw Error("ERR_CACHE", "a cached track is shorter than the index says", path);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() { ::close(fd_); }

  void Read(void* to, size_t bytes, int64_t offset) const {
    auto* at = static_cast<char*>(to);
    while (bytes > 0) {
      const ssize_t got = ::pread(fd_, at, bytes, offset);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        throw Error("ERR_CACHE", got == 0 ? "a cached track ends early" : std::strerror(errno), path_);
      at += got;
      offset += got;
      bytes -= static_cast<size_t>(got);
    }
  }

 private:
  std::string path_;
  int fd_;
};

int64_t ToCount(double value, const char* what) {
  if (!(value >= 0) || value > 9e15 || std::floor(value) != value)
    throw Error("ERR_ARGUMENT", std::string("expected a whole number for ") + what);
  return static_cast<int64_t>(value);
}

// Places for a clip in a stretch: one that is shorter than the clip has its beginning, as a short track has.
int64_t PlacesIn(int64_t stretch, int64_t clip) { return std::max<int64_t>(1, stretch - clip + 1); }

}  // namespace

struct CropSource::Impl {
  std::vector<std::string> files;
  std::vector<int64_t> offsets, lengths, stretches;

  // the files that are open, the one used last in front
  std::mutex mutex;
  std::list<std::pair<int64_t, std::shared_ptr<OpenFile>>> open;
  std::unordered_map<int64_t, decltype(open)::iterator> where;

  std::shared_ptr<OpenFile> Open(int64_t track) {
    std::lock_guard<std::mutex> lock(mutex);
    if (const auto found = where.find(track); found != where.end()) {
      open.splice(open.begin(), open, found->second);
      return open.front().second;
    }
    auto file = std::make_shared<OpenFile>(files[track], offsets[track] + lengths[track] * 2);
    open.emplace_front(track, file);
    where[track] = open.begin();
    if (open.size() > kMaxOpen) {
      where.erase(open.back().first);
      open.pop_back();
    }
    return file;
  }
};

CropSource::CropSource(std::vector<std::string> files, std::vector<double> offsets,
                       std::vector<double> lengths, std::vector<double> stretches)
    : impl_(std::make_unique<Impl>()) {
  if (files.size() != offsets.size() || files.size() != lengths.size() || files.size() != stretches.size())
    throw Error("ERR_SHAPE", "files, offsets, lengths and stretches differ in length");
  impl_->files = std::move(files);
  for (const double offset : offsets) impl_->offsets.push_back(ToCount(offset, "offsets"));
  for (const double length : lengths) impl_->lengths.push_back(ToCount(length, "lengths"));
  for (const double stretch : stretches) impl_->stretches.push_back(ToCount(stretch, "stretches"));
}

CropSource::~CropSource() = default;

int64_t CropSource::Tracks() const { return static_cast<int64_t>(impl_->files.size()); }

int64_t CropSource::Length(int64_t track) const {
  if (track < 0 || track >= Tracks())
    throw Error("ERR_ARGUMENT", "there is no track " + std::to_string(track));
  return impl_->lengths[track];
}

int64_t CropSource::DrawLength(int64_t track, int64_t clip) const {
  const int64_t whole = Length(track), stretch = impl_->stretches[track];
  if (stretch == 0) return whole;
  return whole / stretch * PlacesIn(stretch, clip) - 1 + clip;
}

int64_t CropSource::Place(int64_t track, int64_t drawn, int64_t clip) const {
  const int64_t stretch = impl_->stretches[track];
  if (stretch == 0) return drawn;
  const int64_t places = PlacesIn(stretch, clip);
  return drawn / places * stretch + drawn % places;
}

int64_t CropSource::Bytes() const {
  int64_t bytes = 0;
  for (const std::string& file : impl_->files) bytes += static_cast<int64_t>(file.size() + sizeof(file)) + 16;
  return bytes;
}

void CropSource::ReadTo(int64_t end, int64_t track, int64_t start, int64_t length, int16_t* out) const {
  if (start < 0 || length < 0) throw Error("ERR_ARGUMENT", "start and length must not be negative");
  const int64_t present = std::clamp<int64_t>(end - start, 0, length);
  if (present > 0) impl_->Open(track)->Read(out, present * 2, impl_->offsets[track] + start * 2);
  std::fill(out + present, out + length, int16_t{0});
}

void CropSource::Crop(int64_t track, int64_t start, int64_t length, int16_t* out) const {
  const int64_t whole = Length(track), stretch = impl_->stretches[track];
  const int64_t end = stretch == 0 ? whole : std::min(whole, (start / stretch + 1) * stretch);
  ReadTo(end, track, start, length, out);
}

void CropSource::Crop(int64_t track, int64_t start, int64_t length, float* out) const {
  std::vector<int16_t> samples(std::max<int64_t>(length, 0));
  Crop(track, start, length, samples.data());
  kernels::pcm16_to_f32(samples.data(), length, out);
}

void CropSource::Read(int64_t track, int64_t start, int64_t length, float* out) const {
  std::vector<int16_t> samples(std::max<int64_t>(length, 0));
  ReadTo(Length(track), track, start, length, samples.data());
  kernels::pcm16_to_f32(samples.data(), length, out);
}

}  // namespace clmr
