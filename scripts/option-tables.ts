/** The tables that the public option types are written from, a stage each: see write-option-types.ts. */
import type { z } from 'zod'
import { decodeOptions } from '../lib/audio/options.js'
import { probabilityTable } from '../lib/augment/clmr-transforms.js'
import { applyOptions, augmenterOptions, augmentOptions, drawOptions } from '../lib/augment/options.js'
import { transformTables } from '../lib/augment/transform-tables.js'
import { datasetOptions } from '../lib/cache/dataset-options.js'
import {
  openDatasetOptions,
  prepareOptions,
  readTrackOptions,
  verifyCacheOptions,
} from '../lib/cache/prepare-options.js'
import { bootstrapCallOptions } from '../lib/evaluate/bootstrap-options.js'
import { compareProbesOptions } from '../lib/evaluate/compare.js'
import { embedOptions } from '../lib/evaluate/embed.js'
import {
  probeEvaluateOptions,
  probeFitOptions,
  probeLoadOptions,
  probeOptions,
  probeOverTimeOptions,
  probePredictOptions,
} from '../lib/evaluate/probe-options.js'
import { reportCallOptions } from '../lib/evaluate/report/write-report.js'
import { retrievalOptions } from '../lib/evaluate/retrieval.js'
import { searchOptions } from '../lib/evaluate/search.js'
import { architectureOptions, completeArchitecture } from '../lib/model/architecture-options.js'
import {
  encodeOptions,
  encoderOptions,
  encodeSyncOptions,
  fileOptions,
  filesOptions,
  inspectOptions,
  loadOptions,
  trackOptions,
} from '../lib/model/options.js'
import { ntXentLossOptions } from '../lib/objective/nt-xent.js'
import { OBJECTIVES } from '../lib/objective/objectives.js'
import { optimizerOption } from '../lib/train/optimizer-tables.js'
import {
  fitOptions,
  stepOptions,
  stepsOptions,
  trainerConfig,
  trainerOptions,
  trainerOverrides,
} from '../lib/train/options.js'
import { PRESETS } from '../lib/train/presets.js'
import { scheduleOption } from '../lib/train/schedule-tables.js'

export type Declaration =
  /** an interface: of options as they are given, or complete */
  | { name: string; doc: string; table: z.ZodType; complete?: boolean }
  /** a union of words */
  | { name: string; doc: string; names: readonly string[] }
  /** several tables that have a name each: see `choiceOf` */
  | { choice: string; noun: string; suffix: string; members: Record<string, z.ZodType> }

const given = (name: string, of: string, table: z.ZodType): Declaration => ({
  name,
  doc: `Options of \`${of}\`.`,
  table,
})
const complete = (name: string, doc: string, table: z.ZodType): Declaration => ({
  name,
  doc,
  table,
  complete: true,
})

interface Choice {
  def: { options: readonly z.ZodType[] }
}

/** name → table, of a union that `name` tells apart. */
function membersOf(choice: unknown): Record<string, z.ZodType> {
  const { options } = (choice as Choice).def
  return Object.fromEntries(
    options.map((table) => {
      const { name } = (table as z.ZodObject).shape as unknown as { name: z.ZodLiteral }
      return [String(name.value), table]
    }),
  )
}

export const tables: Record<string, Declaration[]> = {
  audio: [given('DecodeOptions', 'decodeAudio', decodeOptions)],
  cache: [
    given('PrepareOptions', 'prepare', prepareOptions),
    given('DatasetOptions', 'getDataset', datasetOptions),
    given('OpenDatasetOptions', 'openDataset', openDatasetOptions),
    given('ReadTrackOptions', 'Dataset.readTrack', readTrackOptions),
    given('VerifyCacheOptions', 'verifyCache', verifyCacheOptions),
  ],
  augment: [
    { choice: 'Transform', noun: 'transform', suffix: 'Transform', members: transformTables },
    given('AugmenterOptions', 'new Augmenter', augmenterOptions),
    complete('AugmenterSettings', 'All options of an Augmenter.', augmenterOptions),
    given('ApplyOptions', 'Augmenter.apply', applyOptions),
    given('AugmentOptions', 'Augmenter.augment', augmentOptions),
    given('DrawOptions', 'Augmenter.draw', drawOptions),
    given('ClmrProbabilities', 'clmrTransforms', probabilityTable),
  ],
  model: [
    { name: 'ArchitectureOptions', doc: 'The layers of a SampleCNN.', table: architectureOptions },
    complete('Architecture', 'All layers and sizes of a SampleCNN.', completeArchitecture),
    given('EncoderOptions', 'Encoder.create', encoderOptions),
    given('EncoderLoadOptions', 'Encoder.load', loadOptions),
    given('EncodeOptions', 'Encoder.encode', encodeOptions),
    given('EncodeSyncOptions', 'Encoder.encodeSync', encodeSyncOptions),
    given('EncodeTrackOptions', 'Encoder.encodeTrack', trackOptions),
    given('EncodeFileOptions', 'Encoder.encodeFile', fileOptions),
    given('EncodeFilesOptions', 'Encoder.encodeFiles', filesOptions),
    given('InspectOptions', 'inspectModel', inspectOptions),
  ],
  objective: [
    {
      choice: 'Objective',
      noun: 'objective',
      suffix: '',
      members: Object.fromEntries(OBJECTIVES.map(({ name, table }) => [name, table])),
    },
    given('NtXentLossOptions', 'ntXentLoss', ntXentLossOptions),
  ],
  train: [
    { choice: 'Optimizer', noun: 'optimizer', suffix: 'Optimizer', members: membersOf(optimizerOption) },
    { choice: 'Schedule', noun: 'schedule', suffix: 'Schedule', members: membersOf(scheduleOption) },
    { name: 'PresetName', doc: 'Names that `preset` takes.', names: PRESETS },
    given('TrainerOptions', 'Trainer.create', trainerOptions),
    complete(
      'TrainerConfig',
      'All options that are stored with a run; YAML files use the same names.',
      trainerConfig,
    ),
    given('TrainerOverrides', 'Trainer.resume', trainerOverrides),
    given('FitOptions', 'Trainer.fit', fitOptions),
    given('StepsOptions', 'Trainer.steps', stepsOptions),
    given('StepOptions', 'Trainer.step', stepOptions),
  ],
  evaluate: [
    given('EmbedOptions', 'embedDataset', embedOptions),
    { name: 'ProbeOptions', doc: 'How a probe is trained.', table: probeOptions },
    complete('ProbeSettings', 'All options of a probe.', probeOptions),
    given('ProbeFitOptions', 'LinearProbe.fit', probeFitOptions),
    given('ProbeLoadOptions', 'LinearProbe.load', probeLoadOptions),
    given('ProbePredictOptions', 'LinearProbe.predictFile', probePredictOptions),
    given('ProbeOverTimeOptions', 'LinearProbe.predictOverTime', probeOverTimeOptions),
    given('ProbeEvaluateOptions', 'LinearProbe.evaluate', probeEvaluateOptions),
    given('SimilarTracksOptions', 'similarTracks', searchOptions),
    given('CompareProbesOptions', 'compareProbes', compareProbesOptions),
    given('BootstrapOptions', 'bootstrap', bootstrapCallOptions),
    given('RetrievalOptions', 'evaluateRetrieval', retrievalOptions),
    given('ReportOptions', 'writeReport', reportCallOptions),
  ],
}
