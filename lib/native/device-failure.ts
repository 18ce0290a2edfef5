/** What libtorch says of a device, as errors that say what to do. */
import { DeviceError } from '../errors.js'

interface Kind {
  /** in the message of libtorch, cuDNN or cuBLAS */
  said: RegExp
  what: string
  remedy: string
}

const GO_ON = 'Nothing of this process is lost'

/** The first one that fits counts. */
const KINDS: Kind[] = [
  {
    said: /CUDA out of memory|CUDA error: out of memory|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_(INTERNAL_ERROR_DEVICE_)?ALLOC(ATION)?_FAILED/,
    what: 'the memory of the device is full',
    remedy: `${GO_ON}: use a smaller batch (\`nvidia-smi\` lists what else fills the device)`,
  },
  {
    said: /driver on your system is too old|driver version is insufficient|cudaErrorInsufficientDriver|forward compatibility was attempted/,
    what: "NVIDIA's driver is too old for this libtorch",
    remedy: "Update NVIDIA's driver to one for CUDA 13 (580 or later)",
  },
  {
    said: /Found no NVIDIA driver|CUDA driver is a stub|cudaErrorStubLibrary/,
    what: "NVIDIA's driver is not there",
    remedy: "Install NVIDIA's driver (in a container: start it with its devices)",
  },
  {
    said: /devices are busy or unavailable|cudaErrorDevicesUnavailable|exclusive(-| )(process|thread)/i,
    what: 'the device is taken by another process',
    remedy: `${GO_ON}: try again when it is free (\`nvidia-smi\` lists who has it)`,
  },
  {
    said: /No CUDA GPUs are available|no CUDA-capable device is detected|invalid device ordinal/,
    what: 'the device is not there',
    remedy: 'Use a device that `npx clmr doctor` lists',
  },
  {
    said: /no kernel image is available|cudaErrorNoKernelImageForDevice/,
    what: 'this libtorch, or the plug-in of clmr, has no code for a device of this kind',
    remedy: "Use the device 'cpu'",
  },
  {
    said: /found at least two devices|Expected all tensors to be on the same device/,
    what: 'one calculation met tensors of two devices',
    remedy: 'This is a fault of clmr: please report it with this message',
  },
  {
    said: /GPU is lost|device lost|fallen off the bus|uncorrectable ECC|unspecified launch failure|illegal (memory access|instruction)|misaligned address|hardware stack error|launch timed out|device-side assert|CUDA (driver )?error: unknown error|cudaErrorUnknown/,
    what: 'the device is gone: it no longer responds to this process',
    remedy: 'Start the process again, and resume a training from its last checkpoint',
  },
  {
    said: /CUDA (driver )?error|cuDNN error|CUDNN_STATUS|CUBLAS_STATUS|CUFFT|cuFFT error/,
    what: 'the device has failed',
    remedy: "Use the device 'cpu'",
  },
]

/** Libtorch's first sentence: what follows are hints for programs in Python. */
function firstSentence(message: string): string {
  const line = message.split('\n')[0]!.trim()
  return line.length > 300 ? `${line.slice(0, 300)}…` : line
}

/** A DeviceError for a message of libtorch that is about a device; undefined for all others. */
export function deviceFailure(message: string, cause?: unknown): DeviceError | undefined {
  const kind = KINDS.find(({ said }) => said.test(message))
  return (
    kind && new DeviceError({ what: kind.what, given: firstSentence(message), remedy: kind.remedy, cause })
  )
}

/** What to do about a device that is not there. */
export function remedyOfDevice(): string {
  const visible = process.env.CUDA_VISIBLE_DEVICES
  const hidden =
    visible === undefined
      ? ''
      : ` (CUDA_VISIBLE_DEVICES is ${JSON.stringify(visible)}, which hides all others)`
  return `Use the device 'cpu'; \`npx clmr doctor\` says what there is of CUDA${hidden}`
}
