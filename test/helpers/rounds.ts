/** How often a test of test/reliability repeats: `npm run test:reliability -- --short` sets the variable. */
export function rounds({ short, long }: { short: number; long: number }): number {
  return process.env.CLMR_TEST_ROUNDS === 'short' ? short : long
}
