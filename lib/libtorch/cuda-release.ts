/** What CUDA needs in addition: more libraries of the same torch wheel, and NVIDIA's wheels in the versions that it names. */
import { WHEELS, type Wheel } from './release.js'

/** A wheel of which every library is unpacked. */
export interface Part {
  file: string
  /** of the whole wheel */
  sha256: string
  bytes: number
}

export interface CudaRelease {
  wheel: Wheel
  parts: readonly Part[]
}

/** Members of torch/lib/. Linear algebra (libtorch_cuda_linalg, cuSOLVER) and the compiler Triton are left out: nothing here uses them. */
const LIBRARIES = {
  'libc10_cuda.so': 'b3bfc48277fb6c1e451c1be9101bb3a214445b14819be470da124dca54ab68c0',
  'libtorch_cuda.so': '0d3cd4831095b64c764889ac93d502e1307358a4d431e27b9db305332e466f3d',
  'libtorch_nvshmem.so': '065af45212af151cdcaba2bfa34ce622d73fb293b67ad5f2ad54b87d21cb3cd9',
  'libcaffe2_nvrtc.so': '00771f7179665557dc34018a7e0ab67f5cc0e796b791e613d5bf03af994b5f97',
}

/** The libraries that libtorch_cuda.so and its dependencies load. */
const PARTS: readonly Part[] = [
  {
    file: 'nvidia_cuda_runtime-13.2.86-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    sha256: '3498247680dfddce31bad102af7e3e26fc795342a3cac64722bb0fa95e7f60f0',
    bytes: 2_323_576,
  },
  {
    file: 'nvidia_cuda_cupti-13.2.86-py3-none-manylinux_2_25_x86_64.whl',
    sha256: '8fa29f15dd8336181f961764d9d95236fc6b931dd0c8fcf8cd70aab0c310b586',
    bytes: 11_988_600,
  },
  {
    file: 'nvidia_cuda_nvrtc-13.2.86-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
    sha256: '8111c5130e967b78222ea2124145f8efe9ce201b752b2579a2513100a53be1c5',
    bytes: 47_018_468,
  },
  {
    file: 'nvidia_nvjitlink-13.5.37-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl',
    sha256: '280d7cb9649704145f074b8dbde500de04ce02d0872e066e20a83c17bcaa93eb',
    bytes: 46_642_491,
  },
  {
    file: 'nvidia_cublas-13.4.1.3-py3-none-manylinux_2_27_x86_64.whl',
    sha256: 'a5917cb642cfb07f4a0231ee16aec7e2e0357d8cb8b1b78a0c9c68dba3e6afc7',
    bytes: 404_870_805,
  },
  {
    file: 'nvidia_cudnn_cu13-9.26.0.51-py3-none-manylinux_2_27_x86_64.whl',
    sha256: '9c976d539786698c71d6bcdbe2053b7485fae062ff7e1215d2f2ff67b1a2149a',
    bytes: 519_150_073,
  },
  {
    file: 'nvidia_cufft-12.2.0.57-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    sha256: '34da27fadf3979b0b042c43823f0530be8408b86df31ee0108e1ca0b621d4ef6',
    bytes: 218_258_101,
  },
  {
    file: 'nvidia_cufile-1.17.1.22-py3-none-manylinux_2_27_x86_64.whl',
    sha256: '87feaf8c3ad20d3d03a01933181801ff6892bace5c8f0b1e4b48f319d3e62d36',
    bytes: 1_387_670,
  },
  {
    file: 'nvidia_cusparse-12.7.10.12-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    sha256: '25907c75e4db1581685f06f61cc6cdecc04611765516a52373e0a18ebd69fa00',
    bytes: 150_999_307,
  },
  {
    file: 'nvidia_cusparselt_cu13-0.8.1-py3-none-manylinux2014_x86_64.whl',
    sha256: '786ce87568c303fadb5afcc7102d454cd3040d75f6f8626f5db460d1871f4dd0',
    bytes: 170_148_586,
  },
  {
    file: 'nvidia_nccl_cu13-2.30.7-py3-none-manylinux_2_18_x86_64.whl',
    sha256: 'cefa7fdb9710efd0f39c5f1be1d61ff6fc9a996c451265bd7fbdcf9455ed4b50',
    bytes: 215_965_170,
  },
  {
    file: 'nvidia_nvshmem_cu13-3.7.2-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl',
    sha256: 'b9a4f843c62b5dded8ad33fd6d220e007dcd39f06cee549292f5ba14ce4c235c',
    bytes: 135_397_797,
  },
]

const cpu = WHEELS['linux-x64']!

/** By `process.platform`-`process.arch`. */
export const CUDA_RELEASES: Record<string, CudaRelease> = {
  'linux-x64': { wheel: { ...cpu, libraries: { ...cpu.libraries, ...LIBRARIES } }, parts: PARTS },
}
