#pragma once
// Embeds windows of audio with SampleCNN in eval mode: samples [T*] → [windows, E].
#include <c10/core/Device.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "fields.h"
#include "model/precision.h"
#include "model/sample_cnn.h"

namespace clmr {

struct EncoderSpec {
  static constexpr const char* kName = "EncoderSpec";
  std::string device;
  PrecisionChoice precision;  // bfloat16: allowed where it is faster, not insisted on
  bool tf32 = false;          // on CUDA float32 products may be rounded to TF32
  Architecture architecture;

  static auto Fields() {
    return std::tuple(Field("device", &EncoderSpec::device),
                      WordField("precision", &EncoderSpec::precision, kPrecisionWords),
                      OptionalField("tf32", &EncoderSpec::tf32),
                      Field("architecture", &EncoderSpec::architecture));
  }
};

class Encoder {
 public:
  // Copies the weights.
  Encoder(const SampleCnn& model, c10::Device device, Precision precision, bool tf32 = false);
  // Throws ERR_DEVICE where the device is not there.
  Encoder(const SampleCnn& model, const EncoderSpec& spec);

  // Other weights of the same architecture from now on, copied: calls in flight end with the old ones. So an
  // encoder follows a training: the trainer calls it between two steps. Safe beside every other member.
  void Update(const SampleCnn& model);

  // Windows of a clip's samples at `starts`, in samples; what lies past the end is zero.
  // `out` holds starts.size() · E values. On up to `threads` threads: the bits of an embedding depend on
  // its samples alone, and NaN or infinity in one window reaches no other. Looks at `abort` between layers.
  void EncodeWindows(const float* samples, int64_t length, const std::vector<double>& starts, float* out,
                     int64_t threads, const AbortFlag& abort) const;
  // clips [N, T], float32 on the CPU → [N, E], on all threads
  at::Tensor Encode(const at::Tensor& clips, const AbortFlag& abort) const;

  NamedTensors State() const;
  std::string Device() const { return device_.str(); }
  int64_t Bytes() const;
  int64_t ClipLength() const { return architecture_.clip_length; }
  int64_t EmbeddingSize() const { return architecture_.EmbeddingSize(); }

 private:
  struct Weights;  // one consistent set, immutable

  std::shared_ptr<const Weights> Current() const;
  std::shared_ptr<const Weights> Prepare(const SampleCnn& model) const;

  const Architecture architecture_;
  const c10::Device device_;
  Precision precision_;  // bfloat16: allowed where it is faster, not insisted on
  const bool tf32_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const Weights> weights_;
  mutable std::unique_ptr<const SampleCnn> next_;  // from Update; made ready when it is first needed
};

}  // namespace clmr
