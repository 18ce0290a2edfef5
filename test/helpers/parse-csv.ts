import { csvRows } from '#lib/datasets/csv.js'

/** All rows of a text at once. @throws CsvSyntaxError */
export const parseCsv = (text: string) => [...csvRows(text)]
