/**
 * Files of torch.save, opened without executing anything: the zip format (since PyTorch 1.6) and the legacy one.
 * Layouts as in PyTorch's `torch/serialization.py` and `caffe2/serialize/inline_container.cc`.
 */
import { CheckpointError, ioError } from '../../errors.js'
import { type OpenFile, openRandomAccess, type RandomAccess } from '../../files/input.js'
import { type FileInput, nameOf } from '../../files/source.js'
import type { DType, FileTensor } from '../tensor.js'
import type { Archive } from './archive.js'
import { type Checkpoint, understandCheckpoint } from './checkpoint.js'
import { legacyArchive } from './legacy.js'
import { materialise, storageBytes } from './tensors.js'
import { zipArchive } from './zip-archive.js'
import { ByteSource, CutOff } from './zip-reader.js'

function refuse(path: string | undefined, error: unknown): CheckpointError {
  const isCut = error instanceof CutOff
  return new CheckpointError({
    what: `this PyTorch file is refused: ${isCut ? 'its end is missing, ' : ''}${(error as Error).message}`,
    path,
    remedy: isCut
      ? 'Fetch or copy it again, as a whole'
      : 'If you trust its source, load it in Python and save its state_dict() alone, with torch.save or as safetensors',
    cause: error,
  })
}

function isSystemError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException)?.syscall !== undefined
}

/** An open file of torch.save; tensors are read one at a time. */
export class PyTorchFile implements AsyncDisposable {
  readonly entries: ReadonlyMap<string, { dtype: DType; shape: number[] }>
  readonly metadata: ReadonlyMap<string, string>
  readonly inert: readonly string[]

  private constructor(
    /** undefined for bytes without a name */
    readonly path: string | undefined,
    readonly format: 'pytorch' | 'pytorch-legacy',
    private readonly handle: RandomAccess,
    private readonly source: ByteSource,
    private readonly archive: Archive,
    private readonly checkpoint: Checkpoint,
  ) {
    this.entries = checkpoint.tensors
    this.metadata = checkpoint.metadata
    this.inert = checkpoint.inert
  }

  /** @throws IoError if the file cannot be read; CheckpointError if it is damaged or not safe */
  static async open(input: FileInput | OpenFile, format: 'pytorch' | 'pytorch-legacy'): Promise<PyTorchFile> {
    const path = nameOf(input)
    const handle = await openRandomAccess(input).catch((error) => {
      throw ioError(error, path, 'open')
    })
    try {
      const source = new ByteSource(handle)
      const archive = await (format === 'pytorch' ? zipArchive(source) : legacyArchive(source))
      const checkpoint = await understandCheckpoint(archive.value)
      return new PyTorchFile(path, format, handle, source, archive, checkpoint)
    } catch (error) {
      await handle.close()
      throw isSystemError(error) ? ioError(error, path, 'read') : refuse(path, error)
    }
  }

  /** @throws CheckpointError if there is no such tensor or its bytes are damaged */
  async read(name: string): Promise<FileTensor> {
    try {
      const tensor = this.checkpoint.tensors.get(name)
      if (!tensor) throw new Error(`it holds no tensor ${JSON.stringify(name)}`)
      const start = await this.archive.locate(tensor.storage, storageBytes(tensor.storage).total)
      const readBytes = (from: number, length: number) => this.source.read(start + from, length)
      return await materialise(tensor, readBytes, this.archive.bigEndian)
    } catch (error) {
      throw isSystemError(error) ? ioError(error, this.path, 'read') : refuse(this.path, error)
    }
  }

  async close(): Promise<void> {
    await this.handle.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
